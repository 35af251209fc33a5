//! `tenure survey`: one reading of each source, watched to its end, and what it changed.
//!
//! Sources are read one after the other; one that fails does not keep the others from being read.
//! A held survey is never decided without --accept or --discard. Next: `findings.rs`.

use super::{changing, listing};
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    render::words::{count, duration},
    session::{Session, shaped},
    wire::{IdentityListed, Source, Survey, SurveyShown},
};
use clap::Args;
use serde_json::{Value, json};
use std::time::Duration;
use tenure_model::{SurveyState, printable};

/// How often a running survey is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long to wait until what was seen is judged.
const JUDGING_MAX: Duration = Duration::from_secs(20);
/// How often progress is told where there is no terminal.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Read sources now
///
/// Reads every source, or those named. A survey never makes anything disappear that it did not read
/// completely. One that would make much disappear is held until a person decides: --accept reads again
/// and believes it, --discard forgets it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure survey
  tenure survey pg-main
  tenure survey pg-main --accept

Exit codes: 0 read, even in part; 1 a source could not be read, 2 usage, 4 a survey is held and needs
a decision.")]
pub(crate) struct SurveyArgs {
    /// Which sources [default: all]
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Believe a held survey: what it misses is gone
    #[arg(long, requires = "sources", conflicts_with = "discard")]
    accept: bool,
    /// Do not believe a held survey: nothing changes
    #[arg(long, requires = "sources")]
    discard: bool,
}

/// How one reading ended.
struct Read {
    source: String,
    outcome: Result<(Survey, Value), Failure>,
}

impl SurveyArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let sources = self.chosen(session).await?;
            if sources.is_empty() {
                context.document(&json!({ "surveys": [] }));
                context.say("There is no source to read yet.");
                context.next("tenure source add pg-main postgres://tenure@HOST/DATABASE");
                return Ok(Exit::Done);
            }
            let mut reads = Vec::new();
            for source in sources {
                let outcome = self.read(session, context, &source).await;
                let read = Read { source, outcome };
                print_read(context, &read);
                reads.push(read);
            }
            finish(session, context, reads).await
        })
        .await
    }

    async fn chosen(&self, session: &Session<'_>) -> Result<Vec<String>, Failure> {
        if !self.sources.is_empty() {
            return Ok(self.sources.clone());
        }
        let listed =
            listing::read::<Source>(session, "no source was read", "/api/v1/sources", &[], usize::MAX)
                .await?;
        Ok(listed.rows.into_iter().map(|source| source.name).collect())
    }

    async fn read(
        &self,
        session: &Session<'_>,
        context: &Context,
        source: &str,
    ) -> Result<(Survey, Value), Failure> {
        let what = format!("source `{}` was not read", printable(source, 60));
        if self.accept || self.discard {
            let path = format!("/api/v1/sources/{}/surveys/decide", part(source));
            let decided = session.post(&what, &path, &json!({ "believe": self.accept })).await?;
            return Ok((shaped(&decided)?, decided));
        }
        read_source(session, context, source).await
    }
}

/// Reads a source now, and watches until it is done.
pub(super) async fn read_source(
    session: &Session<'_>,
    context: &Context,
    source: &str,
) -> Result<(Survey, Value), Failure> {
    let what = format!("source `{}` was not read", printable(source, 60));
    loop {
        let begun =
            session.post(&what, &format!("/api/v1/sources/{}/surveys", part(source)), &json!({})).await?;
        let reading = Reading {
            id: begun.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
            hosted: session.is_hosted().await,
        };
        if let Some(read) = watch(session, context, source, &reading, &what).await? {
            return Ok(read);
        }
    }
}

/// A survey that was begun.
struct Reading {
    id: String,
    /// By this process itself, and not by a server that was there.
    hosted: bool,
}

/// Watches a survey to its end; nothing when whoever read went away in the middle of it, and with them
/// the reading: then this process is the server now, and begins again.
async fn watch(
    session: &Session<'_>,
    context: &Context,
    source: &str,
    reading: &Reading,
    what: &str,
) -> Result<Option<(Survey, Value)>, Failure> {
    let mut told = tokio::time::Instant::now();
    let mut progress_line = super::watch::Line::new(context);
    loop {
        let document = session.get(what, &format!("/api/v1/surveys/{}", part(&reading.id))).await?;
        let shown: SurveyShown = shaped(&document)?;
        if let Some(why) = shown.failure {
            progress_line.clear();
            return Err(Failure::new(what).because(why).kept("what was known before stays as it is"));
        }
        if let Some(survey) = shown.survey.filter(|survey| survey.state != SurveyState::Running) {
            progress_line.clear();
            return Ok(Some((survey, document.get("survey").cloned().unwrap_or(Value::Null))));
        }
        if !reading.hosted && session.is_hosted().await {
            progress_line.clear();
            return Ok(None);
        }
        if let Some(progress) = shown.progress {
            let seen = i64::try_from(progress.seen).unwrap_or(i64::MAX);
            let text = format!(
                "reading {source}: {}, {} parts done, now {}",
                count(seen, "thing"),
                progress.extents_ended,
                printable(&progress.extent, 60)
            );
            progress_line.show(&text);
            if context.form == Form::Text && !context.terminal.output && told.elapsed() >= TELL_EVERY {
                told = tokio::time::Instant::now();
                eprintln!("{text}");
            }
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn print_read(context: &Context, read: &Read) {
    let source = printable(&read.source, 60);
    match &read.outcome {
        Err(failure) => {
            if context.form != Form::Json {
                eprint!("{}", failure.text());
            }
        }
        Ok((survey, _)) => {
            let took = survey
                .ended
                .map(|end| format!(" in {}", duration(end.since(survey.started))))
                .unwrap_or_default();
            context.say(
                format!(
                    "{source}: {} {took}: {} seen, {} new or changed, {} gone.",
                    words_of(survey.state),
                    survey.seen,
                    survey.changed,
                    if survey.state == SurveyState::Held { 0 } else { survey.missing },
                )
                .replace("  ", " "),
            );
            if let Some(note) = &survey.note {
                context.say(format!("  {}", printable(note, 400)));
            }
        }
    }
}

const fn words_of(state: SurveyState) -> &'static str {
    match state {
        SurveyState::Running => "is being read",
        SurveyState::Complete => "read whole",
        SurveyState::Partial => "read in part",
        SurveyState::Held => "read, and held for a decision",
        SurveyState::Failed => "not read",
        SurveyState::Accepted => "believed",
        SurveyState::Discarded => "discarded, nothing changed",
    }
}

/// The summary, the document and the exit code.
async fn finish(session: &Session<'_>, context: &Context, reads: Vec<Read>) -> Result<Exit, Failure> {
    let was_read = reads.iter().any(|read| read.outcome.is_ok());
    if was_read {
        let read = reads.iter().filter(|read| read.outcome.is_ok());
        wait_until_judged(session, read.map(|read| read.source.as_str())).await?;
    }
    let surveys: Vec<Value> = reads
        .iter()
        .map(|read| match &read.outcome {
            Ok((_, document)) => json!({ "source": read.source, "survey": document }),
            Err(failure) => json!({ "source": read.source, "failure": failure.document().get("failure") }),
        })
        .collect();
    let status = session.get("the counts were not read", "/api/v1/status").await?;
    context.document(&json!({ "surveys": surveys, "status": status }));
    let status: crate::wire::Status = shaped(&status)?;
    let held = reads
        .iter()
        .find(|read| read.outcome.as_ref().is_ok_and(|(survey, _)| survey.state == SurveyState::Held));
    let failed = reads.iter().filter_map(|read| read.outcome.as_ref().err()).next_back();
    if let Some(read) = held {
        let source = &read.source;
        context.next(format!("look at {source}; then tenure survey {source} --accept, or --discard"));
        return Ok(Exit::Undecided);
    }
    let in_part = reads
        .iter()
        .any(|read| read.outcome.as_ref().is_ok_and(|(survey, _)| survey.state == SurveyState::Partial));
    if in_part {
        context.say("Some parts could not be read; nothing there was taken for gone. tenure doctor says which, and what would mend it.");
    }
    if let Some(failure) = failed {
        return Ok(failure.exit);
    }
    let sources =
        listing::read::<Source>(session, "the sources were not listed", "/api/v1/sources", &[], 20).await?;
    for line in super::up::standing_lines(&status, &sources.rows) {
        context.say(line);
    }
    context.next(super::up::next_step(&status, &sources.rows));
    Ok(Exit::Done)
}

/// Waits until the first page of what was seen is judged, so that the summary is not about half of it.
pub(super) async fn wait_until_judged(
    session: &Session<'_>,
    sources: impl Iterator<Item = &str>,
) -> Result<(), Failure> {
    let deadline = tokio::time::Instant::now() + JUDGING_MAX;
    for source in sources {
        let query = [format!("source={}", part(source)), String::from("built_in=true")];
        while tokio::time::Instant::now() < deadline {
            let listed = listing::read::<IdentityListed>(
                session,
                "the identities were not listed",
                "/api/v1/identities",
                &query,
                500,
            )
            .await?;
            if listed.rows.iter().all(|row| row.identity.judged.is_some()) {
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    Ok(())
}
