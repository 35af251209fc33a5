//! Where a directory is, how it is asked, and what its attributes are called; all that can be wrong is said before it is called.
//!
//! It calls nobody. A password leaves this machine on a line that is encrypted, or not at all. Next: `line.rs`, `filter.rs`.

use crate::filter;
use std::{sync::Arc, time::Duration};
use tenure_call::{Authority, PrivateAddresses};
use tenure_model::Secret;

/// Characters of a name of an entry, at most.
const DN_CHARS_MAX: usize = 1_000;

/// Attributes that hold passwords, or what they can be made from: none of them is ever asked for.
const SECRET: [&str; 6] =
    ["userpassword", "unicodepwd", "authpassword", "sambantpassword", "sambalmpassword", "krbprincipalkey"];

/// How the line to a directory is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// From the beginning (`ldaps://`).
    Tls,
    /// From STARTTLS on; a directory that does not offer it gets no password.
    StartTls,
    /// Not at all: on this machine only.
    Plain,
}

/// One part of a directory that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The entry below which everything is looked through.
    pub base: String,
    /// Which entries are meant.
    pub filter: String,
}

/// On which side it stands who belongs to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// Groups name their members in this attribute.
    OfGroups(String),
    /// Entries name their groups in this attribute.
    OfMembers(String),
}

/// What attributes are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// The id that never changes and is never used again.
    pub id: String,
    /// The id is sixteen bytes, as Microsoft's are, and not text.
    pub id_is_binary: bool,
    /// The name people sign in with.
    pub name: String,
    /// What people are called.
    pub display_name: String,
    /// Where mail reaches them.
    pub mail: String,
    /// What a group is called.
    pub group_name: String,
    /// Who belongs to a group.
    pub membership: Membership,
    /// A number whose second bit says that somebody is disabled.
    pub account_control: Option<String>,
}

/// A directory that speaks LDAP.
#[derive(Debug, Clone)]
pub struct Directory {
    /// Its machine's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the line is encrypted.
    pub security: Security,
    /// Whether it may stand in a private network.
    pub private: PrivateAddresses,
    /// Authorities beside the system's.
    pub authorities: Vec<Authority>,
    /// As whom it is asked.
    pub bind_dn: String,
    /// With which password.
    pub password: Arc<Secret<String>>,
    /// Where people are.
    pub people: Part,
    /// Where groups are; without it nothing is said of teams.
    pub groups: Option<Part>,
    /// What attributes are called.
    pub attributes: Attributes,
    /// People of one reading, at most.
    pub people_max: usize,
    /// How long one reading may take, all in all.
    pub patience: Duration,
}

/// Why nothing may ever be asked with these settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct SettingsRefused {
    /// What is wrong, and how it should be.
    pub why: String,
}

impl Directory {
    /// Refuses settings with which nothing may ever be asked. It calls nobody.
    pub fn check(&self) -> Result<(), SettingsRefused> {
        let refused = |why: &str| Err(SettingsRefused { why: why.to_owned() });
        let is_host = |letter: char| letter.is_ascii_alphanumeric() || ".-:_".contains(letter);
        if self.host.is_empty() || self.host.len() > 253 || !self.host.chars().all(is_host) {
            return refused("the directory's host is not one such as ldap.example.com");
        }
        if self.security == Security::Plain && !tenure_tls::is_loopback(&self.host) {
            return refused(
                "a password leaves this machine encrypted only: use ldaps://, or ldap:// with starttls = true",
            );
        }
        // Without one of them a directory lets anybody in as nobody, and says less (RFC 4513, 5.1.1 and 5.1.2).
        if self.bind_dn.is_empty() || self.password.expose().is_empty() {
            return refused("`bind_dn` and the password must both be there");
        }
        if crate::dn::key(&self.bind_dn).is_none() && !self.bind_dn.contains('@') {
            return refused("`bind_dn` is not the name of an entry such as cn=tenure,dc=example,dc=com");
        }
        let parts = [("people", Some(&self.people)), ("groups", self.groups.as_ref())];
        for (what, part) in parts.into_iter().filter_map(|(what, part)| Some((what, part?))) {
            if part.base.len() > DN_CHARS_MAX || crate::dn::key(&part.base).is_none() {
                let why =
                    format!("`{what}_base` is not the name of an entry such as ou={what},dc=example,dc=com");
                return Err(SettingsRefused { why });
            }
            filter::encoded(&part.filter)
                .map_err(|wrong| SettingsRefused { why: format!("`{what}_filter`: {}", wrong.why) })?;
        }
        for name in self.attributes.names() {
            if !filter::is_attribute(name.as_bytes()) {
                return refused("an attribute's name has letters, digits, `-`, `.` and `;`");
            }
            if SECRET.contains(&name.to_ascii_lowercase().as_str()) {
                return refused("an attribute that holds a password is not asked for");
            }
        }
        if self.attributes.id.eq_ignore_ascii_case(&self.attributes.name) {
            return refused(
                "the attribute of the id never changes and is never used again; that of the name is another",
            );
        }
        Ok(())
    }
}

impl Attributes {
    fn names(&self) -> impl Iterator<Item = &String> {
        let (Membership::OfGroups(membership) | Membership::OfMembers(membership)) = &self.membership;
        [&self.id, &self.name, &self.display_name, &self.mail, &self.group_name, membership]
            .into_iter()
            .chain(&self.account_control)
    }

    /// What is asked of people.
    pub(crate) fn of_people(&self) -> Vec<&str> {
        let mut asked = vec![self.id.as_str(), &self.name, &self.display_name, &self.mail];
        asked.extend(self.account_control.as_deref());
        if let Membership::OfMembers(of) = &self.membership {
            asked.push(of);
        }
        asked
    }

    /// What is asked of groups.
    pub(crate) fn of_groups(&self) -> Vec<&str> {
        let (Membership::OfGroups(membership) | Membership::OfMembers(membership)) = &self.membership;
        vec![self.id.as_str(), &self.group_name, membership]
    }

    /// As OpenLDAP and its like have them.
    pub fn open_ldap() -> Self {
        let name = String::from;
        Self {
            id: name("entryUUID"),
            id_is_binary: false,
            name: name("uid"),
            display_name: name("cn"),
            mail: name("mail"),
            group_name: name("cn"),
            membership: Membership::OfGroups(name("member")),
            account_control: None,
        }
    }

    /// As Microsoft's Active Directory has them.
    pub fn active_directory() -> Self {
        let name = String::from;
        Self {
            id: name("objectGUID"),
            id_is_binary: true,
            name: name("sAMAccountName"),
            display_name: name("displayName"),
            mail: name("mail"),
            group_name: name("cn"),
            membership: Membership::OfMembers(name("memberOf")),
            account_control: Some(name("userAccountControl")),
        }
    }
}

/// Where a URL leads: host, port, encrypted from the beginning. No name, no path, nothing asked.
pub fn place(url: &str) -> Result<(String, u16, bool), SettingsRefused> {
    let refused = || SettingsRefused {
        why: String::from(
            "`url` is ldaps://HOST, or ldap://HOST, with :PORT behind it where that is another one",
        ),
    };
    let (tls, rest) = match (url.strip_prefix("ldaps://"), url.strip_prefix("ldap://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        (None, None) => return Err(refused()),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let usual = if tls { 636 } else { 389 };
    let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, behind)) => (host, behind.strip_prefix(':').or(behind.is_empty().then_some(""))),
        None => rest.split_once(':').map_or((rest, Some("")), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        Some("") => usual,
        Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or_else(refused)?,
        None => return Err(refused()),
    };
    let is_host = |letter: char| letter.is_ascii_alphanumeric() || ".-:_".contains(letter);
    if host.is_empty() || !host.chars().all(is_host) {
        Err(refused())
    } else {
        Ok((host.to_owned(), port, tls))
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_url_is_a_scheme_a_host_and_a_port() {
        let found = |url: &str| place(url).unwrap();
        assert_eq!(found("ldaps://ldap.example.com"), (String::from("ldap.example.com"), 636, true));
        assert_eq!(found("ldap://127.0.0.1:1389/"), (String::from("127.0.0.1"), 1389, false));
        assert_eq!(found("ldap://[::1]:389"), (String::from("::1"), 389, false));
        for wrong in [
            "",
            "ldap.example.com",
            "http://a",
            "ldap://",
            "ldap://a:0",
            "ldap://a:x",
            "ldap://a@b",
            "ldap://a/dc=x",
            "ldap://a?x",
            "ldap://a\r\nb",
            "ldap://[::1]x",
        ] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
