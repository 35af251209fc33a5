//! How long something may be excepted, how often, and who grants it.
//!
//! Every setting has a test that shows what it changes; over drawn histories no condition is excepted for ever, and
//! nobody grants what they asked for. Next: `standings.rs`, what follows from a grant.

use crate::dossiers::{NOW, days_ago};
use proptest::prelude::*;
use tenure_judge::{Approver, ExceptionRules, NotExcepted, Programme, ProgrammeFiles, Term, Wish};
use tenure_model::{ExceptionKind, Instant, PersonId, Role};

fn person(number: u8) -> PersonId {
    PersonId::new(NOW, [number; 10])
}

fn wish(days: i64) -> Wish<'static> {
    Wish {
        kind: ExceptionKind::Exception,
        reason: "the vendor ends support in May",
        until: days_ago(-days),
        requested_by: person(1),
        replace_by: None,
    }
}

fn constraint(days: i64, replace_in: i64) -> Wish<'static> {
    Wish { kind: ExceptionKind::Constraint, replace_by: Some(days_ago(-replace_in)), ..wish(days) }
}

/// Excepted from so many days ago until so many days ago.
fn term(from: i64, to: i64, rung: u32) -> Term {
    Term {
        from: days_ago(from),
        to: days_ago(to),
        requested_by: person(1),
        granted_by: person(9),
        granted_for: None,
        rung,
        reason: format!("reason of {from}"),
        replace_by: None,
    }
}

fn by(number: u8, role: Role) -> Approver<'static> {
    Approver { person: person(number), for_whom: None, name: "ana", role, owns: false, approves: false }
}

fn said(result: Result<impl std::fmt::Debug, NotExcepted>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn one_term_and_all_terms_together_have_a_longest() {
    let rules = ExceptionRules::default();
    let next = rules.next_term(&[], &wish(90), NOW).unwrap();
    assert_eq!((next.renewal, next.rung_min, next.until_max), (0, 0, days_ago(-90)));
    insta::assert_snapshot!(said(rules.next_term(&[], &wish(91), NOW)), @"it may stand until 2026-08-30T00:00:00Z at most: one term is 90 days at most");
    let longer = ExceptionRules { days_max: 100, ..rules.clone() };
    assert!(longer.next_term(&[], &wish(91), NOW).is_ok());
    insta::assert_snapshot!(said(rules.next_term(&[], &wish(0), NOW)), @"the end lies in the past");
    // 120 of 180 days were used: 60 are left.
    let used = [term(120, 0, 0)];
    assert!(rules.next_term(&used, &wish(60), NOW).is_ok());
    insta::assert_snapshot!(said(rules.next_term(&used, &wish(61), NOW)), @"it may stand until 2026-07-31T00:00:00Z at most: all terms together are 180 days at most, and 120 were used");
    let more = ExceptionRules { days_total_max: 181, ..rules.clone() };
    assert!(more.next_term(&used, &wish(61), NOW).is_ok());
    insta::assert_snapshot!(said(rules.next_term(&[term(190, 10, 0)], &wish(1), NOW)), @"this condition was excepted for 180 days, and all terms together may be 180: it is mended now, or counts");
    // What stands still is used up to now, and the next term begins now.
    assert!(rules.next_term(&[term(80, -10, 0)], &wish(90), NOW).is_ok());
    assert_eq!(rules.used_days(&[term(80, -10, 0)], NOW), 80);
}

#[test]
fn terms_are_one_chain_until_a_year_lies_between_them() {
    let rules = ExceptionRules::default();
    let (near, far) = ([term(540, 364, 0)], [term(541, 365, 0)]);
    assert!(rules.next_term(&near, &wish(90), NOW).is_err());
    assert!(rules.next_term(&far, &wish(90), NOW).is_ok());
    assert_eq!((rules.used_days(&near, NOW), rules.used_days(&far, NOW)), (176, 0));
    // A short one between them keeps the chain together.
    let linked = [term(541, 365, 0), term(100, 99, 1)];
    assert_eq!(rules.used_days(&linked, NOW), 177);
}

#[test]
fn a_renewal_has_a_new_reason_and_somebody_higher_who_did_not_grant_it_before() {
    let rules = ExceptionRules::default();
    let once = [term(60, 0, 0)];
    assert_eq!(rules.next_term(&once, &wish(30), NOW).unwrap().rung_min, 1);
    insta::assert_snapshot!(said(rules.may_grant(&once, &wish(30), by(2, Role::Operator), NOW)), @"this renewal is granted by an administrator or somebody higher");
    assert_eq!(rules.may_grant(&once, &wish(30), by(2, Role::Administrator), NOW), Ok(1));
    insta::assert_snapshot!(said(rules.may_grant(&once, &wish(30), by(9, Role::Administrator), NOW)), @"whoever granted it before does not renew it; somebody higher decides");
    insta::assert_snapshot!(said(rules.may_grant(&[], &wish(30), by(1, Role::Administrator), NOW)), @"whoever asks for an exception does not grant it; somebody else decides");
    let same = Wish { reason: "Reason of 60!", ..wish(30) };
    insta::assert_snapshot!(said(rules.next_term(&once, &same, NOW)), @"a renewal has a new reason, and this one was given before");
    let twice = [term(60, 30, 0), term(30, 0, 1)];
    insta::assert_snapshot!(said(rules.next_term(&twice, &wish(1), NOW)), @"it was granted 2 times, and may be renewed 1 times: it is mended now, or counts");
    insta::assert_snapshot!(said(rules.next_term(&[term(60, 0, 1)], &wish(1), NOW)), @"nobody is higher than whoever granted it last: it is mended now, or counts");
    let higher = ExceptionRules {
        renewals_max: 2,
        approvers: ["operator", "administrator", "person:ana"].map(str::to_owned).to_vec(),
        ..rules
    };
    assert_eq!(higher.next_term(&twice, &wish(1), NOW).unwrap().rung_min, 2);
    assert_eq!(higher.may_grant(&twice, &wish(1), by(2, Role::Operator), NOW), Ok(2));
    let other = Approver { name: "eve", ..by(2, Role::Administrator) };
    insta::assert_snapshot!(said(higher.may_grant(&twice, &wish(1), other, NOW)), @"this renewal is granted by ana or somebody higher");
}

#[test]
fn the_partner_that_approves_the_control_may_be_who_grants() {
    let files = [
        ("programme.toml", "version = 1\n[exceptions]\napprovers = [\"approves\", \"administrator\"]\n"),
        (
            "partners.toml",
            "[[partner]]\nid = \"risk\"\nkind = \"team\"\ncontact = \"ana\"\nfallback = \"eve\"\n",
        ),
        (
            "controls.toml",
            "[[control]]\nid = \"NHI7:2025\"\nholds = \"values are young\"\napproves = \"risk\"\n",
        ),
    ];
    let files = files.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let programme = Programme::read(&ProgrammeFiles(files)).unwrap();
    assert!(programme.approves("NHI7:2025", "ana") && programme.approves("NHI7:2025", "eve"));
    assert!(!programme.approves("NHI1:2025", "ana") && !programme.approves("NHI7:2025", "mallory"));
    let rules = &programme.exceptions;
    let ana = Approver { approves: programme.approves("NHI7:2025", "ana"), ..by(2, Role::Operator) };
    assert_eq!(rules.may_grant(&[], &wish(30), ana, NOW), Ok(0));
    insta::assert_snapshot!(said(rules.may_grant(&[], &wish(30), by(2, Role::Operator), NOW)), @"an exception is granted by the partner that approves the control or somebody higher");
}

#[test]
fn a_constraint_is_accepted_each_year_and_never_beyond_the_day_said_first() {
    let rules = ExceptionRules::default();
    let top = by(2, Role::Administrator);
    assert_eq!(rules.may_grant(&[], &constraint(365, 700), top, NOW), Ok(1));
    insta::assert_snapshot!(said(rules.may_grant(&[], &constraint(365, 700), by(2, Role::Operator), NOW)), @"a constraint is granted by an administrator or somebody higher");
    insta::assert_snapshot!(said(rules.next_term(&[], &constraint(366, 700), NOW)), @"it may stand until 2027-06-01T00:00:00Z at most: a constraint is accepted anew each year");
    insta::assert_snapshot!(said(rules.next_term(&[], &constraint(300, 731), NOW)), @"it may stand until 2028-05-31T00:00:00Z at most: a constraint stands 730 days at most");
    insta::assert_snapshot!(said(rules.next_term(&[], &constraint(300, 299), NOW)), @"it may stand until 2027-03-27T00:00:00Z at most: a constraint ends on the day of replacement");
    insta::assert_snapshot!(said(rules.next_term(&[], &Wish { replace_by: None, ..constraint(9, 9) }, NOW)), @"a constraint names the day by which what is there is replaced");
    insta::assert_snapshot!(said(rules.next_term(&[], &Wish { replace_by: Some(days_ago(-9)), ..wish(9) }, NOW)), @"an exception has an end; only a constraint has a day of replacement");
    let first = Term { replace_by: Some(days_ago(-300)), ..term(365, 0, 1) };
    // The same person may accept it anew: it is the day that cannot move.
    assert_eq!(
        rules.may_grant(std::slice::from_ref(&first), &constraint(300, 300), by(9, Role::Administrator), NOW),
        Ok(1)
    );
    insta::assert_snapshot!(said(rules.next_term(&[first], &constraint(300, 301), NOW)), @"it may stand until 2027-03-28T00:00:00Z at most: the day of replacement that was said first stays");
    let shorter = ExceptionRules { constraint_days_max: 364, ..rules };
    assert!(shorter.next_term(&[], &constraint(300, 365), NOW).is_err());
}

#[test]
fn rules_that_do_not_go_together_are_refused() {
    let read = |text: &str| {
        let refused = Programme::parse(&format!("version = 1\n[exceptions]\n{text}")).unwrap_err();
        refused.to_string()
    };
    insta::assert_snapshot!(read("days_max = 366"), @"`exceptions.days_max` is 366; it must be from 1 to 365");
    insta::assert_snapshot!(read("days_total_max = 89"), @"`days_total_max` is 89, less than one term (`days_max` is 90)");
    insta::assert_snapshot!(read("renewals_max = 2"), @"`renewals_max` is 2, and each renewal needs somebody higher: with 2 approvers it is 1 at most");
    insta::assert_snapshot!(read("approvers = []"), @"there are 0 approvers; there are 1 to 10");
    insta::assert_snapshot!(read("approvers = [\"operator\", \"auditor\"]"), @"`auditor` decides nothing; expected one of: operator, administrator, approves, person:NAME");
    insta::assert_snapshot!(read("approvers = [\"operator\", \"operator\"]"), @"`operator` is there twice; each is higher than the one before");
    insta::assert_snapshot!(read("decided_within_days = 0"), @"`exceptions.decided_within_days` is 0; it must be from 1 to 90");
    insta::assert_snapshot!(read("flagged_percent = 101"), @"`exceptions.flagged_percent` is 101; it must be from 1 to 100");
    insta::assert_snapshot!(read("constraint_days_max = 1826"), @"`exceptions.constraint_days_max` is 1826; it must be from 1 to 1825");
}

const NAMES: [&str; 5] = ["ana", "b", "c", "d", "e"];

/// Something that happens to one condition.
#[derive(Debug, Clone)]
enum Event {
    Days(i64),
    Asked { by: u8, days: i64, constraint: Option<i64>, reason: u8 },
    Granted { by: u8, role: Role, for_whom: Option<u8> },
    TakenBack,
}

fn any_event() -> impl Strategy<Value = Event> {
    let roles = vec![Role::Operator, Role::Administrator, Role::Administrator, Role::Owner];
    prop_oneof![
        3 => prop_oneof![1_i64..40, 300_i64..420].prop_map(Event::Days),
        4 => (
            0_u8..5,
            prop_oneof![4 => 1_i64..100, 1 => 100_i64..420],
            proptest::option::weighted(0.15, 1_i64..900),
            0_u8..20,
        )
            .prop_map(|(by, days, constraint, reason)| Event::Asked { by, days, constraint, reason }),
        5 => (0_u8..5, proptest::sample::select(roles), proptest::option::weighted(0.3, 0_u8..5))
            .prop_map(|(by, role, other)| {
                Event::Granted { by, role, for_whom: other.filter(|other| *other != by) }
            }),
        1 => Just(Event::TakenBack),
    ]
}

/// One condition through its life: what waits, and what was granted.
#[derive(Default)]
struct Life {
    days: i64,
    waits: Option<(u8, i64, Option<i64>, u8)>,
    terms: Vec<(Term, ExceptionKind)>,
}

impl Life {
    fn now(&self) -> Instant {
        days_ago(-self.days)
    }

    fn happen(&mut self, rules: &ExceptionRules, event: &Event) {
        let now = self.now();
        match event {
            Event::Days(days) => self.days += days,
            Event::Asked { by, days, constraint, reason } => {
                self.waits = Some((*by, self.days + days, constraint.map(|days| self.days + days), *reason));
            }
            Event::TakenBack => {
                if let Some((last, _)) = self.terms.last_mut() {
                    last.to = last.to.min(now);
                }
            }
            Event::Granted { by, role, for_whom } => {
                let Some((asked_by, until, replace_by, reason)) = self.waits.take() else { return };
                let reason = format!("reason {reason}");
                let wish = Wish {
                    kind: replace_by.map_or(ExceptionKind::Exception, |_| ExceptionKind::Constraint),
                    reason: &reason,
                    until: days_ago(-until),
                    requested_by: person(asked_by),
                    replace_by: replace_by.map(|days| days_ago(-days)),
                };
                let history: Vec<Term> = self.terms.iter().map(|(term, _)| term.clone()).collect();
                let name = NAMES[usize::from(*by)];
                let approver = Approver {
                    person: person(*by),
                    for_whom: for_whom.map(person),
                    name: for_whom.map_or(name, |other| NAMES[usize::from(other)]),
                    role: *role,
                    owns: false,
                    approves: false,
                };
                let Ok(rung) = rules.may_grant(&history, &wish, approver, now) else { return };
                assert!(
                    !approver.is(wish.requested_by),
                    "nobody grants their own wish, nor has it granted for them"
                );
                let part = |term: &Term| {
                    approver.is(term.granted_by) || term.granted_for.is_some_and(|other| approver.is(other))
                };
                let last = history.last().filter(|_| wish.kind == ExceptionKind::Exception);
                assert!(
                    !last.is_some_and(|term| term.to >= now && part(term)),
                    "nobody renews what they granted"
                );
                if let Some((last, _)) = self.terms.last_mut() {
                    last.to = last.to.min(now);
                }
                let term = Term {
                    from: now,
                    to: wish.until,
                    requested_by: wish.requested_by,
                    granted_by: approver.person,
                    granted_for: approver.for_whom,
                    rung,
                    reason: reason.clone(),
                    replace_by: wish.replace_by,
                };
                self.terms.push((term, wish.kind));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_events_yields_a_permanent_exception(
        events in proptest::collection::vec(any_event(), 1..60),
        three in any::<bool>(),
    ) {
        let mut rules = ExceptionRules::default();
        if three {
            rules.approvers.push(String::from("person:ana"));
            rules.renewals_max = 2;
        }
        let mut life = Life::default();
        for event in &events {
            life.happen(&rules, event);
        }
        let day = 86_400_000_000_i64;
        let days = |term: &Term| (term.to.as_micros() - term.from.as_micros()).max(0) / day;
        // However it is cut, what stands without a year between is bounded: by the days of exceptions, and where
        // constraints are among it by the day of replacement besides.
        let most = i64::from(rules.days_total_max) + i64::from(rules.constraint_days_max);
        for (begin, (first, _)) in life.terms.iter().enumerate() {
            let (mut stood, mut plain, mut end, mut only_exceptions) = (0, 0, first.to, true);
            let mut rung = None;
            for (term, kind) in &life.terms[begin..] {
                if term.from.as_micros() - end.as_micros() >= 365 * day {
                    break;
                }
                end = end.max(term.to);
                stood += days(term);
                if *kind == ExceptionKind::Exception {
                    plain += days(term);
                    prop_assert!(rung.is_none_or(|former| former < term.rung), "a renewal is granted by somebody higher");
                } else {
                    only_exceptions = false;
                }
                rung = Some(term.rung);
            }
            prop_assert!(stood <= most, "{stood} days in one chain");
            prop_assert!(plain <= i64::from(rules.days_total_max), "{plain} days of exceptions");
            if only_exceptions {
                prop_assert!(stood <= i64::from(rules.days_total_max));
            }
        }
    }
}

#[test]
fn the_drawn_events_grant_renew_and_refuse() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let drawn = proptest::collection::vec(any_event(), 1..60);
    let rules = ExceptionRules::default();
    let (mut renewed, mut constraints) = (0, 0);
    for _ in 0..500 {
        let events = drawn.new_tree(&mut runner).unwrap().current();
        let mut life = Life::default();
        for event in &events {
            life.happen(&rules, event);
        }
        renewed +=
            usize::from(life.terms.iter().any(|(term, _)| term.rung == 1 && term.replace_by.is_none()));
        constraints += usize::from(life.terms.iter().any(|(term, _)| term.replace_by.is_some()));
    }
    assert!(renewed > 20 && constraints > 20, "{renewed} renewed, {constraints} constraints");
}
