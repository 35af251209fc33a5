//! `tenure people scim-token`, `teams`, `map-group` and `held`: what a directory may say here, and what waits for a person.
//!
//! A provisioning token is printed once, to standard output. Many leavings at once are shown before they are decided, and
//! decided only as they were shown. Next: docs/people.md.

use super::{changing, reading};
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    render::table::{Table, cell},
    session::shaped,
    wire::{HeldLeaving, Page, Team, TokenShown},
};
use clap::Args;
use serde_json::{Value, json};
use tenure_model::{Role, printable};

/// Where provisioning tokens are.
const TOKENS: &str = "/api/v1/provisioning-tokens";
/// Names of people in a preview, at most.
const LINES_MAX: usize = 20;

/// Make a token by which a directory (SCIM 2.0) changes its people and teams here, and nothing else; it is shown once
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people scim-token
  tenure people scim-token --days 180
  (umask 077; tenure people scim-token --quiet > token)
  tenure people scim-token --list
  tenure people scim-token --revoke k7wd2p

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct ScimToken {
    /// How many days it lasts, at most 365 [default: 90]
    #[arg(long, value_name = "N")]
    days: Option<u16>,
    /// List provisioning tokens instead of making one
    #[arg(long, conflicts_with_all = ["days", "revoke"])]
    list: bool,
    /// Take one away instead, by its handle
    #[arg(long, value_name = "TOKEN", conflicts_with = "days")]
    revoke: Option<String>,
}

impl ScimToken {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if self.list {
            return list(context).await;
        }
        if let Some(which) = &self.revoke {
            return withdraw(context, which).await;
        }
        changing(context, async |session| {
            let query = self.days.map(|days| format!("?days={days}")).unwrap_or_default();
            let what = "no provisioning token was made";
            let document = session.post(what, &format!("{TOKENS}{query}"), &json!({})).await?;
            context.document(&document);
            let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
            context.say(format!(
                "A provisioning token, {}, that ends at {}. It is shown once:",
                text("handle"),
                text("ends")
            ));
            if context.form != Form::Json {
                context.print(text("token"));
            }
            context.next(
                "give it to the directory with the address of this server and /scim/v2 (docs/people.md)",
            );
            Ok(Exit::Done)
        })
        .await
    }
}

async fn list(context: &Context) -> Result<Exit, Failure> {
    reading(context, async |session| {
        let document = session.get("the provisioning tokens were not listed", TOKENS).await?;
        let found: Page<TokenShown> = shaped(&document)?;
        context.document(&document);
        let mut tokens = Table::new(&["TOKEN", "MADE", "ENDS", ""]);
        for token in &found.items {
            let over = if token.over { "over" } else { "" };
            tokens.row(vec![cell(&token.handle), cell(&token.issued), cell(&token.ends), cell(over)]);
        }
        context.list(&tokens, found.items.iter().map(|token| &token.handle));
        context.next("tenure people scim-token --revoke TOKEN");
        Ok(Exit::Done)
    })
    .await
}

async fn withdraw(context: &Context, which: &str) -> Result<Exit, Failure> {
    let shown = printable(which, 60);
    let what = format!("the provisioning token `{shown}` was not taken away");
    changing(context, async |session| {
        session.delete(&what, &format!("{TOKENS}/{}", part(which))).await?;
        context.document(&json!({ "revoked": which }));
        context.say(format!("The provisioning token {shown} no longer works. What it changed stays."));
        context.next("tenure people scim-token makes a new one");
        Ok(Exit::Done)
    })
    .await
}

/// List teams that a directory named, with the role each gives
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people teams

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Teams {}

impl Teams {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let document = session.get("the teams were not listed", "/api/v1/teams").await?;
            let teams: Page<Team> = shaped(&document)?;
            context.document(&document);
            let mut table = Table::new(&["TEAM", "PEOPLE", "ROLE"]);
            for team in &teams.items {
                let role = team.role.map_or("-", Role::as_str);
                table.row(vec![cell(&team.name), cell(team.members.to_string()), cell(role)]);
            }
            context.list(&table, teams.items.iter().map(|team| &team.name));
            context.next("tenure people map-group TEAM --role ROLE");
            Ok(Exit::Done)
        })
        .await
    }
}

/// Say which role a team of the directory gives to those who belong to it
///
/// Who belongs to several teams has the most that one of them gives: administrator, operator, auditor, owner. Teams of
/// administrators are named only on this machine, over the socket of the data directory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people map-group platform --role operator
  tenure people map-group platform --no-role

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct MapGroup {
    /// Which team
    group: String,
    /// The role it gives: administrator, operator, owner or auditor
    #[arg(long, value_parser = super::people::parse_role, required_unless_present = "no_role")]
    role: Option<Role>,
    /// It gives none any more
    #[arg(long, conflicts_with = "role")]
    no_role: bool,
}

impl MapGroup {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.group, 80);
        let what = format!("the role of the team `{shown}` was not changed");
        changing(context, async |session| {
            let path = format!("/api/v1/teams/{}/role", part(&self.group));
            let document = session.put(&what, &path, &json!({ "role": self.role })).await?;
            let team: Team = shaped(&document)?;
            context.document(&document);
            let people = people(team.members);
            context.say(match self.role {
                Some(role) => format!("{shown} gives the role {role} from now on, to {people}."),
                None => format!("{shown} gives no role any more; it did to {people}."),
            });
            context.next("tenure people list");
            Ok(Exit::Done)
        })
        .await
    }
}

/// Show whose leaving is held because too many would leave at once; let them leave, or not
///
/// With --accept all of them leave as the directory asked. With --discard nobody does; when the directory asks again,
/// it is held again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people held
  tenure people held --accept 12
  tenure people held --discard 12

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Held {
    /// Let all of them leave: how many they are
    #[arg(long, value_name = "COUNT", conflicts_with = "discard")]
    accept: Option<i64>,
    /// Let nobody of them leave: how many they are
    #[arg(long, value_name = "COUNT")]
    discard: Option<i64>,
}

impl Held {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (accept, seen) = match (self.accept, self.discard) {
            (Some(seen), _) => (true, seen),
            (None, Some(seen)) => (false, seen),
            (None, None) => return show(context).await,
        };
        let what = "the held leavings were not decided";
        changing(context, async |session| {
            let body = json!({ "accept": accept, "seen": seen });
            let document = session.post(what, "/api/v1/leavings/decide", &body).await?;
            context.document(&document);
            let people = people(seen);
            if accept {
                context.say(format!("{people} left. What nobody answers for now is found to have no owner."));
                context.next("tenure findings");
            } else {
                context.say(format!("Nobody left: {people} stay as they were."));
                context.next("look at the directory: it will ask again");
            }
            Ok(Exit::Done)
        })
        .await
    }
}

pub(super) fn people(count: i64) -> String {
    if count == 1 { String::from("1 person") } else { format!("{count} people") }
}

async fn show(context: &Context) -> Result<Exit, Failure> {
    reading(context, async |session| {
        let document = session.get("the held leavings were not listed", "/api/v1/leavings").await?;
        let held: Page<HeldLeaving> = shaped(&document)?;
        context.document(&document);
        if held.items.is_empty() {
            context.say("Nobody's leaving is held.");
            return Ok(Exit::Done);
        }
        let mut table = Table::new(&["NAME", "SINCE", "WHAT THE DIRECTORY ASKED"]);
        for one in held.items.iter().take(LINES_MAX) {
            let asked = if one.erases { "delete them" } else { "let them leave" };
            table.row(vec![cell(&one.name), cell(&one.asked), cell(asked)]);
        }
        context.list(&table, held.items.iter().take(LINES_MAX).map(|one| &one.name));
        let count = held.items.len();
        if count > LINES_MAX {
            context.remark(format!("and {} more", count - LINES_MAX));
        }
        context.next(format!("tenure people held --accept {count}, or --discard {count}"));
        Ok(Exit::Done)
    })
    .await
}
