//! Who asks, and may they: between the route and its handler.
//!
//! Every endpoint that is not open goes through `pass`. It finds the person behind the request
//! and hands the handler an `Asked`; the only way from there to the engine's `Actor` is
//! `authorise`, and an answer that was given without it becomes a defect, not an answer.

use crate::{
    body::into_custody,
    console::{PageProblem, astray::page_of, with_places},
    endpoint::{Access, Answers, Endpoint},
    guard::has_own_origin,
    peer::Peer,
    problem::Problem,
    repeat,
    serve::Seat,
    shared::Shared,
    step_up,
};
use axum::{
    extract::{FromRequestParts, Request},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, header, request::Parts};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tenure_engine::{Actor, EngineFailure, TokenHolder};
use tenure_judge::{ApiAction, ApiResource, ApiResourceKind, Verdict};
use tenure_model::{Charter, DecisionRight, Instant, Person};

/// Whose the thing is that is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose<'charter> {
    /// Things of this kind have no owner, or it does not matter here.
    Nobodys,
    /// An identity's, or a plan's about it.
    Chartered(&'charter Charter),
    /// The same, and whether the asker decides in the place of one of its owners.
    Decided(&'charter Charter, bool),
    /// An identity's, and somebody says whose: with all that counts then.
    Claimed(ApiResource),
}

/// How somebody was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    /// By the account of this machine that the kernel names.
    Account,
    /// By a token, which ends then.
    Token { ends: Instant },
    /// By a session; when they showed who they are, if that is known.
    Session { signed_in: Option<Instant> },
}

/// A request whose asker is known. Not yet authorised.
#[derive(Clone)]
pub(crate) struct Asked {
    endpoint: &'static Endpoint,
    shared: Shared,
    /// Who asks.
    pub(crate) person: Person,
    /// Over the data directory's own socket.
    pub(crate) local: bool,
    /// How they were known.
    pub(crate) via: Via,
    decided: Arc<AtomicBool>,
}

impl Asked {
    /// Of somebody who called no endpoint: what a page offers them, as on the page of `endpoint`.
    pub(crate) fn in_passing(endpoint: &'static Endpoint, shared: &Shared, person: Person, via: Via) -> Self {
        let local = via == Via::Account;
        Self { endpoint, shared: Arc::clone(shared), person, local, via, decided: Arc::default() }
    }

    /// Asks the access policies whether this person may do what the endpoint does to this thing.
    pub(crate) fn authorise(&self, whose: Whose<'_>) -> Result<Actor, Problem> {
        let Access::Decided { action, kind } = self.endpoint.access else {
            return Err(Problem::ours());
        };
        self.decided.store(true, Ordering::Relaxed);
        let resource = self.resource(kind, whose);
        let verdict = self.shared.engine.authoriser().authorise(&self.asker(), &action, &resource);
        self.as_actor(verdict)
    }

    /// As `authorise`, and the person's decision must count for it too.
    pub(crate) fn authorise_decision(
        &self,
        right: DecisionRight,
        whose: Whose<'_>,
    ) -> Result<Actor, Problem> {
        self.authorise(whose)?;
        let Access::Decided { kind, .. } = self.endpoint.access else { return Err(Problem::ours()) };
        let resource = self.resource(kind, whose);
        let verdict = self.shared.engine.authoriser().holds(&self.asker(), right, &resource);
        self.as_actor(verdict)
    }

    /// Whether the request was to change something.
    pub(crate) fn sent_a_form(&self) -> bool {
        !self.endpoint.verb.is_safe()
    }

    /// Whether this person may also do something else, to decide what a page offers.
    pub(crate) fn may_also(&self, action: ApiAction, kind: ApiResourceKind) -> bool {
        let resource = ApiResource::new(kind, false);
        self.shared.engine.authoriser().authorise(&self.asker(), &action, &resource) == Verdict::Allowed
    }

    /// As `may_also`, about a thing that is somebody's.
    pub(crate) fn may_about(&self, action: ApiAction, kind: ApiResourceKind, whose: Whose<'_>) -> bool {
        let resource = self.resource(kind, whose);
        self.shared.engine.authoriser().authorise(&self.asker(), &action, &resource) == Verdict::Allowed
    }

    /// Whether this person's decision would count for a thing that is somebody's.
    pub(crate) fn holds(&self, right: DecisionRight, kind: ApiResourceKind, whose: Whose<'_>) -> bool {
        let resource = self.resource(kind, whose);
        self.shared.engine.authoriser().holds(&self.asker(), right, &resource) == Verdict::Allowed
    }

    fn resource(&self, kind: ApiResourceKind, whose: Whose<'_>) -> ApiResource {
        match whose {
            Whose::Nobodys => ApiResource::new(kind, false),
            Whose::Chartered(charter) => {
                let owners = [charter.business_owner, charter.technical_owner];
                ApiResource::new(kind, owners.contains(&Some(self.person.id)))
            }
            Whose::Decided(charter, in_place_of_owner) => {
                ApiResource { in_place_of_owner, ..self.resource(kind, Whose::Chartered(charter)) }
            }
            Whose::Claimed(claimed) => ApiResource { kind, ..claimed },
        }
    }

    fn asker(&self) -> tenure_judge::Actor {
        tenure_judge::Actor { person: Some(self.person.id), role: self.person.role, local: self.local }
    }

    fn as_actor(&self, verdict: Verdict) -> Result<Actor, Problem> {
        match verdict {
            Verdict::Allowed => {
                Ok(Actor { person: self.person.id, role: self.person.role, local: self.local })
            }
            Verdict::Denied { why } => Err(Problem::denied(why)),
        }
    }
}

impl FromRequestParts<Shared> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        // INVARIANT: `pass` wraps every endpoint that is not open, and open ones do not ask.
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::ours)
    }
}

/// Lets a request through to its handler when its asker is known, and checks that the handler asked.
pub(crate) async fn pass(
    shared: Shared,
    endpoint: &'static Endpoint,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let (person, via) = match identify(&shared, &parts).await {
        Ok(found) => found,
        Err(problem) => return told(endpoint, problem),
    };
    if let Err(problem) = step_up::check(&shared, endpoint, via) {
        if matches!(endpoint.answers, Answers::Page(_)) {
            shared.sign_in.come_back(&parts.headers, page_of(parts.uri.path()));
        }
        return told(endpoint, problem);
    }
    if parts.extensions.get::<Arc<Seat>>().is_some_and(|seat| seat.work().is_err()) {
        return told(endpoint, Problem::crowded());
    }
    let decided = Arc::new(AtomicBool::new(false));
    let asked = Asked { decided: Arc::clone(&decided), ..Asked::in_passing(endpoint, &shared, person, via) };
    let (asker, reader) = ((asked.person.id, asked.person.role), asked.clone());
    parts.extensions.insert(asked);
    let request = Request::from_parts(parts, body);
    let checked = move |request: Request| async move {
        let response = next.run(request).await;
        if response.status().is_success() && !decided.load(Ordering::Relaxed) {
            tracing::error!(path = endpoint.path, "answered without asking the access policies");
            return Problem::ours().into_response();
        }
        with_places(&reader, response)
    };
    if endpoint.verb.is_safe() || matches!(endpoint.answers, Answers::UnkeptJson(..)) {
        return checked(request).await;
    }
    repeat::once(&shared, endpoint, asker, request, checked).await
}

/// A problem in the form this endpoint answers in.
fn told(endpoint: &Endpoint, problem: Problem) -> Response {
    match endpoint.answers {
        Answers::Page(_) => PageProblem(problem).into_response(),
        Answers::Json(..)
        | Answers::SecretJson(..)
        | Answers::UnkeptJson(..)
        | Answers::Nothing(_)
        | Answers::Scim(_)
        | Answers::Bytes(_) => problem.into_response(),
    }
}

/// There is one `Origin`, and what a browser says besides it (Fetch Metadata) is: this very origin, no neighbour.
fn is_from_same_origin(headers: &HeaderMap) -> bool {
    headers.get_all(header::ORIGIN).iter().count() == 1
        && headers.get_all("sec-fetch-site").iter().all(|site| site == "same-origin")
}

/// The person behind a request.
pub(crate) async fn identify(shared: &Shared, parts: &Parts) -> Result<(Person, Via), Problem> {
    match parts.extensions.get::<Peer>().copied().unwrap_or(Peer::Network) {
        Peer::Local { uid } => person_of_account(shared, uid).await.map(|person| (person, Via::Account)),
        Peer::Network => match bearer(&parts.headers) {
            Some(token) => person_of_token(shared, token).await,
            None => person_of_session(shared, parts).await,
        },
    }
}

async fn person_of_account(shared: &Shared, uid: u32) -> Result<Person, Problem> {
    let found = shared.engine.store().read("person_of_uid", move |tx| tx.person_of_uid(uid)).await?;
    found.ok_or_else(|| {
        Problem::denied(format!("the local account {uid} is not known to Tenure")).with_remedy(format!(
            "an administrator adds it: POST /api/v1/people with {{\"name\": …, \"role\": …, \"local_uid\": {uid}}}"
        ))
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = given.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

async fn person_of_token(shared: &Shared, token: &str) -> Result<(Person, Via), Problem> {
    match shared.engine.holder_of_token(&into_custody(token)).await? {
        TokenHolder::Person(person, ends) => Ok((person, Via::Token { ends })),
        TokenHolder::Over(ended) => Err(Problem::unknown_asker(format!("this token ended at {ended:#}"))
            .with_remedy("an administrator makes another: tenure people token NAME")),
        TokenHolder::Nobody => {
            Err(Problem::unknown_asker("this token is nobody's; it may have been taken away"))
        }
    }
}

async fn person_of_session(shared: &Shared, parts: &Parts) -> Result<(Person, Via), Problem> {
    let unknown = || {
        Problem::unknown_asker("this needs a token or a session").with_remedy(
            "send `authorization: Bearer …`, sign in at /sign-in, or use the socket in the data directory",
        )
    };
    let session = shared.sign_in.session_of(&parts.headers, shared.engine.now()).ok_or_else(unknown)?;
    let is_ours = has_own_origin(&parts.headers) && is_from_same_origin(&parts.headers);
    if !parts.method.is_safe() && !is_ours {
        return Err(Problem::denied("a session changes something only from Tenure's own pages"));
    }
    let there = move |tx: &mut tenure_engine::Tx<'_>| tx.person_since(session.person, session.begun);
    let found = shared.engine.store().read("person_since", there).await;
    let person = found.map_err(EngineFailure::from)?.ok_or_else(unknown)?;
    Ok((person, Via::Session { signed_in: session.signed_in }))
}
