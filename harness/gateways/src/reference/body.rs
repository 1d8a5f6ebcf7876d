//! The response body on its way to the client, and what becomes of the backend's connection with it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use net::Timer;
use thiserror::Error;
use units::Moment;

use super::attempt::Answer;
use super::breakers::Permit;
use super::connections::Connection;

/// How much of a response that is not passed on is read, so that its connection can be used again.
const DRAIN_MAX: usize = 64 * 1024;

/// For how long it is read.
const DRAIN: Duration = Duration::from_secs(1);

/// Why a response body ends early. It makes the server close the client's connection without the body's end.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum Cut {
    #[error("the backend cut the response body off")]
    Backend,
    #[error("the total timeout fired inside the response body")]
    Total,
}

/// A backend's response body, streamed. Dropping it before its end closes the backend's connection.
pub(crate) struct Relay {
    held: Option<Held>,
    total: Option<Pin<Box<dyn Future<Output = ()>>>>,
    cut: Option<Cut>,
    truncated_as_complete: bool,
}

struct Held {
    incoming: Incoming,
    connection: Connection,
    /// The breaker hears of success only when the body is whole.
    permit: Option<Permit>,
}

impl Relay {
    /// The body `incoming` on `connection`, to be cut at `total`. With `truncated_as_complete`, the body's length
    /// must not be announced.
    pub(crate) fn new(
        (incoming, connection): (Incoming, Connection),
        permit: Option<Permit>,
        (timer, total): (&Timer, Option<Moment>),
        truncated_as_complete: bool,
    ) -> Self {
        let ended = incoming.is_end_stream();
        let held = Some(Held { incoming, connection, permit });
        let mut relay = Relay { held, total: None, cut: None, truncated_as_complete };
        if ended {
            relay.finish();
        } else {
            relay.total = total.map(|total| {
                let timer = timer.clone();
                Box::pin(async move { timer.sleep_until(total).await }) as Pin<Box<dyn Future<Output = ()>>>
            });
        }
        relay
    }

    fn finish(&mut self) {
        if let Some(Held { connection, permit, .. }) = self.held.take() {
            if let Some(permit) = permit {
                permit.succeed();
            }
            connection.keep();
        }
    }

    fn fail(&mut self) {
        if let Some(Held { permit: Some(permit), .. }) = self.held.take() {
            permit.fail(None);
        }
    }

    /// Ends the body with an error at the next poll. In between the server sends what it has: with the error right
    /// away it would drop the part of the response that the backend did deliver.
    fn cut(&mut self, cut: Cut, cx: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        self.fail();
        self.cut = Some(cut);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = self.get_mut();
        if let Some(cut) = this.cut.take() {
            return Poll::Ready(Some(Err(cut)));
        }
        let Some(held) = &mut this.held else {
            return Poll::Ready(None);
        };
        if this.total.as_mut().is_some_and(|total| total.as_mut().poll(cx).is_ready()) {
            return this.cut(Cut::Total, cx);
        }
        match Pin::new(&mut held.incoming).poll_frame(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => {
                // Nothing follows trailers, and the server does not ask.
                if frame.is_trailers() || held.incoming.is_end_stream() {
                    this.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => {
                this.finish();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(_))) if this.truncated_as_complete => {
                this.fail();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(_))) => this.cut(Cut::Backend, cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.held {
            None => SizeHint::with_exact(0),
            Some(_) if self.truncated_as_complete => SizeHint::default(),
            Some(held) => held.incoming.size_hint(),
        }
    }
}

/// Reads a response that is not passed on to its end, if it is short, so that its connection can be used again.
pub(crate) fn drain(answer: Answer, timer: &Timer) {
    let Answer { response, connection } = answer;
    let mut incoming = response.into_body();
    let timer = timer.clone();
    tokio::task::spawn_local(async move {
        let to_the_end = async {
            let mut length = 0;
            while let Some(frame) = incoming.frame().await {
                length += frame.ok()?.data_ref().map_or(0, Bytes::len);
                (length <= DRAIN_MAX).then_some(())?;
            }
            Some(())
        };
        if timer.until(timer.now() + DRAIN, to_the_end).await == Some(Some(())) {
            connection.keep();
        }
    });
}
