//! What a finding rests on, so that what a person said of it ends when that changes.
//!
//! Only facts that hold and that the policy asks for, each with everything it rests on, and since when the value is
//! the same. What is shown of a fact is shortened and is never compared. What flips by itself, or moves with each
//! use, is there without its instant: that changes without anything getting worse.
//! It must never depend on `now` otherwise. Next: `judge.rs`, which compares.

use crate::{
    dossier::Dossier,
    facts::{Holds, Lines, Members, Seen, Subject, named},
    policy::Rule,
};
use std::collections::BTreeSet;
use tenure_model::{Ground, Grounds, printable};

/// Not the name of a fact: since when the value of a credential is the same.
const VALUE: &str = "value";
/// Characters of a text that are kept and shown.
const SHOWN_CHARS_MAX: usize = 200;
/// What came since, when that is said: so many by name.
const GAINED_NAMED_MAX: usize = 5;

/// What this rule rests on now, about this subject.
pub(crate) fn grounds(rule: &Rule, subject: &Subject, dossier: &Dossier, lines: &Lines<'_>) -> Grounds {
    let mut grounds: Grounds = held(rule, subject)
        .map(|seen| {
            let Members { names, count } = Members::read(seen, subject, dossier, lines);
            let says = if seen.flips_at.is_some() { "" } else { &*seen.says };
            let says = printable(says, SHOWN_CHARS_MAX);
            (seen.name.to_owned(), Ground { says, members: names, count })
        })
        .collect();
    if let Some(since) = subject.value_since {
        let since = since.to_string();
        let members = BTreeSet::from([since.clone()]);
        grounds.insert(VALUE.to_owned(), Ground { says: since, members, count: 1 });
    }
    grounds
}

/// The facts that hold and that this rule asks for.
pub(crate) fn held<'subject>(
    rule: &Rule,
    subject: &'subject Subject,
) -> impl Iterator<Item = &'subject Seen> {
    subject.seen.iter().filter(|seen| seen.holds == Holds::Yes && rule.facts.contains(&seen.name))
}

/// What is worse or other than it was, in words; `None` when everything it rests on now was so then. What does not
/// hold any more, or rests on less, is no reason: that got better.
pub(crate) fn changed(then: &Grounds, now: &Grounds) -> Option<String> {
    // The value says most, and stands after the facts in the alphabet.
    now.iter().rev().find_map(|(name, now)| match (name.as_str(), then.get(name)) {
        (VALUE, then) if then != Some(now) => Some(format!("the value is another one since {}", now.says)),
        (_, None) => Some(format!("`{name}` holds now and did not")),
        (_, Some(then)) => gained(then, now).map(|what| format!("`{name}` {what}")),
    })
}

/// What one fact rests on now and did not, in words.
fn gained(then: &Ground, now: &Ground) -> Option<String> {
    let news: Vec<String> = now.members.difference(&then.members).cloned().collect();
    let is_one = then.members.len() == 1 && now.members.len() == 1;
    if !news.is_empty() && is_one && !now.says.is_empty() && now.says != then.says {
        return Some(format!("was \"{}\" and is \"{}\"", then.says, now.says));
    }
    if !news.is_empty() {
        return Some(format!("rests on {} now and did not", named(&news, GAINED_NAMED_MAX)));
    }
    (now.count > then.count).then(|| format!("rests on {} and was on {}", now.count, then.count))
}

#[cfg(test)]
mod tests {
    use super::{Ground, Grounds, changed};

    fn ground(says: &str, members: &[&str]) -> Ground {
        let count = u64::try_from(members.len()).unwrap();
        Ground {
            says: says.to_owned(),
            members: members.iter().map(|one| (*one).to_owned()).collect(),
            count,
        }
    }

    fn grounds(given: &[(&str, &str)]) -> Grounds {
        given.iter().map(|(name, says)| ((*name).to_owned(), ground(says, &[says]))).collect()
    }

    #[test]
    fn what_changed_is_said_and_what_got_better_is_no_change() {
        let then = grounds(&[("present", ""), ("readable_by_others", "mode 640"), ("value", "A")]);
        assert_eq!(changed(&then, &then), None);
        assert_eq!(changed(&then, &grounds(&[("present", ""), ("value", "A")])), None);
        let wider = grounds(&[("present", ""), ("readable_by_others", "mode 644"), ("value", "A")]);
        insta::assert_snapshot!(changed(&then, &wider).unwrap(), @r#"`readable_by_others` was "mode 640" and is "mode 644""#);
        let mut more = then.clone();
        more.insert("in_use".to_owned(), Ground::default());
        insta::assert_snapshot!(changed(&then, &more).unwrap(), @"`in_use` holds now and did not");
        let exchanged = grounds(&[("present", ""), ("readable_by_others", "mode 644"), ("value", "B")]);
        insta::assert_snapshot!(changed(&then, &exchanged).unwrap(), @"the value is another one since B");
    }

    #[test]
    fn what_is_gained_counts_behind_the_same_text_and_what_is_lost_does_not() {
        let of = |one: Ground| Grounds::from([("outside_charter".to_owned(), one)]);
        let then = of(ground("`a`, `b` and 1 more", &["a", "b", "x"]));
        let exchanged = of(ground("`a`, `b` and 1 more", &["a", "b", "DROP on shop"]));
        insta::assert_snapshot!(changed(&then, &exchanged).unwrap(), @"`outside_charter` rests on `DROP on shop` now and did not");
        assert_eq!(changed(&then, &of(ground("`a`", &["a"]))), None);
        let mut twice = then.clone();
        for one in twice.values_mut() {
            one.count = 4;
        }
        insta::assert_snapshot!(changed(&then, &twice).unwrap(), @"`outside_charter` rests on 4 and was on 3");
        assert_eq!(changed(&twice, &then), None);
    }
}
