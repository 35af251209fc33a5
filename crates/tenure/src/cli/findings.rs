//! `tenure findings`: what is wrong now, worst first, and an exit code for pipelines.

use super::{
    listing::{self, Amount},
    reading,
};
use crate::{
    context::{Context, Form},
    failure::{Exit, Failure},
    render::{
        paint::{Look, look_of_severity},
        table::{Table, cell, looking},
        words::{count, instant, wrapped},
    },
    wire::Finding,
};
use clap::Args;
use tenure_model::{Severity, printable};

/// List what is wrong now, worst first, with what to do about each
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure findings
  tenure findings --fail-at high          in a pipeline
  tenure findings --short

Exit codes: 0 done, 1 failed, 2 usage, 3 there are findings at or above --fail-at.")]
pub(crate) struct Findings {
    /// End with code 3 when a finding is at least this bad: low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    fail_at: Option<Severity>,
    /// One line each
    #[arg(long)]
    short: bool,
    #[command(flatten)]
    amount: Amount,
}

fn parse_severity(given: &str) -> Result<Severity, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

impl Findings {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = "the findings were not listed";
            let listed =
                listing::read::<Finding>(session, what, "/api/v1/findings", &[], self.amount.most()).await?;
            context.document(&listed.document);
            // Worst first: the first row decides.
            let worst = listed.rows.iter().map(|finding| finding.severity).max();
            let exit = match (worst, self.fail_at) {
                (Some(worst), Some(limit)) if worst >= limit => Exit::Findings,
                _ => Exit::Done,
            };
            if listed.rows.is_empty() {
                context.say("Nothing is wrong with what was seen.");
                context.next("tenure doctor says what could not be seen");
                return Ok(exit);
            }
            let number = i64::try_from(listed.rows.len()).unwrap_or(i64::MAX);
            context.say(format!("{}, worst first:", count(number, "finding")));
            if self.short || context.form == Form::Quiet {
                print_short(context, &listed.rows);
            } else {
                print_long(context, &listed.rows);
            }
            if listed.more {
                context.say(format!("There are more than these {number}; --all lists them."));
            }
            if let (Exit::Findings, Some(limit)) = (exit, self.fail_at) {
                context.say(format!("At least one is {limit} or worse."));
            }
            let first =
                listed.rows.first().map(|finding| printable(&finding.identity_name, 120)).unwrap_or_default();
            context.next(format!("tenure show {first}"));
            Ok(exit)
        })
        .await
    }
}

fn print_short(context: &Context, findings: &[Finding]) {
    let mut table = Table::new(&["SEVERITY", "NAME", "POLICY", "SINCE", "WHAT"]);
    for finding in findings {
        table.row(vec![
            looking(look_of_severity(finding.severity), finding.severity.as_str()),
            cell(&finding.identity_name),
            cell(&finding.policy),
            cell(instant(finding.opened)),
            cell(&finding.reason),
        ]);
    }
    context.list(&table, findings.iter().map(|finding| &finding.identity_name));
}

fn print_long(context: &Context, findings: &[Finding]) {
    let (paint, columns) = (context.frame().paint, context.frame().prose(6));
    for finding in findings {
        let severity = paint.text(look_of_severity(finding.severity), finding.severity.as_str());
        let name = paint.text(Look::Strong, &printable(&finding.identity_name, 120));
        context.print(format!("  ▲ {severity}  {name}"));
        for line in wrapped(&printable(&finding.reason, 600), columns) {
            context.print(format!("      {line}"));
        }
        for line in wrapped(&format!("→ {}", printable(&finding.remedy, 600)), columns) {
            context.print(format!("      {line}"));
        }
        let rest = format!(
            "      {}, {}, since {}",
            finding.policy,
            printable(&finding.control, 80),
            instant(finding.opened)
        );
        context.print(paint.text(Look::Faint, &rest));
    }
}
