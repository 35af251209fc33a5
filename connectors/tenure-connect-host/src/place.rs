//! Where something is, below the root of a reading: bytes as the system has them, never decoded to open
//! anything, always made printable to show. A place can never lead above its root.

use core::fmt::{self, Write as _};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use tenure_model::printable;

/// Longest place that is shown, in characters.
const SHOWN_CHARS: usize = 400;

/// A place below the root. The root itself has no components.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(Vec<u8>);

impl Place {
    /// The root.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// Reads a path, absolute or relative, as a place below the root. `None` for a path with `..`, with a
    /// NUL, or longer than 4 096 bytes (`PATH_MAX`).
    pub fn parse(path: &[u8]) -> Option<Self> {
        if path.len() > 4_096 || path.contains(&0) {
            return None;
        }
        let mut place = Vec::with_capacity(path.len());
        for part in path.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => return None,
                _ => {
                    if !place.is_empty() {
                        place.push(b'/');
                    }
                    place.extend_from_slice(part);
                }
            }
        }
        Some(Self(place))
    }

    /// The place called `name` in this directory. `name` is one component, as a directory lists it.
    #[must_use]
    pub fn join(&self, name: &[u8]) -> Self {
        let mut place = self.0.clone();
        if !place.is_empty() {
            place.push(b'/');
        }
        place.extend(name.iter().filter(|byte| **byte != b'/'));
        Self(place)
    }

    /// The directory it is in; the root is in itself.
    #[must_use]
    pub fn parent(&self) -> Self {
        let cut = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Self(self.0.get(..cut).unwrap_or_default().to_vec())
    }

    /// Its last component; empty for the root.
    pub fn name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// Its components, from the root down.
    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'/').filter(|part| !part.is_empty())
    }

    /// Its bytes, without a leading slash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a relative path.
    pub(crate) fn as_path(&self) -> &Path {
        if self.0.is_empty() { Path::new(".") } else { Path::new(OsStr::from_bytes(&self.0)) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&printable(&format!("/{}", shown(&self.0)), SHOWN_CHARS))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

/// Bytes as text. Bytes that are no text are written out, so that two different names never look alike.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Place;

    fn check(path: &str, shown: &str) {
        assert_eq!(Place::parse(path.as_bytes()).map_or("none".to_owned(), |place| place.to_string()), shown);
    }

    #[test]
    fn a_place_is_always_below_its_root() {
        check("/etc//./passwd/", "/etc/passwd");
        check("etc/passwd", "/etc/passwd");
        check("/", "/");
        check("/etc/../secret", "none");
        check("..", "none");
        check("a\0b", "none");
        check("a...b/..c", "/a...b/..c");
    }

    #[test]
    fn names_that_would_break_a_line_or_the_reading_direction_are_written_out() {
        check("a\nb/\u{1b}[31m/\u{202e}gnp", "/a\\nb/\\u{1b}[31m/\\u{202e}gnp");
        let place = Place::root().join(b"\xff\xfe").join(b"x");
        assert_eq!(place.to_string(), "/\\xff\\xfe/x");
        assert_eq!(place.name(), b"x");
        assert_eq!(place.parent().to_string(), "/\\xff\\xfe");
        assert_eq!(place.components().count(), 2);
    }

    #[test]
    fn a_joined_name_cannot_climb() {
        assert_eq!(Place::root().join(b"a/../b").as_bytes(), b"a..b");
        assert_eq!(Place::root().parent(), Place::root());
    }
}
