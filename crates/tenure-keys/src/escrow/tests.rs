//! Tests of the escrow: order of writing, destruction, faults, hostile ids, orphans.
//!
//! Each runs on a real directory behind a disk that can be told to fail; the power cut runs
//! on the model in `faults/power_cut.rs`. A new step in `escrow.rs` belongs in the tables.

use super::{Destruction, Escrow, EscrowRefused, SealedValue};
use crate::disk::{Disk, RealDisk};
use crate::envelope;
use crate::faults::{Fault, FaultyDisk, PowerCutDisk, Survives};
use crate::kek::Kek;
use crate::key::KeyBytes;
use crate::randomness::scripted::{Broken, Counting};
use crate::seal::Sealer;
use std::error::Error as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tenure_model::{Instant, Secret};

const NOW: Instant = Instant::from_micros(1_795_262_458_000_000);
const ID: &str = "01990f3e-0000-7000-8000-00000000abcd";
const OTHER: &str = "01990f3e-0000-7000-8000-00000000abce";

fn kek() -> Kek {
    Kek::from_key(KeyBytes::draw(&mut Counting::from(1)).unwrap())
}

fn sealer(path: &Path) -> Sealer {
    let ring = path.join("sealing.ring");
    Sealer::create(Arc::new(RealDisk), &ring, &kek(), NOW, &mut Counting::from(2)).unwrap()
}

fn value(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// A directory with a sealing ring and an escrow on a disk that can fail.
struct Bench {
    dir: tempfile::TempDir,
    disk: FaultyDisk,
    sealer: Sealer,
    escrow: Escrow,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::over(Arc::new(RealDisk));
        let sealer = sealer(dir.path());
        let escrow = Escrow::open(Arc::new(disk.clone()), &dir.path().join("escrow")).unwrap();
        Self { dir, disk, sealer, escrow }
    }

    fn keep(&self, id: &str, text: &str, seed: u64) -> Result<SealedValue, EscrowRefused> {
        self.escrow.keep(id, &value(text), &self.sealer, &mut Counting::from(seed))
    }

    fn reveal(&self, id: &str, sealed: &SealedValue) -> Result<String, EscrowRefused> {
        self.escrow.reveal(id, sealed, &self.sealer).map(|opened| opened.expose().clone())
    }

    fn key_file(&self, id: &str) -> std::path::PathBuf {
        self.dir.path().join("escrow").join(format!("{id}.key"))
    }

    fn said(&self, refused: &EscrowRefused) -> String {
        let cause = refused.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{refused}{cause}").replace(&self.dir.path().display().to_string(), "DIR")
    }
}

#[test]
fn a_kept_value_is_revealed_until_its_key_is_destroyed() {
    let bench = Bench::new();
    let sealed = bench.keep(ID, "hunter2", 3).unwrap();
    assert_eq!(bench.reveal(ID, &sealed).unwrap(), "hunter2");
    assert_eq!(bench.escrow.list().unwrap(), [ID]);
    assert_eq!(std::fs::metadata(bench.key_file(ID)).unwrap().permissions().mode() & 0o7777, 0o600);

    assert_eq!(bench.escrow.destroy(ID).unwrap(), Destruction::Overwritten);
    assert!(!bench.key_file(ID).exists());
    assert!(matches!(bench.reveal(ID, &sealed), Err(EscrowRefused::DataKeyGone { .. })));
    assert_eq!(bench.escrow.destroy(ID).unwrap(), Destruction::NotThere);
    assert!(bench.escrow.list().unwrap().is_empty());
}

#[test]
fn the_key_is_durable_before_keep_returns_and_zeroed_before_it_is_removed() {
    let bench = Bench::new();
    bench.disk.clear_trace();
    bench.keep(ID, "hunter2", 3).unwrap();
    bench.escrow.destroy(ID).unwrap();
    insta::assert_snapshot!(bench.disk.trace().join("\n").replace(ID, "ID"), @r"
    remove .ID.key.new
    create .ID.key.new
    write .ID.key.new
    sync .ID.key.new
    link ID.key
    remove .ID.key.new
    sync directory escrow
    look at ID.key
    open ID.key
    write ID.key
    sync ID.key
    remove ID.key
    sync directory escrow
    ");
}

#[test]
fn what_is_overwritten_is_really_the_file() {
    let bench = Bench::new();
    bench.keep(ID, "hunter2", 3).unwrap();
    let second_name = bench.dir.path().join("second-name");
    std::fs::hard_link(bench.key_file(ID), &second_name).unwrap();
    let before = std::fs::read(&second_name).unwrap();
    bench.escrow.destroy(ID).unwrap();
    assert_eq!(std::fs::read(&second_name).unwrap(), vec![0; before.len()]);
}

#[test]
fn either_key_alone_opens_nothing() {
    let bench = Bench::new();
    let sealed = bench.keep(ID, "hunter2", 3).unwrap();
    let data_key = KeyBytes::from_bytes(&std::fs::read(bench.key_file(ID)).unwrap()[1..]).unwrap();
    let inner =
        envelope::open(&data_key, super::data_key_id(&data_key), &super::binding(ID), sealed.as_bytes())
            .unwrap();
    assert_eq!(envelope::key_of(inner.expose()), Ok(bench.sealer.current()), "the data key alone opened it");
    assert_ne!(envelope::key_of(sealed.as_bytes()), Ok(bench.sealer.current()), "the ring alone opened it");
}

#[test]
fn a_second_value_never_takes_the_place_of_the_first() {
    let bench = Bench::new();
    let sealed = bench.keep(ID, "hunter2", 3).unwrap();
    assert!(matches!(bench.keep(ID, "other", 4), Err(EscrowRefused::AlreadyKept { .. })));
    assert_eq!(bench.reveal(ID, &sealed).unwrap(), "hunter2");
    let other = bench.keep(OTHER, "other", 5).unwrap();
    assert!(matches!(bench.reveal(ID, &other), Err(EscrowRefused::Altered { .. })));
}

#[test]
fn every_changed_byte_of_value_or_key_is_refused() {
    let bench = Bench::new();
    let sealed = bench.keep(ID, "hunter2", 3).unwrap();
    for place in 0..sealed.as_bytes().len() {
        let mut changed = sealed.as_bytes().to_vec();
        changed[place] ^= 0x01;
        assert!(bench.reveal(ID, &SealedValue::from_bytes(changed)).is_err(), "byte {place} of the value");
    }
    let written = std::fs::read(bench.key_file(ID)).unwrap();
    for place in 0..written.len() {
        let mut changed = written.clone();
        changed[place] ^= 0x01;
        std::fs::write(bench.key_file(ID), changed).unwrap();
        assert!(bench.reveal(ID, &sealed).is_err(), "byte {place} of the key");
    }
    std::fs::write(bench.key_file(ID), &written[..10]).unwrap();
    assert!(matches!(bench.reveal(ID, &sealed), Err(EscrowRefused::Altered { .. })));
}

#[test]
fn hostile_ids_reach_no_file() {
    let bench = Bench::new();
    let upper = ID.to_uppercase();
    let compact = ID.replace('-', "");
    let zero = ID.replace('d', "\0");
    for id in [
        "",
        ".",
        "../../etc/passwd",
        "/etc/passwd",
        &upper,
        &compact,
        &zero,
        "01990f3e-0000-7000-8000-00000000abc/",
        "01990f3e-0000-7000-8000-00000000abcde",
        "01990f3e-0000-7000-8000-0000000é0ab",
    ] {
        bench.disk.clear_trace();
        assert!(matches!(bench.keep(id, "x", 3), Err(EscrowRefused::NotAnId { .. })), "{id:?}");
        assert!(matches!(bench.escrow.destroy(id), Err(EscrowRefused::NotAnId { .. })), "{id:?}");
        let sealed = SealedValue::from_bytes(vec![1; 100]);
        assert!(matches!(bench.reveal(id, &sealed), Err(EscrowRefused::NotAnId { .. })), "{id:?}");
        assert!(bench.disk.trace().is_empty(), "{id:?} touched the disk");
    }
    let refused = bench.escrow.destroy("../\u{202e}x\n").unwrap_err();
    insta::assert_snapshot!(refused, @r"`../\u{202e}x\n` cannot name an escrowed value; expected a UUID in lower case with hyphens");
}

#[test]
fn any_fault_at_any_step_of_keeping_keeps_nothing_that_is_not_whole() {
    for fault in [Fault::Full, Fault::ReadOnly, Fault::SyncFails, Fault::Crash] {
        let mut refused_at = 0;
        for step in 0..7 {
            let bench = Bench::new();
            bench.disk.fail_after(step, fault);
            let outcome = bench.keep(ID, "hunter2", 3);
            bench.disk.heal();
            if let Ok(sealed) = &outcome {
                assert_eq!(bench.reveal(ID, sealed).unwrap(), "hunter2", "{fault:?} at {step}");
                continue;
            }
            refused_at += 1;
            let left = bench.escrow.list().unwrap();
            assert!(left.is_empty() || left == [ID], "{fault:?} at {step}");
            bench.escrow.destroy(ID).unwrap();
            let sealed = bench.keep(ID, "again", 4).unwrap();
            assert_eq!(bench.reveal(ID, &sealed).unwrap(), "again", "{fault:?} at {step}: could not go on");
        }
        assert!(refused_at >= 3, "{fault:?} was hardly injected");
    }
}

#[test]
fn any_fault_at_any_step_of_destroying_is_told_and_can_be_gone_over_again() {
    let mut table = Vec::new();
    for fault in [Fault::Full, Fault::ReadOnly, Fault::SyncFails, Fault::Crash] {
        let mut row = vec![format!("{fault:?}:")];
        for step in 0..7 {
            let bench = Bench::new();
            bench.keep(ID, "hunter2", 3).unwrap();
            bench.disk.fail_after(step, fault);
            let outcome = bench.escrow.destroy(ID);
            bench.disk.heal();
            let there = bench.key_file(ID).exists();
            assert!(outcome.is_err() || !there, "{fault:?} at {step}: said destroyed, and the key is there");
            row.push(outcome.map_or_else(
                |_| if there { "not done".to_owned() } else { "not durable".to_owned() },
                |said| format!("{said:?}"),
            ));
            bench.escrow.destroy(ID).unwrap();
            assert!(!bench.key_file(ID).exists());
        }
        table.push(row.join(" | "));
    }
    insta::assert_snapshot!(table.join("\n"), @r"
    Full: | Overwritten | Overwritten | Overwritten | Overwritten | Overwritten | Overwritten | Overwritten
    ReadOnly: | not done | not done | not done | not done | not done | Overwritten | Overwritten
    SyncFails: | not durable | not durable | not durable | not durable | not durable | not durable | Overwritten
    Crash: | not done | not done | not done | not done | not done | not durable | Overwritten
    ");
}

#[test]
fn a_key_that_could_not_be_overwritten_is_removed_and_that_is_told() {
    let bench = Bench::new();
    bench.keep(ID, "hunter2", 3).unwrap();
    // Somebody moved the key and left a symbolic link, which is never written through.
    let elsewhere = bench.dir.path().join("elsewhere");
    std::fs::rename(bench.key_file(ID), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, bench.key_file(ID)).unwrap();
    let before = std::fs::read(&elsewhere).unwrap();
    assert_eq!(bench.escrow.destroy(ID).unwrap(), Destruction::RemovedOnly);
    assert!(!bench.key_file(ID).is_symlink());
    assert_eq!(std::fs::read(&elsewhere).unwrap(), before);
}

#[test]
fn a_key_zeroed_but_not_removed_is_gone_and_is_still_listed() {
    let bench = Bench::new();
    let sealed = bench.keep(ID, "hunter2", 3).unwrap();
    bench.disk.fail_after(4, Fault::Crash);
    assert!(bench.escrow.destroy(ID).is_err());
    bench.disk.heal();
    assert!(matches!(bench.reveal(ID, &sealed), Err(EscrowRefused::DataKeyGone { .. })));
    assert_eq!(bench.escrow.list().unwrap(), [ID]);
    assert_eq!(bench.escrow.destroy(ID).unwrap(), Destruction::Overwritten);
}

#[test]
fn a_key_survives_a_power_cut_after_keep_and_none_survives_one_after_destroy() {
    let dir = tempfile::tempdir().unwrap();
    let sealer = sealer(dir.path());
    for survives in [Survives::Nothing, Survives::Names] {
        let power = PowerCutDisk::default();
        let directory = Path::new("/escrow");
        // The model has no directories of its own; a first file makes this one.
        crate::files::write_new_private(&power, &directory.join("CACHEDIR.TAG"), b"tag").unwrap();
        let escrow = Escrow::open(Arc::new(power.clone()), directory).unwrap();
        let sealed = escrow.keep(ID, &value("hunter2"), &sealer, &mut Counting::from(3)).unwrap();
        power.cut(survives);
        assert_eq!(escrow.reveal(ID, &sealed, &sealer).unwrap().expose(), "hunter2");
        escrow.destroy(ID).unwrap();
        power.cut(survives);
        assert!(escrow.list().unwrap().is_empty(), "{survives:?}: a destroyed key came back");
    }
}

#[test]
fn opening_sweeps_the_leftovers_of_a_crash_without_harming_a_kept_key() {
    let bench = Bench::new();
    let sealed = bench.keep(ID, "hunter2", 3).unwrap();
    let directory = bench.dir.path().join("escrow");
    // Stopped after giving the file its name and before removing the temporary one.
    let linked = directory.join(format!(".{ID}.key.new"));
    std::fs::hard_link(bench.key_file(ID), &linked).unwrap();
    std::fs::write(directory.join("notes.txt"), "not ours").unwrap();
    Escrow::open(Arc::new(RealDisk), &directory).unwrap();
    assert!(!linked.exists());
    assert_eq!(bench.reveal(ID, &sealed).unwrap(), "hunter2");
    assert_eq!(bench.escrow.list().unwrap(), [ID]);
    assert!(directory.join("notes.txt").exists());
}

#[test]
fn backup_programs_are_told_to_leave_the_directory_out() {
    let bench = Bench::new();
    let tag = std::fs::read(bench.dir.path().join("escrow/CACHEDIR.TAG")).unwrap();
    assert!(tag.starts_with(b"Signature: 8a477f597d28d172789f06886806bc55\n"));
}

#[test]
fn a_directory_that_others_can_enter_is_refused() {
    let bench = Bench::new();
    let directory = bench.dir.path().join("escrow");
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    let refused = Escrow::open(Arc::new(RealDisk), &directory).unwrap_err();
    insta::assert_snapshot!(bench.said(&refused), @"the escrow directory cannot be used: `DIR/escrow` is open to others than its owner (mode 0755); run `chmod 700 DIR/escrow`, and replace the keys in it if somebody may have read them");
}

#[test]
fn a_kept_value_moves_to_a_new_sealing_key_and_keeps_its_data_key() {
    let mut bench = Bench::new();
    let sealed = bench.keep(ID, "hunter2", 3).unwrap();
    let old = bench.sealer.current();
    let mut randomness = Counting::from(9);
    assert_eq!(bench.escrow.reseal(ID, &sealed, &bench.sealer, &mut randomness).unwrap(), None);
    bench.sealer.rotate(NOW, &kek(), &mut randomness).unwrap();
    let moved = bench.escrow.reseal(ID, &sealed, &bench.sealer, &mut randomness).unwrap().unwrap();
    bench.sealer.retire(old, &kek(), &mut randomness).unwrap();
    assert_eq!(bench.reveal(ID, &moved).unwrap(), "hunter2");
    let refused = bench.reveal(ID, &sealed).unwrap_err();
    assert!(matches!(refused, EscrowRefused::Seal { .. }), "{refused}");
    bench.escrow.destroy(ID).unwrap();
    assert!(matches!(bench.reveal(ID, &moved), Err(EscrowRefused::DataKeyGone { .. })));
}

#[test]
fn without_randomness_nothing_is_kept() {
    let bench = Bench::new();
    let refused = bench.escrow.keep(ID, &value("hunter2"), &bench.sealer, &mut Broken).unwrap_err();
    assert!(matches!(refused, EscrowRefused::NoRandomness(_)));
    assert!(bench.escrow.list().unwrap().is_empty());
    let _: &dyn Disk = &bench.disk;
}
