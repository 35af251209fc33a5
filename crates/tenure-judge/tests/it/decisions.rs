//! Whose decision counts for what.
//!
//! The table is reviewed by a person; it must never be loosened to make a caller work.
//! Next: `matrix.rs`, the same for the API.

use crate::matrix::{actor, head, marks, resource};
use std::fmt::Write as _;
use tenure_judge::{ApiResourceKind, Authoriser, Verdict};
use tenure_model::{DecisionRight, Role};

#[test]
fn who_holds_which_decision_right() {
    let authoriser = Authoriser::new().unwrap();
    let mut text = head("a person");
    for right in DecisionRight::ALL {
        for kind in ApiResourceKind::ALL {
            let row = marks(|role, owned| {
                authoriser.holds(&actor(role, true, false), *right, &resource(*kind, owned))
            });
            if row.contains(['+', 'o']) {
                let _ = writeln!(text, "{:<28}{row}", format!("{right} {kind}"));
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn nobody_decides_without_a_person() {
    let authoriser = Authoriser::new().unwrap();
    for role in Role::ALL {
        for right in DecisionRight::ALL {
            for kind in ApiResourceKind::ALL {
                for local in [false, true] {
                    let verdict =
                        authoriser.holds(&actor(*role, false, local), *right, &resource(*kind, true));
                    assert_ne!(verdict, Verdict::Allowed, "{role} {right} {kind}");
                }
            }
        }
    }
}
