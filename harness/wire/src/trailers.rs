//! The trailer section of a chunked body, byte by byte (RFC 9112, section 7.1.2).

use crate::error::BodyError;
use crate::limits::Limits;
use crate::words::{is_field_byte, is_token_byte};

/// A trailer section as far as it has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrailerSection {
    bytes: usize,
    part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    LineStart,
    Name,
    Value,
    /// The CR after a field.
    FieldEnd,
    /// The CR of the empty line.
    LastEnd,
}

impl TrailerSection {
    pub(crate) const START: TrailerSection = TrailerSection { bytes: 0, part: Part::LineStart };

    /// Takes one byte. True once the section is whole.
    pub(crate) fn take(&mut self, byte: u8, limits: &Limits) -> Result<bool, BodyError> {
        if self.bytes >= limits.trailer_bytes {
            return Err(BodyError::TrailersTooLong);
        }
        self.bytes += 1;
        self.part = match (self.part, byte) {
            (Part::LineStart, b'\r') => Part::LastEnd,
            (Part::LastEnd, b'\n') => return Ok(true),
            (Part::LineStart | Part::Name, _) if is_token_byte(byte) => Part::Name,
            (Part::Name, b':') => Part::Value,
            (Part::Value, b'\r') => Part::FieldEnd,
            (Part::Value, _) if is_field_byte(byte) => Part::Value,
            (Part::FieldEnd, b'\n') => Part::LineStart,
            _ => return Err(BodyError::Trailer),
        };
        Ok(false)
    }
}
