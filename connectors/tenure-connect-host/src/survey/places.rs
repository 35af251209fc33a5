//! From a pattern of the catalogue to the places that are there.

use super::Survey;
use crate::catalogue::{QUIET_LINKS, matches};
use crate::place::Place;
use crate::unread::{Spent, Unread};
use crate::walk::{EntryKind, Listed};

impl Survey<'_> {
    /// The places below `start` that a pattern means. A component without `*` is not looked up here: whether
    /// it is there shows when it is opened.
    pub(super) fn expand(&mut self, start: &Place, pattern: &str) -> Result<Vec<Place>, Spent> {
        let mut places = vec![start.clone()];
        let components: Vec<&[u8]> = pattern.split('/').map(str::as_bytes).collect();
        for (index, component) in components.iter().enumerate() {
            let last = index + 1 == components.len();
            let mut next = Vec::new();
            for place in places {
                if !component.contains(&b'*') {
                    next.push(place.join(component));
                    continue;
                }
                let fits = |listed: &Listed| matches(component, &listed.name) && wanted(listed.kind, last);
                let names = self.names(&place)?;
                next.extend(
                    names.iter().filter(|listed| fits(listed)).map(|listed| place.join(&listed.name)),
                );
            }
            places = next;
        }
        Ok(places)
    }

    /// The names in a directory, or none, when it cannot be listed, which is then said.
    pub(super) fn names(&mut self, place: &Place) -> Result<Vec<Listed>, Spent> {
        match self.files.list(place, self.budget) {
            Ok((names, None)) => Ok(names),
            Ok((names, Some(spent))) => {
                self.not_read(place, Unread::Limit(spent));
                if spent == Spent::DirectoryEntries { Ok(names) } else { Err(spent) }
            }
            Err(why) => {
                let quiet = QUIET_LINKS.iter().any(|link| link.as_bytes() == place.as_bytes());
                if !(quiet && why == Unread::Link) {
                    self.not_read(place, why);
                }
                Ok(Vec::new())
            }
        }
    }
}

/// Links in a listed directory are left alone without a word: systems put many there as second names of files
/// that are read under their first. So are sockets and pipes: they hold nothing.
fn wanted(kind: EntryKind, last: bool) -> bool {
    match kind {
        EntryKind::File => last,
        EntryKind::Directory => !last,
        EntryKind::Link | EntryKind::Special => false,
    }
}
