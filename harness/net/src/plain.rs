//! A connection of either world, as bytes travel on it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::simulated;

/// A TCP connection, real or simulated.
pub(crate) enum Plain {
    Real(TcpStream),
    Simulated(simulated::Stream),
}

impl Plain {
    /// Arranges that dropping it sends RST and discards what was not sent yet.
    pub(crate) fn reset_on_drop(&self) {
        match self {
            Plain::Real(stream) => drop(stream.set_zero_linger()),
            Plain::Simulated(stream) => stream.reset_on_drop(),
        }
    }
}

impl AsyncRead for Plain {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Plain::Real(stream) => Pin::new(stream).poll_read(cx, buf),
            Plain::Simulated(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Plain {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Plain::Real(stream) => Pin::new(stream).poll_write(cx, bytes),
            Plain::Simulated(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Plain::Real(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Plain::Simulated(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        matches!(self, Plain::Real(_))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Plain::Real(stream) => Pin::new(stream).poll_flush(cx),
            Plain::Simulated(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Plain::Real(stream) => Pin::new(stream).poll_shutdown(cx),
            Plain::Simulated(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
