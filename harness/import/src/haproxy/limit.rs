//! `maxconn` of servers, and who waits for their turn (configuration manual, sections 4.2 and 5.2).

use policy::Limit;

use super::lines::Line;
use super::server::Server;
use super::settings::{condition, timer};
use super::words::is;
use crate::note::Note;
use crate::place::Place;

/// The most that a policy can say.
const LIMIT_MAX: u32 = 65_536;

/// The status of who has waited in vain, and of who is turned away where the rule names none (`http-request deny`: 403).
const WAITED: u16 = 503;
const DENIED: u16 = 403;

type Keys = Vec<(&'static str, Place)>;

/// The limit that all servers have, where one is understood.
pub(super) fn read(
    lines: &[&Line],
    name: &str,
    servers: &[Server],
    notes: &mut Vec<Note>,
) -> Option<(Limit, Keys)> {
    let mut of_each = Vec::new();
    for server in servers {
        // 0 is no limit.
        of_each.push(server.number("maxconn", notes).filter(|(most, _)| (1..=LIMIT_MAX).contains(most)));
        for other in ["minconn", "maxqueue", "slowstart"] {
            let words = format!("`{other}` of a server is copied, and the policy has no word for it");
            notes.extend(server.text(other).map(|(_, place)| Note::unrehearsed(place, words)));
        }
    }
    let (most, place) = of_each.iter().flatten().next()?;
    if of_each.iter().any(|one| one.map(|(other, _)| other) != Some(*most)) {
        let words = "`maxconn` is not the same for all servers, and a scenario has one limit for all: none is rehearsed";
        notes.push(Note::unrehearsed(place, words));
        return None;
    }
    let mut keys: Keys = vec![("limit.in_flight", (*place).clone())];
    let mut limit = Limit { status: Some(WAITED), ..Limit::new(*most) };
    if let Some((line, queue, status)) = lines.iter().find_map(|line| denied(line, name)) {
        limit.queue = Some(queue);
        limit.status = Some(status);
        keys.extend([("limit.queue", line.place.clone()), ("limit.status", line.place.clone())]);
    }
    if let Some((wait, place)) = timer(lines, "timeout queue", notes) {
        if limit.queue.is_some_and(|queue| queue > 0) {
            limit.wait = Some(wait);
            keys.push(("limit.wait", place));
        } else if limit.queue.is_none() {
            let words = "the queue has no bound of its own, and without one the policy has no word for how long somebody waits";
            notes.push(Note::unrehearsed(&place, words));
        }
    }
    Some((limit, keys))
}

/// Whether a line turns requests away where the queue of the proxy is full: how many may wait, and the status.
pub(super) fn denied<'a>(line: &'a Line, name: &str) -> Option<(&'a Line, u32, u16)> {
    if !is(line, "http-request deny") {
        return None;
    }
    let status = line.words.iter().position(|word| word.text == "deny_status" || word.text == "status");
    let status = status.map_or(Some(DENIED), |at| line.word(at + 1).parse().ok())?;
    let (false, words) = condition(line)? else { return None };
    let of = |function: &str| format!("{function}({name})");
    match words[..] {
        ["{", asked, "le", "0", "}"] if asked == of("be_conn_free") => Some((line, 0, status)),
        ["{", asked, "ge", queue, "}"] if asked == of("queue") => {
            Some((line, queue.parse().ok().filter(|queue| *queue <= LIMIT_MAX)?, status))
        }
        _ => None,
    }
}
