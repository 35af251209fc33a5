//! The first look: the machine Tenure runs on, read once when a deployment is made.
//!
//! It goes through the same API as everybody's: a source is added, surveyed and judged, and what it says is read back.
//! A failure here must never keep `up` from serving: it is told, and what to do about it. Next: `up.rs`.

use super::{listing, survey};
use crate::{
    connectors,
    context::Context,
    failure::Failure,
    render::{
        paint::look_of_severity,
        words::{count, duration, typeable, wrapped},
    },
    session::{Session, shaped},
    wire::{Queue, Source, Survey},
};
use serde_json::{Value, json};
use tenure_model::printable;

/// What this machine is called as a source.
pub(super) const NAME: &str = "this-host";
/// Where it is.
pub(super) const ADDRESS: &str = "host:///";
/// Things to do first that are shown.
const QUEUE: usize = 5;
/// Credentials that are counted; beyond it, at least as many are there.
const COUNTED_MAX: usize = 5_000;

/// How many identities there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    /// All of them.
    pub(super) identities: i64,
    /// Those that come with a system.
    pub(super) built_in: i64,
    /// Those of which nobody has said whose they are.
    pub(super) unclaimed: i64,
}

/// What a first look has still to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// The machine is not a source yet.
    AddAndRead,
    /// It is one, and was never read to the end.
    Read,
}

/// What a first look found.
pub(super) struct FirstLook {
    survey: Survey,
    document: Value,
    credentials: usize,
    more_credentials: bool,
    queue: Queue,
    dark: Vec<(String, String)>,
}

/// Reads this machine; nothing when no connector of this build reads machines.
pub(super) async fn look(
    session: &Session<'_>,
    context: &Context,
    first: First,
    address: &str,
) -> Result<Option<FirstLook>, Failure> {
    let Some(manifest) = connectors::of_address(address) else { return Ok(None) };
    let what = "this machine was not read";
    let body = json!({
        "name": NAME, "system": manifest.system, "options": {},
        "points": [{ "name": tenure_model::PRIMARY, "url": address }],
    });
    if first == First::AddAndRead {
        session.post(what, "/api/v1/sources", &body).await?;
    }
    let (survey, document) = survey::read_source(session, context, NAME).await?;
    survey::wait_until_judged(session, [NAME].into_iter()).await?;
    // Nothing but this machine was read yet, so that all credentials are of it.
    let credentials = listing::read::<Value>(session, what, "/api/v1/credentials", &[], COUNTED_MAX).await?;
    let queue: Queue = shaped(&session.get(what, &format!("/api/v1/queue?limit={QUEUE}")).await?)?;
    let sources = listing::read::<Source>(session, what, "/api/v1/sources", &[], 20).await?;
    let source = sources.rows.into_iter().find(|source| source.name == NAME);
    let notes = source.map(|source| source.not_observable).unwrap_or_default();
    let dark = notes.into_iter().map(|note| (note.what, note.remedy)).collect();
    Ok(Some(FirstLook {
        survey,
        document,
        credentials: credentials.rows.len(),
        more_credentials: credentials.more,
        queue,
        dark,
    }))
}

impl FirstLook {
    /// As a part of the document of `up`.
    pub(super) fn document(&self) -> Value {
        self.document.clone()
    }

    /// What was found, worst first, and what could not be seen.
    pub(super) fn print(&self, context: &Context, counts: Counts) {
        let took = self.survey.ended.map(|end| duration(end.since(self.survey.started))).unwrap_or_default();
        let credentials = i64::try_from(self.credentials).unwrap_or(i64::MAX);
        let least = if self.more_credentials { "at least " } else { "" };
        context.say(format!(
            "Surveyed this host in {took}: {} ({} built in), {least}{}.",
            count(counts.identities, "identity"),
            counts.built_in,
            count(credentials, "credential"),
        ));
        if counts.unclaimed > 0 {
            context.say(format!("{} unclaimed: nobody has said yet whose they are.", counts.unclaimed));
        }
        let (shown, all) = (self.queue.items.iter().map(|item| item.count).sum::<i64>(), self.queue.findings);
        if shown < all {
            context.say(format!("{} wrong whoever owns it; the first {}:", all, self.queue.items.len()));
        } else if all > 0 {
            context.say(format!("{all} wrong whoever owns it:"));
        }
        self.print_findings(context);
        for (what, remedy) in &self.dark {
            context.say(format!(
                "Not observable here: {} ({}).",
                printable(what, 200),
                printable(remedy, 200)
            ));
        }
    }

    fn print_findings(&self, context: &Context) {
        let frame = context.frame();
        // As wide as the longest "▲ critical: " leaves it, so that no line is folded twice.
        let columns = frame.prose(14);
        for item in &self.queue.items {
            let severity = frame.paint.text(look_of_severity(item.severity), item.severity.as_str());
            let reason = printable(&item.reason, 400);
            let head = |head: &String| format!("{}, for example: ", printable(head, 300));
            let several = item.fix_once.as_ref().map(head).unwrap_or_default();
            let mut lines = wrapped(&format!("{several}{reason}"), columns).into_iter();
            context.say(format!("  ▲ {severity}: {}", lines.next().unwrap_or_default()));
            lines.for_each(|line| context.say(format!("      {line}")));
            if let Some(name) = item.names.first() {
                context.suggest(format!("      tenure explain {}", typeable(name)));
            }
        }
    }
}
