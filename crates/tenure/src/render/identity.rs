//! An identity in words: the three questions first, then what they rest on.
//!
//! Shows what the server answered and judges nothing. Unknown is written "unknown".

use super::{
    Frame,
    fold::folded,
    paint::{Look, look_of_severity, look_of_standing},
    table::{Table, cell, looking},
    words::{count, dated, dies, instant, wrapped},
};
use crate::wire::{
    Credential, CredentialShown, Finding, Gained, Identity, IdentityShown, Principal, Risk, Ticket,
};
use tenure_model::{CredentialKind, Presence, TicketOutcome, flag, names, printable, text};

/// Rights shown, at most.
const GRANTS_SHOWN: usize = 20;

/// `▲ lapsed`.
pub(crate) fn standing(identity: &Identity) -> String {
    format!("{} {}", identity.standing.mark(), identity.standing)
}

/// Everything about one identity.
pub(crate) fn page(shown: &IdentityShown, frame: Frame) -> Vec<String> {
    let mut lines = headline(shown, frame);
    for question in &shown.questions {
        let look = if question.answer == "answered" { Look::Good } else { Look::Warn };
        lines.push(frame.paint.text(Look::Strong, &question.asked));
        let answer = dated(&printable(&question.text, 600));
        let word = if question.answer == "answered" {
            String::new()
        } else {
            format!("{}: ", frame.paint.text(look, "unanswered"))
        };
        let wrapped = wrapped(&answer, frame.prose(14));
        for (index, line) in wrapped.iter().enumerate() {
            lines.push(if index == 0 { format!("  {word}{line}") } else { format!("  {line}") });
        }
    }
    if let Some(why) = &shown.not_ended_here {
        lines.push(frame.paint.text(Look::Strong, "Not ended from here"));
        lines.extend(wrapped(&printable(why, 400), frame.prose(2)).iter().map(|line| format!("  {line}")));
    }
    for one in &shown.handoffs {
        let to = printable(one.to_name.as_deref().unwrap_or("somebody who left"), 80);
        let said = format!("Offered to {to} as {} owner, until {to} accepts", one.role);
        lines.push(format!("{said}: tenure handoff show {}", one.handle));
    }
    if let Some(request) = &shown.request {
        let said = if shown.request_is_late {
            "It was made before it was asked for, and approved late"
        } else {
            "It was asked for before it was made"
        };
        lines.push(format!("{said}: tenure request show {}", printable(request, 20)));
    }
    lines.extend(findings(&shown.findings, frame));
    if !shown.tickets.is_empty() {
        lines.extend([String::new(), String::from("Tickets about it")]);
        lines.extend(shown.tickets.iter().flat_map(ticket));
    }
    lines.extend(shown.risk.iter().flat_map(risk));
    lines.extend(principals(&shown.principals));
    lines.extend(credentials(&shown.credentials));
    lines.extend(rights(shown, frame));
    lines.extend(gains(shown));
    lines.extend(uses(shown));
    lines.extend(plans(shown));
    folded(lines, frame.columns)
}

fn headline(shown: &IdentityShown, frame: Frame) -> Vec<String> {
    let identity = &shown.identity;
    let name = frame.paint.text(Look::Strong, &printable(&identity.name, 200));
    let standing = frame.paint.text(look_of_standing(identity.standing), &standing(identity));
    let due = identity
        .due
        .map(|due| format!(", changes by itself {} (to what and why: tenure explain)", instant(due)))
        .unwrap_or_default();
    let owners = if shown.owners.is_empty() { String::from("nobody") } else { shown.owners.join(", ") };
    let built_in = if identity.built_in { " · part of the system itself" } else { "" };
    vec![
        format!("{name}  {standing}{due}  ({})", identity.handle),
        format!(
            "{} · {} · {} · owned by {}{built_in}",
            count(i64::try_from(shown.principals.len()).unwrap_or(0), "principal"),
            count(i64::try_from(shown.credentials.len()).unwrap_or(0), "credential"),
            count(shown.grants_count, "right"),
            printable(&owners, 200),
        ),
        String::new(),
    ]
}

/// Findings, worst first, with what to do about each.
pub(crate) fn findings(findings: &[Finding], frame: Frame) -> Vec<String> {
    if findings.is_empty() {
        return Vec::new();
    }
    let dismissed = findings.iter().filter(|finding| finding.dismissed_until.is_some()).count();
    let excepted = findings.iter().filter(|finding| finding.excepted_until.is_some()).count();
    let aside = |number: usize, word: &str| {
        if number == 0 { String::new() } else { format!("; {number} {word}") }
    };
    let besides = format!("{}{}", aside(dismissed, "dismissed"), aside(excepted, "excepted"));
    let counted = findings.len().saturating_sub(dismissed + excepted);
    let mut lines = vec![String::new(), format!("What is wrong ({counted}{besides})")];
    for finding in findings {
        let severity = frame.paint.text(look_of_severity(finding.severity), finding.severity.as_str());
        lines.push(format!("  ▲ {severity}: {}", printable(&finding.reason, 400)));
        lines.push(format!("    {}", printable(&finding.remedy, 400)));
        let said = [finding.dismissal_said(), finding.exception_said()];
        lines.extend(said.into_iter().flatten().map(|said| format!("    {said}")));
        lines.push(frame.paint.text(
            Look::Faint,
            &format!(
                "    {} ({}), {}, since {}",
                finding.policy,
                finding.kind,
                printable(&finding.control, 80),
                instant(finding.opened)
            ),
        ));
    }
    lines
}

/// The risk tier and what it is made of, one term a line.
pub(crate) fn risk(risk: &Risk) -> Vec<String> {
    let from = if risk.from == 0 { String::new() } else { format!("; {} from {} on", risk.tier, risk.from) };
    let mut lines =
        vec![String::new(), format!("Risk tier {}: {}{from}", risk.tier, count(risk.points.into(), "point"))];
    lines.extend(risk.terms.iter().map(|term| {
        format!("  {:2}  {}: {}", term.points, printable(&term.term, 40), printable(&term.says, 300))
    }));
    lines
}

/// A ticket: what was observed first, then what it says.
pub(crate) fn ticket(one: &Ticket) -> Vec<String> {
    let (mark, word) = match one.outcome {
        TicketOutcome::Open => ("○", "open"),
        TicketOutcome::Dropped => ("–", "closed without doing it"),
        TicketOutcome::Unmatched => ("?", "names nothing known here"),
        TicketOutcome::Unread => ("◌", "not looked at since"),
        TicketOutcome::Alive => ("▲", "closed, still alive"),
        TicketOutcome::MadeAgain => ("◔", "ended, and made again since"),
        TicketOutcome::Absent => ("●", "not there any more"),
        TicketOutcome::Unproven => ("!", "ended, not proved"),
        TicketOutcome::Proved => ("✓", "proved dead"),
    };
    let named = one.identity_name.as_ref().unwrap_or(&one.names);
    let closed = one.closed.map(|at| format!(", closed {}", instant(at))).unwrap_or_default();
    let mut lines = vec![
        format!("  {mark} {word}: {}", printable(named, 200)),
        format!(
            "      {} of {}{closed}: {}",
            printable(&one.key, 80),
            printable(&one.system, 40),
            printable(&one.title, 200)
        ),
    ];
    lines.extend(one.unmatched.iter().map(|why| format!("      {}", printable(why, 300))));
    lines
}

fn principals(principals: &[Principal]) -> Vec<String> {
    let mut lines = vec![String::new(), String::from("Principals")];
    for principal in principals {
        let mut words = vec![principal.kind.to_string(), principal.presence.to_string()];
        for (name, word) in [
            (names::SUPERUSER, "superuser"),
            (names::REPLICATION, "may replicate"),
            (names::BYPASS_ROW_SECURITY, "bypasses row security"),
            (names::CREATE_PRINCIPALS, "creates roles"),
            (names::CREATE_DATABASES, "creates databases"),
        ] {
            if flag(&principal.facts, name) == Some(true) {
                words.push(word.to_owned());
            }
        }
        if flag(&principal.facts, names::LOGIN) == Some(false) {
            words.push(String::from("may not log in"));
        }
        if principal.built_in {
            words.push(String::from("built in"));
        }
        lines.push(format!(
            "  {} in {}: {}; first seen {}",
            printable(&principal.name, 120),
            principal.source_name,
            words.join(", "),
            instant(principal.first_seen)
        ));
    }
    lines
}

fn credentials(credentials: &[CredentialShown]) -> Vec<String> {
    if credentials.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), String::from("Credentials")];
    for shown in credentials {
        let credential = &shown.credential;
        lines.push(format!("  {}{}, {}", credential.kind.title(), kept(credential), credential.state));
        lines.push(format!(
            "    issued by {}; may do {}; {}",
            printable(&shown.issued_by, 120),
            printable(&shown.may_do, 200),
            dies(&dated(&printable(&shown.dies, 200)))
        ));
    }
    lines
}

/// How its value is kept, or where, in brackets.
fn kept(credential: &Credential) -> String {
    let known = text(&credential.facts, names::VERIFIER).or_else(|| text(&credential.facts, names::PLACE));
    match (known, credential.kind) {
        (Some(known), _) => format!(" ({})", printable(known, 120)),
        (None, CredentialKind::Password) => String::from(" (kept in an unknown way)"),
        (None, _) => String::new(),
    }
}

fn rights(shown: &IdentityShown, frame: Frame) -> Vec<String> {
    if shown.grants.is_empty() {
        return Vec::new();
    }
    let total = shown.grants_count.max(i64::try_from(shown.grants.len()).unwrap_or(0));
    let shown_count = shown.grants.len().min(GRANTS_SHOWN);
    let mut lines =
        vec![String::new(), format!("Rights ({shown_count} of {total}; owner of {})", shown.owned_count)];
    if shown.principals.iter().all(|principal| principal.presence != Presence::Present) {
        lines.push(String::from("  as they were read before it ended; a survey shows who has them now"));
    }
    let mut table = Table::new(&["", ""]);
    for grant in shown.grants.iter().take(GRANTS_SHOWN) {
        let path = if grant.path.is_empty() {
            String::new()
        } else {
            format!(" through {}", grant.path.join(" → "))
        };
        table.row(vec![cell(&grant.resource), looking(Look::Plain, format!("{}{path}", grant.right))]);
    }
    let columns = frame.columns.map(|columns| columns.saturating_sub(2));
    lines.extend(table.lines(frame.paint, columns).iter().map(|line| format!("  {line}")));
    lines
}

/// Rights that were gained, and whether somebody had asked for each.
fn gains(shown: &IdentityShown) -> Vec<String> {
    let said = |one: &Gained| {
        let how = match (&one.request, one.until) {
            (Some(handle), Some(until)) => {
                format!("asked for until {}: tenure request show {}", instant(until), printable(handle, 20))
            }
            (_, _) => String::from("nobody had asked for it"),
        };
        format!("  {}, seen {}; {how}", printable(&one.says, 300), instant(one.seen))
    };
    let lines: Vec<String> = shown.gains.iter().take(GRANTS_SHOWN).map(said).collect();
    let title = (!lines.is_empty()).then(|| [String::new(), String::from("Rights it gained")]);
    title.into_iter().flatten().chain(lines).collect()
}

fn uses(shown: &IdentityShown) -> Vec<String> {
    let mut lines = Vec::new();
    if !shown.uses.is_empty() {
        lines.extend([String::new(), String::from("Seen used (sampled while surveys ran)")]);
    }
    for seen in &shown.uses {
        lines.push(format!(
            "  {} from {}, {}",
            instant(seen.last_seen),
            printable(&seen.consumer, 120),
            count(seen.count, "session")
        ));
    }
    if !shown.copies.is_empty() {
        lines.extend([String::new(), String::from("Copies of its credential")]);
    }
    lines.extend(shown.copies.iter().map(|place| format!("  {}", printable(place, 200))));
    lines
}

fn plans(shown: &IdentityShown) -> Vec<String> {
    if shown.plans.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), String::from("Plans")];
    for plan in &shown.plans {
        let level = plan.level.map(|level| format!(", {level}")).unwrap_or_default();
        lines.push(format!(
            "  {}  {} ({}{level}), {}: {}",
            plan.handle,
            plan.kind,
            plan.state,
            instant(plan.created),
            printable(&plan.reason, 120)
        ));
    }
    lines
}
