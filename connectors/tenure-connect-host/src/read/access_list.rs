//! A POSIX access list, as the kernel keeps it in the attribute `system.posix_acl_access` (acl(5), linux/posix_acl_xattr.h).
//!
//! Pure. Next: `../act/readers.rs`, which says who can read what.

/// The only version there is.
const VERSION: u32 = 2;
/// Bytes of one entry.
const ENTRY_BYTES: usize = 8;

/// Whom an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// The owner of the file.
    Owner,
    /// An account, by number.
    User(u32),
    /// The group of the file.
    OwningGroup,
    /// Another group, by number.
    Group(u32),
    /// What all but owner and others get at most. The group bits of the mode show this.
    Mask,
    /// Everybody else.
    Other,
}

/// One entry: for whom, and the bits read (4), write (2), execute (1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// For whom.
    pub whom: Whom,
    /// The three bits.
    pub bits: u32,
}

/// Reads a list; `None` for bytes that are none.
pub fn read(bytes: &[u8]) -> Option<Vec<Entry>> {
    let (version, entries) = bytes.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*version) != VERSION || entries.len() % ENTRY_BYTES != 0 {
        return None;
    }
    entries.chunks_exact(ENTRY_BYTES).map(entry).collect()
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    let (tag, rest) = bytes.split_first_chunk::<2>()?;
    let (bits, id) = rest.split_first_chunk::<2>()?;
    let id = u32::from_le_bytes(*id.first_chunk::<4>()?);
    let whom = match u16::from_le_bytes(*tag) {
        0x01 => Whom::Owner,
        0x02 => Whom::User(id),
        0x04 => Whom::OwningGroup,
        0x08 => Whom::Group(id),
        0x10 => Whom::Mask,
        0x20 => Whom::Other,
        _ => return None,
    };
    Some(Entry { whom, bits: u32::from(u16::from_le_bytes(*bits)) & 0o7 })
}

/// Writes a list, for tests that plant one.
pub fn written(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = VERSION.to_le_bytes().to_vec();
    for entry in entries {
        let (tag, id): (u16, u32) = match entry.whom {
            Whom::Owner => (0x01, u32::MAX),
            Whom::User(id) => (0x02, id),
            Whom::OwningGroup => (0x04, u32::MAX),
            Whom::Group(id) => (0x08, id),
            Whom::Mask => (0x10, u32::MAX),
            Whom::Other => (0x20, u32::MAX),
        };
        bytes.extend_from_slice(&tag.to_le_bytes());
        bytes.extend_from_slice(&u16::try_from(entry.bits & 0o7).unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&id.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Entry, Whom, read, written};

    #[test]
    fn a_list_is_read_as_it_was_written_and_anything_else_is_none() {
        let entries = [
            Entry { whom: Whom::Owner, bits: 6 },
            Entry { whom: Whom::User(1_000), bits: 4 },
            Entry { whom: Whom::OwningGroup, bits: 4 },
            Entry { whom: Whom::Group(27), bits: 7 },
            Entry { whom: Whom::Mask, bits: 4 },
            Entry { whom: Whom::Other, bits: 0 },
        ];
        let bytes = written(&entries);
        assert_eq!(read(&bytes), Some(entries.to_vec()));
        assert_eq!(read(&bytes[..bytes.len() - 1]), None);
        assert_eq!(read(b""), None);
        assert_eq!(read(&[3, 0, 0, 0]), None, "another version");
        let mut odd = bytes;
        odd[4] = 0x40;
        assert_eq!(read(&odd), None, "a tag that nobody knows");
    }
}
