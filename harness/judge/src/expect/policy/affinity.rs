//! The affinity of the declared policy: each part of it must be shown for itself.

use measure::failover::Outage;
use measure::view::View;
use policy::{Affinity as Declared, AffinityBy};
use serde_json::{Value, json};
use units::Share;

use super::Policy;
use crate::claim::{Claim, Key};
use crate::expect::Expectation;
use crate::expect::affinity::{Affinity, By};

/// What a phase with a fault shows of it, in the order of the claims of the expectation `affinity`.
const PARTS: [&str; 3] =
    ["affinity.by, others stay", "affinity.by, moved ones stay together", "affinity.comes_back"];

/// What is claimed of one phase.
pub(super) fn claims(policy: &Policy, declared: &Declared, view: &View<'_>) -> Vec<Claim> {
    if Outage::of(view.brief, view.place.phase, view.place.traffic).is_none() {
        return Vec::new();
    }
    let demand = Affinity { by: by(declared), moved_max: Share::NONE, comes_back: declared.comes_back };
    let claims = demand.claims(view);
    let parts = if declared.comes_back { &PARTS[..] } else { &PARTS[..2] };
    let keyed = parts.iter().enumerate().filter_map(|(index, part)| {
        // Where nothing can be seen, there is one claim, and it holds of every part.
        let claim = claims.get(index).or(claims.first())?.clone();
        Some(claim.of_key(Key::new(part, &declared.to_string())))
    });
    let plain = |part: &str| part.split(',').next().unwrap_or_default().to_owned();
    keyed.filter(|claim| claim.key.as_ref().is_some_and(|key| policy.is_about(&plain(&key.key)))).collect()
}

/// The expectations that stand behind the keys, for what is foreseen of them.
pub(super) fn demands(declared: &Declared) -> Vec<(&'static str, Value)> {
    let of = |comes_back: bool| json!({ "affinity": { "by": by(declared), "comes_back": comes_back } });
    let back = declared.comes_back.then(|| ("affinity.comes_back", of(true)));
    std::iter::once(("affinity.by", of(false))).chain(back).collect()
}

fn by(declared: &Declared) -> By {
    if declared.by == AffinityBy::Connection { By::Connection } else { By::Key }
}
