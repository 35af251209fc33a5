//! report: the state of a deployment on one sheet, bounded, from one snapshot of the database.
//!
//! Everything is counted or cut to a length that is said. The signed head of the log is part of it, so that a
//! reader can tie the sheet to the evidence. It must never change anything, or claim more than the rows say.
//! Next: `tenure-store/src/tables/report.rs`; how it looks: `tenure-server/src/console/report.rs`.

use super::exceptions::{ExceptionFigures, exception_figures};
use crate::{Engine, EngineFailure};
use serde::Serialize;
use std::time::Duration;
use tenure_model::{Instant, PlanKind, PlanState, ProofLevel, Severity, Standing, SurveyState};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        findings::{FindingGroup, FindingsMeant},
        report::{AgedCredential, Changes, Reviewed, StepsWaited, Unowned},
        sources::{SourceRow, Unobservable},
    },
};

/// Things of each kind that a report shows, at most.
pub const REPORT_ROWS_MAX: usize = 50;
/// What counts as ending soon.
const ENDING_WITHIN: Duration = Duration::from_hours(24 * 90);
/// Over how long it is counted how people decided.
const DECIDED_WITHIN: Duration = Duration::from_hours(24 * 90);
/// Plans that are looked through for assessed ones.
const PLANS_READ: i64 = 500;

/// The state of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of this document's shape.
    pub schema: u32,
    /// When it was made.
    pub made: Instant,
    /// The evidence log it was made beside.
    pub origin: String,
    /// Entries of the log then.
    pub size: u64,
    /// The signed head of the log then.
    pub checkpoint: String,
    /// Public keys of the log.
    pub log_keys: Vec<String>,
    /// Identities by standing.
    pub standings: Vec<ReportStanding>,
    /// Sources with their last reading.
    pub sources: Vec<ReportSource>,
    /// Open findings that count.
    pub findings_open: i64,
    /// Open findings that a person dismissed.
    pub findings_dismissed: i64,
    /// What is permitted to fail, for how long, and how often that was renewed.
    pub exceptions: ExceptionFigures,
    /// How people decided what waited for them.
    pub decisions: Decisions,
    /// Findings put together by cause, worst first: what to do, in this order.
    pub queue: Vec<ReportFindings>,
    /// Identities without owner, by source.
    pub unowned: Vec<Unowned>,
    /// Live credentials whose value is known longest.
    pub oldest: Vec<AgedCredential>,
    /// Live credentials that end within 90 days.
    pub ending: Vec<AgedCredential>,
    /// Since when changes are counted.
    pub since: Option<Instant>,
    /// What happened since then.
    pub changes: Option<Changes>,
    /// Plans whose outcome was assessed, newest first.
    pub proofs: Vec<ReportProof>,
    /// Parts that hold more than is shown.
    pub cut: Vec<&'static str>,
}

/// How people decided what waited for them, over the last 90 days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decisions {
    /// Since when.
    pub since: Instant,
    /// Steps under a service level, by kind.
    pub steps: Vec<StepsWaited>,
    /// Identities of reviews.
    pub reviews: Reviewed,
}

/// How many identities stand in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportStanding {
    /// The standing.
    pub standing: Standing,
    /// How many that are not part of a system.
    pub count: i64,
    /// How many beside them that are part of a system.
    pub built_in: i64,
}

/// One source and what its last reading covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportSource {
    /// Its name.
    pub name: String,
    /// Which connector reads it.
    pub system: String,
    /// How the last survey ended; nothing when there was none.
    pub survey: Option<SurveyState>,
    /// When that was begun.
    pub read: Option<Instant>,
    /// Principals there.
    pub principals: i64,
    /// Credentials there.
    pub credentials: i64,
    /// Rights there.
    pub rights: i64,
    /// Parts that were read whole.
    pub extents_whole: usize,
    /// Parts that were not, each with the reason.
    pub extents_part: Vec<String>,
    /// What cannot be known there.
    pub not_observable: Vec<Unobservable>,
}

/// Findings with one policy and one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportFindings {
    /// How bad.
    pub severity: Severity,
    /// Which policy.
    pub policy: String,
    /// The place where all of it is mended.
    pub cause: Option<String>,
    /// How many findings.
    pub count: i64,
    /// What is wrong, of one of them.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// Since when the oldest is open.
    pub opened: Instant,
    /// Names of the identities, at most five.
    pub names: Vec<String>,
}

/// A plan that was assessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportProof {
    /// Its handle.
    pub handle: String,
    /// What it was for.
    pub kind: PlanKind,
    /// Where it stands.
    pub state: PlanState,
    /// On what: a principal, or a file.
    pub principal_name: String,
    /// The level it had to reach.
    pub required_level: ProofLevel,
    /// The level it reached.
    pub level: ProofLevel,
    /// What is known and what is not, in plain words.
    pub sentence: String,
    /// When it ended.
    pub settled: Option<Instant>,
}

impl Engine {
    /// The state now, and with `since` what happened since then.
    pub async fn report(&self, since: Option<Instant>) -> Result<Report, EngineFailure> {
        let turn = self.reports.turn().await;
        let (made, log_keys) = (self.clock.now(), self.log_keys());
        let percent = i64::from(self.in_force().programme.exceptions.flagged_percent);
        let gather = move |tx: &mut Tx<'_>| {
            let _turn = &turn;
            gather(tx, made, since, (percent, log_keys.clone()))
        };
        Ok(self.store.read("report", gather).await?)
    }
}

fn decisions(tx: &mut Tx<'_>, made: Instant) -> Result<Decisions, StoreFailure> {
    let since = made.minus(DECIDED_WITHIN);
    Ok(Decisions { since, steps: tx.steps_waited(since, made)?, reviews: tx.reviewed(since)? })
}

pub(super) fn gather(
    tx: &mut Tx<'_>,
    made: Instant,
    since: Option<Instant>,
    (flagged_percent, log_keys): (i64, Vec<String>),
) -> Result<Report, StoreFailure> {
    let one_more = i64::try_from(REPORT_ROWS_MAX + 1).unwrap_or(i64::MAX);
    let (origin, head) = (tx.log_origin()?, tx.head()?);
    let standing = |(standing, count, built_in)| ReportStanding { standing, count, built_in };
    let groups = tx.finding_groups(FindingsMeant::Counted, one_more)?;
    let mut report = Report {
        schema: 1,
        made,
        origin,
        size: head.size,
        checkpoint: head.note,
        log_keys,
        standings: tx.standings()?.into_iter().map(standing).collect(),
        sources: Vec::new(),
        findings_open: tx.count_findings(FindingsMeant::Counted)?,
        findings_dismissed: tx.count_findings(FindingsMeant::Dismissed)?,
        exceptions: exception_figures(tx, made, flagged_percent)?,
        decisions: decisions(tx, made)?,
        queue: groups.into_iter().map(grouped).collect(),
        unowned: tx.unowned_by_source()?,
        oldest: tx.oldest_credentials(one_more)?,
        ending: tx.ending_credentials([made, made.plus(ENDING_WITHIN)], one_more)?,
        since,
        changes: since.map(|since| tx.changes_since(since)).transpose()?,
        proofs: proofs(tx)?,
        cut: Vec::new(),
    };
    for row in tx.sources()?.into_iter().take(REPORT_ROWS_MAX + 1) {
        report.sources.push(source(tx, row)?);
    }
    let Report { cut, sources, queue, unowned, oldest, ending, proofs, .. } = &mut report;
    shorten(cut, "sources", sources);
    shorten(cut, "findings", queue);
    shorten(cut, "identities without owner", unowned);
    shorten(cut, "oldest credentials", oldest);
    shorten(cut, "credentials that end soon", ending);
    shorten(cut, "proofs", proofs);
    Ok(report)
}

fn shorten<T>(cut: &mut Vec<&'static str>, part: &'static str, rows: &mut Vec<T>) {
    if rows.len() > REPORT_ROWS_MAX {
        rows.truncate(REPORT_ROWS_MAX);
        cut.push(part);
    }
}

fn grouped(group: FindingGroup) -> ReportFindings {
    ReportFindings {
        severity: group.first.severity,
        policy: group.first.policy,
        cause: group.first.cause,
        count: group.count,
        reason: group.first.reason,
        remedy: group.first.remedy,
        opened: group.opened,
        names: group.names,
    }
}

fn source(tx: &mut Tx<'_>, row: SourceRow) -> Result<ReportSource, StoreFailure> {
    let (principals, credentials, rights) = tx.count_inventory(row.id)?;
    let survey = tx.last_survey(row.id)?;
    let (whole, part): (Vec<_>, Vec<_>) = tx.extents(row.id)?.into_iter().partition(|extent| extent.whole);
    let why = |extent: tenure_store::tables::surveys::ExtentRow| {
        format!("{}: {}", extent.extent, extent.why.unwrap_or_default())
    };
    Ok(ReportSource {
        name: row.name.to_string(),
        system: row.system,
        survey: survey.as_ref().map(|survey| survey.state),
        read: survey.map(|survey| survey.started),
        principals,
        credentials,
        rights,
        extents_whole: whole.len(),
        extents_part: part.into_iter().take(REPORT_ROWS_MAX).map(why).collect(),
        not_observable: row.not_observable,
    })
}

fn proofs(tx: &mut Tx<'_>) -> Result<Vec<ReportProof>, StoreFailure> {
    let assessed = tx.plans(None, PLANS_READ)?.into_iter().filter_map(|plan| {
        Some(ReportProof {
            level: plan.level?,
            principal_name: plan.about().to_owned(),
            handle: plan.handle,
            kind: plan.kind,
            state: plan.state,
            required_level: plan.required_level,
            sentence: plan.sentence.unwrap_or_default(),
            settled: plan.settled,
        })
    });
    Ok(assessed.take(REPORT_ROWS_MAX + 1).collect())
}
