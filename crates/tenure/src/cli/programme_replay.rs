//! `tenure programme replay`: what a programme would have found on days that are past.
//!
//! Nothing is written, and nothing follows from it. Next: `programme_apply.rs`, the same for now.

use super::reading;
use crate::{
    context::Context,
    failure::{Exit, Failure},
    programme_files::{self, read, refuse_faulty},
    render::{
        paint::Look,
        table::{Table, cell, looking, name},
        words::count,
    },
    session::{Session, shaped},
    wire::programme_replay::{DayReplayed, ProgrammeReplay, ProgrammeReplayed},
};
use clap::Args;
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};
use tenure_model::{Instant, printable};

/// Identities that are named, unless all are asked for.
const NAMED: usize = 20;
/// How often it is asked how far looking is, at most, and the pause between.
const ASKED_MAX: usize = 7_200;
const PAUSE: Duration = Duration::from_millis(500);
/// How wide the longest bar of a day is.
const BAR: i64 = 30;

/// Say what a programme would have found on days that are past
///
/// Every identity is put back as it was at the end of each day, and judged twice: by what was in force then, and by this
/// programme. Nothing is written. What is not kept of those days is of today, and said.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure programme replay ./programme
  tenure programme replay ./programme --since 2026-11-01 --until 2026-11-14
  tenure programme replay ./programme --json

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Replay {
    /// The directory of its files
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The first day [default: 29 days before the last, or the first that is kept]
    #[arg(long, value_name = "DAY")]
    since: Option<String>,
    /// The last day, at most 92 days on [default: today]
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// Name every identity that differs, at most 200
    #[arg(long)]
    all: bool,
}

impl Replay {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let what = "what it would have found was not looked at";
        let files = read(what, &self.directory)?;
        refuse_faulty(what, &files)?;
        reading(context, async |session| {
            let body = json!({ "files": files, "since": self.since, "until": self.until });
            let (replayed, document) = replay(context, session, what, &body).await?;
            context.document(&document);
            let most = if self.all { usize::MAX } else { NAMED };
            show(context, &replayed, most);
            let shown = programme_files::shown(&self.directory);
            if replayed.differ > i64::try_from(most).unwrap_or(i64::MAX) {
                context.remark(format!("tenure programme replay {shown} --all names up to 200 of them"));
            }
            context.next(format!("tenure programme plan {shown} says what it would change now"));
            Ok(Exit::Done)
        })
        .await
    }
}

/// Asks until it is known, and says how far it is.
async fn replay(
    context: &Context,
    session: &Session<'_>,
    what: &str,
    body: &Value,
) -> Result<(ProgrammeReplayed, Value), Failure> {
    let mut told = 0;
    for _ in 0..ASKED_MAX {
        let document = session.post(what, "/api/v1/programme/replay", body).await?;
        let replay: ProgrammeReplay = shaped(&document)?;
        if let Some(replayed) = replay.replayed {
            return Ok((replayed, document));
        }
        let percent = replay.judged * 100 / replay.of.max(1);
        if percent >= told + 10 {
            told = percent;
            context.remark(format!("{percent} %: {} of {} identities looked at", replay.judged, replay.of));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Failure::new(what).because("it is still being looked at").next("give the same command again"))
}

fn day(at: Instant) -> String {
    at.to_string().get(..10).unwrap_or_default().to_owned()
}

fn show(context: &Context, replayed: &ProgrammeReplayed, most: usize) {
    context.say(format!(
        "From {} to {}: of {} it would have found something else on {}; {} would have lapsed on some day and had not.",
        day(replayed.since),
        day(replayed.until),
        count(replayed.identities, "identity"),
        replayed.differ,
        replayed.lapse,
    ));
    if replayed.not_judged > 0 {
        let some = count(replayed.not_judged, "identity");
        context.say(format!("{some} could not be judged on every day, and count on the others."));
    }
    days(context, &replayed.days);
    let mut table = Table::new(&["POLICY", "WOULD HAVE FAILED", "WOULD NOT HAVE", "FIRST"]);
    for one in &replayed.policies {
        table.row(vec![
            looking(Look::Strong, format!("{} ({})", printable(&one.policy, 60), one.severity)),
            cell(one.fires.to_string()),
            cell(one.spares.to_string()),
            cell(day(one.first)),
        ]);
    }
    if !replayed.policies.is_empty() {
        context.say("");
        context.table(&table);
    }
    let mut table = Table::new(&["IDENTITY", "FIRST", "WOULD LAPSE", "WOULD HAVE FAILED", "WOULD NOT HAVE"])
        .or_two_lines(0);
    for one in replayed.named.iter().take(most) {
        table.row(vec![
            name(printable(&one.name, 200)),
            cell(day(one.first)),
            cell(one.lapses.map_or_else(|| String::from("-"), day)),
            cell(one.fires.join(", ")),
            cell(one.spares.join(", ")),
        ]);
    }
    if !replayed.named.is_empty() {
        context.say("");
        context.table(&table);
    }
    context.say("");
    context.say("Not kept of those days:");
    for one in &replayed.of_today {
        context.say(format!("- {}", printable(one, 300)));
    }
}

/// A line for each day on which something differs or another programme came into force, the first and the last.
fn days(context: &Context, days: &[DayReplayed]) {
    let most = days.iter().map(|one| one.failed.max(one.would_fail)).max().unwrap_or_default().max(1);
    let mut table =
        Table::new(&["DAY", "PROGRAMME", "FAILED", "WOULD HAVE", "LAPSED", "WOULD HAVE", ""]).or_two_lines(0);
    let mut before: Option<&DayReplayed> = None;
    for (index, one) in days.iter().enumerate() {
        let same = |other: &DayReplayed| {
            let of = |it: &DayReplayed| (it.programme, it.failed, it.would_fail, it.lapsed, it.would_lapse);
            of(other) == of(one)
        };
        let is_told = index + 1 == days.len() || !before.is_some_and(same);
        before = Some(one);
        if !is_told {
            continue;
        }
        let in_force = match one.programme {
            0 => String::from("defaults"),
            version => version.to_string(),
        };
        let bar = usize::try_from(one.would_fail * BAR / most).unwrap_or_default();
        table.row(vec![
            cell(day(one.at)),
            cell(in_force),
            cell(one.failed.to_string()),
            cell(one.would_fail.to_string()),
            cell(one.lapsed.to_string()),
            cell(one.would_lapse.to_string()),
            cell("▇".repeat(bar)),
        ]);
    }
    context.table(&table);
    context.remark("days that are as the one before are left out; the bar is what would have failed");
}
