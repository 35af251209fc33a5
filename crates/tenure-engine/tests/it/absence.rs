//! What a survey did not see, where as many rights are there as were seen: they are counted before they are compared,
//! and a count that agrees by chance must hide nothing. Next: `recognised.rs`, extents that are not read at all.

use crate::{
    bench::Bench,
    recognised::{right, roles, scripted, survey},
    scripted::Say,
};
use std::collections::BTreeSet;
use tenure_engine::Engine;
use tenure_store::tables::list_grants::GrantQuery;

/// Resources on which anybody holds a right.
async fn resources(engine: &Engine) -> BTreeSet<String> {
    let wanted = GrantQuery::default();
    let listed = engine.store().read("rights", move |tx| tx.list_grants(&wanted, None, 100)).await.unwrap();
    listed.rows.into_iter().map(|held| held.row.grant.resource).collect()
}

fn names(resources: &[&str]) -> BTreeSet<String> {
    resources.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn a_right_that_is_missing_is_gone_and_one_that_is_there_stays() {
    let bench = Bench::new();
    let both = || vec![right("a", "kept"), right("a", "lost")];
    let known = vec![
        Say::Page("roles", roles(&["a"])),
        Say::End("roles"),
        Say::Page("grants", both()),
        Say::End("grants"),
    ];
    let (deployment, script, _) = scripted(&bench, known.clone()).await;
    let engine = &deployment.engine;
    script.next(known);
    assert_eq!(survey(engine).await.missing, 0);
    assert_eq!(resources(engine).await, names(&["kept", "lost"]));
    script.next(vec![
        Say::Page("roles", roles(&["a"])),
        Say::End("roles"),
        Say::Page("grants", vec![right("a", "kept")]),
        Say::End("grants"),
    ]);
    assert_eq!(survey(engine).await.missing, 1);
    assert_eq!(resources(engine).await, names(&["kept"]));
}

#[tokio::test]
async fn a_right_that_went_with_its_principal_does_not_stand_in_for_one_that_is_missing() {
    let bench = Bench::new();
    let known = vec![
        Say::Page("roles", roles(&["a", "b"])),
        Say::End("roles"),
        Say::Page("grants", vec![right("a", "its"), right("b", "kept"), right("b", "lost")]),
        Say::End("grants"),
    ];
    let (deployment, script, _) = scripted(&bench, known).await;
    // `a` is not seen any more, and goes with the right that was seen; two rights are left, and two were seen.
    script.next(vec![
        Say::Page("roles", roles(&["b"])),
        Say::End("roles"),
        Say::Page("grants", vec![right("a", "its"), right("b", "kept")]),
        Say::End("grants"),
    ]);
    survey(&deployment.engine).await;
    assert_eq!(resources(&deployment.engine).await, names(&["kept"]));
}

#[tokio::test]
async fn a_right_that_moved_to_another_extent_does_not_stand_in_for_one_that_is_missing() {
    let bench = Bench::new();
    let known = vec![
        Say::Page("roles", roles(&["a"])),
        Say::End("roles"),
        Say::Page("grants", vec![right("a", "moved"), right("a", "lost")]),
        Say::End("grants"),
    ];
    let (deployment, script, _) = scripted(&bench, known).await;
    script.next(vec![
        Say::Page("roles", roles(&["a"])),
        Say::End("roles"),
        Say::Page("grants", vec![right("a", "moved")]),
        Say::End("grants"),
        Say::Page("others", vec![right("a", "moved")]),
        Say::End("others"),
    ]);
    survey(&deployment.engine).await;
    assert_eq!(resources(&deployment.engine).await, names(&["moved"]));
}

#[tokio::test]
async fn a_right_of_nobody_who_was_seen_does_not_stand_in_for_one_that_is_missing() {
    let bench = Bench::new();
    let known = vec![
        Say::Page("roles", roles(&["a"])),
        Say::End("roles"),
        Say::Page("grants", vec![right("a", "kept"), right("a", "lost")]),
        Say::End("grants"),
    ];
    let (deployment, script, _) = scripted(&bench, known).await;
    script.next(vec![
        Say::Page("roles", roles(&["a"])),
        Say::End("roles"),
        Say::Page("grants", vec![right("a", "kept"), right("nobody", "other")]),
        Say::End("grants"),
    ]);
    survey(&deployment.engine).await;
    assert_eq!(resources(&deployment.engine).await, names(&["kept"]));
}
