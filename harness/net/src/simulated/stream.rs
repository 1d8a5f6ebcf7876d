//! One end of a simulated connection.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::pipe::Pipe;

/// One end of a simulated connection.
pub(crate) struct Stream {
    incoming: Arc<Mutex<Pipe>>,
    outgoing: Arc<Mutex<Pipe>>,
    reset_on_drop: AtomicBool,
}

/// The two ends of a new connection.
pub(crate) fn pair() -> (Stream, Stream) {
    let (there, back) = (Arc::<Mutex<Pipe>>::default(), Arc::<Mutex<Pipe>>::default());
    let near =
        Stream { incoming: back.clone(), outgoing: there.clone(), reset_on_drop: AtomicBool::new(false) };
    let far = Stream { incoming: there, outgoing: back, reset_on_drop: AtomicBool::new(false) };
    (near, far)
}

fn lock(pipe: &Mutex<Pipe>) -> MutexGuard<'_, Pipe> {
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stream {
    pub(crate) fn reset(self) {
        self.reset_on_drop();
    }

    pub(crate) fn reset_on_drop(&self) {
        self.reset_on_drop.store(true, Ordering::Relaxed);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let left_unread = lock(&self.incoming).close_reader();
        if left_unread || self.reset_on_drop.load(Ordering::Relaxed) {
            lock(&self.outgoing).reset();
            lock(&self.incoming).reset();
        } else {
            lock(&self.outgoing).finish();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        lock(&self.incoming).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(lock(&self.outgoing).poll_write(cx, bytes))?;
        if written.is_none() {
            lock(&self.incoming).reset();
        }
        Poll::Ready(Ok(written.unwrap_or(bytes.len())))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.outgoing).finish();
        Poll::Ready(Ok(()))
    }
}
