//! `tenure people`: who may do what here, and their roles.
//!
//! Codes are printed once, to standard output, and kept nowhere by this program. Who may do what decides the server.
//! Next: `people_sign_in.rs`, by what they sign in.

use super::{
    changing,
    people_address::Address,
    people_directory::{Held, MapGroup, ScimToken, Teams},
    people_import::Import,
    people_ldap::Ldap,
    people_sign_in::{Link, Show, Token, Unlink},
    reading,
    revoke::quoted,
};
use crate::{
    client::part,
    context::{Context, Form},
    failure::{Exit, Failure},
    render::table::{Table, cell},
    session::shaped,
    wire::{Page, Person, PersonLeaving},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tenure_model::{Role, printable};

/// Say who may do what here
#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    List(List),
    Add(Add),
    Role(ChangeRole),
    Show(Show),
    Remove(Remove),
    Token(Token),
    Link(Link),
    Unlink(Unlink),
    Address(Address),
    Code(Code),
    ScimToken(ScimToken),
    Teams(Teams),
    MapGroup(MapGroup),
    Held(Held),
    Import(Import),
    Ldap(Ldap),
}

impl PeopleCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Add(args) => args.run(context).await,
            Self::Role(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Remove(args) => args.run(context).await,
            Self::Token(args) => args.run(context).await,
            Self::Link(args) => args.run(context).await,
            Self::Unlink(args) => args.run(context).await,
            Self::Address(args) => args.run(context).await,
            Self::Code(args) => args.run(context).await,
            Self::ScimToken(args) => args.run(context).await,
            Self::Teams(args) => args.run(context).await,
            Self::MapGroup(args) => args.run(context).await,
            Self::Held(args) => args.run(context).await,
            Self::Import(args) => args.run(context).await,
            Self::Ldap(args) => args.run(context).await,
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

pub(super) fn parse_role(given: &str) -> Result<Role, String> {
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
                format!("tenure people token {}", quoted(&self.name))
            });
            Ok(Exit::Done)
        })
        .await
    }
}

/// Give a person another role
///
/// It holds from their next call on; approvals of theirs that the new role may not give no longer count. The
/// last administrator keeps theirs, and of their own role a person can only give up administration.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people role alice auditor

Exit codes: 0 changed, 1 failed, 2 usage.")]
pub(crate) struct ChangeRole {
    /// Whose
    name: String,
    /// What they do from now on: administrator, operator, owner or auditor
    #[arg(value_parser = parse_role)]
    role: Role,
}

impl ChangeRole {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.name, 80);
        let what = format!("the role of `{shown}` was not changed");
        changing(context, async |session| {
            let path = format!("/api/v1/people/{}/role", part(&self.name));
            let document = session.put(&what, &path, &json!({ "role": self.role })).await?;
            context.document(&document);
            context.say(format!("{shown} is {} from now on.", self.role));
            context.next("tenure people list");
            Ok(Exit::Done)
        })
        .await
    }
}

/// Remove a person, with their token and sessions
///
/// First it says what hangs on them: identities that nobody else answers for become findings (no owner), and
/// approvals of theirs that were not used yet no longer count. Then their name is typed once more, or given
/// with --yes. Their name and local account are free again; what they decided stays in the evidence, under
/// their id. Nobody removes themselves, or the last administrator.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure people remove alice
  tenure people remove alice --yes alice

Exit codes: 0 removed, 1 failed, 2 usage, 4 a decision is needed.")]
pub(crate) struct Remove {
    /// Whom
    name: String,
    /// Go on without asking: their name once more
    #[arg(long, value_name = "NAME")]
    yes: Option<String>,
}

/// Lines about identities and plans in a preview, at most.
const LINES_MAX: usize = 20;

impl Remove {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let shown = printable(&self.name, 80);
        let what = format!("`{shown}` was not removed");
        if self.yes.as_ref().is_some_and(|given| *given != self.name) {
            return Err(Failure::usage(what).because("--yes gives another name").kept("nothing was changed"));
        }
        changing(context, async |session| {
            let path = format!("/api/v1/people/{}", part(&self.name));
            let leaving: PersonLeaving = shaped(&session.get(&what, &format!("{path}/leaving")).await?)?;
            if let Some(why) = leaving.kept_because {
                return Err(Failure::new(what.clone()).because(why).kept("nothing was changed"));
            }
            tell_leaving(context, &shown, &leaving);
            self.decide(context, &what).await?;
            let document = session.delete_and_tell(&what, &path).await?;
            let left: PersonLeaving = shaped(&document)?;
            context.document(&document);
            context.say(format!(
                "Removed {shown}; their token and sessions no longer work. What they decided stays."
            ));
            context.next(match left.unowned_count {
                0 => String::from("tenure people list"),
                many => {
                    format!("tenure findings shows what has no owner now ({many}); tenure own gives it one")
                }
            });
            Ok(Exit::Done)
        })
        .await
    }

    /// The name, typed or given. Anything else leaves the person as they are.
    async fn decide(&self, context: &Context, what: &str) -> Result<(), Failure> {
        if self.yes.is_some() {
            return Ok(());
        }
        let shown = printable(&self.name, 80);
        if !context.terminal.can_ask || context.form != Form::Text {
            return Err(Failure::undecided(what)
                .because("it needs a decision, and there is no terminal to ask for one")
                .kept("nothing was changed")
                .next(format!("tenure people remove {0} --yes {0}", quoted(&self.name))));
        }
        let question = format!("This is not taken back. Type their name to go on: {shown}\n> ");
        let typed =
            crate::terminal::ask(&question).await.map_err(|failure| failure.kept("nothing was changed"))?;
        if typed == self.name {
            return Ok(());
        }
        Err(Failure::undecided(what).because("another name was typed").kept("nothing was changed"))
    }
}

/// What hangs on a person, on standard error: the answer is what is done.
fn tell_leaving(context: &Context, shown: &str, leaving: &PersonLeaving) {
    let identities = match leaving.owned_count {
        0 => String::from("no identity"),
        many => tenure_model::counted(many, "identity"),
    };
    context.remark(match (leaving.owned_count, leaving.unowned_count) {
        (0, _) => format!("{shown} answers for {identities}."),
        (_, 0) => format!("{shown} answers for {identities}, never alone."),
        (_, unowned) => format!(
            "{shown} answers for {identities}; without them nobody answers for {unowned}, found to have no owner then:"
        ),
    });
    let alone: Vec<_> = leaving.owned.iter().filter(|owned| owned.unowned).collect();
    for owned in alone.iter().take(LINES_MAX) {
        context.remark(format!("  {}", printable(&owned.name, 200)));
    }
    if leaving.unowned_count > LINES_MAX {
        context.remark(format!("  and {} more", leaving.unowned_count - alone.len().min(LINES_MAX)));
    }
    for approved in leaving.approved.iter().take(LINES_MAX) {
        context.remark(format!(
            "Plan {} about {} waits on their approval, which does not count without them.",
            printable(&approved.handle, 40),
            printable(&approved.principal, 200)
        ));
    }
    if leaving.excepted_count > 0 {
        context.remark(format!(
            "They granted {}, which {} with them: those findings count again.",
            crate::render::words::count(leaving.excepted_count, "exception"),
            if leaving.excepted_count == 1 { "ends" } else { "end" }
        ));
    }
    if leaving.approved.len() > LINES_MAX {
        context.remark(format!("So do {} more plans.", leaving.approved.len() - LINES_MAX));
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
