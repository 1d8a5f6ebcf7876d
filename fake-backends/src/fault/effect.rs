//! What a fault answers: an effect, stage by stage.
//!
//! A stage is a thing that happens to a connection or a request in the order of time: it is accepted, secured, read, admitted,
//! held, answered. A fault fills in the stages that it means and leaves the others alone, so that faults combine: of
//! several that fill in the same stage the last one holds, where a stage does not say otherwise ([`Combine`]).

use std::time::Duration;

use super::Admission;

/// How what two faults want of one stage becomes one.
pub(crate) trait Combine: Sized {
    /// True if both have their part in the result; else the later one alone has.
    const BOTH: bool = false;

    /// What holds if `later` comes on top.
    fn combine(self, later: Self) -> Self {
        later
    }
}

/// Delays add up.
impl Combine for Duration {
    const BOTH: bool = true;

    fn combine(self, later: Self) -> Self {
        self.saturating_add(later)
    }
}

/// Fields, and ways to be kept waiting, come one after the other.
impl<T> Combine for Vec<T> {
    const BOTH: bool = true;

    fn combine(mut self, later: Self) -> Self {
        self.extend(later);
        self
    }
}

impl Combine for Accept {}
impl Combine for Handshake {}
impl Combine for Read {}
impl Combine for Answer {}
impl Combine for Interim {}
impl Combine for Pace {}
impl Combine for Framing {}
impl Combine for Content {}
impl Combine for Cut {}
impl Combine for After {}

/// Declares the stages: what a fault answers, and what several of them decide together. Whoever acts on a decision takes it
/// apart with all its stages by name, so that a stage that nobody acts on does not compile.
macro_rules! stages {
    ($($(#[doc = $doc:literal])* $stage:ident: $type:ty,)+) => {
        /// What is to be done, as a value; `None` leaves a stage as it is.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Effect { $($(#[doc = $doc])* pub $stage: Option<$type>,)+ }

        /// What the injections in force want together, and which of them each stage comes from.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(crate) struct Decision {
            /// The injections that want anything, one bit each by their index.
            pub(crate) planned: u64,
            $(pub(crate) $stage: Decided<$type>,)+
        }

        impl Decision {
            /// Adds what a further injection wants.
            pub(crate) fn add(&mut self, index: u16, effect: Effect) {
                $(if let Some(wanted) = effect.$stage {
                    self.planned |= 1 << index;
                    self.$stage.add(1 << index, wanted);
                })+
            }
        }
    };
}

stages! {
    /// What becomes of the connection as soon as it was accepted.
    accept: Accept,
    /// What becomes of the handshake of TLS, at a backend that speaks it.
    handshake: Handshake,
    /// How the request is read.
    read: Read,
    /// What keeps the whole request waiting, or turns it away, by what else there is to do.
    admit: Vec<Admission>,
    /// How long the whole request waits in any case.
    wait: Duration,
    /// Answers that are no final ones (1xx).
    interim: Interim,
    /// What is answered, if anything is.
    answer: Answer,
    /// Further fields of the head.
    fields: Vec<(String, String)>,
    /// At what pace the head is sent.
    head_pace: Pace,
    /// How the end of the body is told.
    framing: Framing,
    /// What the body is, where it is not that of the answer.
    content: Content,
    /// At what pace the body is sent.
    body_pace: Pace,
    /// Where the answer breaks off.
    cut: Cut,
    /// What becomes of the connection after the answer.
    after: After,
}

/// What holds at one stage.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decided<T> {
    /// `None` if nobody wants anything.
    pub(crate) what: Option<T>,
    /// The injections that it comes from, one bit each.
    pub(crate) by: u64,
}

impl<T> Default for Decided<T> {
    fn default() -> Self {
        Decided { what: None, by: 0 }
    }
}

impl<T: Combine> Decided<T> {
    fn add(&mut self, bit: u64, wanted: T) {
        self.by = if T::BOTH { self.by | bit } else { bit };
        self.what = Some(match self.what.take() {
            Some(before) => before.combine(wanted),
            None => wanted,
        });
    }
}

/// How the backend ends a connection by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A close (FIN). What the gateway still sends is read and thrown away for a while, so that no reset overtakes it.
    Fin,
    /// A reset (RST).
    Rst,
    /// A close of the backend's own direction (FIN); it goes on reading for as long as the gateway likes.
    HalfClose,
}

/// What becomes of a connection as soon as it was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// It is ended before a request is read.
    Cut(Ending),
    /// It stays open, and nothing is ever read from it.
    Silence,
    /// It is ended if the backend has more than so many open, itself among them.
    Beyond(u32, Ending),
}

/// What becomes of a handshake of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// It is gone through with, and this certificate is shown.
    Show(Certificate),
    /// It is gone through with, and the client has to show a certificate.
    DemandCertificate,
    /// What the client sends is read, and nothing is answered.
    Stall,
    /// The client's first word is answered with a fatal alert of this number (RFC 8446, section 6), and the connection is
    /// closed.
    Alert(u8),
}

/// A certificate other than the one that is shown where all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certificate {
    /// It is valid no more.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It has another name.
    WrongName,
    /// Its chain leads to an authority that nobody knows.
    UnknownIssuer,
    /// The intermediate that signed it is left out.
    WithoutChain,
    /// The right one, renewed: each number is another certificate.
    Renewed(u64),
}

/// How a request is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// At so many bytes of the body a second at the most.
    Slowly(u64),
    /// Not at all before the answer: it is given when the head has arrived. The rest is read afterwards.
    AfterTheAnswer,
    /// No further than so many bytes of the body, and the connection is ended there.
    Until(u64, Ending),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// An answer with this status.
    Status {
        /// The status code.
        code: u16,
        /// The body; without it, the normal one.
        body: Option<String>,
    },
    /// None, and the connection stays open.
    Hang,
    /// None: the connection is ended when the request has arrived.
    End(Ending),
    /// The first half of a head, and the connection is ended there.
    HalfAHead(Ending),
    /// These bytes, which are no HTTP, and the connection is closed.
    Garbage(Vec<u8>),
}

/// Interim answers before the final one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interim {
    /// The status, from 100 to 199 without 101.
    pub code: u16,
    /// How many of them.
    pub count: u32,
    /// The pause before each.
    pub every: Duration,
    /// Whether nothing follows: no final answer ever comes.
    pub then_hang: bool,
}

/// At what pace bytes are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Bytes a second; without it, at once.
    pub rate: Option<u64>,
    /// The rate at which the whole takes so long, whatever its size.
    pub over: Option<Duration>,
    /// A pause once so many bytes have been sent.
    pub stall: Option<(u64, Duration)>,
}

/// How the end of a body is told: rightly in the first three ways, and else wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By its length.
    Length,
    /// In chunks of at most so many bytes.
    Chunked(u32),
    /// By the end of the connection.
    UntilClose,
    /// By a length that is so much too large; then the connection is closed.
    LengthTooLong(u64),
    /// By a length that is so much too small: the rest follows as if it were the next answer.
    LengthTooShort(u64),
    /// In chunks, of which the second has a size line that is no number.
    BadChunk,
    /// In chunks, of which the last one is missing; then the connection is closed.
    NoLastChunk,
    /// By two lengths that differ.
    TwoLengths,
    /// By a length and in chunks at once.
    LengthAndChunks,
}

/// What a body is, where it is not that of the answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// The same with one byte in so many changed.
    Corrupt(u32),
    /// The same under a content coding that it does not have.
    SaidToBe(&'static str),
    /// Server-sent events.
    Events(Events),
}

/// A stream of server-sent events (the WHATWG HTML standard, section 9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// How many.
    pub count: u32,
    /// The pause before each but the first.
    pub every: Duration,
    /// How the stream ends.
    pub end: EventsEnd,
}

/// How a stream of events ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventsEnd {
    /// With `data: [DONE]`, as APIs of language models do, and the end of the body.
    Done,
    /// With the end of the body, without a last word.
    NoTerminator,
    /// With an event that tells of an error, inside of an answer whose status said that all was well.
    Error,
}

/// Where an answer breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// After so many bytes of the body; 0 is right behind the head. Never after the last byte.
    pub after: u64,
    /// How.
    pub by: Ending,
}

/// What becomes of a connection after the answer, although the answer said that it may be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It is ended at once.
    End(Ending),
    /// It is closed (FIN) once it was idle for so long.
    CloseIdle(Duration),
}
