//! The size line of a chunk, byte by byte (RFC 9112, section 7.1).

use crate::error::BodyError;
use crate::limits::Limits;

/// A size line as far as it has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SizeLine {
    size: u64,
    bytes: usize,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Nothing yet; a size has one digit at least.
    Start,
    Digits,
    /// Blanks after the digits.
    Blanks,
    /// Extensions, which mean nothing here and are passed over.
    Extensions,
    /// CR has come, LF must follow. A bare LF ends no size line: readers that disagree on that can be tricked.
    LineFeed,
}

impl SizeLine {
    pub(crate) const START: SizeLine = SizeLine { size: 0, bytes: 0, part: Part::Start };

    /// Takes one byte; the size once the line is whole.
    pub(crate) fn take(&mut self, byte: u8, limits: &Limits) -> Result<Option<u64>, BodyError> {
        if self.bytes >= limits.chunk_line_bytes {
            return Err(BodyError::ChunkLineTooLong);
        }
        self.bytes += 1;
        let digit = char::from(byte).to_digit(16);
        self.part = match (self.part, byte, digit) {
            (Part::Start | Part::Digits, _, Some(digit)) => {
                let size = self.size.checked_mul(16).ok_or(BodyError::Chunk)?;
                self.size = size + u64::from(digit);
                Part::Digits
            }
            (Part::LineFeed, b'\n', _) => return Ok(Some(self.size)),
            (Part::Start | Part::LineFeed, ..) | (_, b'\n', _) => return Err(BodyError::Chunk),
            (_, b'\r', _) => Part::LineFeed,
            (Part::Extensions, ..) | (_, b';', _) => Part::Extensions,
            (_, b' ' | b'\t', _) => Part::Blanks,
            _ => return Err(BodyError::Chunk),
        };
        Ok(None)
    }
}
