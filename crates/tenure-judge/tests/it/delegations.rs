//! Delegations: how long one may be, how much of a year all of them, and that no role is passed on.
//!
//! Each setting has a test that shows what it changes. Next: `approvals.rs`, where both count as one person.

use crate::{
    dossiers::NOW,
    matrix::{actor, head},
};
use proptest::prelude::*;
use std::{fmt::Write as _, time::Duration};
use tenure_judge::{
    ApiAction, ApiResource, ApiResourceKind, Approver, Authoriser, Claim, DelegationRules, NotDelegated,
    Programme, Verdict, decides_step,
};
use tenure_model::{DecisionRight, DelegatedTime, Instant, PersonId, Role};

fn person(number: u8) -> PersonId {
    PersonId::new(NOW, [number; 10])
}

fn day(days: i64) -> Instant {
    let off = Duration::from_hours(24 * days.unsigned_abs());
    if days < 0 { NOW.minus(off) } else { NOW.plus(off) }
}

fn time(from: i64, until: i64) -> DelegatedTime {
    DelegatedTime { to: person(2), from: day(from), until: day(until) }
}

fn may(rules: &str, before: &[DelegatedTime], new: DelegatedTime) -> Result<(), NotDelegated> {
    let programme = Programme::parse(&format!("version = 1\n{rules}")).unwrap();
    programme.delegations.may_offer(new, (before, 0), NOW)
}

#[test]
fn one_has_an_end_that_is_ahead_and_not_too_far() {
    let said = |rules: &str, new| may(rules, &[], new).unwrap_err().to_string();
    assert_eq!(may("", &[], time(0, 31)), Ok(()));
    assert_eq!(may("", &[], time(60, 91)), Ok(()));
    insta::assert_snapshot!(said("", time(0, 32)), @"it may last 31 days at most, until 2026-07-02T00:00:00Z");
    insta::assert_snapshot!(said("", time(0, 0)), @"it would end before it begins, or in the past");
    insta::assert_snapshot!(said("", time(-3, -1)), @"it would end before it begins, or in the past");
    insta::assert_snapshot!(said("", time(93, 94)), @"it may begin 92 days ahead at most");
    // One whose beginning has passed runs from now.
    assert_eq!(may("", &[], time(-10, 31)), Ok(()));
    assert_eq!(may("[delegations]\ndays_max = 40", &[], time(0, 40)), Ok(()));
    insta::assert_snapshot!(said("[delegations]\ndays_max = 7", time(0, 8)), @"it may last 7 days at most, until 2026-06-08T00:00:00Z");
    insta::assert_snapshot!(said("[delegations]\ndays_max = 0", time(0, 1)), @"the programme lets nobody decide in another's place (`delegations.days_max` is 0)");
}

#[test]
fn all_of_them_together_are_bounded_in_any_year() {
    let three = [time(-100, -69), time(-60, -29), time(-20, 9)];
    assert_eq!(may("", &three, time(10, 11)), Ok(()));
    insta::assert_snapshot!(may("", &three, time(10, 12)).unwrap_err(), @"within a year others would decide for you on 93 days, and 92 there may be: what needs longer than that is handed on (tenure handoff offer)");
    assert_eq!(may("[delegations]\ndays_a_year_max = 93", &three, time(10, 12)), Ok(()));
    // Two at once are one time, and what is over a year ago is none.
    assert_eq!(may("", &[time(0, 31), time(0, 31), time(5, 31)], time(0, 31)), Ok(()));
    assert_eq!(may("", &[time(-400, -369), time(-440, -409), time(-480, -449)], time(0, 31)), Ok(()));
    // One that is put before those that are ahead makes their year too long.
    let ahead = [time(30, 61), time(61, 92)];
    assert!(may("", &ahead, time(0, 30)).is_ok());
    assert!(may("[delegations]\ndays_a_year_max = 80", &ahead, time(0, 20)).is_err());
}

#[test]
fn no_more_than_five_at_a_time() {
    let rules = DelegationRules::default();
    assert_eq!(rules.may_offer(time(0, 1), (&[], 4), NOW), Ok(()));
    assert_eq!(rules.may_offer(time(0, 1), (&[], 5), NOW), Err(NotDelegated::TooMany));
}

#[test]
fn limits_that_cannot_be_meant_are_refused() {
    let refused = |rules: &str| Programme::parse(&format!("version = 1\n{rules}")).unwrap_err().to_string();
    insta::assert_snapshot!(refused("[delegations]\ndays_max = 93"), @"`delegations.days_max` is 93; it must be from 0 to 92");
    insta::assert_snapshot!(refused("[delegations]\ndays_a_year_max = 366"), @"`delegations.days_a_year_max` is 366; it must be from 0 to 184");
}

/// Days of a year in which somebody else decides, counted one by one.
fn days_counted(times: &[DelegatedTime], end: i64) -> usize {
    let within = |one: i64| times.iter().any(|time| time.from <= day(one) && day(one) < time.until);
    (end - 365..end).filter(|one| within(*one)).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever somebody offers in whatever order over three years, no year has more days than the programme lets it.
    #[test]
    fn no_year_holds_more_than_it_may(
        wishes in proptest::collection::vec((0_i64..40, 0_i64..90, 0_i64..60), 1..30),
    ) {
        let rules = DelegationRules::default();
        let (mut now, mut had) = (0_i64, Vec::new());
        for (later, ahead, long) in wishes {
            now += later;
            let new = time(now + ahead, now + ahead + long);
            if rules.may_offer(new, (&had, 0), day(now)).is_ok() {
                had.push(new);
            }
        }
        for end in (0..=now + 150).step_by(3) {
            prop_assert!(days_counted(&had, end) <= 92, "the year to day {end} of {had:?}");
        }
    }

    /// Who decides in another's place is never asked for their role, nor for the other's.
    #[test]
    fn no_role_is_passed_on(
        term in proptest::sample::select(vec!["operator", "administrator", "auditor"]),
        role in proptest::sample::select(Role::ALL),
        (owns, approves) in (any::<bool>(), any::<bool>()),
    ) {
        let by = Approver { person: person(1), for_whom: Some(person(2)), name: term, role, owns, approves };
        prop_assert!(!decides_step(&[term.to_owned()], 0, &by));
        prop_assert!(decides_step(&[String::from("owner")], 0, &by) == owns);
        let named = [["person:", term].concat()];
        prop_assert!(decides_step(&named, 0, &by));
    }
}

/// What the roles may do with something that is the delegator's, and may not with what is nobody's of theirs.
#[test]
fn in_the_place_of_an_owner_others_decisions_are_decided_and_nothing_more() {
    let authoriser = Authoriser::new().unwrap();
    let mut text = head("in place of an owner");
    for kind in ApiResourceKind::ALL {
        // A review asks with what is known of the identity.
        let claim = Claim { built_in: false, ..Claim::UNREAD };
        let asked = |mine| ApiResource { claim, ..ApiResource::in_place_of_owner(*kind, mine) };
        let mut line = |verb: String, ask: &dyn Fn(Role, &ApiResource) -> Verdict| {
            let mut row = String::new();
            for role in Role::ALL {
                let (mine, other) = (ask(*role, &asked(true)), ask(*role, &asked(false)));
                let mark = match (mine == Verdict::Allowed, other == Verdict::Allowed) {
                    (true, true) => "+",
                    (true, false) => "d",
                    (false, false) => "·",
                    (false, true) => "deciding for another takes a right away",
                };
                let _ = write!(row, "{mark:>14}");
            }
            if row.contains('d') {
                let _ = writeln!(text, "{:<28}{row}", format!("{verb} {kind}"));
            }
        };
        for action in ApiAction::ALL {
            line(action.to_string(), &|role, about| {
                authoriser.authorise(&actor(role, true, false), action, about)
            });
        }
        for right in DecisionRight::ALL {
            line(format!("decide_{right}"), &|role, about| {
                authoriser.holds(&actor(role, true, false), *right, about)
            });
        }
    }
    text.push_str("d: where the other owns it. What is not listed, a delegate does only as themselves.\n");
    insta::assert_snapshot!(text);
}
