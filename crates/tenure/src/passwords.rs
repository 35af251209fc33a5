//! Passwords on their way in: from a private file, a named environment variable, or typed.
//!
//! Never from an argument (everybody on the machine can list those) or an address (they end up
//! in logs and histories). Nothing here repeats what it refuses.

use crate::{context::Context, failure::Failure, place::shown, terminal};
use std::path::{Path, PathBuf};
use tenure_keys::{FileRefused, RealDisk, read_private};
use tenure_model::Secret;

/// Where a password comes from.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PasswordFrom {
    /// Read the password from the first line of a file that only you can read
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from this environment variable
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) password_env: Option<String>,
    /// Refused: an argument can be read by everybody on this machine
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "")]
    pub(crate) password: Option<String>,
}

impl PasswordFrom {
    /// Whether one was given, in any way.
    pub(crate) const fn is_given(&self) -> bool {
        self.password_file.is_some() || self.password_env.is_some() || self.password.is_some()
    }

    /// The password, asked for when there is somebody to ask; `None` when nobody is asked.
    pub(crate) async fn read(
        &self,
        context: &Context,
        question: &str,
    ) -> Result<Option<Secret<String>>, Failure> {
        if self.password.is_some() {
            return Err(Failure::usage("a password in an argument is refused")
                .because("everybody on this machine can list the arguments of a running command, and shells keep them in their history")
                .kept("nothing was changed")
                .next("give --password-file FILE or --password-env VARIABLE; if that was the real password, change it"));
        }
        if let Some(file) = &self.password_file {
            return from_file(file).map(Some);
        }
        if let Some(variable) = &self.password_env {
            let value = std::env::var_os(variable).and_then(|value| value.into_string().ok());
            let Some(value) = value.filter(|value| !value.is_empty()) else {
                let name = tenure_model::printable(variable, 60);
                return Err(Failure::usage(format!(
                    "the environment variable `{name}` is not set, or empty"
                )));
            };
            return Ok(Some(Secret::new(value)));
        }
        if !context.terminal.can_ask {
            return Ok(None);
        }
        let typed = terminal::ask_secret(question).await?;
        Ok(Some(typed).filter(|typed| !typed.expose().is_empty()))
    }
}

/// Reads a password from the first line of a private file.
pub(crate) fn from_file(path: &Path) -> Result<Secret<String>, Failure> {
    let refused = || {
        Failure::usage(format!("the password in {} cannot be used", shown(path))).kept("nothing was changed")
    };
    let content = read_private(&RealDisk, path).map_err(|error| match error {
        FileRefused::OpenToOthers { wanted, .. } => {
            let next = format!(
                "chmod {wanted} {}, then try again; change the password if somebody may have read it",
                shown(path)
            );
            refused().caused_by(&error).next(next)
        }
        _ => refused()
            .caused_by(&error)
            .next("give a file that only you can read, with the password on its first line"),
    })?;
    let first = content.expose().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = first.strip_suffix(b"\r").unwrap_or(first);
    if first.is_empty() {
        return Err(refused()
            .because("its first line is empty")
            .next("write the password on its first line"));
    }
    match std::str::from_utf8(first) {
        Ok(text) => Ok(Secret::new(text.to_owned())),
        Err(_) => Err(refused().because("its first line is not UTF-8")),
    }
}

/// Refuses an address that holds a password, without repeating any of it.
pub(crate) fn refuse_in_address(what: &str, address: &str, instead: &str) -> Result<(), Failure> {
    if !holds_password(address) {
        return Ok(());
    }
    Err(Failure::usage(format!("the address given as {what} holds a password, and is refused"))
        .because("addresses end up in process lists, shell histories and logs")
        .kept("nothing was changed; the address was stored nowhere")
        .next(format!("leave the password out and give {instead} FILE; if it was the real one, change it")))
}

/// `user:password@`, or a parameter whose name says so.
fn holds_password(address: &str) -> bool {
    let is_url = address.contains("://");
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let in_user = place.rsplit_once('@').is_some_and(|(user, _)| {
        // An encoded colon would make it part of a user's name.
        user.contains(':') || user.to_ascii_lowercase().contains("%3a")
    });
    let pairs: Vec<&str> =
        if is_url { parameters.split('&').collect() } else { rest.split_ascii_whitespace().collect() };
    let in_parameters = pairs.into_iter().any(|pair| {
        let Some((name, _)) = pair.split_once('=') else { return false };
        let name = name.to_ascii_lowercase();
        ["pass", "pwd", "secret", "token", "%"].iter().any(|word| name.contains(word))
    });
    in_user || in_parameters
}

#[cfg(test)]
mod tests {
    use super::{from_file, holds_password, refuse_in_address};

    #[test]
    fn an_address_with_a_password_is_recognised_however_it_is_written() {
        for address in [
            "postgres://u:hunter2@h/d",
            "postgres://u%3ahunter2@h/d",
            "postgres://u:@h/d",
            "postgres://u:hun/ter2@h/d",
            "postgres://u@h/d?password=hunter2",
            "postgres://u@h/d?sslpassword=x",
            "postgres://u@h/d?x=1&%70assword=hunter2",
            "host=h password=hunter2",
            "u:hunter2@h",
        ] {
            assert!(holds_password(address), "{address}");
            let refused = refuse_in_address("URL", address, "--password-file").unwrap_err();
            assert!(!refused.text().contains("hunter2"));
        }
        for address in [
            "postgres://u@h:5432/d",
            "postgres://u@[::1]:5432/d?sslmode=require",
            "postgres://a%40b@h/d?sslmode=require",
            "host=h user=u",
        ] {
            assert!(!holds_password(address), "{address}");
        }
    }

    #[test]
    fn a_password_file_must_be_private_and_its_first_line_counts() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pw");
        std::fs::write(&path, "hunter2\r\nsecond\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refused = from_file(&path).unwrap_err();
        assert!(refused.why.as_deref().is_some_and(|why| why.contains("open to others")), "{refused:?}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(from_file(&path).unwrap().expose(), "hunter2");
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(from_file(&path).unwrap_err().why.as_deref(), Some("its first line is empty"));
    }
}
