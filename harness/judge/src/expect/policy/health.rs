//! The health checks of the declared policy, key by key.

use measure::view::View;
use policy::HealthCheck as Declared;
use serde_json::{Value, json};

use super::Policy;
use crate::claim::{Claim, Key};
use crate::expect::probes::{Probes, Word};

/// What is claimed of one phase.
pub(super) fn claims(policy: &Policy, declared: &Declared, view: &View<'_>) -> Vec<Claim> {
    let Declared { path, every, fall, rise, within: _ } = declared;
    let demand =
        Probes { every: Some(*every), path: Some(path.clone()), fall: Some(*fall), rise: Some(*rise) };
    let key = |word: Word| match word {
        Word::Every => Key::new("health_check.every", &every.to_string()),
        Word::Path => Key::new("health_check.path", path),
        Word::FallAtMost => Key::new("health_check.fall, at most", &fall.to_string()),
        Word::FallAtLeast => Key::new("health_check.fall, at least", &fall.to_string()),
        Word::RiseAtMost => Key::new("health_check.rise, at most", &rise.to_string()),
        Word::RiseAtLeast => Key::new("health_check.rise, at least", &rise.to_string()),
    };
    let keyed = demand.words(view).into_iter().map(|(word, claim)| claim.of_key(key(word)));
    keyed.filter(|claim| claim.key.as_ref().is_some_and(|key| policy.is_about(plain(&key.key)))).collect()
}

/// The key without its bound.
fn plain(key: &str) -> &str {
    key.split_once(',').map_or(key, |(key, _)| key)
}

/// The expectation that stands behind the keys, for what is foreseen of it.
pub(super) fn demands(declared: &Declared) -> Vec<(&'static str, Value)> {
    vec![("health_check.every", json!({ "probes": { "every": declared.every } }))]
}
