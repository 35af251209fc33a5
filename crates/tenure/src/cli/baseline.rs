//! `tenure baseline`: from when on what appears at a source is news. Without --set it only looks.
//!
//! Next: `findings.rs`.

use super::{changing, reading};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::words::{count, instant},
    session::shaped,
    wire::SourceBaseline,
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
  tenure baseline this-host               what would no longer be new
  tenure baseline this-host --set
  tenure findings --new

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct BaselineArgs {
    /// Which source
    source: String,
    /// Set it to now
    #[arg(long)]
    set: bool,
}

impl BaselineArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.source, 60);
        let path = format!("/api/v1/sources/{}/baseline", part(&self.source));
        if self.set {
            let what = format!("the baseline of `{shown}` was not set");
            return changing(context, async |session| {
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
            let document = session.get(&format!("the baseline of `{shown}` was not read"), &path).await?;
            let baseline: SourceBaseline = shaped(&document)?;
            context.document(&document);
            match baseline.baseline {
                Some(at) => {
                    let findings = count(baseline.findings, "finding");
                    let new = baseline.new;
                    context.say(format!("The baseline of {} is {}.", baseline.source, instant(at)));
                    context.say(format!("Since then {new} of {findings} are new; set anew, none would be."));
                    context.next(format!("tenure baseline {} --set", baseline.source));
                }
                None => {
                    context.say(format!("{} has no baseline: no survey has ended yet.", baseline.source));
                    context.next(format!("tenure survey {}", baseline.source));
                }
            }
            Ok(Exit::Done)
        })
        .await
    }
}
