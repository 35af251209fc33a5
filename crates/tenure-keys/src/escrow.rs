//! Sealed escrow: values kept only until their death is proved (design, proof levels).
//!
//! Each value has its own data key in its own file, outside the database and its backups.
//! The value is sealed under the sealing ring and then under its data key; the result goes
//! into the database. Destroying the data key makes every copy of the sealed value, in
//! whatever backup, worthless. This room must never let a data key leave its directory, or
//! say *destroyed* of a key that is still there.
//!
//! t0 data key durable in its file; t1 `keep` returns; t2 the caller commits the sealed
//! value. A crash between t1 and t2 leaves a data key without a value: `list` finds it.

use crate::disk::Disk;
use crate::envelope;
use crate::files::{
    FileRefused, make_private_directory, overwrite_with_zeros, read_private, remove_durably, replace_private,
    sync_parent, write_new_private,
};
use crate::files::{FileStep, is_temporary};
use crate::key::{KEY_BYTES, KeyBytes, KeyId};
use crate::randomness::{Randomness, RandomnessFailed};
use crate::seal::{self, SealRefused, Sealed, Sealer, text_of};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tenure_model::Secret;
use zeroize::Zeroizing;

/// How a data key's file name ends, after the id.
const SUFFIX: &str = ".key";
/// First byte of a data key file.
const VERSION: u8 = 1;
/// Marks the directory for backup programs, which leave such directories out
/// (Cache Directory Tagging Specification, 0.6).
const CACHE_TAG: (&str, &[u8]) = (
    "CACHEDIR.TAG",
    b"Signature: 8a477f597d28d172789f06886806bc55\n\
      # Data keys of Tenure's sealed escrow. They must be in no backup: a copied data key\n\
      # would outlive its destruction.\n",
);

/// A value under escrow, as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedValue(Vec<u8>);

impl SealedValue {
    /// As it was stored. Whether it opens shows only in [`Escrow::reveal`].
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// For storing.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For storing.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// What became of a data key. All three mean that Tenure can never open the value again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destruction {
    /// Overwritten, made durable, and removed.
    Overwritten,
    /// Removed, but it could not be overwritten first: the disk may still hold its blocks.
    /// The destruction entry should say so.
    RemovedOnly,
    /// It was not there: destroyed earlier, or never kept.
    NotThere,
}

/// Why something about an escrowed value was refused. Never quotes the value.
#[derive(Debug, thiserror::Error)]
pub enum EscrowRefused {
    /// Not a UUID as Tenure spells it.
    #[error("`{given}` cannot name an escrowed value; expected a UUID in lower case with hyphens")]
    NotAnId {
        /// What was given, made printable.
        given: String,
    },
    /// A value is kept under this id already.
    #[error("a value is under escrow as {id} already; destroy it before keeping another")]
    AlreadyKept {
        /// The id.
        id: String,
    },
    /// The data key is gone, so the value is too.
    #[error("the value under escrow as {id} cannot be opened: its data key was destroyed or lost")]
    DataKeyGone {
        /// The id.
        id: String,
    },
    /// The data key file or the sealed value is not what was written.
    #[error("the value under escrow as {id}, or its data key, was altered; it is not used")]
    Altered {
        /// The id.
        id: String,
    },
    /// The inner seal, under the sealing ring, refused.
    #[error("the value under escrow as {id} was not sealed or opened")]
    Seal {
        /// The id.
        id: String,
        /// Why.
        source: SealRefused,
    },
    /// No data key could be drawn.
    #[error("no data key was made")]
    NoRandomness(#[source] RandomnessFailed),
    /// The directory could not be used.
    #[error("the escrow directory cannot be used")]
    Directory(#[source] FileRefused),
    /// The data key could not be written; nothing is kept.
    #[error("the data key of {id} could not be kept")]
    NotKept {
        /// The id.
        id: String,
        /// Why.
        source: FileRefused,
    },
    /// The data key could not be read.
    #[error("the data key of {id} could not be read")]
    NotRead {
        /// The id.
        id: String,
        /// Why.
        source: FileRefused,
    },
    /// The data key is still there, or may be there again after a power cut. Try again.
    #[error("the data key of {id} could not be destroyed for certain")]
    NotDestroyed {
        /// The id.
        id: String,
        /// Why.
        source: FileRefused,
    },
}

/// The directory of data keys. Safe to use from several threads on different ids.
#[derive(Debug, Clone)]
pub struct Escrow {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
}

impl Escrow {
    /// Opens the directory, creating it with mode 0700; its parent must exist. Removes what
    /// a crash left under temporary names: those keys sealed nothing.
    pub fn open(disk: Arc<dyn Disk>, directory: &Path) -> Result<Self, EscrowRefused> {
        make_private_directory(disk.as_ref(), directory).map_err(EscrowRefused::Directory)?;
        let escrow = Self { disk, directory: directory.to_path_buf() };
        let names = escrow.names()?;
        for name in names.iter().filter(|name| is_temporary(name)) {
            remove_durably(escrow.disk.as_ref(), &directory.join(name)).map_err(EscrowRefused::Directory)?;
        }
        let (tag, content) = CACHE_TAG;
        if !names.iter().any(|name| name == tag) {
            replace_private(escrow.disk.as_ref(), &directory.join(tag), content)
                .map_err(EscrowRefused::Directory)?;
        }
        Ok(escrow)
    }

    /// Keeps a value. Its data key is durable in its own file before this returns; the
    /// returned bytes belong in the database. Nothing is kept after an error, except that a
    /// data key without a value may be left, which [`Escrow::list`] finds.
    pub fn keep(
        &self,
        id: &str,
        value: &Secret<String>,
        sealer: &Sealer,
        randomness: &mut dyn Randomness,
    ) -> Result<SealedValue, EscrowRefused> {
        let path = self.path_of(id)?;
        let key = KeyBytes::draw(randomness).map_err(EscrowRefused::NoRandomness)?;
        let sealed = under_both(id, value, sealer, &key, randomness)?;
        let mut content = Zeroizing::new(Vec::with_capacity(1 + KEY_BYTES));
        content.push(VERSION);
        content.extend_from_slice(key.expose());
        match write_new_private(self.disk.as_ref(), &path, &content) {
            Ok(()) => Ok(sealed),
            Err(FileRefused::AlreadyThere { .. }) => Err(EscrowRefused::AlreadyKept { id: id.to_owned() }),
            Err(source) => Err(EscrowRefused::NotKept { id: id.to_owned(), source }),
        }
    }

    /// Opens a kept value.
    pub fn reveal(
        &self,
        id: &str,
        value: &SealedValue,
        sealer: &Sealer,
    ) -> Result<Secret<String>, EscrowRefused> {
        let inner = open_outer(id, value, &self.data_key(id)?)?;
        let opened = sealer.open(&inner, &binding(id)).map_err(|source| at(id, source))?;
        text_of(&opened).ok_or_else(|| EscrowRefused::Altered { id: id.to_owned() })
    }

    /// Moves a kept value to the current key of the sealing ring; `None` when it is there
    /// already. Its data key stays the same.
    pub fn reseal(
        &self,
        id: &str,
        value: &SealedValue,
        sealer: &Sealer,
        randomness: &mut dyn Randomness,
    ) -> Result<Option<SealedValue>, EscrowRefused> {
        let key = self.data_key(id)?;
        let inner = open_outer(id, value, &key)?;
        let moved = sealer.reseal(&inner, &binding(id), randomness).map_err(|source| at(id, source))?;
        moved.map(|inner| outer(id, &inner, &key, randomness)).transpose()
    }

    /// Destroys a data key: overwritten, made durable, removed, made durable. Idempotent;
    /// after an error call it again. What a file system, a snapshot or a drive copied
    /// elsewhere is beyond reach: the caller's evidence entry names that.
    pub fn destroy(&self, id: &str) -> Result<Destruction, EscrowRefused> {
        let path = self.path_of(id)?;
        let uncertain = |source| EscrowRefused::NotDestroyed { id: id.to_owned(), source };
        let overwritten = match overwrite_with_zeros(self.disk.as_ref(), &path) {
            Ok(()) => Destruction::Overwritten,
            Err(FileRefused::Missing { .. }) => {
                // An earlier call may have been stopped before the removal was durable.
                sync_parent(self.disk.as_ref(), &path).map_err(uncertain)?;
                return Ok(Destruction::NotThere);
            }
            Err(_) => Destruction::RemovedOnly,
        };
        remove_durably(self.disk.as_ref(), &path).map_err(uncertain)?;
        Ok(overwritten)
    }

    /// The ids of all data keys, sorted. Those that no row of the database names are
    /// orphans: destroy them, once no action that might still commit is under way.
    pub fn list(&self) -> Result<Vec<String>, EscrowRefused> {
        let mut ids: Vec<String> = self
            .names()?
            .iter()
            .filter_map(|name| name.strip_suffix(SUFFIX))
            .filter(|id| is_uuid(id))
            .map(str::to_owned)
            .collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// The names in the directory. One that is not text is none of ours.
    fn names(&self) -> Result<Vec<String>, EscrowRefused> {
        let names = self.disk.list(&self.directory).map_err(|said| {
            EscrowRefused::Directory(FileRefused::from_system(&self.directory, FileStep::List, said))
        })?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }

    fn path_of(&self, id: &str) -> Result<PathBuf, EscrowRefused> {
        if is_uuid(id) {
            Ok(self.directory.join(format!("{id}{SUFFIX}")))
        } else {
            Err(EscrowRefused::NotAnId { given: tenure_model::printable(id, 60) })
        }
    }

    fn data_key(&self, id: &str) -> Result<KeyBytes, EscrowRefused> {
        let content =
            read_private(self.disk.as_ref(), &self.path_of(id)?).map_err(|source| match source {
                FileRefused::Missing { .. } => EscrowRefused::DataKeyGone { id: id.to_owned() },
                source => EscrowRefused::NotRead { id: id.to_owned(), source },
            })?;
        match content.expose().split_first() {
            Some((&VERSION, key)) => {
                KeyBytes::from_bytes(key).ok_or_else(|| EscrowRefused::Altered { id: id.to_owned() })
            }
            // Zeros: its destruction was stopped between overwriting and removing.
            Some((0, rest)) if rest.iter().all(|byte| *byte == 0) => {
                Err(EscrowRefused::DataKeyGone { id: id.to_owned() })
            }
            Some(_) | None => Err(EscrowRefused::Altered { id: id.to_owned() }),
        }
    }
}

/// Seals under the ring first, then under the data key.
fn under_both(
    id: &str,
    value: &Secret<String>,
    sealer: &Sealer,
    key: &KeyBytes,
    randomness: &mut dyn Randomness,
) -> Result<SealedValue, EscrowRefused> {
    let inner = sealer.seal_text(value, &binding(id), randomness).map_err(|source| at(id, source))?;
    outer(id, &inner, key, randomness)
}

fn outer(
    id: &str,
    inner: &Sealed,
    key: &KeyBytes,
    randomness: &mut dyn Randomness,
) -> Result<SealedValue, EscrowRefused> {
    envelope::seal(key, data_key_id(key), &binding(id), inner.as_bytes(), randomness)
        .map(SealedValue)
        .map_err(|why| at(id, seal::not_sealed(why)))
}

/// Opens what [`outer`] sealed.
fn open_outer(id: &str, value: &SealedValue, key: &KeyBytes) -> Result<Sealed, EscrowRefused> {
    let opened = envelope::open(key, data_key_id(key), &binding(id), &value.0);
    let opened = opened.map_err(|_| EscrowRefused::Altered { id: id.to_owned() })?;
    Ok(Sealed::from_bytes(opened.expose().clone()))
}

fn at(id: &str, source: SealRefused) -> EscrowRefused {
    EscrowRefused::Seal { id: id.to_owned(), source }
}

fn data_key_id(key: &KeyBytes) -> KeyId {
    key.derived_id(b"tenure escrow data key id")
}

/// What is bound to both seals, so that a value cannot be passed off as another.
fn binding(id: &str) -> Vec<u8> {
    [b"tenure escrow\0", id.as_bytes()].concat()
}

/// A UUID in the one spelling Tenure uses: lower case, hyphens after 8, 12, 16 and 20 digits.
fn is_uuid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(place, letter)| match place {
            8 | 13 | 18 | 23 => letter == b'-',
            _ => matches!(letter, b'0'..=b'9' | b'a'..=b'f'),
        })
}

#[cfg(test)]
mod tests;
