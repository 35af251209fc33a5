//! An inbox says what its person may decide, and everything of it: held against the verbs themselves over drawn histories.
//!
//! Whatever stands there as to be decided is let through when it is tried; whatever does not is refused when it is tried, by
//! everybody, after each event. Over the chaos world, in virtual time. Must never wait for real time.

use crate::bench::{Bench, PLANTED, actor};
use crate::consequences::{apply as put_in_force, person};
use proptest::prelude::*;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tenure_connect::chaos::ChaosPrincipal;
use tenure_engine::{
    Actor, CharterChange, Deployment, Engine, EngineFailure, ExceptionAnswer, ExceptionDecision,
    ExceptionWish, ExceptionsMeant, HandoffWish, HandoffsMeant, Inbox, NotMine, PlanRequest, RequestAnswer,
    RequestDecision, RequestWish, RequestsMeant, ReviewItemsMeant, ReviewStart, ReviewWish, StoreFailure,
};
use tenure_judge::{ApiAction, ApiResource, ApiResourceKind, ProgrammeFiles, Verdict};
use tenure_model::{
    Charter, DecisionRight, Environment, ExceptionKind, Instant, OwnerRole, PlanKind, ReviewAnswer,
    ReviewItemState, Role, WaitingKind,
};

const DAY: Duration = Duration::from_hours(24);
const NAMES: [&str; 3] = ["reporting", "billing", "twin"];
const PEOPLE: [(&str, Role); 6] = [
    ("asha", Role::Administrator),
    ("ola", Role::Operator),
    ("omar", Role::Operator),
    ("ravi", Role::Owner),
    ("tess", Role::Owner),
    ("zoe", Role::Auditor),
];
/// Programmes: none, one with steps for everything, one that asks people by name and passes reviews on.
const PROGRAMMES: [&str; 3] = [
    "",
    "[[approvals.rule]]\nsteps = [\"owner\", \"operator\"]\n",
    "[[approvals.rule]]\nsteps = [\"person:omar\", \"administrator\"]\n\n[exceptions]\napprovers = [\"person:omar\", \"administrator\"]\n\n\
     [reviews]\nfallback = [\"person:tess\", \"operator\"]\n",
];

fn programme(text: &str) -> ProgrammeFiles {
    let text = format!("version = 1\n{text}");
    ProgrammeFiles(std::iter::once((String::from("programme.toml"), text)).collect())
}

/// What may be tried of one thing.
#[derive(Debug, Clone)]
enum Thing {
    Plan { id: String, digest: String, identity: String, kind: PlanKind },
    Request(String),
    Exception(String),
    Item(String),
    Handoff(String),
}

struct Scene {
    bench: Bench,
    deployment: Deployment,
    requests: u32,
}

impl Scene {
    async fn set(text: &str) -> Self {
        let mut bench = Bench::new();
        bench.world.add(ChaosPrincipal::account("twin", PLANTED));
        let deployment = bench.surveyed().await;
        let engine = &deployment.engine;
        for (name, role) in PEOPLE.into_iter().skip(1) {
            person(engine, name, role).await;
        }
        put_in_force(engine, programme(text)).await;
        let scene = Self { bench, deployment, requests: 0 };
        for name in NAMES {
            scene.own(name, "ravi", "tess").await;
        }
        scene.follow().await;
        scene
    }

    fn engine(&self) -> &Arc<Engine> {
        &self.deployment.engine
    }

    /// As they are by now: somebody may have another role.
    async fn actor(&self, name: &str) -> Actor {
        let person = self.engine().person_called(name).await.unwrap();
        Actor { person: person.id, role: person.role, local: false }
    }

    async fn inbox(&self, name: &str) -> Inbox {
        let person = self.engine().person_called(name).await.unwrap();
        self.engine().inbox(&person).await.unwrap()
    }

    async fn own(&self, name: &str, business: &str, technical: &str) {
        let change = CharterChange {
            business_owner: Some(business.to_owned()),
            technical_owner: Some(technical.to_owned()),
            environment: Some(Environment::Production),
            ..CharterChange::default()
        };
        self.engine().own(actor(self.engine()).await, name, change).await.unwrap();
    }

    async fn follow(&self) {
        self.bench.clock.advance(Duration::from_secs(1));
        self.engine().judge_touched().await.unwrap();
        self.engine().follow_reviews().await.unwrap();
    }

    /// Everything that waits for anybody.
    async fn things(&self) -> Vec<Thing> {
        let engine = self.engine();
        let mut things = Vec::new();
        for plan in engine.store().read("plans", |tx| tx.plans_waiting(0, 100)).await.unwrap() {
            let (id, identity) = (plan.id.to_string(), plan.identity.to_string());
            things.push(Thing::Plan { id, digest: plan.digest, identity, kind: plan.kind });
        }
        for one in engine.requests(RequestsMeant::Asked, 0, 100).await.unwrap() {
            things.push(Thing::Request(one.row.id.to_string()));
        }
        for one in engine.exceptions(ExceptionsMeant::Waiting, 0, 100).await.unwrap() {
            things.push(Thing::Exception(one.row.id.to_string()));
        }
        for one in engine.handoffs(HandoffsMeant::Offered, 0, 100).await.unwrap() {
            things.push(Thing::Handoff(one.row.id.to_string()));
        }
        for review in engine.reviews(true, 0, 100).await.unwrap() {
            let open = ReviewItemsMeant { state: Some(ReviewItemState::Open), ..ReviewItemsMeant::default() };
            for item in engine.review_items(&review.row, open, None, 100).await.unwrap() {
                things.push(Thing::Item(item.row.id.to_string()));
            }
        }
        things
    }

    /// Whether the edge would let them: the same two questions that it asks of the access policies.
    fn may(
        &self,
        by: Actor,
        action: ApiAction,
        right: Option<DecisionRight>,
        (kind, owned): (ApiResourceKind, bool),
    ) -> Result<(), EngineFailure> {
        let asker = tenure_judge::Actor { person: Some(by.person), role: by.role, local: false };
        let (about, authoriser) = (ApiResource::new(kind, owned), self.engine().authoriser());
        let holds = right.map_or(Verdict::Allowed, |right| authoriser.holds(&asker, right, &about));
        match (authoriser.authorise(&asker, &action, &about), holds) {
            (Verdict::Allowed, Verdict::Allowed) => Ok(()),
            (Verdict::Denied { why }, _) | (_, Verdict::Denied { why }) => Err(EngineFailure::Denied { why }),
        }
    }

    /// Decides it, as the API would.
    async fn try_it(&self, by: Actor, thing: &Thing) -> Result<(), EngineFailure> {
        let engine = self.engine();
        let owns =
            |charter: &Charter| [charter.business_owner, charter.technical_owner].contains(&Some(by.person));
        let reason = String::from("as we agreed on Monday");
        match thing {
            Thing::Plan { id, digest, identity, kind } => {
                let owned = owns(&engine.show(identity).await?.identity.charter);
                let about = (ApiResourceKind::Plan, owned);
                self.may(by, ApiAction::Apply, Some(kind.decided_by()), about)?;
                engine.apply(by, id, Some(digest)).await.map(drop)
            }
            Thing::Request(id) => {
                let row = engine.request_row(id).await?;
                let about = (ApiResourceKind::Request, owns(&row.wanted.creation().unwrap().charter));
                self.may(by, ApiAction::Approve, Some(DecisionRight::Create), about)?;
                let digest = engine.request_shown(&row).await?.digest;
                let decision = RequestDecision { answer: RequestAnswer::Approve, reason, digest };
                engine.decide_request(by, &row, decision).await.map(drop)
            }
            Thing::Exception(id) => {
                let row = engine.exception_row(id).await?;
                let owned = owns(&engine.show(&row.identity.to_string()).await?.identity.charter);
                let about = (ApiResourceKind::Identity, owned);
                self.may(by, ApiAction::Approve, Some(DecisionRight::Except), about)?;
                let digest = engine.exception_case(row.clone()).await?.shown.digest;
                let decision = ExceptionDecision { answer: ExceptionAnswer::Grant, reason, digest };
                engine.decide_exception(by, &row, decision).await.map(drop)
            }
            Thing::Handoff(id) => {
                let row = engine.handoff_row(id).await?;
                let theirs = engine.handoff_is_theirs(by.person, &row).await?;
                self.may(by, ApiAction::Own, Some(DecisionRight::Own), (ApiResourceKind::Handoff, theirs))?;
                let digest = engine.handoff_shown(&row).await?.digest;
                engine.accept_handoff(by, &row, &digest).await.map(drop)
            }
            Thing::Item(id) => {
                let row = engine.review_item_row(id).await?;
                let theirs = engine.review_not_theirs(by, &row).await?.is_none();
                self.may(by, ApiAction::Approve, None, (ApiResourceKind::Review, theirs))?;
                let digest = engine.to_review(row.id).await?.digest;
                let wish = ReviewWish {
                    answer: ReviewAnswer::Keep,
                    reason,
                    digest,
                    to: None,
                    rights: Vec::new(),
                    runbook: None,
                    stage: None,
                };
                engine.decide_review_item(by, &row, wish).await.map(drop)
            }
        }
    }

    /// What each person is told that they may decide, and that whatever they are not told is refused them.
    async fn told(&self, history: &str) -> Vec<(&'static str, Thing)> {
        let (things, mut told) = (self.things().await, Vec::new());
        for (name, _) in PEOPLE {
            let inbox = self.inbox(name).await;
            assert!(inbox.more.is_empty(), "{history}: {inbox:?}");
            let theirs: BTreeSet<(WaitingKind, String)> =
                inbox.waiting.iter().map(|one| (one.waiting.kind, one.waiting.subject.clone())).collect();
            let mut known = 0;
            for thing in &things {
                if theirs.contains(&subject(thing)) {
                    known += 1;
                    told.push((name, thing.clone()));
                    continue;
                }
                let tried = self.try_it(self.actor(name).await, thing).await;
                match tried {
                    Err(
                        EngineFailure::Denied { .. }
                        | EngineFailure::Refused { .. }
                        | EngineFailure::Store(StoreFailure::Conflict { .. }),
                    ) => {}
                    other => panic!("{history}: {name} is not told of {thing:?}, and: {other:?}"),
                }
            }
            let decisions = inbox.waiting.iter().filter(|one| is_decision(one.waiting.kind)).count();
            assert_eq!(decisions, known, "{history}: {name} is told of what does not wait: {inbox:?}");
            if inbox.role == Role::Auditor {
                assert_eq!(known, 0, "{history}: an auditor decides nothing");
            }
        }
        told
    }

    /// One of those who are told decides, and is let. Returns of which kind it was.
    async fn decides(
        &self,
        told: &[(&'static str, Thing)],
        which: usize,
        history: &str,
    ) -> Option<WaitingKind> {
        let (name, thing) = told.get(which % told.len().max(1))?;
        let tried = self.try_it(self.actor(name).await, thing).await;
        assert!(tried.is_ok(), "{history}: {name} is told of {thing:?}, and: {tried:?}");
        Some(subject(thing).0)
    }
}

fn is_decision(kind: WaitingKind) -> bool {
    use WaitingKind as K;
    matches!(kind, K::Plan | K::Request | K::Exception | K::ReviewItem | K::Handoff)
}

fn subject(thing: &Thing) -> (WaitingKind, String) {
    let (kind, id) = match thing {
        Thing::Plan { id, .. } => (WaitingKind::Plan, id),
        Thing::Request(id) => (WaitingKind::Request, id),
        Thing::Exception(id) => (WaitingKind::Exception, id),
        Thing::Item(id) => (WaitingKind::ReviewItem, id),
        Thing::Handoff(id) => (WaitingKind::Handoff, id),
    };
    (kind, id.clone())
}

/// What happens. Who and what are numbers into the lists above.
#[derive(Debug, Clone)]
enum Event {
    Draft { by: usize, of: usize, revoke: bool },
    Ask { by: usize, owner: usize },
    Wish { by: usize, of: usize },
    Review,
    Offer { by: usize, of: usize, to: usize, role: OwnerRole },
    Decide(usize),
    HandOn { of: usize, business: usize, technical: usize },
    Becomes { who: usize, role: Role },
    Days(u32),
}

impl Scene {
    async fn happens(&mut self, event: &Event) {
        let engine = Arc::clone(self.engine());
        let name = |who: usize| PEOPLE[who % PEOPLE.len()].0;
        match event {
            Event::Draft { by, of, revoke } => {
                let request = PlanRequest {
                    kind: if *revoke { PlanKind::Revoke } else { PlanKind::Disable },
                    identity: NAMES[of % NAMES.len()].to_owned(),
                    reason: String::from("contract ended"),
                    heir: None,
                    file: None,
                    readers: None,
                };
                // What may not be drafted is no part of this.
                let _ = engine.draft_plan(self.actor(name(*by)).await, request).await;
            }
            Event::Ask { by, owner } => {
                self.requests += 1;
                let wish = self.request(self.requests, name(*owner));
                let _ = engine.create_request(self.actor(name(*by)).await, wish).await;
            }
            Event::Wish { by, of } => {
                let open = engine.show(NAMES[of % NAMES.len()]).await.unwrap().findings;
                let reused = open.into_iter().find(|one| one.policy == "weak_or_reused_password");
                if let Some(finding) = reused {
                    let wish = self.wish();
                    let _ = engine.request_exception(self.actor(name(*by)).await, &finding, wish).await;
                }
            }
            Event::Review => {
                let start = ReviewStart {
                    rule: String::from("source:main"),
                    until: None,
                    reason: String::from("yearly"),
                };
                let _ = engine.start_review(actor(&engine).await, start).await;
            }
            Event::Offer { by, of, to, role } => {
                let of = NAMES[of % NAMES.len()];
                let wish = HandoffWish { role: Some(*role), ..crate::handoffs::wish(of, name(*to)) };
                let _ = engine.offer_handoff(self.actor(name(*by)).await, wish).await;
            }
            Event::Decide(_) => {}
            Event::HandOn { of, business, technical } => {
                self.own(NAMES[of % NAMES.len()], name(*business), name(*technical)).await;
            }
            Event::Becomes { who, role } => {
                // The one who sets everything up stays.
                let who = 1 + who % (PEOPLE.len() - 1);
                // Whoever has it already keeps it.
                let _ = engine.set_role(actor(&engine).await, PEOPLE[who].0, *role).await;
            }
            Event::Days(days) => {
                self.bench.clock.advance(DAY * *days);
            }
        }
        self.follow().await;
    }

    fn request(&self, number: u32, owner: &str) -> RequestWish {
        let some = |text: &str| Some(text.to_owned());
        let given = serde_json::json!({
            "source": "main", "principal": format!("new-{number}"), "business_owner": owner, "technical_owner": "tess",
            "purpose": "the nightly load", "boundary": "one host", "allowed_scope": ["SELECT on orders"],
            "environment": "production", "retirement_trigger": "the report is given up", "store": "federation",
            "reason": "the report needs it",
        });
        let wish: RequestWish = serde_json::from_value(given).unwrap();
        RequestWish { expires_at: Some(self.now().plus(DAY * 200)), source: some("main"), ..wish }
    }

    fn wish(&self) -> ExceptionWish {
        ExceptionWish {
            kind: ExceptionKind::Exception,
            reason: String::from("the vendor rotates in May"),
            compensation: String::from("reached from one host only"),
            instead: Vec::new(),
            until: self.now().plus(DAY * 20),
            replace_by: None,
            rests_on_digest: None,
        }
    }

    fn now(&self) -> Instant {
        self.bench.world.now()
    }
}

/// After each event, both ways for everybody; at the end everything that waits is decided by somebody who is told of it.
/// Returns of which kinds something was decided.
async fn holds(text: &str, events: &[Event]) -> BTreeSet<WaitingKind> {
    let (mut scene, mut decided) = (Scene::set(text).await, BTreeSet::new());
    for (number, event) in events.iter().enumerate() {
        let history = format!("{:?}", &events[..=number]);
        scene.happens(event).await;
        let told = scene.told(&history).await;
        if let Event::Decide(which) = event {
            decided.extend(scene.decides(&told, *which, &history).await);
            scene.follow().await;
        }
    }
    let history = format!("{events:?}, to the end");
    for which in 0..60 {
        let told = scene.told(&history).await;
        if told.is_empty() {
            return decided;
        }
        decided.extend(scene.decides(&told, which * 7, &history).await);
        scene.follow().await;
    }
    panic!("{history}: there is no end of what waits");
}

#[tokio::test]
async fn a_history_with_all_of_it_is_decided_to_the_end() {
    let all = BTreeSet::from([
        WaitingKind::Plan,
        WaitingKind::Request,
        WaitingKind::Exception,
        WaitingKind::ReviewItem,
        WaitingKind::Handoff,
    ]);
    for text in PROGRAMMES {
        let events = [
            Event::Draft { by: 0, of: 1, revoke: false },
            Event::Ask { by: 3, owner: 3 },
            Event::Wish { by: 3, of: 0 },
            Event::Review,
            Event::Offer { by: 3, of: 2, to: 1, role: OwnerRole::Business },
            Event::Days(1),
        ];
        assert_eq!(holds(text, &events).await, all, "{text}");
    }
}

#[tokio::test]
async fn what_a_reviewer_was_asked_who_only_reads_by_now_is_somebody_elses() {
    let events = [Event::Review, Event::Becomes { who: 2, role: Role::Auditor }];
    assert!(holds("", &events).await.contains(&WaitingKind::ReviewItem));
}

fn event() -> impl Strategy<Value = Event> {
    let one = 0..PEOPLE.len();
    let role = prop::sample::select(Role::ALL.to_vec());
    prop_oneof![
        3 => (one.clone(), 0..3_usize, any::<bool>()).prop_map(|(by, of, revoke)| Event::Draft { by, of, revoke }),
        3 => (one.clone(), one.clone()).prop_map(|(by, owner)| Event::Ask { by, owner }),
        3 => (one.clone(), 0..3_usize).prop_map(|(by, of)| Event::Wish { by, of }),
        2 => Just(Event::Review),
        2 => (one.clone(), 0..3_usize, one.clone(), prop::sample::select(OwnerRole::ALL.to_vec()))
            .prop_map(|(by, of, to, role)| Event::Offer { by, of, to, role }),
        4 => (0..50_usize).prop_map(Event::Decide),
        2 => (0..3_usize, one.clone(), one.clone())
            .prop_map(|(of, business, technical)| Event::HandOn { of, business, technical }),
        2 => (one, role).prop_map(|(who, role)| Event::Becomes { who, role }),
        2 => prop_oneof![Just(1), Just(14), Just(15), Just(40)].prop_map(Event::Days),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 40, ..ProptestConfig::default() })]
    #[test]
    fn an_inbox_has_what_its_person_may_decide_and_nothing_else(
        text in prop::sample::select(PROGRAMMES.to_vec()),
        events in prop::collection::vec(event(), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _ = runtime.block_on(holds(text, &events));
    }
}

#[tokio::test]
async fn two_who_are_asked_both_see_it_and_once_one_decided_it_is_gone() {
    let mut scene = Scene::set("").await;
    scene.happens(&Event::Ask { by: 3, owner: 3 }).await;
    let has = async |name: &str| {
        let inbox = scene.inbox(name).await;
        let request = |one: &&tenure_engine::InboxLine| one.waiting.kind == WaitingKind::Request;
        inbox.waiting.iter().find(request).map(|one| one.waiting.why.clone())
    };
    insta::assert_snapshot!(has("ola").await.unwrap(), @"ravi asks, and step 1 of 1 is decided by an operator");
    assert!(has("omar").await.is_some());
    assert_eq!((has("ravi").await, has("zoe").await), (None, None), "neither whoever asked nor an auditor");
    let thing = scene.things().await.remove(0);
    scene.try_it(scene.actor("ola").await, &thing).await.unwrap();
    assert_eq!((has("ola").await, has("omar").await), (None, None));
}

#[tokio::test]
async fn what_came_back_is_told_and_waits_for_nobody() {
    let mut scene = Scene::set("").await;
    scene.happens(&Event::Ask { by: 3, owner: 3 }).await;
    let Thing::Request(id) = scene.things().await.remove(0) else { panic!("a request") };
    let row = scene.engine().request_row(&id).await.unwrap();
    let digest = scene.engine().request_shown(&row).await.unwrap().digest;
    let no = RequestDecision { answer: RequestAnswer::Refuse, reason: String::from("use reporting"), digest };
    scene.engine().decide_request(scene.actor("ola").await, &row, no).await.unwrap();
    let inbox = scene.inbox("ravi").await;
    assert_eq!(inbox.answered.len(), 1, "{inbox:?}");
    assert_eq!(inbox.answered[0].why, "you asked for it, and it is refused: use reporting");
    assert!(inbox.waiting.iter().all(|one| one.waiting.kind != WaitingKind::Request));
    // It is nobody else's, and not for ever.
    assert!(scene.inbox("tess").await.answered.is_empty());
    scene.bench.clock.advance(DAY * 15);
    assert!(scene.inbox("ravi").await.answered.is_empty());
}

#[tokio::test]
async fn what_is_passed_on_or_lapsed_waits_for_whoever_is_asked_or_owns_it() {
    let scene = Scene::set("").await;
    let kinds = async |name: &str| {
        let inbox = scene.inbox(name).await;
        inbox.waiting.iter().map(|one| (one.waiting.kind, one.waiting.name.clone())).collect::<Vec<_>>()
    };
    let lines = kinds("ravi").await;
    assert!(lines.contains(&(WaitingKind::Identity, String::from("main/reporting"))), "{lines:?}");
    assert_eq!(kinds("ola").await, [], "not hers");
    let said = NotMine { ask: Some(String::from("omar")), reason: String::from("the data team's") };
    for (name, left) in [("ravi", "tess"), ("tess", "omar")] {
        let said = NotMine { ask: Some(left.to_owned()), ..said.clone() };
        scene.engine().pass_on(scene.actor(name).await, "reporting", said).await.unwrap();
    }
    assert!(kinds("omar").await.contains(&(WaitingKind::PassedOn, String::from("main/reporting"))));
    assert!(!kinds("ravi").await.contains(&(WaitingKind::Identity, String::from("main/reporting"))));
    // Whoever says that it is theirs is asked no more.
    scene.engine().own(scene.actor("omar").await, "reporting", CharterChange::default()).await.unwrap();
    assert!(!kinds("omar").await.iter().any(|(kind, _)| *kind == WaitingKind::PassedOn));
}

#[tokio::test]
async fn more_than_five_of_ones_own_are_one_line_with_their_number() {
    let mut bench = Bench::new();
    for number in 0..7 {
        bench.world.add(ChaosPrincipal::account(&format!("twin-{number}"), PLANTED));
    }
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let ravi = person(engine, "ravi", Role::Owner).await;
    for number in 0..7 {
        engine.own(ravi, &format!("twin-{number}"), CharterChange::default()).await.unwrap();
    }
    engine.judge_touched().await.unwrap();
    let who = engine.person_called("ravi").await.unwrap();
    let of = |inbox: &Inbox| {
        let lines = inbox.waiting.iter().filter(|one| one.waiting.kind == WaitingKind::Identity);
        lines.map(|one| (one.waiting.count, one.waiting.name.clone(), one.overdue)).collect::<Vec<_>>()
    };
    let lines = of(&engine.inbox(&who).await.unwrap());
    assert_eq!(lines, [(7, String::from("7 identities of yours"), false)]);
    bench.clock.advance(DAY * 200);
    engine.judge_touched().await.unwrap();
    let inbox = engine.inbox(&who).await.unwrap();
    assert_eq!(of(&inbox), [(7, String::from("7 identities of yours"), true)]);
    assert_eq!(inbox.overdue, 1);
}

/// What a person is told of one kind: what it is, whether it is overdue, and why it is theirs.
async fn told_of(engine: &Engine, name: &str, kind: WaitingKind) -> Vec<(String, bool, String)> {
    let person = engine.person_called(name).await.unwrap();
    let inbox = engine.inbox(&person).await.unwrap();
    let of_kind = inbox.waiting.into_iter().filter(|one| one.waiting.kind == kind);
    of_kind.map(|one| (one.waiting.name, one.overdue, one.waiting.why)).collect()
}

#[tokio::test]
async fn what_was_not_confirmed_in_its_cadence_waits_for_its_owners_alone() {
    let scene = Scene::set("[thresholds]\nreview_days_max = 90\n").await;
    let told = async |name: &str| told_of(scene.engine(), name, WaitingKind::Confirmation).await;
    assert_eq!(told("ravi").await, [], "not yet");
    scene.bench.clock.advance(DAY * 91);
    scene.follow().await;
    let lines = told("ravi").await;
    assert_eq!(lines.len(), NAMES.len(), "{lines:?}");
    assert!(lines.iter().all(|(_, overdue, _)| !overdue), "its grace lasts: {lines:?}");
    assert_eq!(told("tess").await.len(), NAMES.len());
    assert_eq!((told("ola").await, told("asha").await), (vec![], vec![]));
    let engine = scene.engine();
    let seen = engine.to_confirm("billing").await.unwrap();
    let yes = tenure_engine::Confirmation {
        needed: true,
        same_scope: true,
        same_owners: true,
        digest: seen.digest,
        note: None,
    };
    engine.confirm(scene.actor("ravi").await, "billing", yes).await.unwrap();
    scene.follow().await;
    assert_eq!(told("tess").await.len(), NAMES.len() - 1, "one of both said so");
    scene.bench.clock.advance(DAY * 60);
    scene.follow().await;
    assert!(told("ravi").await.iter().all(|(_, overdue, _)| *overdue));
    // An owner who only looks confirms nothing.
    engine.set_role(actor(engine).await, "ravi", Role::Auditor).await.unwrap();
    assert_eq!(told("ravi").await, []);
}

#[tokio::test]
async fn a_held_survey_waits_for_whoever_may_say_whether_it_is_believed() {
    let mut bench = Bench::new();
    let names: Vec<String> = (0..12).map(|number| format!("app-{number}")).collect();
    let keys: Vec<_> = names
        .iter()
        .map(|name| bench.world.add(ChaosPrincipal::account(name, "Value0000000000007")))
        .collect();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    for (name, role) in PEOPLE.into_iter().skip(1) {
        person(engine, name, role).await;
    }
    let told = async |name: &str| told_of(engine, name, WaitingKind::Survey).await.len();
    assert_eq!(told("ola").await, 0);
    for key in &keys {
        bench.world.remove(key).unwrap();
    }
    bench.clock.advance(Duration::from_secs(1));
    engine.survey(None, "main", tenure_engine::Belief::HoldWhenMuchIsMissing).await.unwrap();
    assert_eq!((told("ola").await, told("asha").await), (1, 1));
    assert_eq!((told("ravi").await, told("zoe").await), (0, 0));
}
