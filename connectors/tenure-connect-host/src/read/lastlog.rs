//! `lastlog`: when each account last opened a session, and from where (lastlog(8), the layout of Linux).
//!
//! Records of a fixed length, one for each user id from 0; most are empty, and the file has holes. Names in it are given
//! by whoever knocks. This file must never guess: where the length does not fit, nothing is read. Next: `wtmp.rs`.

/// Bytes of one record: seconds, terminal, machine.
pub(crate) const RECORD_BYTES: usize = 292;

/// The last session of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSession {
    /// Whose, by user id.
    pub uid: i64,
    /// At which terminal, or by which program: `pts/0`, `ssh`.
    pub terminal: Vec<u8>,
    /// From which machine; empty for this one.
    pub host: Vec<u8>,
    /// When, in seconds since the Unix epoch.
    pub seconds: u32,
}

/// Reads the records that are not empty; nothing of a file that is no multiple of a record.
pub fn read(bytes: &[u8]) -> Vec<LastSession> {
    if !bytes.len().is_multiple_of(RECORD_BYTES) {
        return Vec::new();
    }
    (0..).zip(bytes.chunks_exact(RECORD_BYTES)).filter_map(|(uid, record)| session(uid, record)).collect()
}

fn session(uid: i64, record: &[u8]) -> Option<LastSession> {
    let (seconds, rest) = record.split_first_chunk::<4>()?;
    let (terminal, host) = rest.split_at_checked(32)?;
    let text = |field: &[u8]| field.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
    let seconds = u32::from_le_bytes(*seconds);
    (seconds > 0).then(|| LastSession { uid, terminal: text(terminal), host: text(host), seconds })
}

/// A record, as the system writes it.
#[cfg(test)]
pub(crate) fn record(terminal: &str, host: &str, seconds: u32) -> Vec<u8> {
    let field = |text: &str, bytes: usize| {
        let mut field = text.as_bytes().to_vec();
        field.resize(bytes, 0);
        field
    };
    [seconds.to_le_bytes().to_vec(), field(terminal, 32), field(host, 256)].concat()
}

#[cfg(test)]
mod tests {
    use super::{LastSession, RECORD_BYTES, read, record};
    use proptest::prelude::*;

    #[test]
    fn a_record_is_of_the_account_whose_number_is_its_place() {
        let file =
            [record("", "", 0), record("pts/0", "10.0.0.7", 1_700_000_000), record("", "", 0)].concat();
        let terminal = b"pts/0".to_vec();
        let expected = LastSession { uid: 1, terminal, host: b"10.0.0.7".to_vec(), seconds: 1_700_000_000 };
        assert_eq!(read(&file), [expected]);
        assert_eq!(read(&file[1..]), []);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 2 * RECORD_BYTES)) {
            let _ = read(&bytes);
        }
    }
}
