//! Homes that try to make a reading hang, climb out, grow without end, or say something untrue.
//!
//! Each test reads both ways, by the kernel and step by step. None of them may depend on how long something takes.

use crate::machine::Machine;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::Duration;
use tenure_connect_host::{Limits, Reading, Special, Spent, ThingKind, Unread, Way};

const HOME: &str = "home/mallory";
const EVE: &str = "home/eve";
const LINKED: &str = "home/linked";

fn why(reading: &Reading, place: &str) -> Option<Unread> {
    reading.not_read.iter().find(|not_read| not_read.place.to_string() == place).map(|not_read| not_read.why)
}

fn both_ways(machine: &Machine, limits: Limits) -> Reading {
    let reading = machine.read_with(limits, Way::Kernel);
    assert_eq!(reading, machine.read_with(limits, Way::Steps));
    reading
}

#[test]
fn pipes_sockets_and_directories_in_the_place_of_files_are_said_and_do_not_hang() {
    let machine = Machine::new(1);
    let ssh = machine.path(&format!("{HOME}/.ssh"));
    fs::create_dir_all(&ssh).unwrap();
    let made = std::process::Command::new("mkfifo").arg(ssh.join("authorized_keys")).status();
    assert!(made.unwrap().success());
    let _listens = UnixListener::bind(ssh.join("authorized_keys2")).unwrap();
    fs::create_dir_all(machine.path("etc/passwd")).unwrap();
    let reading = both_ways(&machine, Limits::default());
    let place = |name: &str| format!("/{HOME}/.ssh/{name}");
    assert_eq!(why(&reading, &place("authorized_keys")), Some(Unread::NotRegular(Special::Fifo)));
    assert_eq!(why(&reading, &place("authorized_keys2")), Some(Unread::NotRegular(Special::Socket)));
    assert_eq!(why(&reading, "/etc/passwd"), Some(Unread::NotRegular(Special::Directory)));
    assert!(reading.found.is_empty() && !reading.is_whole());
}

#[test]
fn links_are_never_followed_wherever_they_stand() {
    let mut machine = Machine::new(2);
    let outside = tempfile::tempdir().unwrap();
    let key = machine.draw.ssh_public_key();
    fs::create_dir_all(outside.path().join(".ssh")).unwrap();
    fs::write(outside.path().join(".ssh/authorized_keys"), format!("{key} outside\n")).unwrap();
    machine.put(&format!("{HOME}/.ssh/inside"), 0o600, format!("{key} inside\n"));
    symlink("inside", machine.path(&format!("{HOME}/.ssh/authorized_keys"))).unwrap();
    fs::create_dir_all(machine.path(EVE)).unwrap();
    symlink(outside.path().join(".ssh"), machine.path(&format!("{EVE}/.ssh"))).unwrap();
    symlink(outside.path(), machine.path(LINKED)).unwrap();
    symlink("..", machine.path(&format!("{HOME}/loop"))).unwrap();
    symlink(".", machine.path(&format!("{HOME}/self"))).unwrap();
    let reading = both_ways(&machine, Limits::default());
    assert!(reading.found.is_empty(), "{:#?}", reading.found);
    assert_eq!(why(&reading, &format!("/{HOME}/.ssh/authorized_keys")), Some(Unread::Link));
    assert_eq!(why(&reading, &format!("/{EVE}/.ssh/authorized_keys")), Some(Unread::Link));
    assert_eq!(why(&reading, &format!("/{LINKED}")), Some(Unread::Link));
}

#[test]
fn an_endless_file_is_not_read_and_its_size_is_said() {
    let machine = Machine::new(3);
    let ssh = machine.path(&format!("{HOME}/.ssh"));
    fs::create_dir_all(&ssh).unwrap();
    let bytes = 10_u64 << 40;
    let sparse = fs::File::create(ssh.join("authorized_keys")).unwrap();
    sparse.set_len(bytes).unwrap();
    let reading = both_ways(&machine, Limits::default());
    let refused = why(&reading, &format!("/{HOME}/.ssh/authorized_keys"));
    assert_eq!(refused, Some(Unread::TooLarge { bytes, bytes_max: 1 << 20 }));
    assert_eq!(reading.bytes_read, 0);
}

#[test]
fn names_that_would_break_a_report_are_written_out() {
    let mut machine = Machine::new(4);
    let key = machine.draw.openssh_private_key("none");
    let names = ["a\nb.pem", "\u{1b}[31mred.pem", "\u{202e}mep.x.pem", "<script>.pem"];
    for name in names {
        machine.put(&format!("{HOME}/{name}"), 0o600, &key);
    }
    let raw = [machine.path(HOME).as_os_str().as_bytes(), b"/\xff\xfe.pem"].concat();
    fs::write(std::ffi::OsStr::from_bytes(&raw), &key).unwrap();
    let reading = both_ways(&machine, Limits::default());
    // A name that is no text is not known by its ending, and is passed over.
    assert_eq!(reading.found.len(), names.len());
    for found in &reading.found {
        let shown = format!("{} {} {found:?}", found.description, found.place);
        assert!(!shown.contains(['\n', '\u{1b}', '\u{202e}']), "{shown}");
    }
}

#[test]
fn a_directory_of_a_hundred_thousand_files_is_bounded_by_counts() {
    let machine = Machine::in_memory(5);
    let many = machine.path(&format!("{HOME}/many"));
    fs::create_dir_all(&many).unwrap();
    for number in 0..100_000 {
        let name = if number % 50 == 0 { format!("{number}.pem") } else { format!("{number}.txt") };
        fs::File::create(many.join(name)).unwrap();
    }
    let whole = machine.read();
    assert_eq!((whole.ended_by, whole.entries_seen > 100_000), (None, true));
    assert_eq!(whole.files_opened, 2_000, "only files of a known name are opened");
    let limits = Limits { directory_entries_max: 1_000, ..Limits::default() };
    let short = machine.read_with(limits, Way::Kernel);
    assert_eq!(why(&short, &format!("/{HOME}/many")), Some(Unread::Limit(Spent::DirectoryEntries)));
    assert!(short.entries_seen < 1_500 && short.ended_by.is_none());
    let limits = Limits { entries_max: 500, ..Limits::default() };
    assert_eq!(machine.read_with(limits, Way::Kernel).ended_by, Some(Spent::Entries));
    let limits = Limits { files_max: 100, ..Limits::default() };
    let few = machine.read_with(limits, Way::Kernel);
    assert_eq!((few.ended_by, few.files_opened), (Some(Spent::Files), 100));
}

#[test]
fn a_deep_tree_ends_at_the_limit_of_depth() {
    let mut machine = Machine::new(6);
    let key = machine.draw.openssh_private_key("none");
    let deep = "d/".repeat(40);
    machine.put(&format!("{HOME}/{deep}deep.pem"), 0o600, &key);
    machine.put(&format!("{HOME}/d/d/near.pem"), 0o600, &key);
    let reading = both_ways(&machine, Limits::default());
    let places: Vec<_> = reading.found.iter().map(|found| found.place.to_string()).collect();
    assert_eq!(places, [format!("/{HOME}/d/d/near.pem")]);
    assert!(reading.not_read.iter().any(|not_read| not_read.why == Unread::Limit(Spent::Depth)));
}

#[test]
fn what_our_account_may_not_read_is_said() {
    let mut machine = Machine::new(7);
    let key = machine.draw.openssh_private_key("none");
    machine.put(&format!("{HOME}/.ssh/id_ed25519"), 0o000, key);
    let reading = both_ways(&machine, Limits::default());
    let refused = why(&reading, &format!("/{HOME}/.ssh/id_ed25519"));
    // The administrator's account reads everything.
    let found = reading.found.iter().any(|found| found.kind == ThingKind::SshPrivateKey);
    let may = rustix::process::geteuid().is_root();
    assert_eq!((found, refused), if may { (true, None) } else { (false, Some(Unread::NotPermitted)) });
}

#[test]
fn a_reading_ends_when_its_time_is_over() {
    let mut machine = Machine::new(8);
    machine.put("etc/passwd", 0o644, "root:x:0:0::/:/bin/sh\n");
    let limits = Limits { time_max: std::time::Duration::from_secs(1), ..Limits::default() };
    let asked = tenure_connect_host::Asked {
        root: machine.folder.path(),
        limits,
        fingerprint: &crate::machine::Digest,
        scanner: &crate::machine::SCANNER,
        elapsed: &|| std::time::Duration::from_secs(2),
        way: Way::Kernel,
    };
    let reading = tenure_connect_host::survey_root(&asked).unwrap();
    assert_eq!((reading.ended_by, reading.found.len()), (Some(Spent::Time), 0));
}

#[test]
fn an_access_time_stays_as_it_is() {
    use std::os::unix::fs::MetadataExt as _;
    let mut machine = Machine::new(9);
    machine.put("etc/passwd", 0o644, "root:x:0:0::/:/bin/sh\n");
    let path = machine.path("etc/passwd");
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000);
    let times = fs::FileTimes::new().set_accessed(long_ago).set_modified(long_ago);
    fs::File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
    assert_eq!(machine.read().found.len(), 1);
    if cfg!(target_os = "linux") {
        assert_eq!(fs::metadata(&path).unwrap().atime(), 1_000);
    }
}

/// What happens to a file between looking at it and opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Gone,
    Link,
    Other,
}

/// Reads a machine whose key file meets its fate when the clock is asked for the `at`th time, which is before each
/// file is opened.
fn read_with_fate(fate: Fate, way: Way, at: u32) -> Reading {
    let place = format!("{HOME}/.ssh/authorized_keys");
    let mut machine = Machine::new(10);
    let key = machine.draw.ssh_public_key();
    machine.put(&place, 0o600, format!("{key} first\n"));
    machine.put(&format!("{HOME}/other"), 0o600, format!("{key} other\n"));
    let (path, other) = (machine.path(&place), machine.path(&format!("{HOME}/other")));
    let asked_times = std::cell::Cell::new(0);
    let elapsed = || {
        asked_times.set(asked_times.get() + 1);
        match fate {
            _ if asked_times.get() != at => {}
            Fate::Gone => fs::remove_file(&path).unwrap(),
            Fate::Link => {
                fs::remove_file(&path).unwrap();
                symlink("../other", &path).unwrap();
            }
            Fate::Other => fs::rename(&other, &path).unwrap(),
        }
        std::time::Duration::ZERO
    };
    let asked = tenure_connect_host::Asked {
        root: machine.folder.path(),
        limits: Limits::default(),
        fingerprint: &crate::machine::Digest,
        scanner: &crate::machine::SCANNER,
        elapsed: &elapsed,
        way,
    };
    tenure_connect_host::survey_root(&asked).unwrap()
}

#[test]
fn what_happens_to_a_file_between_looking_and_opening_is_noticed() {
    for way in [Way::Kernel, Way::Steps] {
        for fate in [Fate::Gone, Fate::Link, Fate::Other] {
            let readings: Vec<Reading> = (1..8).map(|at| read_with_fate(fate, way, at)).collect();
            let place = format!("/{HOME}/.ssh/authorized_keys");
            let noticed = |reading: &Reading| match fate {
                Fate::Gone => reading.found.is_empty() && reading.not_read.is_empty(),
                Fate::Link => why(reading, &place) == Some(Unread::Link),
                Fate::Other => why(reading, &place) == Some(Unread::Replaced),
            };
            assert!(readings.iter().any(noticed), "{fate:?} {way:?}: {readings:#?}");
            for reading in &readings {
                let linked = reading.found.iter().any(|found| found.whose == "other");
                assert!(!linked || fate == Fate::Other, "{fate:?} {way:?}");
                assert_eq!(reading.ended_by, None);
            }
        }
    }
}

#[test]
fn a_home_full_of_files_does_not_hide_the_others() {
    let mut machine = Machine::new(13);
    let key = machine.draw.openssh_private_key("none");
    for number in 0..300 {
        machine.put(&format!("home/a/{number}.pem"), 0o600, "nothing");
    }
    machine.put("home/b/.ssh/id_ed25519", 0o600, &key);
    machine.put("home/b/lying.pem", 0o600, &key);
    let limits = Limits { home_entries_max: 200, ..Limits::default() };
    let reading = both_ways(&machine, limits);
    assert_eq!(
        (why(&reading, &format!("/{}", "home/a")), reading.found.len()),
        (Some(Unread::Limit(Spent::HomeEntries)), 2)
    );
    let limits = Limits { home_files_max: 50, ..Limits::default() };
    let reading = both_ways(&machine, limits);
    assert_eq!(
        (why(&reading, &format!("/{}", "home/a")), reading.found.len()),
        (Some(Unread::Limit(Spent::HomeFiles)), 2)
    );
    // Even when nothing is left for walking, the known places were read.
    let limits = Limits { entries_max: 290, ..Limits::default() };
    let reading = both_ways(&machine, limits);
    assert_eq!((reading.ended_by, reading.found.len()), (Some(Spent::Entries), 1));
}

#[test]
fn pseudo_file_systems_are_not_entered_unless_asked_for() {
    use tenure_connect_host::{Budget, FileSystems, Place, Root, list};
    if !cfg!(target_os = "linux") {
        return;
    }
    let limits = Limits::default();
    let budget = Budget::new(limits, &|| std::time::Duration::ZERO);
    let place = Place::parse(b"proc/self").unwrap();
    for way in [Way::Kernel, Way::Steps] {
        for (file_systems, refused) in
            [(FileSystems::OfRoot, true), (FileSystems::Local, true), (FileSystems::All, false)]
        {
            let root = Root::open_by(std::path::Path::new("/"), file_systems, way).unwrap();
            let place = if refused { place.clone() } else { Place::parse(b"proc/sys").unwrap() };
            let listed = list(&root, &place, &budget).map(|_| ());
            let expected = if refused { Err(Unread::OtherFileSystem) } else { Ok(()) };
            assert_eq!(listed, expected, "{file_systems:?} {way:?}");
        }
    }
}

#[test]
fn a_readable_file_in_a_closed_directory_is_not_readable_by_others() {
    use std::os::unix::fs::PermissionsExt as _;
    use tenure_connect_host::Problem;
    let mut machine = Machine::new(11);
    let token = machine.drawn("", 30);
    for home in ["open", "closed"] {
        machine.put(&format!("home/{home}/.vault-token"), 0o644, &token);
    }
    fs::set_permissions(machine.path("home/closed"), fs::Permissions::from_mode(0o700)).unwrap();
    let reading = both_ways(&machine, Limits::default());
    let exposed = |home: &str| {
        let found = reading.found.iter().find(|found| found.account.as_deref() == Some(home)).unwrap();
        found.problems.contains(&Problem::ReadableByOthers)
    };
    assert!(exposed("open") && !exposed("closed"));
    // One value in two places has one fingerprint.
    assert_eq!(reading.found[0].mark, reading.found[1].mark);
    assert!(reading.found[0].mark.is_some());
}

#[test]
fn a_secret_in_a_comment_or_a_name_is_withheld() {
    let mut machine = Machine::new(12);
    let key = machine.draw.ssh_public_key();
    let tokens: Vec<String> = (0..5).map(|_| machine.draw.checked("ghp_")).collect();
    machine.put("etc/passwd", 0o644, format!("etl:x:998:998:{}:/srv/etl:/bin/{}\n", tokens[0], tokens[1]));
    machine.put(&format!("{HOME}/.ssh/authorized_keys"), 0o600, format!("{key} {}\n", tokens[2]));
    let server =
        format!(r#"{{"mcpServers": {{"{}": {{"command": "npx", "args": ["{}"]}}}}}}"#, tokens[3], tokens[4]);
    machine.put(&format!("{HOME}/.cursor/mcp.json"), 0o600, server);
    let reading = both_ways(&machine, Limits::default());
    assert!(reading.found.len() >= 4);
    let shown = format!("{reading:?}");
    assert!(tokens.iter().all(|token| !shown.contains(token.as_str())), "{shown}");
    assert!(shown.contains("withheld, looks like: GitHub personal access token"));
}

#[test]
fn of_a_file_that_is_full_of_secrets_some_are_taken_and_that_is_said_once() {
    let file = |from: usize, many: usize| {
        (from..from + many).fold(String::new(), |mut text, number| {
            let _ = writeln!(text, "A_TOKEN=Kx7Pq9zUv3Wb{number:08}");
            text
        })
    };
    let mut machine = Machine::new(21);
    machine.put(&format!("{HOME}/full/.env"), 0o600, file(0, 3_000));
    machine.put(&format!("{HOME}/just/.env"), 0o600, file(3_000, 1_000));
    let reading = both_ways(&machine, Limits::default());
    let of = |folder: &str| {
        let place = format!("/{HOME}/{folder}/.env");
        let found = reading.found.iter().filter(|found| found.place.to_string() == place).count();
        let said = reading.not_read.iter().filter(|unread| unread.place.to_string() == place).count();
        (found, said, why(&reading, &place))
    };
    assert_eq!(of("full"), (1_000, 1, Some(Unread::Limit(Spent::FileSecrets))));
    assert_eq!(of("just"), (1_000, 0, None));
    assert_eq!(reading.ended_by, None, "the rest of the machine is read");
}

/// Reads with a clock that is over from the question with this number on, and says how often it was asked.
fn with_time_for(machine: &Machine, questions: u64) -> (Reading, u64) {
    let asked = std::cell::Cell::new(0);
    let elapsed = || {
        asked.set(asked.get() + 1);
        if asked.get() > questions { Duration::MAX } else { Duration::ZERO }
    };
    let asked_for = tenure_connect_host::Asked {
        root: machine.folder.path(),
        limits: Limits::default(),
        fingerprint: &crate::machine::Digest,
        scanner: &crate::machine::SCANNER,
        elapsed: &elapsed,
        way: Way::Kernel,
    };
    let reading = tenure_connect_host::survey_root(&asked_for).unwrap();
    (reading, asked.get())
}

#[test]
fn whatever_a_reading_is_at_when_its_time_is_over_it_ends_and_says_so() {
    let mut machine = Machine::new(22);
    let variables = (0..20).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "A_TOKEN_{number}=Kx7Pq9zUv3Wb{number:08}");
        text
    });
    let rules = "**/*a*a*a*b @shop/team\n".repeat(30);
    machine.put("etc/passwd", 0o644, format!("mallory:x:1001:1001::/{HOME}:/bin/sh\n"));
    machine.put(&format!("{HOME}/shop/.git/config"), 0o644, "[core]\n");
    machine.put(&format!("{HOME}/shop/CODEOWNERS"), 0o644, rules);
    machine.put(&format!("{HOME}/shop/.env"), 0o600, variables);
    let (whole, questions) = with_time_for(&machine, u64::MAX);
    assert_eq!((whole.ended_by, whole.found.len()), (None, 21));
    // Each thing is asked for when it is kept, and each line of CODEOWNERS for each thing.
    assert!(questions > 20 + 20 * 30, "{questions}");
    for time_for in 0..questions {
        let (reading, asked) = with_time_for(&machine, time_for);
        assert_eq!(reading.ended_by, Some(Spent::Time), "after {time_for} of {questions}");
        assert!(asked <= time_for + 2, "{asked} questions, {time_for} of them in time");
    }
}
