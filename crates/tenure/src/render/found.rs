//! What a look-up found, in words: what it is, whose, what it opens, used since when, where copies are.
//!
//! Shows what the server answered, and never the string that was asked about. Next: `cli/find.rs`.

use super::{
    Frame,
    paint::{Look, look_of_standing},
    words::{count, dies, instant, wrapped},
};
use crate::wire::{CredentialFound, Found, SecretFound};
use tenure_model::{names, printable, text};

/// Rights and users shown of each credential, at most.
const DETAILS_SHOWN: usize = 10;

/// Everything that was found.
pub(crate) fn page(found: &Found, frame: Frame) -> Vec<String> {
    let mut lines = Vec::new();
    for secret in &found.secrets {
        lines.extend(about(secret, frame));
    }
    if !found.known {
        lines.push(format!(
            "Not known: no survey reported it ({} looked up). Nothing of it was kept.",
            count(i64::try_from(found.looked_up).unwrap_or(0), "string")
        ));
        for what in &found.not_recognisable {
            let said = format!("It would not be recognised if it were one of {}.", printable(what, 400));
            lines.extend(wrapped(&said, frame.prose(2)).into_iter().map(|line| format!("  {line}")));
        }
    }
    if found.cut {
        lines.push(String::from(
            "There was more than is looked at once; paste a smaller part to see the rest.",
        ));
    }
    lines
}

fn about(secret: &SecretFound, frame: Frame) -> Vec<String> {
    let mut words = vec![printable(&secret.shown, 80)];
    if secret.rule.is_some() && secret.checked {
        words.push(String::from("its structure is right"));
    }
    words.extend(secret.notes.iter().map(|(name, note)| format!("{name} {}", printable(note, 120))));
    let what = frame.paint.text(Look::Strong, &printable(&secret.what, 200));
    let mut lines = vec![format!("Line {}: {what} ({})", secret.line, words.join(", "))];
    if let Some(person) = &secret.our_token_of {
        let person = printable(person, 120);
        lines.push(format!("  It opens this Tenure as {person}: tenure people token {person} replaces it."));
    }
    for credential in &secret.credentials {
        lines.extend(of_credential(credential, frame));
    }
    if !secret.copies.is_empty() {
        let copies = i64::try_from(secret.copies.len()).unwrap_or(0);
        lines.push(format!("  Seen in {}", count(copies, "place")));
    }
    for copy in &secret.copies {
        let towards = copy.towards.as_ref().map(|towards| format!(" for {}", printable(towards, 120)));
        lines.push(format!(
            "    {} (source {}), as {}{}, since {}",
            printable(&copy.place, 400),
            copy.source_name,
            printable(&copy.principal_name, 120),
            towards.unwrap_or_default(),
            instant(copy.first_seen)
        ));
    }
    if secret.credentials.is_empty() && secret.copies.is_empty() && secret.our_token_of.is_none() {
        lines.push(String::from("  in no system that is read"));
    }
    lines
}

fn of_credential(found: &CredentialFound, frame: Frame) -> Vec<String> {
    let standing = format!("{} {}", found.standing.mark(), found.standing);
    let standing = frame.paint.text(look_of_standing(found.standing), &standing);
    let owners = if found.owners.is_empty() { String::from("nobody") } else { found.owners.join(", ") };
    let place = text(&found.facts, names::PLACE).map(|place| format!(" in {}", printable(place, 200)));
    let mut lines = vec![
        format!(
            "  {} of {} ({}), {}, {}{}",
            found.kind.title(),
            printable(&found.holder, 200),
            found.presence,
            found.state,
            format_args!("known since {}", instant(found.since)),
            place.unwrap_or_default()
        ),
        format!(
            "    identity {} {standing} ({}), owned by {}",
            printable(&found.name, 200),
            found.handle,
            printable(&owners, 200)
        ),
        format!(
            "    issued by {}; may do {}; {}",
            printable(&found.issued_by, 120),
            printable(&found.may_do, 200),
            dies(&printable(&found.dies, 200))
        ),
    ];
    for right in found.rights.iter().take(DETAILS_SHOWN) {
        let path = if right.path.is_empty() {
            String::new()
        } else {
            format!(" through {}", right.path.join(" → "))
        };
        lines.push(format!(
            "    may {} on {}",
            printable(&format!("{}{path}", right.right), 200),
            printable(&right.resource, 200)
        ));
    }
    let shown = i64::try_from(found.rights.len().min(DETAILS_SHOWN)).unwrap_or(0);
    if found.rights_count > shown && shown > 0 {
        lines.push(format!("    and {} more", count(found.rights_count - shown, "right")));
    }
    lines.extend(used(found));
    lines
}

/// Used since when, or why that is not known.
fn used(found: &CredentialFound) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(since) = found.used_since {
        lines.push(format!("    its holder was seen in use since {}", instant(since)));
    }
    for seen in found.uses.iter().take(DETAILS_SHOWN) {
        lines.push(format!(
            "    last {} from {}, {}",
            instant(seen.last_seen),
            printable(&seen.consumer, 120),
            count(seen.count, "session")
        ));
    }
    if lines.is_empty() {
        lines.push(String::from("    no use was seen; that shows nothing where uses are not observed"));
    }
    for note in found.not_observable.iter().filter(|note| note.what.contains("use")) {
        lines.push(format!("    not known here: {}", printable(&note.what, 200)));
    }
    lines
}
