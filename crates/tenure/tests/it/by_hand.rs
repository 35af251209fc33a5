//! The last resort: nothing can be written down, and something has to end all the same.
//!
//! The disk is a small one of its own. What the program prints is run as it is printed, by somebody
//! who may, and the server itself says whether it worked. Next: `small_disk.rs`.

use crate::{
    live::{login, started},
    program::{Place, normalised},
    small_disk::SmallDisk,
};
use tenure_testbed::{Postgres, needs};

/// A deployment on a small disk, with a source that was read, and a server that runs.
fn surveyed_on(disk: &SmallDisk, postgres: &Postgres) -> (Place, crate::program::Background) {
    let mut place = Place::new();
    place.data = disk.path().join("data");
    place.private_file("pw", postgres.password());
    let mut up = place.begin(&["up", "--listen", "none"]);
    up.until("Next: ");
    let url = postgres.url("postgres");
    place.done(&["source", "add", "pg", &url, "--password-file", "pw", "--option", "lag-seconds=0"]);
    place.done(&["survey"]);
    (place, up)
}

/// Takes every byte, those of the reserve too, until the deployment itself says that it cannot write.
fn use_up(disk: &SmallDisk, place: &Place) {
    disk.fill();
    std::fs::write(place.data.join("reserve"), b"").unwrap();
    disk.fill();
    let is_full = |number: usize| {
        let ran = place.run(&["people", "add", &format!("person-{number}"), "--role", "auditor"]);
        ran.err.contains("the disk is full")
    };
    assert!((0..1_000).any(is_full), "the disk never filled");
}

const REVOKE: [&str; 6] = ["revoke", "pg/reporting", "--reason", "leaked", "--yes", "reporting"];

fn lets_in(postgres: &Postgres) -> bool {
    postgres.sql_as("reporting", "secret-of-a-role", "postgres", "SELECT 1").is_ok()
}

#[test]
fn on_a_full_disk_a_revocation_from_the_beginning_works_from_the_reserve() {
    needs!(postgres);
    let Some(disk) = SmallDisk::of("24m") else { return };
    let postgres = started();
    login(&postgres, "reporting");
    let (place, up) = surveyed_on(&disk, &postgres);
    disk.fill();
    let ended = place.done(&REVOKE);
    assert!(ended.out.contains("P4 proved in "), "{ended:?}");
    assert!(!lets_in(&postgres));
    up.stop().ended(0);
}

#[test]
fn when_nothing_can_be_written_the_failure_names_the_commands_and_they_end_it() {
    needs!(postgres);
    let Some(disk) = SmallDisk::of("24m") else { return };
    let postgres = started();
    login(&postgres, "reporting");
    let (place, up) = surveyed_on(&disk, &postgres);
    use_up(&disk, &place);
    let handle = place.done(&["show", "pg/reporting", "--json"]).json()["identity"]["handle"].clone();
    let refused = place.run(&REVOKE).ended(1);
    insta::assert_snapshot!(normalised(&refused.err, &place).replace(handle.as_str().unwrap(), "[HANDLE]"), @r"
        Not done: no plan to revoke `pg/reporting` was made
          why:  the disk is full; nothing was written. Free some space, then try again
          next: if it cannot wait until that is mended: `tenure revoke [HANDLE] --by-hand` prints the system's own commands
        ");
    assert!(lets_in(&postgres), "nothing was done");
    let shown = place.done(&["revoke", "pg/reporting", "--by-hand"]);
    insta::assert_snapshot!("the_commands_by_hand", shown.out);
    let document = place.done(&["revoke", "pg/reporting", "--by-hand", "--json"]).json();
    assert_eq!(document["recorded"], false);
    let commands = place.done(&["revoke", "pg/reporting", "--by-hand", "--quiet"]).out;
    assert_eq!(commands.lines().count(), 2, "only the commands: {commands}");
    assert!(lets_in(&postgres), "printing is not doing");
    postgres.sql("postgres", &commands).unwrap();
    assert!(!lets_in(&postgres));
    up.stop();
}

#[test]
fn without_a_server_and_without_a_byte_the_commands_are_still_printed() {
    needs!(postgres);
    let Some(disk) = SmallDisk::of("24m") else { return };
    let postgres = started();
    login(&postgres, "reporting");
    let (place, up) = surveyed_on(&disk, &postgres);
    use_up(&disk, &place);
    up.kill();
    std::fs::write(place.data.join("reserve"), b"").unwrap();
    disk.fill();
    let shown = place.done(&["revoke", "pg/reporting", "--by-hand"]);
    assert!(shown.out.contains("ALTER ROLE \"reporting\" NOLOGIN"), "{shown:?}");
    assert!(lets_in(&postgres));
}

#[test]
fn on_a_read_only_disk_a_revocation_points_to_the_commands_and_they_are_printed() {
    needs!(postgres);
    let Some(disk) = SmallDisk::of("24m") else { return };
    let postgres = started();
    login(&postgres, "reporting");
    let (place, up) = surveyed_on(&disk, &postgres);
    up.stop().ended(0);
    disk.make_read_only();
    let refused = place.run(&REVOKE).ended(1);
    assert!(refused.err.contains("tenure revoke NAME --by-hand"), "{refused:?}");
    let shown = place.done(&["revoke", "pg/reporting", "--by-hand"]);
    assert!(shown.out.contains("ALTER ROLE \"reporting\" NOLOGIN"), "{shown:?}");
    let unknown = place.run(&["revoke", "pg/nobody", "--by-hand"]).ended(1);
    assert!(unknown.err.contains("there is no identity `pg/nobody`"), "{unknown:?}");
}

/// Puts a folder where a file stood that somebody else goes on replacing.
fn put_in_the_way(path: &std::path::Path) {
    let folder = path.with_extension("folder");
    std::fs::create_dir_all(folder.join("in-the-way")).unwrap();
    // Between the two the file may be there again: a folder never takes a file's name.
    let taken = |_| {
        let _ = std::fs::remove_file(path);
        std::fs::rename(&folder, path).is_ok()
    };
    assert!((0..1_000).any(taken), "{} could not be taken", path.display());
}

/// The checkpoint beside the database cannot be replaced, so Tenure stops writing in the middle of a plan.
#[test]
fn a_plan_that_stands_still_because_nothing_can_be_written_names_the_commands_too() {
    needs!(postgres);
    let postgres = started();
    login(&postgres, "reporting");
    let place = Place::new();
    place.private_file("pw", postgres.password());
    let mut up = place.begin(&["up", "--listen", "none"]);
    up.until("Next: ");
    let url = postgres.url("postgres");
    place.done(&["source", "add", "pg", &url, "--password-file", "pw", "--option", "lag-seconds=60"]);
    place.done(&["survey"]);
    let pending = place.run(&[&REVOKE[..], &["--wait", "0"]].concat()).ended(4);
    assert!(pending.out.contains("It goes on by itself; see: tenure proof "), "{pending:?}");
    let handle = place.done(&["plans", "--quiet"]).out.trim().to_owned();
    put_in_the_way(&place.data.join("checkpoint"));
    let stopped = |number: usize| {
        let ran = place.run(&["people", "add", &format!("person-{number}"), "--role", "auditor"]);
        ran.err.contains("Tenure stopped writing")
    };
    assert!((0..1_000).any(stopped), "it never stopped");
    let stands = place.run(&["apply", &handle, "--wait", "0"]).ended(4);
    assert!(stands.out.contains("Tenure cannot write at the moment"), "{stands:?}");
    assert!(stands.out.contains("tenure revoke pg/reporting --by-hand"), "{stands:?}");
    up.kill();
}
