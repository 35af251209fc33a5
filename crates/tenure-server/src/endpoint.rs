//! What an endpoint says about itself, in one place, before it is asked anything.
//!
//! From this come the route, the question to the access policies, the OpenAPI document, the
//! table in docs/api.md and the golden matrix of who may call what. Next: `api/mod.rs`.

use crate::shared::Shared;
use axum::routing::MethodRouter;
use tenure_judge::{ApiAction, ApiResourceKind};

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody: it shows nothing that is not public.
    Open,
    /// A directory that shows its provisioning token, and nobody else.
    Provisioning,
    /// Another system, which signs what it posts.
    Signed,
    /// Whoever the access policies allow this action on this kind of resource.
    Decided {
        /// What is done.
        action: ApiAction,
        /// To what kind of thing.
        kind: ApiResourceKind,
    },
}

/// The methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// True when calling it changes nothing.
    pub(crate) const fn is_safe(self) -> bool {
        matches!(self, Self::Get)
    }
}

/// What comes back when it went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// JSON of this shape (a name in `openapi/shapes.rs`).
    Json(u16, &'static str),
    /// JSON that holds a secret, shown once: the answer is never kept for repeated calls.
    SecretJson(u16, &'static str),
    /// JSON about a secret that was asked with. Nothing may be kept of the call, not even a fingerprint: it is
    /// carried out each time it is sent, also under an idempotency key.
    UnkeptJson(u16, &'static str),
    /// Nothing but a status.
    Nothing(u16),
    /// A SCIM document, with this status.
    Scim(u16),
    /// Bytes or text of this media type.
    Bytes(&'static str),
    /// A page for people; so are its problems.
    Page(&'static str),
}

/// One endpoint.
pub(crate) struct Endpoint {
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// The kind of evidence entry a call leaves when it went well.
    pub(crate) evidence: Option<&'static str>,
    /// What it is for, in one sentence.
    pub(crate) about: &'static str,
    /// Names of what may stand in the address after `?`, each with its shape.
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// The shape of the body it takes.
    pub(crate) takes: Option<&'static str>,
    pub(crate) answers: Answers,
    pub(crate) route: fn() -> MethodRouter<Shared>,
}

/// What an endpoint says about itself, for documents and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointShown {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// Its path, with `{names}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The kind of evidence entry it leaves.
    pub evidence: Option<&'static str>,
    /// What it is for.
    pub about: &'static str,
}

impl Endpoint {
    pub(crate) const fn shown(&self) -> EndpointShown {
        EndpointShown {
            method: self.verb.as_str(),
            path: self.path,
            access: self.access,
            evidence: self.evidence,
            about: self.about,
        }
    }
}
