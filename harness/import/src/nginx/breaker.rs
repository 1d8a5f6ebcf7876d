//! `max_fails` and `fail_timeout`: when a server is left alone, and for how long (`ngx_http_upstream_module`).

use policy::{AllOut, Breaker, FailureClass, RetryOn, Trip, WayBack};
use units::Timespan;

use super::retry::Conditions;
use super::upstream::Pool;
use crate::note::Note;
use crate::place::Place;

/// What counts in any case, whatever `proxy_next_upstream` lists.
const ALWAYS: [RetryOn; 3] = [RetryOn::ConnectFailure, RetryOn::Reset, RetryOn::Timeout];

/// The step of the clock by which nginx counts `fail_timeout`: a server may be out for so much longer.
const CLOCK: Timespan = Timespan::from_secs(1);

/// The status that nginx answers with where no server is left.
pub(super) const SHED: u16 = 502;

type Keys = Vec<(&'static str, Place)>;

/// The breaker that all servers have; `is_retried` if a status may lead to a further attempt.
pub(super) fn read(
    pool: &Pool<'_>,
    conditions: &Conditions,
    is_retried: bool,
    workers: u32,
    head: &Place,
    notes: &mut Vec<Note>,
) -> Option<(Breaker, Keys)> {
    let first = pool.servers.first()?;
    let stated: Vec<&Place> =
        pool.servers.iter().flat_map(|server| server.fails_at.iter().flatten()).collect();
    if pool.servers.len() == 1 {
        if let Some(place) = stated.first() {
            let words =
                "with one server, `max_fails` and `fail_timeout` are not looked at: it is never left alone";
            notes.push(Note::lint(place, words).help("name a second server, or leave them out"));
        }
        return None;
    }
    let same = |server: &&super::upstream::Server| {
        (server.max_fails, server.fail_timeout) == (first.max_fails, first.fail_timeout)
    };
    if let Some(other) = pool.servers.iter().find(|server| !same(server)) {
        let words =
            "servers are not all taken out alike, and a scenario has one breaker for all: none is rehearsed";
        notes.push(Note::unrehearsed(&other.place, words));
        return None;
    }
    if first.max_fails == 0 {
        return None;
    }
    if stated.is_empty() {
        let words = "`max_fails` and `fail_timeout` are not set: nginx's own defaults hold, and one failure takes a server out for 10 s";
        notes.push(Note::choice(head, words));
    }
    let mut fails = ALWAYS.to_vec();
    if is_retried {
        let counts = |on: &&RetryOn| matches!(on, RetryOn::Status(code) if *code >= 429);
        fails.extend(conditions.on.iter().filter(counts));
    }
    let trip = Trip {
        count: Some(first.max_fails),
        within: Some(first.fail_timeout),
        consecutive: None,
        share: None,
        min: None,
    };
    let breaker = Breaker {
        fails: fails.into_iter().map(FailureClass::One).collect(),
        tick: Some(CLOCK),
        way_back: Some(WayBack::Probe),
        all_out: Some(AllOut::Shed),
        shed_status: Some(SHED),
        workers,
        ..Breaker::new(trip, first.fail_timeout)
    };
    let keys = ["breaker.trip", "breaker.open_for"].into_iter().zip(&first.fails_at);
    let keys = keys.filter_map(|(key, place)| Some((key, place.clone()?)));
    Some((breaker, keys.collect()))
}
