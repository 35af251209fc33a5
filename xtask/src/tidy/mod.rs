//! The house rules, one file each. A rule that nothing checks is advice.
//!
//! A rule is a pure function from the repository to findings; each finding says where, what, and what to
//! do. A rule never repairs anything; only the golden list of `expose()` call sites can be rewritten, on
//! request. To add a rule see CONTRIBUTING.md.

mod edges;
mod expose;
mod functions;
mod headers;
mod links;
mod lints;
mod machine_paths;
mod names;
mod reachable;
mod recorded;
mod sizes;
mod sql;
mod unfinished;

use std::process::ExitCode;

use anyhow::Result;

use crate::repository::{self, Repository};

/// `cargo xtask tidy` on the command line.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Options {
    /// Rewrite xtask/golden/expose.txt from the call sites there are; review the difference.
    #[arg(long)]
    bless: bool,
    /// List the rules and what each one holds.
    #[arg(long)]
    list: bool,
}

/// Something a rule objects to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) what: String,
    pub(crate) remedy: &'static str,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}: {}; {}", self.path, self.line, self.what, self.remedy)
    }
}

/// A house rule.
struct Rule {
    name: &'static str,
    /// What it holds, in one line.
    holds: &'static str,
    check: fn(&Repository) -> Vec<Finding>,
}

const RULES: [Rule; 13] = [
    Rule {
        name: "edges",
        holds: "crates depend on each other as the architecture draws it",
        check: edges::check,
    },
    Rule { name: "sizes", holds: "no source file is longer than 800 lines", check: sizes::check },
    Rule { name: "functions", holds: "no function is longer than 70 lines", check: functions::check },
    Rule { name: "headers", holds: "every source file says what it is for", check: headers::check },
    Rule { name: "sql", holds: "SQL stands in the store and in connectors only", check: sql::check },
    Rule {
        name: "expose",
        holds: "every place that opens a secret is on the golden list",
        check: expose::check,
    },
    Rule {
        name: "recorded",
        holds: "only the store makes a recorded intent, in one place",
        check: recorded::check,
    },
    Rule { name: "names", holds: "no type is named for being useful", check: names::check },
    Rule {
        name: "lints",
        holds: "every crate takes the workspace's lints, and none is unsafe",
        check: lints::check,
    },
    Rule { name: "unfinished", holds: "nothing is left for later in the source", check: unfinished::check },
    Rule { name: "reachable", holds: "every source file is part of a crate", check: reachable::check },
    Rule {
        name: "machine-paths",
        holds: "no file names a path of somebody's machine",
        check: machine_paths::check,
    },
    Rule { name: "links", holds: "relative links in documents lead somewhere", check: links::check },
];

/// Checks every rule on the repository; the exit code says whether all hold.
pub(crate) fn run(options: Options) -> Result<ExitCode> {
    if options.list {
        for rule in &RULES {
            println!("{:<14} {}", rule.name, rule.holds);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let root = repository::root()?;
    let repository = Repository::read(&root)?;
    if options.bless {
        expose::bless(&repository, &root)?;
    }
    let repository = if options.bless { Repository::read(&root)? } else { repository };
    let findings = check_all(&repository);
    for (rule, finding) in &findings {
        println!("{finding} [{rule}]");
    }
    if findings.is_empty() {
        println!("tidy: {} rules hold over {} files", RULES.len(), repository.files.len());
        Ok(ExitCode::SUCCESS)
    } else {
        println!("tidy: {} findings", findings.len());
        Ok(ExitCode::FAILURE)
    }
}

fn check_all(repository: &Repository) -> Vec<(&'static str, Finding)> {
    RULES
        .iter()
        .flat_map(|rule| {
            let mut findings = (rule.check)(repository);
            findings.sort();
            findings.into_iter().map(|finding| (rule.name, finding))
        })
        .collect()
}

/// What a rule says about files, one line per finding, without the remedy.
#[cfg(test)]
fn said(check: fn(&Repository) -> Vec<Finding>, files: &[(&str, &str)]) -> Vec<String> {
    let findings = check(&Repository::of(files));
    findings.iter().map(|finding| format!("{}:{}: {}", finding.path, finding.line, finding.what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_as_place_matter_and_remedy() {
        let finding = Finding {
            path: "a.rs".to_owned(),
            line: 3,
            what: "it is crooked".to_owned(),
            remedy: "straighten it",
        };
        assert_eq!(finding.to_string(), "a.rs:3: it is crooked; straighten it");
    }

    #[test]
    fn rules_have_names_of_their_own() {
        let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
    }
}
