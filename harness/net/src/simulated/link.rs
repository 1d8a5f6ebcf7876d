//! A simulated connection: its two ends, and what is between them.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::ReadBuf;

use super::deliveries::{Cargo, Deliveries};
use super::pipe::Pipe;
use super::transit::Path;

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The end that connected.
    Near,
    /// The end that accepted.
    Far,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Side::Near => Side::Far,
            Side::Far => Side::Near,
        }
    }
}

/// What travels. The bytes themselves wait in the pipe; the segment says how many of them can be read from then on.
#[derive(Clone, Copy)]
pub(crate) enum Segment {
    Bytes(usize),
    Fin,
    Rst,
}

/// A connection. What one side does is seen by the other when the segment that says so has arrived.
pub(crate) struct Link(Mutex<Ends>);

struct Ends {
    near: End,
    far: End,
}

/// One side.
struct End {
    /// What this side reads.
    incoming: Pipe,
    /// How what it reads gets here.
    path: Path,
    /// Nothing more can be written: this side sent FIN.
    finished: bool,
    /// The connection is reset: this side did so, or the RST has arrived.
    reset: bool,
}

impl Link {
    /// A connection whose segments take these paths to its near and its far end.
    pub(crate) fn new(to_near: Path, to_far: Path) -> Arc<Self> {
        let end = |path| End { incoming: Pipe::default(), path, finished: false, reset: false };
        Arc::new(Link(Mutex::new(Ends { near: end(to_near), far: end(to_far) })))
    }

    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When something arrives at `side` that is sent now; nothing if it is there already.
    pub(crate) fn arrival(&self, deliveries: &Deliveries, side: Side) -> Option<i64> {
        self.ends().of(side).path.arrival(deliveries.now())
    }

    pub(crate) fn poll_read(
        &self,
        side: Side,
        cx: &Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut ends = self.ends();
        let end = ends.of(side);
        let reset = end.reset;
        end.incoming.poll_read(cx, buf, reset)
    }

    pub(crate) fn poll_write(
        self: &Arc<Self>,
        deliveries: &Deliveries,
        side: Side,
        cx: &Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut ends = self.ends();
        let end = ends.of(side);
        if end.reset || end.finished {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let other = side.other();
        match ends.of(other).incoming.poll_write(cx, bytes) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(0) => Poll::Ready(Ok(0)),
            Poll::Ready(count) => {
                self.send(&mut ends, deliveries, other, Segment::Bytes(count));
                Poll::Ready(Ok(count))
            }
        }
    }

    /// Sends FIN from `side`, once.
    pub(crate) fn finish(self: &Arc<Self>, deliveries: &Deliveries, side: Side) {
        let mut ends = self.ends();
        let end = ends.of(side);
        if !end.reset && !end.finished {
            end.finished = true;
            self.send(&mut ends, deliveries, side.other(), Segment::Fin);
        }
    }

    /// Closes `side`: with RST where that is wished, or where bytes have arrived that it never read, as Linux does.
    pub(crate) fn close(self: &Arc<Self>, deliveries: &Deliveries, side: Side, with_reset: bool) {
        let mut ends = self.ends();
        let end = ends.of(side);
        let left_unread = end.incoming.close();
        if end.reset {
            return;
        }
        if left_unread || with_reset {
            self.reset(&mut ends, deliveries, side);
        } else if !end.finished {
            end.finished = true;
            self.send(&mut ends, deliveries, side.other(), Segment::Fin);
        }
    }

    fn reset(self: &Arc<Self>, ends: &mut Ends, deliveries: &Deliveries, side: Side) {
        ends.of(side).reset = true;
        self.send(ends, deliveries, side.other(), Segment::Rst);
    }

    fn send(self: &Arc<Self>, ends: &mut Ends, deliveries: &Deliveries, to: Side, segment: Segment) {
        match ends.of(to).path.arrival(deliveries.now()) {
            None => self.take(ends, deliveries, to, segment),
            Some(at) => deliveries.send(at, Cargo::Segment(self.clone(), to, segment)),
        }
    }

    /// A segment arrives at `side`.
    pub(crate) fn arrive(self: &Arc<Self>, deliveries: &Deliveries, side: Side, segment: Segment) {
        self.take(&mut self.ends(), deliveries, side, segment);
    }

    fn take(self: &Arc<Self>, ends: &mut Ends, deliveries: &Deliveries, side: Side, segment: Segment) {
        let end = ends.of(side);
        match segment {
            Segment::Bytes(count) if !end.incoming.arrive(count) => {
                // Nobody reads here any more, which the sender could not know: it is told by RST.
                if !end.reset {
                    self.reset(ends, deliveries, side);
                }
            }
            Segment::Bytes(_) => {}
            Segment::Fin => end.incoming.end(),
            Segment::Rst => {
                end.reset = true;
                end.incoming.wake_reader();
                ends.of(side.other()).incoming.wake_writer();
            }
        }
    }
}

impl Ends {
    fn of(&mut self, side: Side) -> &mut End {
        match side {
            Side::Near => &mut self.near,
            Side::Far => &mut self.far,
        }
    }
}
