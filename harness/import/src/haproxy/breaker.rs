//! `observe layer7 error-limit … on-error mark-down`: when a server is left alone, and how it comes back (configuration manual, section 5.2).

use policy::{AllOut, Breaker, Trip, WayBack};
use units::Timespan;

use super::server::Server;
use crate::note::Note;
use crate::place::Place;

/// The defaults: `error-limit`, `inter`, `rise`.
const ERRORS: u32 = 10;
const INTER: Timespan = Timespan::from_secs(2);
const RISE: u32 = 2;

/// From here on, checks come so seldom that they are no part of what a run sees.
const SELDOM: Timespan = Timespan::from_secs(3600);

/// The status that HAProxy answers with where no server is left (section 1.3).
pub(super) const SHED: u16 = 503;

type Keys = Vec<(&'static str, Place)>;

/// The breaker that all servers have.
pub(super) fn of_all(servers: &[Server], by_http: bool, notes: &mut Vec<Note>) -> Option<(Breaker, Keys)> {
    let mut all: Vec<Option<(Breaker, Keys)>> = Vec::new();
    for server in servers {
        all.push(read(server, by_http, notes));
    }
    let first = all.first()?.as_ref();
    let same = |one: &Option<(Breaker, Keys)>| {
        one.as_ref().map(|(breaker, _)| breaker) == first.map(|(breaker, _)| breaker)
    };
    if let Some(other) = all.iter().position(|one| !same(one)) {
        let words = format!(
            "what marks down `{}` is not what marks down `{}`, and a scenario has one breaker for all: none is rehearsed",
            servers[other].name.escape_debug(),
            servers[0].name.escape_debug()
        );
        notes.extend(servers[other].place.as_ref().map(|place| Note::unrehearsed(place, words)));
        return None;
    }
    first.cloned()
}

fn read(server: &Server, by_http: bool, notes: &mut Vec<Note>) -> Option<(Breaker, Keys)> {
    let observe = server.text("observe");
    if let Some((_, place)) = observe.filter(|_| !server.has("check")) {
        let words = "`observe` does nothing without `check`: no error marks this server down";
        notes.push(Note::lint(place, words).help("add `check`"));
        return None;
    }
    let (_, check) = server.text("check")?;
    let Some((layer, place)) = observe else {
        let words =
            "only health checks take this server out, whatever its requests come to: that is not taken over";
        notes.push(Note::unrehearsed(check, words).help("declare them by hand: `[policy.health_check]`"));
        return None;
    };
    if layer != "layer7" {
        let words = format!("`observe {}` is not read: expected `layer7`", layer.escape_debug());
        notes.push(Note::unknown(place, words));
        return None;
    }
    let (action, place) = server.text("on-error").unwrap_or(("fail-check", place));
    if action != "mark-down" {
        let words = format!(
            "after so many errors a failed health check is feigned (`{}`), and the policy has no words for that",
            action.escape_debug()
        );
        notes.push(Note::unrehearsed(place, words).help("`on-error mark-down` takes the server out at once"));
        return None;
    }
    made(server, place, by_http, notes)
}

fn made(server: &Server, down: &Place, by_http: bool, notes: &mut Vec<Note>) -> Option<(Breaker, Keys)> {
    let (errors, trip) =
        server.number("error-limit", notes).map_or((ERRORS, down.clone()), |(n, at)| (n, at.clone()));
    let (open_for, tick, place) = open_for(server, down, by_http, notes)?;
    let words = "by the manual, errors are statuses from 500 on but 501 and 505, and requests that time out, are reset or can't be \
                 connected: the policy is taken to count all of these";
    let help = "for another reading, list what counts in `policy.breaker.fails`";
    notes.extend(server.text("observe").map(|(_, place)| Note::choice(place, words).help(help)));
    let breaker = Breaker {
        tick,
        way_back: Some(if by_http { WayBack::Check } else { WayBack::All }),
        all_out: Some(AllOut::Shed),
        shed_status: Some(SHED),
        ..Breaker::new(
            Trip { consecutive: Some(errors.max(1)), count: None, share: None, within: None, min: None },
            open_for,
        )
    };
    Some((breaker, vec![("breaker", down.clone()), ("breaker.trip", trip), ("breaker.open_for", place)]))
}

/// How long a server that was marked down gets nothing, and how much longer it may be.
fn open_for(
    server: &Server,
    down: &Place,
    by_http: bool,
    notes: &mut Vec<Note>,
) -> Option<(Timespan, Option<Timespan>, Place)> {
    let inter = server.time("inter", notes).map_or(INTER, |(length, _)| length);
    let rise = server.number("rise", notes).map_or(RISE, |(rise, _)| rise).clamp(1, 1_000);
    let again = server.time("downinter", notes).map_or(inter, |(length, _)| length);
    if inter < SELDOM {
        let words = "health checks take this server out as well, apart from what its requests come to: that is not rehearsed";
        notes.extend(server.text("check").map(|(_, place)| Note::unrehearsed(place, words)));
    }
    match server.time("fastinter", notes) {
        // An error pulls the next check forward to `fastinter` from then, and each one until `rise` have succeeded.
        Some((fast, place)) if fast <= inter && !fast.is_zero() => {
            let open = Timespan(fast.0 * rise);
            // A check that failed is made again after `downinter`.
            let tick = Some(again).filter(|again| by_http && *again != open);
            Some((open, tick, place.clone()))
        }
        _ if rise > 1 && !inter.is_zero() => {
            let place = server.text("inter").map_or(down, |(_, place)| place);
            Some((Timespan(inter.0 * (rise - 1)), Some(inter), place.clone()))
        }
        _ => {
            let words = "a server that is marked down comes back with its next check, which may be due at once: how long it is left alone is not known";
            notes.push(Note::unrehearsed(down, words).help("set `fastinter`, or `rise` to 2 or more"));
            None
        }
    }
}
