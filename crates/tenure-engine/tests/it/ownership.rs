//! Suggestions, rules, "not mine" and charters in and out: what becomes whose, by whose word, and what stays.
//!
//! Over systems that say just what a test tells them, in virtual time. Must never wait for real time.

use crate::{
    bench::{Bench, actor},
    scripted::{Say, Script},
};
use std::{collections::BTreeMap, fmt::Write as _};
use tenure_engine::{
    Actor, Belief, CharterChange, CharterGiven, CharterState, CharterTaken, CharterWritten, ClaimBasis,
    ClaimMade, ClaimWish, Deployment, Engine, EngineFailure, IdentityQuery, Import, NewPerson, NewSource,
    NotMine, Suggested, SuggestionQuery,
};
use tenure_judge::Rule;
use tenure_model::{
    CredentialKind, CredentialState, Fact, Facts, Observation, ObservedCredential, ObservedGrant,
    ObservedPrincipal, Point, PrincipalKey, PrincipalKind, Role, ShortName,
};

fn texts(pairs: &[(&str, &str)]) -> Facts {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Fact::Text((*value).to_owned()))).collect()
}

fn principal(key: &str, kind: PrincipalKind, facts: Facts) -> ObservedPrincipal {
    ObservedPrincipal {
        key: PrincipalKey(key.to_owned()),
        name: key.to_owned(),
        kind,
        built_in: false,
        facts,
        charter_hint: None,
    }
}

fn secret(of: &str, value: &str, facts: Facts) -> Observation {
    Observation::Credential(ObservedCredential {
        key: String::from("secret"),
        principal: PrincipalKey(of.to_owned()),
        kind: CredentialKind::Token,
        state: CredentialState::Live,
        fingerprint: Some(format!("fp:{value}")),
        valid_until: None,
        facts,
    })
}

fn right(of: &str, resource: &str, right: &str) -> Observation {
    Observation::Grant(ObservedGrant {
        principal: PrincipalKey(of.to_owned()),
        resource: resource.to_owned(),
        right: right.to_owned(),
        path: Vec::new(),
        grantable: false,
    })
}

/// A machine with alice's account (number 1001), a service of hers, copies of secrets, and a key.
fn machine() -> Vec<Observation> {
    let mut account = texts(&[("defined_in", "/etc/passwd")]);
    account.insert(String::from("local_uid"), Fact::Number(1001));
    let unit = [("defined_in", "/etc/systemd/system/web-1.service"), ("file_owner", "alice")];
    let tagged = ObservedPrincipal {
        charter_hint: Some(String::from("nightly load, owner=ravi team=shop")),
        ..principal(
            "web-2.service",
            PrincipalKind::Workload,
            texts(&[("defined_in", "/etc/systemd/system/web-2.service")]),
        )
    };
    let copy =
        |name: &str, file: &str| principal(name, PrincipalKind::External, texts(&[("defined_in", file)]));
    let named = |name: &str, file: &str| texts(&[("place", file), ("file_mode", name)]);
    vec![
        Observation::Principal(principal("alice", PrincipalKind::Account, account)),
        Observation::Principal(principal("web-1.service", PrincipalKind::Workload, texts(&unit))),
        Observation::Principal(tagged),
        Observation::Principal(copy("~deploy/app/.env[A]", "~deploy/app/.env")),
        Observation::Principal(copy("~deploy/app/.env[B]", "~deploy/app/.env")),
        Observation::Principal(copy("~deploy/app/.npmrc", "~deploy/app/.npmrc")),
        Observation::Principal(copy("/srv/twin", "/srv/twin")),
        Observation::Principal(principal(
            "alice/key:laptop",
            PrincipalKind::Key,
            texts(&[("defined_in", "~alice/.ssh/authorized_keys")]),
        )),
        secret("~deploy/app/.env[A]", "one", named("0600", "~deploy/app/.env")),
        secret("/srv/twin", "one", named("0600", "/srv/twin")),
        right("alice/key:laptop", "account/alice", "log in"),
    ]
}

async fn surveyed(bench: &Bench) -> Deployment {
    let script = Script::default();
    let mut options = bench.options(bench.randomness());
    options.connectors.push(std::sync::Arc::new(script.clone()));
    let deployment = Deployment::open(options).await.unwrap();
    let engine = &deployment.engine;
    let who = actor(engine).await;
    let point = Point { name: ShortName::parse("primary").unwrap(), url: String::from("scripted:x") };
    let source = NewSource {
        name: ShortName::parse("box").unwrap(),
        system: String::from("scripted"),
        points: vec![point],
        options: BTreeMap::new(),
        secret: None,
    };
    engine.add_source(who, source).await.unwrap();
    script.next(vec![Say::Page("all", machine()), Say::End("all")]);
    engine.survey(Some(who), "box", Belief::HoldWhenMuchIsMissing).await.unwrap();
    engine.judge_touched().await.unwrap();
    deployment
}

async fn person(engine: &Engine, name: &str, role: Role, local_uid: Option<u32>) -> Actor {
    let new = NewPerson { name: name.to_owned(), role, local_uid };
    let person = engine.add_person(actor(engine).await, new).await.unwrap();
    Actor { person: person.id, role, local: false }
}

async fn suggestions(engine: &Engine) -> Vec<Suggested> {
    engine.suggestions(SuggestionQuery::default(), None, 100).await.unwrap().rows
}

fn told(suggested: &[Suggested]) -> String {
    let mut text = String::new();
    for one in suggested {
        let _ = writeln!(text, "{}", one.name);
        for suggestion in &one.suggestions {
            let _ = writeln!(
                text,
                "  {} {}: {}",
                suggestion.person_name, suggestion.confidence, suggestion.reason
            );
            for evidence in &suggestion.evidence {
                let _ = writeln!(text, "    {}: {}", evidence.kind, evidence.says);
            }
        }
    }
    text
}

fn shown(made: &[ClaimMade]) -> String {
    let mut text = String::new();
    for one in made {
        let _ = writeln!(text, "{} {}", one.name, one.why.as_deref().unwrap_or("claimed"));
    }
    text
}

async fn wish(engine: &Engine, name: &str, technical_owner: Option<&str>) -> ClaimWish {
    let identity = engine.show(name).await.unwrap().identity.id;
    ClaimWish { identity, business_owner: None, technical_owner: technical_owner.map(str::to_owned) }
}

fn rule(text: &str) -> ClaimBasis {
    ClaimBasis::Rule(Rule::parse(text).unwrap())
}

#[tokio::test]
async fn suggestions_rest_on_what_was_seen_and_name_only_people_who_are_known() {
    let bench = Bench::new();
    let deployment = surveyed(&bench).await;
    let engine = &deployment.engine;
    person(engine, "lee", Role::Owner, Some(1001)).await;
    let ravi = person(engine, "ravi", Role::Owner, None).await;
    engine.own(ravi, "box//srv/twin", CharterChange::default()).await.unwrap();
    engine.own(ravi, "box/~deploy/app/.env[B]", CharterChange::default()).await.unwrap();
    let told = told(&suggestions(engine).await);
    let handle = engine.show("box//srv/twin").await.unwrap().identity.handle;
    let other = engine.show("box/~deploy/app/.env[B]").await.unwrap().identity.handle;
    insta::assert_snapshot!(told.replace(&handle, "{twin}").replace(&other, "{b}"));
}

#[tokio::test]
async fn a_suggestion_becomes_an_owner_by_the_word_of_a_person_and_the_entry_says_on_what_it_rested() {
    let bench = Bench::new();
    let deployment = surveyed(&bench).await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    let lee = person(engine, "lee", Role::Owner, Some(1001)).await;
    person(engine, "ravi", Role::Owner, None).await;
    let wishes = vec![
        wish(engine, "web-1.service", Some("lee")).await,
        wish(engine, "web-2.service", Some("lee")).await,
    ];
    let made = engine.claim_many(asha, ClaimBasis::Suggestion, wishes.clone()).await.unwrap();
    assert_eq!(
        shown(&made),
        "box/web-1.service claimed\nbox/web-2.service nothing points to that person any more\n"
    );
    let owned = engine.show("web-1.service").await.unwrap().identity;
    assert_eq!(owned.charter.technical_owner, Some(lee.person));
    let entries = engine.log_page(None, 100).await.unwrap();
    let last = entries.iter().map(|(_, entry)| entry).find(|entry| entry.kind == "identity.owned").unwrap();
    assert_eq!((last.actor.clone(), last.subject.clone()), (asha.person.to_string(), owned.id.to_string()));
    let text = format!("{:?}", last.facts);
    assert!(text.contains("suggestion") && !text.contains("lee"), "{text}");
    let id = last.id.clone();
    let body = engine.store().read("body", move |tx| tx.body_of(&id)).await.unwrap().unwrap();
    let body = String::from_utf8(body.1).unwrap();
    assert!(body.contains("web-1.service is a file of `alice`"), "{body}");
    // Once more, nothing happens: what is owned stays.
    let again = engine.claim_many(asha, ClaimBasis::Suggestion, wishes).await.unwrap();
    assert!(again.iter().all(|one| !one.claimed), "{again:?}");
}

#[tokio::test]
async fn a_rule_takes_over_nothing_that_is_owned_whoever_asks() {
    let bench = Bench::new();
    let deployment = surveyed(&bench).await;
    let engine = &deployment.engine;
    let (mallory, ravi) =
        (person(engine, "mallory", Role::Owner, None).await, person(engine, "ravi", Role::Owner, None).await);
    engine.own(ravi, "web-1.service", CharterChange::default()).await.unwrap();
    let meant = engine.meant(Rule::parse("name:web-* kind:workload").unwrap(), None, 100).await.unwrap().rows;
    let listed: Vec<String> =
        meant.iter().map(|one| format!("{} {}", one.name, one.owners.join(","))).collect();
    assert_eq!(listed, ["box/web-1.service ravi", "box/web-2.service "]);
    for (number, who) in [mallory, actor(engine).await].into_iter().enumerate() {
        let name = if number == 0 { "mallory" } else { "asha" };
        let wishes = vec![
            wish(engine, "web-1.service", Some(name)).await,
            wish(engine, "web-2.service", Some(name)).await,
            wish(engine, "alice", Some(name)).await,
        ];
        let made = engine.claim_many(who, rule("name:web-* kind:workload"), wishes).await.unwrap();
        let second = if number == 0 { "claimed" } else { "mallory owns it already; it stays so" };
        assert_eq!(
            shown(&made),
            format!(
                "box/alice the rule does not mean it\nbox/web-1.service ravi owns it already; it stays so\nbox/web-2.service {second}\n"
            )
        );
    }
    let charter = engine.show("web-1.service").await.unwrap().identity.charter;
    assert_eq!((charter.technical_owner, charter.business_owner), (Some(ravi.person), None));
    // An owner claims for themselves only.
    let wishes = vec![wish(engine, "alice", Some("ravi")).await];
    let made = engine.claim_many(mallory, rule("kind:account"), wishes).await.unwrap();
    assert!(
        !made[0].claimed && made[0].why.as_deref().unwrap().contains("does not hold the right"),
        "{made:?}"
    );
}

#[tokio::test]
async fn two_rules_at_once_give_each_identity_to_one_of_them() {
    let bench = Bench::new();
    let deployment = surveyed(&bench).await;
    let engine = &deployment.engine;
    let (one, other) =
        (person(engine, "one", Role::Owner, None).await, person(engine, "other", Role::Owner, None).await);
    let mut wishes = Vec::new();
    for name in ["web-1.service", "web-2.service", "~deploy/app/.npmrc"] {
        wishes.push(wish(engine, name, None).await);
    }
    let (first, second) = tokio::join!(
        engine.claim_many(one, rule("name:**"), wishes.clone()),
        engine.claim_many(other, rule("name:**"), wishes.clone())
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    for (mine, theirs) in first.iter().zip(&second) {
        assert_ne!(mine.claimed, theirs.claimed, "{mine:?} {theirs:?}");
    }
    let entries = engine.log_page(None, 200).await.unwrap();
    assert_eq!(entries.iter().filter(|(_, entry)| entry.kind == "identity.owned").count(), wishes.len());
}

fn not_mine(ask: Option<&str>) -> NotMine {
    NotMine { ask: ask.map(str::to_owned), reason: String::from("moved to the data team") }
}

async fn waits_for(engine: &Engine, who: Actor) -> Vec<String> {
    let wanted = SuggestionQuery { passed_to: Some(who.person), ..SuggestionQuery::default() };
    let page = engine.suggestions(wanted, None, 10).await.unwrap();
    page.rows.into_iter().map(|one| one.name).collect()
}

#[tokio::test]
async fn what_is_not_mine_is_found_to_have_no_owner_and_waits_for_whoever_is_to_be_asked() {
    let bench = Bench::new();
    let deployment = surveyed(&bench).await;
    let engine = &deployment.engine;
    let (lee, ravi) = (
        person(engine, "lee", Role::Owner, Some(1001)).await,
        person(engine, "ravi", Role::Owner, None).await,
    );
    engine.own(lee, "web-1.service", CharterChange::default()).await.unwrap();
    let refused = engine.pass_on(lee, "web-1.service", not_mine(None)).await.unwrap_err();
    assert_eq!(refused.to_string(), "without you nobody owns it; say whom to ask instead");
    let refused = engine.pass_on(lee, "web-1.service", not_mine(Some("lee"))).await.unwrap_err();
    assert_eq!(refused.to_string(), "whoever is to be asked must be somebody else");
    let refused = engine.pass_on(ravi, "web-1.service", not_mine(Some("lee"))).await.unwrap_err();
    assert_eq!(refused.to_string(), "it is not yours already: lee owns it");
    let row = engine.pass_on(lee, "web-1.service", not_mine(Some("ravi"))).await.unwrap();
    assert_eq!((row.charter.technical_owner, row.enrolled), (None, true));
    engine.judge_touched().await.unwrap();
    let findings = engine.show("web-1.service").await.unwrap().findings;
    assert!(findings.iter().any(|finding| finding.policy == "no_owner"), "{findings:?}");
    assert_eq!(
        (waits_for(engine, ravi).await, waits_for(engine, lee).await),
        (vec![row.name.clone()], vec![])
    );
    let listed = suggestions(engine).await;
    let of = listed.iter().find(|one| one.identity == row.id).unwrap();
    assert_eq!(of.suggestions[0].person_name, "ravi");
    assert!(
        of.suggestions.iter().all(|one| one.person != lee.person),
        "nobody is suggested who said no: {of:?}"
    );
    // Passed back it waits for her; owned, for nobody.
    engine.pass_on(ravi, "web-1.service", not_mine(Some("lee"))).await.unwrap();
    assert_eq!(
        (waits_for(engine, ravi).await, waits_for(engine, lee).await),
        (vec![], vec![row.name.clone()])
    );
    engine.own(lee, "web-1.service", CharterChange::default()).await.unwrap();
    assert_eq!(waits_for(engine, lee).await, Vec::<String>::new());
    let kinds: Vec<String> =
        engine.log_page(None, 100).await.unwrap().into_iter().map(|(_, e)| e.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "identity.passed_on").count(), 2);
}

#[tokio::test]
async fn declining_what_nobody_owns_enrols_nothing_and_an_auditor_declines_nothing() {
    let bench = Bench::new();
    let deployment = surveyed(&bench).await;
    let engine = &deployment.engine;
    let lee = person(engine, "lee", Role::Owner, Some(1001)).await;
    let row = engine.pass_on(lee, "web-1.service", not_mine(None)).await.unwrap();
    assert!(!row.enrolled);
    let auditor = person(engine, "noor", Role::Auditor, None).await;
    let denied = engine.pass_on(auditor, "web-2.service", not_mine(None)).await.unwrap_err();
    assert!(matches!(denied, EngineFailure::Denied { .. }), "{denied}");
}

async fn charters(engine: &Engine) -> Vec<CharterTaken> {
    engine.charters(IdentityQuery::default(), None, 100).await.unwrap().rows
}

fn given(taken: &CharterTaken, charter: CharterWritten) -> CharterGiven {
    CharterGiven { identity: taken.identity.to_string(), as_of: Some(taken.as_of.clone()), charter }
}

fn states(told: &[tenure_engine::CharterImported]) -> Vec<CharterState> {
    told.iter().map(|one| one.state).collect()
}

#[tokio::test]
async fn charters_are_brought_back_only_where_nobody_changed_them_meanwhile() {
    let bench = Bench::new();
    let deployment = surveyed(&bench).await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    engine.own(asha, "web-1.service", CharterChange::default()).await.unwrap();
    engine.own(asha, "web-2.service", CharterChange::default()).await.unwrap();
    let taken = charters(engine).await;
    let as_they_are: Vec<CharterGiven> = taken.iter().map(|one| given(one, one.charter.clone())).collect();
    let told = engine.import_charters(asha, as_they_are.clone(), Import::Write).await.unwrap();
    assert_eq!(states(&told), [CharterState::Same, CharterState::Same]);
    let changed = |one: &CharterTaken| {
        let purpose = Some(String::from("serves the shop"));
        given(
            one,
            CharterWritten { purpose, allowed_scope: vec![String::from("orders")], ..one.charter.clone() },
        )
    };
    let wanted: Vec<CharterGiven> = taken.iter().map(changed).collect();
    let told = engine.import_charters(asha, wanted.clone(), Import::Preview).await.unwrap();
    assert_eq!(states(&told), [CharterState::Differs, CharterState::Differs]);
    assert_eq!(
        told[0].changes.iter().map(|change| change.field).collect::<Vec<_>>(),
        ["purpose", "allowed_scope"]
    );
    assert_eq!(charters(engine).await, taken, "a preview changes nothing");
    let meanwhile = CharterChange { rotation_days: Some(9), ..CharterChange::default() };
    engine.own(asha, "web-2.service", meanwhile).await.unwrap();
    let told = engine.import_charters(asha, wanted.clone(), Import::Write).await.unwrap();
    assert_eq!(states(&told), [CharterState::Written, CharterState::Changed]);
    let told = engine.import_charters(asha, wanted, Import::Write).await.unwrap();
    assert_eq!(
        states(&told),
        [CharterState::Same, CharterState::Changed],
        "once more, what is written is the same"
    );
    let charter = engine.show("web-1.service").await.unwrap().identity.charter;
    assert_eq!((charter.purpose.as_deref(), charter.allowed_scope.len()), (Some("serves the shop"), 1));
    assert_eq!(engine.show("web-2.service").await.unwrap().identity.charter.rotation_days, Some(9));
}

#[tokio::test]
async fn an_unknown_identity_or_person_and_another_ones_charter_are_told_and_keep_nothing_else_back() {
    let bench = Bench::new();
    let deployment = surveyed(&bench).await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    let (lee, ravi) =
        (person(engine, "lee", Role::Owner, None).await, person(engine, "ravi", Role::Owner, None).await);
    engine.own(ravi, "web-2.service", CharterChange::default()).await.unwrap();
    let taken = charters(engine).await.remove(0);
    let new = |identity: &str, owner: &str| CharterGiven {
        identity: identity.to_owned(),
        as_of: None,
        charter: CharterWritten { technical_owner: Some(owner.to_owned()), ..CharterWritten::default() },
    };
    let past = CharterWritten { expires_at: Some(crate::bench::start()), ..taken.charter.clone() };
    let unowned = given(&taken, CharterWritten::default());
    let all = vec![
        new("nobody", "lee"),
        new("web-1.service", "no such person"),
        new("~deploy/app/.npmrc", "lee"),
        new("web-2.service", "lee"),
        new("~deploy/app/.npmrc", "ravi"),
    ];
    let told = engine.import_charters(lee, all, Import::Write).await.unwrap();
    let mut text = String::new();
    for one in &told {
        let _ = writeln!(text, "{} {}: {}", one.given, one.state, one.why.as_deref().unwrap_or("-"));
    }
    insta::assert_snapshot!(text.replace(&taken.identity.to_string(), "{web-2}"));
    let told = engine.import_charters(asha, vec![given(&taken, past)], Import::Write).await.unwrap();
    assert_eq!(told[0].why.as_deref(), Some("the end lies in the past; to end it now, plan a revocation"));
    let told = engine.import_charters(lee, vec![unowned.clone()], Import::Write).await.unwrap();
    assert_eq!(states(&told), [CharterState::Refused], "another's share is not taken by a file");
    let told = engine.import_charters(asha, vec![unowned], Import::Preview).await.unwrap();
    assert_eq!(told[0].why.as_deref(), Some("without an owner it is a finding"));
}
