//! `tenure people ldap`: directories that are read by LDAP; what a reading changes is shown first and carried out as it was shown.
//!
//! Must never carry out what nobody looked at: the word is made of what was read and of what it changes. Next: docs/people.md.

use super::{
    changing,
    people_directory::people,
    people_import::{show, told, typed},
    reading,
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::table::{Table, cell},
    session::{Session, shaped},
    wire::{LdapForeseen, LdapList, LdapShown},
};
use clap::Args;
use serde_json::{Value, json};
use tenure_model::{counted, printable};

/// Lines about entries that cannot be used, at most.
const FAULTS_MAX: usize = 10;

/// Read people and groups from a directory by LDAP; without a name, list the directories
///
/// The directories are named in tenure.toml ([[ldap]]). Shows what would change and asks for the word that comes with it.
/// Whoever is not in the directory any more leaves, unless the directory gave only part of what it holds. When more than
/// one in five would leave at once, they are held: tenure people held.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people ldap
  tenure people ldap corp --preview
  tenure people ldap corp
  tenure people ldap corp --yes 3f9a01c27d5e8b46

Exit codes: 0 done, 1 failed, 2 usage, 4 a decision is needed.")]
pub(crate) struct Ldap {
    /// The directory, as tenure.toml names it
    name: Option<String>,
    /// Only show what it would change
    #[arg(long, requires = "name", conflicts_with = "yes")]
    preview: bool,
    /// Go on without asking: the word that was shown with what it changes
    #[arg(long, value_name = "WORD", requires = "name")]
    yes: Option<String>,
}

impl Ldap {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Some(name) = &self.name else { return list(context).await };
        let what = "nobody was brought in";
        let path = format!("/api/v1/ldap/{}", part(name));
        let again = |word: &str| format!("tenure people ldap {} --yes {word}", printable(name, 60));
        if self.preview {
            return reading(context, async |session| {
                let (foreseen, document) = foresee(session, what, &path).await?;
                context.document(&document);
                tell(context, &foreseen);
                let changes = &foreseen.changes;
                let next = if changes.is_empty() {
                    String::from("tenure people list")
                } else {
                    again(&changes.word)
                };
                context.next(next);
                Ok(Exit::Done)
            })
            .await;
        }
        changing(context, async |session| {
            let word = if let Some(word) = &self.yes {
                word.clone()
            } else {
                let (foreseen, document) = foresee(session, what, &path).await?;
                tell(context, &foreseen);
                if foreseen.changes.is_empty() {
                    context.document(&document);
                    return Ok(Exit::Done);
                }
                let next = again(&foreseen.changes.word);
                typed(context, what, foreseen.changes, (true, next)).await?
            };
            let document = session.post(what, &format!("{path}/readings"), &json!({ "word": word })).await?;
            let done: LdapForeseen = shaped(&document)?;
            context.document(&document);
            told(context, &done.changes);
            Ok(Exit::Done)
        })
        .await
    }
}

async fn list(context: &Context) -> Result<Exit, Failure> {
    reading(context, async |session| {
        let document = session.get("the directories were not listed", "/api/v1/ldap").await?;
        let found: LdapList = shaped(&document)?;
        context.document(&document);
        if found.directories.is_empty() {
            context.say("No directory is read by LDAP.");
            context.next("name one in tenure.toml ([[ldap]]): docs/people.md");
            return Ok(Exit::Done);
        }
        let mut table = Table::new(&["NAME", "WHERE", "LINE", "READ BY ITSELF", "LAST READ", "WHAT IT SAID"]);
        for one in &found.directories {
            let every =
                one.every_minutes.map_or_else(|| String::from("never"), |every| format!("every {every} min"));
            let last = one.last.as_ref();
            table.row(vec![
                cell(&one.name),
                cell(format!("{}:{}", one.host, one.port)),
                cell(&one.security),
                cell(every),
                cell(last.map_or_else(|| String::from("-"), |last| last.at.clone())),
                cell(said(one)),
            ]);
        }
        context.list(&table, found.directories.iter().map(|one| &one.name));
        if let Some(first) = found.directories.first() {
            context.next(format!("tenure people ldap {} --preview", printable(&first.name, 60)));
        }
        Ok(Exit::Done)
    })
    .await
}

fn said(one: &LdapShown) -> String {
    let Some(last) = &one.last else { return String::from("not read since the start") };
    match (last.people, &last.why) {
        (None, why) => format!("not read: {}", printable(why.as_deref().unwrap_or("no reason"), 200)),
        (Some(people), Some(why)) => format!("{}, NOT ALL: {}", persons(people), printable(why, 200)),
        (Some(people), None) if last.faults > 0 => {
            format!("{}; {} could not be used", persons(people), counted(last.faults, "entry"))
        }
        (Some(people), None) => persons(people),
    }
}

fn persons(many: usize) -> String {
    people(i64::try_from(many).unwrap_or(i64::MAX))
}

async fn foresee(session: &Session<'_>, what: &str, path: &str) -> Result<(LdapForeseen, Value), Failure> {
    let document = session.post(what, &format!("{path}/preview"), &json!({})).await?;
    Ok((shaped(&document)?, document))
}

fn tell(context: &Context, foreseen: &LdapForeseen) {
    if let Some(why) = &foreseen.incomplete {
        let why = printable(why, 200);
        context.remark(format!(
            "It was not read whole ({why}): nobody leaves by it, and teams stay as they are."
        ));
    }
    for line in foreseen.fault_lines.iter().take(FAULTS_MAX) {
        context.remark(format!("  not used: {}", printable(line, 300)));
    }
    let more = foreseen.faults.saturating_sub(foreseen.fault_lines.len().min(FAULTS_MAX));
    if more > 0 {
        context.remark(format!("  and {more} more, in --json"));
    }
    if foreseen.referrals > 0 {
        let times = foreseen.referrals;
        context.remark(format!(
            "It named other directories {times} times; those are not asked: give each a section of its own."
        ));
    }
    show(context, &foreseen.changes, "the directory");
}
