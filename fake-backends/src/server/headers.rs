//! Records the headers of requests and answers, where the scenario wants that: what reached a backend, and what it sent.

use evidence::{Message, Passing};
use wire::{FieldSlots, Fields, HeadReader, Limits};

use super::connection::ServerConnection;
use super::record::Current;

/// Heads that were read or made here are as long as they are.
fn boundless() -> Limits {
    Limits { head_bytes: usize::MAX, ..Limits::default() }
}

impl ServerConnection {
    /// Records the head of the attempt that has just arrived; `head` are its bytes.
    pub(super) fn note_request(&self, current: &Current, length: usize) {
        let Some(passing) = self.passing(current, Message::BackendReceived) else { return };
        let mut slots = FieldSlots::new();
        let head = &self.received.bytes()[..length];
        if let Ok(Some(request)) = HeadReader::new().request(head, &mut slots, &boundless()) {
            self.note(passing, Some(request.target), request.fields);
        }
    }

    /// Records the head of the answer that was just sent. One with more fields than anybody reads is not recorded.
    pub(super) fn note_answer(&self) {
        let current = self.current.as_ref();
        let Some(passing) = current.and_then(|current| self.passing(current, Message::BackendSent)) else {
            return;
        };
        let mut slots = FieldSlots::new();
        let head = &self.written.first[..self.written.head];
        if let Ok(Some(answer)) = HeadReader::new().response(head, &mut slots, &boundless()) {
            self.note(passing, None, answer.fields);
        }
    }

    /// Which message it is; `None` if nothing is to be recorded of it.
    fn passing(&self, current: &Current, message: Message) -> Option<Passing> {
        match current {
            Current::Attempt(attempt) if self.server.books.has_headers => {
                Some(Passing { tag: attempt.tag, attempt: attempt.number, message })
            }
            Current::Attempt(_) | Current::Probe(_) => None,
        }
    }

    fn note(&self, passing: Passing, target: Option<&str>, fields: Fields<'_>) {
        let fields = fields.iter().map(|field| (field.name, field.value));
        self.server.books.headers(|log| log.note(passing, target.map(str::as_bytes), &fields));
    }
}
