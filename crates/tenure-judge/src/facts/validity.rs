//! What policies may ask about continued validity: whether somebody still stands for an identity as it is.
//!
//! A word counts until its cadence ends, and not when whoever gave it may not give it any more, or the identity may do
//! more since. It must never count a use as a word: that something runs does not say that anybody needs it.
//! Next: `policies/not_confirmed.cedar`.

use super::{Holds, Lines, SHOWN_CHARS_MAX, Seen, named};
use crate::{
    dossier::{Confirmed, Dossier},
    programme::days_long,
};
use tenure_model::{counted, printable};

/// Rights gained since a confirmation that are named.
const GAINED_NAMED_MAX: usize = 5;

/// No owner said within the cadence that it is still as the charter says.
pub(super) fn confirmation_due(name: &'static str, dossier: &Dossier, lines: &Lines<'_>) -> Seen {
    let of_class = lines.class.and_then(|class| class.review_days_max);
    let Some(days) = of_class.into_iter().chain(lines.thresholds.review_days_max).min() else {
        return Seen::new(name, Holds::No, "nobody has to confirm it");
    };
    let within = format!("an owner confirms it every {}", counted(days, "day"));
    let (since, said) = match (&dossier.validity.confirmed, dossier.validity.enrolled_since) {
        (Some(confirmed), _) => match counts_no_more(confirmed) {
            Some(why) => return Seen::new(name, Holds::Yes, format!("{why}; {within}")),
            None => (confirmed.at, format!("confirmed last {}", confirmed.at)),
        },
        (None, Some(since)) => (since, format!("never confirmed, and enrolled since {since}")),
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

/// Why a word counts for nothing, whatever its age.
fn counts_no_more(confirmed: &Confirmed) -> Option<String> {
    let at = confirmed.at;
    if let Some(denied) = &confirmed.denied {
        return Some(format!("asked {at}, a person said that {}", printable(denied, SHOWN_CHARS_MAX)));
    }
    if let Some(void) = &confirmed.void {
        return Some(format!(
            "the confirmation of {at} does not count any more: {}",
            printable(void, SHOWN_CHARS_MAX)
        ));
    }
    if confirmed.gained.is_empty() {
        return None;
    }
    let gained = named(&confirmed.gained, GAINED_NAMED_MAX);
    Some(format!("the confirmation of {at} does not count any more: since then it gained {gained}"))
}
