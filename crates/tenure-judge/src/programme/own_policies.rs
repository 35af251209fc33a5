//! Policies of an organisation's own: Cedar files beside the programme's, each with labelled examples that it must answer.
//!
//! They ask for the same facts as those that ship and are judged with them. One without examples, or that answers one of
//! them otherwise than its label says, is refused with the programme: nobody finds that out from an identity that lapsed.
//! Next: `policy.rs`, how a policy is read; `example.rs`, the form of the examples.

use super::{Programme, ProgrammeRefused};
use crate::{
    example::{EXAMPLE_NOW, Example, examples},
    judge::{Judge, OpenSince},
    policy::{Rule, read},
    remain::Recall,
};
use std::collections::BTreeMap;
use tenure_model::printable;

/// The folder of such files, in the directory of a programme.
pub(super) const FOLDER: &str = "policies/";
/// What their ids begin with, so that none is ever taken for one that ships.
pub(crate) const OWN: &str = "own_";
const CEDAR: &str = ".cedar";
const EXAMPLES: &str = ".examples.toml";
/// Policies, and characters of an id, at most.
const POLICIES_MAX: usize = 50;
const ID_CHARS_MAX: usize = 60;
/// Bytes of a file, at most.
const CEDAR_BYTES_MAX: usize = 8 * 1024;
const EXAMPLES_BYTES_MAX: usize = 64 * 1024;
/// How deep brackets are nested, and how often something is asked with `if`, at most: Cedar reads what is nested by calling itself,
/// and would end the process where a stack ends.
const NESTED_MAX: usize = 24;
/// Characters of a sentence, at most.
const SENTENCE_CHARS_MAX: usize = 400;
/// Examples of each label, at least; and of a policy, at most.
const OF_EACH_MIN: usize = 2;
const EXAMPLES_MAX: usize = 100;
/// Facts are named so; however else Cedar lets one write them, what a finding rests on could not be told.
const WRITTEN_OTHERWISE: [&str; 2] = ["principal[", "principal has"];

/// A policy of an organisation's own, with its examples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPolicy {
    /// Its id, which begins with `own_`.
    pub id: String,
    /// The policy, in Cedar.
    pub text: String,
    /// Its examples, in the form of those that ship.
    pub examples: String,
}

/// What is wrong with one file of them.
pub(super) struct OwnFault {
    pub(super) file: String,
    pub(super) why: String,
}

/// The policies among the files of a programme, and what is wrong with how they are laid out.
pub(super) fn among(files: &BTreeMap<String, String>) -> (Vec<OwnPolicy>, Vec<OwnFault>) {
    let (mut own, mut faults) = (Vec::new(), Vec::new());
    for (file, text) in files.iter().filter(|(file, _)| file.starts_with(FOLDER)) {
        match laid_out(file, text, files) {
            Ok(policy) => own.extend(policy),
            Err(why) => faults.push(OwnFault { file: file.clone(), why }),
        }
    }
    if own.len() > POLICIES_MAX {
        let why = format!("there are {} policies; at most {POLICIES_MAX} are read", own.len());
        faults.push(OwnFault { file: FOLDER.to_owned(), why });
        own.truncate(POLICIES_MAX);
    }
    (own, faults)
}

/// The policy of a file, whole with its examples; nothing of a file of examples, which comes with its policy.
fn laid_out(file: &str, text: &str, files: &BTreeMap<String, String>) -> Result<Option<OwnPolicy>, String> {
    let name = file.strip_prefix(FOLDER).unwrap_or(file);
    let most = if name.ends_with(EXAMPLES) { EXAMPLES_BYTES_MAX } else { CEDAR_BYTES_MAX };
    if text.len() > most {
        return Err(format!("it has {} bytes; at most {most} are read", text.len()));
    }
    let beside = |id: &str, end: &str| files.get(&format!("{FOLDER}{id}{end}"));
    if let Some(id) = name.strip_suffix(EXAMPLES) {
        let there = beside(id, CEDAR).is_some();
        return if there { Ok(None) } else { Err(format!("there is no {id}{CEDAR} beside it")) };
    }
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let id = name.strip_suffix(CEDAR).filter(|id| {
        id.len() > OWN.len() && id.len() <= ID_CHARS_MAX && id.starts_with(OWN) && id.chars().all(is_plain)
    });
    let Some(id) = id else {
        return Err(format!(
            "a policy of your own is called `{OWN}…{CEDAR}`, of small letters, digits and `_`, with `{OWN}…{EXAMPLES}` beside it"
        ));
    };
    let Some(examples) = beside(id, EXAMPLES) else {
        return Err(format!(
            "there is no {id}{EXAMPLES} beside it: a policy is asked only with examples that it answers rightly"
        ));
    };
    if let Some(way) = WRITTEN_OTHERWISE.into_iter().find(|way| text.contains(way)) {
        return Err(format!("facts are written `principal.fact`; `{way}` is not understood here"));
    }
    if is_nested_too_deep(text) {
        return Err(format!(
            "brackets are nested deeper than {NESTED_MAX}, or `if` stands there more often; say it in several policies"
        ));
    }
    if chained(text) > NESTED_MAX {
        return Err(format!(
            "more than {NESTED_MAX} things are put together by `||`, `&&` and the like; say it in several policies"
        ));
    }
    Ok(Some(OwnPolicy { id: id.to_owned(), text: text.to_owned(), examples: examples.clone() }))
}

/// How often its condition puts one thing to another: Cedar asks what is put together by calling itself, too, and how far that goes
/// would hang on the thread that asks. By count it is the same everywhere.
fn chained(text: &str) -> usize {
    let condition = text.find("forbid").and_then(|at| text.get(at..)).unwrap_or(text);
    ["||", "&&", " + ", " - ", " * "].into_iter().map(|sign| condition.matches(sign).count()).sum()
}

fn is_nested_too_deep(text: &str) -> bool {
    let (mut depth, mut deepest) = (0_usize, 0);
    for letter in text.chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    deepest > NESTED_MAX || words.filter(|word| *word == "if").count() > NESTED_MAX
}

/// Everything that the policies themselves, or their examples, are wrong with. The rest of the programme can be read.
pub(super) fn faults(programme: &Programme) -> Vec<OwnFault> {
    let mut faults = Vec::new();
    for own in &programme.own_policies {
        let file = |end: &str| format!("{FOLDER}{}{end}", own.id);
        let judge = match judge_of(own, programme) {
            Ok(judge) => judge,
            Err(refused) => {
                let why = match refused {
                    ProgrammeRefused::PolicyFaulty { why, .. } => why,
                    other => other.to_string(),
                };
                faults.push(OwnFault { file: file(CEDAR), why });
                continue;
            }
        };
        let wrong = match examples(&own.examples) {
            Ok(examples) => answered(&judge, &own.id, &examples),
            Err(error) => vec![format!("it cannot be read: {}", error.message())],
        };
        faults.extend(wrong.into_iter().map(|why| OwnFault { file: file(EXAMPLES), why }));
    }
    faults
}

/// A judge that knows this policy alone, and asks it whatever the programme says.
fn judge_of(own: &OwnPolicy, programme: &Programme) -> Result<Judge, ProgrammeRefused> {
    let mut rule: Rule = read(&own.id, &own.text, programme)?;
    if rule.facts.is_empty() {
        let why = String::from("it asks for no fact, so it would say the same of everything");
        return Err(ProgrammeRefused::PolicyFaulty { policy: own.id.clone(), why });
    }
    let card = &rule.card;
    let sentences = [&card.reason, &card.remedy, &card.owasp].into_iter().chain(card.remedies.values());
    if let Some(unfit) = sentences.into_iter().find(|text| printable(text, SENTENCE_CHARS_MAX) != **text) {
        let shown = printable(unfit, 60);
        let why =
            format!("`{shown}` is longer than {SENTENCE_CHARS_MAX} characters, or holds what cannot be seen");
        return Err(ProgrammeRefused::PolicyFaulty { policy: own.id.clone(), why });
    }
    rule.card.enabled = true;
    Judge::with_rules(programme, vec![rule], Recall::Remember)
}

/// What its examples are wrong with, or it with them.
fn answered(judge: &Judge, id: &str, examples: &[Example]) -> Vec<String> {
    let failing = examples.iter().filter(|one| one.fails).count();
    let others = examples.len() - failing;
    if failing < OF_EACH_MIN || others < OF_EACH_MIN || examples.len() > EXAMPLES_MAX {
        return vec![format!(
            "{failing} of its examples fail and {others} do not; there are {OF_EACH_MIN} of each at least, and {EXAMPLES_MAX} at most"
        )];
    }
    let mut wrong = Vec::new();
    for (number, example) in (1..).zip(examples) {
        let judged = match judge.judge(&example.dossier, &OpenSince::new(), EXAMPLE_NOW) {
            Ok(judged) => judged,
            Err(why) => {
                wrong.push(format!("example {number} cannot be judged: {why}"));
                continue;
            }
        };
        // One that cannot be asked of an example cannot be asked of what is like it, whatever the example is to say.
        if let Some(broken) = judged.conditions.iter().find(|one| one.policy == format!("{id}.error")) {
            let says = printable(&example.says, 100);
            wrong.push(format!(
                "example {number} ({says}) cannot be asked: {}",
                printable(&broken.reason, 300)
            ));
            continue;
        }
        let found = judged.conditions.iter().any(|one| one.policy == id);
        let says = printable(&example.says, 100);
        match (example.fails, found) {
            (true, false) => wrong.push(format!("example {number} ({says}) is to fail, and does not")),
            (false, true) => wrong.push(format!("example {number} ({says}) is not to fail, and does")),
            (true, true) | (false, false) => {}
        }
    }
    wrong
}
