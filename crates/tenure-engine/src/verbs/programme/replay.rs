//! What a programme would have found on days that are past, beside what was in force on each of them.
//!
//! Every identity is put back as it was at the end of each day and judged twice, so that what differs is the programme's
//! doing. What is not kept is of today, and said. Nothing is written, and nothing follows from it.
//! Next: `../dossier_then.rs`, an identity as it was; `foresee.rs`, the same for now.

use super::{
    InForce, as_if_applied, digest_of,
    looking::{Looked, Looks, Progress},
};
use crate::{
    Engine, EngineFailure,
    verbs::{
        as_of::end_of_day,
        dossier_then::{OF_TODAY, dossier_then, open_since_then},
    },
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tenure_judge::{Dossier, FailedCondition, Judgement, OpenSince, ProgrammeFiles};
use tenure_model::{IdentityId, Instant, Severity, Standing, printable};
use tenure_store::{StoreFailure, Tx};

/// Identities that are put back in one transaction, each on every day.
const BATCH: i64 = 20;
/// Days that are looked at, at most, and unless somebody says from when on.
const DAYS_MAX: usize = 92;
const DAYS: u64 = 30;
/// Identities that are named, at most; the counts are whole.
const NAMED_MAX: usize = 200;
const DAY: Duration = Duration::from_hours(24);

/// What a programme would have found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProgrammeReplayed {
    /// SHA-256 of its files.
    pub digest: String,
    /// The first instant that was looked at.
    pub since: Instant,
    /// The last.
    pub until: Instant,
    /// Identities that were known on one of the days.
    pub identities: i64,
    /// Identities that could not be judged on some day, and count on the others.
    pub not_judged: i64,
    /// Identities on which it would have found something else on some day.
    pub differ: i64,
    /// Identities that would have lapsed on some day on which they had not.
    pub lapse: i64,
    /// Day after day.
    pub days: Vec<DayReplayed>,
    /// Which policies would have found more or less, and of how many conditions.
    pub policies: Vec<PolicyReplayed>,
    /// Those on which it would have found something else, those that would have lapsed first; at most 200.
    pub named: Vec<IdentityReplayed>,
    /// What of the days that are past is not kept, and so is of today or left out, in words.
    pub of_today: Vec<&'static str>,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayReplayed {
    /// Its end, or now where it is today.
    pub at: Instant,
    /// The version of the programme that was in force; 0 for the defaults.
    pub programme: i64,
    /// Identities that were known.
    pub identities: i64,
    /// Conditions that fail by what was in force, and that nobody dismissed or excepted.
    pub failed: i64,
    /// Conditions that would have.
    pub would_fail: i64,
    /// Identities that had lapsed.
    pub lapsed: i64,
    /// Identities that would have.
    pub would_lapse: i64,
}

/// One policy over all of the days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyReplayed {
    /// Its id.
    pub policy: String,
    /// How bad it is.
    pub severity: Severity,
    /// Conditions that would have failed on some day on which they did not.
    pub fires: i64,
    /// Conditions that would not have failed on some day on which they did.
    pub spares: i64,
    /// On which day something first differs.
    pub first: Instant,
}

/// One identity over all of the days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdentityReplayed {
    /// Which.
    pub identity: IdentityId,
    /// Its name on the first day that differs.
    pub name: String,
    /// On which day something first differs.
    pub first: Instant,
    /// On which day it would first have lapsed and had not.
    pub lapses: Option<Instant>,
    /// Policies that would have failed on some day on which they did not.
    pub fires: Vec<String>,
    /// Policies that would not have failed on some day on which they did.
    pub spares: Vec<String>,
}

/// Replays that were made lately or are being made.
pub(crate) type Replays = Looks<ProgrammeReplayed>;
/// What somebody who asked for one has.
pub type Replayed = Looked<ProgrammeReplayed>;

/// One day, and what was in force.
struct Day {
    at: Instant,
    in_force: Arc<InForce>,
}

/// One identity as it was on each day on which it was known, and since when its findings were open on the first of them.
struct Was {
    id: IdentityId,
    days: Vec<(usize, Arc<Dossier>)>,
    open_since: OpenSince,
}

impl Engine {
    /// What a programme would have found from one day to another, if that is known within `wait`; looking goes on
    /// afterwards, once however many ask. The last thirty days, as far as they are kept, unless days are given.
    pub async fn replay_programme(
        self: &Arc<Self>,
        files: &ProgrammeFiles,
        (since, until): (Option<&str>, Option<&str>),
        wait: Duration,
    ) -> Result<Replayed, EngineFailure> {
        let instants = self.days_of(since, until).await?;
        let inventory = self.store.read("inventory_mark", |tx| tx.inventory_mark()).await?;
        let (digest, base, now) = (digest_of(files), self.in_force().version, self.clock.now());
        let of_days: Vec<String> =
            instants.iter().map(|at| at.to_string().get(..10).unwrap_or_default().to_owned()).collect();
        let made_of = format!("{digest} {base} {inventory:?} {} {since:?} {until:?}", of_days.join(" "));
        let begin = |progress: Progress<ProgrammeReplayed>| {
            let proposed = as_if_applied(files, base, now)?;
            let engine = Arc::clone(self);
            Ok(async move {
                let replayed = engine.replay(&proposed, (digest, instants), &progress).await;
                (progress, replayed)
            })
        };
        self.replays.join(made_of, now, begin)?.within(wait).await
    }

    /// The end of each day that is meant, the last one perhaps not over yet.
    async fn days_of(&self, since: Option<&str>, until: Option<&str>) -> Result<Vec<Instant>, EngineFailure> {
        let until = match until {
            Some(day) => self.past_instant(day).await?,
            None => self.clock.now(),
        };
        let since = match since {
            Some(day) => self.past_instant(day).await?,
            // Until now is a whole day that is not over yet; none of the thirty is looked at twice.
            None => {
                until.minus(DAY * u32::try_from(DAYS - 1).unwrap_or(u32::MAX)).max(self.kept_since().await?)
            }
        };
        // Of one day that is not over, both are now; and now was a moment ago.
        let since = if end_of_day(since) == end_of_day(until) { since.min(until) } else { since };
        let refused = |why: String| Err(EngineFailure::Refused { why });
        if since > until {
            return refused(format!("{since:#} is after {until:#}: say the first day, then the last"));
        }
        let (mut days, mut at) = (Vec::new(), end_of_day(since));
        while at < until && days.len() < DAYS_MAX {
            days.push(at);
            at = at.plus(DAY);
        }
        if at < until {
            return refused(format!(
                "{since:#} to {until:#} are more than {DAYS_MAX} days: say a later first day"
            ));
        }
        days.push(until);
        Ok(days)
    }

    async fn replay(
        &self,
        proposed: &InForce,
        (digest, instants): (String, Vec<Instant>),
        progress: &Progress<ProgrammeReplayed>,
    ) -> Result<ProgrammeReplayed, EngineFailure> {
        let days = Arc::new(self.with_what_was_in_force(&instants).await?);
        let of = self.store.read("count_identities", |tx| tx.count_identities()).await?;
        let mut tally = Tally::of(&days);
        let mut page = self.as_they_were(None, &days).await?;
        let mut looked = 0;
        while let Some(last) = page.last().map(|was| was.id) {
            // The next are read while these are judged.
            let judged = async {
                for was in std::mem::take(&mut page) {
                    looked += 1;
                    tally.identity(&was, &days, proposed);
                    tokio::task::yield_now().await;
                }
            };
            let (next, ()) = tokio::join!(self.as_they_were(Some(last), &days), judged);
            page = next?;
            progress.say(looked, of);
        }
        Ok(tally.replayed(digest))
    }

    async fn with_what_was_in_force(&self, instants: &[Instant]) -> Result<Vec<Day>, EngineFailure> {
        let (mut kept, mut days) = (BTreeMap::new(), Vec::new());
        for at in instants.iter().copied() {
            let read = move |tx: &mut Tx<'_>| match tx.programme_then(at)? {
                Some(version) => tx.programme(version),
                None => Ok(None),
            };
            let row = self.store.read("programme_then", read).await?;
            let version = row.as_ref().map_or(0, |row| row.version);
            let in_force = match kept.get(&version) {
                Some(one) => Arc::clone(one),
                None => {
                    let made = Arc::new(InForce::of(row.as_ref())?);
                    kept.insert(version, Arc::clone(&made));
                    made
                }
            };
            days.push(Day { at, in_force });
        }
        Ok(days)
    }

    async fn as_they_were(
        &self,
        after: Option<IdentityId>,
        days: &Arc<Vec<Day>>,
    ) -> Result<Vec<Was>, EngineFailure> {
        let days = Arc::clone(days);
        let read = move |tx: &mut Tx<'_>| {
            let ids = tx.all_identities(after, BATCH)?;
            ids.into_iter().map(|id| as_it_was(tx, id, &days)).collect()
        };
        Ok(self.store.read("as_they_were", read).await?)
    }
}

fn as_it_was(tx: &mut Tx<'_>, id: IdentityId, days: &[Day]) -> Result<Was, StoreFailure> {
    let (mut was, mut today) = (Was { id, days: Vec::new(), open_since: OpenSince::new() }, None);
    for (index, day) in days.iter().enumerate() {
        let Some(dossier) = dossier_then(tx, (id, day.at), &mut today)? else { continue };
        if was.days.is_empty() {
            was.open_since = open_since_then(tx, id, day.at)?;
        }
        // Most days are as the one before.
        let dossier = match was.days.last() {
            Some((_, before)) if **before == dossier => Arc::clone(before),
            Some(_) | None => Arc::new(dossier),
        };
        was.days.push((index, dossier));
    }
    Ok(was)
}

/// One of two programmes that judge an identity day after day, and since when what fails by it does.
struct Side {
    open_since: OpenSince,
    last: Option<(i64, Arc<Dossier>, Judgement)>,
}

impl Side {
    fn new(open_since: &OpenSince) -> Self {
        Self { open_since: open_since.clone(), last: None }
    }

    /// What it says at the end of a day; nothing where it could not be judged.
    fn judge(&mut self, in_force: &InForce, dossier: &Arc<Dossier>, at: Instant) -> Option<&Judgement> {
        let is_same = |(version, before, judgement): &(i64, Arc<Dossier>, Judgement)| {
            *version == in_force.version
                && Arc::ptr_eq(before, dossier)
                && judgement.changes_at.is_none_or(|changes| at < changes)
        };
        if !self.last.as_ref().is_some_and(is_same) {
            let judgement = in_force.judge.judge(dossier, &self.open_since, at).ok()?;
            let key = |one: &FailedCondition| (one.policy.clone(), one.subject.clone());
            self.open_since =
                judgement.conditions.iter().map(|one| (key(one), one.since.unwrap_or(at))).collect();
            self.last = Some((in_force.version, Arc::clone(dossier), judgement));
        }
        self.last.as_ref().map(|(.., judgement)| judgement)
    }
}

/// What counts of a judgement, by policy and subject.
fn counting(judgement: &Judgement) -> BTreeMap<(&str, &str), Severity> {
    let counts = judgement.conditions.iter().filter(|one| one.counts());
    counts.map(|one| ((one.policy.as_str(), one.subject.as_str()), one.severity)).collect()
}

/// What becomes of one identity, by policy and subject: how bad it is, and when that was first so.
#[derive(Default)]
struct Differences {
    fires: BTreeMap<(String, String), (Severity, Instant)>,
    spares: BTreeMap<(String, String), (Severity, Instant)>,
    lapses: Option<Instant>,
    name: Option<String>,
}

impl Differences {
    fn note(&mut self, dossier: &Dossier, at: Instant, [was, would]: [&Judgement; 2]) {
        let (failed, fails) = (counting(was), counting(would));
        for (here, other, kept) in [(&fails, &failed, &mut self.fires), (&failed, &fails, &mut self.spares)] {
            for ((policy, subject), severity) in here.iter().filter(|(key, _)| !other.contains_key(*key)) {
                let key = ((*policy).to_owned(), (*subject).to_owned());
                kept.entry(key).or_insert((*severity, at));
            }
        }
        if would.standing == Standing::Lapsed && was.standing != Standing::Lapsed {
            self.lapses = self.lapses.or(Some(at));
        }
        if self.name.is_none() && (self.lapses.is_some() || self.first().is_some()) {
            self.name = Some(printable(&dossier.name, 200));
        }
    }

    fn first(&self) -> Option<Instant> {
        let both = self.fires.values().chain(self.spares.values());
        both.map(|(_, at)| *at).chain(self.lapses).min()
    }
}

struct Tally {
    identities: i64,
    not_judged: i64,
    differ: i64,
    lapse: i64,
    days: Vec<DayReplayed>,
    policies: BTreeMap<String, PolicyReplayed>,
    lapsing: Vec<IdentityReplayed>,
    others: Vec<IdentityReplayed>,
}

impl Tally {
    fn of(days: &[Day]) -> Self {
        let day = |one: &Day| DayReplayed {
            at: one.at,
            programme: one.in_force.version,
            identities: 0,
            failed: 0,
            would_fail: 0,
            lapsed: 0,
            would_lapse: 0,
        };
        Self {
            identities: 0,
            not_judged: 0,
            differ: 0,
            lapse: 0,
            days: days.iter().map(day).collect(),
            policies: BTreeMap::new(),
            lapsing: Vec::new(),
            others: Vec::new(),
        }
    }

    fn identity(&mut self, was: &Was, days: &[Day], proposed: &InForce) {
        if was.days.is_empty() {
            return;
        }
        self.identities += 1;
        let (mut before, mut then) = (Side::new(&was.open_since), Side::new(&was.open_since));
        let (mut differences, mut is_whole) = (Differences::default(), true);
        for (index, dossier) in &was.days {
            let (Some(day), Some(count)) = (days.get(*index), self.days.get_mut(*index)) else { continue };
            let judged =
                (before.judge(&day.in_force, dossier, day.at), then.judge(proposed, dossier, day.at));
            let (Some(had), Some(would)) = judged else {
                is_whole = false;
                continue;
            };
            let failing = |one: &Judgement| i64::try_from(counting(one).len()).unwrap_or(i64::MAX);
            count.identities += 1;
            count.failed += failing(had);
            count.would_fail += failing(would);
            count.lapsed += i64::from(had.standing == Standing::Lapsed);
            count.would_lapse += i64::from(would.standing == Standing::Lapsed);
            differences.note(dossier, day.at, [had, would]);
        }
        self.not_judged += i64::from(!is_whole);
        self.take(was.id, &differences);
    }

    fn take(&mut self, identity: IdentityId, differences: &Differences) {
        let (Some(first), Some(name)) = (differences.first(), &differences.name) else { return };
        self.differ += 1;
        self.lapse += i64::from(differences.lapses.is_some());
        for (kept, fires) in [(&differences.fires, 1), (&differences.spares, 0)] {
            for ((policy, _), (severity, at)) in kept {
                let one = self.policies.entry(policy.clone()).or_insert_with(|| PolicyReplayed {
                    policy: policy.clone(),
                    severity: *severity,
                    fires: 0,
                    spares: 0,
                    first: *at,
                });
                one.fires += fires;
                one.spares += 1 - fires;
                one.first = one.first.min(*at);
            }
        }
        let ids = |kept: &BTreeMap<(String, String), (Severity, Instant)>| {
            let mut ids: Vec<String> = kept.keys().map(|(policy, _)| policy.clone()).collect();
            ids.dedup();
            ids
        };
        let named = if differences.lapses.is_some() { &mut self.lapsing } else { &mut self.others };
        if named.len() < NAMED_MAX {
            named.push(IdentityReplayed {
                identity,
                name: name.clone(),
                first,
                lapses: differences.lapses,
                fires: ids(&differences.fires),
                spares: ids(&differences.spares),
            });
        }
    }

    fn replayed(mut self, digest: String) -> ProgrammeReplayed {
        self.lapsing.sort_by(|one, other| (one.lapses, &one.name).cmp(&(other.lapses, &other.name)));
        self.others.sort_by(|one, other| (one.first, &one.name).cmp(&(other.first, &other.name)));
        let at = |one: Option<&DayReplayed>| one.map_or(Instant::MAX, |day| day.at);
        ProgrammeReplayed {
            digest,
            since: at(self.days.first()),
            until: at(self.days.last()),
            identities: self.identities,
            not_judged: self.not_judged,
            differ: self.differ,
            lapse: self.lapse,
            days: self.days,
            policies: self.policies.into_values().collect(),
            named: self.lapsing.into_iter().chain(self.others).take(NAMED_MAX).collect(),
            of_today: OF_TODAY.to_vec(),
        }
    }
}
