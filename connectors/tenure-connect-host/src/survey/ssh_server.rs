//! The SSH server's settings, and the key files that it looks for beside the usual ones.

use super::Survey;
use crate::catalogue::Format;
use crate::place::{Place, shown};
use crate::read::sshd_config;
use crate::unread::Spent;
use tenure_model::printable;

/// Files that the catalogue has for each home.
const USUAL: [&str; 4] =
    [".ssh/authorized_keys", ".ssh/authorized_keys2", "%h/.ssh/authorized_keys", "%h/.ssh/authorized_keys2"];
/// Patterns of further files that are followed.
const FILES_MAX: usize = 10;

impl Survey<'_> {
    /// Reads the settings of one file.
    pub(super) fn ssh_server(&mut self, place: &Place) -> Result<(), Spent> {
        let Some(file) = self.content(place)? else { return Ok(()) };
        let parsed = sshd_config::read(file.content.expose());
        let mut items = Vec::new();
        for server in &parsed.things {
            items.extend(server.item(&shown(place.name())));
            let further =
                server.authorized_keys_files().into_iter().filter(|file| !USUAL.contains(&file.as_str()));
            self.key_files.extend(further.take(FILES_MAX));
        }
        self.keep(place, file.facts, None, items, parsed.skipped)
    }

    /// Reads the key files that the settings name, for each account (sshd_config(5), tokens).
    pub(super) fn further_key_files(&mut self) -> Result<(), Spent> {
        let patterns: Vec<String> = self.key_files.iter().take(FILES_MAX).cloned().collect();
        let people = core::mem::take(&mut self.people);
        for pattern in &patterns {
            for (name, home) in &people {
                let Some(place) = place_of(pattern, name, home) else { continue };
                let account = printable(&shown(name), 120);
                self.one(&place, Format::AuthorizedKeys, Some(&account))?;
            }
        }
        Ok(())
    }
}

/// A pattern's file for one account: `%h` is its home, `%u` its name, `%%` a percent sign.
pub(crate) fn place_of(pattern: &str, name: &[u8], home: &[u8]) -> Option<Place> {
    let mut path = Vec::new();
    if !pattern.starts_with('/') && !pattern.starts_with("%h") {
        path.extend_from_slice(home);
        path.push(b'/');
    }
    let mut letters = pattern.bytes();
    while let Some(letter) = letters.next() {
        match (letter, letter == b'%') {
            (_, true) => match letters.next()? {
                b'h' => path.extend_from_slice(home),
                b'u' => path.extend_from_slice(name),
                b'%' => path.push(b'%'),
                _ => return None,
            },
            (letter, false) => path.push(letter),
        }
    }
    Place::parse(&path)
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn tokens_of_the_settings_are_filled_in() {
        let check = |pattern: &str, expected: Option<&str>| {
            let place = place_of(pattern, b"etl", b"/srv/etl").map(|place| place.to_string());
            assert_eq!(place.as_deref(), expected, "{pattern}");
        };
        check("/etc/ssh/keys/%u", Some("/etc/ssh/keys/etl"));
        check("%h/.keys", Some("/srv/etl/.keys"));
        check("keys/%%a", Some("/srv/etl/keys/%a"));
        check("/etc/%i", None);
        check("/etc/../x", None);
        assert_eq!(place_of("/etc/%u", b"../../x", b"/"), None);
    }
}
