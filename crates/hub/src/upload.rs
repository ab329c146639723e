//! What is pushed, on its way to the registry.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// How often an upload's speed is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The slowest upload that is waited for, in bytes each time that it is looked at: a student's own
/// compression makes some megabytes a second, and on a host that is full of work a hundredth of it.
const SLOWEST: u64 = 256 << 10;

/// An upload's body, which has to keep coming.
pub(crate) struct Watched {
    body: Incoming,
    look: Pin<Box<Sleep>>,
    since_look: u64,
}

/// Why a body was not passed on to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// The client went, or sent nonsense.
    #[error("the upload broke off: {0}")]
    Client(#[from] hyper::Error),
    /// It holds a place for next to nothing.
    #[error("the upload is too slow")]
    Slow,
}

impl Watched {
    pub(crate) fn new(body: Incoming) -> Self {
        Self {
            body,
            look: Box::pin(sleep_until(Instant::now() + LOOK_EVERY)),
            since_look: 0,
        }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if self.look.as_mut().poll(context).is_ready() {
            if self.since_look < SLOWEST {
                return Poll::Ready(Some(Err(Broken::Slow)));
            }
            self.since_look = 0;
            self.look.as_mut().reset(Instant::now() + LOOK_EVERY);
            // So that the next look is heard of.
            context.waker().wake_by_ref();
        }
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame.map(|frame| {
            let frame = frame?;
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.since_look += length as u64;
            Ok(frame)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
