//! `tenure baseline`: from when on what appears at a source is news. Without --set it only looks.
//!
//! Next: `findings.rs`.

use super::{changing, listing, reading};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::words::{count, instant, typeable},
    session::{Session, shaped},
    wire::{Source, SourceBaseline},
};
use clap::Args;
use serde_json::json;
use tenure_model::printable;

/// Show or set from when on what appears at a source is news
///
/// The first survey that ends sets it. Set anew, nothing is closed or hidden: what is open now is no longer
/// new, and keys that are there now are no longer unknown newcomers.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure baseline                         of the only source
  tenure baseline this-host               what would no longer be new
  tenure baseline this-host --set
  tenure findings --new

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct BaselineArgs {
    /// Which source; the only one when nothing is said
    source: Option<String>,
    /// Set it to now
    #[arg(long)]
    set: bool,
}

impl BaselineArgs {
    /// The source that is meant, as it is shown, and where its baseline is.
    async fn of_which(&self, session: &Session<'_>) -> Result<(String, String), Failure> {
        let source = match &self.source {
            Some(source) => source.clone(),
            None => only_source(session).await?,
        };
        Ok((printable(&source, 60), format!("/api/v1/sources/{}/baseline", part(&source))))
    }

    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if self.set {
            return changing(context, async |session| {
                let (shown, path) = self.of_which(session).await?;
                let what = format!("the baseline of `{shown}` was not set");
                let document = session.put(&what, &path, &json!({})).await?;
                let baseline: SourceBaseline = shaped(&document)?;
                context.document(&document);
                let at = baseline.baseline.map(instant).unwrap_or_default();
                context.say(format!("The baseline of {} is {at}: nothing there is new.", baseline.source));
                context.next("tenure findings --new");
                Ok(Exit::Done)
            })
            .await;
        }
        reading(context, async |session| {
            let (shown, path) = self.of_which(session).await?;
            let document = session.get(&format!("the baseline of `{shown}` was not read"), &path).await?;
            let baseline: SourceBaseline = shaped(&document)?;
            context.document(&document);
            match baseline.baseline {
                Some(at) => {
                    let findings = count(baseline.findings, "finding");
                    let new = baseline.new;
                    context.say(format!("The baseline of {} is {}.", baseline.source, instant(at)));
                    context.say(format!("Since then {new} of {findings} are new; set anew, none would be."));
                    context.next(format!("tenure baseline {} --set", typeable(&baseline.source)));
                }
                None => {
                    context.say(format!("{} has no baseline: no survey has ended yet.", baseline.source));
                    context.next(format!("tenure survey {}", typeable(&baseline.source)));
                }
            }
            Ok(Exit::Done)
        })
        .await
    }
}

/// Sources that are named when one has to be chosen.
const NAMED_MAX: usize = 20;

/// The only source there is; of several one has to be named.
async fn only_source(session: &Session<'_>) -> Result<String, Failure> {
    let what = "no baseline was looked at";
    let listed = listing::read::<Source>(session, what, "/api/v1/sources", &[], NAMED_MAX).await?;
    let mut names = listed.rows.into_iter().map(|source| source.name);
    match (names.next(), names.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => {
            Err(Failure::new(what).because("there is no source yet").next("tenure source add NAME ADDRESS"))
        }
        (Some(first), Some(second)) => {
            let all: Vec<String> = [first.clone(), second].into_iter().chain(names).collect();
            Err(Failure::usage(what)
                .because(format!("there are several sources: {}", all.join(", ")))
                .next(format!("tenure baseline {first}")))
        }
    }
}
