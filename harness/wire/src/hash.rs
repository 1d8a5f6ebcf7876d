//! The hash of a body that comes in pieces.

use std::hash::Hasher;

use twox_hash::XxHash3_64;

use crate::body::BodySink;

/// XXH3-64 of a body. A body that comes in one piece, as most do, is hashed at once, which is several times faster than
/// piece by piece. One value serves body after body and keeps its memory.
#[derive(Default)]
pub struct BodyHash {
    state: State,
    /// Kept from body to body.
    hasher: Option<Box<XxHash3_64>>,
}

#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Empty,
    Whole(u64),
    Running,
}

impl BodyHash {
    /// Of no bytes yet.
    pub fn new() -> Self {
        BodyHash::default()
    }

    /// Forgets what was added.
    pub fn clear(&mut self) {
        self.state = State::Empty;
    }

    /// The hash of all that was added.
    pub fn value(&self) -> u64 {
        match (self.state, &self.hasher) {
            (State::Whole(hash), _) => hash,
            (State::Running, Some(hasher)) => hasher.finish(),
            (State::Running | State::Empty, _) => XxHash3_64::oneshot(b""),
        }
    }
}

impl BodySink for BodyHash {
    fn data(&mut self, piece: &[u8]) {
        let hasher = self.hasher.get_or_insert_with(|| Box::new(XxHash3_64::new()));
        if !matches!(self.state, State::Running) {
            **hasher = XxHash3_64::new();
            self.state = State::Running;
        }
        hasher.write(piece);
    }

    fn whole(&mut self, body: &[u8]) {
        self.state = State::Whole(XxHash3_64::oneshot(body));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_one_hash_in_pieces_and_as_a_whole_and_after_another_body() {
        let body: Vec<u8> = (0..1000u32).map(|number| number as u8).collect();
        let mut hash = BodyHash::new();
        assert_eq!(hash.value(), XxHash3_64::oneshot(b""));
        for _ in 0..2 {
            body.chunks(7).for_each(|piece| hash.data(piece));
            assert_eq!(hash.value(), XxHash3_64::oneshot(&body));
            hash.clear();
            assert_eq!(hash.value(), XxHash3_64::oneshot(b""));
            hash.whole(&body);
            assert_eq!(hash.value(), XxHash3_64::oneshot(&body));
            hash.clear();
        }
    }
}
