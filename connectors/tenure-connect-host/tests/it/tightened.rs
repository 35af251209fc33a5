//! Keeping others from reading a file, through the port, on a planted machine.
//!
//! Every proof has a twin beside it that must not prove: the mode put back, another file in its place, an access list that
//! still lets somebody in. Trying to read as somebody else needs root, and is skipped loudly without it.

use crate::machine::{Digest, Machine};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use tenure_connect::{
    Act, BlastRadius, Connector, Done, Effect, FileChange, OutsideFailure, Source, SourceConfig, Target,
};
use tenure_connect_host::HostConnector;
use tenure_connect_host::read::access_list::{Entry, Whom, written};
use tenure_model::{
    ActionId, ControlPlane, FileTarget, Instant, IntentId, IntentRecord, PlanId, Point, PrincipalKey,
    ProbeAnswer, Readers, RecordedIntent, Secret, ShortName, SourceId, StepKind,
};

pub(crate) const PLACE: &str = "srv/ci/.env";
const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nci:x:4001:4001::/srv/ci:/bin/sh\nmate:x:4002:4002::/srv/mate:/bin/sh\n\
                      www:x:4003:4003::/var/www:/usr/sbin/nologin\n";

/// A machine with one file that others can read, and the connector to it.
pub(crate) struct Stage {
    pub(crate) machine: Machine,
    pub(crate) source: Arc<dyn Source>,
    runtime: tokio::runtime::Runtime,
}

fn our_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

pub(crate) fn is_root() -> bool {
    our_uid() == 0
}

impl Stage {
    pub(crate) fn with(mode: u32) -> Self {
        Self::of(Machine::new(5), mode)
    }

    /// The same, of a machine whose root is a folder that somebody made.
    pub(crate) fn of(mut machine: Machine, mode: u32) -> Self {
        // Whoever runs the tests owns what is planted.
        let us = our_uid();
        machine.put("etc/passwd", 0o644, format!("{PASSWD}us:x:{us}:{us}::/:/bin/sh\n"));
        machine.put("etc/group", 0o644, "staff:x:4100:mate\nroot:x:0:www\n");
        machine.put(PLACE, mode, "TOKEN=Kx7Pq9zUv3Wb01\n");
        for folder in ["srv", "srv/ci"] {
            fs::set_permissions(machine.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self::at(machine)
    }

    /// The connector to a machine as it is.
    pub(crate) fn at(machine: Machine) -> Self {
        let config = SourceConfig {
            id: SourceId::new(Instant::from_micros(0), [0; 10]),
            name: ShortName::parse("box").unwrap(),
            points: vec![Point {
                name: ShortName::parse("primary").unwrap(),
                url: format!("host://{}", machine.folder.path().display()),
            }],
            secret: None,
            options: BTreeMap::new(),
            fingerprint: Arc::new(Digest),
        };
        let source = HostConnector.source(config).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self { machine, source, runtime: runtime.unwrap() }
    }

    pub(crate) fn target(readers: Readers) -> Target {
        Self::target_at(&format!("/{PLACE}"), readers)
    }

    pub(crate) fn target_at(place: &str, readers: Readers) -> Target {
        let file = FileTarget { place: place.to_owned(), readers, copies: Vec::new(), was: None };
        Target {
            key: PrincipalKey(String::from("copy:/srv/ci/.env#TOKEN")),
            name: String::from("~ci/.env[TOKEN]"),
            file: Some(file),
        }
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(crate) fn blast(&self, target: &Target) -> Result<BlastRadius, OutsideFailure> {
        self.wait(self.source.blast_radius(target, None))
    }

    /// As the engine does: what the file was becomes part of what is planned.
    pub(crate) fn planned(&self, readers: Readers) -> (Target, FileChange) {
        let mut target = Self::target(readers);
        let blast = self.blast(&target).unwrap();
        assert_eq!(blast.refusals, [""; 0]);
        let change = blast.file.unwrap();
        target.file.as_mut().unwrap().was = Some(change.was.clone());
        (target, change)
    }

    pub(crate) fn act(&self, target: &Target, act: &Act<'_>) -> Result<Done, OutsideFailure> {
        let now = Instant::from_micros(1);
        let intent = RecordedIntent::for_conformance(IntentRecord {
            id: IntentId::new(now, [1; 10]),
            plan: PlanId::new(now, [2; 10]),
            action: ActionId::new(now, [3; 10]),
            attempt: 1,
            source: SourceId::new(now, [4; 10]),
            principal: target.key.clone(),
            principal_name: target.name.clone(),
            file: target.file.clone(),
            deadline: now.plus(Duration::from_mins(1)),
        });
        self.wait(self.source.act(&intent, act))
    }

    pub(crate) fn effect(&self, target: &Target, step: StepKind) -> Effect {
        self.wait(self.source.effect(target, step, None))
    }

    pub(crate) fn plane(&self, target: &Target) -> ControlPlane {
        self.wait(self.source.control_plane(target))
    }

    pub(crate) fn probe(&self, target: &Target) -> ProbeAnswer {
        let point = ShortName::parse("primary").unwrap();
        self.wait(self.source.probe(&point, target, &Secret::new(String::new())))
    }

    pub(crate) fn mode(&self) -> u32 {
        fs::metadata(self.machine.path(PLACE)).unwrap().permissions().mode() & 0o7777
    }

    pub(crate) fn set_mode(&self, mode: u32) {
        fs::set_permissions(self.machine.path(PLACE), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Another file of the same mode and content, renamed over it.
    fn replace(&self, mode: u32) {
        let beside = self.machine.path("srv/ci/beside");
        fs::write(&beside, "TOKEN=Kx7Pq9zUv3Wb01\n").unwrap();
        fs::set_permissions(&beside, fs::Permissions::from_mode(mode)).unwrap();
        fs::rename(beside, self.machine.path(PLACE)).unwrap();
    }

    /// Gives the file an access list that lets `mate` read; false where the file system has none.
    fn let_mate_read(&self, mask: u32) -> bool {
        let entries = [
            Entry { whom: Whom::Owner, bits: 6 },
            Entry { whom: Whom::User(4002), bits: 4 },
            Entry { whom: Whom::OwningGroup, bits: 0 },
            Entry { whom: Whom::Mask, bits: mask },
            Entry { whom: Whom::Other, bits: 0 },
        ];
        let name = "system.posix_acl_access";
        let flags = rustix::fs::XattrFlags::empty();
        let set = rustix::fs::setxattr(self.machine.path(PLACE), name, &written(&entries), flags);
        if set.is_err() {
            eprintln!("SKIPPED: this file system has no access lists");
        }
        set.is_ok()
    }
}

#[test]
fn others_are_kept_out_and_the_mode_comes_back_exactly() {
    let stage = Stage::with(0o644);
    let (target, change) = stage.planned(Readers::Owner);
    assert_eq!((change.mode_before.as_str(), change.mode_after.as_str()), ("0644", "0600"));
    assert_eq!(change.owner, stage_owner());
    assert!(
        change.lose.contains(&String::from("mate")) && change.lose.contains(&String::from("www")),
        "{change:?}"
    );
    assert_eq!(
        (stage.effect(&target, StepKind::Tighten), stage.plane(&target)),
        (Effect::Missing, ControlPlane::Enabled)
    );

    assert!(stage.act(&target, &Act::Tighten).unwrap().changed);
    assert_eq!(stage.mode(), 0o600);
    assert!(!stage.act(&target, &Act::Tighten).unwrap().changed, "done twice is done once");
    assert_eq!(
        (stage.effect(&target, StepKind::Tighten), stage.plane(&target)),
        (Effect::Present, ControlPlane::Disabled)
    );

    assert_eq!(stage.effect(&target, StepKind::Loosen), Effect::Missing);
    assert!(stage.act(&target, &Act::Loosen).unwrap().changed);
    assert!(!stage.act(&target, &Act::Loosen).unwrap().changed);
    assert_eq!((stage.mode(), stage.effect(&target, StepKind::Loosen)), (0o644, Effect::Present));
    assert_eq!(fs::read_to_string(stage.machine.path(PLACE)).unwrap(), "TOKEN=Kx7Pq9zUv3Wb01\n");
}

fn stage_owner() -> &'static str {
    if is_root() { "root" } else { "us" }
}

#[test]
fn the_group_goes_on_reading_where_that_is_wanted_and_nobody_else() {
    let stage = Stage::with(0o664);
    let (target, change) = stage.planned(Readers::OwnerAndGroup);
    assert_eq!(change.mode_after, "0640");
    stage.act(&target, &Act::Tighten).unwrap();
    assert_eq!((stage.mode(), stage.plane(&target)), (0o640, ControlPlane::Disabled));
    let owner_alone = Stage::target(Readers::Owner);
    let mut owner_alone = Target { file: owner_alone.file, ..target };
    owner_alone.file.as_mut().unwrap().was = Some(change.was);
    assert_eq!(stage.plane(&owner_alone), ControlPlane::Enabled, "the group still reads it");
}

#[test]
fn what_is_tight_already_has_the_same_mode_after() {
    let stage = Stage::with(0o600);
    let (target, change) = stage.planned(Readers::Owner);
    assert_eq!(change.mode_before, change.mode_after);
    assert_eq!(stage.plane(&target), ControlPlane::Disabled);
}

#[test]
fn a_mode_that_was_put_back_is_seen_and_an_undo_leaves_what_somebody_else_set() {
    let stage = Stage::with(0o644);
    let (target, _) = stage.planned(Readers::Owner);
    stage.act(&target, &Act::Tighten).unwrap();
    stage.set_mode(0o604);
    assert_eq!(
        (stage.plane(&target), stage.effect(&target, StepKind::Tighten)),
        (ControlPlane::Enabled, Effect::Missing)
    );
    let undone = stage.act(&target, &Act::Loosen).unwrap();
    assert!(
        !undone.changed
            && format!("{:?}", undone.detail).contains("left as it is: somebody changed its mode"),
        "{undone:?}"
    );
    assert_eq!(stage.mode(), 0o604);
}

#[test]
fn another_file_in_its_place_is_neither_changed_nor_called_closed() {
    let stage = Stage::with(0o644);
    let (target, _) = stage.planned(Readers::Owner);
    stage.replace(0o644);
    let refused = stage.act(&target, &Act::Tighten).unwrap_err();
    assert!(matches!(refused, OutsideFailure::TargetChanged { .. }), "{refused}");
    assert_eq!((stage.mode(), stage.plane(&target)), (0o644, ControlPlane::Absent));

    let stage = Stage::with(0o644);
    let (target, _) = stage.planned(Readers::Owner);
    stage.act(&target, &Act::Tighten).unwrap();
    // As tight as the other was: it is another all the same.
    stage.replace(0o600);
    assert_eq!(
        (stage.plane(&target), stage.effect(&target, StepKind::Tighten)),
        (ControlPlane::Absent, Effect::Missing)
    );
    let undone = stage.act(&target, &Act::Loosen).unwrap();
    assert!(!undone.changed && format!("{:?}", undone.detail).contains("another file"), "{undone:?}");
    assert_eq!(stage.mode(), 0o600);
}

#[test]
fn a_mode_that_changed_since_it_was_planned_is_left() {
    let stage = Stage::with(0o644);
    let (target, _) = stage.planned(Readers::Owner);
    stage.set_mode(0o640);
    let refused = stage.act(&target, &Act::Tighten).unwrap_err();
    assert!(refused.to_string().contains("make a new plan"), "{refused}");
    assert_eq!(stage.mode(), 0o640);
}

#[test]
fn a_file_that_vanished_or_became_a_link_is_not_acted_on() {
    let stage = Stage::with(0o644);
    let (target, _) = stage.planned(Readers::Owner);
    fs::rename(stage.machine.path(PLACE), stage.machine.path("srv/ci/away")).unwrap();
    assert!(matches!(stage.act(&target, &Act::Tighten), Err(OutsideFailure::TargetChanged { .. })));
    assert_eq!(stage.plane(&target), ControlPlane::Absent);
    std::os::unix::fs::symlink(stage.machine.path("srv/ci/away"), stage.machine.path(PLACE)).unwrap();
    assert!(matches!(stage.act(&target, &Act::Tighten), Err(OutsideFailure::TargetChanged { .. })));
    let away = fs::metadata(stage.machine.path("srv/ci/away")).unwrap().permissions().mode() & 0o777;
    assert_eq!((away, stage.plane(&target)), (0o644, ControlPlane::Absent));
}

#[test]
fn directories_links_and_what_is_not_there_are_refused_with_what_to_do() {
    let stage = Stage::with(0o644);
    std::os::unix::fs::symlink(stage.machine.path(PLACE), stage.machine.path("srv/ci/link")).unwrap();
    let mut said = Vec::new();
    for place in ["/srv/ci", "/srv/ci/link", "/srv/ci/nothing", "/etc/passwd/x"] {
        let failure = stage.blast(&Stage::target_at(place, Readers::Owner)).unwrap_err();
        said.push(failure.to_string());
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    refused (file): /srv/ci: it is a directory, not a regular file
    refused (file): /srv/ci/link: a symbolic link is on the way, and links are not followed
    refused (file): /srv/ci/nothing: it is not there
    refused (file): /etc/passwd/x: it is not a directory
    ");
}

#[test]
fn a_program_that_runs_as_its_owner_is_not_tightened() {
    let stage = Stage::with(0o4755);
    let blast = stage.blast(&Stage::target(Readers::Owner)).unwrap();
    assert!(blast.refusals.iter().any(|why| why.contains("setuid")), "{blast:?}");
}

#[test]
fn further_names_become_tighter_with_it_and_a_copy_is_told() {
    let stage = Stage::with(0o644);
    fs::hard_link(stage.machine.path(PLACE), stage.machine.path("srv/ci/second")).unwrap();
    let copy = stage.machine.path("srv/ci/copy");
    fs::write(&copy, "TOKEN=Kx7Pq9zUv3Wb01\n").unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).unwrap();
    let mut target = Stage::target(Readers::Owner);
    let places = ["/srv/ci/second", "/srv/ci/copy", "/srv/ci/gone"];
    target.file.as_mut().unwrap().copies = places.map(str::to_owned).to_vec();
    let blast = stage.blast(&target).unwrap();
    assert!(blast.warnings.iter().any(|said| said.contains("2 names")), "{blast:?}");
    target.file.as_mut().unwrap().was = Some(blast.file.unwrap().was);
    stage.act(&target, &Act::Tighten).unwrap();
    let second = fs::metadata(stage.machine.path("srv/ci/second")).unwrap().permissions().mode() & 0o777;
    assert_eq!((second, stage.plane(&target)), (0o600, ControlPlane::Disabled));
    let read = stage.wait(stage.source.derived(&target));
    let found: Vec<&str> = read.found.iter().map(|copy| copy.name.as_str()).collect();
    assert_eq!(found.len(), 1, "{read:?}");
    assert!(found[0].starts_with("/srv/ci/copy (mode 0644"), "{read:?}");
}

#[test]
fn an_access_list_is_closed_by_its_mask_and_opened_again_exactly() {
    let stage = Stage::with(0o600);
    if !stage.let_mate_read(4) {
        return;
    }
    assert_eq!(stage.mode(), 0o640, "the mask of the list shows as the group's bits");
    let (target, change) = stage.planned(Readers::Owner);
    assert_eq!((change.mode_after.as_str(), &change.lose[..]), ("0600", &[String::from("mate")][..]));
    stage.act(&target, &Act::Tighten).unwrap();
    assert_eq!((stage.mode(), stage.plane(&target)), (0o600, ControlPlane::Disabled));
    // The twin: somebody opens the list again.
    assert!(stage.let_mate_read(4));
    assert_eq!(stage.plane(&target), ControlPlane::Enabled);
    assert!(stage.let_mate_read(0));
    stage.act(&target, &Act::Loosen).unwrap();
    assert_eq!((stage.mode(), stage.plane(&target)), (0o640, ControlPlane::Enabled));
}

#[test]
fn a_list_that_names_others_cannot_be_kept_to_owner_and_group() {
    let stage = Stage::with(0o600);
    if !stage.let_mate_read(4) {
        return;
    }
    let blast = stage.blast(&Stage::target(Readers::OwnerAndGroup)).unwrap();
    let said = blast.refusals.join("; ");
    assert!(said.contains("user mate (access list)") && said.contains("setfacl -x"), "{said}");
}

#[test]
fn an_account_that_could_read_it_is_refused_afterwards_and_not_before() {
    if !is_root() {
        eprintln!("SKIPPED: reading as somebody else (not root)");
        return;
    }
    let stage = Stage::with(0o644);
    let (target, change) = stage.planned(Readers::Owner);
    assert_eq!(change.tried_as, Ok(String::from("ci")), "its home is not its file: root's is");
    assert_eq!(stage.probe(&target), ProbeAnswer::Accepted, "the positive control");
    stage.act(&target, &Act::Tighten).unwrap();
    let refused = stage.probe(&target);
    assert!(
        matches!(&refused, ProbeAnswer::Refused { how } if how.starts_with("EACCES for `ci`")),
        "{refused:?}"
    );
    assert_eq!(our_uid(), 0, "only one thread took another number, and it is gone");
    // Twins: the mode is put back; another file is there; nothing is there.
    stage.set_mode(0o644);
    assert_eq!(stage.probe(&target), ProbeAnswer::Accepted);
    stage.replace(0o644);
    let said = format!("{:?}", stage.probe(&target));
    assert!(said.contains("another file is at its place"), "neither a control nor a proof: {said}");
    stage.replace(0o600);
    assert!(
        matches!(stage.probe(&target), ProbeAnswer::CannotKnow { .. }),
        "a refusal of another file shows nothing"
    );
    fs::remove_file(stage.machine.path(PLACE)).unwrap();
    assert!(matches!(stage.probe(&target), ProbeAnswer::CannotKnow { .. }));
}

#[test]
fn where_a_closed_folder_keeps_everybody_out_nobody_can_be_seen_to_be_refused() {
    let stage = Stage::with(0o644);
    fs::set_permissions(stage.machine.path("srv/ci"), fs::Permissions::from_mode(0o700)).unwrap();
    let (_, change) = stage.planned(Readers::Owner);
    assert_eq!(change.lose, [""; 0]);
    let why = change.tried_as.unwrap_err();
    assert!(why.contains("nobody could be seen to be refused") || why.contains("not run as root"), "{why}");
}

#[test]
fn a_group_membership_lets_an_account_in_as_it_would_be() {
    if !is_root() {
        eprintln!("SKIPPED: reading as somebody else (not root)");
        return;
    }
    let stage = Stage::with(0o640);
    let (target, change) = stage.planned(Readers::Owner);
    assert_eq!((&change.lose[..], change.tried_as), (&[String::from("www")][..], Ok(String::from("www"))));
    assert_eq!(stage.probe(&target), ProbeAnswer::Accepted);
    stage.act(&target, &Act::Tighten).unwrap();
    assert!(matches!(stage.probe(&target), ProbeAnswer::Refused { .. }));
}

#[test]
fn a_read_only_or_immutable_file_is_refused_when_it_is_planned() {
    let stage = Stage::with(0o644);
    let path = stage.machine.path(PLACE);
    let marked = std::process::Command::new("chattr").arg("+i").arg(&path).output();
    if !marked.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: files cannot be marked immutable here");
        return;
    }
    let blast = stage.blast(&Stage::target(Readers::Owner));
    let cleared = std::process::Command::new("chattr").arg("-i").arg(&path).output().unwrap();
    assert!(cleared.status.success());
    assert!(blast.unwrap().refusals.iter().any(|why| why.contains("immutable")));
}
