//! clocks: how long what waits for people has waited, and who is asked when they do not decide.
//!
//! A step under a service level gets a clock. When its time is over it passes on, to the fallback and then to the escalation,
//! each with as much time from when it did: after a long night nobody is passed over unasked. What happened is written once, by
//! whoever looks first; nothing hangs on a timer. Passing on adds people who may decide the step and takes nobody away; it
//! grants no right, and whom nobody could let decide is not asked. It must never decide a step.
//! Next: `pause.rs`, where one stands still; `tenure-judge/src/programme/service_levels.rs`.

mod pause;

pub use pause::ClockPauseShown;

use super::{
    approvals::Deciding,
    delegations::{Capacity, everybodys},
    exceptions::{terms, wish_of},
    own::owns,
    programme::InForce,
    requests::{RequestDeciding, charter_of, digest_of},
};
use crate::{
    Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use std::{str::FromStr, sync::Arc, time::Duration};
use tenure_judge::{
    ApiResourceKind, Authoriser, ClockRules, StepAbout, asked_in_words, decides_step, passed_on,
};
use tenure_model::{
    Charter, ClockKind, ClockStage, DecisionRight, DelegatedKind, ExceptionState, HandoffState, Instant,
    PersonId, RiskTier,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        clocks::ClockRow,
        exceptions::{ExceptionRow, ExceptionsMeant},
        handoffs::HandoffRow,
        identities::IdentityRow,
        plans::PlanRow,
        requests::{RequestRow, RequestsMeant},
    },
};

/// Clocks that run, and steps of one kind that are looked at in one round, at most.
const CLOCKS_MAX: i64 = 1_000;
/// While the machine's clock is set back by more than this, no clock passes on.
const SET_BACK: Duration = Duration::from_secs(1);

/// Where something waits for people.
pub(crate) struct WaitsAt {
    /// Which step, from 0.
    pub(super) step: u32,
    /// Who decides each step as it was asked for, before anything passed on; none where one decision is enough.
    pub(super) steps: Vec<String>,
    /// Since when it waits there.
    pub(super) since: Instant,
    /// Who might be let decide it, if they were asked, and as whom; whether that one stands as its owner.
    pub(super) able: Vec<(bool, Capacity)>,
}

/// Something that waits, with what service levels look at.
struct Waiting {
    kind: ClockKind,
    subject: String,
    handle: String,
    about: String,
    class: Option<String>,
    tier: Option<RiskTier>,
    /// Who asked for it, and who answers for what it is about: whoever gains by a delay.
    parties: Vec<PersonId>,
    at: WaitsAt,
}

/// A clock as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockShown {
    /// What it runs for.
    pub kind: ClockKind,
    /// The id of that.
    pub subject: String,
    /// The short form of it that people type.
    pub handle: String,
    /// What it is about, by name.
    pub about: String,
    /// Which step, from 1.
    pub step: i64,
    /// By which service level.
    pub level: String,
    /// In whose hours; around the clock where none is named.
    pub calendar: Option<String>,
    /// Since when the step waits.
    pub started: Instant,
    /// Who is asked by now.
    pub stage: ClockStage,
    /// Everybody whose decision it is by now, in words.
    pub asked: String,
    /// By when it is decided, or passes on.
    pub due: Instant,
    /// How much of that is left, in seconds of that calendar.
    pub left_seconds: u64,
    /// Since when it is late.
    pub late: Option<Instant>,
    /// When nobody was left to be asked.
    pub over: Option<Instant>,
    /// Why it stands still; `due` is then as if it ran again at the end of that.
    pub paused: Option<ClockPauseShown>,
    /// For how many days its service level lets it be paused; nothing where not at all.
    pub pause_days_max: Option<u32>,
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClocksFollowed {
    /// Clocks that began.
    pub begun: i64,
    /// Clocks of which it was recorded that they become late soon.
    pub warned: i64,
    /// Clocks that passed on.
    pub passed_on: i64,
    /// Clocks with which nobody is left to be asked.
    pub over: i64,
    /// Clocks that run again because their pause is over.
    pub resumed: i64,
    /// Clocks that ended because their step does not wait any more.
    pub ended: i64,
}

/// What a clock comes to now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Warned(ClockRow),
    PassedOn(ClockRow),
    Over(ClockRow),
    Resumed(ClockRow),
    Ended(ClockRow),
}

/// Steps with those beside whom they passed on to. Where other rules ask for other steps by now, what passed on was another.
pub(super) fn steps_passed_on(
    tx: &mut Tx<'_>,
    subject: &str,
    mut steps: Vec<String>,
) -> Result<Vec<String>, StoreFailure> {
    for row in tx.clocks_of(subject)? {
        let step = usize::try_from(row.step).ok().and_then(|at| steps.get_mut(at));
        if let Some(step) = step.filter(|step| **step == row.term) {
            *step = passed_on(step, &rules(&row)?.asked_by(row.stage));
        }
    }
    Ok(steps)
}

fn rules(row: &ClockRow) -> Result<ClockRules, StoreFailure> {
    let shape = |why: serde_json::Error| StoreFailure::Shape { table: "clocks", why: why.to_string() };
    serde_json::from_str(&row.rules).map_err(shape)
}

/// Since when it is late, or by when it is decided or passes on; while it stands still, as it will run.
pub(super) fn due_by(row: &ClockRow) -> Result<Instant, StoreFailure> {
    let runs = pause::ended(row, &rules(row)?);
    Ok(runs.late.unwrap_or(runs.due))
}

fn shown(tx: &mut Tx<'_>, row: &ClockRow, now: Instant) -> Result<ClockShown, StoreFailure> {
    let rules = rules(row)?;
    // What stands still is shown as it will run.
    let runs = pause::ended(row, &rules);
    let from = row.pause.as_ref().map_or(now, |pause| pause.until);
    let to = rules.asked_by(row.stage);
    let asked = match (row.term.is_empty(), to.is_empty()) {
        (true, true) => String::from("whoever may decide it"),
        (true, false) => asked_in_words(&to),
        (false, _) => asked_in_words(&[passed_on(&row.term, &to)]),
    };
    Ok(ClockShown {
        kind: row.kind,
        subject: row.subject.clone(),
        handle: row.handle.clone(),
        about: row.about.clone(),
        step: row.step.saturating_add(1),
        calendar: rules.level.calendar.clone(),
        started: row.started,
        stage: row.stage,
        asked,
        due: runs.due,
        left_seconds: rules.left(from, runs.due).as_secs(),
        late: row.late.or_else(|| (runs.due <= now).then_some(runs.due)),
        over: row.over,
        paused: pause::shown(tx, row)?,
        pause_days_max: rules.level.pause_days_max,
        level: rules.level.id,
    })
}

/// What decides about clocks, to be taken into a transaction.
#[derive(Clone)]
struct Levels {
    plans: Deciding,
    requests: RequestDeciding,
    authoriser: Arc<Authoriser>,
    in_force: Arc<InForce>,
    now: Instant,
}

impl Levels {
    /// Everything that waits under a service level and has no clock that runs.
    fn unclocked(&self, tx: &mut Tx<'_>) -> Result<Vec<Waiting>, StoreFailure> {
        if self.in_force.programme.service_levels.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for row in tx.requests(RequestsMeant::Asked, 0, CLOCKS_MAX)? {
            found.extend(self.of_request(tx, row)?);
        }
        for row in tx.plans_undecided(CLOCKS_MAX)? {
            found.extend(self.of_plan(tx, row)?);
        }
        for row in tx.exceptions(ExceptionsMeant::Waiting, 0, CLOCKS_MAX)? {
            found.extend(self.of_exception(tx, row)?);
        }
        let mut unclocked = Vec::new();
        for waiting in found {
            let clock = tx.clock(&waiting.subject, waiting.at.step.into())?;
            if clock.is_none_or(|clock| clock.ended.is_some()) && self.rules(&waiting).is_some() {
                unclocked.push(waiting);
            }
        }
        Ok(unclocked)
    }

    fn rules(&self, waiting: &Waiting) -> Option<ClockRules> {
        let about = StepAbout { kind: waiting.kind, class: waiting.class.as_deref(), tier: waiting.tier };
        self.in_force.programme.service_level(about)
    }

    fn of_request(&self, tx: &mut Tx<'_>, row: RequestRow) -> Result<Option<Waiting>, StoreFailure> {
        let shape = |why: EngineFailure| StoreFailure::Shape { table: "requests", why: why.to_string() };
        let digest = digest_of(&row).map_err(shape)?;
        let charter = charter_of(tx, &row)?;
        let at = self.requests.waits_at(tx, (&row, self.now), &digest)?;
        Ok(at.map(|at| Waiting {
            kind: ClockKind::Request,
            subject: row.id.to_string(),
            handle: row.id.handle(),
            about: format!("{}/{}", row.source_name, row.wanted.principal()),
            parties: parties(&charter, Some(row.asked_by)),
            class: row.wanted.class().map(str::to_owned),
            tier: None,
            at,
        }))
    }

    fn of_plan(&self, tx: &mut Tx<'_>, plan: PlanRow) -> Result<Option<Waiting>, StoreFailure> {
        let Some(at) = self.plans.waits_at(tx, &plan, self.now)? else { return Ok(None) };
        let identity = tx.identity(plan.identity)?;
        let kind = if plan.requested_by.is_some() { ClockKind::Plan } else { ClockKind::Proposal };
        Ok(Some(Waiting {
            kind,
            parties: parties(&identity.charter, plan.requested_by),
            subject: plan.id.to_string(),
            handle: plan.handle,
            about: identity.name,
            class: identity.class,
            tier: identity.tier,
            at,
        }))
    }

    fn of_exception(&self, tx: &mut Tx<'_>, row: ExceptionRow) -> Result<Option<Waiting>, StoreFailure> {
        if row.state != ExceptionState::Requested {
            return Ok(None);
        }
        let identity = tx.identity(row.identity)?;
        let history = terms(tx, row.identity, (&row.policy, &row.subject))?;
        let programme = &self.in_force.programme;
        let card = self.in_force.judge.policies().find(|card| card.id == row.policy);
        let may = |one: &Capacity| {
            let approves = card.is_some_and(|card| programme.approves(&card.control, &one.subject().name));
            let owned = owns(&identity.charter, one.subject().id);
            one.holds(&self.authoriser, DecisionRight::Except, (ApiResourceKind::Identity, owned))
                && programme
                    .exceptions
                    .may_grant(&history, &wish_of(&row), one.approver(false, approves), self.now)
                    .is_ok()
        };
        let everybody = everybodys(tx, (DelegatedKind::Exception, self.now))?;
        let able = everybody.into_iter().filter(may).map(|one| (false, one)).collect();
        Ok(Some(Waiting {
            kind: ClockKind::Exception,
            subject: row.id.to_string(),
            handle: row.id.handle(),
            about: identity.name.clone(),
            at: WaitsAt { step: 0, steps: Vec::new(), since: row.requested, able },
            parties: parties(&identity.charter, Some(row.requested_by)),
            class: identity.class,
            tier: identity.tier,
        }))
    }

    /// What a clock runs for, where that waits at its step still.
    fn waits(&self, tx: &mut Tx<'_>, row: &ClockRow) -> Result<Option<Waiting>, StoreFailure> {
        let waiting = match row.kind {
            ClockKind::Request => {
                let request = tx.request(parsed(&row.subject)?)?;
                self.of_request(tx, request)?
            }
            ClockKind::Plan | ClockKind::Proposal => {
                let plan = tx.plan(parsed(&row.subject)?)?;
                self.of_plan(tx, plan)?
            }
            ClockKind::Exception => {
                let exception = tx.exception(parsed(&row.subject)?)?;
                self.of_exception(tx, exception)?
            }
            ClockKind::Handoff => {
                let handoff = tx.handoff(parsed(&row.subject)?)?;
                of_handoff(tx, &handoff)?
            }
            // Its item keeps its own end: no clock runs for it.
            ClockKind::Review => None,
        };
        Ok(waiting.filter(|one| i64::from(one.at.step) == row.step))
    }

    /// What a clock that runs comes to now; nothing while it just runs.
    fn change(&self, tx: &mut Tx<'_>, row: &ClockRow) -> Result<Option<Change>, StoreFailure> {
        let (now, was) = (self.now, row.clone());
        let Some(waiting) = self.waits(tx, row)? else {
            return Ok(Some(Change::Ended(ClockRow { ended: Some(now), ..was })));
        };
        if let Some(pause) = &row.pause {
            let again = pause::ended(row, &rules(row)?);
            return Ok((pause.until <= now).then_some(Change::Resumed(again)));
        }
        if row.over.is_some() {
            return Ok(None);
        }
        if now < row.due {
            let warns = row.warned.is_none() && row.warns.is_some_and(|at| at <= now);
            return Ok(warns.then_some(Change::Warned(ClockRow { warned: Some(now), ..was })));
        }
        let rules = rules(row)?;
        let late = row.late.or(Some(row.due));
        let able = |stage: &&ClockStage| **stage > row.stage && is_able(&waiting, rules.asked(**stage));
        Ok(Some(match ClockStage::ALL.iter().find(able) {
            Some(stage) => Change::PassedOn(ClockRow {
                stage: *stage,
                due: rules.due(now),
                warns: rules.warns(now),
                warned: None,
                late,
                ..was
            }),
            None => Change::Over(ClockRow { late, over: Some(now), ..was }),
        }))
    }
}

/// A handoff that waits. It passes on to nobody: whom it was offered to accepts it, or it lapses.
fn of_handoff(tx: &mut Tx<'_>, row: &HandoffRow) -> Result<Option<Waiting>, StoreFailure> {
    if row.state != HandoffState::Offered {
        return Ok(None);
    }
    let identity = tx.identity(row.identity)?;
    Ok(Some(Waiting {
        kind: ClockKind::Handoff,
        subject: row.id.to_string(),
        handle: row.id.handle(),
        parties: vec![row.offered_by, row.to],
        about: identity.name,
        class: identity.class,
        tier: identity.tier,
        at: WaitsAt { step: 0, steps: Vec::new(), since: row.offered, able: Vec::new() },
    }))
}

/// The service level that means handoffs of this identity; nothing where they have the programme's days.
pub(super) fn rules_of_handoff(in_force: &InForce, identity: &IdentityRow) -> Option<ClockRules> {
    let about = StepAbout { kind: ClockKind::Handoff, class: identity.class.as_deref(), tier: identity.tier };
    in_force.programme.service_level(about)
}

/// Begins the clock of a handoff with the handoff: its end was said with it, and no programme moves it.
pub(super) fn begin_handoff(
    tx: &mut Tx<'_>,
    row: &HandoffRow,
    rules: &ClockRules,
) -> Result<(), StoreFailure> {
    let shape = |why: serde_json::Error| StoreFailure::Shape { table: "clocks", why: why.to_string() };
    let to = tx.person(row.to)?.map(|person| format!("person:{}", person.name));
    tx.put_clock(&ClockRow {
        kind: ClockKind::Handoff,
        subject: row.id.to_string(),
        step: 0,
        term: to.unwrap_or_default(),
        handle: row.id.handle(),
        about: row.identity_name.clone(),
        rules: serde_json::to_string(rules).map_err(shape)?,
        started: row.offered,
        stage: ClockStage::First,
        due: row.accept_by,
        warns: rules.warns(row.offered),
        warned: None,
        late: None,
        over: None,
        ended: None,
        pause: None,
        paused_us: 0,
    })
}

/// Who asked for it, and who answers for what it is about.
fn parties(charter: &Charter, asked_by: Option<PersonId>) -> Vec<PersonId> {
    [charter.business_owner, charter.technical_owner, asked_by].into_iter().flatten().collect()
}

/// An entry about a clock.
fn about(row: &ClockRow, kind: &'static str, by: By) -> Draft {
    let level = rules(row).map(|rules| rules.level.id).unwrap_or_default();
    let draft = Draft::new(kind, by, &row.subject)
        .text("for", row.kind)
        .text("level", level)
        .text("stage", row.stage)
        .text("started", row.started)
        .text("due", row.due)
        .number("step", row.step.saturating_add(1));
    match row.late {
        Some(late) => draft.text("late", late),
        None => draft,
    }
}

/// Whether somebody who is asked by these terms would be let decide.
fn is_able(waiting: &Waiting, asked: &[String]) -> bool {
    let stands = |(owns, one): &(bool, Capacity)| {
        let by = one.approver(*owns, false);
        (0_u32..).zip(asked).any(|(index, _)| decides_step(asked, index, &by))
    };
    waiting.at.able.iter().any(stands)
}

fn parsed<T: FromStr>(subject: &str) -> Result<T, StoreFailure> {
    let shape = || StoreFailure::Shape { table: "clocks", why: String::from("a subject is no id") };
    subject.parse().map_err(|_| shape())
}

impl Engine {
    fn levels(&self) -> Levels {
        Levels {
            plans: self.deciding(),
            requests: self.request_deciding(),
            authoriser: Arc::clone(&self.authoriser),
            in_force: self.in_force(),
            now: self.clock.now(),
        }
    }

    /// Begins clocks for what waits, and takes each that runs one step further where that is due.
    pub async fn follow_clocks(&self) -> Result<ClocksFollowed, EngineFailure> {
        let mut followed = ClocksFollowed::default();
        if self.clock.behind() > SET_BACK {
            tracing::warn!("the machine's clock was set back: no clock passes on until it has caught up");
            return Ok(followed);
        }
        let levels = self.levels();
        let looked = levels.clone();
        let unclocked = self.store.read("unclocked", move |tx| looked.unclocked(tx)).await?;
        for waiting in unclocked {
            followed.begun += i64::from(self.begin_clock(&levels, waiting).await?);
        }
        let levels = self.levels();
        let looked = levels.clone();
        let read = move |tx: &mut Tx<'_>| {
            let mut changes = Vec::new();
            for row in tx.clocks_running(CLOCKS_MAX)? {
                changes.extend(looked.change(tx, &row)?.map(|change| (row, change)));
            }
            Ok(changes)
        };
        for (row, change) in self.store.read("clocks_to_follow", read).await? {
            let count = match &change {
                Change::Warned(_) => &mut followed.warned,
                Change::PassedOn(_) => &mut followed.passed_on,
                Change::Over(_) => &mut followed.over,
                Change::Resumed(_) => &mut followed.resumed,
                Change::Ended(_) => &mut followed.ended,
            };
            *count += i64::from(self.change_clock(&levels, row, change).await?);
        }
        Ok(followed)
    }

    async fn begin_clock(&self, levels: &Levels, waiting: Waiting) -> Result<bool, EngineFailure> {
        let Some(rules) = levels.rules(&waiting) else { return Ok(false) };
        let shape = |why: serde_json::Error| StoreFailure::Shape { table: "clocks", why: why.to_string() };
        let text = serde_json::to_string(&rules).map_err(shape)?;
        let (version, now) = (levels.in_force.version, levels.now);
        let begin = move |tx: &mut Tx<'_>| {
            let step = i64::from(waiting.at.step);
            let former = tx.clock(&waiting.subject, step)?;
            let is_same = tx.programme_version()? == version;
            if !is_same || former.as_ref().is_some_and(|row| row.ended.is_none()) {
                return Ok(false);
            }
            // What waited before anybody said by when begins with that; what waits anew begins anew.
            let since = tx.programme_applied()?.map_or(waiting.at.since, |at| at.max(waiting.at.since));
            let started = if former.is_some() { now } else { since };
            let at = usize::try_from(step).unwrap_or(usize::MAX);
            tx.put_clock(&ClockRow {
                kind: waiting.kind,
                subject: waiting.subject.clone(),
                step,
                term: waiting.at.steps.get(at).cloned().unwrap_or_default(),
                handle: waiting.handle.clone(),
                about: waiting.about.clone(),
                rules: text.clone(),
                started,
                stage: ClockStage::First,
                due: rules.due(started),
                warns: rules.warns(started),
                warned: None,
                late: None,
                over: None,
                ended: None,
                pause: None,
                paused_us: 0,
            })?;
            Ok(true)
        };
        Ok(self.store.write("begin_clock", begin).await?)
    }

    /// Writes down what a clock came to, once: it is asked again in the transaction that does.
    async fn change_clock(
        &self,
        levels: &Levels,
        row: ClockRow,
        change: Change,
    ) -> Result<bool, EngineFailure> {
        let (kind, new) = match &change {
            Change::Warned(new) => (Some("clock.warned"), new.clone()),
            Change::PassedOn(new) => (Some("clock.passed_on"), new.clone()),
            Change::Over(new) => (Some("clock.over"), new.clone()),
            Change::Resumed(new) => (Some("clock.resumed"), new.clone()),
            Change::Ended(new) => (None, new.clone()),
        };
        let draft = kind.map(|kind| about(&new, kind, By::Tenure));
        let entry = draft.map(|draft| self.entry(draft)).transpose()?;
        let levels = levels.clone();
        let write = move |tx: &mut Tx<'_>| {
            if tx.clock(&row.subject, row.step)?.as_ref() != Some(&row)
                || levels.change(tx, &row)?.as_ref() != Some(&change)
            {
                return Ok(false);
            }
            tx.put_clock(&new)?;
            if let Some(entry) = &entry {
                tx.entry(entry.clone())?;
            }
            Ok(true)
        };
        Ok(self.store.write("change_clock", write).await?)
    }

    /// Clocks that run: the late ones first, each by its next instant.
    pub async fn clocks(&self, most: i64) -> Result<Vec<ClockShown>, EngineFailure> {
        let now = self.clock.now();
        let read = move |tx: &mut Tx<'_>| {
            let rows = tx.clocks_running(most.min(CLOCKS_MAX))?;
            rows.iter().map(|row| shown(tx, row, now)).collect::<Result<Vec<_>, _>>()
        };
        Ok(self.store.read("clocks", read).await?)
    }

    /// By when the step at which a request, a plan or an exception waits is decided; nothing where it has no clock.
    pub async fn due_of(&self, subject: &str) -> Result<Option<ClockShown>, EngineFailure> {
        let (now, subject) = (self.clock.now(), subject.to_owned());
        let read = move |tx: &mut Tx<'_>| {
            let running = tx.clocks_of(&subject)?.into_iter().find(|row| row.ended.is_none());
            running.map(|row| shown(tx, &row, now)).transpose()
        };
        Ok(self.store.read("due_of", read).await?)
    }
}
