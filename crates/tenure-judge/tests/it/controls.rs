//! Partners, calendars and controls: every field changes a refusal, what the check says, who is asked, or what is let
//! happen by itself.
//!
//! A field without a test here must never be added: it may do nothing. Next: `programmes.rs`.

use std::collections::BTreeMap;
use tenure_judge::{Gate, People, Programme, ProgrammeFiles, Readiness, gate, readiness, who_revokes};
use tenure_model::{Instant, Person, PersonId, Role};

const MAIN: &str = "version = 1\n";
const CALENDARS: &str =
    "[[calendar]]\nid = 'office'\ntime_zone = 'Europe/Berlin'\nhours = ['mon-fri 09:00-17:00']\n";
const PARTNERS: &str = "
[[partner]]
id = 'platform'
kind = 'team'
contact = 'asha'
fallback = 'ravi'
calendar = 'office'
[[partner]]
id = 'acme'
kind = 'vendor'
contact = 'mei'
fallback = 'ravi'
accountable = 'asha'
";
const CONTROLS: &str = "
[[control]]
id = 'NHI7:2025'
holds = 'values are changed in time'
approves = 'platform'
implements = 'acme'
monitors = 'platform'
revokes = 'platform'
escalation = 'noor'
references = ['NHI-07', 'PR.AC-1']
mode = 'enforce'
consequences = [{ stage = 'warn', after_days = 1 }, { stage = 'disable', after_days = 8 }]
";

fn now() -> Instant {
    // A Monday, 11:00 in Berlin.
    Instant::parse("2026-11-23T10:00:00Z").unwrap()
}

fn files(all: &[(&str, &str)]) -> ProgrammeFiles {
    ProgrammeFiles(all.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
}

fn texts(main: &str, partners: &str, controls: &str) -> ProgrammeFiles {
    let all = [
        ("programme.toml", main),
        ("partners.toml", partners),
        ("calendars.toml", CALENDARS),
        ("controls.toml", controls),
    ];
    files(&all)
}

fn programme(partners: &str, controls: &str) -> Programme {
    Programme::read(&texts(MAIN, partners, controls)).unwrap()
}

/// Everybody who is named, and the escalation who said a day ago that messages reach them.
fn people(names: &[&str]) -> People {
    let id = |name: &str| PersonId::new(Instant::from_micros(1), [name.as_bytes()[0]; 10]);
    let person = |name: &&str| Person {
        id: id(name),
        name: (*name).to_owned(),
        role: Role::Operator,
        local_uid: None,
    };
    let yesterday = now().minus(std::time::Duration::from_hours(24));
    People {
        people: names.iter().map(person).collect(),
        acknowledged: BTreeMap::from([(id("noor"), yesterday)]),
        ..People::default()
    }
}

const ALL: [&str; 4] = ["asha", "mei", "noor", "ravi"];

fn check(partners: &str, controls: &str) -> Readiness {
    readiness(&programme(partners, controls), Some(&people(&ALL)), now()).remove(0)
}

/// What is wrong with a file, in words.
fn refused(files: &ProgrammeFiles) -> String {
    let faults = Programme::read(files).unwrap_err();
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn enforces(partners: &str, controls: &str, people: &People, at: Instant) -> bool {
    gate(&programme(partners, controls), "NHI7:2025", people, at) == Gate::Enforce
}

#[test]
fn a_control_with_all_its_people_is_ready_and_is_let_act() {
    let ready = check(PARTNERS, CONTROLS);
    assert_eq!((ready.faults, ready.warnings, ready.ready), (vec![], vec![], true));
    assert_eq!(ready.references, ["NHI7:2025", "PR.AA-01", "PR.AA-05"]);
    assert!(enforces(PARTNERS, CONTROLS, &people(&ALL), now()));
}

#[test]
fn each_of_the_four_roles_must_name_a_partner() {
    for role in ["approves", "implements", "monitors", "revokes"] {
        let partner = if role == "implements" { "acme" } else { "platform" };
        let without = with(CONTROLS, &format!("{role} = '{partner}'\n"), "");
        let said = check(PARTNERS, &without);
        assert_eq!(said.faults, [format!("nobody {role}: `{role}` names no partner")]);
        assert!(!said.ready && !enforces(PARTNERS, &without, &people(&ALL), now()));
        let wrong = with(CONTROLS, &format!("{role} = '{partner}'"), &format!("{role} = 'platfrom'"));
        let refused = refused(&texts(MAIN, PARTNERS, &wrong));
        assert!(
            refused.ends_with(
                "`platfrom` is no partner; those there are: platform, acme; did you mean `platform`?"
            ),
            "{refused}"
        );
        assert!(refused.starts_with("controls.toml:"), "{refused}");
    }
}

#[test]
fn whoever_is_named_must_be_somebody_who_is_there() {
    for (name, expected) in [
        ("asha", "`asha`, accountable of `acme`, is nobody of this deployment"),
        ("mei", "`mei`, contact of `acme`, is nobody of this deployment"),
        ("ravi", "`ravi`, fallback of `acme`, is nobody of this deployment"),
        ("noor", "`noor`, its escalation, is nobody of this deployment"),
    ] {
        let rest: Vec<&str> = ALL.into_iter().filter(|one| *one != name).collect();
        let people = people(&rest);
        let said = readiness(&programme(PARTNERS, CONTROLS), Some(&people), now()).remove(0);
        assert!(said.faults.contains(&expected.to_owned()), "{said:?}");
        assert!(!enforces(PARTNERS, CONTROLS, &people, now()));
    }
    let offline = readiness(&programme(PARTNERS, CONTROLS), None, now()).remove(0);
    assert!(offline.ready, "files alone know nobody: {offline:?}");
}

#[test]
fn a_vendor_needs_somebody_accountable_and_a_team_none() {
    let without = with(PARTNERS, "accountable = 'asha'\n", "");
    assert_eq!(
        check(&without, CONTROLS).faults,
        ["`acme` is a vendor, and nobody of the organisation is accountable for it"]
    );
    let team = with(&without, "kind = 'vendor'", "kind = 'team'");
    assert!(check(&team, CONTROLS).ready);
    let team = with(PARTNERS, "kind = 'vendor'", "kind = 'team'");
    let said = refused(&texts(MAIN, &team, CONTROLS));
    assert_eq!(said, "partners.toml:13:1: a team answers for itself: `accountable` is for a vendor");
}

#[test]
fn the_escalation_must_have_said_within_a_quarter_that_messages_reach_them() {
    let mut people = people(&ALL);
    let noor = people.named("noor").unwrap().id;
    let day = std::time::Duration::from_hours(24);
    people.acknowledged.insert(noor, now().minus(day * 92).plus(std::time::Duration::from_micros(1)));
    assert!(enforces(PARTNERS, CONTROLS, &people, now()));
    people.acknowledged.insert(noor, now().minus(day * 92));
    assert!(!enforces(PARTNERS, CONTROLS, &people, now()));
    people.acknowledged.clear();
    let said = readiness(&programme(PARTNERS, CONTROLS), Some(&people), now()).remove(0);
    assert_eq!(
        said.faults,
        ["`noor`, its escalation, never said that messages reach them (tenure programme acknowledge)"]
    );
    let without = with(CONTROLS, "escalation = 'noor'\n", "");
    assert_eq!(
        check(PARTNERS, &without).faults,
        ["nobody is asked when no partner answers: `escalation` is missing"]
    );
}

#[test]
fn what_is_only_warned_of_counts_until_somebody_accepts_it_for_a_while() {
    let same = with(PARTNERS, "contact = 'asha'\nfallback = 'ravi'", "contact = 'asha'\nfallback = 'asha'");
    let said = check(&same, CONTROLS);
    assert_eq!((said.faults.len(), said.ready), (0, false));
    assert_eq!(said.warnings[0].why, "`asha` is both contact and fallback of `platform`");
    assert!(!enforces(&same, CONTROLS, &people(&ALL), now()));
    let accepting = |warning: &str, until: &str| {
        format!(
            "{CONTROLS}accepted = [{{ warning = '{warning}', until = {until}, reason = 'a small team' }}]\n"
        )
    };
    let accepted = accepting("fallback_is_contact", "2027-01-31");
    assert!(enforces(&same, &accepted, &people(&ALL), now()));
    assert!(enforces(&same, &accepted, &people_on("2027-01-31T23:59:59Z"), at("2027-01-31T23:59:59Z")));
    assert!(!enforces(&same, &accepted, &people_on("2027-02-01T00:00:00Z"), at("2027-02-01T00:00:00Z")));
    let other = accepting("one_partner_everywhere", "2027-01-31");
    assert!(!enforces(&same, &other, &people(&ALL), now()), "another warning");
    let far = accepting("fallback_is_contact", "2027-05-23");
    assert_eq!(
        check(&same, &far).faults,
        ["`fallback_is_contact` is accepted until 2027-05-23; that is more than 180 days ahead"]
    );
    assert!(enforces(&same, &accepting("fallback_is_contact", "'2027-05-22'"), &people(&ALL), now()));
    let over = accepting("fallback_is_contact", "2026-11-22");
    assert_eq!(
        check(PARTNERS, &over).faults,
        ["`fallback_is_contact` was accepted until 2026-11-22, which is over"]
    );
}

fn at(given: &str) -> Instant {
    Instant::parse(given).unwrap()
}

/// Everybody, and the escalation who says just then that messages reach them.
fn people_on(when: &str) -> People {
    let mut people = people(&ALL);
    let noor = people.named("noor").unwrap().id;
    people.acknowledged.insert(noor, at(when));
    people
}

#[test]
fn one_partner_in_all_roles_is_warned_of() {
    let one = with(CONTROLS, "implements = 'acme'", "implements = 'platform'");
    let said = check(PARTNERS, &one);
    assert_eq!(
        (said.warnings[0].why.as_str(), said.ready),
        ("one partner approves, implements, monitors and revokes", false)
    );
}

#[test]
fn a_strict_programme_refuses_what_another_warns_of_and_accepts_nothing() {
    let one = with(CONTROLS, "implements = 'acme'", "implements = 'platform'");
    let strict = Programme::read(&texts("version = 1\ncheck = 'refuse'\n", PARTNERS, &one)).unwrap();
    let said = readiness(&strict, Some(&people(&ALL)), now()).remove(0);
    assert_eq!((said.faults.len(), said.warnings.len(), said.ready), (1, 0, false));
    let accepted = format!(
        "{one}accepted = [{{ warning = 'one_partner_everywhere', until = 2027-01-01, reason = 'x' }}]\n"
    );
    let said = refused(&texts("version = 1\ncheck = 'refuse'\n", PARTNERS, &accepted));
    assert_eq!(said, "controls.toml:13:1: nothing is accepted where `check = \"refuse\"`");
    let said = refused(&texts("version = 1\ncheck = 'refused'\n", PARTNERS, CONTROLS));
    assert!(said.contains("did you mean `refuse`?"), "{said}");
}

#[test]
fn nothing_acts_by_itself_that_the_programme_does_not_enforce() {
    let why = |controls: &str, control: &str| match gate(
        &programme(PARTNERS, controls),
        control,
        &people(&ALL),
        now(),
    ) {
        Gate::Observe { why } => why,
        Gate::Enforce => String::from("enforced"),
    };
    assert_eq!(why(CONTROLS, "NHI7:2025"), "enforced");
    assert_eq!(why(CONTROLS, "NHI1:2025"), "the programme in force names no control `NHI1:2025`");
    let observed = with(CONTROLS, "mode = 'enforce'", "mode = 'observe'");
    assert_eq!(why(&observed, "NHI7:2025"), "the programme only observes NHI7:2025");
    assert_eq!(
        why(&with(CONTROLS, "mode = 'enforce'\n", ""), "NHI7:2025"),
        "the programme only observes NHI7:2025"
    );
    let nothing = with(
        &with(CONTROLS, "mode = 'enforce'\n", ""),
        "consequences = [{ stage = 'warn', after_days = 1 }, { stage = 'disable', after_days = 8 }]\n",
        "",
    );
    assert_eq!(why(&nothing, "NHI7:2025"), "the programme lets nothing follow");
    let faulty = with(CONTROLS, "escalation = 'noor'\n", "");
    assert_eq!(
        why(&faulty, "NHI7:2025"),
        "the check of NHI7:2025 does not pass: 1 fault, 0 warnings that nobody accepted"
    );
}

#[test]
fn who_revokes_is_the_contact_at_work_else_the_fallback_and_after_them_the_escalation() {
    let asked = |partners: &str, people: &People, at: Instant| {
        let asked = who_revokes(&programme(partners, CONTROLS), "NHI7:2025", people, at);
        asked.into_iter().map(|one| format!("{}: {}", one.name, one.why)).collect::<Vec<_>>()
    };
    let of = "`platform`, which revokes for NHI7:2025 (values are changed in time)";
    let escalation = String::from("noor: escalation of NHI7:2025");
    let everybody = people(&ALL);
    assert_eq!(
        asked(PARTNERS, &everybody, now()),
        [format!("asha: contact of {of}, at work now"), escalation.clone()]
    );
    let night = at("2026-11-23T20:00:00Z");
    assert_eq!(
        asked(PARTNERS, &everybody, night),
        [format!("ravi: fallback of {of}; its contact is not at work now"), escalation.clone()]
    );
    let always = with(PARTNERS, "calendar = 'office'\n", "");
    assert_eq!(asked(&always, &everybody, night), [format!("asha: contact of {of}"), escalation.clone()]);
    let without = people(&["ravi", "noor"]);
    assert_eq!(
        asked(PARTNERS, &without, now()),
        [format!("ravi: fallback of {of}; its contact is not there"), escalation.clone()]
    );
    assert_eq!(asked(PARTNERS, &people(&["noor"]), now()), [escalation]);
    assert!(asked(PARTNERS, &people(&[]), now()).is_empty());
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place_and_the_word_that_was() {
    let controls = |from: &str, to: &str| refused(&texts(MAIN, PARTNERS, &with(CONTROLS, from, to)));
    let partners = |from: &str, to: &str| refused(&texts(MAIN, &with(PARTNERS, from, to), CONTROLS));
    let calendars = |from: &str, to: &str| {
        let text = with(CALENDARS, from, to);
        refused(&files(&[("programme.toml", MAIN), ("calendars.toml", &text)]))
    };
    insta::assert_snapshot!(
        [
            controls("NHI7:2025", "NHI11:2025"),
            controls("holds = 'values are changed in time'", "holds = ''"),
            controls("'PR.AC-1'", "'PR.AC-9'"),
            controls("'PR.AC-1'", "'ISO-27001'"),
            controls("after_days = 8", "after_days = 1"),
            controls("after_days = 8", "after_days = 800"),
            controls("{ stage = 'warn', after_days = 1 }, ", ""),
            controls("'disable'", "'disabel'"),
            controls("mode = 'enforce'", "mode = 'enforced'"),
            controls("escalation = 'noor'", "escalation = ' '"),
            controls("escalation", "escalate"),
            controls("[[control]]", "[[controls]]"),
            format!("{CONTROLS}accepted = [{{ warning = 'fallback_is_contract', until = 2027-01-01, reason = 'x' }}]")
                .pipe(|text| refused(&texts(MAIN, PARTNERS, &text))),
            format!("{CONTROLS}accepted = [{{ warning = 'fallback_is_contact', until = 'soon', reason = 'x' }}]")
                .pipe(|text| refused(&texts(MAIN, PARTNERS, &text))),
            format!("{CONTROLS}accepted = [{{ warning = 'fallback_is_contact', until = 2027-01-01, reason = '' }}]")
                .pipe(|text| refused(&texts(MAIN, PARTNERS, &text))),
            partners("kind = 'vendor'", "kind = 'vender'"),
            partners("id = 'acme'", "id = 'platform'"),
            partners("calendar = 'office'", "calendar = 'ofice'"),
            partners("contact = 'mei'\n", ""),
            calendars("Europe/Berlin", "Europe/Berlln"),
            calendars("mon-fri 09:00-17:00", "mon-fri 9-17"),
            calendars("hours = ['mon-fri 09:00-17:00']", "hours = []"),
            format!("{CALENDARS}holidays = ['25.12.2026']")
                .pipe(|text| refused(&files(&[("programme.toml", MAIN), ("calendars.toml", &text)]))),
            refused(&files(&[("programme.toml", MAIN), ("partner.toml", "")])),
        ]
        .join("\n")
    );
}

trait Pipe: Sized {
    fn pipe<T>(self, then: impl FnOnce(Self) -> T) -> T {
        then(self)
    }
}

impl Pipe for String {}
