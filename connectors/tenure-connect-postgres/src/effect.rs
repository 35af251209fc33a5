//! Looking again: is what an act should have done there?
//!
//! Always a fresh read, never a memory. What cannot be read is `Unobserved`, never `Missing`
//! and never `Present`. Changes nothing.

use crate::{
    act::sessions,
    cluster::Cluster,
    keepsake,
    probe::{self, Outcome},
    role::{self, Role},
    source::{Peer, PostgresSource, unread},
};
use tenure_connect::{Effect, OutsideFailure, Target};
use tenure_model::{ControlPlane, Secret, StepKind};

/// Whether the effect of `step` is there.
pub(crate) async fn effect(
    source: &PostgresSource,
    target: &Target,
    step: StepKind,
    value: Option<&Secret<String>>,
) -> Effect {
    let observed = match step {
        StepKind::Deny => denied(source, target, value).await,
        StepKind::Disable => disabled(source, target).await,
        StepKind::EndSessions => sessions_ended(source, target).await,
        StepKind::Delete => present_if(role_now(source, target).await, |role| role.is_none()),
        StepKind::Enable => {
            present_if(role_now(source, target).await, |role| role.is_some_and(|role| role.login))
        }
        StepKind::Control | StepKind::Sweep | StepKind::Prove | StepKind::Tighten | StepKind::Loosen => {
            Ok(Effect::Unobserved { why: "this step changes nothing".to_owned() })
        }
    };
    observed.unwrap_or_else(|failure| Effect::Unobserved { why: failure.to_string() })
}

/// What a fresh read of the role shows.
pub(crate) async fn control_plane(source: &PostgresSource, target: &Target) -> ControlPlane {
    match role_now(source, target).await {
        Ok(None) => ControlPlane::Absent,
        Ok(Some(role)) if role.login => ControlPlane::Enabled,
        Ok(Some(_)) => ControlPlane::Disabled,
        Err(failure) => ControlPlane::Unread { why: failure.to_string() },
    }
}

async fn role_now(source: &PostgresSource, target: &Target) -> Result<Option<Role>, OutsideFailure> {
    let mut session = source.open(&source.primary).await?;
    let transaction = session.look().await.map_err(|error| unread(&error))?;
    let found = role::of_target(&transaction, target).await;
    drop(transaction);
    session.close().await;
    found
}

fn present_if(
    role: Result<Option<Role>, OutsideFailure>,
    holds: impl FnOnce(Option<&Role>) -> bool,
) -> Result<Effect, OutsideFailure> {
    role.map(|role| if holds(role.as_ref()) { Effect::Present } else { Effect::Missing })
}

async fn disabled(source: &PostgresSource, target: &Target) -> Result<Effect, OutsideFailure> {
    let mut session = source.open(&source.primary).await?;
    let transaction = session.look().await.map_err(|error| unread(&error))?;
    let oid = role::oid_of(&target.key)?;
    let login = role::of_target(&transaction, target).await?.is_some_and(|role| role.login);
    let left = sessions::remaining(&transaction, oid).await.map_err(|error| unread(&error))?;
    drop(transaction);
    session.close().await;
    Ok(if login || left > 0 { Effect::Missing } else { Effect::Present })
}

async fn sessions_ended(source: &PostgresSource, target: &Target) -> Result<Effect, OutsideFailure> {
    let oid = role::oid_of(&target.key)?;
    let mut session = source.open(&source.primary).await?;
    let transaction = session.look().await.map_err(|error| unread(&error))?;
    role::of_target(&transaction, target).await?;
    let cluster = Cluster::of(&transaction).await.map_err(|error| unread(&error))?;
    let mut left = sessions::remaining(&transaction, oid).await.map_err(|error| unread(&error))?;
    drop(transaction);
    session.close().await;
    for place in source.servers().skip(1) {
        let Peer::Server(mut session) = source.open_peer(place, cluster).await? else { continue };
        let transaction = session.look().await.map_err(|error| unread(&error))?;
        left += sessions::remaining(&transaction, oid).await.map_err(|error| unread(&error))?;
        drop(transaction);
        session.close().await;
    }
    Ok(if left > 0 { Effect::Missing } else { Effect::Present })
}

async fn denied(
    source: &PostgresSource,
    target: &Target,
    value: Option<&Secret<String>>,
) -> Result<Effect, OutsideFailure> {
    let Some(value) = value else {
        return Ok(Effect::Unobserved {
            why: "the value that was to be installed is not at hand".to_owned(),
        });
    };
    let mut session = source.open(&source.primary).await?;
    let transaction = session.look().await.map_err(|error| unread(&error))?;
    let Some(role) = role::of_target(&transaction, target).await? else { return Ok(Effect::Missing) };
    let belongs = keepsake::belongs(&transaction, role.oid, value).await.map_err(|error| unread(&error))?;
    drop(transaction);
    session.close().await;
    Ok(match belongs {
        Some(true) => Effect::Present,
        Some(false) => Effect::Missing,
        None => denied_by_probe(source, target, value).await,
    })
}

/// Without sight of the verifier, one attempt tells: the password is looked at before the right to log in.
async fn denied_by_probe(source: &PostgresSource, target: &Target, value: &Secret<String>) -> Effect {
    let (seen, outcome) = probe::attempt(source, &source.primary, &target.name, value).await;
    match (seen.asked, seen.authenticated, outcome) {
        (true, true, _) => Effect::Present,
        (true, false, Outcome::Error { code, .. }) if code == "28P01" => Effect::Missing,
        (_, _, Outcome::Error { words, .. }) => Effect::Unobserved { why: words },
        (_, _, Outcome::NoAnswer(why) | Outcome::Unsupported(why)) => Effect::Unobserved { why },
        (_, _, Outcome::Open) => Effect::Unobserved { why: "the server asked for no password".to_owned() },
    }
}
