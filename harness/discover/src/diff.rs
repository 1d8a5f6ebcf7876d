//! Two profiles, fact by fact, in the words of behaviour.

use std::collections::BTreeSet;

use crate::profile::{Fact, Profile};

/// One behaviour that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key of the fact.
    pub key: String,
    /// What it was.
    pub before: String,
    /// What it is.
    pub after: String,
}

/// What differs between two profiles. A fact that one of them does not know is no change.
pub fn diff(before: &Profile, after: &Profile) -> Vec<Change> {
    let keys: BTreeSet<&String> = before.fact.keys().chain(after.fact.keys()).collect();
    let changed = keys.into_iter().filter_map(|key| {
        let value = |profile: &'_ Profile| profile.fact.get(key).and_then(|fact: &Fact| fact.value.clone());
        let (one, other) = (value(before)?, value(after)?);
        (!one.agrees(&other)).then(|| Change {
            key: key.clone(),
            before: one.to_string(),
            after: other.to_string(),
        })
    });
    changed.collect()
}
