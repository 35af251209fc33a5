//! `POST /api/v1/ticket-hooks/{system}`: a system says itself what became of a ticket, and signs it.
//!
//! Nobody comes in here but who holds the secret of that system, and what is said is a claim. A post that comes twice, late or out of
//! order changes nothing: what the body says of when it was changed decides. Next: `tickets_json.rs`.

use crate::{api::prelude::*, body::SignedBody, tickets_json};
use http::HeaderMap;
use tenure_engine::{SignatureRefused, TicketHeard, TicketHook};
use tenure_model::Instant;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/ticket-hooks/{system}",
    access: Access::Signed,
    evidence: Some("ticket.heard"),
    about: "A system posts a ticket of its own, in the form that `tenure.toml` names for it, signed with the secret named there. It is a claim (P0); what is no newer than what is known changes nothing.",
    query: &[],
    takes: Some("TicketPosted"),
    answers: Answers::Json(200, "TicketHeard"),
    route: || post(handle),
};

#[derive(Serialize)]
struct Heard {
    /// Nothing where there was nothing to hear.
    heard: Option<TicketHeard>,
    why: Option<&'static str>,
}

async fn handle(
    State(shared): State<Shared>,
    Named(system): Named<String>,
    SignedBody(headers, body): SignedBody,
) -> Result<Json<Heard>, Problem> {
    let now = shared.engine.now();
    // Who knows no secret learns not even which systems there are.
    let hook = shared.engine.ticket_hook(&system).ok_or_else(|| refused(SignatureRefused::NotOurs))?;
    believed(hook, &headers, &body, now).map_err(refused)?;
    match tickets_json::read(&body, &hook.shape, now).map_err(Problem::refused)? {
        tickets_json::Posted::Nothing(why) => Ok(Json(Heard { heard: None, why: Some(why) })),
        tickets_json::Posted::Ticket(given, said) => {
            let heard = shared.engine.hear_ticket(&hook.system, given, said).await?;
            Ok(Json(Heard { heard: Some(heard), why: None }))
        }
    }
}

fn believed(
    hook: &TicketHook,
    headers: &HeaderMap,
    body: &[u8],
    now: Instant,
) -> Result<(), SignatureRefused> {
    // Of two headers of a name nobody knows which was meant.
    let text = |name: &str| {
        let mut all = headers.get_all(name).iter();
        let only = all.next().filter(|_| all.next().is_none());
        only.and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    hook.check(text, body, now)
}

/// Only who holds the secret learns more than that no signature fits, which is also said of a system that there is not.
fn refused(why: SignatureRefused) -> Problem {
    let detail = match why {
        SignatureRefused::NotNow => why.to_string(),
        SignatureRefused::NotOurs | SignatureRefused::Unreadable => String::from(
            "no signature fits: is it the same secret on both sides, and are all headers there that it needs?",
        ),
    };
    Problem::new(StatusCode::UNAUTHORIZED, "not-signed", "Not believed", detail)
        .with_remedy("docs/tickets.md says how a post is signed, and where its secret stands")
}
