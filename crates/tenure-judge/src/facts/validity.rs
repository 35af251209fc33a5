//! What policies may ask about continued validity: whether somebody still stands for an identity as it is.
//!
//! A word counts until its cadence ends, and not when whoever gave it may not give it any more, or the identity may do
//! more since. It must never count a use as a word: that something runs does not say that anybody needs it.
//! Next: `policies/not_confirmed.cedar`, `policies/past_retirement_trigger.cedar`.

use super::{Holds, Lines, SHOWN_CHARS_MAX, Seen, named};
use crate::{
    dossier::{Confirmed, Dossier, PrincipalDossier},
    programme::days_long,
};
use tenure_model::{Instant, RetireWhen, RiskTier, counted, printable};

/// Rights gained since a confirmation that are named.
const GAINED_NAMED_MAX: usize = 5;

/// No owner said within the cadence that it is still as the charter says.
pub(super) fn confirmation_due(
    name: &'static str,
    dossier: &Dossier,
    lines: &Lines<'_>,
    tier: Option<RiskTier>,
) -> Seen {
    let Some((days, because)) = cadence(lines, tier) else {
        return Seen::new(name, Holds::No, "nobody has to confirm it");
    };
    let within = format!("an owner confirms it every {}{because}", counted(days, "day"));
    let (since, said) = match (&dossier.validity.confirmed, dossier.validity.enrolled_since) {
        (Some(confirmed), _) => match counts_no_more(confirmed) {
            Some(why) => return Seen::new(name, Holds::Yes, format!("{why}; {within}")),
            None => (confirmed.at, format!("confirmed last {}", confirmed.at)),
        },
        (None, Some(since)) => (since, format!("never confirmed, and enrolled since {since:#}")),
        (None, None) => {
            let says = format!("never confirmed, and since when it is enrolled is not known; {within}");
            return Seen::new(name, Holds::Unknown, says);
        }
    };
    let due = since.plus(days_long(days));
    let says = format!("{said}; {within}");
    if due <= lines.now {
        Seen::new(name, Holds::Yes, says)
    } else {
        Seen::new(name, Holds::No, says).flipping(Some(due))
    }
}

/// How often an owner confirms it: the strictest of programme, class and risk tier, and of the tier that it is.
fn cadence(lines: &Lines<'_>, tier: Option<RiskTier>) -> Option<(u32, String)> {
    let of_class = lines.class.and_then(|class| class.review_days_max);
    let asked = of_class.into_iter().chain(lines.thresholds.review_days_max).min();
    let of_tier = tier.and_then(|tier| Some((lines.risk.cadence_of(tier)?, tier)));
    match (asked, of_tier) {
        (asked, Some((days, tier))) if asked.is_none_or(|asked| days < asked) => {
            Some((days, format!(", because its risk tier is {tier}")))
        }
        (asked, _) => Some((asked?, String::new())),
    }
}

/// Why a word counts for nothing, whatever its age.
fn counts_no_more(confirmed: &Confirmed) -> Option<String> {
    let at = confirmed.at;
    if let Some(denied) = &confirmed.denied {
        return Some(format!("asked {at:#}, a person said that {}", printable(denied, SHOWN_CHARS_MAX)));
    }
    if let Some(void) = &confirmed.void {
        return Some(format!(
            "the confirmation of {at:#} does not count any more: {}",
            printable(void, SHOWN_CHARS_MAX)
        ));
    }
    if confirmed.gained.is_empty() {
        return None;
    }
    let gained = named(&confirmed.gained, GAINED_NAMED_MAX);
    Some(format!("the confirmation of {at:#} does not count any more: since then it gained {gained}"))
}

/// Nobody who was asked in a review decided about it, and nobody did since.
pub(super) fn review_missed(name: &'static str, dossier: &Dossier) -> Seen {
    match dossier.validity.review_missed {
        Some(at) => Seen::new(name, Holds::Yes, format!("asked in a review, nobody decided until {at:#}")),
        None => Seen::new(name, Holds::No, "no review of it was missed since somebody decided about it"),
    }
}

/// What its charter names as its end before its day has come; one of several terms is enough.
pub(super) fn retirement_triggered(name: &'static str, dossier: &Dossier, now: Instant) -> Seen {
    let Some(text) = dossier.charter.retirement_trigger.as_deref() else {
        return Seen::new(name, Holds::No, "its charter names nothing that ends it earlier");
    };
    let terms = RetireWhen::read(text).unwrap_or_else(|_| vec![RetireWhen::Said(text.to_owned())]);
    let read: Vec<Seen> = terms.iter().map(|term| one_trigger(name, term, dossier, now)).collect();
    let of = |holds: Holds| read.iter().filter(move |one| one.holds == holds);
    let says = |all: Vec<&Seen>| all.iter().map(|one| one.says.as_ref()).collect::<Vec<_>>().join("; ");
    if of(Holds::Yes).next().is_some() {
        return Seen::new(name, Holds::Yes, says(of(Holds::Yes).collect()));
    }
    let holds = if of(Holds::Unknown).next().is_some() { Holds::Unknown } else { Holds::No };
    let flips_at = read.iter().filter_map(|one| one.flips_at).min();
    Seen::new(name, holds, says(read.iter().collect())).flipping(flips_at)
}

fn one_trigger(name: &'static str, term: &RetireWhen, dossier: &Dossier, now: Instant) -> Seen {
    match term {
        RetireWhen::Said(text) => {
            let says = format!("a person has to say whether: {}", printable(text, SHOWN_CHARS_MAX));
            Seen::new(name, Holds::Unknown, says)
        }
        RetireWhen::Until(at) if *at <= now => Seen::new(name, Holds::Yes, format!("{at:#} came")),
        RetireWhen::Until(at) => {
            Seen::new(name, Holds::No, format!("{at:#} has not come")).flipping(Some(*at))
        }
        RetireWhen::Unused(days) => unused(name, *days, dossier, now),
        RetireWhen::Absent(_) | RetireWhen::Person(_) | RetireWhen::Parent(_) => {
            let written = term.to_string();
            let found = dossier.validity.awaited.iter().find(|one| one.term == written);
            let Some(found) = found else {
                let says = format!("nobody looked whether `{}` came", printable(&written, SHOWN_CHARS_MAX));
                return Seen::new(name, Holds::Unknown, says);
            };
            let holds = found.came.map_or(Holds::Unknown, Holds::when);
            Seen::new(name, holds, printable(&found.says, SHOWN_CHARS_MAX))
        }
    }
}

/// No use was seen for so many days. Not known where a use could have been missed, whatever was seen.
fn unused(name: &'static str, days: u32, dossier: &Dossier, now: Instant) -> Seen {
    let within = counted(days, "day");
    let there = || dossier.principals.iter().filter(|one| super::is_seen(one));
    let missed = |one: &PrincipalDossier| match (&one.use_coverage, one.use_watched_since) {
        (Some(why), _) => Some(printable(why, SHOWN_CHARS_MAX)),
        (None, None) => Some(String::from("one between two surveys can be missed")),
        (None, Some(_)) => None,
    };
    let counts = |one: &PrincipalDossier| {
        let used = one.uses.iter().filter(|used| used.count > 0).map(|used| used.last_seen);
        used.chain(one.use_watched_since).max()
    };
    if let Some(why) = there().find_map(missed) {
        return Seen::new(
            name,
            Holds::Unknown,
            format!("whether it was unused for {within} is not observable: {why}"),
        );
    }
    let Some(since) = there().filter_map(counts).max() else {
        return Seen::new(name, Holds::No, "nothing of it is there");
    };
    let at = since.plus(days_long(days));
    if at <= now {
        Seen::new(name, Holds::Yes, format!("no use was seen since {since:#}, for {within}"))
    } else {
        Seen::new(name, Holds::No, format!("used, or first watched, {since:#}; {within} are not over"))
            .flipping(Some(at))
    }
}
