//! What every endpoint's file begins with. Only names that most of them use.

pub(crate) use crate::{
    body::{Asking, Body, Named, SecretBody},
    endpoint::{Access, Answers, Endpoint, Verb},
    enter::{Asked, Whose},
    page::{self, Page, Paging},
    problem::Problem,
    shared::Shared,
};
pub(crate) use axum::{
    Json,
    extract::State,
    response::IntoResponse,
    routing::{delete, get, patch, post, put},
};
pub(crate) use http::{StatusCode, header};
pub(crate) use serde::{Deserialize, Serialize};
pub(crate) use tenure_judge::{ApiAction, ApiResourceKind};
