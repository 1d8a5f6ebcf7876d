//! `option httpchk` and `check`: how often servers are asked for their health, and how many answers it takes (configuration manual,
//! sections 4.2 and 5.2).

use policy::{HealthCheck, Policy};
use units::Timespan;

use super::lines::Line;
use super::server::Server;
use super::settings::timer;
use super::words::{is, last};
use crate::note::Note;
use crate::place::Place;

/// The defaults: `inter`, `fall`, `rise`, and what is asked for.
const INTER: Timespan = Timespan::from_secs(2);
const FALL: u32 = 3;
const RISE: u32 = 2;
const PATH: &str = "/";

type Keys = Vec<(&'static str, Place)>;

/// The health checks that all servers have, where nothing but them takes servers out.
pub(super) fn of_all(
    lines: &[&Line],
    servers: &[Server],
    notes: &mut Vec<Note>,
) -> Option<(HealthCheck, Keys)> {
    let option = last(lines, "option httpchk").filter(|line| line.word(0) != "no")?;
    // What the errors of requests do as well is the breaker's.
    if servers.iter().any(|server| server.has("observe") || !server.has("check")) {
        return None;
    }
    // These say otherwise what is sent and what is expected.
    if lines.iter().any(|line| is(line, "http-check")) {
        return None;
    }
    let path = option.words[2.min(option.words.len())..].iter().find(|word| word.text.starts_with('/'));
    let within = timer(lines, "timeout check", notes);
    let mut all = Vec::new();
    for server in servers {
        all.push(of_one(server, path.map_or(PATH, |word| &word.text), within.as_ref(), notes));
    }
    let (first, mut keys) = all.first()?.clone();
    let (_, place) = servers[0].text("check")?;
    if all.iter().any(|(check, _)| *check != first) {
        let words =
            "servers are not all checked alike, and a scenario has one check for all: none is rehearsed";
        notes.push(Note::unrehearsed(place, words));
        return None;
    }
    for other in ["fastinter", "downinter"] {
        if let Some((_, at)) = servers.iter().find_map(|server| server.text(other)) {
            let words = format!(
                "with `{other}` checks come at two paces, and the policy has a word for one: they are not rehearsed"
            );
            notes.push(Note::unrehearsed(at, words));
            return None;
        }
    }
    let policy = Policy { health_check: Some(first.clone()), ..Policy::default() };
    if let Some((_, what)) = policy.problems().into_iter().next() {
        notes.push(Note::unrehearsed(place, format!("the health checks are not rehearsed: {what}")));
        return None;
    }
    keys.push(("health_check", place.clone()));
    keys.push(("health_check.path", path.map_or(&option.place, |word| &word.place).clone()));
    keys.extend(within.map(|(_, at)| ("health_check.within", at)));
    Some((first, keys))
}

fn of_one(
    server: &Server,
    path: &str,
    within: Option<&(Timespan, Place)>,
    notes: &mut Vec<Note>,
) -> (HealthCheck, Keys) {
    let mut keys = Keys::new();
    let every = server.time("inter", notes).map(|(length, at)| {
        keys.push(("health_check.every", at.clone()));
        length
    });
    let every = every.unwrap_or(INTER);
    let mut number = |word: &str, key: &'static str, without: u32| {
        server.number(word, notes).map_or(without, |(number, at)| {
            keys.push((key, at.clone()));
            number
        })
    };
    let (fall, rise) = (number("fall", "health_check.fall", FALL), number("rise", "health_check.rise", RISE));
    // A longer one than the pause is cut off by the next check.
    let within = within.map(|(length, _)| *length).filter(|length| *length <= every);
    (HealthCheck { path: path.to_owned(), every, fall, rise, within }, keys)
}
