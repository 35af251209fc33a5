//! How mail leaves, from `[mail]` in `tenure.toml`.
//!
//! Everything that can be wrong with it is said before anything is opened. The password is in a private file, never in
//! `tenure.toml` and never in an argument. Nobody is called here. Next: docs/messages.md.

use crate::{
    configuration::{Configuration, MailSection, MailSecurityNamed},
    failure::Failure,
    passwords,
    place::shown,
    way_out,
};
use std::{sync::Arc, time::Duration};
use tenure_engine::Mail;
use tenure_messages::{MailAddress, MailChannel, MailSecurity};

/// How long one message may take, all in all.
const PATIENCE: Duration = Duration::from_secs(30);

/// How mail leaves; nothing where no mail server is named.
pub(crate) fn options(configuration: &Configuration) -> Result<Option<Mail>, Failure> {
    let Some(section) = &configuration.mail else { return Ok(None) };
    let channel = channel(section)?;
    channel.check().map_err(|why| refused().because(why.to_string()))?;
    let console = way_out::console(section.public_url.as_ref(), configuration, refused)?;
    Ok(Some(Mail { channel, directory_addresses: section.directory_addresses, console }))
}

fn refused() -> Failure {
    Failure::usage("the mail server in tenure.toml cannot be used")
        .next("docs/messages.md says what each line is for")
}

fn channel(section: &MailSection) -> Result<MailChannel, Failure> {
    let from = MailAddress::new(&section.from).map_err(|why| refused().because(format!("`from`: {why}")))?;
    let login = match (&section.user, &section.password_file) {
        (Some(user), Some(file)) => {
            let password = passwords::from_file(file).map_err(|failure| Failure {
                what: format!("the mail server's password in {} cannot be used", shown(file)),
                ..failure
            })?;
            Some((user.clone(), Arc::new(password)))
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            return Err(refused().because("`user` and `password_file` go together, or are both left out"));
        }
    };
    let (security, usual) = match section.security {
        MailSecurityNamed::StartTls => (MailSecurity::StartTls, 587),
        MailSecurityNamed::Tls => (MailSecurity::Tls, 465),
        MailSecurityNamed::Plain => (MailSecurity::Plain, 25),
    };
    if let Some(file) = &section.ca_file {
        tenure_tls::authorities(file).map_err(|error| refused().caused_by(&error))?;
    }
    Ok(MailChannel {
        host: section.server.clone(),
        port: section.port.unwrap_or(usual),
        security,
        private: way_out::private(section.private_network),
        authorities: section.ca_file.clone(),
        login,
        from,
        patience: PATIENCE,
    })
}

#[cfg(test)]
mod tests {
    use super::{Configuration, options};

    const GOOD: &str = "[mail]\nserver = \"mail.example.com\"\nfrom = \"tenure@example.com\"\n";

    fn read(text: &str) -> Result<Option<tenure_engine::Mail>, String> {
        let configuration: Configuration = toml::from_str(text).unwrap();
        options(&configuration).map_err(|failure| failure.why.unwrap_or_default())
    }

    #[test]
    fn each_line_of_the_section_changes_how_mail_leaves() {
        let port = |more: &str| read(&format!("{GOOD}{more}")).unwrap().unwrap().channel.port;
        assert_eq!((port(""), port("security = \"tls\""), port("port = 2525")), (587, 465, 2525));
        let by_directory = |more: &str| read(&format!("{GOOD}{more}")).unwrap().unwrap().directory_addresses;
        assert!(by_directory("directory_addresses = true") && !by_directory(""));
        let console = |more: &str| read(&format!("{GOOD}{more}")).unwrap().unwrap().console;
        assert_eq!(console(""), None);
        assert_eq!(console("public_url = \"https://t.example.com/\"").unwrap(), "https://t.example.com");
        assert!(read("").unwrap().is_none(), "without the section nobody is told anything");
    }

    #[test]
    fn what_cannot_work_is_said_before_anything_is_opened() {
        for (more, expected) in [
            ("user = \"tenure\"", "go together"),
            ("security = \"plain\"", "encrypted only"),
            ("public_url = \"https://t.example.com/console\"", "scheme, host and port alone"),
            ("public_url = \"t.example.com\"", "`public_url`"),
        ] {
            let why = read(&format!("{GOOD}{more}")).unwrap_err();
            assert!(why.contains(expected), "{more}: {why}");
        }
        let wrong = GOOD.replace("tenure@example.com", "Tenure <tenure@example.com>");
        assert!(read(&wrong).unwrap_err().contains("`from`"));
        assert!(
            read(&GOOD.replace("mail.example.com", "mail example"))
                .unwrap_err()
                .contains("mail server's name")
        );
    }
}
