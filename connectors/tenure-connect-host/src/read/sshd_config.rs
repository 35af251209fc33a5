//! `sshd_config`: who may come in, how, and where their keys are (sshd_config(5)).
//!
//! The first value of a setting counts; a `Match` block makes an exception of its own and is counted. Files named
//! by `Include` are read by the catalogue, not from here. Next: `authorized_keys.rs`.

use super::{Parsed, lines};
use crate::item::{Item, ThingKind, program};
use crate::place::shown;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tenure_model::printable;

/// Settings that are kept, in small letters, and the fact each becomes.
const SETTINGS: [(&str, &str); 11] = [
    ("port", "port"),
    ("listenaddress", "listen_address"),
    ("permitrootlogin", "permit_root_login"),
    ("passwordauthentication", "password_authentication"),
    ("pubkeyauthentication", "public_key_authentication"),
    ("permitemptypasswords", "permit_empty_passwords"),
    ("authorizedkeysfile", "authorized_keys_file"),
    ("authorizedkeyscommand", "authorized_keys_command"),
    ("authorizedkeyscommanduser", "authorized_keys_command_user"),
    ("trustedusercakeys", "trusted_user_ca_keys"),
    ("revokedkeys", "revoked_keys"),
];

/// What a file of the SSH server says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SshServer {
    /// Settings outside `Match` blocks, by their fact's name.
    pub settings: BTreeMap<&'static str, String>,
    /// `Match` blocks.
    pub matches: u32,
    /// Settings inside `Match` blocks that let root in or allow passwords.
    pub loosened: u32,
    /// What in the file is not followed, in words: it may say anything.
    pub not_followed: Vec<String>,
}

impl SshServer {
    /// As an item; `None` for a file that sets nothing we know.
    pub fn item(&self, name: &str) -> Option<Item> {
        if self.settings.is_empty() && self.matches == 0 {
            return None;
        }
        let mut item = Item::new(ThingKind::SshServerSetting, name)
            .number("match_blocks_count", i64::from(self.matches))
            .number("loosened_in_match_count", i64::from(self.loosened));
        for (fact, value) in &self.settings {
            item = item.text(fact, value);
        }
        Some(item)
    }

    /// The file of authorities whose certificates let somebody in.
    pub fn authority(&self) -> Option<String> {
        self.settings.get("trusted_user_ca_keys").filter(|file| *file != "none").cloned()
    }

    /// The program that is asked for further keys.
    pub fn keys_command(&self) -> Option<String> {
        self.settings.get("authorized_keys_command").filter(|command| *command != "none").cloned()
    }

    /// Where it answers, as seen from this machine: the first address and port of the settings.
    pub fn address(&self) -> Option<SocketAddr> {
        let port = match self.settings.get("port") {
            Some(port) => port.parse().ok()?,
            None => 22,
        };
        let Some(listens) = self.settings.get("listen_address") else {
            return Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
        };
        let with_port = listens.parse().ok();
        let bare = || {
            let address = listens.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
            Some(SocketAddr::new(address, port))
        };
        let mut address: SocketAddr = with_port.or_else(bare)?;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() {
                Ipv4Addr::LOCALHOST.into()
            } else {
                Ipv6Addr::LOCALHOST.into()
            });
        }
        Some(address)
    }

    /// Where keys are looked for, with `%h`, `%u` and `%%` as they stand.
    pub fn authorized_keys_files(&self) -> Vec<String> {
        let files = self.settings.get("authorized_keys_file").map(String::as_str).unwrap_or_default();
        files.split_whitespace().filter(|file| *file != "none").map(str::to_owned).collect()
    }
}

/// Reads one file.
pub fn read(bytes: &[u8]) -> Parsed<SshServer> {
    let mut parsed = Parsed::default();
    let mut server = SshServer::default();
    for (line, content) in lines(bytes) {
        let content = match content {
            Ok(content) => content.trim_ascii(),
            Err(why) => {
                server.not_followed.push(format!("line {line} of the SSH server's settings: {why}"));
                parsed.skip(line, why);
                continue;
            }
        };
        if content.is_empty() || content.starts_with(b"#") {
            continue;
        }
        let end = content
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || *byte == b'=')
            .unwrap_or(content.len());
        let (key, value) = content.split_at(end);
        let value = value.trim_ascii().strip_prefix(b"=").unwrap_or(value).trim_ascii();
        let value = super::ini::unquoted(value);
        server.take(&shown(key).to_ascii_lowercase(), value);
    }
    parsed.things.push(server);
    parsed
}

impl SshServer {
    fn take(&mut self, key: &str, value: &[u8]) {
        if key == "match" {
            self.matches = self.matches.saturating_add(1);
            return;
        }
        // The directory that the catalogue reads is what distributions name; anything else is another file.
        if key == "include" && value != b"/etc/ssh/sshd_config.d/*.conf" {
            let named = printable(&shown(value), 80);
            self.not_followed.push(format!("the SSH server's settings name further ones in `{named}`"));
            return;
        }
        let Some((_, fact)) = SETTINGS.iter().find(|(name, _)| *name == key) else { return };
        if self.matches > 0 {
            let opens =
                matches!(*fact, "permit_root_login" | "password_authentication" | "permit_empty_passwords");
            self.loosened =
                self.loosened.saturating_add(u32::from(opens && !value.eq_ignore_ascii_case(b"no")));
            return;
        }
        let shown = if *fact == "authorized_keys_command" { program(value) } else { shown(value) };
        self.settings.entry(fact).or_insert(shown);
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    fn address(settings: &str) -> Option<String> {
        read(settings.as_bytes()).things.pop()?.address().map(|address| address.to_string())
    }

    #[test]
    fn where_the_server_answers_is_read_from_its_settings() {
        let check = |settings: &str, expected: Option<&str>| {
            assert_eq!(address(settings).as_deref(), expected, "{settings:?}");
        };
        check("", Some("127.0.0.1:22"));
        check("Port 2222\n", Some("127.0.0.1:2222"));
        check("Port 2222\nListenAddress 10.0.0.7\n", Some("10.0.0.7:2222"));
        check("ListenAddress 10.0.0.7:99\n", Some("10.0.0.7:99"));
        check("ListenAddress 0.0.0.0\n", Some("127.0.0.1:22"));
        check("ListenAddress ::\n", Some("[::1]:22"));
        check("ListenAddress [::1]:99\n", Some("[::1]:99"));
        check("ListenAddress box.example\n", None);
        check("Port x\n", None);
    }

    #[test]
    fn other_ways_in_are_told() {
        let server =
            read(b"TrustedUserCAKeys /etc/ssh/ca\nAuthorizedKeysCommand none\n").things.pop().unwrap();
        assert_eq!(server.authority().as_deref(), Some("/etc/ssh/ca"));
        assert_eq!(server.keys_command(), None);
    }
}
