//! The request that a connection is busy with, and its row of evidence.

use std::time::{Duration, UNIX_EPOCH};

use evidence::{Attempt, End, Planned, Probe};
use net::World;
use units::Moment;

use super::body::RequestBody;
use super::books::Books;
use crate::fault::{Answer, Decision, Ending, Framing};

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
            attempt.planned = planned(decision);
        }
        self.delayed(decision.wait.what.unwrap_or_default());
    }

    /// Notes how long the answer is to wait.
    pub(super) fn delayed(&mut self, delay: Duration) {
        if let Current::Attempt(attempt) = self {
            attempt.delay = nanos(delay);
        }
    }

    /// Notes how long the answer is to take from its first byte to its last.
    pub(super) fn paced(&mut self, length: Duration) {
        if let Current::Attempt(attempt) = self {
            attempt.paced = nanos(length);
        }
    }

    /// Notes that it is turned away with a status.
    pub(super) fn turned_away(&mut self) {
        if let Current::Attempt(attempt) = self {
            attempt.planned = Planned::Status;
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
        match self {
            Current::Attempt(attempt) => attempt.effective |= injections,
            Current::Probe(probe) => probe.effective |= injections,
        }
    }

    /// Notes when the answer's fields, whose head was just written, ask to be called again.
    pub(super) fn retry_after(&mut self, fields: &[(String, String)], world: &World) {
        let told = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
        let number = told.and_then(|(_, value)| wire::retry_after(value.as_bytes()));
        if let (Current::Attempt(attempt), Some(number)) = (self, number) {
            let unix = world.wall_clock().duration_since(UNIX_EPOCH).unwrap_or_default();
            let dated = wire::retry_after_is_date(number);
            let wait = Duration::from_secs(number).saturating_sub(if dated { unix } else { Duration::ZERO });
            (attempt.retry_after, attempt.retry_at) = (Some(number), Some(world.now() + wait));
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
    pub(super) fn end(self, books: &Books, body: &RequestBody, end: End, at: Moment) {
        match self {
            Current::Attempt(mut attempt) => {
                (attempt.received, attempt.body_hash) = (body.received(), body.hash());
                (attempt.end, attempt.ended) = (end, at);
                books.attempt(attempt);
            }
            Current::Probe(mut probe) => {
                probe.ended = at;
                books.probe(probe);
            }
        }
    }
}

fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

/// What comes of an attempt if all goes as decided: what ends it first, in the order of the stages.
fn planned(decision: &Decision) -> Planned {
    let ended = |by| if by == Ending::Rst { Planned::Reset } else { Planned::Close };
    if let Some(crate::fault::Read::Until(_, by)) = decision.read.what {
        return ended(by);
    }
    if decision.interim.what.is_some_and(|interim| interim.then_hang) {
        return Planned::Hang;
    }
    let answered = match &decision.answer.what {
        Some(Answer::Hang) => return Planned::Hang,
        Some(Answer::End(by) | Answer::HalfAHead(by)) => return ended(*by),
        Some(Answer::Garbage(_)) => return Planned::Spoiled,
        Some(Answer::Status { .. }) => Planned::Status,
        None => Planned::Answer,
    };
    if let Some(cut) = decision.cut.what {
        return ended(cut.by);
    }
    match decision.framing.what {
        Some(Framing::LengthTooLong(_) | Framing::NoLastChunk) => Planned::Close,
        Some(
            Framing::LengthTooShort(_) | Framing::BadChunk | Framing::TwoLengths | Framing::LengthAndChunks,
        ) => Planned::Spoiled,
        Some(Framing::Length | Framing::Chunked(_) | Framing::UntilClose) | None => answered,
    }
}
