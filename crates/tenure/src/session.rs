//! A conversation with a deployment: with the server that runs, or with one hosted here.
//!
//! When nobody listens on the socket, this process takes the deployment's lock, serves the same
//! socket until its own work is done, and shuts down. Only for a command that changes something
//! do the reconcilers run meanwhile: one that reads must never carry on what somebody approved.
//! A server that goes away in between (another command that hosted it) is replaced in the same
//! way, and a call whose answer was lost is made again under the same idempotency key. Nothing
//! here knows what is asked.

use crate::{
    client::{Body, Call, CallFailed, Client, check_socket_path},
    context::Context,
    failure::Failure,
    place::{OpenRefused, Place},
};
use bytes::Bytes;
use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tenure_engine::{Deployment, Reconcilers};
use tenure_keys::{SystemRandomness, draw};
use tenure_server::{ServeOptions, Serving, serve};
use tokio::sync::Mutex;

/// How long to wait for a process that holds the lock and does not listen yet, or not any more.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to look meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How often a call is made again when the server goes away under it.
const ATTEMPTS_MAX: usize = 8;
/// How long judging may go on after the work of a command is done.
const JUDGING_MAX: Duration = Duration::from_mins(1);

/// What a command wants with a deployment. Decides what runs beside it when it hosts one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To look: nothing is driven, judged or surveyed.
    Read,
    /// To change something: what waits goes on meanwhile.
    Change,
}

/// A deployment served by this process.
pub(crate) struct Hosted {
    deployment: Deployment,
    pub(crate) serving: Serving,
    reconcilers: Option<Reconcilers>,
}

impl Hosted {
    /// Serves an opened deployment.
    pub(crate) async fn begin(
        deployment: Deployment,
        options: ServeOptions,
        purpose: Purpose,
    ) -> Result<Self, Failure> {
        let serving = serve(Arc::clone(&deployment.engine), options)
            .await
            .map_err(|error| Failure::new("the deployment could not be served").caused_by(&error))?;
        let reconcilers = match purpose {
            Purpose::Read => None,
            Purpose::Change => Some(Reconcilers::start(&deployment.engine)),
        };
        Ok(Self { deployment, serving, reconcilers })
    }

    /// Stops: no new calls, then no step half done, then nothing unwritten: the last checkpoint is
    /// beside the database when this returns.
    pub(crate) async fn end(self) {
        self.serving.shutdown().await;
        if let Some(reconcilers) = self.reconcilers {
            reconcilers.stop().await;
        }
        self.deployment.close().await;
    }

    /// Plans that were approved and are not over: nothing carries them on while nobody runs here.
    async fn waiting(&self) -> usize {
        let at_work = self.deployment.engine.store().read("plans_at_work", |tx| tx.plans_at_work()).await;
        at_work.map_or(0, |plans| plans.len())
    }

    /// Judges what the command's work touched, so that the next one sees it judged.
    pub(crate) async fn settle(&self) {
        let judging = tokio::time::timeout(JUDGING_MAX, self.deployment.engine.judge_touched()).await;
        if !matches!(judging, Ok(Ok(_))) {
            tracing::warn!("some identities are not judged yet; the next start goes on with it");
        }
    }
}

/// A conversation with a deployment.
pub(crate) struct Session<'place> {
    place: &'place Place,
    purpose: Purpose,
    client: Client,
    hosted: Mutex<Option<Hosted>>,
}

impl<'place> Session<'place> {
    /// Finds the server of the deployment, or becomes it.
    pub(crate) async fn attach(context: &'place Context, purpose: Purpose) -> Result<Self, Failure> {
        let place = &context.place;
        if !place.exists()? {
            return Err(place.missing());
        }
        let socket = place.paths().socket();
        check_socket_path(&socket)?;
        let session = Self { place, purpose, client: Client::new(socket), hosted: Mutex::new(None) };
        session.find_or_host().await?;
        Ok(session)
    }

    /// True when this process serves the deployment itself: what it began ends with it.
    pub(crate) async fn is_hosted(&self) -> bool {
        self.hosted.lock().await.is_some()
    }

    async fn find_or_host(&self) -> Result<(), Failure> {
        let mut hosted = self.hosted.lock().await;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if self.client.somebody_listens().await {
                return Ok(());
            }
            // By INVARIANT ours is gone when nobody listens: the lock must be free to be taken again.
            if let Some(former) = hosted.take() {
                former.end().await;
            }
            match self.place.open().await {
                Ok(deployment) => {
                    let options =
                        ServeOptions { socket: Some(self.place.paths().socket()), ..ServeOptions::default() };
                    *hosted = Some(Hosted::begin(deployment, options, self.purpose).await?);
                    return Ok(());
                }
                Err(OpenRefused::InUse { .. }) if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                Err(refused) => return Err(refused.into_failure(self.place)),
            }
        }
    }

    /// Ends the conversation. A hosted deployment is settled when it was changed, and shut down.
    /// Answers how many plans are left that nothing carries on now.
    pub(crate) async fn end(self) -> usize {
        let Some(hosted) = self.hosted.into_inner() else { return 0 };
        let waiting = match self.purpose {
            Purpose::Read => hosted.waiting().await,
            Purpose::Change => {
                hosted.settle().await;
                0
            }
        };
        hosted.end().await;
        waiting
    }

    /// Whether the deployment takes writes, as far as it knows itself.
    pub(crate) async fn takes_writes(&self) -> bool {
        self.get_bytes("it is not known whether it can be written to", "/readyz").await.is_ok()
    }

    /// Asks for a document. `what` is said when it fails.
    pub(crate) async fn get(&self, what: &str, path: &str) -> Result<Value, Failure> {
        let bytes = self.call(what, Method::GET, path, None).await?;
        document(what, &bytes)
    }

    /// Asks for bytes.
    pub(crate) async fn get_bytes(&self, what: &str, path: &str) -> Result<Bytes, Failure> {
        self.call(what, Method::GET, path, None).await
    }

    /// Asks for something to be done.
    pub(crate) async fn post(&self, what: &str, path: &str, body: &impl Serialize) -> Result<Value, Failure> {
        let body = Body::json(body)?;
        let bytes = self.call(what, Method::POST, path, Some(&body)).await?;
        document(what, &bytes)
    }

    /// Asks for something to be replaced.
    pub(crate) async fn put(&self, what: &str, path: &str, body: &impl Serialize) -> Result<Value, Failure> {
        let body = Body::json(body)?;
        let bytes = self.call(what, Method::PUT, path, Some(&body)).await?;
        document(what, &bytes)
    }

    /// Asks for something to be different in part.
    pub(crate) async fn patch(
        &self,
        what: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Value, Failure> {
        let body = Body::json(body)?;
        let bytes = self.call(what, Method::PATCH, path, Some(&body)).await?;
        document(what, &bytes)
    }

    /// Asks for something to be removed.
    pub(crate) async fn delete(&self, what: &str, path: &str) -> Result<(), Failure> {
        self.call(what, Method::DELETE, path, None).await.map(drop)
    }

    /// The same where the answer tells what that left behind.
    pub(crate) async fn delete_and_tell(&self, what: &str, path: &str) -> Result<Value, Failure> {
        let bytes = self.call(what, Method::DELETE, path, None).await?;
        document(what, &bytes)
    }

    async fn call(
        &self,
        what: &str,
        method: Method,
        path: &str,
        body: Option<&Body>,
    ) -> Result<Bytes, Failure> {
        let key = if method == Method::GET { None } else { Some(idempotency_key()?) };
        let call = Call { method, path, body, idempotency_key: key.as_deref() };
        let mut failed = None;
        for _ in 0..ATTEMPTS_MAX {
            match self.client.call(&call).await {
                // The server may have been another command that is done: become it, and ask again.
                Err(lost @ (CallFailed::NobodyListens(_) | CallFailed::Lost(_))) => {
                    failed = Some(lost);
                    self.find_or_host().await?;
                }
                Err(refused) => {
                    let is_ours = matches!(&refused, CallFailed::Refused(problem) if problem.status == 500);
                    let failure = refused.into_failure(what);
                    // The log that the server speaks of is this process's own, and it was not asked for one.
                    return Err(if is_ours && self.is_hosted().await {
                        failure.next("run it once more with TENURE_LOG=error before it, to see the reason")
                    } else {
                        failure
                    });
                }
                Ok(answer) => return Ok(answer),
            }
        }
        Err(failed.map_or_else(|| Failure::new(what), |failed| failed.into_failure(what)))
    }
}

/// A document as its shape. An answer this version does not understand is a failure that says so.
pub(crate) fn shaped<T: DeserializeOwned>(document: &Value) -> Result<T, Failure> {
    T::deserialize(document).map_err(|error| {
        Failure::new("the answer of the server is not understood")
            .because(format!("{error}; is it of another version?"))
            .next("run `tenure doctor --json`, and compare `tenure --version` with the version of the server")
    })
}

fn document(what: &str, bytes: &[u8]) -> Result<Value, Failure> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).map_err(|error| Failure::new(what).caused_by(&error))
}

fn idempotency_key() -> Result<String, Failure> {
    let bytes: [u8; 16] =
        draw(&mut SystemRandomness).map_err(|error| Failure::new("nothing was asked").caused_by(&error))?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
}
