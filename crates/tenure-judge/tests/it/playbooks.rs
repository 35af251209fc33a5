//! Playbooks: every field changes a refusal, what the check says, or until when a drill counts.
//!
//! A field without a test here must never be added: it may do nothing. Next: `controls.rs`.

use proptest::prelude::*;
use std::{collections::BTreeMap, time::Duration};
use tenure_judge::{
    Drill, Drills, Gate, People, Playbook, Programme, ProgrammeFiles, Readiness, gate, readiness,
};
use tenure_model::{Instant, Person, PersonId, Role};

const MAIN: &str = "version = 1\n";
const PARTNERS: &str = "
[[partner]]
id = 'platform'
kind = 'team'
contact = 'asha'
fallback = 'ravi'
[[partner]]
id = 'security'
kind = 'team'
contact = 'ravi'
fallback = 'asha'
";
const CONTROLS: &str = "
[[control]]
id = 'NHI7:2025'
holds = 'values are changed in time'
approves = 'security'
implements = 'platform'
monitors = 'security'
revokes = 'platform'
escalation = 'asha'
mode = 'enforce'
consequences = [{ stage = 'warn', after_days = 1 }]
";
const PLAYBOOKS: &str = "
[[playbook]]
id = 'leaked'
when = 'a value is in the wrong hands'
controls = ['NHI7:2025']
steps = ['stop it', 'change it']
drilled_days_max = 90
";
const DAY: Duration = Duration::from_hours(24);

fn now() -> Instant {
    Instant::parse("2026-11-23T10:00:00Z").unwrap()
}

fn files(main: &str, controls: &str, playbooks: &str) -> ProgrammeFiles {
    let all = [
        ("programme.toml", main),
        ("partners.toml", PARTNERS),
        ("controls.toml", controls),
        ("playbooks.toml", playbooks),
    ];
    ProgrammeFiles(all.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
}

fn programme(playbooks: &str) -> Programme {
    Programme::read(&files(MAIN, CONTROLS, playbooks)).unwrap()
}

fn people(drills: Drills) -> People {
    let person = |name: &str| Person {
        id: PersonId::new(Instant::from_micros(1), [name.as_bytes()[0]; 10]),
        name: name.to_owned(),
        role: Role::Operator,
        local_uid: None,
    };
    let all = vec![person("asha"), person("ravi")];
    People { acknowledged: BTreeMap::from([(all[0].id, now())]), people: all, drills }
}

fn drilled(playbooks: &str, held: bool, at: Instant) -> Drills {
    let of = |one: &Playbook| (one.id.clone(), Drill { at, held, text: one.text() });
    programme(playbooks).playbooks.iter().map(of).collect()
}

fn check(programme: &Programme, drills: Drills, at: Instant) -> Readiness {
    readiness(programme, Some(&people(drills)), at).remove(0)
}

/// The only warning of the control, if there is one.
fn warned(playbooks: &str, drills: Drills, at: Instant) -> Option<String> {
    let said = check(&programme(playbooks), drills, at);
    assert_eq!((said.faults, said.ready), (vec![], said.warnings.is_empty()));
    said.warnings.into_iter().next().map(|one| format!("{}: {}", one.warning, one.why))
}

fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[test]
fn a_control_is_ready_while_its_playbook_was_tried_as_it_is_and_lately() {
    let at = now();
    assert_eq!(
        warned(PLAYBOOKS, Drills::new(), at).unwrap(),
        "playbook_not_drilled: playbook `leaked` was never drilled (tenure programme drill)"
    );
    let held = drilled(PLAYBOOKS, true, at);
    assert_eq!(warned(PLAYBOOKS, held.clone(), at), None);
    assert_eq!(gate(&programme(PLAYBOOKS), "NHI7:2025", &people(held.clone()), at), Gate::Enforce);
    let observed = gate(&programme(PLAYBOOKS), "NHI7:2025", &people(Drills::new()), at);
    assert!(matches!(observed, Gate::Observe { why } if why.contains("1 warning")));
    // Its days, to the day.
    let last = at.plus(DAY * 90);
    assert_eq!(warned(PLAYBOOKS, held.clone(), last.minus(Duration::from_micros(1))), None);
    assert!(warned(PLAYBOOKS, held.clone(), last).unwrap().contains("which counts for 90 days"));
    let longer = with(PLAYBOOKS, "90", "91");
    assert_eq!(warned(&longer, held.clone(), last), None);
    assert!(warned(PLAYBOOKS, drilled(PLAYBOOKS, false, at), at).unwrap().contains("did not hold"));
    for (from, to) in [
        ("'stop it'", "'stop it at once'"),
        ("'stop it', 'change it'", "'change it', 'stop it'"),
        ("wrong hands", "wrong hand"),
    ] {
        let other = with(PLAYBOOKS, from, to);
        assert!(warned(&other, held.clone(), at).unwrap().contains("says something else"), "{to}");
    }
    let renamed = with(PLAYBOOKS, "'leaked'", "'lost'");
    assert!(warned(&renamed, held, at).unwrap().contains("`lost` was never drilled"));
}

#[test]
fn it_is_asked_of_the_controls_that_go_by_it_and_may_be_accepted_for_a_while() {
    let two = CONTROLS.to_owned() + &with(CONTROLS, "NHI7:2025", "NHI1:2025");
    let ready = |controls: &str, playbooks: &str| -> Vec<bool> {
        let read = Programme::read(&files(MAIN, controls, playbooks)).unwrap();
        readiness(&read, Some(&people(Drills::new())), now()).iter().map(|one| one.ready).collect()
    };
    assert_eq!(ready(&two, PLAYBOOKS), [false, true]);
    assert_eq!(ready(&two, &with(PLAYBOOKS, "['NHI7:2025']", "['NHI7:2025', 'NHI1:2025']")), [false, false]);
    assert_eq!(ready(&two, ""), [true, true], "without playbooks nothing is to be tried");
    let accepted = CONTROLS.to_owned()
        + "accepted = [{ warning = 'playbook_not_drilled', until = 2026-12-24, reason = 'after the move' }]\n";
    assert_eq!(ready(&accepted, PLAYBOOKS), [true]);
    let strict = Programme::read(&files("version = 1\ncheck = 'refuse'\n", CONTROLS, PLAYBOOKS)).unwrap();
    let said = check(&strict, Drills::new(), now());
    assert!(!said.ready && said.faults[0].contains("never drilled") && said.warnings.is_empty());
    assert!(check(&strict, drilled(PLAYBOOKS, true, now()), now()).ready, "its twin");
    // The files alone say nothing of what was tried.
    assert_eq!(readiness(&programme(PLAYBOOKS), None, now()).remove(0).warnings, []);
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place_and_the_word_that_was() {
    let many = format!("steps = [{}]", vec!["'x'"; 31].join(", "));
    let mut text = String::new();
    for (from, to) in [
        ("'leaked'", "'Leaked!'"),
        ("'a value is in the wrong hands'", "' '"),
        ("['NHI7:2025']", "[]"),
        ("['NHI7:2025']", "['NHI7:2024']"),
        ("['NHI7:2025']", "['NHI7:2025', 'NHI7:2025']"),
        ("steps = ['stop it', 'change it']", "steps = []"),
        ("steps = ['stop it', 'change it']", &many),
        ("'stop it'", "\"\"\"stop\nit\"\"\""),
        ("90", "0"),
        ("90", "401"),
        ("steps", "step"),
        ("[[playbook]]", "[[playbooks]]"),
    ] {
        let faults = Programme::read(&files(MAIN, CONTROLS, &with(PLAYBOOKS, from, to))).unwrap_err();
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        text = text + &said.join("\n") + "\n";
    }
    let twice = PLAYBOOKS.repeat(2);
    text += &Programme::read(&files(MAIN, CONTROLS, &twice)).unwrap_err()[0].to_string();
    insta::assert_snapshot!(text);
    let usual = programme(&with(PLAYBOOKS, "drilled_days_max = 90\n", ""));
    assert_eq!(usual.playbooks[0].drilled_days_max, 180);
}

proptest! {
    #[test]
    fn no_drill_counts_for_ever_nor_for_another_text(
        days in 1_u32..=400, age in 0_u64..1_000, held: bool, same: bool,
    ) {
        let text = with(PLAYBOOKS, "90", &days.to_string());
        let at = now().minus(DAY * u32::try_from(age).unwrap());
        let mut drills = drilled(&text, held, at);
        if !same {
            drills.get_mut("leaked").unwrap().text.push('x');
        }
        let counts = programme(&text).playbooks[0].drilled(&drills, now());
        prop_assert_eq!(counts.is_ok(), held && same && age < u64::from(days));
        if let Ok(until) = counts {
            prop_assert!(until > now() && until <= now().plus(DAY * 400));
        }
    }
}
