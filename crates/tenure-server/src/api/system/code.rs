//! `POST /api/v1/sign-in-codes`: a code with which the caller signs in to the console.

use crate::{api::prelude::*, enter::Via};
use tenure_model::Instant;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/sign-in-codes",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "A one-time code with which the caller signs in to the console, shown once.",
    query: &[],
    takes: None,
    answers: Answers::SecretJson(201, "SignInCode"),
    route: || post(handle),
};

#[derive(Serialize)]
struct SignInCode {
    code: String,
    ends: Instant,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
) -> Result<(StatusCode, Json<SignInCode>), Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let until = match asked.via {
        // What a token opens does not outlive it.
        Via::Token { ends } => Some(ends),
        // A session that makes codes would outlive its own end, and its sign-in would never be long ago.
        Via::Session { .. } => {
            let why = "a session makes no code: it is made at the machine, or with a token";
            return Err(Problem::denied(why.to_owned()));
        }
        Via::Account => None,
    };
    let (code, ends) = shared.sign_in.new_code(&shared.engine, actor.person, until)?;
    Ok((StatusCode::CREATED, Json(SignInCode { code: code.expose().clone(), ends })))
}
