//! How the end of a body is told, by the rules of RFC 9112, section 6.3.

use crate::error::FramingError;
use crate::fields::{Fields, items};
use crate::head::Version;

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body: the message has none by its kind, whatever its fields say, or its fields declare none.
    Bodiless,
    /// By its length in bytes.
    Length(u64),
    /// By the last chunk.
    Chunked,
    /// By the end of the connection; answers only.
    UntilClose,
}

/// What the fields of a head say of the body, of the connection, and of what is expected.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Declared {
    length: Option<u64>,
    /// There is a `transfer-encoding`.
    coded: bool,
    /// `chunked` is its last coding.
    chunked_last: bool,
    /// It has another coding than `chunked`.
    coded_otherwise: bool,
    wrong: Option<FramingError>,
    pub(crate) closes: bool,
    pub(crate) keeps_alive: bool,
    pub(crate) expects_continue: bool,
}

impl Declared {
    pub(crate) fn read(fields: Fields<'_>) -> Self {
        let mut declared = Declared::default();
        for field in fields.iter() {
            // Most fields are told apart by their length alone.
            match field.name.len() {
                14 if field.is("content-length") => declared.lengths(field.value),
                17 if field.is("transfer-encoding") => declared.codings(field.value),
                10 if field.is("connection") => {
                    declared.closes |= field.lists("close");
                    declared.keeps_alive |= field.lists("keep-alive");
                }
                6 if field.is("expect") => declared.expects_continue |= field.lists("100-continue"),
                _ => {}
            }
        }
        declared
    }

    /// A list of equal numbers is one number, as of two proxies that each added their own.
    fn lengths(&mut self, value: &[u8]) {
        for item in items(value) {
            let Some(length) = number(item) else {
                self.wrong = self.wrong.or(Some(FramingError::Length));
                return;
            };
            if self.length.is_some_and(|before| before != length) {
                self.wrong = self.wrong.or(Some(FramingError::TwoLengths));
            }
            self.length = Some(length);
        }
    }

    fn codings(&mut self, value: &[u8]) {
        self.coded = true;
        for item in items(value) {
            let is_chunked = item.eq_ignore_ascii_case(b"chunked");
            if self.chunked_last {
                // Something comes after `chunked`, which only its own repetition makes unreadable at once.
                self.coded_otherwise = true;
                if is_chunked {
                    self.wrong = self.wrong.or(Some(FramingError::Coding));
                }
            }
            self.coded_otherwise |= !is_chunked;
            self.chunked_last = is_chunked;
        }
    }

    /// Of a request. One whose body has another end than its fields say would be taken for two.
    pub(crate) fn of_request(&self, version: Version) -> Result<Framing, FramingError> {
        self.consistent(version)?;
        match self.length {
            _ if self.coded && (self.coded_otherwise || !self.chunked_last) => Err(FramingError::Coding),
            _ if self.coded => Ok(Framing::Chunked),
            None | Some(0) => Ok(Framing::Bodiless),
            Some(length) => Ok(Framing::Length(length)),
        }
    }

    /// Of an answer with this status, to a request that was `HEAD` or was not.
    pub(crate) fn of_response(
        &self,
        version: Version,
        status: u16,
        to_head: bool,
    ) -> Result<Framing, FramingError> {
        if to_head || matches!(status, 100..=199 | 204 | 304) {
            return Ok(Framing::Bodiless);
        }
        self.consistent(version)?;
        match self.length {
            _ if self.chunked_last => Ok(Framing::Chunked),
            _ if self.coded => Ok(Framing::UntilClose),
            Some(length) => Ok(Framing::Length(length)),
            None => Ok(Framing::UntilClose),
        }
    }

    fn consistent(&self, version: Version) -> Result<(), FramingError> {
        match self.wrong {
            Some(wrong) => Err(wrong),
            None if self.coded && version == Version::Http10 => Err(FramingError::CodingInHttp10),
            None if self.coded && self.length.is_some() => Err(FramingError::LengthAndCoding),
            None => Ok(()),
        }
    }
}

/// A number of digits only: no sign, no blank, at most 64 bits.
fn number(digits: &[u8]) -> Option<u64> {
    let mut number = Some(0u64).filter(|_| !digits.is_empty());
    for digit in digits {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number = number.and_then(|number| number.checked_mul(10)?.checked_add(digit));
    }
    number
}

#[cfg(test)]
mod tests;
