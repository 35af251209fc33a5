//! Extents that are recognised by their content digest: what that spares, how long it is believed, and
//! when nothing is recorded.
//!
//! A digest may lie. The lie may keep a change from being seen for a day; it must never make anything
//! disappear, and it must heal by itself.

use crate::{
    bench::{Bench, actor},
    scripted::{Say, Script, digest},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tenure_connect::chaos::{Call, ChaosPrincipal, Fault, FaultKind, SurveyFault};
use tenure_engine::{Belief, Deployment, Engine, FactValue, NewSource, SurveyRow};
use tenure_model::{
    Extent, Facts, Observation, ObservedGrant, ObservedPrincipal, Point, Presence, PrincipalKey,
    PrincipalKind, ShortName, SourceId, SurveyState,
};

pub(crate) async fn survey(engine: &Engine) -> SurveyRow {
    engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap()
}

pub(crate) async fn present(engine: &Engine) -> BTreeSet<String> {
    let page = engine.store().read("present", |tx| tx.principals_page(None, 500)).await.unwrap();
    page.into_iter().filter(|row| row.presence == Presence::Present).map(|row| row.name).collect()
}

/// The facts of each entry about an extent in a survey, as text.
async fn extent_entries(engine: &Engine, survey: &SurveyRow) -> Vec<String> {
    let subject = survey.id.to_string();
    let leaves = engine.store().read("leaves", move |tx| tx.leaves_about(&subject, 100)).await.unwrap();
    let mut shown = Vec::new();
    for leaf in leaves {
        let read = engine.store().read("leaf", move |tx| tx.leaves(leaf, leaf + 1)).await.unwrap();
        let entry = tenure_engine::Entry::decode(&read[0].1).unwrap();
        if entry.kind == "survey.extent" {
            let fact = |name: &str| match entry.facts.get(name) {
                None => String::from("-"),
                Some(FactValue::Text(text)) => text.clone(),
                Some(FactValue::Integer(number)) => number.to_string(),
                Some(FactValue::Flag(flag)) => flag.to_string(),
            };
            shown.push(["whole", "seen", "digest", "recognised", "as_in"].map(fact).join(" "));
        }
    }
    shown
}

#[tokio::test]
async fn an_unchanged_extent_is_recognised_and_its_entry_says_from_which_survey() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let source = engine.store().read("sources", |tx| tx.sources()).await.unwrap()[0].id;
    let first = engine.store().read("last", move |tx| tx.last_survey(source)).await.unwrap().unwrap();
    let second = survey(engine).await;
    assert_eq!((second.state, second.changed, second.missing), (SurveyState::Complete, 0, 0));
    assert_eq!(second.seen, first.seen, "things of extents that were recognised count as seen");
    insta::assert_snapshot!(second.note.clone().unwrap(), @"3 of 4 extents are as they were, by their content digest");
    let (before, after) = (extent_entries(engine, &first).await, extent_entries(engine, &second).await);
    assert_eq!((before.len(), after.len()), (4, 4));
    for (before, after) in before.iter().zip(&after) {
        let what = before.strip_suffix(" - -").unwrap();
        let recognised = format!("{what} true {}", first.id);
        // Uses are never recognised.
        assert!(*after == recognised || after == before, "{before}\n{after}");
    }
    assert_eq!(after.iter().filter(|entry| entry.ends_with(&first.id.to_string())).count(), 3);
    let third = survey(engine).await;
    assert_eq!(extent_entries(engine, &third).await, after, "still as it was when it was read in full");
}

#[tokio::test]
async fn what_changed_is_read_and_the_rest_is_not() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    bench.world.grant(&bench.victim, "shop/table/bills", "SELECT").unwrap();
    let granted = survey(engine).await;
    assert_eq!((granted.changed, granted.missing), (1, 0));
    assert!(granted.note.unwrap().starts_with("2 of 4 extents"));
    bench.world.revoke(&bench.victim, "shop/table/bills", "SELECT").unwrap();
    let revoked = survey(engine).await;
    assert_eq!((revoked.changed, revoked.missing), (0, 1));
    let (again, (_, drifted)) = (survey(engine).await, engine.full_sweep().await.unwrap());
    assert_eq!((again.changed, again.missing, drifted), (0, 0, 0));
    assert!(again.note.unwrap().starts_with("3 of 4 extents"));
}

/// How long the lie of a stale digest lasts, in hours, when digests are believed for so long.
async fn hours_of_a_lie(believed: Duration) -> u64 {
    let mut bench = Bench::new();
    bench.digest_believed = believed;
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let before = present(engine).await;
    bench.world.remove(&bench.bystander).unwrap();
    bench.world.create(ChaosPrincipal::account("newcomer", "NewcomerValue0001"));
    for hours in 0..48 {
        let stale = FaultKind::Survey(SurveyFault::StaleDigest);
        bench.world.script(Fault { on: Call::Observe, nth: 1, what: stale });
        let read = survey(engine).await;
        let now = present(engine).await;
        if now != before {
            assert!(
                now.contains("newcomer") && !now.contains("billing"),
                "the truth, and all of it: {now:?}"
            );
            assert_eq!(read.missing, 1, "the principal, and what it held with it");
            return hours;
        }
        assert_eq!((read.state, read.changed, read.missing), (SurveyState::Complete, 0, 0));
        bench.clock.advance(Duration::from_hours(1));
    }
    panic!("the lie never healed");
}

#[tokio::test]
async fn a_stale_digest_is_believed_for_a_day_at_most_and_loses_nothing() {
    assert_eq!(hours_of_a_lie(Duration::from_hours(24)).await, 24);
    assert_eq!(hours_of_a_lie(Duration::from_hours(3)).await, 3);
    assert_eq!(hours_of_a_lie(Duration::ZERO).await, 0, "zero is never");
}

#[tokio::test]
async fn a_person_who_believes_a_loss_is_answered_by_a_full_reading() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    assert!(survey(engine).await.note.is_some());
    let read = engine.survey(None, "main", Belief::Believe).await.unwrap();
    assert_eq!((read.changed, read.note), (0, None));
}

/// A deployment over a script, with one survey of `say` behind it.
pub(crate) async fn scripted(bench: &Bench, say: Vec<Say>) -> (Deployment, Script, SourceId) {
    let script = Script::default();
    let mut options = bench.options(bench.randomness());
    options.connectors.push(Arc::new(script.clone()));
    let deployment = Deployment::open(options).await.unwrap();
    let engine = &deployment.engine;
    let new = NewSource {
        name: ShortName::parse("main").unwrap(),
        system: String::from("scripted"),
        points: vec![Point { name: ShortName::parse("primary").unwrap(), url: String::from("script:1") }],
        options: std::collections::BTreeMap::new(),
        secret: None,
    };
    engine.add_source(actor(engine).await, new).await.unwrap();
    let source = engine.store().read("sources", |tx| tx.sources()).await.unwrap()[0].id;
    script.disturbs(engine.store(), source);
    script.next(say);
    let _ = engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await;
    (deployment, script, source)
}

/// Names of extents that could be recognised.
async fn recorded(engine: &Engine, source: SourceId) -> Vec<String> {
    let contents = engine.store().read("contents", move |tx| tx.contents(source)).await.unwrap();
    contents.into_keys().map(|Extent(name)| name).collect()
}

pub(crate) fn role(name: &str) -> Observation {
    Observation::Principal(ObservedPrincipal {
        key: PrincipalKey(format!("key:{name}")),
        name: name.to_owned(),
        kind: PrincipalKind::Account,
        built_in: false,
        facts: Facts::new(),
        charter_hint: None,
    })
}

pub(crate) fn right(of: &str, resource: &str) -> Observation {
    Observation::Grant(ObservedGrant {
        principal: PrincipalKey(format!("key:{of}")),
        resource: resource.to_owned(),
        right: String::from("SELECT"),
        path: Vec::new(),
        grantable: false,
    })
}

pub(crate) fn roles(names: &[&str]) -> Vec<Observation> {
    names.iter().map(|name| role(name)).collect()
}

#[tokio::test]
async fn nothing_is_recorded_where_anything_was_amiss() {
    use Say::{Disturb, End, EndAs, Fail, Offer, Page, Part};
    let good = || vec![Page("roles", roles(&["a", "b"])), EndAs("roles", "d")];
    let with = |more: Vec<Say>| good().into_iter().chain(more).collect::<Vec<_>>();
    let rights = |page: Vec<Observation>| with(vec![Page("grants", page), EndAs("grants", "d")]);
    let cases: Vec<(&str, Vec<Say>, &[&str])> = vec![
        ("all is well", rights(vec![right("a", "t")]), &["grants", "roles"]),
        ("no digest", with(vec![Page("grants", vec![right("a", "t")]), End("grants")]), &["roles"]),
        ("an orphan", rights(vec![right("a", "t"), right("nobody", "t")]), &["roles"]),
        ("a thing twice", rights(vec![right("a", "t"), right("a", "t")]), &["roles"]),
        ("a part", with(vec![Page("grants", vec![right("a", "t")]), Part("grants")]), &["roles"]),
        (
            "a page after the end",
            with(vec![EndAs("grants", "d"), Page("grants", vec![right("a", "t")])]),
            &["roles"],
        ),
        ("ended twice", with(vec![EndAs("grants", "d"), EndAs("grants", "d")]), &["roles"]),
        ("a principal twice", with(vec![Page("more", roles(&["c", "c"])), EndAs("more", "d")]), &["roles"]),
        (
            "too large a page",
            with(vec![Page("more", vec![role("c"); 1_001]), EndAs("more", "d")]),
            &["roles"],
        ),
        (
            "offered too late",
            with(vec![Page("more", roles(&["c"])), Offer("more", "d"), EndAs("more", "d")]),
            &["more", "roles"],
        ),
        ("a failure at the end", with(vec![Fail]), &[]),
        ("a plan settled meanwhile", with(vec![Disturb]), &[]),
    ];
    for (what, say, expected) in cases {
        let bench = Bench::new();
        let (deployment, _, source) = scripted(&bench, say).await;
        assert_eq!(recorded(&deployment.engine, source).await, expected, "{what}");
    }
}

#[tokio::test]
async fn a_connector_that_goes_on_after_it_was_recognised_makes_the_extent_part() {
    let bench = Bench::new();
    let known = vec![Say::Page("roles", roles(&["a", "b"])), Say::EndAs("roles", "d")];
    let (deployment, script, source) = scripted(&bench, known).await;
    let engine = &deployment.engine;
    for more in [Say::Page("roles", roles(&["a"])), Say::End("roles"), Say::Offer("roles", "d")] {
        script.next(vec![Say::Page("roles", roles(&["a", "b"])), Say::EndAs("roles", "d")]);
        survey(engine).await;
        assert_eq!(recorded(engine, source).await, ["roles"]);
        script.next(vec![Say::Offer("roles", "d"), more.clone()]);
        let read = survey(engine).await;
        assert_eq!((read.state, read.missing), (SurveyState::Partial, 0), "{more:?}");
        assert_eq!(script.heard()[0], "roles: true Unchanged");
        assert_eq!(recorded(engine, source).await, Vec::<String>::new(), "{more:?}");
        assert_eq!(present(engine).await.len(), 2, "{more:?}");
    }
}

#[tokio::test]
async fn only_the_recorded_digest_of_that_extent_is_recognised() {
    let bench = Bench::new();
    let known = vec![Say::Page("roles", roles(&["a"])), Say::EndAs("roles", "d")];
    let (deployment, script, _) = scripted(&bench, known).await;
    script.next(vec![Say::Offer("other", "d"), Say::Offer("roles", "e"), Say::Offer("roles", "d")]);
    let read = survey(&deployment.engine).await;
    assert_eq!(script.heard(), ["other: false Unknown", "roles: true Unknown", "roles: true Unchanged"]);
    assert_eq!((read.state, read.seen, read.missing), (SurveyState::Complete, 1, 0));
    assert_ne!(digest("d"), digest("e"));
}

#[tokio::test]
async fn principals_that_were_recognised_count_when_it_is_asked_which_share_is_lost() {
    let bench = Bench::new();
    let many: Vec<String> = (0..40).map(|number| format!("many-{number}")).collect();
    let many: Vec<Observation> = many.iter().map(|name| role(name)).collect();
    let few = ["a", "b", "c", "d", "e", "f"];
    let known = vec![
        Say::Page("many", many.clone()),
        Say::EndAs("many", "d"),
        Say::Page("few", roles(&few)),
        Say::EndAs("few", "d"),
    ];
    let (deployment, script, _) = scripted(&bench, known).await;
    let engine = &deployment.engine;
    // Five of six would be too much to lose; five of forty-six are not.
    script.next(vec![Say::Offer("many", "d"), Say::Page("few", roles(&["a"])), Say::EndAs("few", "e")]);
    let read = survey(engine).await;
    assert_eq!((read.state, read.missing), (SurveyState::Complete, 5));
    assert_eq!(present(engine).await.len(), 41);
}

#[tokio::test]
async fn a_held_survey_forgets_what_was_recorded() {
    let bench = Bench::new();
    let names = ["a", "b", "c", "d", "e", "f"];
    let known = vec![
        Say::Page("roles", roles(&names)),
        Say::EndAs("roles", "d"),
        Say::Page("grants", vec![right("a", "t")]),
        Say::EndAs("grants", "d"),
    ];
    let (deployment, script, source) = scripted(&bench, known).await;
    let engine = &deployment.engine;
    script.next(vec![Say::EndAs("roles", "e"), Say::Offer("grants", "d")]);
    assert_eq!(survey(engine).await.state, SurveyState::Held);
    assert_eq!(recorded(engine, source).await, Vec::<String>::new());
    assert_eq!(present(engine).await.len(), 6);
}

#[tokio::test]
async fn who_is_gone_takes_rights_from_an_extent_that_was_recognised_and_it_is_read_again() {
    let bench = Bench::new();
    let grants =
        || vec![Say::Page("grants", vec![right("a", "t"), right("b", "t")]), Say::EndAs("grants", "d")];
    let mut known = vec![Say::Page("roles", roles(&["a", "b"])), Say::EndAs("roles", "d")];
    known.extend(grants());
    let (deployment, script, source) = scripted(&bench, known).await;
    let engine = &deployment.engine;
    script.next(vec![Say::Page("roles", roles(&["a"])), Say::EndAs("roles", "e"), Say::Offer("grants", "d")]);
    assert_eq!(survey(engine).await.missing, 1);
    assert_eq!(recorded(engine, source).await, ["roles"]);
    // It was a reading between two moments: `b` is there after all, with its right.
    let mut back =
        vec![Say::Page("roles", roles(&["a", "b"])), Say::EndAs("roles", "d"), Say::Offer("grants", "d")];
    back.extend(grants());
    script.next(back);
    let read = survey(engine).await;
    assert_eq!(script.heard(), ["grants: true Unchanged", "grants: false Unknown"]);
    assert_eq!((read.changed, recorded(engine, source).await.len()), (2, 2), "the principal and its right");
}

#[tokio::test]
async fn a_survey_that_is_cut_off_leaves_nothing_to_recognise() {
    let bench = Bench::new();
    let known = vec![Say::Page("roles", roles(&["a"])), Say::EndAs("roles", "d")];
    let (deployment, script, source) = scripted(&bench, known).await;
    let engine = &deployment.engine;
    script.next(vec![Say::Page("roles", roles(&["a", "b"])), Say::Fail]);
    assert!(engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await.is_err());
    assert_eq!(recorded(engine, source).await, Vec::<String>::new(), "its rows are those of no one reading");
    script.next(vec![Say::Offer("roles", "d"), Say::Page("roles", roles(&["a"])), Say::EndAs("roles", "d")]);
    let read = survey(engine).await;
    assert_eq!((script.heard(), read.missing), (vec![String::from("roles: false Unknown")], 1));
    assert_eq!(present(engine).await, BTreeSet::from([String::from("a")]));
}
