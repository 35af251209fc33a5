//! What follows by itself, and who may stop it: stages that are not skipped, a gate that is asked, people who are there.
//!
//! Over the chaos world, in virtual time. Must never wait for real time. Next: `consequences_never.rs`, the property.

use crate::bench::{Bench, actor};
use std::{sync::Arc, time::Duration};
use tenure_engine::{
    Actor, CharterChange, Engine, EngineFailure, ExceptionAnswer, ExceptionDecision, ExceptionWish, Followed,
    Foreseen, Gate, NewPerson, ProgrammeApplied,
};
use tenure_judge::ProgrammeFiles;
use tenure_model::{ConsequenceState, ExceptionKind, PlanKind, PlanState, Role, WaitingKind};

pub(crate) const DAY: Duration = Duration::from_hours(24);
const MAIN: &str = "version = 1\n[thresholds.grace_days]\nmedium = 0\n";
const CLASSES: &str = "[[class]]\nid = \"apps\"\nmatch = [\"name:reporting\"]\n";
const PARTNERS: &str = "
[[partner]]
id = \"platform\"
kind = \"team\"
contact = \"ravi\"
fallback = \"asha\"
[[partner]]
id = \"audit\"
kind = \"team\"
contact = \"asha\"
fallback = \"ravi\"
";
pub(crate) const CONTROL: &str = "
[[control]]
id = \"NHI1:2025\"
holds = \"what nobody needs is ended\"
approves = \"audit\"
implements = \"platform\"
monitors = \"audit\"
revokes = \"platform\"
escalation = \"asha\"
mode = \"enforce\"
consequences = [{ stage = \"warn\", after_days = 1 }, { stage = \"disable\", after_days = 8 }]
";

pub(crate) fn files(controls: &str) -> ProgrammeFiles {
    let all = [
        ("programme.toml", MAIN),
        ("classes.toml", CLASSES),
        ("partners.toml", PARTNERS),
        ("controls.toml", controls),
    ];
    ProgrammeFiles(all.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
}

/// Puts a programme in force; one that is in force already stays.
pub(crate) async fn apply(engine: &Arc<Engine>, files: ProgrammeFiles) {
    let foreseen = match engine.foresee_programme(&files, Duration::from_mins(5)).await.unwrap() {
        Foreseen::Made(foreseen) => foreseen,
        Foreseen::UnderWay { judged, of } => panic!("{judged} of {of}"),
    };
    let given = ProgrammeApplied {
        files,
        reason: String::from("operating model"),
        word: foreseen.word.clone(),
        worse: None,
    };
    match engine.apply_programme(actor(engine).await, given).await {
        Ok(_) => {}
        Err(error) => assert_eq!(error.to_string(), "this programme is in force already"),
    }
    engine.judge_touched().await.unwrap();
}

pub(crate) async fn person(engine: &Engine, name: &str, role: Role) -> Actor {
    let new = NewPerson { name: name.to_owned(), role, local_uid: None };
    let person = engine.add_person(actor(engine).await, new).await.unwrap();
    Actor { person: person.id, role, local: false }
}

/// A programme in force whose control is ready: ravi is there, and asha said that messages reach them.
async fn ready(bench: &Bench, engine: &Arc<Engine>, controls: &str) -> Actor {
    let ravi = person(engine, "ravi", Role::Operator).await;
    apply(engine, files(controls)).await;
    engine.acknowledge(actor(engine).await).await.unwrap();
    bench.clock.advance(Duration::from_secs(1));
    ravi
}

async fn follow(bench: &Bench, engine: &Engine, days: u32) -> Followed {
    bench.clock.advance(DAY * days);
    engine.judge_touched().await.unwrap();
    engine.follow_consequences().await.unwrap()
}

const NOTHING: Followed = Followed { warned: 0, would_disable: 0, proposed: 0 };

async fn kinds(engine: &Engine, kind: &str) -> usize {
    engine.log_page(None, 1_000).await.unwrap().iter().filter(|(_, entry)| entry.kind == kind).count()
}

#[tokio::test]
async fn what_stays_lapsed_is_warned_then_proposed_and_never_carried_out_by_tenure() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let ravi = ready(&bench, engine, CONTROL).await;
    assert_eq!(engine.may_act_by_itself("NHI1:2025").await.unwrap(), Gate::Enforce);
    assert_eq!(follow(&bench, engine, 0).await, NOTHING, "lapsed for a second");
    assert_eq!(follow(&bench, engine, 1).await, Followed { warned: 1, ..NOTHING });
    assert_eq!(follow(&bench, engine, 0).await, NOTHING, "once");
    let shown = engine.consequences().await.unwrap().remove(0);
    assert_eq!(
        (shown.row.state, shown.row.identity_name.as_str()),
        (ConsequenceState::Warned, "main/reporting")
    );
    assert_eq!(shown.disables_at, Some(shown.row.warned.plus(DAY * 7)));
    assert_eq!(follow(&bench, engine, 6).await, NOTHING, "not yet");
    assert_eq!(follow(&bench, engine, 1).await, Followed { proposed: 1, ..NOTHING });
    assert_eq!(follow(&bench, engine, 30).await, NOTHING, "once");
    let shown = engine.consequences().await.unwrap().remove(0);
    assert_eq!((shown.row.state, shown.asked.as_deref()), (ConsequenceState::Proposed, Some("ravi")));
    let plan = engine.show_plan(&shown.row.plan.unwrap().to_string()).await.unwrap().plan;
    assert_eq!((plan.kind, plan.state, plan.requested_by), (PlanKind::Disable, PlanState::Proposed, None));
    assert!(plan.reason.starts_with("NHI1:2025: lapsed since"), "{}", plan.reason);
    let entries = engine.log_page(None, 1_000).await.unwrap();
    let (_, entry) = entries.iter().find(|(_, entry)| entry.kind == "plan.proposed").unwrap();
    assert_eq!(
        (entry.actor.as_str(), &entry.facts["for"]),
        ("tenure", &tenure_engine::FactValue::Text(ravi.person.to_string()))
    );
    assert_eq!((kinds(engine, "consequence.warned").await, kinds(engine, "plan.approved").await), (1, 0));
    waits_for_its_contact(engine, &plan.handle).await;
    engine.apply(ravi, &plan.handle, Some(&plan.digest)).await.unwrap();
    let approved = engine.show_plan(&plan.handle).await.unwrap().approvals;
    assert!(approved[0].alone, "one person decided it");
    let ravi = engine.person_called("ravi").await.unwrap();
    assert_eq!(inbox_of(engine, &ravi).await.len(), 0, "it was decided");
}

/// Plans of somebody's inbox, with why they are theirs.
async fn inbox_of(engine: &Engine, person: &tenure_model::Person) -> Vec<(WaitingKind, String)> {
    let inbox = engine.inbox(person).await.unwrap();
    let plans = inbox.waiting.into_iter().map(|one| (one.waiting.kind, one.waiting.why));
    plans.filter(|(kind, _)| matches!(kind, WaitingKind::Plan | WaitingKind::Proposal)).collect()
}

/// Whoever is asked about a plan of Tenure's is told that; who may decide it as well, and who may not sees that others do.
async fn waits_for_its_contact(engine: &Engine, plan: &str) {
    let of = async |name: &str| inbox_of(engine, &engine.person_called(name).await.unwrap()).await;
    let (kind, why) = of("ravi").await.remove(0);
    assert_eq!(kind, WaitingKind::Plan, "{plan}");
    assert!(why.starts_with("Tenure proposed it, and you are asked: contact of `platform`"), "{why}");
    let (kind, why) = of("asha").await.remove(0);
    assert_eq!(
        (kind, why.as_str()),
        (WaitingKind::Plan, "one decision is enough, and an administrator may make it")
    );
    engine.set_role(actor(engine).await, "ravi", Role::Owner).await.unwrap();
    let (kind, why) = of("ravi").await.remove(0);
    assert!(kind == WaitingKind::Proposal && why.starts_with("Tenure proposed it"), "{why}");
    engine.set_role(actor(engine).await, "ravi", Role::Operator).await.unwrap();
}

#[tokio::test]
async fn whoever_the_programme_names_is_told_before_their_word_runs_out() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    ready(&bench, engine, CONTROL).await;
    person(engine, "zoe", Role::Operator).await;
    let said = async |name: &str| {
        let inbox = engine.inbox(&engine.person_called(name).await.unwrap()).await.unwrap();
        let it = inbox.waiting.into_iter().find(|one| one.waiting.kind == WaitingKind::Acknowledgement);
        it.map(|one| (one.waiting.due.is_some(), one.overdue))
    };
    assert_eq!((said("ravi").await, said("asha").await), (Some((false, false)), None), "ravi never said so");
    assert_eq!(said("zoe").await, None, "the programme names her nowhere");
    bench.clock.advance(DAY * 77);
    assert_eq!(said("asha").await, None);
    bench.clock.advance(DAY * 2);
    assert_eq!(said("asha").await, Some((true, false)));
    bench.clock.advance(DAY * 14);
    assert_eq!(said("asha").await, Some((true, true)));
    engine.acknowledge(actor(engine).await).await.unwrap();
    assert_eq!(said("asha").await, None);
}

#[tokio::test]
async fn a_plan_that_a_person_withdrew_is_not_proposed_again_and_one_that_is_open_is_in_the_way() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let ravi = ready(&bench, engine, CONTROL).await;
    let request = tenure_engine::PlanRequest {
        kind: PlanKind::Disable,
        identity: String::from("reporting"),
        reason: String::from("contract ended"),
        heir: None,
        file: None,
        readers: None,
    };
    let theirs = engine.draft_plan(ravi, request).await.unwrap().plan.handle;
    follow(&bench, engine, 1).await;
    assert_eq!(follow(&bench, engine, 7).await, Followed { would_disable: 1, ..NOTHING });
    let why = engine.consequences().await.unwrap().remove(0).row.why.unwrap();
    assert_eq!(why, format!("plan {theirs} is open for it already"));
    engine.withdraw(ravi, &theirs).await.unwrap();
    assert_eq!(follow(&bench, engine, 0).await, NOTHING, "tried again after an hour");
    assert_eq!(follow(&bench, engine, 1).await, Followed { proposed: 1, ..NOTHING });
    let plan = engine.consequences().await.unwrap().remove(0).plan_handle.unwrap();
    engine.withdraw(ravi, &plan).await.unwrap();
    assert_eq!(follow(&bench, engine, 30).await, NOTHING, "a person said no");
}

#[tokio::test]
async fn what_is_only_observed_is_recorded_once_with_its_reason_and_nothing_is_proposed() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    ready(&bench, engine, &CONTROL.replace("enforce", "observe")).await;
    assert_eq!(follow(&bench, engine, 1).await, Followed { warned: 1, ..NOTHING });
    assert_eq!(follow(&bench, engine, 7).await, Followed { would_disable: 1, ..NOTHING });
    assert_eq!(follow(&bench, engine, 7).await, NOTHING);
    let shown = engine.consequences().await.unwrap().remove(0);
    let said = (shown.row.state, shown.row.why.as_deref(), shown.row.plan);
    assert_eq!(said, (ConsequenceState::WouldDisable, Some("the programme only observes NHI1:2025"), None));
    assert_eq!((kinds(engine, "consequence.observed").await, kinds(engine, "plan.proposed").await), (1, 0));
    // Its twin: enforced from now on, it is proposed, because it was warned long ago.
    apply(engine, files(CONTROL)).await;
    assert_eq!(follow(&bench, engine, 0).await, Followed { proposed: 1, ..NOTHING });
}

#[tokio::test]
async fn a_check_that_does_not_pass_lets_nothing_follow_and_says_so() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    person(engine, "ravi", Role::Operator).await;
    apply(engine, files(CONTROL)).await;
    follow(&bench, engine, 1).await;
    assert_eq!(follow(&bench, engine, 7).await, Followed { would_disable: 1, ..NOTHING });
    let shown = engine.consequences().await.unwrap().remove(0);
    let why = "the check of NHI1:2025 does not pass: 1 fault, 0 warnings that nobody accepted";
    assert_eq!(shown.row.why.as_deref(), Some(why));
    let checked = engine.check_in_force().await.unwrap();
    let never = "`asha`, its escalation, never said that messages reach them (tenure programme acknowledge)";
    assert_eq!(
        (checked.controls[0].ready, checked.controls[0].faults.as_slice()),
        (false, &[never.to_owned()][..])
    );
    // Its twin: the escalation says so, and within the hour a plan is proposed; a quarter later it would not be.
    engine.acknowledge(asha).await.unwrap();
    assert!(engine.check_in_force().await.unwrap().controls[0].ready);
    bench.clock.advance(Duration::from_hours(1));
    assert_eq!(follow(&bench, engine, 0).await, Followed { proposed: 1, ..NOTHING });
    bench.clock.advance(DAY * 92);
    assert!(matches!(engine.may_act_by_itself("NHI1:2025").await.unwrap(), Gate::Observe { .. }));
    let checked = engine.check_in_force().await.unwrap();
    assert!(
        checked.controls[0].faults[0].contains("that counts for 92 days"),
        "{:?}",
        checked.controls[0].faults
    );
}

#[tokio::test]
async fn what_holds_again_is_over_and_a_stage_is_never_skipped() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    ready(&bench, engine, CONTROL).await;
    // Nobody looked for a month: it is warned first all the same.
    assert_eq!(follow(&bench, engine, 30).await, Followed { warned: 1, ..NOTHING });
    assert_eq!(follow(&bench, engine, 6).await, NOTHING);
    let mine = CharterChange { purpose: Some(String::from("nightly report")), ..CharterChange::default() };
    engine.own(actor(engine).await, "reporting", mine).await.unwrap();
    assert_eq!(follow(&bench, engine, 1).await, NOTHING);
    assert_eq!(engine.consequences().await.unwrap(), []);
    assert_eq!(kinds(engine, "plan.proposed").await, 0);
}

#[tokio::test]
async fn nothing_follows_from_what_is_excepted_until_it_counts_again_and_then_from_the_first_stage_on() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let ravi = ready(&bench, engine, CONTROL).await;
    assert_eq!(follow(&bench, engine, 1).await, Followed { warned: 1, ..NOTHING });
    let open = engine.show("reporting").await.unwrap().findings;
    let asha = actor(engine).await;
    for finding in &open {
        let wish = ExceptionWish {
            kind: ExceptionKind::Exception,
            reason: String::from("the contract is being looked at"),
            compensation: String::from("reached from one host only"),
            instead: Vec::new(),
            until: bench.clock.now().plus(DAY * 20),
            replace_by: None,
            rests_on_digest: None,
        };
        let asked = engine.request_exception(asha, finding, wish).await.unwrap();
        let answer = ExceptionAnswer::Grant;
        let decision = ExceptionDecision { answer, reason: String::from("yes"), digest: asked.digest };
        engine.decide_exception(ravi, &asked.row, decision).await.unwrap();
    }
    assert_eq!(follow(&bench, engine, 19).await, NOTHING, "long after the second stage would have come");
    assert!(engine.consequences().await.unwrap().is_empty());
    assert_eq!(follow(&bench, engine, 1).await, Followed { warned: 1, ..NOTHING }, "it is warned anew");
    assert_eq!(follow(&bench, engine, 6).await, NOTHING);
    assert_eq!(follow(&bench, engine, 1).await, Followed { proposed: 1, ..NOTHING });
}

#[tokio::test]
async fn what_the_programme_lets_follow_no_more_is_forgotten() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    ready(&bench, engine, CONTROL).await;
    follow(&bench, engine, 1).await;
    apply(engine, files("")).await;
    follow(&bench, engine, 7).await;
    assert_eq!(engine.consequences().await.unwrap(), []);
    assert_eq!(kinds(engine, "plan.proposed").await, 0);
}

#[tokio::test]
async fn nobody_says_for_another_that_messages_reach_them_and_it_goes_with_them() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    let refused = engine.acknowledge(asha).await.unwrap_err().to_string();
    assert!(refused.starts_with("the programme in force names you nowhere"), "{refused}");
    let ravi = ready(&bench, engine, CONTROL).await;
    engine.acknowledge(ravi).await.unwrap();
    let contacts = engine.check_in_force().await.unwrap().contacts;
    let said: Vec<_> =
        contacts.iter().map(|one| (one.name.as_str(), one.is_there, one.acknowledged.is_some())).collect();
    assert_eq!(said, [("asha", true, true), ("ravi", true, true)]);
    assert_eq!(contacts[1].counts_until, contacts[1].acknowledged.map(|at| at.plus(DAY * 92)));
    assert_eq!(kinds(engine, "contact.acknowledged").await, 2);
    engine.remove_person(asha, "ravi").await.unwrap();
    let denied = engine.acknowledge(ravi).await.unwrap_err();
    assert!(matches!(denied, EngineFailure::Denied { .. }), "{denied}");
    let again = person(engine, "ravi", Role::Operator).await;
    assert_ne!(again.person, ravi.person);
    let contacts = engine.check_in_force().await.unwrap().contacts;
    assert_eq!((contacts[1].is_there, contacts[1].acknowledged), (true, None), "another one of that name");
}

async fn asked(engine: &Engine, name: &str) -> Vec<(String, bool, String)> {
    let who = engine.who(name).await.unwrap();
    who.people.into_iter().map(|one| (one.name, one.may_stop, one.why)).collect()
}

#[tokio::test]
async fn somebody_who_may_stop_an_identity_is_always_named_and_why() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    let alone = engine.who("reporting").await.unwrap();
    assert_eq!((alone.people[0].name.as_str(), alone.people[0].why.as_str()), ("asha", "an administrator"));
    assert!(alone.fault.unwrap().starts_with("no owner and no partner who can be reached may stop it"));

    ready(&bench, engine, CONTROL).await;
    let of = "contact of `platform`, which revokes for NHI1:2025 (what nobody needs is ended)";
    let escalation = (String::from("asha"), true, String::from("escalation of NHI1:2025"));
    assert_eq!(
        asked(engine, "reporting").await,
        [(String::from("ravi"), true, of.to_owned()), escalation.clone()]
    );
    let who = engine.who("reporting").await.unwrap();
    assert_eq!(
        (who.fault, who.people[0].acknowledged, who.people[1].acknowledged.is_some()),
        (None, None, true)
    );

    person(engine, "mallory", Role::Owner).await;
    let theirs = CharterChange { technical_owner: Some(String::from("mallory")), ..CharterChange::default() };
    engine.own(asha, "reporting", theirs).await.unwrap();
    let first = asked(engine, "reporting").await.remove(0);
    assert_eq!(first, (String::from("mallory"), true, String::from("its technical owner")));
    engine.remove_person(asha, "mallory").await.unwrap();
    assert_eq!(asked(engine, "reporting").await[0].0, "ravi", "whoever was removed is not asked");

    // An owner of other things may not stop this one: whoever may is asked first.
    engine.set_role(asha, "ravi", Role::Owner).await.unwrap();
    let people = asked(engine, "reporting").await;
    assert_eq!(people, [escalation, (String::from("ravi"), false, of.to_owned())]);
}
