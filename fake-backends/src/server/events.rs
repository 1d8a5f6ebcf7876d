//! The text of a stream of server-sent events, and where each of them ends.

use std::fmt::Write;
use std::time::Duration;

use crate::fault::{Events, EventsEnd};

/// A stream of events as it is sent.
pub(super) struct EventStream {
    pub(super) text: String,
    pub(super) every: Duration,
    /// Where each event ends, in bytes from the start.
    ends: Vec<u64>,
}

impl EventStream {
    /// The events of a backend.
    pub(super) fn of(events: &Events, backend: &str) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::new());
        let mut close = |text: &mut String| {
            text.push_str("\n\n");
            ends.push(text.len() as u64);
        };
        for number in 1..=events.count {
            // Writing to a string never fails.
            let _ = write!(text, "data: {{\"backend\":{},\"event\":{number}}}", serde_json::json!(backend));
            close(&mut text);
        }
        match events.end {
            EventsEnd::Done => text.push_str("data: [DONE]"),
            EventsEnd::Error => {
                text.push_str("event: error\ndata: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"overloaded\"}}");
            }
            EventsEnd::NoTerminator => {}
        }
        if events.end != EventsEnd::NoTerminator {
            close(&mut text);
        }
        EventStream { text, every: events.every, ends }
    }

    /// The end of the event that byte `at` belongs to.
    pub(super) fn end_after(&self, at: u64) -> u64 {
        let next = self.ends.partition_point(|end| *end <= at);
        self.ends.get(next).copied().unwrap_or(u64::MAX)
    }

    /// True if an event ends before byte `at`.
    pub(super) fn ends_at(&self, at: u64) -> bool {
        self.ends.binary_search(&at).is_ok()
    }

    /// How long the stream takes.
    pub(super) fn takes(&self) -> Duration {
        self.every.saturating_mul(self.ends.len().saturating_sub(1) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_end_where_they_end_and_the_last_word_is_one_too() {
        let every = Duration::from_millis(20);
        let stream = |end| EventStream::of(&Events { count: 2, every, end }, "a");
        let done = stream(EventsEnd::Done);
        assert_eq!(
            done.text,
            "data: {\"backend\":\"a\",\"event\":1}\n\ndata: {\"backend\":\"a\",\"event\":2}\n\ndata: [DONE]\n\n"
        );
        let first = done.end_after(0);
        assert!(
            done.text[..first as usize].ends_with("1}\n\n")
                && done.ends_at(first)
                && !done.ends_at(first - 1)
        );
        assert_eq!(done.takes(), Duration::from_millis(40));
        assert_eq!(stream(EventsEnd::NoTerminator).takes(), Duration::from_millis(20));
        assert!(stream(EventsEnd::Error).text.contains("event: error\n"));
    }
}
