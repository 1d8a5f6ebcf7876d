//! One end of a simulated connection, as its owner holds it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::deliveries::Deliveries;
use super::link::{Link, Side};

/// One end of a simulated connection. Dropping it closes it.
pub(crate) struct Stream {
    link: Arc<Link>,
    side: Side,
    deliveries: Arc<Deliveries>,
    reset_on_drop: AtomicBool,
}

impl Stream {
    /// The end of `link` at `side`; there must be one only.
    pub(crate) fn new(link: Arc<Link>, side: Side, deliveries: Arc<Deliveries>) -> Self {
        Stream { link, side, deliveries, reset_on_drop: AtomicBool::new(false) }
    }

    pub(crate) fn reset(self) {
        self.reset_on_drop();
    }

    pub(crate) fn reset_on_drop(&self) {
        self.reset_on_drop.store(true, Ordering::Relaxed);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.link.close(&self.deliveries, self.side, self.reset_on_drop.load(Ordering::Relaxed));
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.link.poll_read(self.side, cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.link.poll_write(&self.deliveries, self.side, cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.finish(&self.deliveries, self.side);
        Poll::Ready(Ok(()))
    }
}
