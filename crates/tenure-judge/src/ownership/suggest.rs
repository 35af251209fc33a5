//! From what was seen beside an identity to the people whose it might be.
//!
//! A clue points to an account, a word or a person; only people known to Tenure are suggested. It must never turn
//! two weak clues into a strong one, and never hide that another person fits as well. Next: `tag.rs`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tenure_model::{Person, PersonId, noun};

/// Clues shown of one suggestion, at most.
const EVIDENCE_MAX: usize = 10;

noun! {
    /// How sure a suggestion is, as a word: nobody measured a number.
    pub enum Confidence as "confidence" {
        /// Something only remotely connected points there.
        Low = "low",
        /// A name points there, and names can be shared.
        Medium = "medium",
        /// The machine or a person said so.
        High = "high",
    }
}

noun! {
    /// What points to a person.
    pub enum ClueKind as "clue" {
        /// Whose file it is defined in, or its secret lies in.
        FileOwner = "file_owner",
        /// Whose unit or job file starts it.
        UnitFile = "unit_file",
        /// Whose account it is.
        Account = "account",
        /// Whose account a key opens, or it runs as.
        OpensAccount = "opens_account",
        /// A tag in a comment names them.
        Tag = "tag",
        /// A comment speaks of them.
        Comment = "comment",
        /// A CODEOWNERS file names them for the place.
        CodeOwners = "code_owners",
        /// They work in the Git work tree it lies in.
        GitAuthor = "git_author",
        /// Who would get what it owns, as the source was told.
        Heir = "heir",
        /// A role it is a member of is theirs.
        Member = "member",
        /// The same value elsewhere is theirs.
        SameValue = "same_value",
        /// What is defined in the same file is theirs.
        SameFile = "same_file",
        /// What lies in the same folder is theirs.
        SameFolder = "same_folder",
        /// Somebody said that this person is to be asked.
        PassedOn = "passed_on",
    }
}

/// Whom a clue points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PointsTo {
    /// An account of a machine. Its number is given only where it is an account of the machine Tenure runs on.
    Account {
        /// Its name.
        name: String,
        /// Its number there.
        local_uid: Option<u32>,
    },
    /// A name as somebody wrote it: `alice`, `@alice`, `alice@example.org`.
    Word(String),
    /// Words among others, of which one may be a name.
    Text(String),
    /// Somebody known.
    Person(PersonId),
}

/// Something seen beside an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clue {
    /// What it is.
    pub kind: ClueKind,
    /// Whom it points to.
    pub points_to: PointsTo,
    /// What was seen, in words.
    pub says: String,
}

/// What a suggestion rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is.
    pub kind: ClueKind,
    /// What was seen, in words.
    pub says: String,
}

/// Somebody whose it might be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Who.
    pub person: PersonId,
    /// How sure.
    pub confidence: Confidence,
    /// Why so sure and no surer.
    pub reason: String,
    /// What it rests on, the strongest first; at most ten.
    pub evidence: Vec<Evidence>,
}

/// The people that the clues point to, the surest first, then by name.
pub fn suggest(clues: &[Clue], people: &[Person]) -> Vec<Suggestion> {
    let mut found: BTreeMap<PersonId, Vec<(Confidence, &'static str, Evidence)>> = BTreeMap::new();
    for clue in clues {
        for person in people {
            if let Some((confidence, why)) = weigh(clue, person) {
                let evidence = Evidence { kind: clue.kind, says: clue.says.clone() };
                let of_person = found.entry(person.id).or_default();
                if !of_person.iter().any(|(_, _, known)| *known == evidence) {
                    of_person.push((confidence, why, evidence));
                }
            }
        }
    }
    let name = |id: PersonId| people.iter().find(|person| person.id == id).map(|person| person.name.as_str());
    let mut made: Vec<Suggestion> =
        found.into_iter().filter_map(|(person, clues)| suggestion(person, clues)).collect();
    made.sort_by(|one, other| {
        other.confidence.cmp(&one.confidence).then_with(|| name(one.person).cmp(&name(other.person)))
    });
    rivals(&mut made);
    made
}

fn suggestion(person: PersonId, mut clues: Vec<(Confidence, &'static str, Evidence)>) -> Option<Suggestion> {
    clues.sort_by_key(|(confidence, _, _)| std::cmp::Reverse(*confidence));
    let (confidence, reason) = clues.first().map(|(confidence, why, _)| (*confidence, (*why).to_owned()))?;
    let evidence = clues.into_iter().take(EVIDENCE_MAX).map(|(_, _, evidence)| evidence).collect();
    Some(Suggestion { person, confidence, reason, evidence })
}

/// Where several fit equally well, none of them is sure.
fn rivals(made: &mut [Suggestion]) {
    let Some(best) = made.first().map(|first| first.confidence) else { return };
    let equal = made.iter().filter(|one| one.confidence == best).count();
    if best == Confidence::High && equal > 1 {
        for one in made.iter_mut().filter(|one| one.confidence == best) {
            one.confidence = Confidence::Medium;
            one.reason = format!(
                "{}, but {} fit equally well",
                one.reason,
                if equal == 2 { "two" } else { "several" }
            );
        }
    }
}

/// How sure this clue alone makes it that it is this person's, and why.
fn weigh(clue: &Clue, person: &Person) -> Option<(Confidence, &'static str)> {
    match &clue.points_to {
        PointsTo::Person(id) if *id == person.id => Some(by_person(clue.kind)),
        PointsTo::Account { name, local_uid } => by_account(name, *local_uid, person),
        PointsTo::Word(word) if names(word, person) => Some(by_word(clue.kind)),
        PointsTo::Text(text) if speaks_of(text, person) => {
            Some((Confidence::Low, "a comment speaks of somebody of this name"))
        }
        PointsTo::Person(_) | PointsTo::Word(_) | PointsTo::Text(_) => None,
    }
}

fn by_account(name: &str, local_uid: Option<u32>, person: &Person) -> Option<(Confidence, &'static str)> {
    match (local_uid, person.local_uid) {
        // Everything that nobody in particular made is root's: that says little.
        (Some(0), Some(0)) => {
            Some((Confidence::Low, "it is root's, as everything on a machine that is nobody's in particular"))
        }
        (Some(uid), Some(theirs)) if uid == theirs => {
            Some((Confidence::High, "the account on this machine is theirs, as Tenure was told"))
        }
        // Another person's account by number is not theirs by name.
        (Some(_), Some(_)) => None,
        _ if name != "root" && names(name, person) => Some((
            Confidence::Medium,
            "the account is called like them; nobody told Tenure that it is theirs",
        )),
        _ => None,
    }
}

fn by_person(kind: ClueKind) -> (Confidence, &'static str) {
    match kind {
        ClueKind::PassedOn => (Confidence::High, "somebody who was asked says so"),
        ClueKind::SameValue => (Confidence::High, "the same value elsewhere is theirs"),
        ClueKind::SameFile => (Confidence::Medium, "what else is defined in that file is theirs"),
        ClueKind::Heir | ClueKind::Member | ClueKind::OpensAccount => {
            (Confidence::Medium, "an account or role it hangs on is theirs")
        }
        ClueKind::FileOwner
        | ClueKind::UnitFile
        | ClueKind::Account
        | ClueKind::Tag
        | ClueKind::Comment
        | ClueKind::CodeOwners
        | ClueKind::GitAuthor
        | ClueKind::SameFolder => (Confidence::Low, "what lies beside it is theirs"),
    }
}

fn by_word(kind: ClueKind) -> (Confidence, &'static str) {
    match kind {
        ClueKind::Tag => (Confidence::High, "whoever made it wrote their name as its owner"),
        ClueKind::CodeOwners => {
            (Confidence::Medium, "the folder names them for reviews; that is not the same as owning")
        }
        ClueKind::GitAuthor => {
            (Confidence::Low, "they work in the folder it lies in; that is not the same as owning")
        }
        ClueKind::FileOwner
        | ClueKind::UnitFile
        | ClueKind::Account
        | ClueKind::OpensAccount
        | ClueKind::Comment
        | ClueKind::Heir
        | ClueKind::Member
        | ClueKind::SameValue
        | ClueKind::SameFile
        | ClueKind::SameFolder
        | ClueKind::PassedOn => (Confidence::Medium, "a name points there, and names can be shared"),
    }
}

/// `alice`, `@alice`, `@org/alice` and `alice@example.org` name alice.
fn names(word: &str, person: &Person) -> bool {
    let bare = word.trim().trim_start_matches('@');
    let bare = bare.rsplit('/').next().unwrap_or(bare);
    let local = bare.split('@').next().unwrap_or(bare);
    let theirs = person.name.to_lowercase();
    [bare, local].iter().any(|form| !form.is_empty() && form.to_lowercase() == theirs)
}

/// One of the words is their name. Names of fewer than three letters are too often something else.
fn speaks_of(text: &str, person: &Person) -> bool {
    person.name.chars().count() >= 3
        && text
            .split(|letter: char| {
                letter.is_whitespace()
                    || matches!(letter, ',' | ';' | '(' | ')' | '<' | '>' | '"' | '\'' | ':')
            })
            .any(|word| names(word.trim_end_matches('.'), person))
}

#[cfg(test)]
mod tests {
    use super::{Clue, ClueKind, PointsTo, suggest};
    use std::fmt::Write as _;
    use tenure_model::{Instant, Person, PersonId, Role};

    fn person(number: u8, name: &str, local_uid: Option<u32>) -> Person {
        let id = PersonId::new(Instant::from_micros(1_800_000_000_000_000), [number; 10]);
        Person { id, name: name.to_owned(), role: Role::Owner, local_uid }
    }

    fn people() -> Vec<Person> {
        vec![person(1, "alice", Some(1001)), person(2, "bob", None), person(3, "root-admin", Some(0))]
    }

    fn check(clues: &[(ClueKind, PointsTo)]) -> String {
        let clues: Vec<Clue> = clues
            .iter()
            .map(|(kind, points_to)| Clue {
                kind: *kind,
                points_to: points_to.clone(),
                says: kind.to_string(),
            })
            .collect();
        let people = people();
        let mut text = String::new();
        for one in suggest(&clues, &people) {
            let name = &people.iter().find(|person| person.id == one.person).unwrap().name;
            let rests: Vec<String> = one.evidence.iter().map(|evidence| evidence.says.clone()).collect();
            let _ = writeln!(text, "{name} {}: {} ({})", one.confidence, one.reason, rests.join(", "));
        }
        text
    }

    fn account(name: &str, local_uid: Option<u32>) -> PointsTo {
        PointsTo::Account { name: name.to_owned(), local_uid }
    }

    #[test]
    fn an_account_is_somebodys_by_number_on_this_machine_and_by_name_elsewhere() {
        insta::assert_snapshot!(check(&[(ClueKind::FileOwner, account("deploy", Some(1001)))]), @"alice high: the account on this machine is theirs, as Tenure was told (file_owner)");
        insta::assert_snapshot!(check(&[(ClueKind::FileOwner, account("alice", None))]), @"alice medium: the account is called like them; nobody told Tenure that it is theirs (file_owner)");
        insta::assert_snapshot!(check(&[(ClueKind::FileOwner, account("alice", Some(1002)))]), @"");
        insta::assert_snapshot!(check(&[(ClueKind::FileOwner, account("bob", Some(1002)))]), @"bob medium: the account is called like them; nobody told Tenure that it is theirs (file_owner)");
        insta::assert_snapshot!(check(&[(ClueKind::UnitFile, account("root", Some(0)))]), @"root-admin low: it is root's, as everything on a machine that is nobody's in particular (unit_file)");
        insta::assert_snapshot!(check(&[(ClueKind::UnitFile, account("root", None))]), @"");
    }

    #[test]
    fn words_name_people_and_comments_only_speak_of_them() {
        let word = |text: &str| PointsTo::Word(text.to_owned());
        insta::assert_snapshot!(check(&[(ClueKind::Tag, word("Alice@example.org"))]), @"alice high: whoever made it wrote their name as its owner (tag)");
        insta::assert_snapshot!(check(&[(ClueKind::CodeOwners, word("@shop/bob"))]), @"bob medium: the folder names them for reviews; that is not the same as owning (code_owners)");
        insta::assert_snapshot!(check(&[(ClueKind::GitAuthor, word("alice@shop.invalid"))]), @"alice low: they work in the folder it lies in; that is not the same as owning (git_author)");
        insta::assert_snapshot!(check(&[(ClueKind::Tag, word("team-billing"))]), @"");
        insta::assert_snapshot!(check(&[(ClueKind::Comment, PointsTo::Text(String::from("for the report (ask Bob)")))]), @"bob low: a comment speaks of somebody of this name (comment)");
        insta::assert_snapshot!(check(&[(ClueKind::Comment, PointsTo::Text(String::from("bobsled")))]), @"");
    }

    #[test]
    fn nobody_is_sure_where_another_fits_as_well_and_weak_clues_do_not_add_up() {
        let alice = PointsTo::Person(people()[0].id);
        insta::assert_snapshot!(check(&[
            (ClueKind::SameValue, alice.clone()),
            (ClueKind::Tag, PointsTo::Word(String::from("bob"))),
        ]), @r"
        alice medium: the same value elsewhere is theirs, but two fit equally well (same_value)
        bob medium: whoever made it wrote their name as its owner, but two fit equally well (tag)
        ");
        insta::assert_snapshot!(check(&[
            (ClueKind::SameFolder, alice.clone()),
            (ClueKind::Comment, PointsTo::Text(String::from("alice"))),
            (ClueKind::SameFile, alice.clone()),
            (ClueKind::SameFile, alice),
        ]), @"alice medium: what else is defined in that file is theirs (same_file, same_folder, comment)");
    }
}
