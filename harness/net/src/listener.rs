//! Listeners of either world.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::Stream;
use crate::plain::Plain;
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
                    return Ok(Stream::new(Plain::Real(stream)));
                }
            },
            AnyListener::Simulated(listener) => {
                listener.accept().await.map(|stream| Stream::new(Plain::Simulated(stream)))
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
