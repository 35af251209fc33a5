//! What is the same for every part of a programme that has an id: the id itself, and what names another by it.

use super::{Part, ProgrammeRefused};
use tenure_model::printable;

/// Characters of an id, at most.
const ID_CHARS_MAX: usize = 60;
/// Of a long list of what there is, so many are said: those most like what was given.
const SAID_MAX: usize = 10;

/// Faults of the ids of one kind of part.
pub(super) fn faults(part: Part, ids: &[&str], most: usize) -> Vec<ProgrammeRefused> {
    let mut faults = Vec::new();
    let unfit = |index, why| ProgrammeRefused::PartUnfit { part, index, field: "id", why };
    if ids.len() > most {
        faults.push(unfit(most, format!("there are {} of `[[{part}]]`; at most {most} are read", ids.len())));
    }
    for (index, id) in ids.iter().enumerate().take(most) {
        let shown = printable(id, ID_CHARS_MAX);
        let is_id = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        let fits = !id.is_empty() && id.len() <= ID_CHARS_MAX && id.chars().all(is_id);
        // A control is called by the id of its framework.
        if !fits && part != Part::Control {
            faults.push(unfit(
                index,
                format!("`{shown}` is no id; write lower-case letters, digits and hyphens, at most 60"),
            ));
        }
        if ids.iter().take(index).any(|other| other == id) {
            faults.push(unfit(index, format!("`{shown}` names another {part} as well")));
        }
    }
    faults
}

/// `` `x` is no partner; the partners are: a, b ``, of many those most like it.
pub(super) fn unknown(given: &str, noun: &str, known: &[&str]) -> String {
    let shown = printable(given, ID_CHARS_MAX);
    if known.is_empty() {
        return format!("`{shown}` is no {noun}; there is none");
    }
    let which = if known.len() > SAID_MAX { "most like it" } else { "those there" };
    format!("`{shown}` is no {noun}; {which} are: {}", nearest(given, known))
}

/// What there is, the most like what was given first; of much, a part.
pub(super) fn nearest(given: &str, known: &[&str]) -> String {
    let mut near: Vec<&str> = known.to_vec();
    near.sort_by(|one, other| alike(given, other).total_cmp(&alike(given, one)).then_with(|| one.cmp(other)));
    near.truncate(SAID_MAX);
    near.join(", ")
}

fn alike(given: &str, one: &str) -> f64 {
    strsim::jaro_winkler(given, one)
}
