//! Passive health checks: when an upstream is left alone, and for how long (`healthchecks.go`).

use policy::{AllOut, Breaker, FailureClass, RetryOn, Trip, WayBack};

use super::keys::{Keys, not_a, number, time};
use crate::note::Note;
use crate::value::Value;

/// What counts in any case: what no answer came for.
const ALWAYS: [RetryOn; 3] = [RetryOn::Timeout, RetryOn::Reset, RetryOn::ConnectFailure];

/// The status that Caddy answers with where no upstream is left.
pub(super) const SHED: u16 = 503;

/// The breaker that all upstreams have.
pub(super) fn read(handler: &Value, notes: &mut Vec<Note>) -> Option<(Breaker, Keys)> {
    let passive = handler.at(&["health_checks", "passive"])?;
    let Some((open_for, at)) = time(Some(passive), "fail_duration", notes) else {
        let words = "without `fail_duration`, nothing that upstreams do takes them out";
        notes.push(Note::lint(&passive.place, words).help("add `fail_duration 10s`"));
        return None;
    };
    let most = number(Some(passive), "max_fails", notes);
    if let Some((most, place)) = most.as_ref().filter(|(most, _)| *most > 1) {
        let words = format!(
            "Caddy forgets each failure {open_for} after it came, so that with {most} of them the time out of use depends on when they came: \
             the policy has no words for that"
        );
        notes.push(Note::unrehearsed(place, words).help("`max_fails 1` can be declared"));
        return None;
    }
    let mut fails: Vec<FailureClass> = ALWAYS.into_iter().map(FailureClass::One).collect();
    let statuses = passive.get("unhealthy_status");
    for status in statuses.map_or(&[][..], Value::items) {
        match status.whole(1..=599) {
            Some(hundred @ 4..=5) => fails.push(FailureClass::Statuses(hundred as u16)),
            Some(code @ 400..=599) => fails.push(FailureClass::One(RetryOn::Status(code as u16))),
            _ => notes.push(not_a(
                "unhealthy_status",
                status,
                "a status from 400 on, or 4 or 5 for a hundred of them",
            )),
        }
    }
    let mut keys: Keys = vec![("breaker", at.clone()), ("breaker.open_for", at)];
    keys.extend(most.map(|(_, place)| ("breaker.trip", place)));
    keys.extend(statuses.map(|statuses| ("breaker.fails", statuses.place.clone())));
    let trip = Trip { consecutive: Some(1), count: None, share: None, within: None, min: None };
    let breaker = Breaker {
        fails,
        way_back: Some(WayBack::All),
        all_out: Some(AllOut::Shed),
        shed_status: Some(SHED),
        ..Breaker::new(trip, open_for)
    };
    Some((breaker, keys))
}
