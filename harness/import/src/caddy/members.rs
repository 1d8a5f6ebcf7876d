//! `upstreams`, and how one of them is chosen.

use policy::Limit;

use super::keys::{Keys, not_a, number};
use crate::finish::Wrong;
use crate::import::Member;
use crate::note::Note;
use crate::value::Value;

/// The most upstreams that a scenario has, and the heaviest weight.
const MEMBERS_MAX: usize = 100;
const WEIGHT_MAX: u32 = 1_000;

/// What Caddy answers with when no upstream may get more.
const FULL: u16 = 503;

/// The most that a policy can say.
const LIMIT_MAX: u32 = 65_536;

/// How an upstream is chosen: `random` where nothing is said.
pub(super) fn choice(handler: &Value) -> &str {
    handler.at(&["load_balancing", "selection_policy", "policy"]).and_then(Value::text).unwrap_or("random")
}

/// The upstreams.
pub(super) fn read(handler: &Value, notes: &mut Vec<Note>) -> Result<Vec<Member>, Wrong> {
    let upstreams = handler.get("upstreams").map_or(&[][..], Value::items);
    let weights = match choice(handler) {
        "weighted_round_robin" => handler.at(&["load_balancing", "selection_policy", "weights"]),
        _ => None,
    };
    let mut members = Vec::new();
    for (at, upstream) in upstreams.iter().enumerate() {
        let Some(dial) = upstream.get("dial") else {
            notes.push(Note::unknown(&upstream.place, "this upstream has no `dial`"));
            continue;
        };
        let Some(name) = dial.text().filter(|name| !name.is_empty() && !name.contains(['{', '}'])) else {
            notes.push(not_a("dial", dial, "an address that is known before Caddy starts"));
            continue;
        };
        let weight =
            weights.and_then(|weights| weights.items().get(at)).and_then(|one| one.whole(0..=u32::MAX));
        if weight == Some(0) {
            let words = format!("`{}` gets no traffic: it is left out", name.escape_debug());
            notes.push(Note::unrehearsed(&dial.place, words));
            continue;
        }
        let weight = weight.unwrap_or(1).min(WEIGHT_MAX);
        members.push(Member { name: name.to_owned(), weight, priority: 0, place: dial.place.clone() });
    }
    let policy = choice(handler);
    let is_sticky = ["ip_hash", "client_ip_hash", "uri_hash", "header", "cookie", "query"].contains(&policy);
    if let Some(at) = handler.at(&["load_balancing", "selection_policy"]).filter(|_| is_sticky) {
        let words = format!("the choice by `{policy}` is not rehearsed: in the copy, upstreams take turns");
        notes.push(Note::unrehearsed(&at.place, words).help("declare it by hand: `[policy.affinity]`"));
    }
    match members.len() {
        0 => Err((
            "no upstream of this `reverse_proxy` is known".into(),
            "give it an address: `to HOST:PORT`".into(),
        )),
        1..=MEMBERS_MAX => Ok(members),
        many => {
            Err((format!("{many} upstreams are too many"), format!("a scenario has {MEMBERS_MAX} at most")))
        }
    }
}

/// `max_requests`, where all upstreams have the same.
pub(super) fn limit(handler: &Value, notes: &mut Vec<Note>) -> Option<(Limit, Keys)> {
    let upstreams = handler.get("upstreams").map_or(&[][..], Value::items);
    let of_each: Vec<_> = upstreams.iter().map(|one| number(Some(one), "max_requests", notes)).collect();
    let (most, place) = of_each.iter().flatten().find(|(most, _)| (1..=LIMIT_MAX).contains(most))?.clone();
    if of_each.iter().any(|one| one.as_ref().map(|(other, _)| *other) != Some(most)) {
        let words = "`max_requests` is not the same for all upstreams, and a scenario has one limit for all: none is rehearsed";
        notes.push(Note::unrehearsed(&place, words));
        return None;
    }
    let limit = Limit { queue: Some(0), status: Some(FULL), ..Limit::new(most) };
    Some((limit, vec![("limit.in_flight", place)]))
}
