//! queue: what to do first. Findings of one policy with one cause are one thing to do.
//!
//! Worst first, then of the highest risk tier, then what has something new, then by policy and name. Dismissed findings are not in it and
//! are counted. It must never change anything. Next: `dismiss.rs`.

use super::programme::InForce;
use crate::{Engine, EngineFailure};
use serde::Serialize;
use tenure_model::{Instant, PolicyKind, RiskTier, Severity, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        dismissals::DismissedShare,
        findings::{FindingGroup, FindingsMeant},
    },
};

/// Things to do in one answer, at most.
const QUEUE_MAX: u32 = 500;

/// Characters of a place that are shown.
const PLACE_CHARS_MAX: usize = 200;

/// What to do first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Queue {
    /// Things to do, the first first.
    pub items: Vec<QueueItem>,
    /// Open findings that count.
    pub findings: i64,
    /// Those of them that were opened after the baseline.
    pub new: i64,
    /// Open findings that a person dismissed.
    pub dismissed: i64,
    /// Open findings that are excepted.
    pub excepted: i64,
    /// How often each policy is said to be wrong here, where it is.
    pub shares: Vec<DismissedShare>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueItem {
    /// Which policy.
    pub policy: String,
    /// Which kind of policy.
    pub kind: PolicyKind,
    /// Which control.
    pub control: String,
    /// How bad.
    pub severity: Severity,
    /// The place where all of it is mended; nothing where it is one finding without a place.
    pub cause: Option<String>,
    /// How many findings it ends.
    pub count: i64,
    /// Of how many identities they are.
    pub identities: i64,
    /// The highest risk tier of them; nothing where none has one.
    pub tier: Option<RiskTier>,
    /// What to say before an example where it ends several: `fix once: /etc/shop.env; 3 findings`.
    pub fix_once: Option<String>,
    /// At least one was opened after the baseline.
    pub is_new: bool,
    /// Since when the oldest is open.
    pub opened: Instant,
    /// When the grace of the oldest ends.
    pub due: Instant,
    /// What is wrong, of one of them.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// The handle of one of them.
    pub finding: String,
    /// Names of the identities, at most five.
    pub names: Vec<String>,
    /// Why a dismissal of that one ended before its end, where it did.
    pub dismissal_ended: Option<String>,
}

impl Engine {
    /// The first `most` things to do, at most 500; of what is new alone when that is asked.
    pub async fn queue(&self, meant: FindingsMeant, most: u32) -> Result<Queue, EngineFailure> {
        let most = i64::from(most.min(QUEUE_MAX));
        let read = self.store.read("queue", move |tx| {
            Ok(Queue {
                items: items(tx, meant, most)?,
                findings: tx.count_findings(FindingsMeant::Counted)?,
                new: tx.count_findings(FindingsMeant::New)?,
                dismissed: tx.count_findings(FindingsMeant::Dismissed)?,
                excepted: tx.count_findings(FindingsMeant::Excepted)?,
                shares: tx.dismissed_shares()?,
            })
        });
        let queue = read.await?;
        Ok(Queue { items: dated(queue.items, &self.in_force()), ..queue })
    }
}

/// The first things to do, without their grace, which the judge knows.
pub(super) fn items(
    tx: &mut Tx<'_>,
    meant: FindingsMeant,
    most: i64,
) -> Result<Vec<QueueItem>, StoreFailure> {
    Ok(tx.finding_groups(meant, most)?.into_iter().map(undated).collect())
}

/// The same with the end of their grace.
pub(super) fn dated(mut items: Vec<QueueItem>, in_force: &InForce) -> Vec<QueueItem> {
    for item in &mut items {
        item.due = item.opened.plus(in_force.judge.grace(item.severity));
    }
    items
}

fn undated(group: FindingGroup) -> QueueItem {
    let first = group.first;
    let fix_once =
        first.cause.as_ref().filter(|_| group.count > 1).map(|cause| {
            format!("fix once: {}; {} findings", printable(cause, PLACE_CHARS_MAX), group.count)
        });
    QueueItem {
        identities: group.identities,
        tier: group.tier,
        fix_once,
        finding: first.id.handle(),
        policy: first.policy,
        kind: first.kind,
        control: first.control,
        severity: first.severity,
        cause: first.cause,
        count: group.count,
        is_new: group.is_new,
        opened: group.opened,
        due: group.opened,
        dismissal_ended: first.dismissal_ended,
        reason: first.reason,
        remedy: first.remedy,
        names: group.names,
    }
}
