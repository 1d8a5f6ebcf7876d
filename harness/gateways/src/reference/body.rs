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

use super::attempt::{Answer, Failure};
use super::breakers::Permit;
use super::connections::Connection;
use super::line::Turn;
use super::settings::CutBody;

/// How much of a response that is not passed on is read, so that its connection can be used again.
const DRAIN_MAX: usize = 64 * 1024;

/// What [`CutBody::Continued`] adds to a body that was cut off.
const CONTINUATION: &[u8] = b"\n<p>The rest of this page could not be loaded.</p>\n";

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
    /// Whether it is read to its end when nobody wants it any more; only a defect does.
    finishes: bool,
    total: Option<Pin<Box<dyn Future<Output = ()>>>>,
    cut: Option<Cut>,
    cut_body: CutBody,
}

struct Held {
    incoming: Incoming,
    connection: Connection,
    /// The breaker hears of success only when the body is whole.
    permit: Option<Permit>,
    turn: Option<Turn>,
}

impl Relay {
    /// The body `incoming` on `connection`, to be cut at `total`. Unless a cut body is to be [`CutBody::Cut`],
    /// the body's length must not be announced.
    pub(crate) fn new(
        (incoming, connection, turn): (Incoming, Connection, Option<Turn>),
        permit: Option<Permit>,
        (timer, total): (&Timer, Option<Moment>),
        cut_body: CutBody,
    ) -> Self {
        let ended = incoming.is_end_stream();
        let held = Some(Held { incoming, connection, permit, turn });
        let mut relay = Relay { held, finishes: false, total: None, cut: None, cut_body };
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

    /// Reads it to its end even if the client goes away. For defects.
    pub(crate) fn finishing(mut self) -> Self {
        self.finishes = true;
        self
    }

    fn finish(&mut self) {
        if let Some(Held { connection, permit, turn, .. }) = self.held.take() {
            if let Some(permit) = permit {
                permit.succeed();
            }
            connection.keep();
            drop(turn);
        }
    }

    fn fail(&mut self, failure: Failure) {
        if let Some(Held { permit: Some(permit), .. }) = self.held.take() {
            permit.fail_as(failure);
        }
    }

    /// Ends the body with an error at the next poll. In between the server sends what it has: with the error right
    /// away it would drop the part of the response that the backend did deliver.
    fn cut(&mut self, cut: Cut, cx: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        self.fail(match cut {
            Cut::Backend => Failure::Reset,
            Cut::Total => Failure::Total,
        });
        self.cut = Some(cut);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(Held { mut incoming, connection, turn, .. }) = self.held.take().filter(|_| self.finishes)
        {
            tokio::task::spawn_local(async move {
                while let Some(Ok(_)) = incoming.frame().await {}
                drop((connection, turn));
            });
        }
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
            Poll::Ready(Some(Err(_))) => match this.cut_body {
                CutBody::Cut => this.cut(Cut::Backend, cx),
                CutBody::Whole => {
                    this.fail(Failure::Reset);
                    Poll::Ready(None)
                }
                CutBody::Continued => {
                    this.fail(Failure::Reset);
                    Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(CONTINUATION)))))
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.held {
            None => SizeHint::with_exact(0),
            Some(_) if self.cut_body != CutBody::Cut => SizeHint::default(),
            Some(held) => held.incoming.size_hint(),
        }
    }
}

/// Reads a response that is not passed on to its end, if it is short, so that its connection can be used again.
pub(crate) fn drain(answer: Answer, timer: &Timer) {
    let Answer { response, connection, turn } = answer;
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
        drop(turn);
    });
}
