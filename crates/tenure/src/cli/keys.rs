//! `tenure keys`: which keys there are, a new one beside the old, and the end of an old one.
//!
//! Shows ids and ages, never a key. Retiring loses what only that key opens, so its id is typed
//! once more. For operators: docs/keys.md and `tenure help keys`.

use super::{changing, reading};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{
        paint::Look,
        table::{Table, cell, looking},
        words::instant,
    },
    session::shaped,
    wire::Key,
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use tenure_model::printable;

/// List, rotate and retire the deployment's own keys
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    List(List),
    Rotate(Rotate),
    Retire(Retire),
}

impl KeysCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Rotate(args) => args.run(context).await,
            Self::Retire(args) => args.run(context).await,
        }
    }
}

/// A ring of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ring {
    /// Signs the evidence log
    Log,
    /// Seals secrets at rest
    Sealing,
    /// Takes fingerprints
    Fingerprint,
}

impl Ring {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Sealing => "sealing",
            Self::Fingerprint => "fingerprint",
        }
    }
}

/// List the keys, ring by ring, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure keys list

Exit codes: 0 done, 1 failed, 2 usage. What each ring is for: tenure help keys.")]
pub(crate) struct List {}

impl List {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let document = session.get("the keys were not listed", "/api/v1/keys").await?;
            let keys: Vec<Key> = shaped(&document)?;
            context.document(&json!({ "items": document, "next": null }));
            let mut table = Table::new(&["RING", "KEY", "MADE", "STATE"]);
            for key in &keys {
                let state = if key.current {
                    looking(Look::Good, "current")
                } else {
                    looking(Look::Faint, "older, still in use")
                };
                table.row(vec![cell(&key.ring), cell(&key.id), cell(instant(key.made_at)), state]);
            }
            context.list(&table, keys.iter().map(|key| format!("{} {}", key.ring, key.id)));
            context.next("tenure keys rotate RING; tenure help keys");
            Ok(Exit::Done)
        })
        .await
    }
}

/// Make a new current key; the old one keeps working beside it until it is retired
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure keys rotate sealing
  tenure keys rotate log

Exit codes: 0 rotated, 1 failed, 2 usage.")]
pub(crate) struct Rotate {
    /// Which ring
    ring: Ring,
}

impl Rotate {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let ring = self.ring.as_str();
            let what = format!("the {ring} ring was not rotated");
            let document = session.post(&what, &format!("/api/v1/keys/{ring}/rotate"), &json!({})).await?;
            let key: Key = shaped(&document)?;
            context.document(&document);
            context.say(format!("The {ring} ring has a new current key, {}.", key.id));
            context.next(match self.ring {
                Ring::Log => "give verifiers the new public key (tenure evidence checkpoint --json shows both), then tenure keys retire log OLD",
                Ring::Sealing => "source passwords were sealed anew; tenure keys retire sealing OLD when no plan is running",
                Ring::Fingerprint => "tenure survey, then tenure keys retire fingerprint OLD",
            });
            Ok(Exit::Done)
        })
        .await
    }
}

/// Drop an older key; what only it could open or verify is lost to this deployment
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure keys retire sealing 3f2a9c0d11e07b45 --yes 3f2a9c0d11e07b45

Exit codes: 0 retired, 1 failed, 2 usage, 4 a decision is needed.")]
pub(crate) struct Retire {
    /// Which ring
    ring: Ring,
    /// Which key, as `tenure keys list` shows it
    key_id: String,
    /// Go on without asking: the key's id once more
    #[arg(long, value_name = "KEY")]
    yes: Option<String>,
}

impl Retire {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.key_id, 60);
        let what = format!("key {shown} was not retired");
        let typed = match &self.yes {
            Some(given) => given.clone(),
            None if context.terminal.can_ask => {
                crate::terminal::ask(&format!(
                    "What only key {shown} can open or verify is lost. Type its id to go on: "
                ))
                .await?
            }
            None => {
                return Err(Failure::undecided(what)
                    .because("it needs a decision, and there is no terminal to ask for one")
                    .kept("nothing was changed")
                    .next(format!("tenure keys retire {} {shown} --yes {shown}", self.ring.as_str())));
            }
        };
        if typed != self.key_id {
            return Err(Failure::undecided(what).because("another id was given").kept("nothing was changed"));
        }
        changing(context, async |session| {
            let path = format!("/api/v1/keys/{}/{}/retire", self.ring.as_str(), part(&self.key_id));
            session.post(&what, &path, &json!({})).await?;
            context.document(&json!({ "retired": self.key_id, "ring": self.ring.as_str() }));
            context.say(format!("Key {shown} of the {} ring is retired.", self.ring.as_str()));
            context.next("tenure keys list");
            Ok(Exit::Done)
        })
        .await
    }
}
