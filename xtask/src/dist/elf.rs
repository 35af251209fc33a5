//! Whether a program needs anything of the machine it runs on: an interpreter, shared libraries.
//!
//! Reads the program headers of 64-bit little-endian ELF files (System V ABI, gABI 4.1, chapters 4 and 5), which are those of
//! every machine that packages are made for. Believes no length or offset of the file.

use anyhow::{Result, bail};

const SEGMENT_DYNAMIC: u32 = 2;
const SEGMENT_INTERPRETER: u32 = 3;
const TAG_END: u64 = 0;
const TAG_NEEDED: u64 = 1;

/// Refuses what is not a static program, saying what it would need.
pub(super) fn must_be_static(program: &[u8]) -> Result<()> {
    let segments = segments(program)?;
    if let Some(interpreter) = segments.iter().find(|segment| segment.kind == SEGMENT_INTERPRETER) {
        let name = String::from_utf8_lossy(interpreter.content(program)?).into_owned();
        bail!("the program is not static: it needs the interpreter `{}`", name.trim_end_matches('\0'));
    }
    for dynamic in segments.iter().filter(|segment| segment.kind == SEGMENT_DYNAMIC) {
        let needed = libraries(dynamic.content(program)?);
        if needed > 0 {
            bail!("the program is not static: it needs {needed} shared libraries");
        }
    }
    Ok(())
}

struct Segment {
    kind: u32,
    offset: u64,
    bytes: u64,
}

impl Segment {
    fn content<'a>(&self, program: &'a [u8]) -> Result<&'a [u8]> {
        let begin = usize::try_from(self.offset)?;
        let length = usize::try_from(self.bytes)?;
        let found = program.get(begin..).and_then(|rest| rest.get(..length));
        found.ok_or_else(|| anyhow::anyhow!("the program is cut off: a segment lies beyond its end"))
    }
}

fn segments(program: &[u8]) -> Result<Vec<Segment>> {
    // Class 2 is 64 bits, data 1 is little-endian.
    if !program.starts_with(b"\x7fELF\x02\x01") {
        bail!("this is no 64-bit little-endian ELF program");
    }
    let cut_off = || anyhow::anyhow!("the program is cut off in its headers");
    let table = number::<8>(program, 32).ok_or_else(cut_off)?;
    let size = number::<2>(program, 54).ok_or_else(cut_off)?;
    let count = number::<2>(program, 56).ok_or_else(cut_off)?;
    let one = |index: u64| {
        let at = usize::try_from(table.checked_add(index.checked_mul(size)?)?).ok()?;
        Some(Segment {
            kind: u32::try_from(number::<4>(program, at)?).ok()?,
            offset: number::<8>(program, at.checked_add(8)?)?,
            bytes: number::<8>(program, at.checked_add(32)?)?,
        })
    };
    (0..count).map(|index| one(index).ok_or_else(cut_off)).collect()
}

/// How many shared libraries a dynamic section names.
fn libraries(section: &[u8]) -> usize {
    let tags = section.chunks_exact(16).map(|entry| number::<8>(entry, 0).unwrap_or(TAG_END));
    tags.take_while(|tag| *tag != TAG_END).filter(|tag| *tag == TAG_NEEDED).count()
}

/// `N` bytes at `at`, least first, as a number.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let found = bytes.get(at..at.checked_add(N)?)?;
    Some(found.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program of headers only, with one segment of this kind and content.
    fn program(kind: u32, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0_u8; 64];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        let mut header = vec![0_u8; 56];
        header[..4].copy_from_slice(&kind.to_le_bytes());
        header[8] = 120;
        header[32..40].copy_from_slice(&u64::try_from(content.len()).unwrap().to_le_bytes());
        bytes.extend(header);
        bytes.extend(content);
        bytes
    }

    fn dynamic(tags: &[u64]) -> Vec<u8> {
        tags.iter().flat_map(|tag| [tag.to_le_bytes(), [0; 8]].concat()).collect()
    }

    fn said(program: &[u8]) -> String {
        must_be_static(program).map_or_else(|error| error.to_string(), |()| String::from("static"))
    }

    #[test]
    fn what_needs_nothing_is_static_although_it_moves() {
        assert_eq!(said(&program(1, b"code")), "static");
        // A static program at any address has a dynamic section, without a library in it.
        assert_eq!(said(&program(SEGMENT_DYNAMIC, &dynamic(&[5, 0, TAG_NEEDED]))), "static");
    }

    #[test]
    fn an_interpreter_or_a_library_is_named() {
        assert_eq!(
            said(&program(SEGMENT_INTERPRETER, b"/lib/ld.so\0")),
            "the program is not static: it needs the interpreter `/lib/ld.so`"
        );
        assert_eq!(
            said(&program(SEGMENT_DYNAMIC, &dynamic(&[TAG_NEEDED, 5, TAG_NEEDED]))),
            "the program is not static: it needs 2 shared libraries"
        );
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(
            said(&own).starts_with("the program is not static: it needs the interpreter"),
            "{}",
            said(&own)
        );
    }

    #[test]
    fn what_is_no_program_or_cut_off_is_refused() {
        let whole = program(SEGMENT_DYNAMIC, &dynamic(&[TAG_NEEDED]));
        assert_eq!(said(b"#!/bin/sh\n"), "this is no 64-bit little-endian ELF program");
        assert_eq!(said(&whole[..40]), "the program is cut off in its headers");
        assert_eq!(said(&whole[..100]), "the program is cut off in its headers");
        assert_eq!(said(&whole[..125]), "the program is cut off: a segment lies beyond its end");
    }
}
