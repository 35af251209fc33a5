//! Facts that rest on who uses a principal, and when that was last seen.
//!
//! A consumer's program is the client's own word, so these excuse and suggest and never
//! prove. What was not seen counts only where every use would have been seen. Texts name
//! only what stays in the window until the fact flips. Next: `credential.rs`.

use super::{CredentialFact, Holds, Lines, PrincipalFact, SHOWN_CHARS_MAX, Seen, read_news};
use crate::{
    consumer::{self, Pattern},
    dossier::{PrincipalDossier, UseDossier},
    programme::days_long,
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tenure_model::{Instant, PrincipalKind, names, printable};

fn window(lines: &Lines<'_>) -> Duration {
    days_long(lines.thresholds.application_use_days)
}

/// Uses that still count, of consumers that `wanted` picks.
fn recent<'dossier>(
    principal: &'dossier PrincipalDossier,
    lines: &Lines<'_>,
    wanted: impl Fn(&UseDossier) -> bool,
) -> impl Iterator<Item = &'dossier UseDossier> {
    let (window, now) = (window(lines), lines.now);
    principal
        .uses
        .iter()
        .filter(move |seen| seen.count > 0 && seen.last_seen.plus(window) > now && wanted(seen))
}

fn latest<'dossier>(uses: impl Iterator<Item = &'dossier UseDossier>) -> Option<&'dossier UseDossier> {
    uses.max_by_key(|seen| (seen.last_seen, &seen.consumer))
}

fn matches(seen: &UseDossier, patterns: &[Pattern]) -> bool {
    consumer::matches_any(&seen.consumer, patterns)
}

/// Neither a tool made for administrators nor a person's.
fn is_application(seen: &UseDossier, lines: &Lines<'_>) -> bool {
    !matches(seen, lines.administrative) && !matches(seen, lines.interactive)
}

/// Holds while the latest of these uses is in the window.
fn by_latest(
    name: &'static str,
    found: Option<&UseDossier>,
    principal: &PrincipalDossier,
    lines: &Lines<'_>,
) -> Seen {
    match (found, &principal.use_coverage) {
        (Some(seen), _) => {
            let consumer = printable(&seen.consumer, SHOWN_CHARS_MAX);
            Seen::new(name, Holds::Yes, format!("`{consumer}`, last seen {}", seen.last_seen))
                .flipping(Some(seen.last_seen.plus(window(lines))))
        }
        (None, Some(why)) => Seen::new(name, Holds::Unknown, printable(why, SHOWN_CHARS_MAX)),
        (None, None) => Seen::plain(name, false),
    }
}

/// A program that is not an administrative one used it lately.
pub(super) fn application(name: &'static str, principal: &PrincipalDossier, lines: &Lines<'_>) -> Seen {
    let found = latest(recent(principal, lines, |seen| is_application(seen, lines)));
    by_latest(name, found, principal, lines)
}

/// A person's tool or a terminal used it lately.
pub(super) fn interactive(name: &'static str, principal: &PrincipalDossier, lines: &Lines<'_>) -> Seen {
    let found = latest(recent(principal, lines, |seen| matches(seen, lines.interactive)));
    by_latest(name, found, principal, lines)
}

/// Anybody used it lately.
pub(super) fn any(name: &'static str, principal: &PrincipalDossier, lines: &Lines<'_>) -> Seen {
    by_latest(name, latest(recent(principal, lines, |_| true)), principal, lines)
}

/// Everybody of whom one of these facts speaks, without when: the place, and the program without what tells its
/// copies apart. A program seen again, later or as another copy, is the same one.
pub(super) fn members(
    name: &str,
    principal: &PrincipalDossier,
    lines: &Lines<'_>,
) -> Option<BTreeSet<String>> {
    let everybody = |wanted: &dyn Fn(&UseDossier) -> bool| {
        let whole = |seen: &UseDossier| {
            format!("{} ({})", consumer::place_of(&seen.consumer), consumer::program_family(&seen.consumer))
        };
        Some(recent(principal, lines, wanted).map(whole).collect())
    };
    if name == PrincipalFact::ApplicationUse.as_str() || name == PrincipalFact::Service.as_str() {
        everybody(&|seen| is_application(seen, lines))
    } else if name == PrincipalFact::InteractiveUse.as_str() {
        everybody(&|seen| matches(seen, lines.interactive))
    } else if name == PrincipalFact::SharedUse.as_str() {
        let families = recent(principal, lines, |seen| is_application(seen, lines));
        Some(families.map(|seen| consumer::program_family(&seen.consumer)).collect())
    } else if name == CredentialFact::InUse.as_str() {
        everybody(&|_| true)
    } else {
        None
    }
}

/// Something runs as it. A program at a place where a person's tool was seen, too, may be that person's own script.
pub(super) fn service(name: &'static str, principal: &PrincipalDossier, lines: &Lines<'_>) -> Seen {
    match principal.kind {
        PrincipalKind::Workload => return Seen::new(name, Holds::Yes, "it is a workload"),
        PrincipalKind::Agent => return Seen::new(name, Holds::Yes, "it is an agent"),
        PrincipalKind::Account
        | PrincipalKind::Group
        | PrincipalKind::Key
        | PrincipalKind::Machine
        | PrincipalKind::External => {}
    }
    let account = read_news(name, &principal.facts, names::SERVICE_ACCOUNT);
    if account.holds == Holds::Yes {
        return Seen::new(name, Holds::Yes, "it is a service account");
    }
    let people: Vec<&str> = principal
        .uses
        .iter()
        .filter(|seen| seen.count > 0 && matches(seen, lines.interactive))
        .map(|seen| consumer::place_of(&seen.consumer))
        .collect();
    let elsewhere = |seen: &UseDossier| {
        is_application(seen, lines) && !people.contains(&consumer::place_of(&seen.consumer))
    };
    by_latest(name, latest(recent(principal, lines, elsewhere)), principal, lines)
}

/// More programs used it lately than one application has. Programs that give no name count as one.
pub(super) fn shared(name: &'static str, principal: &PrincipalDossier, lines: &Lines<'_>) -> Seen {
    let mut programs: BTreeMap<String, &UseDossier> = BTreeMap::new();
    for seen in recent(principal, lines, |seen| is_application(seen, lines)) {
        let kept = programs.entry(consumer::program_family(&seen.consumer)).or_insert(seen);
        if (seen.last_seen, &seen.consumer) > (kept.last_seen, &kept.consumer) {
            *kept = seen;
        }
    }
    let most = usize::try_from(lines.thresholds.shared_consumers_max).unwrap_or(usize::MAX);
    let mut latest: Vec<&UseDossier> = programs.into_values().collect();
    latest.sort_by_key(|seen| Reverse((seen.last_seen, &seen.consumer)));
    match (latest.get(most), &principal.use_coverage) {
        (Some(last), _) => {
            let named: Vec<String> = latest
                .iter()
                .take(most.saturating_add(1))
                .map(|seen| format!("`{}`", printable(&seen.consumer, SHOWN_CHARS_MAX)))
                .collect();
            Seen::new(name, Holds::Yes, named.join(", ")).flipping(Some(last.last_seen.plus(window(lines))))
        }
        (None, Some(why)) => Seen::new(name, Holds::Unknown, printable(why, SHOWN_CHARS_MAX)),
        (None, None) => Seen::plain(name, false),
    }
}

/// Every use would have been seen for long enough, and none was.
pub(super) fn none(name: &'static str, principal: &PrincipalDossier, lines: &Lines<'_>) -> Seen {
    let watched = match (&principal.use_coverage, principal.use_watched_since) {
        (Some(why), _) => return Seen::new(name, Holds::Unknown, printable(why, SHOWN_CHARS_MAX)),
        (None, None) => return Seen::new(name, Holds::Unknown, "a use can be missed here"),
        (None, Some(since)) => since,
    };
    let used: Option<Instant> =
        principal.uses.iter().filter(|seen| seen.count > 0).map(|seen| seen.last_seen).max();
    let since = used.map_or(watched, |used| used.max(watched));
    let due = since.plus(days_long(lines.thresholds.unused_days));
    let says = match used {
        Some(used) if used >= watched => format!("last used {used}"),
        Some(_) | None => format!("no use since {watched}, from when on every use is seen"),
    };
    if due <= lines.now {
        Seen::new(name, Holds::Yes, says)
    } else {
        Seen::new(name, Holds::No, says).flipping(Some(due))
    }
}
