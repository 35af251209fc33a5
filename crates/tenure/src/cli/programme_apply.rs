//! `tenure programme plan` and `apply`: what a programme would change, for whom, and putting it in force.
//!
//! What is applied is what was shown: the word that comes with it is made of the files and of the numbers. Must never
//! apply what nobody looked at. Next: `programme.rs`, the other commands.

use super::{changing, reading};
use crate::{
    context::{Context, Form},
    failure::{Exit, Failure},
    programme_files::{self, read, refuse_faulty},
    render::{
        paint::Look,
        table::{Table, cell, looking, name},
        words::count,
    },
    session::{Session, shaped},
    wire::programme::{Programme, ProgrammeForeseen, ProgrammePlan},
};
use clap::Args;
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};
use tenure_engine::ProgrammeFiles;
use tenure_model::printable;

/// Identities that are named, unless all are asked for.
const NAMED: usize = 20;
/// Letters of the word that are typed on a terminal.
const TYPED_CHARS: usize = 8;
/// Settings that differ that are told here.
const DIFFERENCES: usize = 30;
/// How often it is asked how far looking is, at most, and the pause between.
const ASKED_MAX: usize = 3_600;
const PAUSE: Duration = Duration::from_millis(200);

/// Say what a programme would change, for which identities, before anything is applied
///
/// Every identity is judged twice, by what is in force and by what is proposed. Nothing is written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme plan ./programme
  tenure programme plan ./programme --all
  tenure programme plan ./programme --json

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Plan {
    /// The directory of its files
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Name every identity that changes, at most 200
    #[arg(long)]
    all: bool,
}

/// Put a programme in force, as it was shown
///
/// Shows what it changes and asks for the word that comes with it; --yes gives the word. Where much comes to stand worse,
/// the number of those is asked for, too. Former programmes stay: tenure programme export DIR --version N brings one back.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme apply ./programme --reason 'first operating model'
  tenure programme apply ./programme --reason 'first operating model' --yes 3f9a01c2
  tenure programme apply ./programme --reason 'audit finding 7' --yes 3f9a01c2 --worse 812

Exit codes: 0 in force, 1 failed, 2 usage, 4 a decision is needed.")]
pub(crate) struct Apply {
    /// The directory of its files
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Why
    #[arg(long, value_name = "WHY")]
    reason: String,
    /// Go on without asking: the word that was shown with what it changes
    #[arg(long, value_name = "WORD")]
    yes: Option<String>,
    /// How many identities come to stand worse, where that is held
    #[arg(long, value_name = "COUNT", requires = "yes")]
    worse: Option<i64>,
}

impl Plan {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "what it would change was not looked at";
        let files = read(what, &self.directory)?;
        refuse_faulty(what, &files)?;
        reading(context, async |session| {
            let (foreseen, document) = foresee(context, session, what, &files).await?;
            context.document(&document);
            let most = if self.all { usize::MAX } else { NAMED };
            tell_differences(context, session, what, &files).await?;
            show(context, &foreseen, most);
            let shown = programme_files::shown(&self.directory);
            if foreseen.changed > i64::try_from(most).unwrap_or(i64::MAX) {
                context.remark(format!("tenure programme plan {shown} --all names up to 200 of them"));
            }
            let worse =
                foreseen.held.as_ref().map(|_| format!(" --worse {}", foreseen.worse)).unwrap_or_default();
            context
                .next(format!("tenure programme apply {shown} --reason WHY --yes {}{worse}", foreseen.word));
            Ok(Exit::Done)
        })
        .await
    }
}

impl Apply {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "the programme was not applied";
        let files = read(what, &self.directory)?;
        refuse_faulty(what, &files)?;
        changing(context, async |session| {
            let (foreseen, _) = foresee(context, session, what, &files).await?;
            if self.yes.is_none() {
                tell_differences(context, session, what, &files).await?;
            }
            let (word, worse) = self.decide(context, what, &foreseen).await?;
            let body = json!({ "files": files, "reason": self.reason, "word": word, "worse": worse });
            let document = session.put(what, "/api/v1/programme", &body).await?;
            let applied: Programme = shaped(&document)?;
            context.document(&document);
            context.say(format!(
                "Programme {} is in force. Every identity is judged by it now.",
                applied.version
            ));
            context.next("tenure programme show");
            Ok(Exit::Done)
        })
        .await
    }

    /// The word, and how many come to stand worse where that is held, as they were given or typed.
    async fn decide(
        &self,
        context: &Context,
        what: &str,
        foreseen: &ProgrammeForeseen,
    ) -> Result<(String, Option<i64>), Failure> {
        if let Some(word) = &self.yes {
            return Ok((word.clone(), self.worse));
        }
        show(context, foreseen, NAMED);
        if !context.terminal.can_ask || context.form != Form::Text {
            return Err(Failure::undecided(what)
                .because("it needs a decision, and there is no terminal to ask for one")
                .kept("nothing was changed")
                .next("tenure programme plan DIR shows the word for --yes"));
        }
        let (asked, wanted) = match &foreseen.held {
            None => ("Type this to put it in force", beginning(&foreseen.word)),
            Some(_) => (
                "Type this and how many come to stand worse to put it in force",
                format!("{} {}", beginning(&foreseen.word), foreseen.worse),
            ),
        };
        let typed = crate::terminal::ask(&format!("{asked}: {wanted}\n> "))
            .await
            .map_err(|failure| failure.kept("nothing was changed"))?;
        if typed.split_whitespace().collect::<Vec<_>>().join(" ") != wanted {
            return Err(Failure::undecided(what)
                .because("something else was typed")
                .kept("nothing was changed"));
        }
        Ok((foreseen.word.clone(), foreseen.held.as_ref().map(|_| foreseen.worse)))
    }
}

/// What is typed of a word: in one conversation it can be of no other programme.
fn beginning(word: &str) -> String {
    word.chars().take(TYPED_CHARS).collect()
}

/// Says which settings differ from what is in force.
async fn tell_differences(
    context: &Context,
    session: &Session<'_>,
    what: &str,
    files: &ProgrammeFiles,
) -> Result<(), Failure> {
    let differences = super::programme::differences(session, what, files).await?;
    for one in differences.iter().take(DIFFERENCES) {
        context.say(one.to_string());
    }
    if differences.len() > DIFFERENCES {
        context
            .say(format!("… and {} more: tenure programme diff says all", differences.len() - DIFFERENCES));
    }
    Ok(())
}

/// Asks until it is known, and says how far it is.
async fn foresee(
    context: &Context,
    session: &Session<'_>,
    what: &str,
    files: &ProgrammeFiles,
) -> Result<(ProgrammeForeseen, Value), Failure> {
    let mut told = 0;
    for _ in 0..ASKED_MAX {
        let document = session.post(what, "/api/v1/programme/plan", &json!({ "files": files })).await?;
        let plan: ProgrammePlan = shaped(&document)?;
        if let Some(foreseen) = plan.foreseen {
            return Ok((foreseen, document));
        }
        let percent = plan.judged * 100 / plan.of.max(1);
        if percent >= told + 10 {
            told = percent;
            context.remark(format!("{percent} %: {} of {} identities judged", plan.judged, plan.of));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Failure::new(what).because("it is still being looked at").next("give the same command again"))
}

fn show(context: &Context, foreseen: &ProgrammeForeseen, most: usize) {
    let against = match foreseen.base_version {
        0 => String::from("the defaults"),
        version => format!("programme {version}"),
    };
    context.say(format!(
        "Of {} it would change {}, compared with {against}: {} come to stand worse, {} of them lapse at once; {} more lapse \
         within seven days; {} come to stand better.",
        count(foreseen.identities, "identity"),
        foreseen.changed,
        foreseen.worse,
        foreseen.lapses,
        foreseen.lapses_soon,
        foreseen.better,
    ));
    if foreseen.not_judged > 0 {
        context.say(format!(
            "{} could not be judged and stay as they are.",
            count(foreseen.not_judged, "identity")
        ));
    }
    if let Some(why) = &foreseen.held {
        context.say(format!("HELD: {why}. Whoever applies it says how many."));
    }
    numbers(context, foreseen);
    let mut table =
        Table::new(&["IDENTITY", "CLASS", "STANDING", "BEGINS TO FAIL", "FAILS NO MORE"]).or_two_lines(0);
    for one in foreseen.named.iter().take(most) {
        let standing = if one.from == one.to {
            format!("{} {}", one.to.mark(), one.to)
        } else {
            format!("{} {} → {} {}", one.from.mark(), one.from, one.to.mark(), one.to)
        };
        table.row(vec![
            name(&one.name),
            cell(one.class.as_deref().unwrap_or("-")),
            cell(standing),
            cell(one.begins.join(", ")),
            cell(one.ends.join(", ")),
        ]);
    }
    if !foreseen.named.is_empty() {
        context.say("");
        context.table(&table);
    }
}

/// What moves, in counts: standings, classes, policies.
fn numbers(context: &Context, foreseen: &ProgrammeForeseen) {
    let mut table = Table::new(&["", ""]);
    for one in &foreseen.standings {
        let (from, to) = (one.from, one.to);
        table.row(vec![
            looking(Look::Strong, format!("{} {from} → {} {to}", from.mark(), to.mark())),
            cell(count(one.count, "identity")),
        ]);
    }
    for one in foreseen.classes.iter().filter(|one| one.before != one.after) {
        let after = if one.before == 0 {
            count(one.after, "identity")
        } else {
            format!("{} → {}", one.before, count(one.after, "identity"))
        };
        table.row(vec![looking(Look::Strong, format!("class {}", printable(&one.class, 60))), cell(after)]);
    }
    for one in &foreseen.policies {
        let mut moves = Vec::new();
        moves.extend((one.begins > 0).then(|| format!("{} begin to fail", one.begins)));
        moves.extend((one.ends > 0).then(|| format!("{} fail no more", one.ends)));
        let policy = format!("{} ({})", printable(&one.policy, 60), one.severity);
        table.row(vec![looking(Look::Strong, policy), cell(moves.join(", "))]);
    }
    context.table(&table);
}
