//! Disks that fail on demand, and one that loses its power.
//!
//! For tests here and above (feature `faults`): `FaultyDisk` makes the n-th call and all
//! after it fail in a chosen way and records what was called; `PowerCutDisk` keeps files in
//! memory and forgets, when told, what was never fsynced. This room must never be part of
//! the product.

mod faulty;
mod power_cut;

pub use faulty::{Fault, FaultyDisk};
pub use power_cut::{PowerCutDisk, Survives};
