//! Connections of either world, with TLS over them or not.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;

use crate::plain::Plain;

/// One connection. Dropping it closes it: with FIN, or with RST where unread bytes are left, as Linux does. A drop says no
/// `close_notify` of TLS (RFC 8446, section 6.1); [`shutdown`](tokio::io::AsyncWriteExt::shutdown) does.
///
/// Under TLS a read tells the ends of a connection apart: 0 bytes after a `close_notify`,
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) after a FIN without one,
/// [`ConnectionReset`](io::ErrorKind::ConnectionReset) after RST, and [`InvalidData`](io::ErrorKind::InvalidData) after an
/// alert or what is no TLS.
pub struct Stream(Layer);

enum Layer {
    Plain(Plain),
    Tls(Box<TlsStream<Plain>>),
    /// The connection is in a handshake, or was closed when that failed.
    Gone,
}

impl Stream {
    pub(crate) fn new(plain: Plain) -> Self {
        Stream(Layer::Plain(plain))
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        self.reset_on_drop();
    }

    /// Arranges that dropping the connection resets it, for owners that can't be taken apart (a hyper connection).
    pub fn reset_on_drop(&self) {
        match &self.0 {
            Layer::Plain(plain) => plain.reset_on_drop(),
            Layer::Tls(stream) => stream.get_ref().0.reset_on_drop(),
            Layer::Gone => {}
        }
    }

    /// Takes the connection out for a handshake. Until [`Stream::is_now`], nothing is read and writing fails.
    pub(crate) fn take_plain(&mut self) -> io::Result<Plain> {
        match mem::replace(&mut self.0, Layer::Gone) {
            Layer::Plain(plain) => Ok(plain),
            other => {
                self.0 = other;
                Err(io::Error::new(io::ErrorKind::InvalidInput, "TLS lies over this connection already"))
            }
        }
    }

    /// The handshake is over.
    pub(crate) fn is_now(&mut self, stream: impl Into<TlsStream<Plain>>) {
        self.0 = Layer::Tls(Box::new(stream.into()));
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Layer::Plain(plain) => Pin::new(plain).poll_read(cx, buf),
            Layer::Tls(stream) => {
                // A write may have been taken and not have left yet, for want of room. Those who write to a TCP connection
                // don't flush, so that is made up for here; an error of it is told by the read, or by the next write.
                if stream.get_ref().1.wants_write() {
                    let _ = Pin::new(&mut **stream).poll_flush(cx);
                }
                Pin::new(&mut **stream).poll_read(cx, buf)
            }
            Layer::Gone => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Layer::Plain(plain) => Pin::new(plain).poll_write(cx, bytes),
            Layer::Tls(stream) => Pin::new(&mut **stream).poll_write(cx, bytes),
            Layer::Gone => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Layer::Plain(plain) => Pin::new(plain).poll_write_vectored(cx, slices),
            Layer::Tls(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, slices),
            Layer::Gone => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Layer::Plain(plain) => plain.is_write_vectored(),
            Layer::Tls(stream) => stream.is_write_vectored(),
            Layer::Gone => false,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Layer::Plain(plain) => Pin::new(plain).poll_flush(cx),
            Layer::Tls(stream) => Pin::new(&mut **stream).poll_flush(cx),
            Layer::Gone => Poll::Ready(Ok(())),
        }
    }

    /// Sends FIN, under TLS after a `close_notify`; the other direction stays open.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Layer::Plain(plain) => Pin::new(plain).poll_shutdown(cx),
            Layer::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
            Layer::Gone => Poll::Ready(Ok(())),
        }
    }
}
