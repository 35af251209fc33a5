//! A file for its owner only: written beside, then in place in one step, whole or not at all.
//!
//! It must never take the place of a file that is there unless told to, nor leave half of one. Next: `report.rs`, `as_of.rs`.

use crate::{failure::Failure, place::shown};
use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// A file in the writing.
pub(super) struct PrivateFile {
    what: &'static str,
    out: PathBuf,
    beside: PathBuf,
    file: Option<BufWriter<File>>,
    force: bool,
}

impl PrivateFile {
    /// Begins a file; `what` is said where it cannot be written. Nothing is seen of it before its end.
    pub(super) fn begin(what: &'static str, out: &Path, force: bool) -> Result<Self, Failure> {
        if !force && out.symlink_metadata().is_ok() {
            return Err(taken(what, out));
        }
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = out.file_name().ok_or_else(|| Failure::usage(what).because("a folder is no file"))?;
        let mut beside = std::ffi::OsString::from(".");
        beside.push(name);
        beside.push(format!(".{}", std::process::id()));
        let beside = folder.join(beside);
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
        let file = made.map_err(|error| Failure::new(what).caused_by(&error).kept("no file was changed"))?;
        Ok(Self { what, out: out.to_owned(), beside, file: Some(BufWriter::new(file)), force })
    }

    /// Writes what comes next.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes));
        written.map_err(|error| self.failed(&error))
    }

    /// Puts the file in its place.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let placed = (|| {
            let Some(file) = self.file.take() else { return Ok(()) };
            file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
            // A link is refused where something is there: nobody's file is lost to one that came meanwhile.
            if self.force {
                std::fs::rename(&self.beside, &self.out)
            } else {
                std::fs::hard_link(&self.beside, &self.out)
            }
        })();
        match placed {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(taken(self.what, &self.out))
            }
            placed => placed.map_err(|error| self.failed(&error)),
        }
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::new(self.what).caused_by(error).kept("no file was changed")
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        // It is in its place by now, or never will be.
        let _ = std::fs::remove_file(&self.beside);
    }
}

/// That a file is there already.
pub(super) fn taken(what: &'static str, out: &Path) -> Failure {
    Failure::usage(what)
        .because(format!("{} is there already", shown(out)))
        .kept("it is as it was")
        .next("name another file, or write over it with --force")
}
