//! One connection: HTTP/1.1 with limits, until it is idle and the server stops, or has to go.
//!
//! Accepting never waits for a connection to end: `seats.rs` says who has to go instead. A head
//! is at most 64 KiB; how long heads and bodies may take says `ServeLimits`.

use super::{
    ServeLimits,
    seats::{Seat, Seats},
    slow::Timed,
};
use crate::peer::Peer;
use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;
use hyper::{
    body::{Frame, Incoming, SizeHint},
    server::conn::http1,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    task::JoinSet,
};
use tower::ServiceExt as _;

const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How long to wait after the system could not accept a connection (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// How long requests may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// What all connections of one listener share.
#[derive(Clone)]
pub(super) struct Hall {
    router: axum::Router,
    limits: ServeLimits,
    seats: Arc<Seats>,
    stopped: watch::Receiver<bool>,
}

impl Hall {
    pub(super) fn new(router: axum::Router, limits: ServeLimits, stopped: watch::Receiver<bool>) -> Self {
        Self { router, limits, seats: Seats::new(limits.connections_max, limits.known_max), stopped }
    }

    /// Returns when the server is told to stop, or is gone.
    pub(super) async fn stop(&self) {
        let _ = self.stopped.clone().wait_for(|stop| *stop).await;
    }

    /// Serves a connection in the background.
    pub(super) fn take<S>(&self, connections: &mut JoinSet<()>, stream: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        while connections.try_join_next().is_some() {}
        connections.spawn(run(self.clone(), self.seats.take(), stream, peer));
    }
}

async fn run<S>(hall: Hall, seat: Arc<Seat>, stream: S, peer: Peer)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
        let body_time = hall.limits.body_time;
        let mut request: Request = request.map(|body| Body::new(Timed::new(body, body_time)));
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(Arc::clone(&seat));
        let (router, seat) = (hall.router.clone(), Arc::clone(&seat));
        async move {
            let answered = router.oneshot(request).await;
            answered.map(|response: Response| response.map(|body| Seated { body, seat }))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(hall.limits.head_time)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let serving = async {
        tokio::select! {
            ended = served.as_mut() => ended,
            () = hall.stop() => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        }
    };
    tokio::select! {
        ended = serving => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke");
            }
        }
        () = seat.lost() => tracing::debug!("a connection that waited was cut for a newer one"),
    }
}

/// An answer's body: when it is through, its connection's seat waits again.
struct Seated {
    body: Body,
    seat: Arc<Seat>,
}

impl hyper::body::Body for Seated {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.seat.rest();
    }
}

/// Waits a little when accepting failed for a reason that does not go away at once.
pub(super) async fn pause_after(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// Lets connections end, for a while, then cuts them off.
pub(super) async fn drain(mut connections: JoinSet<()>) {
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::warn!("connections were cut off");
    }
    connections.shutdown().await;
}
