//! `wtmp`: who opened a session at a terminal, and from where (utmp(5), the layout of 64-bit Linux).
//!
//! Records of a fixed length without a mark of their own: where the length does not fit, nothing is read. Names and
//! places in it are given by programs and by whoever knocks; they are shown as they stand, made printable by whoever
//! shows them. This file must never guess at a record. Next: `../uses.rs`.

/// Bytes of one record.
pub(crate) const RECORD_BYTES: usize = 384;
/// `USER_PROCESS`: a session that was opened.
const SESSION: u16 = 7;

/// A session at a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalSession {
    /// Whose.
    pub account: Vec<u8>,
    /// Which terminal: `pts/0`, `tty1`.
    pub terminal: Vec<u8>,
    /// From which machine; empty for this one.
    pub host: Vec<u8>,
    /// When, in seconds since the Unix epoch.
    pub seconds: u32,
}

/// Reads the sessions of a file, in order; nothing of a file that is no multiple of a record.
pub fn read(bytes: &[u8]) -> Vec<TerminalSession> {
    if !bytes.len().is_multiple_of(RECORD_BYTES) {
        return Vec::new();
    }
    bytes.chunks_exact(RECORD_BYTES).filter_map(session).collect()
}

fn session(record: &[u8]) -> Option<TerminalSession> {
    let kind = u16::from_le_bytes(record.get(0..2)?.try_into().ok()?);
    let field = |from: usize, bytes: usize| {
        let field = record.get(from..from + bytes)?;
        Some(field.split(|byte| *byte == 0).next().unwrap_or_default().to_vec())
    };
    let session = TerminalSession {
        terminal: field(8, 32)?,
        account: field(44, 32)?,
        host: field(76, 256)?,
        seconds: u32::from_le_bytes(record.get(340..344)?.try_into().ok()?),
    };
    (kind == SESSION && !session.account.is_empty() && session.seconds > 0).then_some(session)
}

/// A record, as the system writes it.
#[cfg(test)]
pub(crate) fn record(kind: u16, terminal: &str, account: &str, host: &str, seconds: u32) -> Vec<u8> {
    let mut record = vec![0_u8; RECORD_BYTES];
    let mut put = |from: usize, bytes: &[u8]| {
        record.iter_mut().skip(from).zip(bytes).for_each(|(place, byte)| *place = *byte);
    };
    put(0, &kind.to_le_bytes());
    put(8, terminal.as_bytes());
    put(44, account.as_bytes());
    put(76, host.as_bytes());
    put(340, &seconds.to_le_bytes());
    record
}

#[cfg(test)]
mod tests {
    use super::{TerminalSession, read, record};
    use proptest::prelude::*;

    #[test]
    fn sessions_are_read_and_other_records_are_passed_over() {
        let file = [
            record(2, "~", "reboot", "6.1", 1_700_000_000),
            record(7, "pts/0", "ada", "10.0.0.7", 1_700_000_100),
            record(8, "pts/0", "", "", 1_700_000_200),
        ]
        .concat();
        let expected = TerminalSession {
            account: b"ada".to_vec(),
            terminal: b"pts/0".to_vec(),
            host: b"10.0.0.7".to_vec(),
            seconds: 1_700_000_100,
        };
        assert_eq!(read(&file), [expected]);
    }

    #[test]
    fn a_file_that_does_not_fit_is_not_guessed_at() {
        let mut file = record(7, "pts/0", "ada", "", 1_700_000_100);
        file.push(0);
        assert_eq!(read(&file), []);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 768..=768)) {
            let _ = read(&bytes);
        }
    }
}
