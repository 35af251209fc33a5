//! The adversary is tested too: what each fault does, what each point answers, and that a
//! seed replays. Futures are polled by hand, so that "never answers" is seen and not waited
//! for; nothing here may need a runtime or the machine's clock. The suite's own tests are in
//! `../conformance/tests/`.

use super::{
    Behaviour, BreachKind, Call, ChaosClock, ChaosConnector, ChaosPrincipal, ChaosSource, ChaosWorld, Dice,
    Ended, Fault, FaultKind, FaultRates, SurveyFault,
};
use crate::{
    Act, ConfigRefused, Connector as _, Effect, FailureClass, NotObservable, OutsideFailure, Owned, PAGE_MAX,
    SinkClosed, Source, SurveySink, Target,
};
use async_trait::async_trait;
use std::{
    fmt::Write as _,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tenure_model::{
    ActionId, Completeness, ControlPlane, Extent, Instant, IntentId, IntentRecord, Observation, PlanId,
    ProbeAnswer, RecordedIntent, Secret, ShortName, SourceId, StepKind, uuid_v7,
};

/// Polls until it answers; `None` when it has not after many polls.
pub(crate) fn poll_out<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000 {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return Some(answer);
        }
    }
    None
}

fn now_of<T>(future: impl Future<Output = T>) -> T {
    poll_out(future).expect("an answer")
}

struct Bench {
    world: ChaosWorld,
    source: ChaosSource,
    target: Target,
    dice: Dice,
}

impl Bench {
    fn over(world: ChaosWorld) -> Self {
        world.add(ChaosPrincipal { admin: true, ..ChaosPrincipal::account("root", "root-value") });
        let key = world.add(ChaosPrincipal::account("billing", "first-value"));
        world.add(ChaosPrincipal::account("bystander", "other-value"));
        let target = Target::principal(key, "billing".to_owned());
        let source = source(&world);
        Self { world, source, target, dice: Dice::new(1) }
    }

    fn new() -> Self {
        Self::over(ChaosWorld::new(ChaosClock::default()))
    }

    fn intent(&mut self) -> RecordedIntent {
        let at = self.world.now();
        RecordedIntent::for_conformance(IntentRecord {
            id: IntentId::new(at, self.dice.id_randomness()),
            plan: PlanId::new(at, [1; 10]),
            action: ActionId::new(at, [1; 10]),
            attempt: 1,
            source: source_id(),
            principal: self.target.key.clone(),
            principal_name: self.target.name.clone(),
            file: None,
            deadline: at.plus(Duration::from_secs(5)),
        })
    }

    fn act(&mut self, act: &Act<'_>) -> Option<Result<crate::Done, OutsideFailure>> {
        let intent = self.intent();
        poll_out(self.source.act(&intent, act))
    }

    fn probe(&self, point: &str, value: &str) -> ProbeAnswer {
        let point = ShortName::parse(point).expect("a name");
        now_of(self.source.probe(&point, &self.target, &secret(value)))
    }

    fn accepts(&self, point: &str, value: &str) -> bool {
        self.world.accepts(point, &self.target.name, &secret(value))
    }
}

fn secret(value: &str) -> Secret<String> {
    Secret::new(value.to_owned())
}

fn source_id() -> SourceId {
    SourceId::from_uuid(uuid_v7(Instant::from_micros(0), [7; 10]))
}

fn source(world: &ChaosWorld) -> ChaosSource {
    let config = world.config(source_id(), ShortName::parse("chaos").expect("a name"));
    ChaosConnector::new(world.clone()).chaos_source(config).expect("a source")
}

const EVERY_FAULT: [FaultKind; 10] = [
    FaultKind::Error,
    FaultKind::Throttle,
    FaultKind::Unreachable,
    FaultKind::Puzzle,
    FaultKind::TimeoutBefore,
    FaultKind::LostResponse,
    FaultKind::HangAfter,
    FaultKind::Lie,
    FaultKind::CrashBefore,
    FaultKind::CrashAfter,
];

/// One row per fault: what the caller hears, whether the effect happened, whether the process died.
fn fault_row(step: StepKind, fault: FaultKind) -> String {
    let mut bench = Bench::new();
    let key = bench.target.key.clone();
    if step == StepKind::Enable {
        bench.world.forbid(&key).expect("there");
    }
    bench.world.open_session(&key, "primary").expect("there");
    bench.world.script(Fault { on: Call::Act(step), nth: 1, what: fault });
    let value = secret("second-value");
    let act = match step {
        StepKind::Deny => Act::Deny { value: &value },
        StepKind::Disable => Act::Disable,
        StepKind::EndSessions => Act::EndSessions,
        StepKind::Delete => Act::Delete { heir: None },
        StepKind::Enable => Act::Enable { keepsake: None },
        StepKind::Tighten => Act::Tighten,
        StepKind::Loosen => Act::Loosen,
        StepKind::Control | StepKind::Sweep | StepKind::Prove => unreachable!("these do not act"),
    };
    let heard = match bench.act(&act) {
        None => "nothing".to_owned(),
        Some(Ok(_)) => "done".to_owned(),
        Some(Err(failure)) => failure.class().to_string(),
    };
    let happened = bench.world.effect_count(&key, step);
    let entry = bench.world.journal().pop().expect("an entry");
    assert_eq!(entry.fault, Some(fault));
    assert_eq!(bench.world.strays(), []);
    format!("{heard} {happened} {}", bench.world.crashes())
}

#[test]
fn every_fault_does_to_every_act_what_its_name_says() {
    let steps =
        [StepKind::Deny, StepKind::Disable, StepKind::EndSessions, StepKind::Delete, StepKind::Enable];
    for step in steps {
        let mut table = String::new();
        for fault in EVERY_FAULT {
            writeln!(table, "{fault:?}: {}", fault_row(step, fault)).expect("text");
        }
        let expected = "Error: ask_operator 0 0\n\
            Throttle: retry 0 0\n\
            Unreachable: retry 0 0\n\
            Puzzle: bug 0 0\n\
            TimeoutBefore: nothing 0 0\n\
            LostResponse: unknown 1 0\n\
            HangAfter: nothing 1 0\n\
            Lie: done 0 0\n\
            CrashBefore: nothing 0 1\n\
            CrashAfter: nothing 1 1\n";
        assert_eq!(table, expected, "{step}");
    }
}

#[test]
fn an_act_done_twice_changes_once() {
    let mut bench = Bench::new();
    let value = secret("second-value");
    let key = bench.target.key.clone();
    bench.world.open_session(&key, "primary").expect("there");
    for act in [
        Act::Deny { value: &value },
        Act::Disable,
        Act::EndSessions,
        Act::Enable { keepsake: None },
        Act::Delete { heir: None },
    ] {
        let first = bench.act(&act).expect("an answer").expect("done");
        let second = bench.act(&act).expect("an answer").expect("done");
        assert_eq!((first.changed, second.changed), (true, false), "{act:?}");
    }
    assert!(bench.world.effects().values().all(|count| *count == 1), "{:?}", bench.world.effects());
}

#[test]
fn a_scripted_fault_strikes_the_nth_call_and_only_once() {
    let bench = Bench::new();
    bench.world.script(Fault { on: Call::ControlPlane, nth: 2, what: FaultKind::Error });
    let read = || now_of(bench.source.control_plane(&bench.target));
    assert_eq!(read(), ControlPlane::Enabled);
    assert!(matches!(read(), ControlPlane::Unread { .. }));
    assert_eq!(read(), ControlPlane::Enabled);
    assert_eq!(bench.world.faults_waiting(), 0);
}

#[test]
fn readings_lie_when_told_to() {
    let bench = Bench::new();
    let key = &bench.target.key;
    bench.world.open_session(key, "primary").expect("there");
    for on in [Call::ControlPlane, Call::Probe, Call::Derived, Call::Effect(StepKind::Disable)] {
        bench.world.script(Fault { on, nth: 1, what: FaultKind::Lie });
    }
    assert_eq!(now_of(bench.source.control_plane(&bench.target)), ControlPlane::Absent);
    assert!(matches!(bench.probe("primary", "first-value"), ProbeAnswer::Refused { .. }));
    assert!(now_of(bench.source.derived(&bench.target)).found.is_empty());
    assert_eq!(now_of(bench.source.effect(&bench.target, StepKind::Disable, None)), Effect::Present);
    let truth = bench.world.truth(key).expect("there");
    assert!(truth.accepts_at("primary", 0) && truth.derived.len() == 1 && truth.lives());
}

#[test]
fn a_crash_ends_every_source_of_that_life_and_is_waited_for() {
    let mut bench = Bench::new();
    let key = bench.target.key.clone();
    assert_eq!(poll_out(bench.world.crashed()), None, "nobody has died yet");
    bench.world.script(Fault { on: Call::Act(StepKind::Disable), nth: 1, what: FaultKind::CrashAfter });
    assert!(bench.act(&Act::Disable).is_none());
    assert_eq!(poll_out(bench.world.crashed()), Some(()));
    assert_eq!(poll_out(bench.world.crashed()), None, "one crash is announced once");
    assert!(bench.act(&Act::Delete { heir: None }).is_none(), "the dead do nothing");
    assert!(poll_out(bench.source.check()).is_none());
    assert!(bench.world.truth(&key).expect("there").present);
    bench.source = source(&bench.world);
    assert_eq!(now_of(bench.source.effect(&bench.target, StepKind::Disable, None)), Effect::Present);
    assert!(bench.act(&Act::Delete { heir: None }).is_some());
}

/// What a point answers to the first and second value, and whether it accepts them, in letters:
/// `A`ccepted, `r`efused, `u`nreachable; then `!` where the point accepts what it does not admit.
fn seen_at(bench: &Bench, point: &str) -> String {
    ["first-value", "second-value"]
        .into_iter()
        .map(|value| {
            let (letter, admits) = match bench.probe(point, value) {
                ProbeAnswer::Accepted => ('A', true),
                ProbeAnswer::Refused { .. } => ('r', false),
                ProbeAnswer::Unreachable { .. } => ('u', false),
                ProbeAnswer::CannotKnow { .. } => ('?', false),
            };
            let really = bench.accepts(point, value);
            assert!(really || !admits, "{point} admits what it does not accept");
            if really == admits { letter.to_string() } else { format!("{letter}!") }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// Before, at once after a deny, a minute later, and a minute after a disable.
fn life_at(behaviour: impl FnOnce(Instant) -> Behaviour, lag: Duration) -> String {
    let mut bench = Bench::new();
    let start = bench.world.now();
    bench.world.point("elsewhere", lag, behaviour(start));
    bench.source = source(&bench.world);
    let minute = Duration::from_mins(1);
    bench.world.clock().advance(minute);
    let mut seen = vec![seen_at(&bench, "elsewhere")];
    let value = secret("second-value");
    bench.act(&Act::Deny { value: &value }).expect("an answer").expect("done");
    bench.world.clock().advance(Duration::from_secs(1));
    seen.push(seen_at(&bench, "elsewhere"));
    bench.world.clock().advance(minute);
    seen.push(seen_at(&bench, "elsewhere"));
    bench.act(&Act::Disable).expect("an answer").expect("done");
    bench.world.clock().advance(minute);
    seen.push(seen_at(&bench, "elsewhere"));
    seen.join(" | ")
}

#[test]
fn each_point_has_its_own_habit() {
    let (none, lag) = (Duration::ZERO, Duration::from_secs(10));
    let cache = Duration::from_secs(90);
    let cases: [(&str, String, &str); 10] = [
        ("honest", life_at(|_| Behaviour::Honest, none), "A r | r A | r A | r r"),
        ("lags", life_at(|_| Behaviour::Honest, lag), "A r | A r | r A | r r"),
        ("copy", life_at(|as_of| Behaviour::StaticCopy { as_of }, none), "A r | A r | A r | A r"),
        ("stale", life_at(|as_of| Behaviour::Stale { as_of }, none), "A r | A r | A r | A r"),
        ("cache", life_at(|_| Behaviour::Caches { window: cache }, none), "A r | A A | A A | r A"),
        ("refuses", life_at(|_| Behaviour::AlwaysRefuses, none), "r! r | r r! | r r! | r r"),
        ("wrong host", life_at(|_| Behaviour::WrongHost, none), "r! r | r r! | r r! | r r"),
        (
            "unreachable",
            life_at(|_| Behaviour::Unreachable { until: None }, none),
            "u! u | u u! | u u! | u u",
        ),
        (
            "back later",
            life_at(|at| Behaviour::Unreachable { until: Some(at.plus(Duration::from_secs(61))) }, none),
            "u! u | r A | r A | r r",
        ),
        (
            "lies",
            life_at(|at| Behaviour::Lies { from: at.plus(Duration::from_secs(100)) }, none),
            "A r | r A | r r! | r r",
        ),
    ];
    for (name, seen, expected) in cases {
        assert_eq!(seen, expected, "{name}");
    }
}

#[test]
fn a_consumer_comes_back_until_its_value_is_refused() {
    let mut bench = Bench::new();
    let key = bench.target.key.clone();
    bench.world.point("replica", Duration::from_secs(10), Behaviour::Honest);
    bench.source = source(&bench.world);
    bench.world.add_consumer(&key, "replica").expect("there");
    let derived = |bench: &Bench| now_of(bench.source.derived(&bench.target)).found.len();
    assert_eq!(derived(&bench), 1);
    bench.act(&Act::Disable).expect("an answer").expect("done");
    bench.act(&Act::EndSessions).expect("an answer").expect("done");
    assert_eq!(derived(&bench), 1, "the replica has not heard yet, so it came back");
    bench.world.clock().advance(Duration::from_secs(10));
    bench.act(&Act::EndSessions).expect("an answer").expect("done");
    assert_eq!(derived(&bench), 0);
    assert!(!bench.world.truth(&key).expect("there").lives());
}

#[test]
fn a_point_that_lags_hears_of_a_new_principal_later() {
    let mut bench = Bench::new();
    bench.world.point("replica", Duration::from_secs(10), Behaviour::Honest);
    bench.source = source(&bench.world);
    let key = bench.world.create(ChaosPrincipal::account("newcomer", "new-value"));
    bench.target = Target::principal(key, "newcomer".to_owned());
    assert!(matches!(bench.probe("replica", "new-value"), ProbeAnswer::Refused { .. }));
    bench.world.clock().advance(Duration::from_secs(10));
    assert_eq!(bench.probe("replica", "new-value"), ProbeAnswer::Accepted);
}

#[test]
fn what_is_no_session_outlives_its_principal() {
    let mut bench = Bench::new();
    let key = bench.target.key.clone();
    bench.world.mint(&key, "primary", "prepared transaction").expect("there");
    bench.act(&Act::EndSessions).expect("an answer").expect("done");
    bench.act(&Act::Delete { heir: None }).expect("an answer").expect("done");
    assert_eq!(now_of(bench.source.control_plane(&bench.target)), ControlPlane::Absent);
    let truth = bench.world.truth(&key).expect("known");
    assert!(!truth.present && !truth.is_accepted() && truth.lives());
    assert_eq!(now_of(bench.source.derived(&bench.target)).found, truth.derived);
}

#[test]
fn sessions_at_a_point_that_cannot_be_asked_leave_the_act_unknown() {
    let mut bench = Bench::new();
    let key = bench.target.key.clone();
    bench.world.point("replica", Duration::ZERO, Behaviour::Unreachable { until: None });
    bench.source = source(&bench.world);
    for point in ["primary", "replica"] {
        bench.world.open_session(&key, point).expect("there");
    }
    let failure = bench.act(&Act::EndSessions).expect("an answer").expect_err("a failure");
    assert_eq!(failure.class(), FailureClass::Unknown);
    assert_eq!(bench.world.truth(&key).expect("there").derived.len(), 1);
    let effect = now_of(bench.source.effect(&bench.target, StepKind::EndSessions, None));
    assert!(matches!(effect, Effect::Unobserved { .. }));
}

#[test]
fn what_must_not_be_ended_is_refused_and_said_beforehand() {
    let mut bench = Bench::new();
    let root =
        bench.world.add(ChaosPrincipal { built_in: true, ..ChaosPrincipal::account("system", "x-value") });
    bench.world.we_are(&root);
    bench.target = Target::principal(root, "system".to_owned());
    let radius = now_of(bench.source.blast_radius(&bench.target, None)).expect("read");
    assert_eq!(radius.refusals, ["this is the account Tenure itself uses", "it is built in"]);
    let failure = bench.act(&Act::Disable).expect("an answer").expect_err("a failure");
    assert!(matches!(failure, OutsideFailure::NotOurs { .. }));
    assert_eq!(bench.world.effects(), std::collections::BTreeMap::new());
}

#[test]
fn what_a_principal_owns_needs_an_heir() {
    let mut bench = Bench::new();
    let owned = Owned { place: "shop".to_owned(), kind: "table".to_owned(), count: 3 };
    let owner = ChaosPrincipal { owned: vec![owned], ..ChaosPrincipal::account("owner", "own-value") };
    bench.target = Target::principal(bench.world.add(owner), "owner".to_owned());
    for heir in [None, Some("nobody"), Some("owner")] {
        let failure = bench.act(&Act::Delete { heir }).expect("an answer").expect_err("a failure");
        assert_eq!(failure.class(), FailureClass::AskOperator, "{heir:?}");
    }
    assert!(bench.act(&Act::Delete { heir: Some("root") }).expect("an answer").expect("done").changed);
    assert_eq!(bench.world.strays(), [], "inheriting is not being touched");
}

#[test]
fn an_undo_brings_the_former_value_back_by_reference() {
    let mut bench = Bench::new();
    let keepsake = now_of(bench.source.keepsake(&bench.target)).expect("read").expect("kept");
    assert!(!keepsake.expose().contains("first-value"));
    let value = secret("second-value");
    bench.act(&Act::Deny { value: &value }).expect("an answer").expect("done");
    bench.act(&Act::Disable).expect("an answer").expect("done");
    bench.act(&Act::Enable { keepsake: Some(&keepsake) }).expect("an answer").expect("done");
    assert_eq!(bench.probe("primary", "first-value"), ProbeAnswer::Accepted);
    bench.world.hide_keepsakes();
    assert!(now_of(bench.source.keepsake(&bench.target)).expect("read").is_none());
    assert!(
        now_of(bench.source.blast_radius(&bench.target, None)).expect("read").undo_restores_value.is_err()
    );
}

#[test]
fn a_principal_that_was_renamed_or_replaced_is_not_acted_on() {
    let mut bench = Bench::new();
    let key = bench.target.key.clone();
    bench.world.rename(&key, "invoices").expect("there");
    let failure = bench.act(&Act::Disable).expect("an answer").expect_err("a failure");
    assert_eq!(failure.to_string(), "is not what was planned: it is named `invoices` and not `billing`");
    assert!(matches!(now_of(bench.source.control_plane(&bench.target)), ControlPlane::Unread { .. }));
    let effect = now_of(bench.source.effect(&bench.target, StepKind::Delete, None));
    assert!(matches!(effect, Effect::Unobserved { .. }));
    bench.world.remove(&key).expect("there");
    assert_eq!(now_of(bench.source.control_plane(&bench.target)), ControlPlane::Absent);
    bench.world.add(ChaosPrincipal::account("billing", "first-value"));
    let failure = bench.act(&Act::Disable).expect("an answer").expect_err("a failure");
    assert!(matches!(failure, OutsideFailure::TargetChanged { .. }));
    assert!(bench.accepts("primary", "first-value"), "the stranger of that name still works");
}

#[test]
fn callers_that_break_the_port_are_noted() {
    let mut bench = Bench::new();
    let key = bench.target.key.clone();
    let intent = bench.intent();
    let mut hanging = pin!(bench.source.act(&intent, &Act::Disable));
    let mut context = Context::from_waker(Waker::noop());
    bench.world.script(Fault { on: Call::Act(StepKind::Disable), nth: 1, what: FaultKind::TimeoutBefore });
    while bench.world.journal().is_empty() {
        assert!(hanging.as_mut().poll(&mut context).is_pending());
    }
    now_of(bench.source.act(&intent, &Act::Delete { heir: None })).expect("done");
    bench.world.clock().advance(Duration::from_secs(6));
    let breaches: Vec<BreachKind> = bench.world.breaches().into_iter().map(|breach| breach.what).collect();
    let id = intent.record().id;
    assert_eq!(breaches, [BreachKind::TwoActsAtOnce, BreachKind::IntentReused { intent: id }]);
    let late = now_of(bench.source.act(&intent, &Act::Delete { heir: None })).expect("done");
    assert!(!late.changed);
    assert!(
        bench
            .world
            .breaches()
            .iter()
            .any(|breach| breach.what == BreachKind::ActAfterDeadline { intent: id })
    );
    for _ in 0..=super::CHAOS_MANIFEST.lock_out.failures_max {
        bench.probe("primary", "wrong");
    }
    let last = bench.world.breaches().pop().expect("a breach");
    assert_eq!((last.principal, last.what), (key, BreachKind::LockOutExceeded { failures: 21 }));
}

#[derive(Default)]
struct Received {
    pages: Vec<(String, usize)>,
    names: Vec<String>,
    ends: Vec<(String, bool)>,
}

#[async_trait]
impl SurveySink for Received {
    async fn page(&mut self, extent: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        self.pages.push((extent.0.clone(), page.len()));
        self.names.extend(page.into_iter().filter_map(|observation| match observation {
            Observation::Principal(principal) => Some(principal.name),
            Observation::Credential(_)
            | Observation::Grant(_)
            | Observation::Sighting(_)
            | Observation::Use(_) => None,
        }));
        Ok(())
    }

    async fn end(&mut self, extent: &Extent, completeness: Completeness) -> Result<(), SinkClosed> {
        self.ends.push((extent.0.clone(), completeness == Completeness::Whole));
        Ok(())
    }

    async fn not_observable(&mut self, _: NotObservable) -> Result<(), SinkClosed> {
        Ok(())
    }
}

fn survey_under(fault: Option<SurveyFault>) -> (Received, Option<Result<(), OutsideFailure>>) {
    let world = ChaosWorld::new(ChaosClock::default());
    for index in 0..250 {
        let born = ChaosPrincipal::account(&format!("app-{index}"), "v");
        world.add(ChaosPrincipal { restless: index % 10 == 0, ..born });
    }
    if let Some(fault) = fault {
        world.script(Fault { on: Call::Observe, nth: 1, what: FaultKind::Survey(fault) });
    }
    let mut received = Received::default();
    let result = poll_out(source(&world).observe(world.now(), &mut received));
    (received, result)
}

#[test]
fn surveys_go_wrong_in_their_own_ways() {
    let whole = |received: &Received| {
        received
            .ends
            .iter()
            .map(|(extent, whole)| format!("{extent}{}", if *whole { "" } else { "?" }))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let all = "principals credentials grants uses";
    let mut clean = survey_under(None).0;
    clean.names.sort();
    clean.names.dedup();
    assert_eq!((clean.names.len(), whole(&clean).as_str()), (250, all));
    let cases = [
        (SurveyFault::DuplicateKey, 350, all),
        (SurveyFault::OversizePage, 250 - 100 + PAGE_MAX + 1, all),
        (SurveyFault::PageAfterEnd, 350, all),
        (SurveyFault::EndTwice, 250, "principals principals? credentials grants uses"),
        (SurveyFault::NeverEnd, 250, "credentials grants uses"),
        (SurveyFault::PartialExtent, 125, "principals? credentials grants uses"),
        (SurveyFault::HalfDenied, 250, "principals credentials? grants? uses"),
        (SurveyFault::Empty, 0, all),
        (SurveyFault::CutOff, 100, ""),
        (SurveyFault::StaleDigest, 250, all),
    ];
    for (fault, principals, ends) in cases {
        let (received, result) = survey_under(Some(fault));
        assert_eq!((received.names.len(), whole(&received).as_str()), (principals, ends), "{fault:?}");
        assert_eq!(
            result,
            Some(if fault == SurveyFault::CutOff {
                Err(OutsideFailure::Lost { why: "connection reset".to_owned() })
            } else {
                Ok(())
            })
        );
    }
}

#[test]
fn a_drifting_world_changes_between_the_pages() {
    let (received, result) = survey_under(Some(SurveyFault::Drift));
    assert_eq!(result, Some(Ok(())));
    assert!(
        received.names.iter().any(|name| name.starts_with("drifted-in-")),
        "somebody was created meanwhile"
    );
    let known = received.names.iter().filter(|name| name.starts_with("app-")).count();
    assert!(known < 250, "somebody was deleted meanwhile: {known}");
    assert!(!received.names.iter().any(|name| name.ends_with('~')), "the renamed one had been read before");
}

#[test]
fn a_survey_can_hang_be_lost_or_kill_the_process() {
    for (what, answers) in [
        (FaultKind::HangAfter, false),
        (FaultKind::LostResponse, true),
        (FaultKind::CrashBefore, false),
        (FaultKind::Throttle, true),
    ] {
        let bench = Bench::new();
        bench.world.script(Fault { on: Call::Observe, nth: 1, what });
        let mut received = Received::default();
        let result = poll_out(bench.source.observe(bench.world.now(), &mut received));
        assert_eq!(result.is_some(), answers, "{what:?}");
        assert!(result.is_none_or(|result| result.is_err()));
        let ended = bench.world.journal().pop().expect("an entry").ended;
        assert_eq!(ended, if answers { Ended::Failed } else { Ended::Never });
    }
}

/// The faults that strike 40 control plane reads of two principals, in the order given.
fn struck(seed: u64, order: [usize; 2]) -> Vec<Vec<Option<FaultKind>>> {
    let rates = FaultRates { crash_before_per_mille: 0, crash_after_per_mille: 0, ..FaultRates::ROUGH };
    let world = ChaosWorld::seeded(ChaosClock::default(), seed, rates);
    let keys: Vec<_> =
        (0..2).map(|index| world.add(ChaosPrincipal::account(&format!("a{index}"), "v"))).collect();
    let source = source(&world);
    for _ in 0..20 {
        for index in order {
            let target = Target::principal(keys[index].clone(), format!("a{index}"));
            poll_out(source.control_plane(&target));
        }
    }
    let about = |key| {
        world
            .journal()
            .iter()
            .filter(|entry| entry.principal.as_ref() == Some(key))
            .map(|entry| entry.fault)
            .collect()
    };
    keys.iter().map(about).collect()
}

#[test]
fn a_seed_replays_whatever_ran_first() {
    assert_eq!(struck(42, [0, 1]), struck(42, [1, 0]));
    assert_ne!(struck(42, [0, 1]), struck(43, [0, 1]));
    assert!(struck(42, [0, 1]).iter().flatten().any(Option::is_some));
}

#[test]
fn a_seeded_world_behaves_once_its_faults_are_spent() {
    let rates = FaultRates { throttle_per_mille: 1000, faults_max: 3, ..FaultRates::NONE };
    let bench = Bench::over(ChaosWorld::seeded(ChaosClock::default(), 5, rates));
    let failed = (0..10).filter(|_| now_of(bench.source.check()).is_err()).count();
    assert_eq!(failed, 3);
}

#[test]
fn a_system_that_is_down_answers_nothing_and_does_nothing() {
    let mut bench = Bench::new();
    bench.world.take_down("maintenance");
    let failure = bench.act(&Act::Disable).expect("an answer").expect_err("a failure");
    assert_eq!(failure.class(), FailureClass::Retry);
    assert!(matches!(bench.probe("primary", "first-value"), ProbeAnswer::Unreachable { .. }));
    assert_eq!(now_of(bench.source.derived(&bench.target)).unread.len(), 1);
    bench.world.bring_up();
    assert!(bench.act(&Act::Disable).expect("an answer").expect("done").changed);
}

#[test]
fn a_configuration_that_cannot_be_meant_is_refused() {
    let world = ChaosWorld::new(ChaosClock::default());
    let connector = ChaosConnector::new(world.clone());
    let refused = |url: &str, option: Option<(&str, &str)>| {
        let mut config = world.config(source_id(), ShortName::parse("chaos").expect("a name"));
        config.points[0].url = url.to_owned();
        config.options =
            option.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        connector.source(config).err().map(|refused: ConfigRefused| refused.to_string())
    };
    let cases = [
        ("chaos:primary", None, None),
        ("chaos:primary", Some(("page_size", "7")), None),
        (
            "chaos:primary",
            Some(("page_size", "0")),
            Some("the setting `page_size` cannot be used: it is a number from 1 to 1000"),
        ),
        (
            "chaos:primary",
            Some(("pages", "7")),
            Some("the setting `pages` cannot be used: there is no such setting"),
        ),
        ("order:primary", None, Some("the address of `primary` cannot be used: expected `chaos:<point>`")),
        (
            "chaos:us:pw@primary",
            None,
            Some("the address of `primary` holds a password; give it with --password-file instead"),
        ),
    ];
    for (url, option, expected) in cases {
        assert_eq!(refused(url, option).as_deref(), expected, "{url} {option:?}");
    }
}

#[test]
fn no_value_shows_in_what_the_world_prints() {
    let mut bench = Bench::new();
    let value = secret("second-value");
    bench.act(&Act::Deny { value: &value }).expect("an answer").expect("done");
    bench.probe("primary", "first-value");
    let shown = format!("{:?} {:?} {:?}", bench.world, bench.world.journal(), bench.world.truths());
    assert!(!shown.contains("-value"), "{shown}");
}
