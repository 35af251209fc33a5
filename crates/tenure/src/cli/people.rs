//! `tenure people`: who may do what here, and their tokens.
//!
//! Tokens and codes are printed once, to standard output, and kept nowhere by this program. Who may
//! do what decides the server. Next: docs/api.md.

use super::{changing, reading};
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    render::table::{Table, cell},
    session::shaped,
    wire::{Page, Person},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tenure_model::{Role, printable};

/// Say who may do what here
#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    List(List),
    Add(Add),
    Token(Token),
    Code(Code),
}

impl PeopleCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Add(args) => args.run(context).await,
            Self::Token(args) => args.run(context).await,
            Self::Code(args) => args.run(context).await,
        }
    }
}

/// List everybody
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people list

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct List {}

impl List {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let document = session.get("the people were not listed", "/api/v1/people").await?;
            let people: Page<Person> = shaped(&document)?;
            context.document(&document);
            let mut table = Table::new(&["NAME", "ROLE", "LOCAL ACCOUNT"]);
            for person in &people.items {
                let account = person.local_uid.map_or_else(|| String::from("-"), |uid| format!("uid {uid}"));
                table.row(vec![cell(&person.name), cell(person.role.as_str()), cell(account)]);
            }
            context.list(&table, people.items.iter().map(|person| &person.name));
            context.next("tenure people add NAME --role ROLE");
            Ok(Exit::Done)
        })
        .await
    }
}

/// Add a person
///
/// With --local-uid they may use the command line on this machine from that account, as soon as they may
/// enter the data directory; with a token (`tenure people token`) they may use the API.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people add alice --role operator
  tenure people add bob --role auditor --local-uid 1001

Exit codes: 0 added, 1 failed, 2 usage.")]
pub(crate) struct Add {
    /// Their name
    name: String,
    /// What they do: administrator, operator, owner or auditor
    #[arg(long, value_parser = parse_role)]
    role: Role,
    /// The local account they act from, by number
    #[arg(long, value_name = "UID")]
    local_uid: Option<u32>,
}

fn parse_role(given: &str) -> Result<Role, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

impl Add {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.name, 80);
        let what = format!("`{shown}` was not added");
        let mut body = json!({ "name": self.name, "role": self.role });
        if let (Some(uid), Some(fields)) = (self.local_uid, body.as_object_mut()) {
            fields.insert(String::from("local_uid"), json!(uid));
        }
        changing(context, async |session| {
            let document = session.post(&what, "/api/v1/people", &body).await?;
            context.document(&document);
            context.say(format!("Added {shown} as {}.", self.role));
            context.next(if self.local_uid.is_some() {
                String::from("tenure people list")
            } else {
                format!("tenure people token {shown}")
            });
            Ok(Exit::Done)
        })
        .await
    }
}

/// Make a token for a person, replacing the former; it is shown once
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people token alice
  (umask 077; tenure people token alice --quiet > token)

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Token {
    /// Whose
    name: String,
}

impl Token {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.name, 80);
        let what = format!("no token was made for `{shown}`");
        changing(context, async |session| {
            let document = session
                .post(&what, &format!("/api/v1/people/{}/token", part(&self.name)), &json!({}))
                .await?;
            context.document(&document);
            let token = document.get("token").and_then(Value::as_str).unwrap_or_default();
            context.say(format!("The token of {shown}; their former one no longer works. It is shown once:"));
            if context.form != Form::Json {
                context.print(token);
            }
            context.next("hand it over on a safe way; it is sent as `Authorization: Bearer …`");
            Ok(Exit::Done)
        })
        .await
    }
}

/// Make a one-time code with which you sign in to the console, for ten minutes
///
/// Needs `tenure up`: the code ends with the server that made it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people code

Exit codes: 0 done, 1 failed, or `tenure up` does not run; 2 usage.")]
pub(crate) struct Code {}

impl Code {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = "no code was made";
            if session.is_hosted().await {
                return Err(Failure::new(what)
                    .because("`tenure up` does not run, so there is no console to sign in to")
                    .next("tenure up prints a code by itself"));
            }
            let document = session.post(what, "/api/v1/sign-in-codes", &json!({})).await?;
            context.document(&document);
            if context.form != Form::Json {
                context.print(document.get("code").and_then(Value::as_str).unwrap_or_default());
            }
            context.next("open the console that `tenure up` named, and paste the code within ten minutes");
            Ok(Exit::Done)
        })
        .await
    }
}
