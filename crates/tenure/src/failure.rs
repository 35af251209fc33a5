//! What a command says when it could not do its work, and with which code it ends.
//!
//! A failure is written for a person: what did not happen, why, what was kept, what to try.
//! It must never hold a secret or quote an address that might hold one. `main.rs` prints it,
//! once. The codes are documented in `topics/exit-codes.txt` and docs/cli.md.

use serde_json::json;
use std::fmt::Write as _;

/// How a command ended, as a process exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything asked for was done.
    Done,
    /// It was not done.
    Failed,
    /// The command line was wrong; nothing was tried.
    Usage,
    /// Findings at or above the threshold that was asked for.
    Findings,
    /// A decision or a key is needed before it can go on.
    Undecided,
}

impl Exit {
    /// The process exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Findings => 3,
            Self::Undecided => 4,
        }
    }
}

/// Why a command did not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The code to end with.
    pub(crate) exit: Exit,
    /// What did not happen.
    pub(crate) what: String,
    /// Why.
    pub(crate) why: Option<String>,
    /// What is as it was.
    pub(crate) kept: Option<String>,
    /// What to try.
    pub(crate) next: Option<String>,
    /// Where it failed, when that decides what else is possible.
    pub(crate) stage: Stage,
}

/// Where something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Opening the deployment: nobody serves it, and this process could not either.
    Opening,
    /// Nowhere: what was asked for is so already.
    AlreadySo,
    /// Anywhere else.
    Elsewhere,
}

impl Failure {
    /// It was not done.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failed,
            what: what.into(),
            why: None,
            kept: None,
            next: None,
            stage: Stage::Elsewhere,
        }
    }

    /// The command line was wrong; nothing was tried.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(what) }
    }

    /// What the parser of the command line said, in its three parts: what, how it is written, where to look.
    pub(crate) fn of_usage(said: &str) -> Self {
        let said = said.strip_prefix("error: ").unwrap_or(said);
        let mut parts = said.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
        let why = parts.next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let rest: Vec<&str> = parts.collect();
        let usage = rest.iter().find_map(|part| part.strip_prefix("Usage: ")).map(|usage| {
            let usage = usage.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("usage: {usage}")
        });
        Self { next: usage, ..Self::usage("the command line was not understood").because(why) }
            .kept("nothing was tried")
    }

    /// A decision or a key is needed.
    pub(crate) fn undecided(what: impl Into<String>) -> Self {
        Self { exit: Exit::Undecided, ..Self::new(what) }
    }

    /// As the failure to open a deployment.
    #[must_use]
    pub(crate) const fn while_opening(mut self) -> Self {
        self.stage = Stage::Opening;
        self
    }

    /// True when the deployment was not opened.
    pub(crate) fn is_unopened(&self) -> bool {
        self.stage == Stage::Opening
    }

    /// Says why.
    #[must_use]
    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Says why, with all sources of an error.
    #[must_use]
    pub(crate) fn caused_by(self, error: &dyn std::error::Error) -> Self {
        self.because(chain(error))
    }

    /// Says what is as it was.
    #[must_use]
    pub(crate) fn kept(mut self, kept: impl Into<String>) -> Self {
        self.kept = Some(kept.into());
        self
    }

    /// Says what to try.
    #[must_use]
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// The text for people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("Not done: {}\n", self.what);
        for (word, said) in [("why: ", &self.why), ("kept:", &self.kept), ("next:", &self.next)] {
            if let Some(said) = said {
                let _ = writeln!(text, "  {word} {said}");
            }
        }
        text
    }

    /// The document for programs.
    pub(crate) fn document(&self) -> serde_json::Value {
        json!({ "failure": {
            "exit_code": self.exit.code(), "what": self.what, "why": self.why, "kept": self.kept, "next": self.next,
        } })
    }
}

/// An error with all its sources on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let said = inner.to_string();
        // Some errors repeat their source in their own text; say it once.
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Exit, Failure};

    #[test]
    fn a_failure_says_what_why_what_was_kept_and_what_to_try() {
        let failure = Failure::new("source `pg` was not added")
            .because("it could not be reached: connection refused")
            .kept("nothing was changed")
            .next("start the server, then try again");
        insta::assert_snapshot!(failure.text(), @r"
        Not done: source `pg` was not added
          why:  it could not be reached: connection refused
          kept: nothing was changed
          next: start the server, then try again
        ");
    }

    #[test]
    fn what_the_parser_said_becomes_a_failure_in_parts() {
        let said = "error: the following required arguments were not provided:\n  --reason <REASON>\n\n\
                    Usage: tenure revoke --reason <REASON> <IDENTITY>\n\nFor more information, try '--help'.\n";
        insta::assert_snapshot!(Failure::of_usage(said).text(), @r"
        Not done: the command line was not understood
          why:  the following required arguments were not provided: --reason <REASON>
          kept: nothing was tried
          next: usage: tenure revoke --reason <REASON> <IDENTITY>
        ");
        assert_eq!(Failure::of_usage("").exit, Exit::Usage);
    }

    #[test]
    fn exit_codes_are_those_of_the_documentation() {
        let codes = [Exit::Done, Exit::Failed, Exit::Usage, Exit::Findings, Exit::Undecided].map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3, 4]);
    }
}
