//! What people write to narrow a list: `kind:account standing:lapsed owner:none source:pg-main words`.
//!
//! The one home of these words: the console, the API's `q` and the CSV files all read them here, so that one address
//! shows the same everywhere. It must never refuse silently: what is not understood is said in `note`. Reading
//! never fails; whether a note is a problem is up to the caller. Next: `identities/listing.rs`.

use crate::problem::Problem;
use std::{fmt::Display, str::FromStr};
use tenure_model::{CredentialKind, CredentialState, Presence, PrincipalKind, RiskTier, Standing, printable};

/// Characters of a filter, at most.
const FILTER_CHARS_MAX: usize = 500;

/// What was read, and what was not understood.
#[derive(Debug, Default)]
pub(crate) struct Read<T> {
    pub(crate) wanted: T,
    pub(crate) note: Option<String>,
}

impl<T> Read<T> {
    /// What was read, if all of it was understood.
    pub(crate) fn strict(self) -> Result<T, Problem> {
        self.note.map_or(Ok(self.wanted), |note| Err(Problem::malformed(note)))
    }
}

/// A filter of identities.
#[derive(Debug, Clone, Default)]
pub(crate) struct IdentityWords {
    pub(crate) contains: Option<String>,
    pub(crate) standing: Option<Standing>,
    pub(crate) kind: Option<PrincipalKind>,
    pub(crate) source: Option<String>,
    /// A person's name, `none` or `me`.
    pub(crate) owner: Option<String>,
    /// A class of the programme.
    pub(crate) class: Option<String>,
    pub(crate) tier: Option<RiskTier>,
    pub(crate) findings: bool,
    pub(crate) built_in: bool,
}

/// A filter of principals.
#[derive(Debug, Clone, Default)]
pub(crate) struct PrincipalWords {
    pub(crate) contains: Option<String>,
    pub(crate) kind: Option<PrincipalKind>,
    pub(crate) source: Option<String>,
    pub(crate) presence: Option<Presence>,
    pub(crate) built_in: bool,
}

/// A filter of credentials.
#[derive(Debug, Clone, Default)]
pub(crate) struct CredentialWords {
    pub(crate) contains: Option<String>,
    pub(crate) kind: Option<CredentialKind>,
    pub(crate) state: Option<CredentialState>,
    pub(crate) source: Option<String>,
}

/// A filter of rights.
#[derive(Debug, Clone, Default)]
pub(crate) struct GrantWords {
    pub(crate) contains: Option<String>,
    pub(crate) right: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) grantable: bool,
}

/// Reads a filter of identities.
pub(crate) fn identities(query: &str) -> Read<IdentityWords> {
    let mut wanted = IdentityWords::default();
    let mut reading = Reading::of(query);
    reading.parsed("standing", &mut wanted.standing);
    reading.parsed("kind", &mut wanted.kind);
    reading.text("source", &mut wanted.source);
    reading.text("owner", &mut wanted.owner);
    reading.text("class", &mut wanted.class);
    reading.parsed("tier", &mut wanted.tier);
    reading.yes("findings", &mut wanted.findings);
    reading.yes("built-in", &mut wanted.built_in);
    wanted.contains = reading.words();
    reading.read(wanted)
}

/// Reads a filter of principals.
pub(crate) fn principals(query: &str) -> Read<PrincipalWords> {
    let mut wanted = PrincipalWords::default();
    let mut reading = Reading::of(query);
    reading.parsed("kind", &mut wanted.kind);
    reading.text("source", &mut wanted.source);
    reading.parsed("presence", &mut wanted.presence);
    reading.yes("built-in", &mut wanted.built_in);
    wanted.contains = reading.words();
    reading.read(wanted)
}

/// Reads a filter of credentials.
pub(crate) fn credentials(query: &str) -> Read<CredentialWords> {
    let mut wanted = CredentialWords::default();
    let mut reading = Reading::of(query);
    reading.parsed("kind", &mut wanted.kind);
    reading.parsed("state", &mut wanted.state);
    reading.text("source", &mut wanted.source);
    wanted.contains = reading.words();
    reading.read(wanted)
}

/// Reads a filter of rights.
pub(crate) fn grants(query: &str) -> Read<GrantWords> {
    let mut wanted = GrantWords::default();
    let mut reading = Reading::of(query);
    reading.text("right", &mut wanted.right);
    reading.text("source", &mut wanted.source);
    reading.yes("grantable", &mut wanted.grantable);
    wanted.contains = reading.words();
    reading.read(wanted)
}

/// A filter being read: pairs are taken out one name after another, what is left is words.
struct Reading {
    tokens: Vec<String>,
    note: Option<String>,
}

impl Reading {
    fn of(query: &str) -> Self {
        let length = query.chars().count();
        if length > FILTER_CHARS_MAX {
            let note = format!("the filter has {length} characters; at most {FILTER_CHARS_MAX} are read");
            return Self { tokens: Vec::new(), note: Some(note) };
        }
        Self { tokens: tokens(query), note: None }
    }

    /// Values of a name, in order; what is left are the other tokens.
    fn values(&mut self, name: &str) -> Vec<String> {
        let (values, left) = std::mem::take(&mut self.tokens)
            .into_iter()
            .partition(|token: &String| token.split_once(':').is_some_and(|(key, _)| key == name));
        self.tokens = left;
        let values: Vec<String> = values;
        values.iter().filter_map(|token| token.split_once(':')).map(|(_, value)| value.to_owned()).collect()
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str, wanted: &mut Option<T>) {
        for value in self.values(name) {
            match value.parse() {
                Ok(parsed) => *wanted = Some(parsed),
                Err(unknown) => {
                    self.note.get_or_insert(printable(&unknown.to_string(), 300));
                }
            }
        }
    }

    fn text(&mut self, name: &str, wanted: &mut Option<String>) {
        for value in self.values(name) {
            *wanted = Some(value.replace('\0', "")).filter(|value| !value.is_empty());
        }
    }

    fn yes(&mut self, name: &str, wanted: &mut bool) {
        for value in self.values(name) {
            *wanted = value == "yes";
            if !*wanted {
                let note =
                    format!("`{}` means nothing here; write `yes`, or leave it out", printable(&value, 60));
                self.note.get_or_insert(note);
            }
        }
    }

    fn words(&mut self) -> Option<String> {
        let words = std::mem::take(&mut self.tokens).join(" ");
        // A NUL is in no name, and no database takes one.
        Some(words.replace('\0', "")).filter(|words| !words.is_empty())
    }

    fn read<T>(self, wanted: T) -> Read<T> {
        Read { wanted, note: self.note }
    }
}

/// Words between spaces; what stands in double quotes keeps its spaces and loses the quotes.
fn tokens(query: &str) -> Vec<String> {
    let mut tokens = vec![String::new()];
    let mut quoted = false;
    for letter in query.chars() {
        match (letter, tokens.last_mut()) {
            ('"', _) => quoted = !quoted,
            (space, _) if space.is_whitespace() && !quoted => tokens.push(String::new()),
            (other, Some(last)) => last.push(other),
            (_, None) => {}
        }
    }
    tokens.into_iter().filter(|token| !token.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::{credentials, grants, identities, principals};

    fn check(query: &str) -> String {
        let read = identities(query);
        let said = format!("{:?} {}", read.wanted, read.note.unwrap_or_default());
        said.replace("IdentityWords ", "").replace("None", "·")
    }

    #[test]
    fn a_filter_is_words_and_pairs() {
        insta::assert_snapshot!(check(" ci  deploy standing:lapsed"), @r##"{ contains: Some("ci deploy"), standing: Some(Lapsed), kind: ·, source: ·, owner: ·, class: ·, tier: ·, findings: false, built_in: false }"##);
        insta::assert_snapshot!(check("kind:account source:pg-main findings:yes built-in:yes owner:none"), @r##"{ contains: ·, standing: ·, kind: Some(Account), source: Some("pg-main"), owner: Some("none"), class: ·, tier: ·, findings: true, built_in: true }"##);
        insta::assert_snapshot!(check("owner:\"pay desk\" \"two words\""), @r##"{ contains: Some("two words"), standing: ·, kind: ·, source: ·, owner: Some("pay desk"), class: ·, tier: ·, findings: false, built_in: false }"##);
        insta::assert_snapshot!(check("pg-main/a:b"), @r##"{ contains: Some("pg-main/a:b"), standing: ·, kind: ·, source: ·, owner: ·, class: ·, tier: ·, findings: false, built_in: false }"##);
        assert!(check("tier:high").contains("tier: Some(High)"));
        assert!(check("tier:highest").contains("`highest` is not a known risk tier"));
        insta::assert_snapshot!(check("standing:fine"), @"{ contains: ·, standing: ·, kind: ·, source: ·, owner: ·, class: ·, tier: ·, findings: false, built_in: false } `fine` is not a known standing; expected one of: unclaimed, sound, excepted, due, lapsed, suspended, unobserved, retired, gone, unproven");
        insta::assert_snapshot!(check("findings:no"), @"{ contains: ·, standing: ·, kind: ·, source: ·, owner: ·, class: ·, tier: ·, findings: false, built_in: false } `no` means nothing here; write `yes`, or leave it out");
        insta::assert_snapshot!(check(&"x".repeat(501)), @"{ contains: ·, standing: ·, kind: ·, source: ·, owner: ·, class: ·, tier: ·, findings: false, built_in: false } the filter has 501 characters; at most 500 are read");
    }

    #[test]
    fn each_list_has_its_own_words() {
        insta::assert_snapshot!(format!("{:?}", principals("presence:gone built-in:yes kind:group x")), @r##"Read { wanted: PrincipalWords { contains: Some("x"), kind: Some(Group), source: None, presence: Some(Gone), built_in: true }, note: None }"##);
        insta::assert_snapshot!(format!("{:?}", credentials("kind:password state:live id_rsa")), @r##"Read { wanted: CredentialWords { contains: Some("id_rsa"), kind: Some(Password), state: Some(Live), source: None }, note: None }"##);
        insta::assert_snapshot!(format!("{:?}", grants("right:SELECT grantable:yes orders\0")), @r##"Read { wanted: GrantWords { contains: Some("orders"), right: Some("SELECT"), source: None, grantable: true }, note: None }"##);
    }
}
