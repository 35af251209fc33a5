//! `tenure import preview`: what a file of claims would become, before it is added as a source.
//!
//! The one command that asks no API: it reads a file here, changes nothing and needs no deployment. Must never print
//! a text of the file that was not made printable.

use crate::{
    context::Context,
    failure::{Exit, Failure},
    place::shown,
    render::words::typeable,
};
use clap::{Args, Subcommand};
use serde_json::json;
use std::{collections::BTreeMap, path::PathBuf};
use tenure_connect_import::{Format, Preview, PreviewRequest, format_of, preview};
use tenure_model::{Fact, Facts, Observation, counted, names, printable};

/// Facts that every claim has; shown once and not with each.
const EVERYWHERE: &[&str] = &[names::CLAIMED, names::DEFINED_IN];
/// Longest text of a file in one place, in characters.
const TEXT_CHARS_MAX: usize = 120;
/// Names in one list.
const LISTED_MAX: usize = 12;

/// Look at what a file would become before it is added as a source
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    Preview(PreviewArgs),
}

impl ImportCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Preview(args) => args.run(context).await,
        }
    }
}

/// Read a file of claims and show what it would become; nothing is changed
///
/// A file lists identities of a system that Tenure cannot read yet. Add it with `tenure source add`
/// once everything in it is understood. CSV and JSON need a mapping that says what columns mean
/// (docs/import.md); Prowler (JSON-OCSF) and Cartography (an export of its graph) have one built in.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure import preview identities.csv --mapping crm.toml
  tenure import preview prowler-output.ocsf.json
  tenure import preview graph.jsonl --format cartography --json

Exit codes: 0 everything is understood, 1 not readable or something would be left out, 2 usage.")]
pub(crate) struct PreviewArgs {
    /// The file
    file: PathBuf,
    /// The mapping that says what its columns mean
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Which kind of file it is [default: by its name]
    #[arg(long, value_name = "KIND", value_parser = ["csv", "json", "prowler", "cartography"])]
    format: Option<String>,
    /// How many principals to show
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    show: usize,
}

impl PreviewArgs {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let request = self.request()?;
        let (format, path, mapping) = (request.format, request.path.clone(), request.mapping.clone());
        let not_read = || Failure::new(format!("{} was not read", shown(&path))).kept("nothing was changed");
        let read = tokio::task::spawn_blocking(move || preview(&request)).await;
        let seen = match read {
            Ok(Ok(seen)) => seen,
            Ok(Err(unreadable)) => {
                let failure = not_read().because(unreadable.to_string());
                return Err(failure.next(unreadable.remedy().to_owned()));
            }
            Err(_) => return Err(not_read().because("its reading broke off")),
        };
        context.document(&json!({
            "file": path.display().to_string(), "format": format, "preview": &seen,
        }));
        tell(context, &path.display().to_string(), &seen);
        if seen.left_out > 0 {
            context.next("mend the file or the mapping, and look again");
            return Ok(Exit::Failed);
        }
        let option = mapping.map_or_else(String::new, |path| {
            format!(" --option {}", typeable(&format!("mapping={}", path.display())))
        });
        let address = typeable(&format!("{format}://{}", path.display()));
        context.next(format!("tenure source add NAME {address}{option}"));
        Ok(Exit::Done)
    }

    fn request(&self) -> Result<PreviewRequest, Failure> {
        let whole = |path: &PathBuf| {
            std::path::absolute(path).map_err(|error| {
                Failure::usage(format!("{} is no path", shown(path))).because(error.to_string())
            })
        };
        let format = match &self.format {
            Some(word) => word.parse().ok(),
            None => format_of(&self.file),
        };
        let Some(format): Option<Format> = format else {
            return Err(Failure::usage(format!(
                "the kind of {} is not known by its name",
                shown(&self.file)
            ))
            .next("say --format csv, json, prowler or cartography"));
        };
        match (format.needs_mapping(), &self.mapping) {
            (true, None) => Err(Failure::usage(format!("a {format} file needs a mapping")).next(
                "give --mapping FILE, or say --format prowler or --format cartography if it is one of those",
            )),
            (false, Some(_)) => Err(Failure::usage(format!("a {format} file has a mapping built in"))
                .next("leave --mapping out, or say --format csv or --format json")),
            _ => Ok(PreviewRequest {
                path: whole(&self.file)?,
                format,
                mapping: self.mapping.as_ref().map(whole).transpose()?,
                principals_shown: self.show,
            }),
        }
    }
}

fn tell(context: &Context, file: &str, seen: &Preview) {
    context.print(format!(
        "{}: {}. They would become {}, {}, {} and {}, all of them claims (P0).",
        printable(file, 200),
        counted(seen.records, "record"),
        counted(seen.principals, "principal"),
        counted(seen.credentials, "credential"),
        counted(seen.rights, "right"),
        counted(seen.uses, "last use"),
    ));
    for observation in &seen.first {
        context.print(line(observation));
    }
    if seen.left_out > 0 {
        context.print(format!("Not understood, and left out: {}.", seen.left_out));
        for reason in &seen.reasons {
            let more =
                if reason.count > 1 { format!(" (and {} more)", reason.count - 1) } else { String::new() };
            context.print(format!("  line {}{more}: {}", reason.first_line, printable(&reason.why, 300)));
        }
        context.say("A survey of it would be a part, so that nothing could count as gone.");
    }
    if !seen.dropped.is_empty() {
        context.print(format!("Looks like secrets, dropped and kept nowhere: {}.", names_of(&seen.dropped)));
    }
    if !seen.passed_over.is_empty() {
        context.print(format!("No identities, passed over: {}.", names_of(&seen.passed_over)));
    }
    if !seen.unused.is_empty() {
        let unused: Vec<String> =
            seen.unused.iter().take(LISTED_MAX).map(|name| format!("`{name}`")).collect();
        let more = seen.unused.len().saturating_sub(LISTED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        context.print(format!("Columns that the mapping does not use: {}{more}.", unused.join(", ")));
    }
}

fn names_of(counts: &BTreeMap<String, u64>) -> String {
    let mut listed: Vec<String> = counts
        .iter()
        .take(LISTED_MAX)
        .map(|(name, count)| format!("`{}` ({count})", printable(name, 60)))
        .collect();
    if counts.len() > LISTED_MAX {
        listed.push(format!("and {} more", counts.len() - LISTED_MAX));
    }
    listed.join(", ")
}

fn text(text: &str) -> String {
    printable(text, TEXT_CHARS_MAX)
}

fn line(observation: &Observation) -> String {
    match observation {
        Observation::Principal(seen) => {
            let built_in = if seen.built_in { ", built in" } else { "" };
            let hint = seen.charter_hint.as_deref();
            let hint = hint.map_or_else(String::new, |hint| format!("\n    hints: {}", printable(hint, 300)));
            format!(
                "  {} {} (key {}{built_in}){}{hint}",
                seen.kind,
                text(&seen.name),
                text(&seen.key.0),
                facts(&seen.facts)
            )
        }
        Observation::Credential(seen) => {
            let until = seen.valid_until.map_or_else(String::new, |until| format!(", until {until}"));
            let known = if seen.fingerprint.is_some() { ", known by a fingerprint of its value" } else { "" };
            format!(
                "    credential {}: {}, {}{until}{known}{}",
                text(&seen.key),
                seen.kind,
                seen.state,
                facts(&seen.facts)
            )
        }
        Observation::Grant(seen) => format!("    right {} on {}", text(&seen.right), text(&seen.resource)),
        Observation::Use(seen) => format!("    last used {}", seen.bucket),
        Observation::Sighting(seen) => format!("    copy in {}", text(&seen.place)),
    }
}

fn facts(facts: &Facts) -> String {
    let told =
        facts.iter().filter(|(name, _)| !EVERYWHERE.contains(&name.as_str())).filter_map(|(name, fact)| {
            let value = match fact {
                Fact::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
                Fact::Number(number) => number.to_string(),
                Fact::Text(value) => text(value),
                Fact::At(at) => at.to_string(),
                Fact::Texts(texts) => text(&texts.join(", ")),
                Fact::Unknown(_) => return None,
            };
            Some(format!("{name} {value}"))
        });
    let told: Vec<String> = told.collect();
    if told.is_empty() { String::new() } else { format!("\n    facts: {}", told.join("; ")) }
}
