//! `identities`, `principals`, `credentials`: what exists, as lists.
//!
//! One row is one line whatever its name is made of, and never a value of a credential. Lists stop
//! at a limit and say so. Next: `show.rs`, everything about one of them.

use super::{
    listing::{self, Amount},
    reading,
};
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{
        identity::standing,
        paint::{Look, look_of_severity, look_of_standing},
        table::{Table, cell, looking, name},
        words::instant,
    },
    wire::{Credential, IdentityListed, Principal},
};
use clap::Args;
use tenure_model::{CredentialState, Presence, RiskTier, Standing, names, text};

/// List identities: what is governed, and how it stands
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure identities
  tenure identities --standing unclaimed --source pg-main
  tenure identities --contains etl --json

Exit codes: 0 done, 1 failed, 2 usage. What the standings mean: tenure help standing.")]
pub(crate) struct Identities {
    /// Only names that contain this
    #[arg(long, value_name = "TEXT")]
    contains: Option<String>,
    /// Only this standing
    #[arg(long, value_name = "STANDING", value_parser = parse_standing)]
    standing: Option<Standing>,
    /// Only those with an open finding
    #[arg(long)]
    findings: bool,
    /// Only those of this source
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// Only those of this class of the programme
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Only those of this risk tier: low, moderate, high or critical
    #[arg(long, value_name = "TIER", value_parser = parse_tier)]
    tier: Option<RiskTier>,
    /// Also those that are part of a system itself
    #[arg(long)]
    built_in: bool,
    #[command(flatten)]
    amount: Amount,
}

pub(super) fn parse_standing(given: &str) -> Result<Standing, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

fn parse_tier(given: &str) -> Result<RiskTier, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

impl Identities {
    fn query(&self) -> Vec<String> {
        let mut query = Vec::new();
        let texts = [
            ("contains", self.contains.as_deref()),
            ("standing", self.standing.map(Standing::as_str)),
            ("source", self.source.as_deref()),
            ("class", self.class.as_deref()),
            ("tier", self.tier.map(RiskTier::as_str)),
        ];
        for (name, value) in texts {
            query.extend(value.map(|value| format!("{name}={}", part(value))));
        }
        for (name, wanted) in [("findings", self.findings), ("built_in", self.built_in)] {
            if wanted {
                query.push(format!("{name}=true"));
            }
        }
        query
    }

    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let query = self.query();
            let what = "the identities were not listed";
            let listed = listing::read::<IdentityListed>(
                session,
                what,
                "/api/v1/identities",
                &query,
                self.amount.most(),
            )
            .await?;
            context.document(&listed.document);
            if listed.rows.is_empty() {
                let filtered = !query.is_empty();
                context.say(if filtered { "No identity matches." } else { "No identity yet." });
                context.next(if filtered { "tenure identities" } else { "tenure survey" });
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["NAME", "STANDING", "FINDINGS", "OWNERS", "HANDLE"]);
            for row in &listed.rows {
                let identity = &row.identity;
                let findings = match (row.findings, row.worst) {
                    (0, _) => cell(""),
                    (number, None) => cell(number.to_string()),
                    (number, Some(worst)) => looking(look_of_severity(worst), format!("{number} {worst}")),
                };
                let owners = match (row.owners.is_empty(), identity.built_in) {
                    (false, _) => row.owners.join(", "),
                    (true, true) => String::from("(the system's own)"),
                    (true, false) => String::from("-"),
                };
                table.row(vec![
                    name(&identity.name),
                    looking(look_of_standing(identity.standing), standing(identity)),
                    findings,
                    cell(owners),
                    looking(Look::Faint, &identity.handle),
                ]);
            }
            context.list(&table, listed.rows.iter().map(|row| &row.identity.name));
            if listed.more {
                context.say(format!("There are more than these {}; --all lists them.", listed.rows.len()));
            }
            let worst =
                listed.rows.iter().max_by_key(|row| (row.worst, row.findings)).filter(|row| row.findings > 0);
            context.next(
                worst
                    .or(listed.rows.first())
                    .map_or_else(String::new, |row| format!("tenure show {}", row.identity.handle)),
            );
            Ok(Exit::Done)
        })
        .await
    }
}

/// List principals: identities as each system holds them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure principals
  tenure principals --all --json

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Principals {
    #[command(flatten)]
    amount: Amount,
}

impl Principals {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = "the principals were not listed";
            let listed =
                listing::read::<Principal>(session, what, "/api/v1/principals", &[], self.amount.most())
                    .await?;
            context.document(&listed.document);
            if listed.rows.is_empty() {
                context.say("No principal yet.");
                context.next("tenure survey");
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["SOURCE", "NAME", "KIND", "PRESENCE", "FIRST SEEN", ""]);
            for principal in &listed.rows {
                let look = match principal.presence {
                    Presence::Present => Look::Plain,
                    Presence::Retired => Look::Good,
                    Presence::Gone => Look::Faint,
                    Presence::Unproven => Look::Bad,
                };
                table.row(vec![
                    cell(&principal.source_name),
                    name(&principal.name),
                    cell(principal.kind.as_str()),
                    looking(look, principal.presence.as_str()),
                    cell(instant(principal.first_seen)),
                    cell(if principal.built_in { "built in" } else { "" }),
                ]);
            }
            let name = |row: &Principal| format!("{}/{}", row.source_name, row.name);
            context.list(&table, listed.rows.iter().map(name));
            if listed.more {
                context.say(format!("There are more than these {}; --all lists them.", listed.rows.len()));
            }
            context.next("tenure identities");
            Ok(Exit::Done)
        })
        .await
    }
}

/// List credentials: what lets principals authenticate. Never their values
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure credentials
  tenure credentials --all --json

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Credentials {
    #[command(flatten)]
    amount: Amount,
}

impl Credentials {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = "the credentials were not listed";
            let listed =
                listing::read::<Credential>(session, what, "/api/v1/credentials", &[], self.amount.most())
                    .await?;
            context.document(&listed.document);
            if listed.rows.is_empty() {
                context.say("No credential yet.");
                context.next("tenure survey");
                return Ok(Exit::Done);
            }
            let mut table =
                Table::new(&["HOLDER", "KIND", "STATE", "KEPT", "VALUE SINCE", "DIES"]).or_two_lines(0);
            for credential in &listed.rows {
                let look = match credential.state {
                    CredentialState::Live => Look::Plain,
                    CredentialState::Removed => Look::Good,
                    CredentialState::Disabled | CredentialState::Expired | CredentialState::Gone => {
                        Look::Faint
                    }
                };
                let since = credential.value_changed.unwrap_or(credential.first_seen);
                table.row(vec![
                    name(&credential.holder),
                    cell(credential.kind.as_str()),
                    looking(look, credential.state.as_str()),
                    cell(
                        text(&credential.facts, names::VERIFIER)
                            .or_else(|| text(&credential.facts, names::PLACE))
                            .unwrap_or("unknown"),
                    ),
                    cell(format!("{} or before", instant(since))),
                    cell(credential.valid_until.map_or_else(|| String::from("never by itself"), instant)),
                ]);
            }
            context.list(&table, listed.rows.iter().map(|row| &row.holder));
            if listed.more {
                context.say(format!("There are more than these {}; --all lists them.", listed.rows.len()));
            }
            context.next("tenure findings");
            Ok(Exit::Done)
        })
        .await
    }
}
