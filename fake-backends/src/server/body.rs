//! The body of a request, of which only its length and hash are kept.

use wire::{BodyError, BodyHash, BodyReader, Framing, Limits};

/// A request body on its way.
pub(super) struct RequestBody {
    reader: BodyReader,
    hash: BodyHash,
}

impl RequestBody {
    /// No body.
    pub(super) fn none() -> Self {
        RequestBody { reader: BodyReader::new(Framing::Bodiless, &Limits::default()), hash: BodyHash::new() }
    }

    /// Before the first byte of the next body.
    pub(super) fn begin(&mut self, framing: Framing, limits: &Limits) {
        self.reader = BodyReader::new(framing, limits);
        self.hash.clear();
    }

    /// True once it has arrived whole.
    pub(super) fn is_whole(&self) -> bool {
        self.reader.is_whole()
    }

    /// The bytes that arrived.
    pub(super) fn received(&self) -> u64 {
        self.reader.received()
    }

    /// XXH3-64 of the bytes that arrived.
    pub(super) fn hash(&self) -> u64 {
        self.hash.value()
    }

    /// Takes what belongs to the body from the start of `bytes`: how many bytes that were, or the status that refuses it.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, u16> {
        self.reader.take(bytes, &mut self.hash).map_err(|error| match error {
            BodyError::TooLarge => 413,
            BodyError::Chunk
            | BodyError::Trailer
            | BodyError::ChunkLineTooLong
            | BodyError::TrailersTooLong => 400,
        })
    }
}
