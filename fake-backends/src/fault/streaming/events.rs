//! The fault that answers with a stream of events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

use crate::fault::{Content, Effect, Events, EventsEnd, Fault, Framing, Incoming, on_attempts};

/// Answers with a stream of server-sent events, which may stall or end badly.
///
/// # What it does
/// The answer is `text/event-stream` in chunks: `count` events (10 without it), with a pause of `every` between two. It
/// ends with `data: [DONE]` (`end = "done"`, the default), without a last word (`"cut-short"`), or with an event that
/// tells of an error (`"error"`), all inside of a 200. Together with `cut` or `stall` it breaks off or stands still at
/// a byte. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A stream that it must pass on as it comes, and not buffer; a failure that no status tells of.
///
/// # What it stands for
/// What an AI gateway faces: a model that stops in the middle, an overload that is told inside a stream, a stream that
/// ends without its terminator and is billed as whole.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with what was sent of the answer, and when the gateway left.
///
/// # Example
/// `events = { count = 20, every = "50ms" }`
/// `events = { every = "10ms", end = "error" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventStream {
    /// How many events; 10 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The pause between two.
    #[serde(default, skip_serializing_if = "Timespan::is_zero")]
    pub every: Timespan,
    /// How the stream ends.
    #[serde(default)]
    pub end: StreamEnd,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for EventStream {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let end = match self.end {
                StreamEnd::Done => EventsEnd::Done,
                StreamEnd::CutShort => EventsEnd::NoTerminator,
                StreamEnd::Error => EventsEnd::Error,
            };
            let events = Events { count: self.count.unwrap_or(10), every: self.every.0, end };
            Effect {
                content: Some(Content::Events(events)),
                framing: Some(Framing::Chunked(u32::MAX)),
                ..Effect::default()
            }
        })
    }

    fn problem(&self) -> Option<String> {
        self.count
            .filter(|count| !(1..=COUNT_MAX).contains(count))
            .map(|count| format!("{count} events: expected 1 to {COUNT_MAX}"))
    }
}

/// The most events of a stream: each connection holds its own.
const COUNT_MAX: u32 = 10_000;

/// How a stream ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StreamEnd {
    /// With `data: [DONE]`.
    #[default]
    Done,
    /// Without a last word.
    CutShort,
    /// With an event that tells of an error.
    Error,
}
