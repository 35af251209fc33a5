//! What is this person's own: what was passed on to them, what they are to confirm or mend, that messages reach them, and what
//! became of what they asked for.
//!
//! Of what they own, a bounded part is looked at, and where there is more that is said. It must never count what was answered
//! as waiting.

use super::{Asking, Found, LOOKED_AT_MAX, ONE_BY_ONE, SHOWN_MAX};
use crate::verbs::handoffs::in_words;
use std::{collections::BTreeMap, time::Duration};
use tenure_govern::Waiting;
use tenure_judge::{ACKNOWLEDGED_FOR, people_named};
use tenure_model::{DelegationState, IdentityId, Instant, RiskTier, Standing, WaitingKind, printable};
use tenure_store::{StoreFailure, Tx, tables::owned::OwnedFinding};

/// The policy that asks whether something is still needed.
const CONFIRMING: &str = "not_confirmed";
/// Findings of theirs that are read, at most.
const FINDINGS_READ: i64 = 2_000;
/// How long before its end somebody is told that their word runs out.
const RUNS_OUT: Duration = Duration::from_hours(24 * 14);
/// How long what was answered is shown.
const ANSWERED: Duration = Duration::from_hours(24 * 14);
/// Characters of a name in a line.
const NAME_CHARS_MAX: usize = 120;

/// Everything of this file.
pub(super) fn find(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    handoffs(tx, asking, found)?;
    delegations(tx, asking, found)?;
    passed_on(tx, asking, found)?;
    confirmations(tx, asking, found)?;
    identities(tx, asking, found)?;
    acknowledgement(tx, asking, found)?;
    answered(tx, asking, found)
}

fn handoffs(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    let rows = tx.handoffs_offered_to(asking.person.id, LOOKED_AT_MAX)?;
    let (mut lines, beyond) = (Vec::new(), i64::try_from(rows.len()).unwrap_or(i64::MAX) >= LOOKED_AT_MAX);
    for row in rows {
        if !asking.handing.theirs(tx, &row, &asking.person)? {
            continue;
        }
        let by = tx.person(row.offered_by)?.map(|person| printable(&person.name, NAME_CHARS_MAX));
        let by = by.unwrap_or_else(|| String::from("somebody who left"));
        let (handle, name) = (row.id.handle(), printable(&row.identity_name, NAME_CHARS_MAX));
        let who = in_words(row.role);
        lines.push(Waiting {
            kind: WaitingKind::Handoff,
            subject: row.id.to_string(),
            count: 1,
            since: row.offered,
            due: Some(row.accept_by),
            why: format!("{by} offers you to be its {who}: {}", printable(&row.reason, 200)),
            what: format!("accept or decline to be the {who} of {name}"),
            command: format!("tenure handoff accept {handle}"),
            page: format!("/handoffs/{handle}"),
            risk: tx.identity(row.identity)?.tier,
            name,
        });
    }
    found.take(lines, beyond, (WaitingKind::Handoff, "tenure handoff list", "/handoffs"));
    Ok(())
}

fn delegations(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    let mut lines = Vec::new();
    for row in tx.delegations_to(asking.person.id)? {
        if row.state != DelegationState::Offered || asking.delegating.over_because(tx, &row)?.is_some() {
            continue;
        }
        let by = tx.person(row.from)?.map(|person| printable(&person.name, NAME_CHARS_MAX));
        let (handle, by) = (row.id.handle(), by.unwrap_or_else(|| String::from("somebody who left")));
        lines.push(Waiting {
            kind: WaitingKind::Delegation,
            subject: row.id.to_string(),
            name: format!("decisions of {by}"),
            count: 1,
            since: row.offered,
            due: Some(row.ends),
            why: format!("{by} asks you to decide for them: {}", printable(&row.reason, 200)),
            what: format!(
                "accept or decline to decide in {by}'s place from {:#} until {:#}",
                row.begins, row.ends
            ),
            command: format!("tenure delegation accept {handle}"),
            page: format!("/delegations/{handle}"),
            risk: None,
        });
    }
    found.take(lines, false, (WaitingKind::Delegation, "tenure delegation list", "/delegations"));
    Ok(())
}

fn passed_on(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    let rows = tx.passed_to(asking.person.id, None, LOOKED_AT_MAX)?;
    let mut lines = Vec::new();
    for row in rows {
        let passings = tx.passings_of(row.id)?;
        let mine = passings.into_iter().find(|one| one.asked == Some(asking.person.id));
        let Some(passing) = mine else { continue };
        let by = tx.person(passing.passed_by)?.map(|person| printable(&person.name, NAME_CHARS_MAX));
        let name = printable(&row.name, NAME_CHARS_MAX);
        let who = by.unwrap_or_else(|| String::from("somebody who left"));
        lines.push(Waiting {
            kind: WaitingKind::PassedOn,
            subject: row.id.to_string(),
            count: 1,
            since: passing.passed,
            due: None,
            why: format!("{who} says it is not theirs but yours: {}", printable(&passing.reason, 200)),
            what: format!("say whether {name} is yours (or --not-mine)"),
            command: format!("tenure own {}", row.handle),
            page: format!("/identities/{}/charter", row.handle),
            risk: row.tier,
            name,
        });
    }
    found.take(lines, false, (WaitingKind::PassedOn, "tenure own --suggest", "/whose"));
    Ok(())
}

fn confirmations(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    let most = i64::try_from(SHOWN_MAX + 1).unwrap_or(i64::MAX);
    if !asking.speaks_for(true) {
        return Ok(());
    }
    let rows = tx.owned_with_finding(asking.person.id, CONFIRMING, most)?;
    let mut lines = Vec::new();
    for row in rows {
        let open = tx.open_findings_of(row.id)?;
        let Some(finding) = open.into_iter().find(|one| one.policy == CONFIRMING) else { continue };
        let name = printable(&row.name, NAME_CHARS_MAX);
        lines.push(Waiting {
            kind: WaitingKind::Confirmation,
            subject: row.id.to_string(),
            count: 1,
            since: finding.opened,
            due: Some(finding.opened.plus(asking.in_force.judge.grace(finding.severity))),
            why: String::from("you own it, and nobody stands for it as it is now"),
            what: format!("say whether {name} is still needed, of this scope, and yours"),
            command: format!("tenure confirm {}", row.handle),
            page: format!("/identities/{}/confirm", row.handle),
            risk: row.tier,
            name,
        });
    }
    let beyond = tx.owns_more_than_is_looked_at(asking.person.id)?;
    let kind = (WaitingKind::Confirmation, "tenure findings --all", "/identities?q=findings%3Ayes");
    found.take(lines, beyond, kind);
    Ok(())
}

/// One identity of theirs that does not stand as it should.
struct ToMend {
    first: OwnedFinding,
    findings: u32,
    since: Instant,
    due: Instant,
}

fn identities(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    let findings = tx.owned_findings(asking.person.id, CONFIRMING, FINDINGS_READ)?;
    let is_cut = i64::try_from(findings.len()).unwrap_or(i64::MAX) >= FINDINGS_READ;
    let mut all: BTreeMap<IdentityId, ToMend> = BTreeMap::new();
    for one in findings {
        let due = one.opened.plus(asking.in_force.judge.grace(one.severity));
        let since = one.opened;
        let entry = all.entry(one.identity).or_insert(ToMend { first: one, findings: 0, since, due });
        entry.findings += 1;
        entry.since = entry.since.min(since);
        entry.due = entry.due.min(due);
    }
    let mut lines = Vec::new();
    for standing in [Standing::Lapsed, Standing::Due] {
        let these: Vec<&ToMend> = all.values().filter(|one| one.first.standing == standing).collect();
        if these.len() > ONE_BY_ONE {
            lines.extend(grouped(standing, &these, &asking.person.name));
        } else {
            lines.extend(these.into_iter().map(|one| mended(standing, one)));
        }
    }
    let page = "/identities?q=findings%3Ayes";
    found.take(lines, is_cut, (WaitingKind::Identity, "tenure findings --all", page));
    Ok(())
}

/// One line for one.
fn mended(standing: Standing, one: &ToMend) -> Waiting {
    let (name, handle) = (printable(&one.first.name, NAME_CHARS_MAX), &one.first.handle);
    let findings = tenure_model::counted(one.findings, "finding");
    Waiting {
        kind: WaitingKind::Identity,
        subject: one.first.identity.to_string(),
        count: 1,
        since: one.since,
        due: Some(one.due),
        why: format!("you own it, and it is {standing}: {findings}"),
        what: format!("mend what is found of {name}"),
        command: format!("tenure explain {handle}"),
        page: format!("/identities/{handle}"),
        risk: one.first.tier,
        name,
    }
}

/// One line for many: as bad as the worst of them, due when the first is.
fn grouped(standing: Standing, these: &[&ToMend], owner: &str) -> Option<Waiting> {
    let first = these.iter().min_by_key(|one| one.due)?;
    let count = i64::try_from(these.len()).unwrap_or(i64::MAX);
    let worst: Option<RiskTier> = these.iter().filter_map(|one| one.first.tier).max();
    let many = tenure_model::counted(count, "identity");
    Some(Waiting {
        kind: WaitingKind::Identity,
        subject: first.first.identity.to_string(),
        name: format!("{many} of yours"),
        count: u32::try_from(these.len()).unwrap_or(u32::MAX),
        since: these.iter().map(|one| one.since).min().unwrap_or(first.since),
        due: Some(first.due),
        why: format!("you own them, and they are {standing}"),
        what: format!("mend what is found of them, {} first", printable(&first.first.name, NAME_CHARS_MAX)),
        command: format!("tenure identities --standing {standing} --findings"),
        page: format!("/identities?q=standing%3A{standing}%20owner%3A%22{}%22", encoded(owner)),
        risk: worst,
    })
}

/// What may stand in an address.
fn encoded(text: &str) -> String {
    let escaped = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(escaped).collect()
}

fn acknowledgement(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    if !people_named(&asking.in_force.programme).contains(&asking.person.name) {
        return Ok(());
    }
    let said = tx.acknowledgements()?.get(&asking.person.id).copied();
    let ends = said.map(|at| at.plus(ACKNOWLEDGED_FOR));
    if ends.is_some_and(|ends| asking.now < ends.minus(RUNS_OUT)) {
        return Ok(());
    }
    found.waiting.push(Waiting {
        kind: WaitingKind::Acknowledgement,
        subject: asking.person.id.to_string(),
        name: String::from("messages reach you"),
        count: 1,
        since: ends.map_or(asking.now, |ends| ends.minus(RUNS_OUT)),
        due: ends,
        why: String::from("the programme in force names you"),
        what: match ends {
            Some(_) => String::from("say again that messages reach you: it counts for 92 days"),
            None => String::from("say that messages reach you: nothing follows by itself before"),
        },
        command: String::from("tenure programme acknowledge"),
        page: String::from("/programme"),
        risk: None,
    });
    Ok(())
}

fn answered(tx: &mut Tx<'_>, asking: &Asking, found: &mut Found) -> Result<(), StoreFailure> {
    let most = i64::try_from(SHOWN_MAX).unwrap_or(i64::MAX);
    let (person, since) = (asking.person.id, asking.now.minus(ANSWERED));
    for row in tx.requests_answered(person, since, most)? {
        let handle = row.id.handle();
        let name = format!("{}/{}", row.source_name, printable(row.wanted.principal(), NAME_CHARS_MAX));
        let why = printable(row.ended_why.as_deref().unwrap_or_default(), 300);
        found.answered.push(Waiting {
            kind: WaitingKind::Request,
            subject: row.id.to_string(),
            count: 1,
            since: row.ended.unwrap_or(row.asked),
            due: None,
            why: format!("you asked for it, and it is {}: {why}", row.state),
            what: String::from("ask anew, if it is still needed"),
            command: format!("tenure request show {handle}"),
            page: format!("/requests/{handle}"),
            risk: None,
            name,
        });
    }
    for row in tx.exceptions_answered(person, since, most)? {
        let (handle, of) = (row.id.handle(), printable(&row.identity_name, NAME_CHARS_MAX));
        let why = row.ended_why.as_deref().or(row.decision_reason.as_deref()).unwrap_or_default();
        found.answered.push(Waiting {
            kind: WaitingKind::Exception,
            subject: row.id.to_string(),
            name: format!("{} of {of}", row.policy),
            count: 1,
            since: row.ended.unwrap_or(row.requested),
            due: None,
            why: format!("you asked for it, and it is {}: {}", row.state, printable(why, 300)),
            what: String::from("mend it, or ask anew"),
            command: format!("tenure exception show {handle}"),
            page: format!("/exceptions/{handle}"),
            risk: None,
        });
    }
    for row in tx.handoffs_answered(person, since, most)? {
        let handle = row.id.handle();
        let why = printable(row.ended_why.as_deref().unwrap_or_default(), 300);
        found.answered.push(Waiting {
            kind: WaitingKind::Handoff,
            subject: row.id.to_string(),
            name: printable(&row.identity_name, NAME_CHARS_MAX),
            count: 1,
            since: row.ended.unwrap_or(row.offered),
            due: None,
            why: format!("you offered it, and that is {}: {why}", row.state),
            what: String::from("offer it anew, or to somebody else: it stays as it was"),
            command: format!("tenure handoff show {handle}"),
            page: format!("/handoffs/{handle}"),
            risk: None,
        });
    }
    found.answered.sort_by_key(|one| (std::cmp::Reverse(one.since), one.subject.clone()));
    Ok(())
}
