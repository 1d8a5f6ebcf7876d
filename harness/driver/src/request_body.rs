//! The body of a request as hyper sends it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::Framing;

/// Bytes in one chunk of a chunked body.
const CHUNK: usize = 16 * 1024;

/// The bytes of a request body, and how their end is told.
#[derive(Clone)]
pub(crate) struct RequestBody {
    left: Bytes,
    framing: Framing,
}

impl RequestBody {
    pub(crate) fn new(bytes: Bytes, framing: Framing) -> Self {
        RequestBody { left: bytes, framing }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = match self.framing {
            Framing::ContentLength => self.left.len(),
            Framing::Chunked => self.left.len().min(CHUNK),
        };
        let next = self.left.split_to(length);
        Poll::Ready((!next.is_empty()).then(|| Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    /// hyper chooses the chunked coding for a body whose length it can't know.
    fn size_hint(&self) -> SizeHint {
        match self.framing {
            Framing::ContentLength => SizeHint::with_exact(self.left.len() as u64),
            Framing::Chunked => SizeHint::default(),
        }
    }
}
