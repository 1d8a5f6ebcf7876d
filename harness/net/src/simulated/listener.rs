//! The queue of connections that wait to be accepted.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::stream::Stream;

/// Connections that may wait; more are refused.
const BACKLOG: usize = 4096;

#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    streams: VecDeque<Stream>,
    /// Nobody listens any more.
    closed: bool,
    /// Connects are not answered.
    blocked: bool,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False if one more would be refused.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting().streams.len() < BACKLOG
    }

    /// True if connects are not answered.
    pub(crate) fn is_blocked(&self) -> bool {
        self.waiting().blocked
    }

    /// Lets a connection wait. It is reset if the listener was closed while the handshake was under way.
    pub(crate) fn push(&self, stream: Stream) {
        let mut waiting = self.waiting();
        if waiting.closed || waiting.streams.len() >= BACKLOG {
            drop(waiting);
            return stream.reset();
        }
        waiting.streams.push_back(stream);
        self.arrived.notify_one();
    }

    fn pop(&self) -> Option<Stream> {
        self.waiting().streams.pop_front()
    }

    fn close(&self) -> VecDeque<Stream> {
        let mut waiting = self.waiting();
        waiting.closed = true;
        std::mem::take(&mut waiting.streams)
    }
}

/// Accepts connections of the simulated network.
pub(crate) struct Listener {
    address: SocketAddr,
    queue: Arc<Queue>,
    close: Box<dyn Fn() + Send + Sync>,
}

impl Listener {
    pub(crate) fn new(address: SocketAddr, queue: Arc<Queue>, close: Box<dyn Fn() + Send + Sync>) -> Self {
        Listener { address, queue, close }
    }

    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        loop {
            if let Some(stream) = self.queue.pop() {
                return Ok(stream);
            }
            self.queue.arrived.notified().await;
        }
    }

    pub(crate) fn block(&self, blocked: bool) {
        self.queue.waiting().blocked = blocked;
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        (self.close)();
        // Linux resets connections that nobody had accepted.
        for stream in self.queue.close() {
            stream.reset();
        }
    }
}
