//! Connections and listeners of either world.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::real::Fillers;
use crate::simulated;

/// Accepts connections. Dropping it closes the port: later connects are refused.
pub struct Listener(pub(crate) AnyListener);

pub(crate) enum AnyListener {
    Real(TcpListener, Fillers),
    Simulated(simulated::Listener),
}

impl Listener {
    /// Answers no connect any more until [`Listener::unblock`], as if packets were dropped: the queue of connections that
    /// wait to be accepted is full. Nothing may be accepted meanwhile.
    pub fn block(&self) -> io::Result<()> {
        match &self.0 {
            AnyListener::Real(listener, fillers) => fillers.block(listener),
            AnyListener::Simulated(listener) => {
                listener.block(true);
                Ok(())
            }
        }
    }

    /// Answers connects again.
    pub fn unblock(&self) -> io::Result<()> {
        match &self.0 {
            AnyListener::Real(listener, fillers) => fillers.unblock(listener),
            AnyListener::Simulated(listener) => {
                listener.block(false);
                Ok(())
            }
        }
    }

    /// Waits for the next connection.
    pub async fn accept(&self) -> io::Result<Stream> {
        match &self.0 {
            AnyListener::Real(listener, fillers) => loop {
                let (stream, from) = listener.accept().await?;
                if !fillers.made(from) {
                    stream.set_nodelay(true)?;
                    return Ok(Stream(AnyStream::Real(stream)));
                }
            },
            AnyListener::Simulated(listener) => {
                listener.accept().await.map(|stream| Stream(AnyStream::Simulated(stream)))
            }
        }
    }

    /// The address that it listens on, with the port that was picked.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            AnyListener::Real(listener, _) => listener.local_addr(),
            AnyListener::Simulated(listener) => Ok(listener.local_addr()),
        }
    }
}

/// One connection. Dropping it closes it (FIN, or RST where unread bytes are left, as Linux does).
pub struct Stream(pub(crate) AnyStream);

pub(crate) enum AnyStream {
    Real(TcpStream),
    Simulated(simulated::Stream),
}

impl Stream {
    /// Ends the connection with a reset.
    pub fn reset(self) {
        match self.0 {
            // With zero linger, dropping the socket sends RST and discards what was not sent yet.
            AnyStream::Real(stream) => drop(stream.set_zero_linger()),
            AnyStream::Simulated(stream) => stream.reset(),
        }
    }

    /// Arranges that dropping the connection resets it, for owners that can't be taken apart (a hyper connection).
    pub fn reset_on_drop(&self) {
        match &self.0 {
            AnyStream::Real(stream) => drop(stream.set_zero_linger()),
            AnyStream::Simulated(stream) => stream.reset_on_drop(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            AnyStream::Real(stream) => Pin::new(stream).poll_read(cx, buf),
            AnyStream::Simulated(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            AnyStream::Real(stream) => Pin::new(stream).poll_write(cx, bytes),
            AnyStream::Simulated(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            AnyStream::Real(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            AnyStream::Simulated(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        matches!(self.0, AnyStream::Real(_))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            AnyStream::Real(stream) => Pin::new(stream).poll_flush(cx),
            AnyStream::Simulated(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    /// Sends FIN; the other direction stays open.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            AnyStream::Real(stream) => Pin::new(stream).poll_shutdown(cx),
            AnyStream::Simulated(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
