//! A body that has to come within a time: a caller that sends one byte now and then is given up.

use bytes::Bytes;

use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Sleep, sleep};

/// The body did not come within its time.
#[derive(Debug, thiserror::Error)]
#[error("the body did not come within {} s", .0.as_secs_f32())]
pub(crate) struct BodySlow(Duration);

/// A body as it comes in, until its time is over.
pub(super) struct Timed {
    body: Incoming,
    time: Duration,
    over: Pin<Box<Sleep>>,
}

impl Timed {
    pub(super) fn new(body: Incoming, time: Duration) -> Self {
        Self { body, time, over: Box::pin(sleep(time)) }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        self.over.as_mut().poll(context).map(|()| Some(Err(Box::new(BodySlow(self.time)) as Self::Error)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
