//! The whole matrix of who may do what, for a person to review.
//!
//! What is not in the golden text is denied to everybody, which the test also checks by
//! asking every pair. Next: `decisions.rs`, whose decision counts.

use crate::dossiers::NOW;
use std::fmt::Write as _;
use tenure_judge::{Actor, ApiAction, ApiResource, ApiResourceKind, Authoriser, Claim, Verdict};
use tenure_model::{PersonId, Role};

pub(crate) fn actor(role: Role, person: bool, local: bool) -> Actor {
    Actor { person: person.then(|| PersonId::new(NOW, [3; 10])), role, local }
}

pub(crate) fn resource(kind: ApiResourceKind, owned_by_actor: bool) -> ApiResource {
    ApiResource::new(kind, owned_by_actor)
}

/// One mark per role: `+` always, `o` only where the actor owns it, `·` never.
/// `answer` says whether this role is allowed on an owned (true) or other (false) resource.
pub(crate) fn marks(answer: impl Fn(Role, bool) -> Verdict) -> String {
    let mut row = String::new();
    for role in Role::ALL {
        let mark = match (answer(*role, true), answer(*role, false)) {
            (Verdict::Allowed, Verdict::Allowed) => "+",
            (Verdict::Allowed, Verdict::Denied { .. }) => "o",
            (Verdict::Denied { .. }, Verdict::Denied { .. }) => "·",
            (Verdict::Denied { .. }, Verdict::Allowed) => "owning takes a right away",
        };
        let _ = write!(row, "{mark:>14}");
    }
    row
}

pub(crate) fn head(first: &str) -> String {
    let mut row = format!("{first:<28}");
    for role in Role::ALL {
        let _ = write!(row, "{:>14}", role.as_str());
    }
    row.push('\n');
    row
}

#[test]
fn who_may_do_what_to_what() {
    let authoriser = Authoriser::new().unwrap();
    let mut text = String::new();
    for (title, person, local) in [
        ("a person, over the network", true, false),
        ("a person, on the socket", true, true),
        ("no person, over the network", false, false),
        ("no person, on the socket", false, true),
    ] {
        text.push_str(&head(title));
        for action in ApiAction::ALL {
            for kind in ApiResourceKind::ALL {
                let row = marks(|role, owned| {
                    authoriser.authorise(&actor(role, person, local), action, &resource(*kind, owned))
                });
                if row.contains(['+', 'o']) {
                    let _ = writeln!(text, "{:<28}{row}", format!("{action} {kind}"));
                }
            }
        }
        text.push('\n');
    }
    text.push_str("Every pair that is not listed is denied to everybody.\n");
    insta::assert_snapshot!(text);
}

#[test]
fn a_refusal_says_why_in_words_for_the_actor() {
    let authoriser = Authoriser::new().unwrap();
    let why = |role, person, local, action, kind| match authoriser.authorise(
        &actor(role, person, local),
        &action,
        &resource(kind, false),
    ) {
        Verdict::Denied { why } => why,
        Verdict::Allowed => panic!("allowed"),
    };
    insta::assert_snapshot!(why(Role::Auditor, true, false, ApiAction::Apply, ApiResourceKind::Plan), @"role `auditor` may not `apply` here");
    insta::assert_snapshot!(why(Role::Administrator, true, true, ApiAction::Approve, ApiResourceKind::Source), @"`approve` is not something done to a source");
    insta::assert_snapshot!(why(Role::Operator, false, true, ApiAction::Approve, ApiResourceKind::Plan), @"a decision needs a person, and this request names none");
    insta::assert_snapshot!(why(Role::Administrator, false, false, ApiAction::Configure, ApiResourceKind::Source), @"without a person this is done only from the machine Tenure runs on");
}

#[test]
fn an_auditor_never_changes_anything() {
    let authoriser = Authoriser::new().unwrap();
    let harmless = [
        ApiAction::View,
        ApiAction::Find,
        ApiAction::ReadEvidence,
        ApiAction::ExportEvidence,
        ApiAction::ReadMetrics,
    ];
    for action in ApiAction::ALL.iter().filter(|action| !harmless.contains(action)) {
        for kind in ApiResourceKind::ALL {
            for (person, local, owned) in [(true, true, true), (true, false, false), (false, true, true)] {
                let verdict = authoriser.authorise(
                    &actor(Role::Auditor, person, local),
                    action,
                    &resource(*kind, owned),
                );
                assert_ne!(verdict, Verdict::Allowed, "{action} {kind}");
            }
        }
    }
}

/// Every claim there can be, with what it is called in the golden text.
fn claims() -> Vec<(String, bool, Claim)> {
    const NAMES: [&str; 6] =
        ["owned_by_actor", "owned", "built_in", "privileged", "names_another", "ends_anothers"];
    (0_u32..64)
        .map(|bits| {
            let holds = |at: u32| bits & (1 << at) != 0;
            let held = NAMES.iter().zip(0..).filter(|(_, at)| holds(*at)).map(|(name, _)| *name);
            let claim = Claim {
                owned: holds(1),
                built_in: holds(2),
                privileged: holds(3),
                names_another: holds(4),
                ends_anothers: holds(5),
            };
            (held.collect::<Vec<_>>().join(" "), holds(0), claim)
        })
        // Nobody owns what nobody owns, and nobody's share ends there.
        .filter(|(_, mine, claim)| claim.owned || !(*mine || claim.ends_anothers))
        .collect()
}

#[test]
fn who_may_say_whose_an_identity_is() {
    let authoriser = Authoriser::new().unwrap();
    let mut text = String::from("What an owner may claim or change; everything else is denied to them:\n");
    for (name, owned_by_actor, claim) in claims() {
        let asked = ApiResource { claim, ..ApiResource::new(ApiResourceKind::Identity, owned_by_actor) };
        for role in Role::ALL {
            let actor = actor(*role, true, true);
            let verdict = authoriser.authorise(&actor, &ApiAction::Own, &asked);
            let right = authoriser.holds(&actor, tenure_model::DecisionRight::Own, &asked);
            let allowed = verdict == Verdict::Allowed;
            assert_eq!(allowed, right == Verdict::Allowed, "{role}: {name}");
            match role {
                Role::Administrator | Role::Operator => assert!(allowed, "{role}: {name}"),
                Role::Auditor => assert!(!allowed, "{name}"),
                Role::Owner if allowed => {
                    let _ = writeln!(
                        text,
                        "  {}",
                        if name.is_empty() { "nobody's, for themselves" } else { &name }
                    );
                }
                Role::Owner => {}
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_claim_whose_facts_were_not_read_is_denied_to_an_owner() {
    let authoriser = Authoriser::new().unwrap();
    for owned in [true, false] {
        let asked = ApiResource::new(ApiResourceKind::Identity, owned);
        let owner = actor(Role::Owner, true, true);
        assert_ne!(authoriser.authorise(&owner, &ApiAction::Own, &asked), Verdict::Allowed);
    }
}
