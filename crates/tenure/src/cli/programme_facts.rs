//! `tenure programme facts`: what a policy of one's own may ask, and when each of it holds.
//!
//! It needs no deployment. It must never name a fact that the judge does not know. Next: `programme_check.rs`.

use crate::{
    context::Context,
    failure::{Exit, Failure},
    render::{
        paint::Look,
        table::{Table, cell, looking},
    },
};
use clap::{Args, ValueEnum};
use serde_json::json;
use tenure_engine::SubjectKind;

/// Of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// The governed thing
    Identity,
    /// An identity as one system holds it
    Principal,
    /// What lets a principal authenticate
    Credential,
}

impl Of {
    const fn kind(self) -> SubjectKind {
        match self {
            Self::Identity => SubjectKind::Identity,
            Self::Principal => SubjectKind::Principal,
            Self::Credential => SubjectKind::Credential,
        }
    }
}

/// List what a policy of your own may ask
///
/// Each is yes, no, or not known; what is not known does not hold. A policy is one `forbid (principal is KIND, …) when { … }`
/// over them; docs/policies.md says how one is written, with its examples.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme facts
  tenure programme facts credential --json

Exit codes: 0 listed, 2 usage.")]
pub(crate) struct Facts {
    /// Of what [default: all three]
    #[arg(value_enum)]
    of: Option<Of>,
}

impl Facts {
    #[expect(clippy::unnecessary_wraps, reason = "as every command")]
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let kinds = SubjectKind::ALL.iter().filter(|kind| self.of.is_none_or(|of| of.kind() == **kind));
        let facts: Vec<(SubjectKind, &str, &str)> = kinds
            .flat_map(|kind| kind.facts().into_iter().map(|(name, about)| (*kind, name, about)))
            .collect();
        let document: Vec<_> = facts
            .iter()
            .map(|(kind, name, about)| json!({ "of": kind, "fact": name, "holds_when": about }))
            .collect();
        context.document(&json!(document));
        let mut table = Table::new(&["OF", "FACT", "HOLDS WHEN"]).or_two_lines(1);
        for (kind, name, about) in &facts {
            table.row(vec![cell(kind.as_str()), looking(Look::Strong, *name), cell(*about)]);
        }
        context.list(&table, facts.iter().map(|(_, name, _)| name));
        context.next("write policies/own_NAME.cedar with policies/own_NAME.examples.toml; then: tenure programme check DIR");
        Ok(Exit::Done)
    }
}
