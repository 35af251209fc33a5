//! The part of SFTP that reads, as bytes (draft-ietf-secsh-filexfer-02, version 3, which OpenSSH speaks).
//!
//! Ten questions and five answers. No question that writes, renames, removes or makes anything can be put together
//! here. What a server says is read within limits and never believed: a length that does not fit, an unknown answer or a
//! name that is none is `None`, and the conversation is over. Pure. Next: `conversation.rs`.

use crate::read::ssh_wire::Wire;
use zeroize::Zeroizing;

/// The version that is spoken.
pub(super) const VERSION: u32 = 3;
/// Longest answer that is read, in bytes: what OpenSSH itself takes (`SFTP_MAX_MSG_LENGTH`).
pub(super) const FRAME_BYTES_MAX: usize = 256 * 1024;
/// Bytes asked for at once: every server gives as many (section 3).
pub(super) const READ_BYTES: u32 = 32 * 1024;
/// Longest handle (section 6.2).
const HANDLE_BYTES_MAX: usize = 256;
/// Longest name in a directory that is believed.
const NAME_BYTES_MAX: usize = 1_024;

/// End of a file or of a listing (section 7).
pub(super) const EOF: u32 = 1;
/// Nothing of this name.
pub(super) const NO_SUCH_FILE: u32 = 2;
/// Our account may not.
pub(super) const PERMISSION_DENIED: u32 = 3;

/// The file type in `mode` (`S_IFMT` of stat(2), as every server sends it).
const TYPE: u32 = 0o170_000;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// Opens a file for reading; no other flag can be asked for.
    Open(Vec<u8>),
    OpenDirectory(Vec<u8>),
    Close(Vec<u8>),
    Read {
        handle: Vec<u8>,
        from: u64,
        bytes: u32,
    },
    ReadDirectory(Vec<u8>),
    /// Of what is there itself, be it a link.
    Look(Vec<u8>),
    /// Of what was opened.
    LookAt(Vec<u8>),
    RealPath(Vec<u8>),
}

/// What is answered. `Data` is wiped when it is dropped.
#[derive(Debug)]
pub(super) enum Answer {
    Status(u32),
    Handle(Vec<u8>),
    Data(Zeroizing<Vec<u8>>),
    Names(Vec<Named>),
    Attributes(Attributes),
}

/// A name in a directory, and what the server says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: Vec<u8>,
    pub(super) attributes: Attributes,
}

/// What a server says a thing is (section 5); each part may be missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) bytes: Option<u64>,
    /// User id and group id.
    pub(super) owner: Option<(u32, u32)>,
    /// Permission bits and type.
    pub(super) mode: Option<u32>,
    /// Last change of the content, in seconds since the Unix epoch.
    pub(super) modified: Option<u32>,
}

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Link,
    Fifo,
    Socket,
    Device,
    /// The server does not say.
    Unsaid,
}

impl Attributes {
    pub(super) const fn kind(&self) -> Kind {
        match self.mode {
            Some(mode) => match mode & TYPE {
                0o100_000 => Kind::File,
                0o040_000 => Kind::Directory,
                0o120_000 => Kind::Link,
                0o010_000 => Kind::Fifo,
                0o140_000 => Kind::Socket,
                0o020_000 | 0o060_000 => Kind::Device,
                _ => Kind::Unsaid,
            },
            None => Kind::Unsaid,
        }
    }
}

impl Question {
    /// As it goes over the wire, length first.
    pub(super) fn encode(&self, id: u32, into: &mut Vec<u8>) {
        let mut body = Vec::new();
        let text = |kind: u8, text: &[u8]| {
            let mut body = vec![kind];
            body.extend_from_slice(&id.to_be_bytes());
            put(&mut body, text);
            body
        };
        match self {
            Self::Open(path) => {
                body.extend(text(3, path));
                // SSH_FXF_READ, and no attribute.
                body.extend_from_slice(&1_u32.to_be_bytes());
                body.extend_from_slice(&0_u32.to_be_bytes());
            }
            Self::Close(handle) => body.extend(text(4, handle)),
            Self::Read { handle, from, bytes } => {
                body.extend(text(5, handle));
                body.extend_from_slice(&from.to_be_bytes());
                body.extend_from_slice(&bytes.to_be_bytes());
            }
            Self::Look(path) => body.extend(text(7, path)),
            Self::LookAt(handle) => body.extend(text(8, handle)),
            Self::OpenDirectory(path) => body.extend(text(11, path)),
            Self::ReadDirectory(handle) => body.extend(text(12, handle)),
            Self::RealPath(path) => body.extend(text(16, path)),
        }
        put(into, &body);
    }
}

/// The first thing that is sent.
pub(super) fn hello() -> Vec<u8> {
    let mut frame = Vec::new();
    let mut body = vec![1];
    body.extend_from_slice(&VERSION.to_be_bytes());
    put(&mut frame, &body);
    frame
}

/// The version that a server answers to `hello`; its extensions are not used.
pub(super) fn greeted(frame: &[u8]) -> Option<u32> {
    let (2, rest) = frame.split_first().map(|(kind, rest)| (*kind, rest))? else { return None };
    Wire(rest).uint32()
}

/// Reads an answer: to which question, and what.
pub(super) fn answered(frame: &[u8]) -> Option<(u32, Answer)> {
    let (kind, rest) = frame.split_first()?;
    let mut wire = Wire(rest);
    let id = wire.uint32()?;
    let answer = match kind {
        101 => Answer::Status(wire.uint32()?),
        102 => Answer::Handle(
            wire.string().filter(|handle| !handle.is_empty() && handle.len() <= HANDLE_BYTES_MAX)?.to_vec(),
        ),
        103 => Answer::Data(Zeroizing::new(wire.string()?.to_vec())),
        104 => Answer::Names(names(&mut wire)?),
        105 => Answer::Attributes(attributes(&mut wire)?),
        _ => return None,
    };
    Some((id, answer))
}

fn put(into: &mut Vec<u8>, string: &[u8]) {
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(string);
}

fn names(wire: &mut Wire<'_>) -> Option<Vec<Named>> {
    let many = wire.uint32()?;
    // Each takes twelve bytes at least, so a count that cannot be is noticed by the end of the bytes.
    let mut names = Vec::new();
    for _ in 0..many {
        let name = wire.string()?;
        // What `ls -l` would show: not read.
        wire.string()?;
        let attributes = attributes(wire)?;
        let plain = !name.is_empty() && name.len() <= 4 * NAME_BYTES_MAX && !name.contains(&0);
        names.push(Named { name: plain.then(|| name.to_vec())?, attributes });
    }
    (!names.is_empty()).then_some(names)
}

/// Whether it can be a name in a directory.
pub(super) fn is_name(name: &[u8]) -> bool {
    name.len() <= NAME_BYTES_MAX && !name.contains(&b'/')
}

fn attributes(wire: &mut Wire<'_>) -> Option<Attributes> {
    let flags = wire.uint32()?;
    let mut seen = Attributes::default();
    if flags & 0x1 != 0 {
        let high = u64::from(wire.uint32()?);
        seen.bytes = Some((high << 32) | u64::from(wire.uint32()?));
    }
    if flags & 0x2 != 0 {
        seen.owner = Some((wire.uint32()?, wire.uint32()?));
    }
    if flags & 0x4 != 0 {
        seen.mode = Some(wire.uint32()?);
    }
    if flags & 0x8 != 0 {
        let _accessed = wire.uint32()?;
        seen.modified = Some(wire.uint32()?);
    }
    if flags & 0x8000_0000 != 0 {
        for _ in 0..wire.uint32()? {
            wire.string()?;
            wire.string()?;
        }
    }
    Some(seen)
}

#[cfg(test)]
mod tests {
    use super::{Answer, Attributes, Kind, Question, answered, greeted, hello};
    use proptest::prelude::*;

    fn encoded(question: &Question) -> Vec<u8> {
        let mut bytes = Vec::new();
        question.encode(7, &mut bytes);
        bytes
    }

    #[test]
    fn a_file_is_opened_for_reading_and_for_nothing_else() {
        let bytes = encoded(&Question::Open(b"/a".to_vec()));
        assert_eq!(bytes, [0, 0, 0, 19, 3, 0, 0, 0, 7, 0, 0, 0, 2, b'/', b'a', 0, 0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(hello(), [0, 0, 0, 5, 1, 0, 0, 0, 3]);
        assert_eq!(greeted(&[2, 0, 0, 0, 3, 0, 0, 0, 1]), Some(3));
        assert_eq!(greeted(&[1, 0, 0, 0, 3]), None);
    }

    #[test]
    fn what_a_thing_is_comes_from_its_mode() {
        let kind = |mode| Attributes { mode, ..Attributes::default() }.kind();
        let kinds = [0o100_644, 0o040_755, 0o120_777, 0o010_644, 0o140_755, 0o020_600, 0o060_600, 0o644];
        let kinds: Vec<Kind> = kinds.into_iter().map(|mode| kind(Some(mode))).collect();
        let expected = [
            Kind::File,
            Kind::Directory,
            Kind::Link,
            Kind::Fifo,
            Kind::Socket,
            Kind::Device,
            Kind::Device,
            Kind::Unsaid,
        ];
        assert_eq!(kinds, expected);
        assert_eq!(kind(None), Kind::Unsaid);
    }

    #[test]
    fn attributes_are_read_with_the_parts_that_are_there() {
        let frame =
            [105, 0, 0, 0, 9, 0, 0, 0, 0xd, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0x81, 0xa4, 0, 0, 0, 1, 0, 0, 0, 5];
        let Some((9, Answer::Attributes(seen))) = answered(&frame) else { panic!("not read") };
        let expected =
            Attributes { bytes: Some((1 << 32) | 2), owner: None, mode: Some(0o100_644), modified: Some(5) };
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for frame in [
            [].as_slice(),
            &[101, 0, 0, 0, 1],
            &[102, 0, 0, 0, 1, 0, 0, 0, 0],
            &[103, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff],
            &[104, 0, 0, 0, 1, 0, 0, 0, 0],
            &[104, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, b'a'],
            &[200, 0, 0, 0, 1, 0, 0, 0, 1],
        ] {
            assert!(answered(frame).is_none(), "{frame:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_upset_the_reader(frame in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (answered(&frame), greeted(&frame));
        }
    }
}
