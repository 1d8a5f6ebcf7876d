//! The ids by which distributed tracing knows a request (W3C Trace Context, section 3.2): made of the tag, so that a trace
//! is found by its tag and a tag by its trace, and spans that a gateway sends of its own join ours.

use units::Draw;

use crate::{RunNonce, Tag};

/// What a span id is drawn for; attempts come behind it.
const SPAN: u64 = 3;

/// The id of the trace of a request: the nonce and the number. Never zero, which would be invalid.
pub fn trace_id(nonce: RunNonce, tag: Tag) -> [u64; 2] {
    [nonce.0.max(1), tag.0]
}

/// The id of the client's span of a request. Never zero.
pub fn span_id(nonce: RunNonce, tag: Tag) -> u64 {
    Draw::new(nonce.0).with(tag.0).with(SPAN).bits().max(1)
}

/// The id of the span of attempt `number` at a backend. Never zero.
pub fn attempt_span_id(nonce: RunNonce, tag: Tag, number: u16) -> u64 {
    Draw::new(nonce.0).with(tag.0).with(SPAN).with(u64::from(number)).bits().max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn requests_and_attempts_have_ids_of_their_own() {
        let nonce = RunNonce(7);
        let mut ids = BTreeSet::new();
        for tag in (0..1000).map(Tag) {
            assert!(ids.insert(span_id(nonce, tag)));
            assert!((1..4).all(|number| ids.insert(attempt_span_id(nonce, tag, number))));
        }
        assert_ne!(span_id(RunNonce(8), Tag(0)), span_id(nonce, Tag(0)));
        assert_eq!(trace_id(RunNonce(0), Tag(0)), [1, 0]);
    }
}
