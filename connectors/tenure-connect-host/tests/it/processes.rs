//! Environments of processes: read only when asked for, and what is said of them; on a machine whose `proc` is planted.
//!
//! A process of the planted machine is a folder with its environment, its control group and who started it; no test here
//! may depend on the processes of the machine it runs on. Next: `src/processes.rs`, whose own tests read a child.

use crate::machine::Machine;
use crate::surveyed::{Recorder, source_with};
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use tenure_model::{Completeness, Fact, Instant, Observation, ObservedCredential};

fn survey(machine: &Machine, processes: Option<&str>) -> Recorder {
    let options = processes.map(|given| ("processes".to_owned(), given.to_owned()));
    let mut recorder = Recorder::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let source = source_with(machine, options.into_iter().collect::<BTreeMap<_, _>>());
    runtime.block_on(source.observe(Instant::from_micros(0), &mut recorder)).unwrap();
    recorder
}

fn process(machine: &mut Machine, pid: u32, environment: &str, group: &str, program: &str) {
    machine.put(&format!("proc/{pid}/environ"), 0o400, environment.replace(' ', "\0"));
    machine.put(&format!("proc/{pid}/cgroup"), 0o444, format!("0::{group}\n"));
    symlink(program, machine.path(&format!("proc/{pid}/exe"))).unwrap();
}

/// Who started a process.
fn started_by(machine: &mut Machine, pid: u32, uid: u32) {
    machine.put(
        &format!("proc/{pid}/status"),
        0o444,
        format!("Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"),
    );
}

/// Two processes of one service with one secret, one of a person, and look-alikes.
fn machine() -> Machine {
    let mut machine = Machine::new(31);
    machine.put("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/bash\netl:x:998:998::/srv/etl:/bin/sh\n");
    let (shared, own) = (machine.drawn("", 30), machine.drawn("", 30));
    let of_service = format!("PATH=/bin SHOP_TOKEN={shared} SHOP_TOKEN_FILE=/run/x LANG=C");
    process(&mut machine, 201, &of_service, "/system.slice/shop.service", "/usr/bin/shop");
    process(&mut machine, 199, &of_service, "/system.slice/shop.service", "/usr/bin/shop");
    let of_person = format!("HOME=/srv/etl API_KEY={own} EDITOR=vi");
    process(
        &mut machine,
        77,
        &of_person,
        "/user.slice/user-998.slice/session-1.scope",
        "/usr/bin/node (deleted)",
    );
    process(&mut machine, 78, "SECRET=changeme TOKEN=${X} PASSWORD_FILE=/x", "/", "/usr/bin/looks-alike");
    process(&mut machine, 79, "", "/", "kernel thread");
    for (pid, uid) in [(201, 0), (199, 0), (77, 998)] {
        started_by(&mut machine, pid, uid);
    }
    machine.put("proc/self-made/environ", 0o400, of_person);
    machine
}

#[test]
fn environments_are_read_only_where_the_option_asks_for_it() {
    let machine = machine();
    let processes = |given: Option<&str>| {
        let seen = survey(&machine, given);
        seen.seen.iter().any(|(extent, _)| extent == "processes") || seen.ended.contains_key("processes")
    };
    assert!(!processes(None) && !processes(Some("no")) && processes(Some("yes")));
}

#[test]
fn a_secret_is_at_its_unit_or_program_however_many_processes_hold_it() {
    let machine = machine();
    let seen = survey(&machine, Some("yes"));
    let mut places: Vec<&str> = seen
        .seen
        .iter()
        .filter_map(|(extent, seen)| match seen {
            Observation::Sighting(copy) if extent == "processes" => Some(copy.place.as_str()),
            _ => None,
        })
        .collect();
    places.sort_unstable();
    assert_eq!(
        places,
        ["process:etl:/usr/bin/node/API_KEY", "process:root:/system.slice/shop.service/SHOP_TOKEN"]
    );
    let credential = seen.credential_of("process:root:/system.slice/shop.service/SHOP_TOKEN");
    assert_eq!(credential.facts.get("processes"), Some(&Fact::Number(2)));
    assert!(credential.fingerprint.is_some());
    assert_eq!(seen.ended.get("processes"), Some(&Completeness::Whole));
    assert_eq!(
        seen.ephemeral.iter().collect::<Vec<_>>(),
        ["processes"],
        "they come and go, and nothing else does"
    );
    let sent = format!("{:?} {:?} {:?}", seen.seen, seen.notes, seen.ended);
    assert!(machine.secrets.iter().all(|secret| !sent.contains(secret.as_str())));
    for other in ["EDITOR", "LANG", "/run/x", "201", "199"] {
        assert!(!sent.contains(&format!("{other}\"")), "`{other}` of an environment was kept");
    }
}

#[test]
fn numbers_that_changed_change_nothing() {
    let before = survey(&machine(), Some("yes"));
    let mut machine = machine();
    for (pid, other) in [("201", "9201"), ("199", "9199"), ("77", "9077")] {
        std::fs::rename(machine.path(&format!("proc/{pid}")), machine.path(&format!("proc/{other}")))
            .unwrap();
    }
    let after = survey(&machine, Some("yes"));
    let of_processes = |seen: &Recorder| {
        let all = seen.seen.iter().filter(|(extent, _)| extent == "processes");
        all.map(|(_, seen)| seen.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of_processes(&before), of_processes(&after));
    // A secret that also lies in a file is one credential with a copy more.
    let token = machine.secrets[0].clone();
    machine.put("etc/default/shop", 0o640, format!("SHOP_TOKEN={token}\n"));
    let copied = survey(&machine, Some("yes"));
    assert_eq!(copied.places_of("etc/default/shop[SHOP_TOKEN]").len(), 2);
}

#[test]
fn a_process_folder_that_leads_elsewhere_is_not_followed_and_nothing_is_gone() {
    let mut machine = Machine::new(32);
    machine.put("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/bash\n");
    symlink("/proc", machine.path("proc")).unwrap();
    let seen = survey(&machine, Some("yes"));
    let Some(Completeness::Part { why, .. }) = seen.ended.get("processes") else {
        panic!("{:?}", seen.ended);
    };
    assert!(why.contains("symbolic link"), "{why}");
    assert!(seen.seen.iter().all(|(extent, _)| extent != "processes"));
}

/// What is a secret's, by its place: the principal's key and the fingerprint.
fn identities(seen: &Recorder) -> BTreeMap<String, String> {
    let of = |credential: &ObservedCredential| {
        (credential.principal.0.clone(), credential.fingerprint.clone().unwrap_or_default())
    };
    let copies = seen.credentials().filter(|one| one.principal.0.starts_with("copy:"));
    copies.map(of).collect()
}

#[test]
fn a_process_of_another_account_takes_no_service_over_and_no_program() {
    let others = "/user.slice/user-1001.slice/user@1001.service/app.slice/etl.service";
    for (own, group, program) in [
        ("/system.slice/etl.service", others, "/usr/bin/etl"),
        // As root's container, with the very same way: accounts alone tell them apart.
        ("/system.slice/etl.service", "/system.slice/etl.service", "/usr/bin/etl"),
        ("/user.slice/session-1.scope", "/user.slice/session-2.scope", "/usr/bin/python3"),
        // A program may be called as a unit is.
        ("/system.slice/etl.service", "/", "/system.slice/etl.service"),
    ] {
        let mut machine = Machine::new(33);
        machine.put("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/bash\n");
        let (real, planted) = (machine.drawn("", 30), machine.drawn("", 30));
        process(&mut machine, 100, &format!("SHOP_TOKEN={real}"), own, program);
        started_by(&mut machine, 100, 0);
        let before = identities(&survey(&machine, Some("yes")));
        assert_eq!(before.len(), 1);
        process(&mut machine, 50, &format!("SHOP_TOKEN={planted}"), group, program);
        started_by(&mut machine, 50, 1001);
        let after = identities(&survey(&machine, Some("yes")));
        assert_eq!(after.len(), 2, "{after:?}");
        assert!(before.iter().all(|(key, value)| after.get(key) == Some(value)), "{before:?} {after:?}");
        assert!(after.keys().all(|key| !key.contains("#2")), "they share a place: {after:?}");
    }
}

#[test]
fn a_large_environment_is_read_and_one_beyond_any_is_said_as_it_is() {
    let mut machine = machine();
    let token = machine.drawn("", 30);
    let large = format!("FILL={} LATE_TOKEN={token}", "x".repeat(1_500_000));
    process(&mut machine, 300, &large, "/system.slice/large.service", "/usr/bin/large");
    started_by(&mut machine, 300, 0);
    let seen = survey(&machine, Some("yes"));
    assert_eq!(seen.ended.get("processes"), Some(&Completeness::Whole));
    assert!(seen.credential_of("process:root:/system.slice/large.service/LATE_TOKEN").fingerprint.is_some());
    process(&mut machine, 301, &"x".repeat(9 << 20), "/", "/usr/bin/larger");
    let seen = survey(&machine, Some("yes"));
    let Some(Completeness::Part { why, remedy }) = seen.ended.get("processes") else {
        panic!("{:?}", seen.ended);
    };
    assert!(why.starts_with("the environments of 1 processes have more than 8388608 bytes"), "{why}");
    assert!(!remedy.contains("option") && remedy.ends_with("; what was seen before is kept"), "{remedy}");
    assert_eq!(identities(&seen).len(), 3, "the others are read all the same");
}

#[test]
fn of_one_environment_so_many_secrets_are_kept_and_the_rest_is_said() {
    let mut machine = machine();
    let many: Vec<String> =
        (0..9_000).map(|number| format!("T{number}_TOKEN=Kx7-{number:05}-Pq9z-Uv3")).collect();
    process(&mut machine, 300, &many.join(" "), "/system.slice/many.service", "/usr/bin/many");
    let seen = survey(&machine, Some("yes"));
    assert_eq!(identities(&seen).len(), 64 + 2);
    let notes: Vec<&str> = seen.notes.iter().map(|note| note.what.as_str()).collect();
    assert!(notes.contains(&"further secrets in the environments of 1 processes"), "{notes:?}");
    assert_eq!(seen.ended.get("processes"), Some(&Completeness::Whole));
}
