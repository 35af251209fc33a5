//! `tenure request privilege`: asking that an identity that is there may hold further rights, until an end.
//!
//! Rights are said as `tenure show` says them. It must never give a right: whoever administers the source does, once others
//! decided. Next: `request.rs`, what else is done with a request.

use super::{changing, own::parse_end, request::what};
use crate::{
    context::Context,
    failure::{Exit, Failure},
    render::words::{instant, typeable},
    session::shaped,
    wire::Request,
};
use clap::Args;
use serde_json::json;
use tenure_model::{AskedRight, Instant, Wanted};

/// Ask that an identity may hold further rights, until an end
///
/// Others decide; Tenure gives none itself. Once a complete survey has seen that they are not there, they may be given at the
/// source, and the survey that sees them matches them to the request. What it holds already without having been asked for is
/// asked for late, and what it holds by a request is asked for anew.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure request privilege pg-main/etl --until 2027-03-31 \\
      --right \"SELECT on shop/table/public.orders\" \\
      --reason \"the quarterly report reads orders\"

Exit codes: 0 asked for, 1 failed, 2 usage.")]
pub(crate) struct Privilege {
    /// Whose: a name, a handle or an id
    identity: String,
    /// A right, as tenure show says it: RIGHT on RESOURCE; may be given several times
    #[arg(long = "right", value_name = "RIGHT", required = true, value_parser = parse_right)]
    rights: Vec<AskedRight>,
    /// Each of them with the right to pass it on
    #[arg(long)]
    grantable: bool,
    /// Until when: a day, or an instant in UTC; until its charter ends, unless said
    #[arg(long, value_name = "DAY", value_parser = parse_end)]
    until: Option<Instant>,
    /// Which of its principals, where it is several: the name there
    #[arg(long, value_name = "NAME")]
    principal: Option<String>,
    /// Why this is asked
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// `SELECT on shop/table/public.orders`.
fn parse_right(given: &str) -> Result<AskedRight, String> {
    let parts = given.split_once(" on ").map(|(right, resource)| (right.trim(), resource.trim()));
    match parts {
        Some((right, resource)) if !right.is_empty() && !resource.is_empty() => {
            let (right, resource) = (right.to_owned(), resource.to_owned());
            Ok(AskedRight { right, resource, grantable: false })
        }
        Some(_) | None => Err(String::from("a right is said as `RIGHT on RESOURCE`, as tenure show says it")),
    }
}

impl Privilege {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        changing(context, async |session| {
            let rights: Vec<AskedRight> = self
                .rights
                .iter()
                .map(|one| AskedRight { grantable: self.grantable, ..one.clone() })
                .collect();
            let body = json!({
                "kind": "privilege", "identity": self.identity, "principal": self.principal, "rights": rights,
                "until": self.until, "reason": self.reason,
            });
            let document = session.post("nothing was asked for", "/api/v1/requests", &body).await?;
            context.document(&document);
            let made: Request = shaped(&document)?;
            let words = tenure_model::printable(&made.wanted.in_words(&what(&made)), 600);
            let by = instant(made.decide_by);
            context.say(match &made.wanted {
                Wanted::Privilege(asked) if asked.renews => {
                    format!("Asked: {words}. It ends as it was decided before, unless others approve this by {by}.")
                }
                asked if asked.is_late() => {
                    format!("Asked, late: {words}. It stays found until others approve it, by {by}.")
                }
                Wanted::Privilege(_) | Wanted::Creation(_) | Wanted::Ownership(_) => {
                    format!("Asked: {words}. Nothing may be given before it is approved, by {by}.")
                }
            });
            context.next(format!("tenure request show {} says who decides", made.handle));
            Ok(Exit::Done)
        })
        .await
    }
}

/// Each right with what was seen of it, and until when.
pub(super) fn facts(one: &Request, asked: &tenure_model::Privilege) -> Vec<(String, String)> {
    let fact = |word: &str, text: String| (word.to_owned(), text);
    let mut facts = vec![fact("why", one.reason.clone())];
    for right in &one.rights {
        let seen = match (right.seen, right.gone) {
            (None, _) => String::from("not seen yet"),
            (Some(seen), None) => format!("seen {}", instant(seen)),
            (Some(seen), Some(gone)) => format!("seen {}, gone {}", instant(seen), instant(gone)),
        };
        facts.push(fact("right", format!("{} ({seen})", right.says)));
    }
    facts.push(fact("until", instant(asked.until)));
    facts.extend(asked.class.clone().map(|class| fact("class", class)));
    facts
}

/// What may be done with one that is approved.
pub(super) fn now(one: &Request) -> String {
    if one.usable {
        let by = instant(one.use_by);
        return format!("they may be given at the source, and seen by a survey, by {by}; Tenure gives none");
    }
    let source = &one.source_name;
    format!(
        "Tenure has not seen yet, in a complete survey of {source}, that they are not there; give them after that"
    )
}

/// What follows once every step is decided.
pub(super) fn say_approved(context: &Context, one: &Request) {
    let what = what(one);
    context.say(format!(
        "Approved: {what} may be given those rights once Tenure has seen that they are not there yet."
    ));
    context.next(format!(
        "tenure request wait {}, or tenure survey {}",
        one.handle,
        typeable(&one.source_name)
    ));
}
