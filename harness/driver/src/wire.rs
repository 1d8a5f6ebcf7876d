//! A connection that notes what hyper does not tell: when bytes moved, and how reading ended.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use net::{Stream, World};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use units::Moment;

/// How the gateway ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireEnd {
    /// With FIN.
    Fin,
    /// With RST, or it was lost in another way (a keep-alive timeout of the system, an unreachable host).
    Rst,
}

/// What was noted about one connection.
#[derive(Default)]
pub(crate) struct Notes {
    first_write: Cell<Option<Moment>>,
    last_read: Cell<Moment>,
    write_was_reset: Cell<bool>,
    end: Cell<Option<WireEnd>>,
}

impl Notes {
    /// Starts over for the next request.
    pub(crate) fn expect_write(&self) {
        self.first_write.set(None);
    }

    /// When the first byte of the request was handed to the socket.
    pub(crate) fn first_write(&self) -> Option<Moment> {
        self.first_write.get()
    }

    /// When bytes, or the end, were last read.
    pub(crate) fn last_read(&self) -> Moment {
        self.last_read.get()
    }

    /// How the gateway ended the connection, once it did.
    pub(crate) fn end(&self) -> Option<WireEnd> {
        self.end.get()
    }
}

/// A connection with its notes.
pub(crate) struct Wire {
    stream: Stream,
    world: World,
    notes: Rc<Notes>,
}

impl Wire {
    pub(crate) fn new(stream: Stream, world: World, notes: Rc<Notes>) -> Self {
        Wire { stream, world, notes }
    }

    /// A write fails as soon as the gateway has closed, though its last words may still be there to be read: an early
    /// answer, or the FIN that came before the RST. So a failed write counts as done, and reading tells the story.
    fn after_write(&self, written: io::Result<usize>, length: usize, before: Option<Moment>) -> usize {
        match written {
            Ok(count) => {
                if before.is_some() {
                    self.notes.first_write.set(before);
                }
                count
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::BrokenPipe {
                    self.notes.write_was_reset.set(true);
                }
                length
            }
        }
    }

    /// The moment before a request's first write; nothing for later writes.
    fn before_write(&self) -> Option<Moment> {
        self.notes.first_write.get().is_none().then(|| self.world.now())
    }

    fn note_end(&self, end: WireEnd) {
        // What came first is what happened; later errors follow from it.
        if self.notes.end.get().is_none() {
            // Linux reports a reset once only: if a failed write got the report, reading sees a mere end.
            let end = if self.notes.write_was_reset.get() { WireEnd::Rst } else { end };
            self.notes.end.set(Some(end));
            self.notes.last_read.set(self.world.now());
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        match &read {
            Ok(()) if buf.filled().len() > before => self.notes.last_read.set(self.world.now()),
            Ok(()) if buf.remaining() > 0 => self.note_end(WireEnd::Fin),
            Ok(()) => {}
            Err(_) => self.note_end(WireEnd::Rst),
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let before = self.before_write();
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        Poll::Ready(Ok(self.after_write(written, bytes.len(), before)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let before = self.before_write();
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices));
        let length = slices.iter().map(|slice| slice.len()).sum();
        Poll::Ready(Ok(self.after_write(written, length, before)))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
