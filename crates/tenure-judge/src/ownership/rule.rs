//! Which identities are meant, in one line: `path:~deploy/** kind:workload`. People claim by it, classes of a programme match by it.
//!
//! Every term must hold. A rule says which identities are meant and never whose they become; what is owned stays
//! owned whatever a rule says, which is decided where it is written. Next: `glob.rs`.

use super::{
    glob::{fits, literal},
    tag::{Tag, tags_of},
};
use tenure_model::{Environment, Facts, PrincipalKind, names, printable, text};

/// Terms of a rule, at most.
const TERMS_MAX: usize = 20;
/// Characters of a rule, at most.
const CHARS_MAX: usize = 1_000;
const KEYS: [&str; 7] = ["path", "tag", "name", "kind", "source", "system", "environment"];

/// Who wrote which of these in a tag meant a person or a team.
pub const OWNER_TAGS: [&str; 6] = ["owner", "owned-by", "contact", "responsible", "maintainer", "team"];
/// Facts that hold what somebody wrote about a principal.
pub const COMMENTS: [&str; 2] = ["comment", "description"];

/// What a rule looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    /// The names of the identity and of its principals.
    pub names: Vec<String>,
    /// What its principals are.
    pub kinds: Vec<PrincipalKind>,
    /// Where they were seen, by the source's name.
    pub sources: Vec<String>,
    /// Files they are defined in, and where their secrets lie.
    pub places: Vec<String>,
    /// Which kinds of systems hold them: `postgres`.
    pub systems: Vec<String>,
    /// Where the charter says that it runs.
    pub environment: Option<Environment>,
    /// What comments beside them say.
    pub tags: Vec<Tag>,
}

impl Traits {
    /// What one of its principals adds.
    pub fn add(&mut self, one: &PrincipalTraits<'_>) {
        self.names.push(one.name.to_owned());
        self.kinds.push(one.kind);
        self.sources.push(one.source.to_owned());
        self.systems.push(one.system.to_owned());
        self.places.extend(text(one.facts, names::DEFINED_IN).map(str::to_owned));
        let written = COMMENTS.iter().filter_map(|name| text(one.facts, name));
        for comment in one.charter_hint.into_iter().chain(written) {
            self.tags.extend(tags_of(comment));
        }
        for key in OWNER_TAGS {
            let value = text(one.facts, key).map(str::to_owned);
            self.tags.extend(value.map(|value| Tag { key: key.to_owned(), value }));
        }
        self.tags.sort();
        self.tags.dedup();
    }
}

/// What a principal says of the identity it is of.
#[derive(Debug, Clone, Copy)]
pub struct PrincipalTraits<'principal> {
    /// Its name in the system.
    pub name: &'principal str,
    /// The short name of its source.
    pub source: &'principal str,
    /// Which kind of system.
    pub system: &'principal str,
    /// What it is.
    pub kind: PrincipalKind,
    /// What is known about it.
    pub facts: &'principal Facts,
    /// What somebody wrote beside it.
    pub charter_hint: Option<&'principal str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Path(String),
    Tag { key: String, value: Option<String> },
    Name(String),
    Kind(PrincipalKind),
    Source(String),
    System(String),
    Environment(Environment),
}

/// Which identities are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    terms: Vec<Term>,
    text: String,
}

/// Why a rule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleRefused {
    /// It has no term.
    #[error(
        "a rule needs a term, such as `path:~deploy/**`, `tag:team=shop`, `name:web-*`, `kind:workload`, `system:postgres`, `environment:production` or `source:this-host`"
    )]
    Empty,
    /// It does not begin with a key.
    #[error(
        "`{given}` is no term of a rule; terms begin with `path:`, `tag:`, `name:`, `kind:`, `source:`, `system:` or `environment:`"
    )]
    NoTerm {
        /// What stands there.
        given: String,
    },
    /// A key without anything behind it.
    #[error("`{key}:` says nothing; write what it is, such as `{key}:{example}`")]
    Says {
        /// Which key.
        key: &'static str,
        /// What could stand there.
        example: &'static str,
    },
    /// A kind or an environment that is none.
    #[error("{0}")]
    Word(tenure_model::UnknownWord),
    /// Longer than a rule is.
    #[error("a rule has at most {TERMS_MAX} terms and {CHARS_MAX} characters")]
    TooLong,
}

impl Rule {
    /// Reads a rule. Terms are separated by blanks; a blank before anything but a key belongs to the term.
    pub fn parse(text: &str) -> Result<Self, RuleRefused> {
        if text.chars().count() > CHARS_MAX {
            return Err(RuleRefused::TooLong);
        }
        let mut written: Vec<(&'static str, String)> = Vec::new();
        for word in text.split_whitespace() {
            match (key_of(word), written.last_mut()) {
                (Some((key, value)), _) => written.push((key, value.to_owned())),
                (None, Some((_, value))) => {
                    value.push(' ');
                    value.push_str(word);
                }
                (None, None) => return Err(RuleRefused::NoTerm { given: printable(word, 60) }),
            }
        }
        if written.is_empty() {
            return Err(RuleRefused::Empty);
        }
        if written.len() > TERMS_MAX {
            return Err(RuleRefused::TooLong);
        }
        let terms =
            written.into_iter().map(|(key, value)| term(key, value)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { terms, text: text.split_whitespace().collect::<Vec<_>>().join(" ") })
    }

    /// The rule as it was written, with single blanks.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True when every term holds.
    pub fn holds(&self, traits: &Traits) -> bool {
        self.terms.iter().all(|term| match term {
            Term::Path(pattern) => traits.places.iter().any(|place| fits(pattern, place)),
            Term::Name(pattern) => traits.names.iter().any(|name| fits(pattern, name)),
            Term::Kind(kind) => traits.kinds.contains(kind),
            Term::Source(name) => traits.sources.contains(name),
            Term::System(name) => traits.systems.contains(name),
            Term::Environment(environment) => traits.environment == Some(*environment),
            Term::Tag { key, value } => traits.tags.iter().any(|tag| {
                tag.key == *key && value.as_ref().is_none_or(|value| value.eq_ignore_ascii_case(&tag.value))
            }),
        })
    }

    /// True when it is known to mean every identity.
    pub fn means_everything(&self) -> bool {
        self.terms.iter().all(|term| {
            matches!(term, Term::Name(pattern) if pattern.contains("**") && pattern.chars().all(|one| "*/".contains(one)))
        })
    }

    /// The kind of principal it asks for, when it asks for one.
    pub fn kind(&self) -> Option<PrincipalKind> {
        self.terms.iter().find_map(|term| if let Term::Kind(kind) = term { Some(*kind) } else { None })
    }

    /// The source it asks for, when it asks for one.
    pub fn source(&self) -> Option<&str> {
        self.terms
            .iter()
            .find_map(|term| if let Term::Source(name) = term { Some(name.as_str()) } else { None })
    }

    /// What every name that fits contains, when the rule speaks of names.
    pub fn name_contains(&self) -> Option<&str> {
        let of_name = |term: &'_ Term| matches!(term, Term::Name(_));
        let Some(Term::Name(pattern)) = self.terms.iter().find(|term| of_name(term)) else { return None };
        Some(literal(pattern)).filter(|run| !run.is_empty())
    }
}

fn key_of(word: &str) -> Option<(&'static str, &str)> {
    let (key, value) = word.split_once(':')?;
    KEYS.iter().find(|known| **known == key).map(|known| (*known, value))
}

fn term(key: &'static str, value: String) -> Result<Term, RuleRefused> {
    let says = |example| RuleRefused::Says { key, example };
    match key {
        "path" if value.is_empty() => Err(says("~deploy/**")),
        "path" => Ok(Term::Path(value)),
        "name" if value.is_empty() => Err(says("web-*")),
        "name" => Ok(Term::Name(value)),
        "kind" => value.parse().map(Term::Kind).map_err(RuleRefused::Word),
        "source" if value.is_empty() => Err(says("this-host")),
        "source" => Ok(Term::Source(value)),
        "system" if value.is_empty() => Err(says("postgres")),
        "system" => Ok(Term::System(value)),
        "environment" => value.parse().map(Term::Environment).map_err(RuleRefused::Word),
        _ => {
            let (key, value) = value.split_once('=').map_or((value.as_str(), None), |(k, v)| (k, Some(v)));
            if key.is_empty() || value.is_some_and(str::is_empty) {
                return Err(says("team=shop"));
            }
            Ok(Term::Tag { key: key.to_lowercase(), value: value.map(str::to_owned) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Rule, Traits};
    use crate::ownership::tags_of;
    use std::fmt::Write as _;
    use tenure_model::{Environment, PrincipalKind};

    fn web() -> Traits {
        Traits {
            names: vec![String::from("this-host/web-1"), String::from("web-1")],
            kinds: vec![PrincipalKind::Workload],
            sources: vec![String::from("this-host")],
            places: vec![
                String::from("/etc/systemd/system/web-1.service"),
                String::from("~deploy/My App/.env"),
            ],
            systems: vec![String::from("host")],
            environment: Some(Environment::Production),
            tags: tags_of("team=Shop"),
        }
    }

    #[test]
    fn every_term_of_a_rule_must_hold() {
        for (rule, expected) in [
            ("name:web-*", true),
            ("name:this-host/web-*", true),
            ("name:api-*", false),
            ("path:~deploy/**", true),
            ("path:~deploy/My App/*", true),
            ("path:~deploy/*", false),
            ("tag:team=shop", true),
            ("tag:TEAM", true),
            ("tag:team=billing", false),
            ("kind:workload", true),
            ("kind:agent", false),
            ("source:this-host", true),
            ("source:this", false),
            ("system:host", true),
            ("system:postgres", false),
            ("environment:production", true),
            ("environment:test", false),
            ("  name:web-*   kind:workload source:this-host ", true),
            ("name:web-* kind:key", false),
        ] {
            assert_eq!(Rule::parse(rule).unwrap().holds(&web()), expected, "{rule}");
        }
        assert!(!Rule::parse("path:**").unwrap().holds(&Traits::default()));
        assert_eq!(Rule::parse(" name:a-*  kind:key ").unwrap().text(), "name:a-* kind:key");
        assert_eq!(Rule::parse("kind:key name:a-*").unwrap().name_contains(), Some("a-"));
    }

    #[test]
    fn what_is_no_rule_is_refused_in_plain_words() {
        let long = format!("name:{}", "x".repeat(1_001));
        let many = "name:x ".repeat(21);
        let mut text = String::new();
        for given in [
            "",
            "web-*",
            "colour:red",
            "path:",
            "tag:=",
            "tag:team=",
            "kind:human",
            "source:",
            "system:",
            "environment:moon",
            "name:",
            &long,
            &many,
        ] {
            let refused = Rule::parse(given).unwrap_err();
            let _ = writeln!(text, "{}: {refused}", given.chars().take(20).collect::<String>());
        }
        insta::assert_snapshot!(text);
    }
}
