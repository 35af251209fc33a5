//! What goes with a handoff: the charter, what uses it and where it lies, what is wrong, excepted, asked for and under way.
//!
//! Its digest names exactly what was shown (RFC 8785, SHA-256). What only time changes is no part of it. It must never write.

use crate::record::digest_hex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{Charter, ExceptionState, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::{handoffs::HandoffRow, identities::IdentityRow},
};

/// Consumers of one principal, and things of one kind, that are named; of more, how many they are.
const NAMED_MAX: i64 = 200;
/// Characters of one of them.
const CHARS_MAX: usize = 300;

/// Something that is open and goes with a handoff.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HandoffItem {
    /// Its handle.
    pub handle: String,
    /// What it is, in words.
    pub what: String,
}

/// What goes with a handoff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffContents {
    /// What its charter says.
    pub charter: Charter,
    /// Who was seen using it.
    pub consumers: Vec<String>,
    /// Where copies of its credentials were seen.
    pub places: Vec<String>,
    /// What is wrong.
    pub findings: Vec<HandoffItem>,
    /// What is excepted, or somebody asks that it is.
    pub exceptions: Vec<HandoffItem>,
    /// What is asked for under its names.
    pub requests: Vec<HandoffItem>,
    /// What is planned or under way.
    pub plans: Vec<HandoffItem>,
    /// Reviews that wait for a decision about it.
    pub reviews: Vec<HandoffItem>,
    /// How many more there are than are named.
    pub left_out: u64,
}

/// What goes with an identity now.
pub(super) fn of(tx: &mut Tx<'_>, identity: &IdentityRow) -> Result<HandoffContents, StoreFailure> {
    let (mut consumers, mut places) = (BTreeSet::new(), BTreeSet::new());
    for principal in tx.principals_of(identity.id)? {
        consumers.extend(tx.uses_of(principal.id, NAMED_MAX)?.into_iter().map(|one| said(&one.consumer)));
        places.extend(tx.copies_of(&principal.name)?.into_iter().map(|(place, _)| said(&place)));
    }
    let findings = tx.open_findings_of(identity.id)?.into_iter().map(|one| HandoffItem {
        handle: one.id.handle(),
        what: said(&format!("{} ({}): {}", one.policy, one.severity, one.reason)),
    });
    let is_open = |state| matches!(state, ExceptionState::Requested | ExceptionState::Granted);
    let exceptions = tx.exceptions_of(identity.id)?.into_iter().filter(|one| is_open(one.state));
    let exceptions = exceptions.map(|one| HandoffItem {
        handle: one.id.handle(),
        what: said(&format!("{} until {:#}: {}", one.policy, one.ends, one.state)),
    });
    let requests = tx.requests_about(identity.id)?.into_iter().map(|one| HandoffItem {
        handle: one.id.handle(),
        what: said(&format!("{}/{}: {}", one.source_name, one.wanted.principal(), one.state)),
    });
    let plans = tx.plans_of(identity.id)?.into_iter().filter(|one| one.settled.is_none());
    let plans = plans.map(|one| HandoffItem {
        what: said(&format!("{} {}: {}", one.kind, one.about(), one.state)),
        handle: one.handle.clone(),
    });
    let reviews = tx
        .review_item_waiting(identity.id)?
        .into_iter()
        .map(|one| HandoffItem { what: format!("to be decided by {:#}", one.due), handle: one.handle });
    let mut contents = HandoffContents {
        charter: identity.charter.clone(),
        consumers: consumers.into_iter().collect(),
        places: places.into_iter().collect(),
        findings: findings.collect(),
        exceptions: exceptions.collect(),
        requests: requests.collect(),
        plans: plans.collect(),
        reviews: reviews.collect(),
        left_out: 0,
    };
    contents.bound();
    Ok(contents)
}

fn said(text: &str) -> String {
    printable(text, CHARS_MAX)
}

/// What was named with a handoff when it was offered; once it is accepted, what was accepted.
pub(super) fn parsed(row: &HandoffRow) -> Result<HandoffContents, StoreFailure> {
    serde_json::from_str(&row.contents).map_err(|why| shape(&why))
}

/// As it is kept.
pub(super) fn text(contents: &HandoffContents) -> Result<String, StoreFailure> {
    serde_json::to_string(contents).map_err(|why| shape(&why))
}

/// SHA-256 over what is offered, to whom and by when, and over everything that goes with it.
pub(super) fn digest(row: &HandoffRow, contents: &HandoffContents) -> Result<String, StoreFailure> {
    let whole = serde_json::json!({
        "handoff": row.id, "identity": row.identity, "role": row.role, "from": row.from, "to": row.to,
        "offered_by": row.offered_by, "stage": row.stage, "runbook": row.runbook, "reason": row.reason,
        "offered": row.offered, "accept_by": row.accept_by, "contents": contents,
    });
    Ok(digest_hex(&tenure_evidence::canonical_json(&whole).map_err(|why| shape(&why))?))
}

fn shape(why: &impl ToString) -> StoreFailure {
    StoreFailure::Shape { table: "handoffs", why: why.to_string() }
}

impl HandoffContents {
    /// Orders everything, and leaves out and counts what is too much to be named.
    fn bound(&mut self) {
        let most = usize::try_from(NAMED_MAX).unwrap_or(usize::MAX);
        for texts in [&mut self.consumers, &mut self.places] {
            self.left_out += cut(texts, most);
        }
        for items in
            [&mut self.findings, &mut self.exceptions, &mut self.requests, &mut self.plans, &mut self.reviews]
        {
            self.left_out += cut(items, most);
        }
    }

    /// Everything that is named, by its word.
    fn named(&self) -> BTreeMap<&'static str, BTreeSet<String>> {
        let items = |given: &[HandoffItem]| -> BTreeSet<String> {
            given.iter().map(|one| format!("{} {}", one.handle, one.what)).collect()
        };
        BTreeMap::from([
            ("used by", self.consumers.iter().cloned().collect()),
            ("copy at", self.places.iter().cloned().collect()),
            ("finding", items(&self.findings)),
            ("exception", items(&self.exceptions)),
            ("request", items(&self.requests)),
            ("plan", items(&self.plans)),
            ("review item", items(&self.reviews)),
        ])
    }

    /// What is other than it was, in words.
    pub(super) fn changed_since(&self, before: &Self) -> Vec<String> {
        let mut said = Vec::new();
        if self.charter != before.charter {
            said.push(String::from("its charter was changed"));
        }
        let (now, then) = (self.named(), before.named());
        for (word, these) in &now {
            let Some(those) = then.get(word) else { continue };
            said.extend(these.difference(those).map(|one| format!("new: {word} {one}")));
            said.extend(those.difference(these).map(|one| format!("no more: {word} {one}")));
        }
        if said.is_empty() && self.left_out != before.left_out {
            said.push(String::from("of what is not named there is another number"));
        }
        said
    }
}

/// Orders, cuts, and says how many were cut.
fn cut<T: Ord>(rows: &mut Vec<T>, most: usize) -> u64 {
    rows.sort();
    let beyond = rows.len().saturating_sub(most);
    rows.truncate(most);
    u64::try_from(beyond).unwrap_or(u64::MAX)
}
