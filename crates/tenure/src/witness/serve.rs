//! The witness's HTTP side: `add-checkpoint`, and the latest cosigned checkpoint of each log.
//!
//! Decide, make the head durable, cosign, under one lock: two requests never see the same
//! stored head. Plain HTTP; cosignatures protect themselves. Limits: body size of the
//! protocol, 64 connections, 10 seconds a request.

use super::store::WitnessStore;
use crate::failure::chain;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tenure_engine::{Clock as _, SystemClock};
use tenure_evidence::witness::{
    AddCheckpoint, Decision, REQUEST_BYTES_MAX, Response as Answer, WitnessConfig, decide,
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Semaphore},
    task::JoinSet,
};

/// Connections at a time.
const CONNECTIONS_MAX: usize = 64;
/// How long one request may take.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A running witness.
pub(crate) struct Witness {
    store: Mutex<WitnessStore>,
    config: WitnessConfig,
    clock: SystemClock,
}

impl Witness {
    /// A witness of these logs.
    pub(crate) fn new(store: WitnessStore, config: WitnessConfig) -> Self {
        Self { store: Mutex::new(store), config, clock: SystemClock::default() }
    }

    /// Answers `add-checkpoint`.
    pub(crate) async fn add_checkpoint(&self, body: &[u8]) -> Answer {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(refused) => return refused.response(),
        };
        let store = self.store.lock().await;
        let stored = match store.head(request.origin()) {
            Ok(stored) => stored,
            Err(error) => return trouble(&error),
        };
        let acceptance = match decide(&self.config, stored, &request) {
            Decision::Cosign(acceptance) => acceptance,
            Decision::Refuse(refused) => {
                tracing::warn!(origin = %request.origin(), status = refused.status(), "not cosigned: {refused}");
                return refused.response();
            }
        };
        // t0 decided; t1 durable; t2 cosigned. A crash between t1 and t2 costs an answer: asked again,
        // the same checkpoint is a consistent extension of itself.
        if let Err(error) = store.keep_head(&acceptance.origin, (acceptance.size, acceptance.root)) {
            return trouble(&error);
        }
        let time_s = u64::try_from(self.clock.now().as_micros() / 1_000_000).unwrap_or(0);
        let Some(signer) = store.signer() else { return unavailable("the witness has no key") };
        match acceptance.cosign(time_s, &signer) {
            Ok(cosigned) => {
                tracing::info!(origin = %acceptance.origin, size = acceptance.size, "cosigned");
                if let Err(error) = store.keep_checkpoint(&acceptance.origin, &cosigned.checkpoint) {
                    tracing::warn!(error = %chain(&error), "the cosigned checkpoint is not shown to monitors");
                }
                cosigned.response
            }
            Err(error) => trouble(&error),
        }
    }

    async fn monitored(&self, path: &str) -> Option<Answer> {
        let origin_hash = path.strip_prefix('/')?.strip_suffix("/checkpoint")?;
        if origin_hash.len() != 64 || !origin_hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let body = self.store.lock().await.checkpoint(origin_hash)?;
        Some(Answer { status: 200, content_type: "text/plain; charset=utf-8", body })
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().to_owned();
        match (request.method(), path.as_str()) {
            (&Method::POST, "/add-checkpoint") => {
                match Limited::new(request.into_body(), REQUEST_BYTES_MAX).collect().await {
                    Ok(body) => self.add_checkpoint(&body.to_bytes()).await,
                    Err(_) => plain(400, "the body is too long or was cut off\n"),
                }
            }
            (&Method::GET, _) => {
                self.monitored(&path).await.unwrap_or_else(|| plain(404, "there is nothing here\n"))
            }
            _ => plain(405, "POST /add-checkpoint, or GET /<hash of an origin>/checkpoint\n"),
        }
    }
}

fn plain(status: u16, body: &str) -> Answer {
    Answer { status, content_type: "text/plain; charset=utf-8", body: body.to_owned() }
}

fn unavailable(body: &str) -> Answer {
    plain(503, &format!("{body}\n"))
}

/// Trouble of our own: the operator's log says what, the client only that it was not cosigned.
fn trouble(error: &dyn std::error::Error) -> Answer {
    tracing::error!(error = %chain(error), "not cosigned");
    unavailable("not cosigned: the witness has trouble with its disk or key")
}

/// Serves until `stop` ends.
pub(crate) async fn serve(witness: Arc<Witness>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let (mut connections, room) = (JoinSet::new(), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    let mut stop = std::pin::pin!(stop);
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let witness = Arc::clone(&witness);
        connections.spawn(async move {
            let _place = place;
            let answering = service_fn(move |request| respond(Arc::clone(&witness), request));
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(REQUEST_DEADLINE)
                .keep_alive(false)
                .max_buf_size(HEAD_BYTES_MAX)
                .serve_connection(TokioIo::new(stream), answering)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    let ending = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(REQUEST_DEADLINE, ending).await;
}

async fn respond(
    witness: Arc<Witness>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answered = tokio::time::timeout(REQUEST_DEADLINE, witness.answer(request)).await;
    let answer = answered.unwrap_or_else(|_| plain(408, "the request took too long\n"));
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static(answer.content_type));
    Ok(response)
}
