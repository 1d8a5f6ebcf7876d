//! `transport http`: timers for connecting, and for the head of the answer.

use policy::Timeouts;
use units::Timespan;

use super::keys::{Keys, time};
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// What holds for connecting where nothing is said.
const DIAL: Timespan = Timespan::from_secs(3);

/// The timers, and where they stand.
pub(super) fn read(handler: &Value, head: &Place, notes: &mut Vec<Note>) -> (Timeouts, Keys) {
    let mut keys = Keys::new();
    let transport = handler.get("transport");
    let connect = time(transport, "dial_timeout", notes);
    if connect.is_none() {
        let words = "`dial_timeout` is not set: Caddy's own default of 3 s holds";
        notes.push(Note::choice(head, words));
    }
    let per_try = time(transport, "response_header_timeout", notes);
    if per_try.is_none() {
        let words =
            "there is no `response_header_timeout`: an upstream that never answers is waited for without end";
        notes.push(Note::lint(head, words).help("add `response_header_timeout 10s` to `transport http`"));
    }
    keys.extend(connect.iter().map(|(_, place)| ("timeout.connect", place.clone())));
    keys.extend(per_try.iter().map(|(_, place)| ("timeout.per_try", place.clone())));
    let connect = Some(connect.map_or(DIAL, |(length, _)| length));
    (Timeouts { connect, per_try: per_try.map(|(length, _)| length), total: None }, keys)
}

/// Whether connections to upstreams are used again.
pub(super) fn keeps_connections(handler: &Value) -> bool {
    handler.at(&["transport", "keep_alive", "enabled"]).and_then(Value::truth).unwrap_or(true)
}
