//! One direction of a simulated connection, at the end where it is read.

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll, Waker};

use tokio::io::ReadBuf;

/// Bytes that may be written and not read in one direction, under way or waiting.
const CAPACITY: usize = 64 * 1024;

/// Bytes from one writer to one reader.
#[derive(Default)]
pub(crate) struct Pipe {
    /// All that was written and not read, in order.
    bytes: VecDeque<u8>,
    /// So many of them, from the front, have arrived.
    arrived: usize,
    /// What takes up room: all that was written and not read, also what a closed end has thrown away.
    used: usize,
    /// FIN has arrived.
    ended: bool,
    /// The reader's end is closed: what arrives from now on meets nobody.
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    /// Reads what has arrived. Bytes that arrived before a reset are still read, as on Linux.
    pub(crate) fn poll_read(
        &mut self,
        cx: &Context<'_>,
        buf: &mut ReadBuf<'_>,
        reset: bool,
    ) -> Poll<io::Result<()>> {
        if self.arrived > 0 {
            let (first, _) = self.bytes.as_slices();
            let count = first.len().min(self.arrived).min(buf.remaining());
            buf.put_slice(&first[..count]);
            self.bytes.drain(..count);
            self.arrived -= count;
            self.used -= count;
            self.wake_writer();
            return Poll::Ready(Ok(()));
        }
        if reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.ended {
            return Poll::Ready(Ok(()));
        }
        self.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Takes as many bytes as there is room for, also for an end that is closed: the writer can't know of it yet. Where
    /// there is no room, the reset that answers what is under way ends the wait.
    pub(crate) fn poll_write(&mut self, cx: &Context<'_>, bytes: &[u8]) -> Poll<usize> {
        let room = CAPACITY - self.used;
        if room == 0 {
            self.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = room.min(bytes.len());
        self.used += count;
        if !self.closed {
            self.bytes.extend(&bytes[..count]);
        }
        Poll::Ready(count)
    }

    /// So many bytes more have arrived. False if the reader is gone.
    pub(crate) fn arrive(&mut self, count: usize) -> bool {
        if self.closed {
            return false;
        }
        self.arrived += count;
        self.wake_reader();
        true
    }

    /// FIN has arrived.
    pub(crate) fn end(&mut self) {
        self.ended = true;
        self.wake_reader();
    }

    /// The reader closes. True if bytes that had arrived were left unread.
    pub(crate) fn close(&mut self) -> bool {
        let left_unread = self.arrived > 0;
        self.closed = true;
        (self.bytes, self.arrived) = (VecDeque::new(), 0);
        left_unread
    }

    pub(crate) fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    pub(crate) fn wake_writer(&mut self) {
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }
}
