//! The request that a connection is busy with, and its row of evidence.

use evidence::{Attempt, End, Planned, Probe};
use units::Moment;

use super::body::Body;
use super::injected::Decision;
use super::shared::Server;
use crate::fault::{Answer, Place};

/// A request that has arrived and is not over.
pub(super) enum Current {
    /// A tagged one.
    Attempt(Attempt),
    /// An untagged one.
    Probe(Probe),
}

impl Current {
    /// Notes what the faults are to make of it.
    pub(super) fn plan(&mut self, decision: &Decision) {
        if let Current::Attempt(attempt) = self {
            attempt.injections = decision.planned;
            attempt.delay = u64::try_from(decision.effect.delay.as_nanos()).unwrap_or(u64::MAX);
            attempt.planned = match decision.effect.answer {
                Answer::Normal => Planned::Answer,
                Answer::Status { .. } => Planned::Status,
                Answer::Hang => Planned::Hang,
                Answer::Reset(_) => Planned::Reset,
                Answer::Close(_) => Planned::Close,
            };
        }
    }

    /// Notes injections that hit it after its arrival, and that were carried out at once.
    pub(super) fn hit(&mut self, injections: u64) {
        if let Current::Attempt(attempt) = self {
            attempt.injections |= injections;
        }
        self.given(injections);
    }

    /// Notes injections whose effect it was really given.
    pub(super) fn given(&mut self, injections: u64) {
        if let Current::Attempt(attempt) = self {
            attempt.effective |= injections;
        }
    }

    /// Notes what was written of the answer's body.
    pub(super) fn answered(&mut self, bytes: u64, hash: u64) {
        if let Current::Attempt(attempt) = self {
            (attempt.answer_bytes, attempt.answer_hash) = (bytes, Some(hash));
        }
    }

    /// Notes that its body has arrived whole.
    pub(super) fn body_done(&mut self, at: Moment) {
        if let Current::Attempt(attempt) = self {
            attempt.body_done = Some(at);
        }
    }

    /// True if all of it has arrived.
    pub(super) fn has_arrived(&self) -> bool {
        match self {
            Current::Attempt(attempt) => attempt.body_done.is_some(),
            Current::Probe(_) => true,
        }
    }

    /// Notes by how much the answer missed the planned delay.
    pub(super) fn delay_error(&mut self, planned: Moment, real: Moment) {
        if let Current::Attempt(attempt) = self {
            attempt.delay_error = real.0.saturating_sub(planned.0);
        }
    }

    /// Notes the status, once it has been sent.
    pub(super) fn status(&mut self, status: u16) {
        match self {
            Current::Attempt(attempt) => attempt.status = status,
            Current::Probe(probe) => probe.status = status,
        }
    }

    /// Notes that the answer was written whole.
    pub(super) fn replied(&mut self, at: Moment) {
        if let Current::Attempt(attempt) = self {
            attempt.replied = Some(at);
        }
    }

    /// Ends it, and hands in its row.
    pub(super) fn end(self, server: &Server, body: &Body, end: End, at: Moment) {
        match self {
            Current::Attempt(mut attempt) => {
                (attempt.received, attempt.body_hash) = (body.received(), body.hash());
                (attempt.end, attempt.ended) = (end, at);
                server.record_attempt(attempt);
            }
            Current::Probe(probe) => server.record_probe(probe),
        }
    }
}

/// How much of an answer is sent before a cut: of `head` bytes of head and `body` of body.
pub(super) fn bytes_before(place: Place, head: usize, body: usize) -> usize {
    match place {
        Place::Accept | Place::AfterRequest => 0,
        Place::InHeaders => head / 2,
        // An answer without a body is cut before the empty line that ends its head.
        Place::Body(_) if body == 0 => head - 2,
        // Never the last byte: the answer would be whole.
        Place::Body(after) => head + usize::try_from(after).unwrap_or(usize::MAX).min(body - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_answer_is_never_whole() {
        for after in [0, 1, 9, 10, 11, u64::MAX] {
            assert!(bytes_before(Place::Body(after), 100, 10) < 110);
            assert!(bytes_before(Place::Body(after), 100, 0) < 100);
        }
        assert_eq!(bytes_before(Place::Body(4), 100, 10), 104);
        assert_eq!(bytes_before(Place::InHeaders, 100, 10), 50);
    }
}
