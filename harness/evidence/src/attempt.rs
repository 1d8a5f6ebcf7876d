//! One request as it arrived at a backend, and how it ended there.

use std::time::Duration;

use units::Moment;

use crate::Tag;
use crate::column::Absent;
use crate::table::{table, words};

/// How many injections a plan can have: an attempt notes those that hit it, one bit each.
pub const INJECTIONS_MAX: usize = u64::BITS as usize;

/// Stands for the number of an attempt that could not be counted, because the counter was full.
pub const UNKNOWN_ATTEMPT: u16 = u16::MAX;

words! {
    /// The method of a request, as far as expectations need to tell.
    Method {
        /// GET.
        Get = "GET",
        /// HEAD.
        Head = "HEAD",
        /// POST.
        Post = "POST",
        /// PUT.
        Put = "PUT",
        /// PATCH.
        Patch = "PATCH",
        /// DELETE.
        Delete = "DELETE",
        /// OPTIONS.
        Options = "OPTIONS",
        /// Any other.
        Other = "OTHER",
    }
}

impl Method {
    /// Whether a repetition has no further effect on the server (RFC 9110, section 9.2.2).
    pub fn is_idempotent(self) -> bool {
        matches!(self, Method::Get | Method::Head | Method::Put | Method::Delete | Method::Options)
    }

    /// Reads a method token; every unknown one is [`Method::Other`].
    pub fn parse(token: &str) -> Self {
        match token {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            _ => Method::Other,
        }
    }
}

words! {
    /// What the faults made of an attempt when it arrived.
    Planned {
        /// A normal answer, late perhaps.
        Answer = "answer",
        /// An answer with a status that a fault chose.
        Status = "status",
        /// No answer at all.
        Hang = "hang",
        /// A reset of the connection.
        Reset = "reset",
        /// A close (FIN) before the answer is whole.
        Close = "close",
        /// An answer that is no HTTP, or whose framing is wrong.
        Spoiled = "spoiled",
    }
}

words! {
    /// How an attempt ended.
    End {
        /// The whole answer was written.
        Replied = "replied",
        /// The backend reset the connection, as planned.
        Reset = "reset",
        /// The backend closed the connection early, as planned.
        Closed = "closed",
        /// The gateway closed (FIN) before the answer was whole.
        AbandonedFin = "abandoned_fin",
        /// The gateway reset before the answer was whole.
        AbandonedRst = "abandoned_rst",
        /// The gateway ended the connection before the request body was whole.
        RequestCut = "request_cut",
        /// What arrived after the head was not HTTP, or went past a limit.
        Malformed = "malformed",
        /// Still open when the run ended.
        OpenAtEnd = "open_at_end",
        /// All was written as planned, and it was no answer that HTTP allows. What a gateway is to make of it, no rule says.
        Spoiled = "spoiled",
    }
}

table! {
    /// One request as it arrived at a backend, and how it ended there.
    Attempt in "attempts" as Attempts {
        /// The join key.
        tag: Tag,
        /// The backend, by its index in the plan.
        backend: u16,
        /// Its number among the arrivals for this tag, over the whole pool, from 1.
        number: u16,
        /// The backend's connection, numbered from 1 over the whole pool.
        connection: u32,
        /// How many requests that connection had carried, this one included.
        nth: u32,
        /// The method.
        method: Method,
        /// When the request head had arrived.
        arrived: Moment,
        /// When the request body had arrived whole; absent if it never did. For a request without a body: `arrived`.
        body_done: Option<Moment>,
        /// The body length that the request declared; absent for chunked bodies.
        declared: Option<u64>,
        /// Body bytes that arrived.
        received: u64,
        /// XXH3-64 of the body bytes that arrived.
        body_hash: u64,
        /// The injections that were to act on it when it arrived, one bit each by their index in the plan. A plan:
        /// two that meet on one attempt both stand here, though only one of two answers can be given.
        injections: u64,
        /// Those of them whose effect it was really given, one bit each: the delay that was waited (or during which the
        /// gateway left), and the one answer that was chosen, once its status, its reset or its close had been sent; a
        /// hang once it was held. Evidence of format 1 does not tell: there it is the same as `injections`.
        effective: u64 = Absent::As(&injections),
        /// What the injections made of it.
        planned: Planned,
        /// The delay that was planned before the answer, in nanoseconds.
        delay: u64,
        /// How far the real delay was from the planned one, in nanoseconds: positive is late. 0 without a delay.
        delay_error: i64,
        /// How long the answer was planned to take from its first byte to its last, in nanoseconds: what a fault slows down.
        paced: u64 = Absent::All(0),
        /// The status that was answered, or 0.
        status: u16,
        /// Bytes of the answer's body that were written, up to its end or its cut. 0 in evidence of format 1.
        answer_bytes: u64 = Absent::All(0),
        /// XXH3-64 of those bytes; absent if no answer was begun, and in evidence of format 1.
        answer_hash: Option<u64> = Absent::All(None),
        /// The number in the `retry-after` that it was answered with: seconds to wait, or for a date its Unix time in
        /// seconds, which is 1 000 000 000 or more. Absent without such a field, and in evidence of older builds.
        retry_after: Option<u64> = Absent::All(None),
        /// The moment from which that asks to be called again: seconds count from when the head of the answer was written.
        retry_at: Option<Moment> = Absent::All(None),
        /// When the answer was written whole; absent if it never was.
        replied: Option<Moment>,
        /// When it was over, however it ended.
        ended: Moment,
        /// How it ended.
        end: End,
    }
}

impl Attempt {
    /// How long it was alive at the backend: from its arrival to its end.
    pub fn duration(&self) -> Duration {
        self.ended.since(self.arrived)
    }

    /// True if injection `index` was to act on it. Whether it did is told by [`Attempt::affected_by`].
    pub fn hit_by(&self, index: u16) -> bool {
        has(self.injections, index)
    }

    /// True if it was really given what injection `index` decided.
    pub fn affected_by(&self, index: u16) -> bool {
        has(self.effective, index)
    }

    /// True if the gateway walked away from it.
    pub fn was_abandoned(&self) -> bool {
        matches!(self.end, End::AbandonedFin | End::AbandonedRst)
    }

    /// True if the backend failed it: an error status of 500 or above, a reset, a close, or no answer.
    pub fn failed(&self) -> bool {
        self.end != End::Replied || self.status >= 500
    }
}

/// Whether `bits` has the bit of injection `index`; never for an index that no bit stands for.
fn has(bits: u64, index: u16) -> bool {
    1u64.checked_shl(u32::from(index)).is_some_and(|bit| bits & bit != 0)
}
