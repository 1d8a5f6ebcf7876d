//! The queue of connections that wait to be accepted.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::stream::Stream;

/// Connections that may wait; more are refused.
const BACKLOG: usize = 4096;

#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<VecDeque<Stream>>,
    arrived: Notify,
}

impl Queue {
    pub(crate) fn push(&self, stream: Stream) -> io::Result<()> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= BACKLOG {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        waiting.push_back(stream);
        self.arrived.notify_one();
        Ok(())
    }

    fn pop(&self) -> Option<Stream> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
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

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        (self.close)();
        // Linux resets connections that nobody had accepted.
        while let Some(stream) = self.queue.pop() {
            stream.reset();
        }
    }
}
