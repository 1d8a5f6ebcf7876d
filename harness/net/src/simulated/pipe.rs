//! One direction of a simulated connection.

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll, Waker};

use tokio::io::ReadBuf;

/// Bytes that may be under way in one direction.
const CAPACITY: usize = 64 * 1024;

/// Bytes under way from one writer to one reader, and how the direction ended.
#[derive(Default)]
pub(crate) struct Pipe {
    bytes: VecDeque<u8>,
    /// The writer sent FIN.
    finished: bool,
    /// Either side reset the connection.
    reset: bool,
    /// The reader's end is closed: what is written now is answered with RST.
    unread: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    pub(crate) fn poll_read(&mut self, cx: &Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.bytes.is_empty() {
            let (first, _) = self.bytes.as_slices();
            let count = first.len().min(buf.remaining());
            buf.put_slice(&first[..count]);
            self.bytes.drain(..count);
            self.wake_writer();
            return Poll::Ready(Ok(()));
        }
        if self.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.finished {
            return Poll::Ready(Ok(()));
        }
        self.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// `Ok(None)` says that the reader is gone: the writer's other direction gets the reset that answers it.
    pub(crate) fn poll_write(&mut self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<Option<usize>>> {
        if self.reset || self.finished {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.unread {
            self.reset = true;
            return Poll::Ready(Ok(None));
        }
        let room = CAPACITY - self.bytes.len();
        if room == 0 {
            self.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = room.min(bytes.len());
        self.bytes.extend(&bytes[..count]);
        self.wake_reader();
        Poll::Ready(Ok(Some(count)))
    }

    pub(crate) fn finish(&mut self) {
        self.finished = true;
        self.wake_reader();
    }

    pub(crate) fn reset(&mut self) {
        self.reset = true;
        self.wake_reader();
        self.wake_writer();
    }

    /// The reader closes. True if bytes were left unread: the close is then a reset.
    pub(crate) fn close_reader(&mut self) -> bool {
        self.unread = true;
        self.wake_writer();
        !self.bytes.is_empty()
    }

    fn wake_reader(&mut self) {
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
    }

    fn wake_writer(&mut self) {
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }
}
