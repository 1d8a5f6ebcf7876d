//! The limit of the declared policy, key by key.

use measure::view::View;
use policy::Limit as Declared;
use serde_json::{Value, json};

use super::{Policy, by_kind};
use crate::claim::{Claim, Key};
use crate::expect::limit::{Limit, Word};

/// What is claimed of one phase.
pub(super) fn claims(policy: &Policy, declared: &Declared, view: &View<'_>) -> Vec<Claim> {
    let demand = Limit {
        in_flight: declared.in_flight,
        scope: declared.scope,
        exact: true,
        queue: declared.queue,
        wait: declared.wait,
        fair: None,
    };
    let queue = |key: &'static str| declared.queue.map(|queue| Key::new(key, &queue.to_string()));
    let wait = |key: &'static str| declared.wait.map(|wait| Key::new(key, &wait.to_string()));
    let key = |word: Word| match word {
        Word::InFlight => Some(Key::new("limit.in_flight, at most", &declared.in_flight.to_string())),
        Word::Exact => Some(Key::new("limit.in_flight, at least", &declared.in_flight.to_string())),
        Word::Queue => queue("limit.queue, at most"),
        Word::WholeQueue => queue("limit.queue, at least"),
        Word::Wait => wait("limit.wait, at most"),
        Word::WholeWait => wait("limit.wait, at least"),
        Word::Fair => None,
    };
    let keyed = demand.words(view).into_iter().filter_map(|(word, claim)| Some(claim.of_key(key(word)?)));
    let is_about = |claim: &Claim| claim.key.as_ref().is_some_and(|key| policy.is_about(plain(&key.key)));
    let mut claims: Vec<Claim> = keyed.filter(is_about).collect();
    if let Some(status) = declared.status.filter(|_| policy.is_about("limit.status")) {
        claims.extend(by_kind(view, "limit.status", &status.to_string(), shed(status)));
    }
    claims
}

/// The key without its bound: `limit.in_flight` of `limit.in_flight, at most`.
fn plain(key: &str) -> &str {
    key.split_once(',').map_or(key, |(key, _)| key)
}

fn shed(status: u16) -> Value {
    json!({ "shed": { "of": [status] } })
}

/// The expectations that stand behind the keys, for what is foreseen of them.
pub(super) fn demands(declared: &Declared) -> Vec<(&'static str, Value)> {
    let limit = json!({ "limit": { "in_flight": declared.in_flight, "scope": declared.scope } });
    let status = declared.status.map(|status| ("limit.status", shed(status)));
    std::iter::once(("limit.in_flight", limit)).chain(status).collect()
}
