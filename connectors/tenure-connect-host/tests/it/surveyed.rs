//! The connector through the port: what the inventory is told about a machine, survey after survey.
//!
//! The whole planted machine is one golden file, so that a changed name, key or fact is seen. Every other test here
//! changes one thing on a small machine and looks at what that changes, and at what it must not.

use crate::machine::{Digest, Machine};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use tenure_connect::{
    Connector, ContentDigest, NotObservable, Recognition, SinkClosed, Source, SourceConfig, SurveySink,
};
use tenure_connect_host::HostConnector;
use tenure_model::{
    Completeness, Extent, Fact, Instant, Observation, ObservedCredential, Point, PrincipalKey, PrincipalKind,
    ShortName, SourceId, flag, names, text,
};

/// Keeps everything it is sent; recalls digests of an earlier survey.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) seen: Vec<(String, Observation)>,
    pub(crate) ended: BTreeMap<String, Completeness>,
    digests: BTreeMap<String, ContentDigest>,
    recalled: BTreeMap<String, ContentDigest>,
    unchanged: BTreeSet<String>,
    /// What the inventory holds when it is asked.
    known: BTreeMap<PrincipalKey, Option<String>>,
    pub(crate) notes: Vec<NotObservable>,
    /// Extents that come and go by nature.
    pub(crate) ephemeral: BTreeSet<String>,
}

#[async_trait]
impl SurveySink for Recorder {
    async fn page(&mut self, extent: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        assert!(page.len() <= tenure_connect::PAGE_MAX && !self.ended.contains_key(&extent.0));
        self.seen.extend(page.into_iter().map(|seen| (extent.0.clone(), seen)));
        Ok(())
    }

    async fn end(&mut self, extent: &Extent, completeness: Completeness) -> Result<(), SinkClosed> {
        assert!(self.ended.insert(extent.0.clone(), completeness).is_none(), "{extent:?} ended twice");
        Ok(())
    }

    async fn not_observable(&mut self, note: NotObservable) -> Result<(), SinkClosed> {
        self.notes.push(note);
        Ok(())
    }

    async fn known(&mut self, key_start: &str) -> Result<BTreeMap<PrincipalKey, Option<String>>, SinkClosed> {
        assert!(self.seen.is_empty() && self.ended.is_empty(), "it was asked for after the first page");
        let begins = |(key, _): &(&PrincipalKey, &Option<String>)| key.0.starts_with(key_start);
        Ok(self.known.iter().filter(begins).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    async fn ephemeral(&mut self, extent: &Extent) -> Result<(), SinkClosed> {
        assert!(!self.ended.contains_key(&extent.0), "it was said after the end");
        self.ephemeral.insert(extent.0.clone());
        Ok(())
    }

    async fn recalls(&mut self, extent: &Extent) -> Result<bool, SinkClosed> {
        Ok(self.recalled.contains_key(&extent.0))
    }

    async fn offer(&mut self, extent: &Extent, digest: &ContentDigest) -> Result<Recognition, SinkClosed> {
        if self.recalled.get(&extent.0) == Some(digest) {
            self.unchanged.insert(extent.0.clone());
            return Ok(Recognition::Unchanged);
        }
        Ok(Recognition::Unknown)
    }

    async fn end_as(&mut self, extent: &Extent, digest: ContentDigest) -> Result<(), SinkClosed> {
        self.digests.insert(extent.0.clone(), digest);
        self.end(extent, Completeness::Whole).await
    }
}

impl Recorder {
    pub(crate) fn principals(&self) -> impl Iterator<Item = &tenure_model::ObservedPrincipal> {
        self.seen.iter().filter_map(|(_, seen)| match seen {
            Observation::Principal(principal) => Some(principal),
            _ => None,
        })
    }

    pub(crate) fn credentials(&self) -> impl Iterator<Item = &ObservedCredential> {
        self.seen.iter().filter_map(|(_, seen)| match seen {
            Observation::Credential(credential) => Some(credential),
            _ => None,
        })
    }

    pub(crate) fn credential_of(&self, name: &str) -> &ObservedCredential {
        let principal = self.principals().find(|principal| principal.name == name).unwrap();
        self.credentials().find(|credential| credential.principal == principal.key).unwrap()
    }

    pub(crate) fn places_of(&self, name: &str) -> Vec<&str> {
        let of = |seen: &'_ Observation| matches!(seen, Observation::Sighting(copy) if copy.principal_name == name);
        let place = |(_, seen): &'_ (String, Observation)| match seen {
            Observation::Sighting(copy) => copy.place.clone(),
            _ => String::new(),
        };
        let found: Vec<String> = self.seen.iter().filter(|(_, seen)| of(seen)).map(place).collect();
        found.into_iter().map(|place| &*Box::leak(place.into_boxed_str())).collect()
    }
}

pub(crate) fn source(machine: &Machine) -> Arc<dyn Source> {
    source_with(machine, BTreeMap::new())
}

pub(crate) fn source_with(machine: &Machine, options: BTreeMap<String, String>) -> Arc<dyn Source> {
    let config = SourceConfig {
        id: SourceId::new(Instant::from_micros(0), [0; 10]),
        name: ShortName::parse("this-host").unwrap(),
        points: vec![Point {
            name: ShortName::parse("primary").unwrap(),
            url: format!("host://{}", machine.folder.path().display()),
        }],
        secret: None,
        options,
        fingerprint: Arc::new(Digest),
    };
    HostConnector.source(config).unwrap()
}

pub(crate) fn survey(machine: &Machine) -> Recorder {
    survey_after(machine, Recorder::default())
}

fn survey_after(machine: &Machine, before: Recorder) -> Recorder {
    run(machine, Recorder { known: known(&before), recalled: before.digests, ..Recorder::default() })
}

/// Reads everything anew, but with what the inventory holds since.
pub(crate) fn survey_knowing(machine: &Machine, before: &Recorder) -> Recorder {
    run(machine, Recorder { known: known(before), ..Recorder::default() })
}

fn known(before: &Recorder) -> BTreeMap<PrincipalKey, Option<String>> {
    let value = |key: &PrincipalKey| {
        before.credentials().find(|one| one.principal == *key).and_then(|one| one.fingerprint.clone())
    };
    before.principals().map(|one| (one.key.clone(), value(&one.key))).collect()
}

fn run(machine: &Machine, mut recorder: Recorder) -> Recorder {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(source(machine).observe(Instant::from_micros(0), &mut recorder)).unwrap();
    recorder
}

/// A machine with two people's accounts and one of a service.
pub(crate) fn small() -> Machine {
    let mut machine = Machine::new(7);
    let passwd = "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/srv/ada:/bin/bash\n\
                  bob:x:1001:1001::/srv/bob:/bin/bash\netl:x:998:998:nightly load:/srv/etl:/bin/sh\n";
    machine.put("etc/passwd", 0o644, passwd);
    machine.put("etc/group", 0o644, "docker:x:99:bob\nada:x:1000:\n");
    machine
}

pub(crate) fn token(machine: &mut Machine) -> String {
    format!("machine git.example\nlogin ci\npassword {}\n", machine.drawn("", 30))
}

/// Everything that was sent, without fingerprints, which differ where keys are made by the system.
fn shown(recorder: &Recorder) -> String {
    let mut lines = Vec::new();
    for (extent, seen) in &recorder.seen {
        let line = match seen {
            Observation::Principal(one) => {
                let built_in = if one.built_in { " (built in)" } else { "" };
                format!(
                    "{extent}: {} {}{built_in} <{}>{}",
                    one.kind,
                    one.name,
                    one.key.0,
                    notable(&one.facts)
                )
            }
            Observation::Credential(one) => {
                let facts = notable(&one.facts);
                format!("{extent}:   {} {} {} of <{}>{facts}", one.kind, one.key, one.state, one.principal.0)
            }
            Observation::Grant(one) => {
                format!("{extent}:   may {} {} <{}>", one.right, one.resource, one.principal.0)
            }
            Observation::Sighting(one) => {
                format!("{extent}:   copy of {} at {}", one.principal_name, one.place)
            }
            Observation::Use(one) => format!("{extent}:   use by {}", one.consumer),
        };
        lines.push(without_marks(&line));
    }
    lines.join("\n")
}

fn notable(facts: &tenure_model::Facts) -> String {
    let known = [
        names::READABLE_BY,
        names::UNENCRYPTED,
        names::IN_CLEAR,
        names::OPENS_ROOT,
        names::ALSO_OPENS,
        names::WEAK,
        names::ENDLESS,
        names::FEDERATION_AT_HAND,
        names::NOT_PINNED,
        names::PASSWORDLESS_RULE,
    ];
    let mut shown = String::new();
    for name in known {
        match facts.get(name) {
            Some(Fact::Text(says)) => write!(shown, " {name}: {says};").unwrap(),
            Some(Fact::Texts(says)) => write!(shown, " {name}: {};", says.join(",")).unwrap(),
            _ => {}
        }
    }
    for name in [names::SERVICE_ACCOUNT, names::LOGIN_SHELL, names::SUPERUSER] {
        if flag(facts, name) == Some(true) {
            write!(shown, " {name};").unwrap();
        }
    }
    shown
}

/// Digests of keys that are made when the test runs, and serial numbers of certificates.
fn without_marks(line: &str) -> String {
    let words =
        line.split(' ').map(|word| match word.split_once("SHA256:").or_else(|| word.split_once('#')) {
            Some((before, after)) if after.len() > 30 => {
                format!("{before}…{}", if word.ends_with('>') { ">" } else { "" })
            }
            _ => word.to_owned(),
        });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_planted_machine_becomes_principals_credentials_rights_and_sightings() {
    let machine = crate::planted::machine();
    let recorder = survey(&machine);
    insta::assert_snapshot!("surveyed", shown(&recorder));
    let part: Vec<&String> = recorder
        .ended
        .iter()
        .filter(|(_, ended)| **ended != Completeness::Whole)
        .map(|(extent, _)| extent)
        .collect();
    assert_eq!(part, ["home/deploy"], "a line of its pgpass is broken");
    let mut keys = BTreeSet::new();
    assert!(recorder.principals().all(|principal| keys.insert(&principal.key)), "a key was given out twice");
    let mut credentials = BTreeSet::new();
    let known = |one: &ObservedCredential| keys.contains(&one.principal);
    assert!(recorder.credentials().all(known), "a credential belongs to nobody");
    assert!(recorder.credentials().all(|one| credentials.insert((&one.principal, &one.key))));
}

#[test]
fn nothing_that_is_sent_holds_a_secret() {
    let machine = crate::planted::machine();
    let recorder = survey(&machine);
    let sent =
        serde_json::to_string(&recorder.seen.iter().map(|(_, seen)| seen).collect::<Vec<_>>()).unwrap();
    let said = format!("{:?} {:?}", recorder.notes, recorder.ended);
    for secret in &machine.secrets {
        assert!(
            !sent.contains(secret.as_str()) && !said.contains(secret.as_str()),
            "a planted secret was sent"
        );
    }
}

#[test]
fn what_did_not_change_is_recognised_and_one_changed_home_is_not() {
    let mut machine = small();
    let first = token(&mut machine);
    machine.put("srv/ada/.netrc", 0o600, first);
    let before = survey(&machine);
    let extents: BTreeSet<String> = before.ended.keys().cloned().collect();
    let again = survey_after(&machine, before);
    assert_eq!(again.unchanged, extents);
    assert!(again.seen.is_empty());
    let before = survey(&machine);
    let second = token(&mut machine);
    machine.put("srv/ada/.netrc", 0o600, second);
    let changed = survey_after(&machine, before);
    assert_eq!(changed.ended.keys().map(String::as_str).collect::<Vec<_>>(), ["home/ada"]);
}

#[test]
fn a_changed_value_stays_the_same_credential_and_a_second_copy_makes_no_second_identity() {
    let mut machine = small();
    let first = token(&mut machine);
    machine.put("srv/ada/.netrc", 0o600, &first);
    let name = "~ada/.netrc[ci]";
    let before = survey(&machine);
    let credential = before.credential_of(name).clone();
    machine.put("srv/bob/.netrc", 0o600, &first);
    let copied = survey(&machine);
    assert_eq!(copied.places_of(name), ["/srv/ada/.netrc:3", "/srv/bob/.netrc:3"]);
    let external =
        |recorder: &Recorder| recorder.principals().filter(|one| one.kind == PrincipalKind::External).count();
    assert_eq!((external(&before), external(&copied)), (1, 1));
    let second = token(&mut machine);
    machine.put("srv/ada/.netrc", 0o600, second);
    let rotated = survey(&machine);
    let after = rotated.credential_of(name);
    assert_eq!((&after.principal, &after.key), (&credential.principal, &credential.key));
    assert_ne!(after.fingerprint, credential.fingerprint);
    assert_eq!(external(&rotated), 2, "the old value is still at bob's: that is another credential now");
}

#[test]
fn a_key_that_opens_root_or_several_accounts_says_so_and_a_restricted_one_does_not() {
    let mut machine = small();
    let (open, narrow) = (machine.draw.ssh_public_key(), machine.draw.ssh_public_key());
    machine.put(
        "root/.ssh/authorized_keys",
        0o600,
        format!("{open} ops\nrestrict,command=\"/bin/backup\" {narrow} narrow\n"),
    );
    machine.put("srv/ada/.ssh/authorized_keys", 0o600, format!("{open} ops\n"));
    let recorder = survey(&machine);
    let fact = |name: &str, fact: &str| recorder.credential_of(name).facts.get(fact).cloned();
    assert!(fact("root/key:ops", names::OPENS_ROOT).is_some());
    assert_eq!(fact("root/key:ops", names::ALSO_OPENS), Some(Fact::Texts(vec![String::from("ada")])));
    assert_eq!(fact("root/key:narrow", names::OPENS_ROOT), None);
    assert_eq!(fact("ada/key:ops", names::OPENS_ROOT), None);
    assert_eq!(
        recorder.credential_of("root/key:ops").fingerprint,
        recorder.credential_of("ada/key:ops").fingerprint
    );
}

#[test]
fn a_static_key_of_a_cloud_is_told_from_one_that_has_no_other_way() {
    let mut machine = small();
    let key = |machine: &mut Machine, account: u64| {
        // The id of a key of the present generation carries its account.
        let mut bits = (1_u64 << 63) | (account << 23);
        let mut id = String::new();
        for _ in 0..13 {
            id.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::try_from(bits >> 59).unwrap()]));
            bits <<= 5;
        }
        let secret = machine.drawn("", 40);
        format!("aws_access_key_id = AKIA{id}AAA\naws_secret_access_key = {secret}\n")
    };
    let keys = [key(&mut machine, 111_111_111_111), key(&mut machine, 222_222_222_222), key(&mut machine, 1)];
    machine.put("srv/ada/.aws/credentials", 0o600, format!("[one]\n{}[two]\n{}", keys[0], keys[1]));
    let sso = "[profile x]\nsso_session = s\nsso_account_id = 111111111111\n";
    machine.put("srv/ada/.aws/config", 0o600, sso);
    machine.put("srv/bob/.aws/credentials", 0o600, format!("[three]\n{}", keys[2]));
    let federation = |machine: &Machine, name: &str| {
        let recorder = survey(machine);
        text(&recorder.credential_of(name).facts, names::FEDERATION_AT_HAND).map(str::to_owned)
    };
    let one = "~ada/.aws/credentials[profile one]";
    let (two, three) = ("~ada/.aws/credentials[profile two]", "~bob/.aws/credentials[profile three]");
    let expected = "profile x: it signs in through IAM Identity Center, as ~ada/.aws/config says";
    assert_eq!(federation(&machine, one).as_deref(), Some(expected));
    assert_eq!(federation(&machine, two), None, "that way leads to another account of the cloud");
    assert_eq!(federation(&machine, three), None, "another person's way is not theirs");
    machine.put("srv/bob/app/.env", 0o600, "AWS_WEB_IDENTITY_TOKEN_FILE=/run/t\n");
    assert_eq!(federation(&machine, three), None, "a program's way is not its owner's");
    machine.put("run/secrets/eks.amazonaws.com/serviceaccount/token", 0o600, "x");
    assert!(federation(&machine, three).unwrap().contains("a web identity token for a role"));
}

#[test]
fn an_account_that_something_runs_as_is_a_service_account_and_a_persons_is_not() {
    let mut machine = small();
    machine.put("etc/systemd/system/load.service", 0o644, "[Service]\nUser=bob\nExecStart=/srv/load\n");
    let recorder = survey(&machine);
    let service = |name: &str| {
        let principal = recorder.principals().find(|one| one.name == name).unwrap();
        flag(&principal.facts, names::SERVICE_ACCOUNT).unwrap()
    };
    assert_eq!((service("etl"), service("bob"), service("ada"), service("root")), (true, true, false, false));
    let bob = recorder.principals().find(|one| one.name == "bob").unwrap();
    assert_eq!(flag(&bob.facts, names::SUPERUSER), Some(true), "docker is as good as root");
    let load = recorder.principals().find(|one| one.name == "load.service").unwrap();
    assert_eq!(text(&load.facts, names::DEFINED_IN), Some("/etc/systemd/system/load.service"));
}

#[test]
fn what_could_not_be_read_makes_only_its_own_extent_part() {
    let mut machine = small();
    let first = token(&mut machine);
    machine.put("srv/ada/.netrc", 0o600, first);
    machine.put("srv/bob/.netrc", 0o600, vec![b'x'; 2 << 20]);
    let recorder = survey(&machine);
    let part = |extent: &str| matches!(recorder.ended[extent], Completeness::Part { .. });
    assert!(part("home/bob") && !part("home/ada") && !part("accounts") && !part("machine"));
    let Completeness::Part { why, .. } = &recorder.ended["home/bob"] else { panic!() };
    assert!(why.contains("/srv/bob/.netrc") && why.contains("bytes"), "{why}");
}

#[test]
fn a_root_that_is_not_there_is_a_failure_and_not_an_empty_machine() {
    let machine = small();
    let path = machine.folder.path().to_owned();
    let source = source(&machine);
    std::fs::remove_dir_all(path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut recorder = Recorder::default();
    let failed = runtime.block_on(source.observe(Instant::from_micros(0), &mut recorder));
    assert!(matches!(failed, Err(tenure_connect::OutsideFailure::Unreachable { .. })), "{failed:?}");
    assert!(recorder.ended.is_empty() && recorder.seen.is_empty());
    assert!(runtime.block_on(source.check()).is_err());
}

#[test]
fn a_check_says_which_system_it_is_and_what_can_be_read() {
    let mut machine = small();
    machine.put("etc/os-release", 0o644, "NAME=x\nPRETTY_NAME=\"Sample 12\"\n");
    machine.put("etc/shadow", 0o600, "root:*:1:0:99999:7:::\n");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let report = runtime.block_on(source(&machine).check()).unwrap();
    assert_eq!(report.system, "Sample 12");
    let able =
        |what: &str| report.abilities.iter().find(|ability| ability.what == what).map(|ability| ability.able);
    assert_eq!((able("read accounts"), able("read stored passwords")), (Some(true), Some(true)));
    assert_eq!(able("read the home of root"), None, "what is not there shows nothing");
}
