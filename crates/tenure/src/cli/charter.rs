//! `tenure charter export`, `import`: charters as a file, to be changed together and brought back.
//!
//! An import shows first what would change and writes only what a person confirmed. What somebody else changed
//! meanwhile is left as it is and said. Next: `../charters.rs`, the file.

use super::{
    changing, listing,
    own_many::{Confirm, decide},
    reading,
};
use crate::{
    charters,
    client::part,
    context::Context,
    failure::{Exit, Failure},
    place::pasted,
    render::{
        paint::Look,
        table::{Table, cell, looking},
    },
    session::{Session, shaped},
    wire::ownership::{CharterImported, CharterTaken, ChartersImported},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::{io::Read as _, path::PathBuf};
use tenure_model::printable;

/// Charters of one call, as the API takes them.
const CHARTERS_A_CALL: usize = 100;
/// Bytes of a file, at most.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Take charters out as a file, and bring them back changed
#[derive(Debug, Subcommand)]
pub(crate) enum CharterCommand {
    Export(Export),
    Import(Import),
}

impl CharterCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Export(args) => args.run(context).await,
            Self::Import(args) => args.run(context).await,
        }
    }
}

/// Print the charters of enrolled identities as TOML
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure charter export > charters.toml
  tenure charter export etl --source pg-main > etl.toml

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Export {
    /// Only names that contain this
    filter: Option<String>,
    /// Only those of this source
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
}

impl Export {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "the charters were not exported";
        let query: Vec<String> = [("contains", &self.filter), ("source", &self.source)]
            .into_iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={}", part(value))))
            .collect();
        reading(context, async |session| {
            let listed =
                listing::read::<CharterTaken>(session, what, "/api/v1/charters", &query, usize::MAX).await?;
            context.document(&listed.document);
            if context.form == crate::context::Form::Json {
                return Ok(Exit::Done);
            }
            let file =
                charters::written(&listed.rows).map_err(|error| Failure::new(what).caused_by(&error))?;
            context.raw(&file);
            if context.terminal.output {
                context.next("tenure charter export > FILE; after changing it: tenure charter import FILE");
            }
            Ok(Exit::Done)
        })
        .await
    }
}

/// Show what a file of charters would change; with --apply, change it
///
/// Each charter in the file is the whole charter: what it does not say is unanswered afterwards. One that was
/// changed since it was exported is left as it is, as is one that names an identity or a person nobody knows.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure charter import charters.toml
  tenure charter import charters.toml --apply
  tenure charter import charters.toml --apply --yes

Exit codes: 0 all is as the file says, or a preview; 1 some charters stay as they were; 2 usage; 4 a decision is needed.")]
pub(crate) struct Import {
    /// The file; `-` is standard input
    file: PathBuf,
    #[command(flatten)]
    confirm: Confirm,
}

impl Import {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "no charter was changed";
        let path = printable(&self.file.display().to_string(), 200);
        let text = self.read().map_err(|error| Failure::new(what).because(format!("{path}: {error}")))?;
        let given =
            charters::read(&text).map_err(|why| Failure::new(what).because(format!("{path}, {why}")))?;
        let given: Vec<Value> = given
            .into_iter()
            .map(|one| json!({ "identity": one.identity, "as_of": one.as_of, "charter": one.charter }))
            .collect();
        if self.confirm.apply {
            return changing(context, async |session| self.apply(context, session, what, &given).await).await;
        }
        reading(context, async |session| {
            let (told, document) = send(session, what, &given, false).await?;
            context.document(&document);
            show(context, &told);
            let differ = told.iter().filter(|one| one.state == "differs").count();
            context.next(if differ > 0 {
                format!("tenure charter import {} --apply", pasted(&self.file))
            } else {
                String::from("tenure identities")
            });
            Ok(Exit::Done)
        })
        .await
    }

    async fn apply(
        &self,
        context: &Context,
        session: &Session<'_>,
        what: &str,
        given: &[Value],
    ) -> Result<Exit, Failure> {
        let (told, document) = send(session, what, given, false).await?;
        let differ = told.iter().filter(|one| one.state == "differs").count();
        if differ == 0 {
            context.document(&document);
            show(context, &told);
            return Ok(ended(&told));
        }
        if !self.confirm.yes {
            show(context, &told);
        }
        decide(context, &self.confirm, what, &format!("Change {differ} charters?")).await?;
        let (told, document) = send(session, what, given, true).await?;
        context.document(&document);
        show(context, &told);
        context.next("tenure findings");
        Ok(ended(&told))
    }

    fn read(&self) -> std::io::Result<String> {
        let mut text = String::new();
        let read = if self.file.as_os_str() == "-" {
            std::io::stdin().lock().take(FILE_BYTES_MAX).read_to_string(&mut text)?
        } else {
            std::fs::File::open(&self.file)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?
        };
        if u64::try_from(read).is_ok_and(|read| read >= FILE_BYTES_MAX) {
            return Err(std::io::Error::other("it is larger than 64 MiB"));
        }
        Ok(text)
    }
}

/// Sends them in parts; each part is compared, or written, in one transaction.
async fn send(
    session: &Session<'_>,
    what: &str,
    given: &[Value],
    write: bool,
) -> Result<(Vec<CharterImported>, Value), Failure> {
    let (mut told, mut items) = (Vec::new(), Vec::new());
    for part in given.chunks(CHARTERS_A_CALL) {
        let body = json!({ "write": write, "charters": part });
        let document = session.post(what, "/api/v1/charters", &body).await?;
        let answer: ChartersImported = shaped(&document)?;
        told.extend(answer.charters);
        items.extend(document.get("charters").and_then(Value::as_array).cloned().unwrap_or_default());
    }
    Ok((told, json!({ "charters": items })))
}

fn show(context: &Context, told: &[CharterImported]) {
    let mut table = Table::new(&["IDENTITY", "STATE", "WHAT"]);
    for one in told.iter().filter(|one| one.state != "same") {
        let name = one.name.as_ref().unwrap_or(&one.given);
        let look = match one.state.as_str() {
            "written" => Look::Good,
            "differs" => Look::Plain,
            _ => Look::Bad,
        };
        let mut lines: Vec<String> = one.changes.iter().map(change).collect();
        lines.extend(one.why.clone());
        for (number, line) in lines.iter().enumerate() {
            let (name, state) = if number == 0 { (name.as_str(), one.state.as_str()) } else { ("", "") };
            table.row(vec![cell(name), looking(look, state.replace('_', " ")), cell(line)]);
        }
    }
    let names =
        told.iter().filter(|one| one.state == "written").map(|one| one.name.as_ref().unwrap_or(&one.given));
    context.list(&table, names);
    let same = told.iter().filter(|one| one.state == "same").count();
    context.say(format!(
        "{} as the file says, {} not.",
        same + count(told, "written"),
        told.len() - same - count(told, "written")
    ));
}

fn count(told: &[CharterImported], state: &str) -> usize {
    told.iter().filter(|one| one.state == state).count()
}

fn change(change: &crate::wire::ownership::FieldChange) -> String {
    let shown = |value: &Option<String>| {
        value.as_ref().map_or_else(|| String::from("unanswered"), |value| printable(value, 80))
    };
    format!("{}: {} → {}", change.field, shown(&change.from), shown(&change.to))
}

fn ended(told: &[CharterImported]) -> Exit {
    let done = |one: &CharterImported| matches!(one.state.as_str(), "same" | "written");
    if told.iter().all(done) { Exit::Done } else { Exit::Failed }
}
