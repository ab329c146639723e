//! What is pushed, on its way to the registry.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::ledger::{self, Full};

/// How often an upload's speed is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The slowest upload that is waited for, in bytes each time that it is looked at: a student's own
/// compression makes some megabytes a second, and on a host that is full of work a hundredth of it.
const SLOWEST: u64 = 256 << 10;

/// How much of an upload that is refused is still taken, in bytes, and for how long: Docker reads the
/// refusal only when it has said all that it has to say.
const HEARD_MAX: u64 = 4 << 30;
const HEARD_WITHIN: Duration = Duration::from_secs(120);

/// An upload's body, which has to keep coming, and for which there has to be room.
pub(crate) struct Watched {
    body: Option<Incoming>,
    hint: SizeHint,
    look: Pin<Box<Sleep>>,
    since_look: u64,
    room: Room,
    fate: Fate,
}

/// How much of an upload there is room for.
pub(crate) struct Room {
    /// What counts it.
    pub(crate) incoming: ledger::Incoming,
    /// The most that it may be itself.
    pub(crate) most: Option<u64>,
}

/// What became of an upload for which there was no room: why, and what of it has not come yet.
#[derive(Clone, Default)]
pub(crate) struct Fate(Arc<Mutex<Option<(Full, Incoming)>>>);

impl Fate {
    /// Why there was no room, after the rest of it was heard to its end.
    pub(crate) async fn refused(self) -> Option<Full> {
        let fate = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (full, mut body) = fate?;
        let hear = async {
            let mut heard = 0;
            while let Some(Ok(frame)) = body.frame().await {
                heard += length(&frame);
                if heard > HEARD_MAX {
                    break;
                }
            }
        };
        // Whoever goes on and on does not hear the answer.
        let _ = timeout(HEARD_WITHIN, hear).await;
        Some(full)
    }
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
    /// There is no room for it.
    #[error("{0}")]
    Full(Full),
}

impl Watched {
    pub(crate) fn new(body: Incoming, room: Room, fate: Fate) -> Self {
        Self {
            hint: body.size_hint(),
            body: Some(body),
            look: Box::pin(sleep_until(Instant::now() + LOOK_EVERY)),
            since_look: 0,
            room,
            fate,
        }
    }

    fn is_slow(&mut self, context: &mut Context<'_>) -> bool {
        while self.look.as_mut().poll(context).is_ready() {
            if self.since_look < SLOWEST {
                return true;
            }
            self.since_look = 0;
            self.look.as_mut().reset(Instant::now() + LOOK_EVERY);
        }
        false
    }

    fn check_room(&mut self, length: u64) -> Result<(), Full> {
        if let Some(most) = &mut self.room.most {
            *most = most.checked_sub(length).ok_or(Full::Manifest)?;
        }
        self.room.incoming.take(length)
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if self.is_slow(context) {
            return Poll::Ready(Some(Err(Broken::Slow)));
        }
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = match std::task::ready!(Pin::new(body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        let length = length(&frame);
        self.since_look += length;
        if let Err(full) = self.check_room(length) {
            let rest = self.body.take().map(|body| (full.clone(), body));
            *self.fate.0.lock().unwrap_or_else(PoisonError::into_inner) = rest;
            return Poll::Ready(Some(Err(Broken::Full(full))));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

fn length(frame: &Frame<Bytes>) -> u64 {
    frame.data_ref().map_or(0, Bytes::len) as u64
}
