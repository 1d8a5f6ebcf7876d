//! Whether a client's connection is in use, so that one which is not does not stay for ever.

use std::cell::Cell;
use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use net::Timer;
use units::Moment;

use super::forward::Content;

/// A client's connection on which no request begins for so long is closed. nginx's `keepalive_timeout`.
pub(crate) const IDLE: Duration = Duration::from_secs(75);

/// How long a request body may take to arrive.
pub(crate) const BODY_WAIT: Duration = Duration::from_mins(1);

/// The use of one connection.
pub(crate) struct Activity {
    timer: Timer,
    /// Requests under way, from their head to the end of the response body.
    requests: Cell<u32>,
    /// When that number changed last.
    changed: Cell<Moment>,
}

impl Activity {
    pub(crate) fn start(timer: &Timer) -> Rc<Self> {
        let changed = Cell::new(timer.now());
        Rc::new(Activity { timer: timer.clone(), requests: Cell::new(0), changed })
    }

    /// A request is under way as long as the value lives.
    pub(crate) fn busy(self: &Rc<Self>) -> Busy {
        self.set(self.requests.get() + 1);
        Busy(self.clone())
    }

    fn set(&self, requests: u32) {
        self.requests.set(requests);
        self.changed.set(self.timer.now());
    }

    /// Until when the connection may stay as it is. `total` is the total timeout of a request.
    pub(crate) fn limit(&self, total: Option<Duration>) -> Moment {
        let busy = total.map_or(Duration::MAX, |total| total.saturating_add(BODY_WAIT + IDLE));
        self.changed.get() + if self.requests.get() == 0 { IDLE } else { busy }
    }
}

/// A request that is under way.
pub(crate) struct Busy(Rc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.set(self.0.requests.get() - 1);
    }
}

/// A response body that keeps its connection busy.
pub(crate) struct Reply {
    pub(crate) content: Content,
    pub(crate) _busy: Busy,
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.get_mut().content).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}
