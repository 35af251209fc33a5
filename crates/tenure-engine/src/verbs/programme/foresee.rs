//! What a programme would change before it is applied: every identity judged by what is in force and by what is proposed.
//!
//! Both at one instant, so that what differs is the programme's doing. Nothing is written. Next: `looking.rs`, who waits for it;
//! `replay.rs`, the same over days that are past; `mod.rs`, which applies.

use super::{
    InForce, as_if_applied, digest_of,
    looking::{Looked, Looks, Progress},
};
use crate::{
    Engine, EngineFailure,
    record::digest_hex,
    verbs::{dossier::Read, judge::only_in},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tenure_judge::{FailedCondition, Judgement, ProgrammeFiles};
use tenure_model::{IdentityId, Instant, Severity, Standing, printable};

/// Identities read in one transaction.
const BATCH: i64 = 200;
/// Identities that are named, at most; the counts are whole.
const NAMED_MAX: usize = 200;
/// What lapses within this time is said, and counts for the hold.
const SOON: Duration = Duration::from_hours(7 * 24);
/// From how many identities on, and from which share, standing worse is held for somebody who types the number.
const HELD_MIN: i64 = 10;
const HELD_PERCENT: i64 = 20;
/// Letters of the word by which a programme is applied: 128 bits, so that nobody finds two programmes with one word.
const WORD_CHARS: usize = 32;

/// What a programme would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProgrammeForeseen {
    /// SHA-256 of its files.
    pub digest: String,
    /// The version in force that it was compared with.
    pub base_version: i64,
    /// When both were judged.
    pub at: Instant,
    /// Identities that were judged.
    pub identities: i64,
    /// Identities that could not be judged; they stay as they are.
    pub not_judged: i64,
    /// How many change: their standing, their class, or what fails.
    pub changed: i64,
    /// How many come to stand worse.
    pub worse: i64,
    /// How many of those lapse at once.
    pub lapses: i64,
    /// How many more lapse within seven days, that would not by the programme in force.
    pub lapses_soon: i64,
    /// How many come to stand better.
    pub better: i64,
    /// From which standing to which, and how many.
    pub standings: Vec<StandingMoved>,
    /// Which policies begin and end to fail, and of how many conditions.
    pub policies: Vec<PolicyForeseen>,
    /// How many identities are of each class, now and then.
    pub classes: Vec<ClassForeseen>,
    /// Those that change, by name, those that come to stand worse first; at most 200.
    pub named: Vec<IdentityForeseen>,
    /// Why whoever applies it must type how many come to stand worse; nothing where that is not needed.
    pub held: Option<String>,
    /// What is said to apply just this.
    pub word: String,
}

/// So many identities move from one standing to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandingMoved {
    /// What they are by the programme in force.
    pub from: Standing,
    /// What they would be.
    pub to: Standing,
    /// How many.
    pub count: i64,
}

/// What becomes of one policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyForeseen {
    /// Its id.
    pub policy: String,
    /// How bad it would be.
    pub severity: Severity,
    /// Conditions that begin to fail.
    pub begins: i64,
    /// Conditions that fail no more.
    pub ends: i64,
}

/// What becomes of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassForeseen {
    /// Its id.
    pub class: String,
    /// Identities of it by the programme in force.
    pub before: i64,
    /// Identities of it then.
    pub after: i64,
}

/// What becomes of one identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdentityForeseen {
    /// Which.
    pub identity: IdentityId,
    /// Its name.
    pub name: String,
    /// Its class then.
    pub class: Option<String>,
    /// What it is by the programme in force.
    pub from: Standing,
    /// What it would be.
    pub to: Standing,
    /// Policies that begin to fail.
    pub begins: Vec<String>,
    /// Policies that fail no more.
    pub ends: Vec<String>,
}

/// Foresights that were made lately or are being made.
pub(crate) type Foresights = Looks<ProgrammeForeseen>;
/// What somebody who asked for one has.
pub type Foreseen = Looked<ProgrammeForeseen>;

impl Engine {
    /// What a programme would change, if that is known within `wait`; looking goes on afterwards, once however many ask.
    /// A programme that cannot be applied is refused with what is wrong with it first.
    pub async fn foresee_programme(
        self: &Arc<Self>,
        files: &ProgrammeFiles,
        wait: Duration,
    ) -> Result<Foreseen, EngineFailure> {
        let inventory = self.store.read("inventory_mark", |tx| tx.inventory_mark()).await?;
        let (digest, base, now) = (digest_of(files), self.in_force(), self.clock.now());
        // Another inventory, and what was looked at is not what is there.
        let made_of = format!("{digest} {} {inventory:?}", base.version);
        let begin = |progress: Progress<ProgrammeForeseen>| {
            let proposed = as_if_applied(files, base.version, now)?;
            let engine = Arc::clone(self);
            Ok(async move {
                let looked = engine.look_through(&base, &proposed, (digest, now), &progress).await;
                (progress, looked)
            })
        };
        self.foresights.join(made_of, now, begin)?.within(wait).await
    }

    async fn look_through(
        &self,
        base: &InForce,
        proposed: &InForce,
        (digest, now): (String, Instant),
        progress: &Progress<ProgrammeForeseen>,
    ) -> Result<ProgrammeForeseen, EngineFailure> {
        let of = self.store.read("count_identities", |tx| tx.count_identities()).await?;
        let mut tally = Tally::default();
        let mut page = self.page_after(None).await?;
        while let Some(last) = page.last().map(|read| read.dossier.identity) {
            // The next are read while these are judged.
            let judged = async {
                for read in std::mem::take(&mut page) {
                    self.judge_twice(read, [base, proposed], now, &mut tally);
                }
            };
            let (next, ()) = tokio::join!(self.page_after(Some(last)), judged);
            page = next?;
            progress.say(tally.identities + tally.not_judged, of);
            tokio::task::yield_now().await;
        }
        Ok(tally.foreseen(digest, base.version, now))
    }

    async fn page_after(&self, after: Option<IdentityId>) -> Result<Vec<Read>, EngineFailure> {
        let page = self.store.read("foresee_programme", move |tx| tx.all_identities(after, BATCH)).await?;
        self.dossiers(page).await
    }

    fn judge_twice(&self, read: Read, both: [&InForce; 2], now: Instant, tally: &mut Tally) {
        let (dossier, open_since) = self.heeded(read);
        let judged = both.map(|one| one.judge.judge(&dossier, &open_since, now).ok());
        let classes = both.map(|one| one.judge.class_of(&dossier).map(|class| class.id.clone()));
        match judged {
            [Some(before), Some(then)] => {
                tally.count(dossier.identity, &dossier.name, &Both { before, then, classes }, now);
            }
            _ => tally.not_judged += 1,
        }
    }
}

/// One identity, judged twice.
struct Both {
    before: Judgement,
    then: Judgement,
    classes: [Option<String>; 2],
}

#[derive(Default)]
struct Tally {
    identities: i64,
    not_judged: i64,
    changed: i64,
    worse: i64,
    lapses: i64,
    lapses_soon: i64,
    better: i64,
    present: i64,
    /// A digest over every identity that changes and how, in their order.
    changes: String,
    standings: BTreeMap<(Standing, Standing), i64>,
    policies: BTreeMap<String, (Option<Severity>, i64, i64)>,
    classes: BTreeMap<String, [i64; 2]>,
    named_worse: Vec<IdentityForeseen>,
    named: Vec<IdentityForeseen>,
}

/// How bad a standing is; what is not there or was not claimed fails nothing.
const fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::Lapsed | Standing::Unproven => 2,
        Standing::Due => 1,
        Standing::Unclaimed
        | Standing::Sound
        | Standing::Excepted
        | Standing::Suspended
        | Standing::Unobserved
        | Standing::Retired
        | Standing::Gone => 0,
    }
}

/// Whether a condition that counts has lapsed by then, unless something is done.
fn lapses_by(judgement: &Judgement, at: Instant) -> bool {
    judgement.standing == Standing::Lapsed
        || judgement.conditions.iter().any(|one| one.counts() && one.lapses_at <= at)
}

impl Tally {
    fn count(&mut self, identity: IdentityId, name: &str, both: &Both, now: Instant) {
        let (from, to) = (both.before.standing, both.then.standing);
        self.identities += 1;
        self.present += i64::from(!matches!(to, Standing::Gone | Standing::Retired | Standing::Unobserved));
        for (class, at) in both.classes.iter().zip([0, 1]) {
            let counted = class.as_ref().map(|class| self.classes.entry(class.clone()).or_default());
            if let Some(count) = counted.and_then(|both| both.get_mut(at)) {
                *count += 1;
            }
        }
        let (begins, ends) = (only_in(&both.then, &both.before), only_in(&both.before, &both.then));
        let [class_before, class] = &both.classes;
        let soon = now.plus(SOON);
        let is_soon = to == Standing::Due && lapses_by(&both.then, soon) && !lapses_by(&both.before, soon);
        if from == to && begins.is_empty() && ends.is_empty() && class_before == class && !is_soon {
            return;
        }
        self.changed += 1;
        self.lapses_soon += i64::from(is_soon);
        self.better += i64::from(rank(to) < rank(from));
        self.bind(&format!("{identity} {from} {to} {class:?} {is_soon}"), [&begins, &ends]);
        if from != to {
            *self.standings.entry((from, to)).or_default() += 1;
        }
        for one in &begins {
            let count = self.policies.entry(one.policy.clone()).or_default();
            (count.0, count.1) = (Some(one.severity), count.1 + 1);
        }
        for one in &ends {
            let count = self.policies.entry(one.policy.clone()).or_default();
            (count.0, count.2) = (count.0.or(Some(one.severity)), count.2 + 1);
        }
        let is_worse = rank(to) > rank(from);
        self.worse += i64::from(is_worse);
        self.lapses += i64::from(is_worse && to == Standing::Lapsed);
        let named = if is_worse { &mut self.named_worse } else { &mut self.named };
        if named.len() < NAMED_MAX {
            let policies = |all: &[&FailedCondition]| {
                let mut ids: Vec<String> = all.iter().map(|one| one.policy.clone()).collect();
                ids.sort();
                ids.dedup();
                ids
            };
            named.push(IdentityForeseen {
                identity,
                name: printable(name, 200),
                class: class.clone(),
                from,
                to,
                begins: policies(&begins),
                ends: policies(&ends),
            });
        }
    }

    /// Takes one change into the digest over all of them.
    fn bind(&mut self, change: &str, conditions: [&Vec<&FailedCondition>; 2]) {
        let named = |all: &Vec<&FailedCondition>| {
            all.iter().map(|one| format!("{} {}", one.policy, one.subject)).collect::<Vec<_>>().join(",")
        };
        let [begins, ends] = conditions.map(named);
        self.changes = digest_hex(format!("{}|{change}|{begins}|{ends}", self.changes).as_bytes());
    }

    fn foreseen(mut self, digest: String, base_version: i64, at: Instant) -> ProgrammeForeseen {
        // Who lapses within days is as much in trouble as who does at once.
        let hit = self.worse.max(self.lapses + self.lapses_soon);
        let percent = hit * 100 / self.present.max(1);
        let held = (hit >= HELD_MIN && percent >= HELD_PERCENT).then(|| {
            format!(
                "of {} identities {} come to stand worse, {} lapse at once and {} within seven days ({percent} %)",
                self.present, self.worse, self.lapses, self.lapses_soon
            )
        });
        self.named_worse.sort_by(|one, other| one.name.cmp(&other.name));
        self.named.sort_by(|one, other| one.name.cmp(&other.name));
        let named: Vec<_> = self.named_worse.into_iter().chain(self.named).take(NAMED_MAX).collect();
        let moved = |((from, to), count)| StandingMoved { from, to, count };
        let policy = |(policy, (severity, begins, ends)): (String, (Option<Severity>, i64, i64))| {
            PolicyForeseen { policy, severity: severity.unwrap_or(Severity::Low), begins, ends }
        };
        let numbers = format!("{digest} {base_version} {} {} {}", self.changed, self.worse, self.changes);
        let word = digest_hex(numbers.as_bytes()).chars().take(WORD_CHARS).collect();
        ProgrammeForeseen {
            digest,
            base_version,
            at,
            identities: self.identities,
            not_judged: self.not_judged,
            changed: self.changed,
            worse: self.worse,
            lapses: self.lapses,
            lapses_soon: self.lapses_soon,
            better: self.better,
            standings: self.standings.into_iter().map(moved).collect(),
            policies: self.policies.into_iter().map(policy).collect(),
            classes: self
                .classes
                .into_iter()
                .map(|(class, [before, after])| ClassForeseen { class, before, after })
                .collect(),
            named,
            held,
            word,
        }
    }
}
