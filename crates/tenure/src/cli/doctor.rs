//! `tenure doctor`: what is well, what is not, and what to do about it.

use super::reading;
use crate::{
    context::Context,
    failure::{Exit, Failure},
    render::{
        paint::Look,
        words::{count, dated, wrapped},
    },
    session::shaped,
    wire::Check,
};
use clap::Args;
use serde_json::json;
use tenure_model::{counted, printable};

/// Say what is well, what is not, what cannot be seen, and what to do about it
///
/// Checks the evidence log against its tiles, the disk, the reserve for emergencies, each source and each
/// plan that is stuck. Changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure doctor
  tenure doctor --json

Exit codes: 0 nothing is broken, 1 something is, 2 usage, 4 the keys cannot be opened.")]
pub(crate) struct Doctor {}

impl Doctor {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let document = session.get("the deployment was not checked", "/api/v1/doctor").await?;
            let checks: Vec<Check> = shaped(&document)?;
            context.document(&json!({ "checks": document }));
            let broken = checks.iter().filter(|check| check.state == "broken").count();
            let to_look = checks.iter().filter(|check| check.state == "look").count();
            context.say(match (broken, to_look) {
                (0, 0) => String::from("All is well."),
                (0, looks) => format!(
                    "Nothing is broken; {} for a person to look at.",
                    count(i64::try_from(looks).unwrap_or(0), "thing")
                ),
                (broken, _) => {
                    format!("{} {} broken.", counted(broken, "thing"), if broken == 1 { "is" } else { "are" })
                }
            });
            for check in &checks {
                print(context, check);
            }
            let remedy =
                checks.iter().filter(|check| check.state != "well").find_map(|check| check.remedy.clone());
            context.next(
                remedy.map_or_else(|| String::from("tenure findings"), |remedy| printable(&remedy, 300)),
            );
            Ok(if broken > 0 { Exit::Failed } else { Exit::Done })
        })
        .await
    }
}

fn print(context: &Context, check: &Check) {
    let (mark, look) = match check.state.as_str() {
        "well" => ("✓", Look::Good),
        "broken" => ("✗", Look::Bad),
        _ => ("!", Look::Warn),
    };
    let columns = context.frame().prose(6);
    let mark = context.frame().paint.text(look, mark);
    let text = format!("{}: {}", printable(&check.what, 120), dated(&printable(&check.found, 600)));
    for (index, line) in wrapped(&text, columns).into_iter().enumerate() {
        context.print(if index == 0 { format!("  {mark} {line}") } else { format!("      {line}") });
    }
    if let Some(remedy) = &check.remedy {
        for line in wrapped(&format!("→ {}", printable(remedy, 600)), columns) {
            context.print(format!("      {line}"));
        }
    }
}
