//! What is recommended of an identity that is reviewed: labelled cases, and what must hold of every dossier.
//!
//! A label says what an honest reviewer would be told. It must never be changed to please the function.

use crate::dossiers::{NOW, any_dossier, dossier};
use proptest::prelude::*;
use std::sync::LazyLock;
use tenure_judge::{Dossier, Judge, OpenSince, Programme, Recommendation};
use tenure_model::{PolicyKind, ReviewAnswer, Severity};

const OWNED: &str = "business_owner = true\ntechnical_owner = true\n";
const PLAIN: &str = "[[principals]]\nname = \"app\"\n";

fn judge() -> Judge {
    let mut programme = Programme::default();
    programme.thresholds.review_days_max = Some(90);
    Judge::new(&programme).unwrap()
}

fn recommended(judge: &Judge, dossier: &Dossier) -> Recommendation {
    let explained = judge.explain(dossier, &OpenSince::new(), NOW).unwrap();
    judge.recommend(dossier, &explained, NOW)
}

/// What is recommended, and the code of its first reason.
fn check(says: &str, text: &str, answer: ReviewAnswer, code: &str) {
    let found = recommended(&judge(), &dossier(text));
    let first = found.reasons.first().map(|one| one.code.as_str());
    assert_eq!((found.answer, first), (answer, Some(code)), "{says}: {found:#?}");
}

#[test]
fn what_is_sound_is_kept_and_what_is_not_known_is_said_and_counts_for_nothing() {
    use ReviewAnswer::Keep;
    let owned = |more: &str| format!("{OWNED}{PLAIN}{more}");
    for (says, text) in [
        ("nothing fails", owned("")),
        (
            "used yesterday, every use is seen",
            owned(
                "watched_days_ago = 200\nuses = [{ consumer = \"10.0.3.7 (etl)\", days_ago = 1, count = 3 }]\n",
            ),
        ),
        (
            "unused for a year, and a use can be missed",
            owned("uses = [{ consumer = \"10.0.3.7 (etl)\", days_ago = 365, count = 3 }]\n"),
        ),
        ("unused, and use is not observable", owned("use_not_observable = \"logging is off\"\n")),
        ("unused for less than the threshold", owned("watched_days_ago = 89\n")),
        (
            "what ends it is a sentence that a person has to judge",
            format!("{OWNED}retirement_trigger = \"when the project ends\"\n{PLAIN}"),
        ),
        ("nobody confirmed it, which the review answers", format!("{OWNED}enrolled_days_ago = 400\n{PLAIN}")),
        (
            "what was denied by somebody who may not say so any more",
            format!(
                "{OWNED}confirmed = {{ days_ago = 3, denied = \"it is not needed any more\", void = \"they left\" }}\n{PLAIN}"
            ),
        ),
    ] {
        check(says, &text, Keep, "nothing_fails");
    }
    let unknown = recommended(&judge(), &dossier(&owned("use_not_observable = \"logging is off\"\n")));
    assert!(
        unknown.not_known.contains(&String::from("whether it is used is not known: logging is off")),
        "{unknown:?}"
    );
}

#[test]
fn what_is_not_needed_is_retired() {
    use ReviewAnswer::Retire;
    let owned = |more: &str, principal: &str| format!("{OWNED}{more}{PLAIN}{principal}");
    for (says, text, code) in [
        (
            "its day has come",
            owned("retirement_trigger = \"until:2026-03-31\"\n", ""),
            "past_retirement_trigger",
        ),
        ("its charter ended", owned("expires_in_days = -3\n", ""), "charter_ended"),
        ("unused for long enough, every use is seen", owned("", "watched_days_ago = 200\n"), "unused"),
        (
            "its owner said that it is not needed",
            owned("confirmed = { days_ago = 3, denied = \"it is not needed any more\" }\n", ""),
            "denied",
        ),
        (
            "it ended, its name is there again, and nobody answers for it",
            format!("{PLAIN}name_ended = [\"`pg-main/app` (7k2m4xq), retired\"]\n"),
            "returned_name",
        ),
        (
            "not needed weighs more than a weak password",
            owned("expires_in_days = -3\n", "[[principals.credentials]]\nfacts = { verifier = \"md5\" }\n"),
            "charter_ended",
        ),
    ] {
        check(says, &text, Retire, code);
    }
}

#[test]
fn one_principal_whose_uses_can_be_missed_keeps_the_whole_identity_from_being_unused() {
    let both = format!("{OWNED}{PLAIN}watched_days_ago = 200\n[[principals]]\nname = \"other\"\n");
    check("one of two is watched", &both, ReviewAnswer::Keep, "nothing_fails");
    let all = format!(
        "{OWNED}{PLAIN}watched_days_ago = 200\n[[principals]]\nname = \"other\"\nwatched_days_ago = 100\n"
    );
    check("both are watched", &all, ReviewAnswer::Retire, "unused");
}

#[test]
fn what_nobody_answers_for_is_reassigned() {
    check("nobody owns it", PLAIN, ReviewAnswer::Reassign, "no_owner");
    let weak = format!("{PLAIN}[[principals.credentials]]\nfacts = {{ verifier = \"md5\" }}\n");
    check("nobody owns it, and its password is weak", &weak, ReviewAnswer::Reassign, "no_owner");
    check(
        "its technical owner alone",
        &format!("technical_owner = true\n{PLAIN}"),
        ReviewAnswer::Keep,
        "nothing_fails",
    );
}

#[test]
fn a_credential_that_fails_is_rotated_and_named() {
    let with = |credential: &str| format!("{OWNED}{PLAIN}[[principals.credentials]]\n{credential}");
    for (says, text, code) in [
        ("an MD5 password", with("facts = { verifier = \"md5\" }\n"), "weak_or_reused_password"),
        (
            "older than agreed",
            with("facts = { verifier = \"scram-sha-256\" }\nfirst_seen_days_ago = 400\n"),
            "rotation_overdue",
        ),
        (
            "the same value elsewhere",
            with("facts = { verifier = \"scram-sha-256\" }\nsame_value = [\"pg-main/other\"]\n"),
            "weak_or_reused_password",
        ),
        (
            "a value that was ended is back",
            with("value_ended = [\"`pg-main/app` (7k2m4xq), retired\"]\n"),
            "returned_value",
        ),
    ] {
        check(says, &text, ReviewAnswer::Rotate, code);
        let found = recommended(&judge(), &dossier(&text));
        assert_eq!(found.credentials.len(), 1, "{says}: {found:?}");
    }
}

#[test]
fn what_may_do_too_much_is_narrowed_and_the_rights_are_named() {
    let scope = format!(
        "{OWNED}allowed_scope = [\"SELECT on shop/*\"]\n{PLAIN}rights = [\"SELECT on shop/table/a\", \"DROP on shop/table/a\"]\n"
    );
    check("a right beyond its charter", &scope, ReviewAnswer::Narrow, "scope_wider_than_charter");
    assert_eq!(recommended(&judge(), &dossier(&scope)).rights, ["DROP on shop/table/a"]);
    let within = format!(
        "{OWNED}allowed_scope = [\"SELECT on shop/*\"]\n{PLAIN}rights = [\"SELECT on shop/table/a\"]\n"
    );
    check("all within its charter", &within, ReviewAnswer::Keep, "nothing_fails");
    let used = "facts = { login = true, superuser = true }\nuses = [{ consumer = \"10.0.3.7 (etl)\", days_ago = 1, count = 3 }]\n";
    check(
        "a superuser that an application uses",
        &format!("{OWNED}{PLAIN}{used}"),
        ReviewAnswer::Narrow,
        "superuser_as_application_role",
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is known: what fails badly is never kept, non-use that could be missed retires nothing, and every
    /// recommendation has a reason that asks for it.
    #[test]
    fn what_fails_badly_is_never_kept_and_what_may_be_used_unseen_is_never_retired_as_unused(dossier in any_dossier()) {
        static JUDGE: LazyLock<Judge> = LazyLock::new(judge);
        let judge = &*JUDGE;
        let explained = judge.explain(&dossier, &OpenSince::new(), NOW).unwrap();
        let found = judge.recommend(&dossier, &explained, NOW);
        let bad = explained.judgement.conditions.iter().any(|one| {
            one.counts() && one.severity >= Severity::High && (one.kind == PolicyKind::Hygiene || one.policy != "not_confirmed")
        });
        prop_assert!(!bad || found.answer != ReviewAnswer::Keep, "{:#?}", found);
        let missed = dossier.principals.iter().any(|one| {
            one.unread_since.is_none() && (one.use_coverage.is_some() || one.use_watched_since.is_none())
        });
        prop_assert!(!missed || found.reasons.iter().all(|one| one.code != "unused"), "{:#?}", found);
        prop_assert_eq!(found.reasons.first().map(|one| one.answer), Some(found.answer));
        prop_assert!(found.reasons.iter().all(|one| !one.says.is_empty()));
    }
}
