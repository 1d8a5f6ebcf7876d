//! What a connection has received and not yet used.

use std::io;

use net::Stream;
use tokio::io::AsyncReadExt;

/// The room that a connection starts with: most requests fit, and thousands of idle connections stay small.
const START: usize = 2 * 1024;

/// Bytes that are held: a request head, and requests that were sent before their turn.
pub(super) const INPUT_MAX: usize = 64 * 1024;

/// Received bytes, from the oldest on.
pub(super) struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    pub(super) fn new() -> Self {
        Input { buffer: vec![0; START], start: 0, end: 0 }
    }

    /// What is there and not used.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// True if no more is taken until something is used.
    pub(super) fn is_full(&self) -> bool {
        self.end - self.start >= INPUT_MAX
    }

    /// Marks the first `count` bytes as used.
    pub(super) fn consume(&mut self, count: usize) {
        self.start += count;
        debug_assert!(self.start <= self.end, "only what was received is used");
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Receives more: how many bytes, 0 if the peer sent FIN. Loses nothing when it is dropped while it waits.
    pub(super) async fn receive(&mut self, stream: &mut Stream) -> io::Result<usize> {
        if self.end == self.buffer.len() {
            self.make_room();
        }
        let count = stream.read(&mut self.buffer[self.end..]).await?;
        self.end += count;
        Ok(count)
    }

    fn make_room(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        // A read that filled the whole buffer says that more is on its way.
        let wanted = (self.buffer.len() * 2).min(INPUT_MAX + START);
        self.buffer.resize(wanted.max(self.buffer.len()), 0);
    }
}
