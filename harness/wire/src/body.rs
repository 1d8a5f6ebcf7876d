//! Takes a body out of the bytes that arrive, however they are cut.

use crate::chunk::SizeLine;
use crate::error::BodyError;
use crate::framing::Framing;
use crate::limits::Limits;
use crate::trailers::TrailerSection;

/// Where the bytes of a body go.
pub trait BodySink {
    /// A piece of the body.
    fn data(&mut self, piece: &[u8]);

    /// The whole body, which had a declared length and came in one piece; nothing else of it comes.
    fn whole(&mut self, body: &[u8]) {
        self.data(body);
    }

    /// A piece of the trailer section, as it arrived: lines of fields, and the empty line.
    fn trailers(&mut self, piece: &[u8]) {
        let _ = piece;
    }
}

impl<F: FnMut(&[u8])> BodySink for F {
    fn data(&mut self, piece: &[u8]) {
        self(piece);
    }
}

/// Reads one body. It keeps no bytes: what it takes goes to a sink.
#[derive(Clone, Copy, Debug)]
pub struct BodyReader {
    state: State,
    received: u64,
    limits: Limits,
}

/// What is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes of a body with a length.
    Length(u64),
    Size(SizeLine),
    /// So many bytes of a chunk.
    Chunk(u64),
    /// The CRLF after a chunk.
    ChunkCr,
    ChunkLf,
    Trailers(TrailerSection),
    UntilClose,
    /// Nothing.
    Done,
}

impl BodyReader {
    /// Before the first byte of a body.
    pub fn new(framing: Framing, limits: &Limits) -> Self {
        let state = match framing {
            Framing::Bodiless | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size(SizeLine::START),
            Framing::UntilClose => State::UntilClose,
        };
        BodyReader { state, received: 0, limits: *limits }
    }

    /// True once all of it was taken.
    pub fn is_whole(&self) -> bool {
        self.state == State::Done
    }

    /// Bytes of the body that were taken, without its framing.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Takes what belongs to the body from the start of `bytes`, and says how many bytes that were: all of them, unless
    /// the body ends before. After an error nothing more can be read on the connection.
    pub fn take(&mut self, bytes: &[u8], sink: &mut impl BodySink) -> Result<usize, BodyError> {
        let mut used = 0;
        while used < bytes.len() && self.state != State::Done {
            used += self.step(&bytes[used..], sink)?;
        }
        Ok(used)
    }

    /// Says that the peer has closed in order. True if that ends the body, or it had ended; false if it broke off.
    pub fn close(&mut self) -> bool {
        if self.state == State::UntilClose {
            self.state = State::Done;
        }
        self.is_whole()
    }

    /// Takes one piece of `bytes`, which is not empty.
    fn step(&mut self, bytes: &[u8], sink: &mut impl BodySink) -> Result<usize, BodyError> {
        match self.state {
            State::Length(left) => {
                let count = self.data(bytes, left, sink)?;
                let left = left - count as u64;
                self.state = if left == 0 { State::Done } else { State::Length(left) };
                return Ok(count);
            }
            State::Chunk(left) => {
                let count = self.data(bytes, left, sink)?;
                let left = left - count as u64;
                self.state = if left == 0 { State::ChunkCr } else { State::Chunk(left) };
                return Ok(count);
            }
            State::UntilClose => return self.data(bytes, u64::MAX, sink),
            State::Trailers(section) => return self.trailers(section, bytes, sink),
            State::Size(mut line) => {
                self.state = match line.take(bytes[0], &self.limits)? {
                    None => State::Size(line),
                    Some(0) => State::Trailers(TrailerSection::START),
                    Some(size) => State::Chunk(size),
                };
            }
            State::ChunkCr if bytes[0] == b'\r' => self.state = State::ChunkLf,
            State::ChunkLf if bytes[0] == b'\n' => self.state = State::Size(SizeLine::START),
            State::ChunkCr | State::ChunkLf => return Err(BodyError::Chunk),
            State::Done => return Ok(0),
        }
        Ok(1)
    }

    /// Takes up to `left` bytes of the body, and of a body beyond the limit as much as the limit lets through.
    fn data(&mut self, bytes: &[u8], left: u64, sink: &mut impl BodySink) -> Result<usize, BodyError> {
        let room = self.limits.body_bytes - self.received.min(self.limits.body_bytes);
        let wanted = left.min(bytes.len() as u64);
        let piece = &bytes[..wanted.min(room) as usize];
        let is_first = self.received == 0;
        self.received += piece.len() as u64;
        if matches!(self.state, State::Length(_)) && is_first && piece.len() as u64 == left {
            sink.whole(piece);
        } else if !piece.is_empty() {
            sink.data(piece);
        }
        if wanted > room { Err(BodyError::TooLarge) } else { Ok(piece.len()) }
    }

    fn trailers(
        &mut self,
        mut section: TrailerSection,
        bytes: &[u8],
        sink: &mut impl BodySink,
    ) -> Result<usize, BodyError> {
        for (index, byte) in bytes.iter().enumerate() {
            if section.take(*byte, &self.limits)? {
                self.state = State::Done;
                sink.trailers(&bytes[..=index]);
                return Ok(index + 1);
            }
        }
        self.state = State::Trailers(section);
        sink.trailers(bytes);
        Ok(bytes.len())
    }
}

#[cfg(test)]
mod tests;
