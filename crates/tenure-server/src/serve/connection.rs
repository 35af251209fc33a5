//! One connection: HTTP/1.1 with limits, until it is idle and the server stops.
//!
//! Limits: 256 connections per listener, 64 KiB of request head, 15 s to send one.

use crate::peer::Peer;
use axum::extract::Request;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{io, pin::pin, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    task::JoinSet,
};
use tower::ServiceExt as _;

const CONNECTIONS_MAX: usize = 256;
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEAD_TIME: Duration = Duration::from_secs(15);
/// How long to wait after the system could not accept a connection (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves a connection in the background; waits first when there are too many.
pub(super) async fn take<S>(
    connections: &mut JoinSet<()>,
    stream: S,
    peer: Peer,
    router: axum::Router,
    stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    while connections.try_join_next().is_some() {}
    if connections.len() >= CONNECTIONS_MAX {
        connections.join_next().await;
    }
    connections.spawn(run(stream, peer, router, stopped));
}

async fn run<S>(stream: S, peer: Peer, router: axum::Router, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stop(&mut stopped) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Waits a little when accepting failed for a reason that does not go away at once.
pub(super) async fn pause_after(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// Returns when the server is told to stop, or is gone.
pub(super) async fn stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}
