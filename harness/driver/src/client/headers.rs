//! Records the headers of requests and answers, where the scenario wants that: what was sent, and what came.

use std::cell::RefCell;
use std::rc::Rc;

use evidence::{HeaderLog, Message, Passing, Tag};
use wire::{FieldSlots, Fields, HeadReader, Limits};

/// The log that all connections of a thread share; `None` if nothing is to be recorded.
pub(crate) type SharedHeaderLog = Option<Rc<RefCell<HeaderLog>>>;

/// Records the head of a request that was sent; it is read again from its bytes.
pub(crate) fn note_request(log: &RefCell<HeaderLog>, tag: Tag, head: &[u8]) {
    let mut slots = FieldSlots::new();
    let limits = Limits { head_bytes: usize::MAX, ..Limits::default() };
    if let Ok(Some(request)) = HeadReader::new().request(head, &mut slots, &limits) {
        note(log, (tag, Message::ClientSent), Some(request.target), request.fields);
    }
}

/// Records the head of an answer.
pub(crate) fn note_answer(log: &RefCell<HeaderLog>, tag: Tag, fields: Fields<'_>) {
    note(log, (tag, Message::ClientReceived), None, fields);
}

fn note(log: &RefCell<HeaderLog>, of: (Tag, Message), target: Option<&str>, fields: Fields<'_>) {
    let passing = Passing { tag: of.0, attempt: 0, message: of.1 };
    let fields = fields.iter().map(|field| (field.name, field.value));
    log.borrow_mut().note(passing, target.map(str::as_bytes), &fields);
}
