//! The sentence at the top of an identity's page: what it is, what it may do, whose it is, when it was used.
//! It says what is known in plain words and "unknown" otherwise; it must never judge. Next: `identity.rs`.

use super::text;
use tenure_engine::{IdentityShown, PrincipalRow};
use tenure_model::{Instant, Presence, PrincipalKind, flag, names};

/// One sentence about an identity.
pub(super) fn headline(shown: &IdentityShown, now: Instant) -> String {
    let present: Vec<&PrincipalRow> =
        shown.principals.iter().filter(|one| one.presence == Presence::Present).collect();
    if present.is_empty() {
        return ended(shown);
    }
    format!("{}; it {}; {}; {}.", what(&present), may(shown, &present), whose(shown), used(shown, now))
}

fn what(present: &[&PrincipalRow]) -> String {
    match present {
        [one] => of_kind(one.kind, &text::shown(&one.source_name)),
        several => {
            let mut sources: Vec<String> = several.iter().map(|one| text::shown(&one.source_name)).collect();
            sources.sort();
            sources.dedup();
            format!("{} principals at {}", several.len(), sources.join(", "))
        }
    }
}

fn of_kind(kind: PrincipalKind, source: &str) -> String {
    if kind == PrincipalKind::External {
        return format!("An identity of another system, known at {source} by a copy of its credential");
    }
    let kind = text::spaced(kind.as_str());
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
    format!("{article} {kind} at {source}")
}

fn may(shown: &IdentityShown, present: &[&PrincipalRow]) -> String {
    let count =
        |count: i64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    if present.iter().any(|one| flag(&one.facts, names::SUPERUSER) == Some(true)) {
        return String::from("may do everything there");
    }
    match (shown.grants_count, shown.owned_count) {
        (0, 0) => String::from("holds no right of its own that was seen"),
        (rights, 0) => format!("holds {}", count(rights, "right", "rights")),
        (rights, owned) => {
            format!("holds {} and owns {}", count(rights, "right", "rights"), count(owned, "thing", "things"))
        }
    }
}

fn whose(shown: &IdentityShown) -> String {
    let owners: Vec<String> = shown.owners.iter().map(|owner| text::shown(owner)).collect();
    match (owners.as_slice(), shown.identity.built_in) {
        ([], true) => String::from("it belongs to the system itself"),
        ([], false) => String::from("nobody owns it"),
        ([one], _) => format!("{one} answers for it"),
        (several, _) => format!("{} answer for it", several.join(" and ")),
    }
}

fn used(shown: &IdentityShown, now: Instant) -> String {
    shown.uses.iter().max_by_key(|seen| seen.last_seen).map_or_else(
        || String::from("no use was seen"),
        |last| {
            format!(
                "last seen used {} from {}",
                text::when(last.last_seen, now).said,
                text::shown(&last.consumer)
            )
        },
    )
}

fn ended(shown: &IdentityShown) -> String {
    let is = |presence| shown.principals.iter().any(|one| one.presence == presence);
    let said = if is(Presence::Unproven) {
        "It was claimed dead, and that is not proved to the level required"
    } else if is(Presence::Retired) {
        "It was ended, and that is proved"
    } else if is(Presence::Gone) {
        "It vanished without Tenure; nothing was proved"
    } else {
        "It has no principal"
    };
    format!("{said}; {}.", whose(shown))
}

#[cfg(test)]
mod tests {
    use super::of_kind;
    use tenure_model::PrincipalKind;

    #[test]
    fn every_kind_is_said_as_a_thing() {
        let said: Vec<String> = PrincipalKind::ALL.iter().map(|kind| of_kind(*kind, "box")).collect();
        insta::assert_snapshot!(said.join("\n"), @"
        An account at box
        A group at box
        A workload at box
        An agent at box
        A key at box
        A machine at box
        An identity of another system, known at box by a copy of its credential
        ");
    }
}
