//! Findings: conditions that fail, opened and closed by judging.
//!
//! One condition about one subject is one open finding, however often it is judged; what is over stays as
//! history. This file must never judge. Next: `tenure-judge`, whose conditions come here.

use super::Mint;
use crate::{Row, StoreFailure, Tx, value::named};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{
    ExceptionId, ExceptionState, FindingId, IdentityId, Instant, PolicyKind, RiskTier, Severity, printable,
};

/// A finding as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    /// Its id.
    pub id: FindingId,
    /// Whose.
    pub identity: IdentityId,
    /// That identity's name.
    pub identity_name: String,
    /// Which policy.
    pub policy: String,
    /// Which principal or credential.
    pub subject: String,
    /// Which kind of policy.
    pub kind: PolicyKind,
    /// Which control.
    pub control: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
    /// Since when.
    pub opened: Instant,
    /// Until when, when it is over.
    pub closed: Option<Instant>,
    /// The place where it is mended: what one policy says of one place is mended at once.
    pub cause: Option<String>,
    /// It was opened after the baseline of every source that shows its identity.
    pub is_new: bool,
    /// Until when it does not count, because a person said so.
    pub dismissed_until: Option<Instant>,
    /// Why it does not, in that person's words.
    #[serde(default)]
    pub dismissed_because: Option<String>,
    /// The name of that person, while they are there.
    #[serde(default)]
    pub dismissed_by: Option<String>,
    /// Why a dismissal of it ended before its end, where it counts again for that.
    #[serde(default)]
    pub dismissal_ended: Option<String>,
    /// Until when it may fail, by an exception that stands.
    #[serde(default)]
    pub excepted_until: Option<Instant>,
    /// The exception that is asked for, else the one that stands, else the last that ended since it was opened.
    #[serde(default)]
    pub exception: Option<ExceptionId>,
    /// How far that exception is.
    #[serde(default)]
    pub exception_state: Option<ExceptionState>,
}

/// Findings of one policy with one cause, or one finding without any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingGroup {
    /// How many findings.
    pub count: i64,
    /// Of how many identities.
    pub identities: i64,
    /// The highest risk tier among them.
    pub tier: Option<RiskTier>,
    /// At least one was opened after the baseline.
    pub is_new: bool,
    /// Since when the oldest is open.
    pub opened: Instant,
    /// One of them.
    pub first: FindingRow,
    /// Names of the identities, at most [`GROUP_NAMES_MAX`], in their order.
    pub names: Vec<String>,
}

/// Which open findings are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingsMeant {
    /// Those that count.
    Counted,
    /// Those that count and were opened after the baseline.
    New,
    /// Those that a person dismissed.
    Dismissed,
    /// Those that are excepted.
    Excepted,
}

/// Names of identities that a group shows.
pub const GROUP_NAMES_MAX: i64 = 5;

/// A condition that fails now, as judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedNow {
    /// Which policy.
    pub policy: String,
    /// Which principal or credential.
    pub subject: String,
    /// Which kind of policy.
    pub kind: PolicyKind,
    /// Which control.
    pub control: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
    /// The place where it is mended.
    pub cause: Option<String>,
    /// Until when it may fail, by an exception that stands.
    pub excepted_until: Option<Instant>,
}

/// An open finding, as far as judging compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFinding {
    /// Which policy.
    pub policy: String,
    /// Which principal or credential.
    pub subject: String,
    /// Since when.
    pub opened: Instant,
    id: FindingId,
    severity: Severity,
    reason: String,
    remedy: String,
    cause: Option<String>,
    excepted_until: Option<Instant>,
}

/// What applying a judgement changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FindingChanges {
    /// Opened now.
    pub opened: i64,
    /// Closed now.
    pub closed: i64,
}

// Statements are prepared once and so are known when this is built: fragments are macros, not texts put together.

/// An identity is as old as the latest baseline of its sources, and nothing is new where there is none. What is
/// older than every baseline, as most of a first day is, or newer than all of them, is answered without looking at its identity.
macro_rules! is_new {
    () => {
        "CASE WHEN f.opened_us <= (SELECT MIN(s.baseline_us) FROM sources s) THEN CAST(0 AS BIGINT) \
         WHEN f.opened_us > (SELECT MAX(COALESCE(s.baseline_us, 9223372036854775807)) FROM sources s) THEN CAST(1 AS BIGINT) \
         WHEN f.opened_us > (SELECT MAX(COALESCE(s.baseline_us, 9223372036854775807)) FROM principals p \
         JOIN sources s ON s.source_id = p.source_id WHERE p.identity_id = f.identity_id) THEN CAST(1 AS BIGINT) \
         ELSE CAST(0 AS BIGINT) END"
    };
}

/// Findings `f` with their identity `i` and the dismissal `d` that stands, if one does.
macro_rules! from_findings {
    () => {
        " FROM findings f JOIN identities i ON i.identity_id = f.identity_id LEFT JOIN dismissals d \
         ON d.identity_id = f.identity_id AND d.policy = f.policy AND d.subject = f.subject AND d.withdrawn_us IS NULL "
    };
}

macro_rules! counted {
    () => {
        "f.closed_us IS NULL AND f.excepted_us IS NULL AND d.dismissal_id IS NULL"
    };
}

macro_rules! rank {
    () => {
        "CASE f.severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END"
    };
}

/// The place of its identity's risk tier in the queue: the highest first, none last.
macro_rules! tier_rank {
    () => {
        "CASE i.risk_tier WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'moderate' THEN 2 WHEN 'low' THEN 3 ELSE 4 END"
    };
}

/// Of the exception that says most of a finding.
macro_rules! the_exception {
    ($column:literal) => {
        concat!(
            "(SELECT x.",
            $column,
            " FROM exceptions x WHERE x.identity_id = f.identity_id AND x.policy = f.policy AND x.subject = f.subject \
             AND (x.ended_us IS NULL OR x.ended_us >= f.opened_us) ORDER BY CASE x.state WHEN 'requested' THEN 0 \
             WHEN 'granted' THEN 1 ELSE 2 END, x.exception_id DESC LIMIT 1)"
        )
    };
}

/// Every column of a finding, as `finding` reads it.
macro_rules! finding_columns {
    () => {
        concat!(
            "f.finding_id, f.identity_id, i.name, f.policy, f.subject, f.kind, f.control, f.severity, f.reason, f.remedy, \
             f.opened_us, f.closed_us, f.cause, ",
            is_new!(),
            ", d.ends_us, d.reason, (SELECT w.name FROM people w WHERE w.person_id = d.dismissed_by AND w.erased_us IS NULL), \
             CASE WHEN d.dismissal_id IS NULL THEN (SELECT e.ended_why FROM dismissals e WHERE e.identity_id = f.identity_id \
             AND e.policy = f.policy AND e.subject = f.subject AND e.withdrawn_us IS NOT NULL AND e.withdrawn_us >= f.opened_us \
             ORDER BY e.dismissal_id DESC LIMIT 1) END, f.excepted_us, ",
            the_exception!("exception_id"),
            ", ",
            the_exception!("state")
        )
    };
}

/// A statement about the open findings that are meant: what stands before and after that condition.
macro_rules! about_meant {
    ($meant:expr, [$($before:tt)*], [$($after:tt)*]) => {
        match $meant {
            FindingsMeant::Counted => concat!($($before)*, counted!(), $($after)*),
            FindingsMeant::New => concat!($($before)*, counted!(), " AND ", is_new!(), " = 1", $($after)*),
            FindingsMeant::Dismissed => {
                concat!($($before)*, "f.closed_us IS NULL AND d.dismissal_id IS NOT NULL", $($after)*)
            }
            FindingsMeant::Excepted => {
                concat!($($before)*, "f.closed_us IS NULL AND f.excepted_us IS NOT NULL", $($after)*)
            }
        }
    };
}

const OF_IDENTITY: &str = concat!(
    "SELECT ",
    finding_columns!(),
    from_findings!(),
    "WHERE f.identity_id = $1 AND f.closed_us IS NULL ORDER BY f.policy, f.subject"
);
const OF_ID: &str = concat!("SELECT ", finding_columns!(), from_findings!(), "WHERE f.finding_id = $1");
const NAMES_OF_GROUP: &str = concat!(
    "SELECT DISTINCT i.name",
    from_findings!(),
    "WHERE ",
    counted!(),
    " AND f.policy = $1 AND f.cause = $2 ORDER BY 1 LIMIT $3"
);

const EXAMPLES_OF_GROUP: &str = concat!(
    "SELECT ",
    finding_columns!(),
    from_findings!(),
    "WHERE ",
    counted!(),
    " AND f.policy = $1 AND f.cause = $2 AND f.severity = $3 ORDER BY i.name, f.reason, f.finding_id LIMIT 1000"
);

/// What the queue puts together: findings that count, of one policy with one cause; one without a cause is alone.
const GROUP_OF: &str = concat!(
    "SELECT ",
    finding_columns!(),
    from_findings!(),
    "WHERE ",
    counted!(),
    " AND f.policy = $1 AND f.severity = $2 AND (f.cause = $3 OR f.finding_id = $4) ORDER BY i.name, f.reason, f.finding_id LIMIT $5"
);

impl FindingsMeant {
    const fn page(self) -> &'static str {
        about_meant!(
            self,
            ["SELECT ", finding_columns!(), from_findings!(), "WHERE "],
            [" ORDER BY ", rank!(), ", f.policy, i.name, f.reason, f.finding_id LIMIT $2 OFFSET $1"]
        )
    }

    /// Dismissals and exceptions are few: what counts is all that is open without them, and all are read off an index.
    const fn count(self) -> &'static str {
        match self {
            Self::Counted => {
                "SELECT COUNT(*) - (SELECT COUNT(*) FROM dismissals d JOIN findings f ON f.identity_id = d.identity_id \
                 AND f.policy = d.policy AND f.subject = d.subject WHERE d.withdrawn_us IS NULL AND f.closed_us IS NULL \
                 AND f.excepted_us IS NULL) - (SELECT COUNT(*) FROM findings WHERE closed_us IS NULL \
                 AND excepted_us IS NOT NULL) FROM findings WHERE closed_us IS NULL"
            }
            Self::New => {
                concat!("SELECT COUNT(*)", from_findings!(), "WHERE ", counted!(), " AND ", is_new!(), " = 1")
            }
            Self::Excepted => {
                "SELECT COUNT(*) FROM findings WHERE closed_us IS NULL AND excepted_us IS NOT NULL"
            }
            Self::Dismissed => {
                "SELECT COUNT(*) FROM dismissals d JOIN findings f ON f.identity_id = d.identity_id \
                 AND f.policy = d.policy AND f.subject = d.subject WHERE d.withdrawn_us IS NULL AND f.closed_us IS NULL"
            }
        }
    }

    /// Things to do that end several findings, or may: those of one policy and one cause.
    const fn groups(self) -> &'static str {
        about_meant!(
            self,
            [
                "SELECT MIN(g.finding_id), COUNT(*), MAX(g.is_new), MIN(g.opened_us), COUNT(DISTINCT g.identity_id), \
                 CAST(MIN(g.tier_rank) AS BIGINT), CAST(g.severity_rank AS BIGINT), g.policy, MIN(g.name), g.place \
                 FROM (SELECT f.finding_id, f.identity_id, i.name, f.policy, f.opened_us, f.cause AS place, ",
                rank!(),
                " AS severity_rank, ",
                tier_rank!(),
                " AS tier_rank, ",
                is_new!(),
                " AS is_new",
                from_findings!(),
                "WHERE f.cause IS NOT NULL AND "
            ],
            [
                ") AS g GROUP BY g.policy, g.place, g.severity_rank ORDER BY g.severity_rank, MIN(g.tier_rank), MAX(g.is_new) DESC, \
                 g.policy, MIN(g.name), g.place LIMIT $1"
            ]
        )
    }

    /// Findings without a cause, each of which is a thing to do of its own. They are put in order and not together: of a
    /// million, putting together costs ten times as much.
    const fn alone(self) -> &'static str {
        about_meant!(
            self,
            [
                "SELECT f.finding_id, CAST(1 AS BIGINT), ",
                is_new!(),
                " AS is_new, f.opened_us, CAST(1 AS BIGINT), CAST(",
                tier_rank!(),
                " AS BIGINT) AS tier_rank, CAST(",
                rank!(),
                " AS BIGINT) AS severity_rank, f.policy, i.name, f.finding_id",
                from_findings!(),
                "WHERE f.cause IS NULL AND "
            ],
            [" ORDER BY severity_rank, tier_rank, is_new DESC, f.policy, i.name, f.finding_id LIMIT $1"]
        )
    }
}

/// A group before it is read in full: one of it, how many they are and of how many identities, whether one is new, and since
/// when.
struct Grouped {
    id: FindingId,
    count: i64,
    identities: i64,
    is_new: bool,
    opened: Instant,
    /// Its place in the queue: how bad, of which tier, not new, by which policy, of whom by name, and where.
    order: (i64, i64, bool, String, String, String),
}

fn grouped(row: &Row<'_>) -> Result<Grouped, StoreFailure> {
    let is_new = row.flag(2)?;
    Ok(Grouped {
        id: row.parsed(0)?,
        count: row.number(1)?,
        is_new,
        opened: row.instant(3)?,
        identities: row.number(4)?,
        order: (row.number(6)?, row.number(5)?, !is_new, row.text(7)?, row.text(8)?, row.text(9)?),
    })
}

/// The tier that `tier_rank!` puts there.
fn tier_of_rank(rank: i64) -> Option<RiskTier> {
    let highest_first = RiskTier::ALL.iter().rev();
    highest_first.zip(0_i64..).find(|(_, its)| *its == rank).map(|(tier, _)| *tier)
}

pub(super) fn finding(row: &Row<'_>) -> Result<FindingRow, StoreFailure> {
    Ok(FindingRow {
        id: row.parsed(0)?,
        identity: row.parsed(1)?,
        identity_name: row.text(2)?,
        policy: row.text(3)?,
        subject: row.text(4)?,
        kind: row.parsed(5)?,
        control: row.text(6)?,
        severity: row.parsed(7)?,
        reason: row.text(8)?,
        remedy: row.text(9)?,
        opened: row.instant(10)?,
        closed: row.opt_instant(11)?,
        cause: row.opt_text(12)?,
        is_new: row.flag(13)?,
        dismissed_until: row.opt_instant(14)?,
        dismissed_because: row.opt_text(15)?,
        dismissed_by: row.opt_text(16)?,
        dismissal_ended: row.opt_text(17)?,
        excepted_until: row.opt_instant(18)?,
        exception: row.opt_parsed(19)?,
        exception_state: row.opt_parsed(20)?,
    })
}

impl Tx<'_> {
    /// Open findings of an identity, dismissed ones included.
    pub fn open_findings_of(&mut self, identity: IdentityId) -> Result<Vec<FindingRow>, StoreFailure> {
        self.query("findings", OF_IDENTITY, &[named(identity)], finding)
    }

    /// The same, without what only people read: judging reads it of every identity, twice.
    pub fn open_since(&mut self, identity: IdentityId) -> Result<Vec<OpenFinding>, StoreFailure> {
        self.query(
            "findings",
            "SELECT policy, subject, opened_us, finding_id, severity, reason, remedy, cause, excepted_us FROM findings \
             WHERE identity_id = $1 AND closed_us IS NULL",
            &[named(identity)],
            |row| {
                Ok(OpenFinding {
                    policy: row.text(0)?,
                    subject: row.text(1)?,
                    opened: row.instant(2)?,
                    id: row.parsed(3)?,
                    severity: row.parsed(4)?,
                    reason: row.text(5)?,
                    remedy: row.text(6)?,
                    cause: row.opt_text(7)?,
                    excepted_until: row.opt_instant(8)?,
                })
            },
        )
    }

    /// Open findings that count, worst first, one page after `skip` rows.
    pub fn open_findings(&mut self, skip: i64, page_size: i64) -> Result<Vec<FindingRow>, StoreFailure> {
        self.findings(FindingsMeant::Counted, skip, page_size)
    }

    /// Open findings of those meant, worst first, one page after `skip` rows.
    pub fn findings(
        &mut self,
        meant: FindingsMeant,
        skip: i64,
        page_size: i64,
    ) -> Result<Vec<FindingRow>, StoreFailure> {
        self.query("findings", meant.page(), &[skip.into(), page_size.into()], finding)
    }

    /// How many open findings are meant.
    pub fn count_findings(&mut self, meant: FindingsMeant) -> Result<i64, StoreFailure> {
        Ok(self.query_one("findings", meant.count(), &[], |row| row.number(0))?.unwrap_or(0))
    }

    /// An open finding by its id or handle, dismissed or not. A handle that two bear is a conflict.
    pub fn open_finding_named(&mut self, given: &str) -> Result<FindingRow, StoreFailure> {
        let missing = || StoreFailure::Missing { noun: "open finding", given: printable(given, 60) };
        let wanted = given.to_lowercase();
        let ids: Vec<FindingId> =
            self.query("findings", "SELECT finding_id FROM findings WHERE closed_us IS NULL", &[], |row| {
                row.parsed(0)
            })?;
        let mut meant = ids.into_iter().filter(|id| id.handle() == wanted || id.to_string() == wanted);
        let id = meant.next().ok_or_else(missing)?;
        if meant.next().is_some() {
            let why =
                format!("several open findings are called `{}`; give the whole id", printable(given, 60));
            return Err(StoreFailure::Conflict { why });
        }
        self.query_one("findings", OF_ID, &[named(id)], finding)?.ok_or_else(missing)
    }

    /// Findings that are mended together with this one, which is among them while it counts; at most `most`, by name.
    pub fn findings_beside(&mut self, one: &FindingRow, most: i64) -> Result<Vec<FindingRow>, StoreFailure> {
        let given = [
            one.policy.as_str().into(),
            named(one.severity),
            one.cause.as_deref().into(),
            named(one.id),
            most.into(),
        ];
        self.query("findings", GROUP_OF, &given, finding)
    }

    /// What to do first: findings that count, those of one policy and one cause as one; worst first, then
    /// of the highest risk tier, then those with something new, then by policy and name.
    pub fn finding_groups(
        &mut self,
        meant: FindingsMeant,
        most: i64,
    ) -> Result<Vec<FindingGroup>, StoreFailure> {
        let mut found: Vec<Grouped> = self.query("findings", meant.groups(), &[most.into()], grouped)?;
        found.extend(self.query("findings", meant.alone(), &[most.into()], grouped)?);
        found.sort_by(|one, other| one.order.cmp(&other.order));
        found.truncate(usize::try_from(most).unwrap_or_default());
        let mut groups = Vec::with_capacity(found.len());
        for Grouped { id, count, identities, is_new, opened, order } in found {
            let tier = tier_of_rank(order.1);
            let first = self.query_one("findings", OF_ID, &[named(id)], finding)?;
            let Some(first) = first else { continue };
            let first = match &first.cause {
                Some(cause) if count > 1 => self.example_of(&first, cause, is_new)?.unwrap_or(first),
                Some(_) | None => first,
            };
            let names = match &first.cause {
                Some(cause) => self.names_of_group(&first.policy, cause)?,
                None => vec![first.identity_name.clone()],
            };
            groups.push(FindingGroup { count, identities, tier, is_new, opened, first, names });
        }
        Ok(groups)
    }

    /// The finding that stands for its group: the first by name, and a new one where the group has any. Ids are drawn
    /// at random, so the smallest is another one on the next machine.
    fn example_of(
        &mut self,
        one: &FindingRow,
        cause: &str,
        is_new: bool,
    ) -> Result<Option<FindingRow>, StoreFailure> {
        let rows = self.query(
            "findings",
            EXAMPLES_OF_GROUP,
            &[one.policy.as_str().into(), cause.into(), named(one.severity)],
            finding,
        )?;
        Ok(rows.into_iter().find(|row| row.is_new || !is_new))
    }

    fn names_of_group(&mut self, policy: &str, cause: &str) -> Result<Vec<String>, StoreFailure> {
        self.query(
            "findings",
            NAMES_OF_GROUP,
            &[policy.into(), cause.into(), GROUP_NAMES_MAX.into()],
            |row| row.text(0),
        )
    }

    /// Makes the open findings of an identity those of a judgement: opens, keeps, closes.
    pub fn apply_findings(
        &mut self,
        mint: &Mint,
        identity: IdentityId,
        failed: &[FailedNow],
    ) -> Result<FindingChanges, StoreFailure> {
        let mut open: BTreeMap<(String, String), OpenFinding> = self
            .open_since(identity)?
            .into_iter()
            .map(|row| ((row.policy.clone(), row.subject.clone()), row))
            .collect();
        let mut opened_at = None;
        let mut changes = FindingChanges::default();
        let mut said = BTreeSet::new();
        for now in failed {
            // One condition about one subject is one finding, however often it was said.
            if !said.insert((&now.policy, &now.subject)) {
                continue;
            }
            if let Some(kept) = open.remove(&(now.policy.clone(), now.subject.clone())) {
                self.refresh_finding(&kept, now)?;
            } else {
                let (at, came_back) = match opened_at {
                    Some(known) => known,
                    None => *opened_at.insert(self.opened_at(identity, mint.now)?),
                };
                let before = if came_back { self.since_before(identity, now)? } else { None };
                let since = before.map_or(at, |before| before.min(at));
                self.open_finding(mint, (identity, since), now)?;
                changes.opened += 1;
            }
        }
        for over in open.into_values() {
            self.execute(
                "UPDATE findings SET closed_us = $2 WHERE finding_id = $1",
                &[named(over.id), mint.now.into()],
            )?;
            changes.closed += 1;
        }
        Ok(changes)
    }

    /// Since when a finding is open that is found now: what the first judgement finds of an identity that was
    /// there at the baseline was so at the baseline.
    ///
    /// t0 the first survey ends and sets the baseline; t1 what it showed is judged. Without this everything of the
    /// first day would be new.
    ///
    /// And whether any source was ever added again: nearly always none was, and then nothing was open before.
    fn opened_at(&mut self, identity: IdentityId, now: Instant) -> Result<(Instant, bool), StoreFailure> {
        let asked = self.query_one(
            "sources",
            "SELECT (SELECT MAX(s.baseline_us) FROM identities i JOIN principals p ON p.identity_id = i.identity_id \
             JOIN sources s ON s.source_id = p.source_id WHERE i.identity_id = $1 AND i.judged_us IS NULL \
             AND p.first_seen_us <= s.baseline_us), (SELECT COUNT(*) FROM sources WHERE back_us IS NOT NULL)",
            &[named(identity)],
            |row| Ok((row.opt_instant(0)?, row.number(1)? > 0)),
        )?;
        let (baseline, came_back) = asked.unwrap_or_default();
        Ok((baseline.map_or(now, |baseline| baseline.min(now)), came_back))
    }

    /// Since when it was open before its source was removed, where this is the first judgement after that source was
    /// added again and read: nobody mended it meanwhile, and it is as old as it was.
    fn since_before(
        &mut self,
        identity: IdentityId,
        now: &FailedNow,
    ) -> Result<Option<Instant>, StoreFailure> {
        let before = self.query_one(
            "findings",
            "SELECT MIN(f.opened_us) FROM principals p JOIN sources s ON s.source_id = p.source_id \
             JOIN identities i ON i.identity_id = p.identity_id AND i.judged_us < s.back_us \
             JOIN findings f ON f.identity_id = p.identity_id AND f.policy = $2 AND f.subject = $3 \
             AND f.closed_us >= s.left_us AND f.closed_us <= s.back_us WHERE p.identity_id = $1",
            &[named(identity), now.policy.as_str().into(), now.subject.as_str().into()],
            |row| row.opt_instant(0),
        )?;
        Ok(before.flatten())
    }

    fn open_finding(
        &mut self,
        mint: &Mint,
        (identity, at): (IdentityId, Instant),
        now: &FailedNow,
    ) -> Result<(), StoreFailure> {
        let (_, randomness) = mint.parts();
        self.execute(
            "INSERT INTO findings (finding_id, identity_id, policy, subject, kind, control, severity, reason, remedy, opened_us, cause, excepted_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            &[
                named(FindingId::new(mint.now, randomness)),
                named(identity),
                now.policy.as_str().into(),
                now.subject.as_str().into(),
                named(now.kind),
                now.control.as_str().into(),
                named(now.severity),
                now.reason.as_str().into(),
                now.remedy.as_str().into(),
                at.into(),
                now.cause.clone().into(),
                now.excepted_until.into(),
            ],
        )?;
        Ok(())
    }

    fn refresh_finding(&mut self, kept: &OpenFinding, now: &FailedNow) -> Result<(), StoreFailure> {
        let kept_text = (&kept.reason, &kept.remedy, &kept.cause);
        let is_same = kept.severity == now.severity && kept.excepted_until == now.excepted_until;
        if is_same && kept_text == (&now.reason, &now.remedy, &now.cause) {
            return Ok(());
        }
        self.execute(
            "UPDATE findings SET reason = $2, severity = $3, remedy = $4, cause = $5, excepted_us = $6 WHERE finding_id = $1",
            &[
                named(kept.id),
                now.reason.as_str().into(),
                named(now.severity),
                now.remedy.as_str().into(),
                now.cause.clone().into(),
                now.excepted_until.into(),
            ],
        )?;
        Ok(())
    }
}
