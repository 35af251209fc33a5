//! Tests of a ring in its file: damage, wrong keys, swaps, faults, limits.
//!
//! A rotation is failed and cut at each of its steps; no key may be lost, and ring and file
//! must agree on what can still be opened.

use super::{KEYS_MAX, Ring, RingKey, RingKind, RingRefused, decode};
use crate::disk::{Disk, RealDisk};
use crate::faults::{Fault, FaultyDisk, PowerCutDisk, Survives};
use crate::files::FileRefused;
use crate::kek::Kek;
use crate::key::{KeyBytes, KeyId};
use crate::randomness::scripted::{Broken, Counting};
use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tenure_model::Instant;

const NOW: Instant = Instant::from_micros(1_795_262_458_000_000);
const LATER: Instant = Instant::from_micros(1_795_262_459_000_000);

fn kek(seed: u64) -> Kek {
    Kek::from_key(KeyBytes::draw(&mut Counting::from(seed)).unwrap())
}

fn create(disk: Arc<dyn Disk>, path: &Path) -> Result<Ring, RingRefused> {
    let mut randomness = Counting::from(5);
    let first = RingKey::draw(NOW, &mut randomness).unwrap();
    Ring::create(disk, path, RingKind::Sealing, "label", first, &kek(1), &mut randomness)
}

fn rotate(ring: &mut Ring, seed: u64) -> Result<(), RingRefused> {
    let mut randomness = Counting::from(seed);
    ring.rotate(RingKey::draw(LATER, &mut randomness).unwrap(), &kek(1), &mut randomness)
}

fn reopen(disk: Arc<dyn Disk>, path: &Path) -> Ring {
    Ring::open(disk, path, RingKind::Sealing, &kek(1)).unwrap()
}

fn ids(ring: &Ring) -> Vec<KeyId> {
    ring.keys().map(|key| key.id).collect()
}

fn said(refused: &RingRefused, dir: &Path) -> String {
    let cause = refused.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{refused}{cause}").replace(&dir.display().to_string(), "DIR")
}

fn real() -> Arc<dyn Disk> {
    Arc::new(RealDisk)
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sealing.ring");
    (dir, path)
}

#[test]
fn a_ring_comes_back_from_its_file_as_it_was() {
    let (_dir, path) = place();
    let mut ring = create(real(), &path).unwrap();
    rotate(&mut ring, 6).unwrap();
    let again = reopen(real(), &path);
    assert_eq!(again.label(), "label");
    assert_eq!(again.ages(), ring.ages());
    let ages: Vec<_> = again.ages().iter().map(|age| (age.made_at, age.is_current)).collect();
    assert_eq!(ages, [(LATER, true), (NOW, false)]);
    for (one, other) in again.keys().zip(ring.keys()) {
        assert_eq!(one.bytes.expose(), other.bytes.expose());
    }
}

#[test]
fn every_changed_byte_of_the_file_is_refused() {
    let (_dir, path) = place();
    let mut ring = create(real(), &path).unwrap();
    rotate(&mut ring, 6).unwrap();
    let written = std::fs::read(&path).unwrap();
    for place in 0..written.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = written.clone();
            changed[place] ^= change;
            std::fs::write(&path, changed).unwrap();
            assert!(Ring::open(real(), &path, RingKind::Sealing, &kek(1)).is_err(), "byte {place}");
        }
    }
    for length in 0..written.len() {
        std::fs::write(&path, &written[..length]).unwrap();
        assert!(Ring::open(real(), &path, RingKind::Sealing, &kek(1)).is_err(), "cut to {length}");
    }
    std::fs::write(&path, [written.as_slice(), b"\n"].concat()).unwrap();
    assert!(Ring::open(real(), &path, RingKind::Sealing, &kek(1)).is_err(), "lengthened");
    std::fs::write(&path, written).unwrap();
    assert_eq!(ids(&reopen(real(), &path)), ids(&ring));
}

#[test]
fn every_refusal_says_what_happened_and_what_to_do() {
    let (dir, path) = place();
    let mut ring = create(real(), &path).unwrap();
    let mut lines = Vec::new();
    let mut note = |refused: RingRefused| lines.push(said(&refused, dir.path()));
    note(Ring::open(real(), &path, RingKind::Sealing, &kek(2)).unwrap_err());
    note(Ring::open(real(), &path, RingKind::Fingerprint, &kek(1)).unwrap_err());
    note(Ring::open(real(), &dir.path().join("nothing"), RingKind::Sealing, &kek(1)).unwrap_err());
    note(create(real(), &path).unwrap_err());
    note(ring.retire(ring.current().id, &kek(1), &mut Counting::from(1)).unwrap_err());
    note(ring.retire(KeyId::from_bytes([7; 8]), &kek(1), &mut Counting::from(1)).unwrap_err());
    let next = RingKey::draw(LATER, &mut Counting::from(6)).unwrap();
    note(ring.rotate(next, &kek(1), &mut Broken).unwrap_err());
    let written = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&[2], &written[1..]].concat()).unwrap();
    note(Ring::open(real(), &path, RingKind::Sealing, &kek(1)).unwrap_err());
    note(rotate(&mut ring, 6).unwrap_err());
    insta::assert_snapshot!(lines.join("\n"), @r"
    `DIR/sealing.ring` is sealed under key-encryption key 0b3ae096d83d422a, and the one given is 66be2bfacf7d96fc; give the one it is sealed under
    `DIR/sealing.ring` was altered or damaged, or is no fingerprint ring; restore it from a backup
    the key ring could not be read: `DIR/nothing` does not exist
    the key ring could not be written: `DIR/sealing.ring` exists already and is not overwritten; move it away first
    key cd23d24f714274e7 is the current one of the sealing ring; rotate first, then retire it
    no key 0707070707070707 is in the sealing ring
    no key was made: the source of randomness failed; no key, nonce or password was made
    `DIR/sealing.ring` has format version 2, which this version of Tenure does not know
    `DIR/sealing.ring` was changed by another process since it was read; start again to read it anew
    ");
}

#[test]
fn a_ring_written_by_another_process_is_not_overwritten() {
    let (_dir, path) = place();
    let mut one = create(real(), &path).unwrap();
    let mut other = reopen(real(), &path);
    rotate(&mut other, 6).unwrap();
    assert!(matches!(rotate(&mut one, 7), Err(RingRefused::ChangedMeanwhile { .. })));
    assert_eq!(ids(&reopen(real(), &path)), ids(&other));
    assert_eq!(ids(&one).len(), 1, "a refused rotation changed the ring in memory");
}

#[test]
fn a_full_ring_refuses_another_key_until_one_is_retired() {
    let (_dir, path) = place();
    let mut ring = create(real(), &path).unwrap();
    for seed in 1..KEYS_MAX {
        rotate(&mut ring, 100 + u64::try_from(seed).unwrap()).unwrap();
    }
    assert!(matches!(rotate(&mut ring, 7), Err(RingRefused::Full { .. })));
    let oldest = *ids(&ring).last().unwrap();
    ring.retire(oldest, &kek(1), &mut Counting::from(8)).unwrap();
    rotate(&mut ring, 7).unwrap();
    assert_eq!(reopen(real(), &path).keys().count(), KEYS_MAX);
}

#[test]
fn any_fault_at_any_step_of_a_rotation_leaves_a_ring_that_opens_and_can_go_on() {
    for fault in [Fault::Full, Fault::ReadOnly, Fault::SyncFails, Fault::Crash] {
        let mut refused_at = 0;
        for step in 0..8 {
            let (dir, path) = place();
            let disk = FaultyDisk::over(real());
            let mut ring = create(Arc::new(disk.clone()), &path).unwrap();
            let before = ids(&ring);
            disk.fail_after(step, fault);
            let outcome = rotate(&mut ring, 6);
            disk.heal();
            let on_disk = ids(&reopen(real(), &path));
            match &outcome {
                Ok(()) => assert_eq!((on_disk.len(), &on_disk), (2, &ids(&ring)), "{fault:?} at {step}"),
                Err(RingRefused::NotWritten(why)) if why.outcome_is_unknown() => {
                    assert_eq!((on_disk.len(), ids(&ring)), (2, before), "{fault:?} at {step}");
                }
                Err(_) => {
                    assert_eq!((&on_disk, ids(&ring)), (&before, before.clone()), "{fault:?} at {step}");
                }
            }
            refused_at += usize::from(outcome.is_err());
            rotate(&mut ring, 7).unwrap();
            assert_eq!(ids(&reopen(real(), &path)), ids(&ring), "{fault:?} at {step}: could not go on");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        }
        assert!(refused_at >= 3, "{fault:?} was hardly injected");
    }
}

#[test]
fn a_key_whose_retirement_could_not_be_written_still_works() {
    let (_dir, path) = place();
    let disk = FaultyDisk::over(real());
    let mut ring = create(Arc::new(disk.clone()), &path).unwrap();
    let first = ring.current().id;
    rotate(&mut ring, 6).unwrap();
    rotate(&mut ring, 7).unwrap();
    let before = ids(&ring);
    disk.fail_after(0, Fault::ReadOnly);
    assert!(matches!(
        ring.retire(first, &kek(1), &mut Counting::from(8)),
        Err(RingRefused::NotWritten(FileRefused::ReadOnly { .. }))
    ));
    assert_eq!((ids(&ring), ids(&reopen(real(), &path))), (before.clone(), before));
    disk.heal();
    ring.retire(first, &kek(1), &mut Counting::from(8)).unwrap();
    assert!(reopen(real(), &path).key(first).is_none());
}

#[test]
fn a_power_cut_during_a_rotation_loses_no_key() {
    let path = Path::new("/keys/sealing.ring");
    for survives in [Survives::Nothing, Survives::Names] {
        for step in 0..=8 {
            let power = PowerCutDisk::default();
            let disk = FaultyDisk::over(Arc::new(power.clone()));
            let mut ring = create(Arc::new(disk.clone()), path).unwrap();
            let first = ring.current().id;
            disk.fail_after(step, Fault::Crash);
            let outcome = rotate(&mut ring, 6);
            power.cut(survives);
            let after = reopen(Arc::new(power), path);
            assert!(after.key(first).is_some(), "cut after {step}, {survives:?}: the old key was lost");
            if outcome.is_ok() {
                assert_eq!(ids(&after), ids(&ring), "cut after {step}, {survives:?}: the new key was lost");
            }
        }
    }
}

#[test]
fn content_of_another_shape_is_no_ring() {
    let one_key = [&[0, 1, b'l', 1][..], &[9; 16], &[1; 16], &[2; 16]].concat();
    assert!(decode(&one_key).is_some());
    for wrong in [
        [&one_key[..], &[0]].concat(),
        one_key[..one_key.len() - 1].to_vec(),
        [&[0, 1, b'l', 0][..]].concat(),
        [&[0, 1, b'l', 2][..], &one_key[4..]].concat(),
        [&[0, 1, 0xff, 1][..], &one_key[4..]].concat(),
        [&[0xff, 0xff, b'l', 1][..], &one_key[4..]].concat(),
        [&[0, 1, b'l', 1][..], &[9; 16], &[0; 32]].concat(),
        vec![],
    ] {
        assert!(decode(&wrong).is_none(), "{wrong:?}");
    }
}
