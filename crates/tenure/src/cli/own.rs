//! `tenure own`: whose an identity is, and what it is for. The first word enrols it.
//!
//! Sends only what was given, so that nothing is erased by leaving it out, and waits until the
//! identity is judged with its new charter. Many at once: `own_many.rs`. Next: `show.rs`.

use super::{
    changing,
    own_many::{self, Confirm, Which},
};
pub(super) use crate::charters::parse_end;
use crate::{
    client::part,
    context::Context,
    failure::{Exit, Failure},
    render::{identity::standing, words::instant},
    session::{Session, shaped},
    wire::{Identity, IdentityShown},
};
use clap::Args;
use serde_json::{Map, Value, json};
use std::time::Duration;
use tenure_model::{DataClass, Environment, Instant, printable};

/// How long to wait until the identity is judged with its new charter.
const JUDGING_MAX: Duration = Duration::from_secs(5);
/// How often to look meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a charter says beside its owners: of one identity at a time.
const CHARTER: [&str; 7] =
    ["purpose", "boundary", "environment", "data_class", "rotation_days", "expires", "retire_when"];

/// Say whose an identity is, and what it is for
///
/// What is not given stays as it is. When nobody is named and nobody was, you become its owner. From then
/// on the governance policies of the programme apply to it.
///
/// --suggest says whose things might be, and why. --rule claims many at once: what it would claim is shown
/// first, and what somebody owns stays. --not-mine takes you out of the owners and keeps whom to ask.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure own pg-main/reporting
  tenure own pg-main/etl --owner alice --purpose \"nightly load of orders\" --environment production
  tenure own pg-main/vendor-x --expires 2027-03-31 --retire-when \"contract C-114 ends\"
  tenure own --suggest
  tenure own --suggest --apply
  tenure own --rule 'path:~deploy/** kind:external' --technical-owner alice --apply
  tenure own pg-main/etl --not-mine --ask bob --reason \"moved to the data team\"

Terms of a rule, of which all must hold: path:GLOB, tag:KEY=VALUE, name:GLOB, kind:KIND, source:NAME.
In a GLOB, * stands for anything but /, ** for anything, ? for one character.

Exit codes: 0 done, 1 failed or some stay as they were, 2 usage, 4 a decision is needed.")]
pub(crate) struct Own {
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning
    #[arg(required_unless_present_any = ["suggest", "rule"], conflicts_with_all = ["suggest", "rule", "confidence", "mine", "source"])]
    identity: Option<String>,
    /// Say of what nobody owns whose it might be, and why
    #[arg(long, conflicts_with_all = ["owner", "technical_owner"], conflicts_with_all = CHARTER)]
    suggest: bool,
    /// Claim every identity that this rule means and nobody owns; several rules must all hold
    #[arg(long, value_name = "RULE", conflicts_with_all = ["suggest", "confidence", "mine", "source"], conflicts_with_all = CHARTER)]
    rule: Vec<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    confirm: Confirm,
    /// Say that it is not yours
    #[arg(long, requires = "reason", conflicts_with_all = ["suggest", "rule", "apply", "owner", "technical_owner"],
          conflicts_with_all = CHARTER)]
    not_mine: bool,
    /// Who is to be asked instead
    #[arg(long, value_name = "PERSON", requires = "not_mine")]
    ask: Option<String>,
    /// Why it is not yours
    #[arg(long, value_name = "TEXT", requires = "not_mine")]
    reason: Option<String>,
    /// Who answers for its existence
    #[arg(long, value_name = "PERSON")]
    owner: Option<String>,
    /// Who can change it
    #[arg(long, value_name = "PERSON")]
    technical_owner: Option<String>,
    /// Why it exists
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// Where it may be used from and against
    #[arg(long, value_name = "TEXT")]
    boundary: Option<String>,
    /// Where it runs: production, staging, development or test
    #[arg(long, value_parser = parse_environment)]
    environment: Option<Environment>,
    /// What its data is: public, internal, confidential or restricted
    #[arg(long, value_name = "CLASS", value_parser = parse_data_class)]
    data_class: Option<DataClass>,
    /// How old its credentials may get, in days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    rotation_days: Option<u32>,
    /// When it ends: a day, or an instant in UTC
    #[arg(long, value_name = "DAY", value_parser = parse_end)]
    expires: Option<Instant>,
    /// What ends it earlier: terms such as absent:3, unused:90, until:DAY, person:NAME, parent:IDENTITY, or a sentence
    #[arg(long, value_name = "TEXT")]
    retire_when: Option<String>,
}

fn parse_environment(given: &str) -> Result<Environment, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

pub(super) fn parse_data_class(given: &str) -> Result<DataClass, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

impl Own {
    fn change(&self) -> Value {
        let mut change = Map::new();
        let texts = [
            ("business_owner", &self.owner),
            ("technical_owner", &self.technical_owner),
            ("purpose", &self.purpose),
            ("boundary", &self.boundary),
            ("retirement_trigger", &self.retire_when),
        ];
        for (name, value) in texts {
            change.extend(value.as_ref().map(|value| (name.to_owned(), json!(value))));
        }
        change.extend(self.environment.map(|value| (String::from("environment"), json!(value))));
        change.extend(self.data_class.map(|value| (String::from("data_class"), json!(value))));
        change.extend(self.rotation_days.map(|value| (String::from("rotation_days"), json!(value))));
        change.extend(self.expires.map(|value| (String::from("expires_at"), json!(value))));
        Value::Object(change)
    }

    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if self.suggest {
            return own_many::suggest(context, &self.which, &self.confirm).await;
        }
        if !self.rule.is_empty() {
            let owners = (self.owner.as_deref(), self.technical_owner.as_deref());
            return own_many::by_rule(context, &self.rule.join(" "), owners, &self.confirm).await;
        }
        if self.confirm.apply {
            return Err(Failure::usage("--apply goes with --suggest or --rule"));
        }
        // By INVARIANT of the arguments an identity is given where neither a rule nor suggestions are asked for.
        let identity = self.identity.as_deref().unwrap_or_default();
        if self.not_mine {
            return self.pass_on(context, identity).await;
        }
        self.own(context, identity).await
    }

    async fn pass_on(&self, context: &Context, identity: &str) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let what = format!("`{}` was not changed", printable(identity, 80));
            let body = json!({ "ask": self.ask, "reason": self.reason });
            let path = format!("/api/v1/identities/{}", part(identity));
            let document = session.post(&what, &format!("{path}/not-mine"), &body).await?;
            context.document(&document);
            let row: Identity = shaped(&document)?;
            let name = printable(&row.name, 200);
            let unowned = row.charter.business_owner.is_none() && row.charter.technical_owner.is_none();
            let asked = self.ask.as_ref().map(|ask| printable(ask, 80));
            context.say(match (unowned, asked) {
                (true, Some(asked)) => {
                    format!("{name} is not yours; nobody owns it, and it waits for {asked}.")
                }
                (true, None) => format!("{name} is not yours; nobody owns it."),
                (false, _) => format!("{name} is not yours any more; another still owns it."),
            });
            if unowned && row.enrolled {
                context.say("Until somebody owns it, that is a finding.");
            }
            context.next("tenure own --suggest");
            Ok(Exit::Done)
        })
        .await
    }

    async fn own(&self, context: &Context, identity: &str) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let what = format!("`{}` was not changed", printable(identity, 80));
            let path = format!("/api/v1/identities/{}", part(identity));
            let owned = session.put(&what, &format!("{path}/charter"), &self.change()).await?;
            let identity: Identity = shaped(&owned)?;
            context.document(&owned);
            let shown = judged_anew(session, &what, &identity).await?;
            let is_current = shown.identity.judged != identity.judged;
            let charter = &shown.identity.charter;
            let mut said = vec![format!("owned by {}", printable(&shown.owners.join(" and "), 200))];
            said.extend(charter.purpose.as_ref().map(|purpose| format!("for: {}", printable(purpose, 200))));
            said.extend(charter.environment.map(|environment| format!("in {environment}")));
            said.extend(charter.data_class.map(|data| format!("with {data} data")));
            said.extend(
                charter
                    .rotation_days
                    .map(|days| format!("rotated every {}", tenure_model::counted(days, "day"))),
            );
            said.extend(charter.expires_at.map(|end| format!("until {}", instant(end))));
            said.extend(
                charter.retirement_trigger.as_ref().map(|text| format!("or until: {}", printable(text, 200))),
            );
            context.say(format!("{}: {}.", printable(&shown.identity.name, 200), said.join("; ")));
            let note = if is_current { "" } else { " (not judged anew yet)" };
            let tier = shown.identity.tier.map(|tier| format!("; risk tier {tier}")).unwrap_or_default();
            context.say(format!("Standing: {}{tier}{note}.", standing(&shown.identity)));
            let missing = if charter.purpose.is_none() {
                format!("say what it is for: tenure own {} --purpose \"…\"", identity.handle)
            } else {
                format!("tenure show {}", identity.handle)
            };
            context.next(missing);
            Ok(Exit::Done)
        })
        .await
    }
}

/// Shows the identity once it was judged with its new charter; after a while, as it is.
async fn judged_anew(session: &Session<'_>, what: &str, before: &Identity) -> Result<IdentityShown, Failure> {
    let deadline = tokio::time::Instant::now() + JUDGING_MAX;
    loop {
        let document = session.get(what, &format!("/api/v1/identities/{}", before.id)).await?;
        let shown: IdentityShown = shaped(&document)?;
        if shown.identity.judged != before.judged || tokio::time::Instant::now() >= deadline {
            return Ok(shown);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
