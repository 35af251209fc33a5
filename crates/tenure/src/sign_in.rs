//! How people sign in, from `[oidc]` and `step_up_minutes` in `tenure.toml`.
//!
//! Everything that can be wrong with it is said before anything is served. The client's secret is in a private file, never
//! in `tenure.toml` and never in an argument. Nothing is asked of the provider here. Next: docs/sign-in.md.

use crate::{
    configuration::{Configuration, OidcSection},
    failure::Failure,
    passwords,
    place::shown,
};
use std::time::Duration;
use tenure_oidc::Address;
use tenure_server::{OidcOptions, SignInOptions};

/// Minutes a sign-in may be old for what is dangerous, at most: as long as a session lasts.
const STEP_UP_MINUTES_MAX: u16 = 720;
/// Characters of a provider's name, at most.
const NAME_CHARS_MAX: usize = 40;

/// What the server is told.
pub(crate) fn options(configuration: &Configuration) -> Result<SignInOptions, Failure> {
    let default = SignInOptions::default();
    let step_up = match configuration.step_up_minutes {
        None => default.step_up,
        Some(minutes @ 1..=STEP_UP_MINUTES_MAX) => Duration::from_mins(u64::from(minutes)),
        Some(_) => {
            let why = format!("`step_up_minutes` is a number from 1 to {STEP_UP_MINUTES_MAX}");
            return Err(refused().because(why));
        }
    };
    let provider = configuration.oidc.as_ref().map(provider).transpose()?;
    Ok(SignInOptions { provider, step_up })
}

fn refused() -> Failure {
    Failure::usage("the sign-in in tenure.toml cannot be used")
        .next("docs/sign-in.md says what each line is for")
}

fn provider(section: &OidcSection) -> Result<OidcOptions, Failure> {
    let address = |name: &str, text: &str| {
        Address::plain(text).map_err(|why| refused().because(format!("`{name}`: {why}")))
    };
    let issuer = address("issuer", &section.issuer)?;
    let public_url = address("public_url", &section.public_url)?;
    if !public_url.is_origin() {
        return Err(refused()
            .because("`public_url` is scheme, host and port alone, such as https://tenure.example.com"));
    }
    let is_plain = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_graphic());
    if !is_plain(&section.client_id) {
        return Err(
            refused().because("`client_id` is the name of this client at the provider, without blanks")
        );
    }
    let name = section.name.clone().unwrap_or_else(|| issuer.host().to_owned());
    if name.trim().is_empty() || tenure_model::printable(&name, NAME_CHARS_MAX) != name {
        let why =
            format!("`name` is what the button says, at most {NAME_CHARS_MAX} characters that can be seen");
        return Err(refused().because(why));
    }
    let authorities = match &section.ca_file {
        None => Vec::new(),
        Some(file) => tenure_tls::authorities(file).map_err(|error| refused().caused_by(&error))?,
    };
    let client_secret = passwords::from_file(&section.client_secret_file).map_err(|failure| Failure {
        what: format!("the client's secret in {} cannot be used", shown(&section.client_secret_file)),
        ..failure
    })?;
    let client_id = section.client_id.clone();
    Ok(OidcOptions { issuer, client_id, client_secret, public_url, name, authorities })
}

#[cfg(test)]
mod tests {
    use super::options;
    use crate::configuration::Configuration;
    use std::os::unix::fs::PermissionsExt as _;

    const GOOD: &str = "[oidc]\nissuer = \"https://id.example.com\"\nclient_id = \"tenure\"\n\
                        client_secret_file = \"SECRET\"\npublic_url = \"https://tenure.example.com\"\n";

    fn read(text: &str, mode: u32) -> Result<tenure_server::SignInOptions, String> {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "the secret of this client\n").unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).unwrap();
        let place = secret.to_str().unwrap();
        std::fs::write(folder.path().join("tenure.toml"), text.replace("SECRET", place)).unwrap();
        let told = |failure: crate::failure::Failure| {
            failure.text().replace(folder.path().to_str().unwrap(), "DIRECTORY")
        };
        options(&Configuration::read(folder.path()).map_err(told)?).map_err(told)
    }

    #[test]
    fn what_is_configured_is_what_the_server_is_told() {
        let plain = read("", 0o600).unwrap();
        assert_eq!((plain.provider.is_none(), plain.step_up.as_secs()), (true, 900));
        let told = read(&format!("step_up_minutes = 5\n{GOOD}"), 0o600).unwrap();
        let provider = told.provider.unwrap();
        assert_eq!((provider.name.as_str(), told.step_up.as_secs()), ("id.example.com", 300));
        assert_eq!(provider.client_secret.expose(), "the secret of this client");
        let named = read(&format!("{GOOD}name = \"Example\"\n"), 0o600).unwrap();
        assert_eq!(named.provider.unwrap().name, "Example");
    }

    #[test]
    fn what_cannot_be_used_says_which_line_and_why_and_never_a_secret() {
        let swapped = |from: &str, to: &str| GOOD.replace(from, to);
        let rows = [
            (swapped("https://id.example.com", "http://id.example.com"), 0o600),
            (swapped("https://id.example.com", "https://user:word@id.example.com"), 0o600),
            (swapped("https://tenure.example.com", "https://tenure.example.com/console"), 0o600),
            (swapped("https://tenure.example.com", "http://tenure.example.com"), 0o600),
            (swapped("\"tenure\"", "\"\""), 0o600),
            (GOOD.to_owned(), 0o644),
            (swapped("SECRET", "/nowhere/at/all"), 0o600),
            (format!("{GOOD}client_secret = \"x\"\n"), 0o600),
            (format!("{GOOD}name = \"a\\u0007b\"\n"), 0o600),
            (swapped("client_id = \"tenure\"\n", ""), 0o600),
            (format!("step_up_minutes = 0\n{GOOD}"), 0o600),
            (format!("step_up_minutes = 721\n{GOOD}"), 0o600),
        ];
        let texts: Vec<String> = rows.iter().map(|(text, mode)| read(text, *mode).unwrap_err()).collect();
        assert!(!texts.concat().contains("the secret of this client"));
        insta::assert_snapshot!(texts.join("\n"));
    }
}
