//! `tenure.toml` in the data directory: what would otherwise be typed every time.
//!
//! Strict: a name that is not known is refused with the line it is on. It never holds a secret,
//! only where one is. Flags and the environment beat it.

use crate::{cli::DatabaseKind, failure::Failure};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The file's name.
pub(crate) const FILE: &str = "tenure.toml";

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Configuration {
    /// Where `up` listens: an address and port on this machine, or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listen: Option<String>,
    /// Minutes a sign-in may be old for what is dangerous.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) step_up_minutes: Option<u16>,
    /// The database.
    pub(crate) database: DatabaseSection,
    /// The key-encryption key.
    pub(crate) key: KeySection,
    /// The OpenID provider by which people sign in to the console.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) oidc: Option<OidcSection>,
    /// The mail server by which people are told what waits for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mail: Option<MailSection>,
    /// Chats in which people may be told what waits for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) chats: Vec<ChatSection>,
    /// Streams by which other systems are told what the log holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<EventsSection>,
    /// Systems that post their tickets themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ticket_hooks: Vec<TicketHookSection>,
    /// Directories whose people and groups are read by LDAP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ldap: Vec<LdapSection>,
}

/// One directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LdapSection {
    /// Its name.
    pub(crate) name: String,
    /// Where it is: `ldaps://HOST`, or `ldap://HOST` with `starttls`.
    pub(crate) url: String,
    /// The line is encrypted by STARTTLS.
    #[serde(default)]
    pub(crate) starttls: bool,
    /// As whom it is asked.
    pub(crate) bind_dn: String,
    /// The file with their password.
    pub(crate) password_file: PathBuf,
    /// What its attributes and classes are called, unless said below.
    #[serde(default)]
    pub(crate) form: LdapFormNamed,
    /// Below which entry people are.
    pub(crate) people_base: String,
    /// Which entries there are people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) people_filter: Option<String>,
    /// Below which entry groups are; without it nothing is said of teams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) groups_base: Option<String>,
    /// Which entries there are groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) groups_filter: Option<String>,
    /// What attributes are called that have another name there.
    #[serde(default, skip_serializing_if = "LdapAttributes::is_empty")]
    pub(crate) attributes: LdapAttributes,
    /// How often it is read by itself; never, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) every_minutes: Option<u32>,
    /// It may stand in a private network.
    #[serde(default)]
    pub(crate) private_network: bool,
    /// A PEM file with the authorities that sign the certificate there, beside the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// What a directory's attributes and classes are called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LdapFormNamed {
    /// As OpenLDAP and its like have them.
    #[default]
    Openldap,
    /// As Microsoft's have them.
    ActiveDirectory,
}

/// Attributes that have another name than their form says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LdapAttributes {
    /// The id that never changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// The name people sign in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// What people are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<String>,
    /// Where mail reaches them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mail: Option<String>,
    /// What a group is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group_name: Option<String>,
    /// By which groups name their members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) member: Option<String>,
    /// By which members name their groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) member_of: Option<String>,
}

impl LdapAttributes {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One system that posts its tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicketHookSection {
    /// Its short name.
    pub(crate) system: String,
    /// The file with the secret that both sides hold.
    pub(crate) secret_file: PathBuf,
    /// The form of what it posts.
    #[serde(default)]
    pub(crate) shape: TicketShapeNamed,
    /// The field of a Jira issue that holds what it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity_field: Option<String>,
}

/// The form of tickets that are posted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TicketShapeNamed {
    /// Our own, signed as Standard Webhooks says.
    #[default]
    Plain,
    /// Jira's own, signed as Jira does.
    Jira,
}

/// One chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChatSection {
    /// Its name.
    pub(crate) name: String,
    /// Whose form it reads.
    pub(crate) kind: ChatKindNamed,
    /// The file with the address of its incoming webhook: whoever knows that may post there.
    pub(crate) url_file: PathBuf,
    /// Everybody who reads it may know names and reasons.
    #[serde(default)]
    pub(crate) details: bool,
    /// It may stand in a private network.
    #[serde(default)]
    pub(crate) private_network: bool,
    /// A PEM file with the authorities that sign the certificate there, beside the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Where buttons lead; `public_url` of `[mail]` or `[oidc]`, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public_url: Option<String>,
}

/// Whose form a chat reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChatKindNamed {
    /// Slack's.
    Slack,
    /// That of a workflow of Teams.
    Teams,
}

/// One stream of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsSection {
    /// Its name.
    pub(crate) name: String,
    /// Where each event is posted to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) webhook: Option<String>,
    /// The file with the secret that signs what is posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_file: Option<PathBuf>,
    /// The syslog server, with its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) syslog: Option<String>,
    /// The form events have.
    #[serde(default)]
    pub(crate) format: EventFormatNamed,
    /// With what the kinds begin that are told; all, unless said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) kinds: Vec<String>,
    /// Names and reasons leave too.
    #[serde(default)]
    pub(crate) details: bool,
    /// Where a new stream begins.
    #[serde(default)]
    pub(crate) from: EventsFrom,
    /// It may go into a private network.
    #[serde(default)]
    pub(crate) private_network: bool,
    /// A PEM file with the authorities that sign the certificate there, beside the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// The form of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EventFormatNamed {
    /// CloudEvents 1.0.
    #[default]
    CloudEvents,
    /// OCSF 1.5.
    Ocsf,
}

/// Where a new stream begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EventsFrom {
    /// With what is written next.
    #[default]
    Now,
    /// With the first entry of the log.
    Beginning,
}

/// The mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailSection {
    /// Its name or address.
    pub(crate) server: String,
    /// Its port; the usual one for how the line is encrypted, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// How the line is encrypted; by STARTTLS, unless said.
    #[serde(default)]
    pub(crate) security: MailSecurityNamed,
    /// From whom mail comes.
    pub(crate) from: String,
    /// As whom we sign in there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// The file that holds our password there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,
    /// A PEM file with the authorities that sign its certificate, beside the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// It may stand in a private network.
    #[serde(default)]
    pub(crate) private_network: bool,
    /// Whom no administrator gave an address is reached at the one that their directory gives.
    #[serde(default)]
    pub(crate) directory_addresses: bool,
    /// Where links in messages lead; `public_url` of `[oidc]`, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public_url: Option<String>,
}

/// How the line to the mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailSecurityNamed {
    /// From STARTTLS on.
    #[default]
    #[serde(rename = "starttls")]
    StartTls,
    /// From the beginning.
    Tls,
    /// Not at all: on this machine only.
    Plain,
}

/// The OpenID provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OidcSection {
    /// Its issuer, exactly as it writes it.
    pub(crate) issuer: String,
    /// Our name there.
    pub(crate) client_id: String,
    /// The file that holds our secret there.
    pub(crate) client_secret_file: PathBuf,
    /// Where browsers reach the console.
    pub(crate) public_url: String,
    /// What the button says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// A PEM file with the authorities that sign its certificate, beside the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// The database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DatabaseSection {
    /// Which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<DatabaseKind>,
    /// Where, without a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// The file that holds its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,
    /// A PEM file with the authorities that sign its server's certificate, beside the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// The key-encryption key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KeySection {
    /// The file that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<PathBuf>,
    /// The file that holds its passphrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl Configuration {
    /// Reads the file; without one, nothing is configured.
    pub(crate) fn read(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(FILE);
        let refused = || Failure::usage(format!("{} cannot be used", crate::place::shown(&path)));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            // A directory we may not enter is told better by whoever opens it.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Ok(Self::default()),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(Self::default()),
            Err(error) => return Err(refused().caused_by(&error)),
        };
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(0, |span| {
                text.get(..span.start).map_or(0, |before| before.matches('\n').count()) + 1
            });
            refused().because(format!("line {line}: {}", error.message()))
        })
    }

    /// Writes the file, when there is something to remember and no file yet.
    pub(crate) fn remember(&self, directory: &Path) -> Result<(), Failure> {
        if *self == Self::default() || directory.join(FILE).exists() {
            return Ok(());
        }
        let path = directory.join(FILE);
        let unwritten = || Failure::new(format!("{} was not written", crate::place::shown(&path)));
        let text = toml::to_string(self).map_err(|error| unwritten().caused_by(&error))?;
        tenure_keys::write_new_private(&tenure_keys::RealDisk, &path, text.as_bytes())
            .map_err(|error| unwritten().caused_by(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::Configuration;

    fn refusal(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(super::FILE), text).unwrap();
        Configuration::read(folder.path()).unwrap_err().why.unwrap_or_default()
    }

    #[test]
    fn a_name_that_is_not_known_is_refused_with_its_line() {
        insta::assert_snapshot!(refusal("listen = \"none\"\npassword = \"x\"\n"), @"line 2: unknown field `password`, expected one of `listen`, `step_up_minutes`, `database`, `key`, `oidc`, `mail`, `chats`, `events`, `ticket_hooks`, `ldap`");
        insta::assert_snapshot!(refusal("[database]\nkind = \"oracle\"\n"), @"line 2: unknown variant `oracle`, expected `embedded` or `postgres`");
    }

    #[test]
    fn what_is_remembered_is_read_back_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let mut configuration = Configuration::default();
        configuration.remember(folder.path()).unwrap();
        assert!(!folder.path().join(super::FILE).exists());
        configuration.database.url = Some(String::from("postgres://tenure@db/tenure"));
        configuration.remember(folder.path()).unwrap();
        assert_eq!(Configuration::read(folder.path()).unwrap(), configuration);
        Configuration { listen: Some(String::from("none")), ..Configuration::default() }
            .remember(folder.path())
            .unwrap();
        assert_eq!(Configuration::read(folder.path()).unwrap(), configuration);
    }
}
