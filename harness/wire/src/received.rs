//! The bytes that a connection has received and not yet used.

/// The room that a connection starts with: most messages fit, and thousands of idle connections stay small.
const START: usize = 2 * 1024;

/// The most that an idle connection keeps.
const KEPT: usize = 8 * 1024;

/// Received bytes, from the oldest on. The caller reads into [`ReceivedBytes::room`] and says how much that was.
pub struct ReceivedBytes {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    most: usize,
    /// The last bytes filled all the room that there was: more are on their way.
    filled: bool,
}

impl ReceivedBytes {
    /// Room for up to `most` bytes, a little of which is taken at once.
    pub fn new(most: usize) -> Self {
        ReceivedBytes { buffer: vec![0; START.min(most)], start: 0, end: 0, most, filled: false }
    }

    /// The bytes that are there and not used.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// True if all that arrived was used.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// True if there is no room until something is used.
    pub fn is_full(&self) -> bool {
        self.end - self.start >= self.most
    }

    /// Marks the first `count` bytes as used.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn consume(&mut self, count: usize) {
        assert!(count <= self.end - self.start, "only what was received is used");
        self.start += count;
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Gives back the memory that a large message took, once all that arrived was used: idle connections stay small.
    pub fn release(&mut self) {
        if self.is_empty() && self.buffer.len() > KEPT {
            self.buffer = vec![0; START.min(self.most)];
        }
    }

    /// Where the next bytes are to be put; empty only if it is full. There is more room after bytes that filled all of it.
    pub fn room(&mut self) -> &mut [u8] {
        if self.end == self.buffer.len() || self.filled {
            self.make_room();
        }
        &mut self.buffer[self.end..]
    }

    /// Says that so many bytes were put into the room.
    ///
    /// # Panics
    /// If the room was not that large.
    pub fn received(&mut self, count: usize) {
        assert!(count <= self.buffer.len() - self.end, "no more is received than there was room for");
        self.end += count;
        self.filled = self.end == self.buffer.len();
    }

    fn make_room(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        self.filled = false;
        let wanted = (self.buffer.len() * 2).min(self.most);
        self.buffer.resize(wanted.max(self.buffer.len()), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(received: &mut ReceivedBytes, bytes: &[u8]) -> usize {
        let room = received.room();
        let count = bytes.len().min(room.len());
        room[..count].copy_from_slice(&bytes[..count]);
        received.received(count);
        count
    }

    #[test]
    fn it_grows_up_to_its_limit_and_then_takes_nothing_until_something_is_used() {
        let mut received = ReceivedBytes::new(10_000);
        let bytes: Vec<u8> = (0..20_000u32).map(|number| number as u8).collect();
        let mut taken = 0;
        while !received.is_full() {
            taken += put(&mut received, &bytes[taken..]);
        }
        assert_eq!((taken, received.bytes()), (10_000, &bytes[..10_000]));
        assert!(received.room().is_empty());
        received.consume(9_999);
        assert_eq!(received.bytes(), &bytes[9_999..10_000]);
        assert_eq!(put(&mut received, &bytes[10_000..]), 9_999);
        assert_eq!(received.bytes(), &bytes[9_999..19_999]);
    }

    #[test]
    fn a_body_that_comes_faster_than_it_is_used_is_taken_in_ever_larger_pieces() {
        let mut received = ReceivedBytes::new(64 * 1024);
        let mut taken = Vec::new();
        for _ in 0..8 {
            taken.push(put(&mut received, &vec![7; 64 * 1024]));
            received.consume(taken[taken.len() - 1]);
        }
        assert_eq!(taken, [2, 4, 8, 16, 32, 64, 64, 64].map(|kib| kib * 1024));
        put(&mut received, &[7]);
        received.release();
        assert_eq!(received.buffer.len(), 64 * 1024, "something is left to be used");
        received.consume(1);
        received.release();
        assert_eq!(received.buffer.len(), START);
    }

    #[test]
    fn small_messages_never_make_it_grow() {
        let mut received = ReceivedBytes::new(10_000);
        for _ in 0..100 {
            assert_eq!(put(&mut received, &[7; 1_500]), 1_500);
            received.consume(1_500);
            assert!(received.is_empty());
        }
        assert_eq!(received.buffer.len(), START);
    }
}
