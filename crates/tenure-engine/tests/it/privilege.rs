//! Further rights: asked for, decided, seen, past their end, gained without asking, asked for late, and asked for anew.
//!
//! Over the chaos world, in virtual time. Each match has a twin that is none. Next: `privilege_never.rs`, what no history does.

use crate::consequences::apply as put_in_force;
use crate::requests::{DAY, Scene, programme, refusal};
use std::time::Duration;
use tenure_engine::{Dismissal, Engine, EngineFailure, GainShown, IdentityShown, RequestShown, RequestWish};
use tenure_model::{AskedRight, Charter, PrincipalKey, RequestKind, RequestState};

pub(crate) const CLASSES: &str = "[[class]]\nid = \"bills\"\nmatch = [\"name:billing\"]\nrights_by_request = true\n\
     [[class]]\nid = \"free\"\nmatch = [\"name:reporting\"]\n";
pub(crate) const ORDERS: &str = "shop/table/orders";
const OTHERS: &str = "shop/table/invoices";

/// A deployment in which `billing` gets rights by request, and `reporting` does not; the source was read whole since.
pub(crate) async fn asking(seed: u64) -> Scene {
    let scene = Scene::seeded(seed).await;
    put_in_force(scene.engine(), programme(CLASSES, "")).await;
    scene.survey().await;
    scene
}

pub(crate) fn key(scene: &Scene, name: &str) -> PrincipalKey {
    scene.bench.world.truths().into_iter().find(|one| one.name == name).unwrap().key
}

pub(crate) fn right(word: &str, resource: &str) -> AskedRight {
    AskedRight { right: word.to_owned(), resource: resource.to_owned(), grantable: false }
}

pub(crate) fn wish(scene: &Scene, name: &str, rights: &[AskedRight], days: u32) -> RequestWish {
    let nothing: RequestWish = serde_json::from_str("{}").unwrap();
    RequestWish {
        kind: RequestKind::Privilege,
        identity: Some(name.to_owned()),
        rights: rights.to_vec(),
        until: Some(scene.bench.world.now().plus(DAY * days)),
        reason: Some(String::from("the report reads it")),
        ..nothing
    }
}

async fn ask(scene: &Scene, name: &str, rights: &[AskedRight]) -> RequestShown {
    scene.engine().create_request(scene.ravi, wish(scene, name, rights, 20)).await.unwrap()
}

/// Asked, approved by somebody else, and seen not to be held.
async fn usable(scene: &Scene, name: &str, rights: &[AskedRight]) -> RequestShown {
    let asked = ask(scene, name, rights).await;
    scene.approve(scene.ola, &asked).await.unwrap();
    scene.survey().await;
    let usable = scene.now(&asked).await;
    assert!(usable.usable, "{usable:?}");
    usable
}

fn grant(scene: &Scene, name: &str, resource: &str, word: &str) {
    scene.bench.world.grant(&key(scene, name), resource, word).unwrap();
}

/// The sentence of the open finding of this policy about it.
async fn finding(engine: &Engine, name: &str, policy: &str) -> Option<String> {
    engine.judge_touched().await.unwrap();
    let shown = engine.show(name).await.unwrap();
    shown.findings.into_iter().find(|one| one.policy == policy).map(|one| one.reason)
}

async fn gained(engine: &Engine, name: &str) -> Vec<GainShown> {
    let IdentityShown { gains, .. } = engine.show(name).await.unwrap();
    gains
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_said_at_once_and_what_it_holds_already_is_not_asked_for() {
    let scene = asking(1).await;
    let refused = async |wish| refusal(scene.engine().create_request(scene.ravi, wish).await);
    let nothing: RequestWish = serde_json::from_str(r#"{"kind":"privilege"}"#).unwrap();
    insta::assert_snapshot!(refused(nothing.clone()).await, @"nothing was asked for; it does not say: identity (whose rights), rights (which rights it is to hold), reason (why this is asked)");
    let wrong = RequestWish {
        identity: Some(String::from("billing")),
        source: Some(String::from("main")),
        purpose: Some(String::from("more")),
        rights: vec![
            right("", ORDERS),
            right("INSERT", "a\nb"),
            right("TRUNCATE", OTHERS),
            right("TRUNCATE", OTHERS),
        ],
        until: Some(scene.bench.world.now().plus(DAY * 400)),
        ..nothing
    };
    insta::assert_snapshot!(refused(wrong).await, @r"nothing was asked for; it does not say: reason (why this is asked); source, purpose is said of something else, not of rights; ` on shop/table/orders` is no right: it is said as tenure show says it, RIGHT on RESOURCE; `INSERT on a\nb` is no right: it is said as tenure show says it, RIGHT on RESOURCE; `TRUNCATE on shop/table/invoices` is there twice; rights are asked for until 2027-11-21T12:00:02Z at the latest (365 days), and then anew");
    grant(&scene, "reporting", ORDERS, "INSERT");
    scene.survey().await;
    let already = refused(wish(&scene, "reporting", &[right("INSERT", ORDERS)], 20)).await;
    assert!(already.contains("it holds `INSERT on shop/table/orders` already"), "{already}");
    let soon = RequestWish {
        until: Some(scene.bench.world.now().plus(Duration::from_secs(59))),
        ..wish(&scene, "billing", &[right("DELETE", ORDERS)], 20)
    };
    assert!(refused(soon).await.contains("a minute ahead at least"));
    // Twin, and one matter is asked for once.
    ask(&scene, "billing", &[right("DELETE", ORDERS)]).await;
    let twice =
        refused(wish(&scene, "billing", &[right("DELETE", ORDERS), right("DELETE", OTHERS)], 20)).await;
    assert!(twice.contains("is about one of these rights already"), "{twice}");
    ask(&scene, "billing", &[right("DELETE", OTHERS)]).await;
    ask(&scene, "reporting", &[right("DELETE", ORDERS)]).await;
}

#[tokio::test]
async fn a_right_that_was_asked_for_decided_and_then_given_is_matched_and_found_once_its_end_came() {
    let scene = asking(2).await;
    let asked = ask(&scene, "billing", &[right("DELETE", ORDERS)]).await;
    let own = refusal(scene.approve(scene.ravi, &asked).await);
    assert!(own.contains("whoever asked for it decides no step of it"), "{own}");
    let approved = scene.approve(scene.ola, &asked).await.unwrap();
    assert_eq!((approved.row.state, approved.usable), (RequestState::Approved, false));
    let held = scene.engine().show("billing").await.unwrap().grants;
    assert!(!held.iter().any(|one| one.right == "DELETE"), "an approval gives nothing: {held:?}");
    scene.survey().await;
    assert!(scene.now(&asked).await.usable);
    grant(&scene, "billing", ORDERS, "DELETE");
    // Its twin, which nobody asked for.
    grant(&scene, "billing", OTHERS, "DELETE");
    scene.survey().await;
    let used = scene.now(&asked).await;
    assert_eq!((used.row.state, used.rights.len()), (RequestState::Fulfilled, 1), "{used:?}");
    assert!(used.rights[0].seen.is_some());
    let gains = gained(scene.engine(), "billing").await;
    let by = |resource: &str| gains.iter().find(|one| one.says.ends_with(resource)).unwrap().request.clone();
    assert_eq!((by(ORDERS), by(OTHERS)), (Some(asked.handle.clone()), None));
    let outside = finding(scene.engine(), "billing", "gained_outside").await.unwrap();
    assert!(outside.contains("nobody had asked for `DELETE on shop/table/invoices`"), "{outside}");
    assert!(!outside.contains(ORDERS), "{outside}");
    assert_eq!(finding(scene.engine(), "billing", "right_past_its_end").await, None);
    scene.bench.clock.advance(DAY * 21);
    let past = finding(scene.engine(), "billing", "right_past_its_end").await.unwrap();
    assert!(past.contains("asked for until") && past.contains("and still there"), "{past}");
    for resource in [ORDERS, OTHERS] {
        scene.bench.world.revoke(&key(&scene, "billing"), resource, "DELETE").unwrap();
    }
    scene.survey().await;
    for policy in ["right_past_its_end", "gained_outside"] {
        assert_eq!(finding(scene.engine(), "billing", policy).await, None);
    }
    assert!(scene.now(&asked).await.rights[0].gone.is_some());
    // Used once: given again, it is by no request.
    grant(&scene, "billing", ORDERS, "DELETE");
    scene.survey().await;
    assert!(finding(scene.engine(), "billing", "gained_outside").await.is_some());
}

#[tokio::test]
async fn only_just_what_was_asked_for_is_matched() {
    let scene = asking(3).await;
    let asked = usable(&scene, "billing", &[right("DELETE", ORDERS), right("INSERT", OTHERS)]).await;
    // The same right on something wider, and another right on the same: neither is it.
    grant(&scene, "billing", "shop/table/*", "DELETE");
    grant(&scene, "billing", ORDERS, "ALL");
    // The same for somebody else.
    grant(&scene, "reporting", ORDERS, "DELETE");
    scene.survey().await;
    let waits = scene.now(&asked).await;
    assert_eq!(waits.row.state, RequestState::Approved);
    assert!(waits.rights.iter().all(|one| one.seen.is_none()), "{waits:?}");
    assert_eq!(gained(scene.engine(), "billing").await.len(), 2);
    assert!(gained(scene.engine(), "reporting").await.is_empty(), "its class asks for nothing");
    // One of both, and then the other.
    grant(&scene, "billing", ORDERS, "DELETE");
    scene.survey().await;
    let half = scene.now(&asked).await;
    assert_eq!(half.rights.iter().filter(|one| one.seen.is_some()).count(), 1);
    assert_eq!(half.row.state, RequestState::Approved);
    grant(&scene, "billing", OTHERS, "INSERT");
    scene.survey().await;
    assert_eq!(scene.now(&asked).await.row.state, RequestState::Fulfilled);
    let kinds: Vec<String> =
        scene.engine().log_page(None, 50).await.unwrap().into_iter().map(|(_, one)| one.kind).collect();
    for kind in ["request.matched", "request.fulfilled", "identity.gained_outside"] {
        assert!(kinds.iter().any(|one| one == kind), "{kind}: {kinds:?}");
    }
}

#[tokio::test]
async fn what_was_given_before_tenure_had_seen_that_it_was_not_there_is_matched_to_nothing() {
    let scene = asking(4).await;
    let asked = ask(&scene, "billing", &[right("DELETE", ORDERS)]).await;
    grant(&scene, "billing", ORDERS, "DELETE");
    scene.approve(scene.ola, &asked).await.unwrap();
    scene.survey().await;
    let over = scene.now(&asked).await;
    assert_eq!(over.row.state, RequestState::Lapsed);
    assert!(over.row.ended_why.unwrap().contains("outside the process"));
    assert!(finding(scene.engine(), "billing", "gained_outside").await.is_some());
}

#[tokio::test]
async fn nobody_dismisses_it_and_asked_for_late_it_is_decided_by_others_and_stays_late() {
    let scene = asking(5).await;
    grant(&scene, "billing", ORDERS, "DELETE");
    scene.survey().await;
    let shown = scene.engine().show("billing").await.unwrap();
    let found = shown.findings.iter().find(|one| one.policy == "gained_outside").unwrap();
    let until = scene.bench.world.now().plus(DAY);
    let word = Dismissal { reason: String::from("fine"), until, rests_on_digest: None };
    let refused = refusal(scene.engine().dismiss(scene.asha, found, word).await);
    assert!(refused.contains("is a fact and no opinion"), "{refused}");
    let mixed = wish(&scene, "billing", &[right("DELETE", ORDERS), right("INSERT", OTHERS)], 20);
    let mixed = refusal(scene.engine().create_request(scene.ravi, mixed).await);
    assert!(mixed.contains("ask for those by a request of their own"), "{mixed}");
    let late = ask(&scene, "billing", &[right("DELETE", ORDERS)]).await;
    assert!(late.row.wanted.is_late());
    assert!(finding(scene.engine(), "billing", "gained_outside").await.is_some(), "asking decides nothing");
    assert!(matches!(scene.approve(scene.ravi, &late).await, Err(EngineFailure::Denied { .. })));
    let used = scene.approve(scene.ola, &late).await.unwrap();
    assert_eq!((used.row.state, used.row.absent), (RequestState::Fulfilled, None));
    assert_eq!(finding(scene.engine(), "billing", "gained_outside").await, None);
    // Before its end it may be asked for anew, which is not late; what was decided counts until then.
    let anew =
        scene.engine().create_request(scene.ravi, wish(&scene, "billing", &[right("DELETE", ORDERS)], 90));
    let anew = anew.await.unwrap();
    assert!(!anew.row.wanted.is_late() && anew.row.wanted.privilege().unwrap().renews);
    scene.approve(scene.ola, &anew).await.unwrap();
    scene.bench.clock.advance(DAY * 21);
    assert_eq!(finding(scene.engine(), "billing", "right_past_its_end").await, None);
    scene.bench.clock.advance(DAY * 70);
    assert!(finding(scene.engine(), "billing", "right_past_its_end").await.is_some());
}

#[tokio::test]
async fn what_others_decided_counts_as_allowed_until_its_end_and_no_longer() {
    let scene = asking(6).await;
    let (identity, now) = (scene.identity("reporting").await, scene.bench.world.now());
    let charter = Charter {
        business_owner: Some(scene.asha.person),
        allowed_scope: vec![String::from("SELECT on *")],
        ..identity.charter
    };
    let write = move |tx: &mut tenure_store::Tx<'_>| tx.set_charter(identity.id, &charter, now);
    scene.engine().store().write("set_charter", write).await.unwrap();
    usable(&scene, "reporting", &[right("DELETE", ORDERS)]).await;
    grant(&scene, "reporting", ORDERS, "DELETE");
    grant(&scene, "reporting", OTHERS, "DELETE");
    scene.survey().await;
    let wider = finding(scene.engine(), "reporting", "scope_wider_than_charter").await.unwrap();
    assert!(
        wider.contains("DELETE on shop/table/invoices") && !wider.contains("DELETE on shop/table/orders"),
        "{wider}"
    );
    scene.bench.clock.advance(DAY * 21);
    let wider = finding(scene.engine(), "reporting", "scope_wider_than_charter").await.unwrap();
    assert!(wider.contains("DELETE on shop/table/orders"), "{wider}");
}

#[tokio::test]
async fn what_was_decided_is_asked_again_when_it_is_seen() {
    for leaves in [true, false] {
        let scene = asking(7).await;
        let asked = usable(&scene, "billing", &[right("DELETE", ORDERS)]).await;
        if leaves {
            scene.engine().remove_person(scene.asha, "ola").await.unwrap();
        }
        grant(&scene, "billing", ORDERS, "DELETE");
        scene.survey().await;
        let now = scene.now(&asked).await;
        let expected = if leaves { RequestState::Lapsed } else { RequestState::Fulfilled };
        assert_eq!(now.row.state, expected, "{now:?}");
        assert_eq!(finding(scene.engine(), "billing", "gained_outside").await.is_some(), leaves);
    }
}

#[tokio::test]
async fn a_rule_of_the_programme_says_who_decides_and_that_rights_are_asked_for() {
    let scene = asking(8).await;
    let rule = "[approvals]\n[[approvals.rule]]\nrequests = [\"privilege\"]\nsteps = [\"operator\", \"administrator\"]\n";
    put_in_force(
        scene.engine(),
        programme(&format!("{rule}{}", CLASSES.replace("rights_by_request = true\n", "")), ""),
    )
    .await;
    scene.survey().await;
    let asked = ask(&scene, "billing", &[right("DELETE", ORDERS)]).await;
    let half = scene.approve(scene.ola, &asked).await.unwrap();
    assert_eq!((half.row.state, half.decisions.len()), (RequestState::Asked, 2));
    let twice = refusal(scene.approve(scene.ola, &asked).await);
    assert!(twice.contains("somebody else"), "{twice}");
    assert_eq!(scene.approve(scene.asha, &asked).await.unwrap().row.state, RequestState::Approved);
    grant(&scene, "billing", OTHERS, "DELETE");
    scene.survey().await;
    assert_eq!(
        finding(scene.engine(), "billing", "gained_outside").await,
        None,
        "nothing asks for it any more"
    );
}
