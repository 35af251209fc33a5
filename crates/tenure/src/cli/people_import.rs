//! `tenure people import`: a list of people as CSV, shown first and carried out as it was shown.
//!
//! Whoever came from a list and is not on it any more leaves. Must never carry out what nobody looked at: the word is made
//! of the list and of what it changes. Next: docs/people.md.

use super::{changing, people_directory::people, reading};
use crate::{
    context::{Context, Form},
    failure::{Exit, Failure},
    place::pasted,
    session::{Session, shaped},
    wire::{NamedPeople, PeopleForeseen},
};
use clap::Args;
use serde_json::{Value, json};
use std::{io::Read as _, path::PathBuf};
use tenure_model::printable;

/// Bytes of a file, at most; more is not taken by the server either.
const FILE_BYTES_MAX: u64 = 1_500_000;
/// Names in one line of a preview, at most.
const NAMES_MAX: usize = 12;
/// Letters of the word that are typed on a terminal.
const TYPED_CHARS: usize = 8;

/// Bring in a list of people as CSV: who is on it joins or changes, who is not on it any more leaves
///
/// Columns: name; if you like also external_id, display_name, email, active (true or false) and teams (with `;` between).
/// Shows what would change and asks for the word that comes with it. People who were added here or come from a directory
/// are left alone. When more than one in five would leave at once, they are held: tenure people held.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people import people.csv --preview
  tenure people import people.csv
  tenure people import people.csv --yes 3f9a01c27d5e8b46

Exit codes: 0 done, 1 failed, 2 usage, 4 a decision is needed.")]
pub(crate) struct Import {
    /// The file; `-` is standard input
    file: PathBuf,
    /// Only show what it would change
    #[arg(long, conflicts_with = "yes")]
    preview: bool,
    /// Go on without asking: the word that was shown with what it changes
    #[arg(long, value_name = "WORD")]
    yes: Option<String>,
}

impl Import {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "nobody was imported";
        let path = printable(&self.file.display().to_string(), 200);
        let csv = self.read().map_err(|error| {
            Failure::new(what).because(format!("{path}: {error}")).kept("nothing was changed")
        })?;
        if self.preview {
            return reading(context, async |session| {
                let (foreseen, document) = foresee(session, what, &csv).await?;
                context.document(&document);
                show(context, &foreseen, "the list");
                let again = format!("tenure people import {} --yes {}", pasted(&self.file), foreseen.word);
                context.next(if foreseen.is_empty() { String::from("tenure people list") } else { again });
                Ok(Exit::Done)
            })
            .await;
        }
        changing(context, async |session| {
            let word = match &self.yes {
                Some(word) => word.clone(),
                None => match self.decide(context, session, what, &csv).await? {
                    Some(word) => word,
                    None => return Ok(Exit::Done),
                },
            };
            let body = json!({ "csv": csv, "word": word });
            let document = session.post(what, "/api/v1/people-imports", &body).await?;
            let done: PeopleForeseen = shaped(&document)?;
            context.document(&document);
            told(context, &done);
            Ok(Exit::Done)
        })
        .await
    }

    /// The word, once the beginning of it was typed; none where there is nothing to decide.
    async fn decide(
        &self,
        context: &Context,
        session: &Session<'_>,
        what: &str,
        csv: &str,
    ) -> Result<Option<String>, Failure> {
        let (foreseen, document) = foresee(session, what, csv).await?;
        show(context, &foreseen, "the list");
        if foreseen.is_empty() {
            context.document(&document);
            return Ok(None);
        }
        let again = format!("tenure people import {} --yes {}", pasted(&self.file), foreseen.word);
        typed(context, what, foreseen, (self.file.as_os_str() != "-", again)).await.map(Some)
    }

    fn read(&self) -> std::io::Result<String> {
        let mut text = String::new();
        let read = if self.file.as_os_str() == "-" {
            std::io::stdin().lock().take(FILE_BYTES_MAX).read_to_string(&mut text)?
        } else {
            std::fs::File::open(&self.file)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?
        };
        if u64::try_from(read).is_ok_and(|read| read >= FILE_BYTES_MAX) {
            return Err(std::io::Error::other("it is larger than 1.5 MB"));
        }
        Ok(text)
    }
}

async fn foresee(session: &Session<'_>, what: &str, csv: &str) -> Result<(PeopleForeseen, Value), Failure> {
    let document = session.post(what, "/api/v1/people-imports/preview", &json!({ "csv": csv })).await?;
    Ok((shaped(&document)?, document))
}

/// The word of what was shown, once the beginning of it was typed.
pub(super) async fn typed(
    context: &Context,
    what: &str,
    foreseen: PeopleForeseen,
    (may_ask, again): (bool, String),
) -> Result<String, Failure> {
    if !context.terminal.can_ask || context.form != Form::Text || !may_ask {
        return Err(Failure::undecided(what)
            .because("it needs a decision, and there is no terminal to ask for one")
            .kept("nothing was changed")
            .next(again));
    }
    let wanted: String = foreseen.word.chars().take(TYPED_CHARS).collect();
    let typed = crate::terminal::ask(&format!("Type this to let it happen: {wanted}\n> "))
        .await
        .map_err(|failure| failure.kept("nothing was changed"))?;
    if typed.trim() == wanted {
        return Ok(foreseen.word);
    }
    Err(Failure::undecided(what).because("something else was typed").kept("nothing was changed"))
}

/// What was done, and what comes next.
pub(super) fn told(context: &Context, done: &PeopleForeseen) {
    context.say(format!(
        "{} joined, {} changed, {} came back, {} left.",
        done.joins.count, done.changes.count, done.returns.count, done.leaves.count
    ));
    context.next(match (done.held.count, done.leaves.count) {
        (0, 0) => "tenure people list",
        (0, _) => "tenure findings shows what nobody answers for now",
        _ => "tenure people held: so many would leave at once that nobody of them did",
    });
}

/// What would change, by what a list or a directory says.
pub(super) fn show(context: &Context, foreseen: &PeopleForeseen, by: &str) {
    if foreseen.is_empty() {
        context.say(format!(
            "Nothing changes: {} as {by} says.",
            people(i64::try_from(foreseen.people).unwrap_or(i64::MAX))
        ));
        return;
    }
    for (one, more, who) in [
        ("joins", "join", &foreseen.joins),
        ("changes", "change", &foreseen.changes),
        ("comes back", "come back", &foreseen.returns),
        ("leaves", "leave", &foreseen.leaves),
        (
            "is HELD, and waits for a person to let them leave",
            "are HELD, and wait for a person to let them leave",
            &foreseen.held,
        ),
        ("has another ROLE", "have another ROLE", &foreseen.roles),
    ] {
        if who.count > 0 {
            let does = if who.count == 1 { one } else { more };
            context.say(format!("{:>6} {does}: {}", who.count, some(who)));
        }
    }
    for team in &foreseen.teams {
        let new = if team.is_new { "new " } else { "" };
        let name = printable(&team.name, 60);
        let instead =
            if team.replaces { "; the one of another group goes, with the role it gave" } else { "" };
        context.say(format!("  {new}team {name}: {} more, {} fewer{instead}", team.added, team.removed));
    }
}

fn some(who: &NamedPeople) -> String {
    let names: Vec<String> = who.names.iter().take(NAMES_MAX).map(|name| printable(name, 80)).collect();
    let more = who.count.saturating_sub(names.len());
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{tail}", names.join(", "))
}
