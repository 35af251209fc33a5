//! Tests of all rings together: making, opening, and changing the key-encryption key.
//!
//! Whatever takes several files is stopped before each of its calls to the disk and then
//! done again: it must finish, with the keys it began with.

use super::{FINGERPRINT_RING, Keyring, LOG_RING, RINGS, RewrapReport, SEALING_RING};
use crate::disk::{Disk, RealDisk};
use crate::faults::{Fault, FaultyDisk};
use crate::fingerprint::{Comparison, FingerprintOf};
use crate::kek::Kek;
use crate::key::{KeyBytes, KeyId};
use crate::randomness::scripted::Counting;
use crate::ring::RingRefused;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tenure_model::{Instant, Secret};

const NOW: Instant = Instant::from_micros(1_795_262_458_000_000);
const NAME: &str = "tenure.example/log";

fn kek(seed: u64) -> Kek {
    Kek::from_key(KeyBytes::draw(&mut Counting::from(seed)).unwrap())
}

fn real() -> Arc<dyn Disk> {
    Arc::new(RealDisk)
}

fn create(disk: &Arc<dyn Disk>, dir: &Path, seed: u64) -> Result<Keyring, RingRefused> {
    Keyring::create(disk, dir, &kek(1), NAME, NOW, &mut Counting::from(seed))
}

fn ids(keyring: &Keyring) -> [KeyId; 3] {
    [keyring.sealer.current(), keyring.log.current(), keyring.fingerprints.current()]
}

#[test]
fn all_keys_come_back_from_their_directory() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    let made = create(&real(), &keys, 2).unwrap();
    let opened = Keyring::open(&real(), &keys, &kek(1)).unwrap();
    assert_eq!(ids(&made), ids(&opened));
    assert_eq!(opened.log.name(), NAME);
    assert_eq!(std::fs::metadata(&keys).unwrap().permissions().mode() & 0o7777, 0o700);
    for (_, name) in RINGS {
        assert_eq!(std::fs::metadata(keys.join(name)).unwrap().permissions().mode() & 0o7777, 0o600);
    }
}

#[test]
fn making_that_was_stopped_anywhere_is_finished_by_doing_it_again() {
    for step in 0..40 {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("keys");
        let faulty = FaultyDisk::over(real());
        let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
        faulty.fail_after(step, Fault::Crash);
        let first = create(&disk, &keys, 2);
        faulty.heal();
        let again = create(&disk, &keys, 3).unwrap();
        if let Ok(first) = first {
            assert_eq!(ids(&first), ids(&again), "stopped after {step}: keys were made twice");
        }
        assert_eq!(ids(&Keyring::open(&disk, &keys, &kek(1)).unwrap()), ids(&again));
    }
}

#[test]
fn a_lost_ring_is_an_error_and_is_not_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    create(&real(), &keys, 2).unwrap();
    for (_, name) in RINGS {
        let aside = dir.path().join("aside");
        std::fs::rename(keys.join(name), &aside).unwrap();
        assert!(matches!(Keyring::open(&real(), &keys, &kek(1)), Err(RingRefused::NotRead(_))), "{name}");
        assert!(!keys.join(name).exists());
        std::fs::rename(aside, keys.join(name)).unwrap();
    }
}

#[test]
fn one_ring_cannot_stand_in_for_another() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    create(&real(), &keys, 2).unwrap();
    std::fs::copy(keys.join(SEALING_RING), keys.join(FINGERPRINT_RING)).unwrap();
    assert!(matches!(Keyring::open(&real(), &keys, &kek(1)), Err(RingRefused::Altered { .. })));
}

#[test]
fn a_directory_that_others_can_enter_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    create(&real(), &keys, 2).unwrap();
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o711)).unwrap();
    assert!(Keyring::open(&real(), &keys, &kek(1)).is_err());
}

#[test]
fn a_new_key_encryption_key_takes_over_all_rings() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    let before = create(&real(), &keys, 2).unwrap();
    let secret = Secret::new(b"hunter2".to_vec());
    let sealed = before.sealer.seal(&secret, b"row", &mut Counting::from(3)).unwrap();
    let print = before.fingerprints.take(FingerprintOf::Value, &secret);

    let (after, report) = Keyring::rewrap(&real(), &keys, &kek(1), &kek(9), &mut Counting::from(4)).unwrap();
    let all = vec![SEALING_RING, LOG_RING, FINGERPRINT_RING];
    assert_eq!(report, RewrapReport { rewrapped: all.clone(), already_done: vec![] });
    assert_eq!(ids(&after), ids(&before));
    assert_eq!(after.sealer.open(&sealed, b"row").unwrap().expose(), b"hunter2");
    assert_eq!(after.fingerprints.check(&print, FingerprintOf::Value, &secret), Ok(Comparison::Same));
    assert!(matches!(Keyring::open(&real(), &keys, &kek(1)), Err(RingRefused::WrongKek { .. })));
    let (_, again) = Keyring::rewrap(&real(), &keys, &kek(1), &kek(9), &mut Counting::from(5)).unwrap();
    assert_eq!(again, RewrapReport { rewrapped: vec![], already_done: all });
}

#[test]
fn a_change_of_key_that_was_stopped_anywhere_is_finished_by_doing_it_again() {
    let mut stopped_between = 0;
    for step in 0..45 {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("keys");
        let before = create(&real(), &keys, 2).unwrap();
        let faulty = FaultyDisk::over(real());
        let disk: Arc<dyn Disk> = Arc::new(faulty.clone());
        faulty.fail_after(step, Fault::Crash);
        let _ = Keyring::rewrap(&disk, &keys, &kek(1), &kek(9), &mut Counting::from(4));
        faulty.heal();
        let (after, report) =
            Keyring::rewrap(&disk, &keys, &kek(1), &kek(9), &mut Counting::from(5)).unwrap();
        assert_eq!(ids(&after), ids(&before), "stopped after {step}");
        stopped_between += usize::from(!report.rewrapped.is_empty() && !report.already_done.is_empty());
    }
    assert!(stopped_between > 0, "no run was stopped between two rings");
}

#[test]
fn a_wrong_old_key_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    let before = create(&real(), &keys, 2).unwrap();
    let refused = Keyring::rewrap(&real(), &keys, &kek(5), &kek(9), &mut Counting::from(4)).unwrap_err();
    assert!(matches!(refused, RingRefused::WrongKek { .. }));
    assert_eq!(ids(&Keyring::open(&real(), &keys, &kek(1)).unwrap()), ids(&before));
}
