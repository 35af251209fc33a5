//! Checking Merkle proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2, over the hashes of RFC 6962).
//!
//! Pure arithmetic on hashes somebody else supplied. It must never read a tile or trust a length: a proof with one
//! hash too many is as broken as one with a wrong hash. Next: [`crate::verify`] puts these behind signatures.

use crate::hash::{Hash, empty_root, node_hash};

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofBroken {
    /// The tree has no leaf with that index.
    #[error("leaf {index} is outside a tree of {size}")]
    IndexOutsideTree {
        /// The leaf.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("the older tree has {old} leaves, the newer only {new}")]
    SizesReversed {
        /// Size of the tree called older.
        old: u64,
        /// Size of the tree called newer.
        new: u64,
    },
    /// Too few or too many hashes for these sizes.
    #[error("a proof of length {0} does not fit the tree")]
    LengthWrong(usize),
    /// The hashes lead to another root than the one given.
    #[error("the proof leads to another root")]
    RootDiffers,
    /// The hashes lead to another root of the older tree than the one given.
    #[error("the proof leads to another root of the older tree")]
    OldRootDiffers,
}

/// Checks that `leaf` is leaf number `index` of the tree with `size` leaves and `root`.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofBroken> {
    if index >= size {
        return Err(ProofBroken::IndexOutsideTree { index, size });
    }
    let length_wrong = ProofBroken::LengthWrong(proof.len());
    let mut node = index;
    let mut last = size - 1;
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(length_wrong);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length_wrong);
    }
    if hash == *root { Ok(()) } else { Err(ProofBroken::RootDiffers) }
}

/// Checks that the tree of `old_size` leaves with `old_root` is a prefix of the tree of `new_size` with `new_root`.
///
/// For `old_size` 0 and for equal sizes the proof must be empty and the known root must match.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofBroken> {
    if old_size > new_size {
        return Err(ProofBroken::SizesReversed { old: old_size, new: new_size });
    }
    if old_size == 0 || old_size == new_size {
        return verify_trivial(old_size, old_root, new_size, new_root, proof);
    }
    let length_wrong = ProofBroken::LengthWrong(proof.len());
    // A complete old tree is a node of the new one, so its root is left out of the proof.
    let (first, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(length_wrong)?
    };
    let shift = (old_size - 1).trailing_ones();
    let mut node = (old_size - 1) >> shift;
    let mut last = (new_size - 1) >> shift;
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(length_wrong);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length_wrong);
    }
    if old_hash != *old_root {
        return Err(ProofBroken::OldRootDiffers);
    }
    if new_hash == *new_root { Ok(()) } else { Err(ProofBroken::RootDiffers) }
}

fn verify_trivial(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofBroken> {
    if !proof.is_empty() {
        return Err(ProofBroken::LengthWrong(proof.len()));
    }
    if old_size == 0 && *old_root != empty_root() {
        return Err(ProofBroken::OldRootDiffers);
    }
    if new_size == 0 && *new_root != empty_root() {
        return Err(ProofBroken::RootDiffers);
    }
    if old_size == new_size && old_root != new_root {
        return Err(ProofBroken::RootDiffers);
    }
    Ok(())
}
