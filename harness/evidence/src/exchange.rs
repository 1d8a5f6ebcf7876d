//! One request as the client lived it.

use std::time::Duration;

use units::Moment;

use crate::Tag;
use crate::column::Absent;
use crate::table::{table, words};

/// Stands for "no backend": the gateway answered by itself, or nobody did.
pub const NO_BACKEND: u16 = u16::MAX;

words! {
    /// How an exchange ended, seen from the client.
    Outcome {
        /// A whole response arrived, with whatever status.
        Complete = "complete",
        /// The gateway closed with FIN before a status line.
        EofNoStatus = "eof_no_status",
        /// The gateway reset the connection before a status line.
        RstNoStatus = "rst_no_status",
        /// FIN inside a body whose length was declared.
        EofInBody = "eof_in_body",
        /// RST inside the body.
        RstInBody = "rst_in_body",
        /// FIN inside a chunked body, before the last chunk.
        EofInChunk = "eof_in_chunk",
        /// The body ended with the connection: its wholeness can't be told from the framing.
        CloseDelimited = "close_delimited",
        /// What arrived was not HTTP.
        InvalidHttp = "invalid_http",
        /// The client's own deadline passed; it closed the connection.
        ClientTimeout = "client_timeout",
        /// The client gave up on purpose.
        ClientAbort = "client_abort",
        /// The gateway refused the connection.
        ConnectRefused = "connect_refused",
        /// The connection to the gateway could not be made for another reason.
        ConnectFailed = "connect_failed",
        /// No connection could be made because brownout itself had no descriptor, port or memory for it left.
        OwnLimit = "own_limit",
        /// The response was larger than brownout reads: valid HTTP as far as it was read.
        BeyondBounds = "beyond_bounds",
        /// Whole by its framing, but not the bytes that the backend sent.
        BodyMismatch = "body_mismatch",
        /// Never sent: the limit of requests in flight was reached when it was due.
        Skipped = "skipped",
        /// Still under way when the run ended.
        Unfinished = "unfinished",
        /// The TLS handshake with the gateway failed, or TLS ended with an alert.
        TlsFailed = "tls_failed",
    }
}

words! {
    /// What the tag in the response says.
    TagEcho {
        /// No tag came back: the gateway made the response, or dropped the header.
        Absent = "absent",
        /// The tag of this request came back.
        Same = "same",
        /// Another request's tag came back: an answer went to the wrong client (cross-talk) or was cached.
        Other = "other",
    }
}

words! {
    /// Whether the response body is what the backend sent.
    BodyCheck {
        /// Nothing that it could be compared with came with it, or no byte of it came.
        Unknown = "unknown",
        /// The bytes are those that the backend sent, all of them.
        Intact = "intact",
        /// It broke off; the bytes that arrived are those that the backend's answer begins with.
        Prefix = "prefix",
        /// The bytes differ from what the backend sent, whether the body is whole or broke off.
        Altered = "altered",
    }
}

words! {
    /// What the body of an error tells of what is inside.
    Disclosed {
        /// Nobody looked: the scenario does not ask for it, it is no error, or it has no body.
        Unknown = "unknown",
        /// Nothing that was looked for.
        Nothing = "nothing",
        /// A credential that the request carried, or another secret of the scenario.
        Credential = "credential",
        /// The address of a backend.
        Address = "address",
    }
}

table! {
    /// One request as the client lived it.
    Exchange in "exchanges" as Exchanges {
        /// The join key.
        tag: Tag,
        /// The traffic class, by its index in the plan.
        class: u16,
        /// When the schedule wanted the request sent. Response time is counted from here, so that a driver that
        /// falls behind makes the numbers worse and not better.
        due: Moment,
        /// When its first byte was handed to the socket; equal to `due` if it was never sent.
        sent: Moment,
        /// When the response head had arrived.
        first_byte: Option<Moment>,
        /// When it was over, however it ended.
        done: Moment,
        /// How it ended.
        outcome: Outcome,
        /// The HTTP status, or 0 if none arrived.
        status: u16,
        /// Which backend answered, by its own word in the response; [`NO_BACKEND`] if it did not say.
        backend: u16,
        /// Which attempt (from 1) the response answers; 0 if it did not say.
        attempt: u16,
        /// The client connection that carried it, numbered from 1 within the run; 0 if there was none.
        connection: u32,
        /// How many requests that connection had carried, this one included; 1 is a fresh connection.
        nth: u32,
        /// Bytes of the request body.
        request_bytes: u64,
        /// XXH3-64 of the request body as it was handed to the connection; absent in evidence of format 1.
        request_hash: Option<u64> = Absent::All(None),
        /// Bytes of the response body that arrived.
        body_bytes: u64,
        /// XXH3-64 of those bytes, also of a body that broke off. Absent if no response head arrived, if the run ended
        /// meanwhile, and in evidence of format 1.
        body_hash: Option<u64> = Absent::All(None),
        /// The number in the `retry-after` of the response: seconds to wait, or for a date its Unix time in seconds, which
        /// is 1 000 000 000 or more. Absent without such a field, and in evidence of older builds.
        retry_after: Option<u64> = Absent::All(None),
        /// What the tag in the response says.
        echo: TagEcho,
        /// Whether the response body is what the backend sent.
        body: BodyCheck,
        /// For how long, in nanoseconds, the client itself held the exchange up on purpose: it sent slowly or stalled, waited to be
        /// told to send, or let the answer wait. So much longer it took at the most by the client's doing. 0 in evidence of
        /// older builds.
        held: u64 = Absent::All(0),
        /// What the body of an error tells of what is inside, if the scenario has it looked for.
        disclosed: Disclosed = Absent::All(Disclosed::Unknown),
    }
}

impl Exchange {
    /// done − due: what a user would have waited. Counted for skipped and unfinished ones too.
    pub fn response_time(&self) -> Duration {
        self.done.since(self.due)
    }

    /// done − sent: what the gateway took.
    pub fn service_time(&self) -> Duration {
        self.done.since(self.sent)
    }

    /// For how long the client itself held it up on purpose.
    pub fn held(&self) -> Duration {
        Duration::from_nanos(self.held)
    }

    /// sent − due: how late the driver was.
    pub fn lag(&self) -> Duration {
        self.sent.since(self.due)
    }

    /// True if a whole response with a status below 400 arrived, and nothing says that its body was altered.
    pub fn succeeded(&self) -> bool {
        matches!(self.outcome, Outcome::Complete | Outcome::CloseDelimited)
            && (100..400).contains(&self.status)
    }

    /// True if it was sent to the gateway.
    pub fn was_sent(&self) -> bool {
        !matches!(self.outcome, Outcome::Skipped | Outcome::OwnLimit)
    }

    /// True if a backend made the response, by its own word.
    pub fn answered_by_backend(&self) -> bool {
        self.backend != NO_BACKEND
    }
}
