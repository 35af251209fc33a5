//! `tenure own`: whose an identity is, and what it is for. The first word enrols it.
//!
//! Sends only what was given, so that nothing is erased by leaving it out, and waits until the
//! identity is judged with its new charter. Next: `show.rs`.

use super::changing;
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
use tenure_model::{Environment, Instant, printable};

/// How long to wait until the identity is judged with its new charter.
const JUDGING_MAX: Duration = Duration::from_secs(5);
/// How often to look meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Say whose an identity is, and what it is for
///
/// What is not given stays as it is. When nobody is named and nobody was, you become its owner. From then
/// on the governance policies of the programme apply to it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure own pg-main/reporting
  tenure own pg-main/etl --owner alice --purpose \"nightly load of orders\" --environment production
  tenure own pg-main/vendor-x --expires 2027-03-31 --retire-when \"contract C-114 ends\"

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct Own {
    /// Which identity: SOURCE/NAME, a name, a handle or its beginning
    identity: String,
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
    /// How old its credentials may get, in days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    rotation_days: Option<u32>,
    /// When it ends: a day, or an instant in UTC
    #[arg(long, value_name = "DAY", value_parser = parse_end)]
    expires: Option<Instant>,
    /// What ends it earlier
    #[arg(long, value_name = "TEXT")]
    retire_when: Option<String>,
}

fn parse_environment(given: &str) -> Result<Environment, String> {
    given.parse().map_err(|error: tenure_model::UnknownWord| error.to_string())
}

/// `2027-03-31` means its end, 2027-04-01T00:00:00Z excluded: the last second of that day.
pub(super) fn parse_end(given: &str) -> Result<Instant, String> {
    let whole = if given.len() == 10 { format!("{given}T23:59:59Z") } else { given.to_owned() };
    Instant::parse(&whole).map_err(|_| {
        format!(
            "`{}` is neither a day (2027-03-31) nor an instant in UTC (2027-03-31T12:00:00Z)",
            printable(given, 40)
        )
    })
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
        change.extend(self.rotation_days.map(|value| (String::from("rotation_days"), json!(value))));
        change.extend(self.expires.map(|value| (String::from("expires_at"), json!(value))));
        Value::Object(change)
    }

    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let what = format!("`{}` was not changed", printable(&self.identity, 80));
            let path = format!("/api/v1/identities/{}", part(&self.identity));
            let owned = session.put(&what, &format!("{path}/charter"), &self.change()).await?;
            let identity: Identity = shaped(&owned)?;
            context.document(&owned);
            let shown = judged_anew(session, &what, &identity).await?;
            let is_current = shown.identity.judged != identity.judged;
            let charter = &shown.identity.charter;
            let mut said = vec![format!("owned by {}", printable(&shown.owners.join(" and "), 200))];
            said.extend(charter.purpose.as_ref().map(|purpose| format!("for: {}", printable(purpose, 200))));
            said.extend(charter.environment.map(|environment| format!("in {environment}")));
            said.extend(charter.rotation_days.map(|days| format!("rotated every {days} days")));
            said.extend(charter.expires_at.map(|end| format!("until {}", instant(end))));
            said.extend(
                charter.retirement_trigger.as_ref().map(|text| format!("or until: {}", printable(text, 200))),
            );
            context.say(format!("{}: {}.", printable(&shown.identity.name, 200), said.join("; ")));
            let note = if is_current { "" } else { " (not judged anew yet)" };
            context.say(format!("Standing: {}{note}.", standing(&shown.identity)));
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
        let document = session.get(what, &format!("/api/v1/identities/{}", part(&before.handle))).await?;
        let shown: IdentityShown = shaped(&document)?;
        if shown.identity.judged != before.judged || tokio::time::Instant::now() >= deadline {
            return Ok(shown);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::parse_end;

    #[test]
    fn an_end_is_a_day_or_an_instant() {
        assert_eq!(parse_end("2027-03-31").unwrap().to_string(), "2027-03-31T23:59:59Z");
        assert_eq!(parse_end("2027-03-31T12:00:00Z").unwrap().to_string(), "2027-03-31T12:00:00Z");
        assert!(parse_end("soon").is_err() && parse_end("2027-13-01").is_err());
    }
}
