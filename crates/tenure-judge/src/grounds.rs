//! What a finding rests on, so that what a person said of it ends when that changes.
//!
//! Only facts that hold and that the policy asks for, and since when the value is the same. A fact that flips by
//! itself, or moves with each use, is there by its name alone: its text changes without anything getting worse.
//! It must never depend on `now`. Next: `judge.rs`, which compares.

use crate::{
    facts::{Holds, Seen, Subject},
    policy::Rule,
};
use std::collections::BTreeMap;
use tenure_model::printable;

/// What a finding rested on: each fact by its name, and what it said.
pub type Grounds = BTreeMap<String, String>;

/// Not the name of a fact: since when the value of a credential is the same.
const VALUE: &str = "value";
/// Characters of a text that are kept and shown.
const SHOWN_CHARS_MAX: usize = 200;

/// What this rule rests on now, about this subject.
pub(crate) fn grounds(rule: &Rule, subject: &Subject) -> Grounds {
    let mut grounds: Grounds = held(rule, subject)
        .map(|seen| {
            let says = if seen.flips_at.is_some() { "" } else { &*seen.says };
            (seen.name.to_owned(), printable(says, SHOWN_CHARS_MAX))
        })
        .collect();
    if let Some(since) = subject.value_since {
        grounds.insert(VALUE.to_owned(), since.to_string());
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

/// What is not as it was, in words; `None` when everything it rests on now was so then. What does not hold any
/// more is no reason: that got better.
pub(crate) fn changed(then: &Grounds, now: &Grounds) -> Option<String> {
    let other = |(name, _): &(&String, &String)| then.get(*name) != now.get(*name);
    // The value says most, and stands after the facts in the alphabet.
    let (name, says) = now.iter().rev().find(other)?;
    Some(match (name.as_str(), then.get(name)) {
        (VALUE, _) => format!("the value is another one since {says}"),
        (_, None) => format!("`{name}` holds now and did not"),
        (_, Some(before)) => format!("`{name}` was \"{before}\" and is \"{says}\""),
    })
}

#[cfg(test)]
mod tests {
    use super::{Grounds, changed};

    fn grounds(given: &[(&str, &str)]) -> Grounds {
        given.iter().map(|(name, says)| ((*name).to_owned(), (*says).to_owned())).collect()
    }

    #[test]
    fn what_changed_is_said_and_what_got_better_is_no_change() {
        let then = grounds(&[("present", ""), ("readable_by_others", "mode 640"), ("value", "A")]);
        assert_eq!(changed(&then, &then), None);
        assert_eq!(changed(&then, &grounds(&[("present", ""), ("value", "A")])), None);
        let wider = grounds(&[("present", ""), ("readable_by_others", "mode 644"), ("value", "A")]);
        insta::assert_snapshot!(changed(&then, &wider).unwrap(), @r#"`readable_by_others` was "mode 640" and is "mode 644""#);
        let mut more = then.clone();
        more.insert("in_use".to_owned(), String::new());
        insta::assert_snapshot!(changed(&then, &more).unwrap(), @"`in_use` holds now and did not");
        let exchanged = grounds(&[("present", ""), ("readable_by_others", "mode 644"), ("value", "B")]);
        insta::assert_snapshot!(changed(&then, &exchanged).unwrap(), @"the value is another one since B");
    }
}
