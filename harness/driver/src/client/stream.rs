//! The socket of a connection, and what happened on it: when bytes moved, and how the gateway ended it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use net::{Stream, World};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use units::Moment;

/// How the gateway ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionEnd {
    /// With FIN.
    Fin,
    /// With FIN, without the `close_notify` of TLS that should come first: somebody else may have cut off what came before.
    Truncated,
    /// With an alert of TLS, or with what is no TLS.
    Alert,
    /// With RST, or it was lost in another way (a keep-alive timeout of the system, an unreachable host).
    Rst,
}

/// A socket that notes what happens on it.
pub(crate) struct ObservedStream {
    stream: Stream,
    world: World,
    last_read: Moment,
    end: Option<ConnectionEnd>,
    write_failed: bool,
    write_was_reset: bool,
}

impl ObservedStream {
    pub(crate) fn new(stream: Stream, world: World) -> Self {
        let last_read = world.now();
        ObservedStream { stream, world, last_read, end: None, write_failed: false, write_was_reset: false }
    }

    /// The time since the epoch.
    pub(crate) fn now(&self) -> Moment {
        self.world.now()
    }

    /// When bytes, or the end, were last read.
    pub(crate) fn last_read(&self) -> Moment {
        self.last_read
    }

    /// How the gateway ended the connection, once it did.
    pub(crate) fn end(&self) -> Option<ConnectionEnd> {
        self.end
    }

    /// Reads into `room`, which is not empty: how many bytes, 0 once the gateway has ended the connection.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<usize> {
        if self.end.is_some() {
            return Poll::Ready(0);
        }
        let mut buffer = ReadBuf::new(room);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
        self.last_read = self.world.now();
        let count = buffer.filled().len();
        match read {
            Ok(()) if count > 0 => {}
            // Linux reports a reset once only: if a failed write got the report, reading sees a mere end.
            Ok(()) if !self.write_was_reset => self.end = Some(ConnectionEnd::Fin),
            Ok(()) => self.end = Some(ConnectionEnd::Rst),
            Err(error) => self.end = Some(end_of(&error)),
        }
        Poll::Ready(count)
    }

    /// Writes some of `bytes`: how many. A write fails as soon as the gateway has closed, though its last words may still be
    /// there to be read: an early answer, or the FIN that came before the RST. So a failed write, and any after it,
    /// counts as `None`, and reading tells the story.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Option<usize>> {
        if self.write_failed {
            return Poll::Ready(None);
        }
        match ready!(Pin::new(&mut self.stream).poll_write(cx, bytes)) {
            Ok(count) => Poll::Ready(Some(count)),
            Err(error) => {
                self.write_failed = true;
                self.write_was_reset = error.kind() != io::ErrorKind::BrokenPipe;
                Poll::Ready(None)
            }
        }
    }

    /// Closes the sending side with FIN; the answer can still be read.
    pub(crate) fn half_close(&mut self, cx: &mut Context<'_>) {
        // Of a connection that is gone already, reading tells.
        let _ = Pin::new(&mut self.stream).poll_shutdown(cx);
    }

    /// Arranges that the connection, once dropped, ends with RST.
    pub(crate) fn reset_on_drop(&self) {
        self.stream.reset_on_drop();
    }
}

/// How a connection ended that can't be read any more.
fn end_of(error: &io::Error) -> ConnectionEnd {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ConnectionEnd::Truncated,
        io::ErrorKind::InvalidData => ConnectionEnd::Alert,
        _ => ConnectionEnd::Rst,
    }
}
