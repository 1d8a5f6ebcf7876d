//! Where the keys of the policy stand, and which of them are defaults.

use std::collections::BTreeMap;

use units::Timespan;

use super::fields::time;
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// What is known of the keys of the policy: where they stand, or which default they are.
#[derive(Default)]
pub(super) struct Known {
    pub(super) sources: BTreeMap<String, Place>,
    pub(super) defaults: BTreeMap<String, String>,
}

impl Known {
    pub(super) fn places(&mut self, keys: impl IntoIterator<Item = (&'static str, Place)>) {
        self.sources.extend(keys.into_iter().map(|(key, place)| (key.to_owned(), place)));
    }

    pub(super) fn usual(&mut self, keys: impl IntoIterator<Item = (&'static str, &'static str)>) {
        self.defaults.extend(keys.into_iter().map(|(key, words)| (key.to_owned(), words.to_owned())));
    }

    /// A timer that holds also where nothing is said; zero is none.
    pub(super) fn timer(
        &mut self,
        message: &Value,
        key: &str,
        usual: Timespan,
        (policy_key, words): (&'static str, &'static str),
        notes: &mut Vec<Note>,
    ) -> Option<Timespan> {
        if let Some((length, place)) = time(message, key, notes) {
            self.places([(policy_key, place)]);
            return Some(length).filter(|length| !length.is_zero());
        }
        // What is there and can't be read is not silence.
        if message.get(key).is_some() {
            return None;
        }
        self.usual([(policy_key, words)]);
        Some(usual)
    }

    /// A key that stands somewhere, or is a default.
    pub(super) fn one(&mut self, key: &'static str, place: Option<Place>, words: &'static str) {
        match place {
            Some(place) => self.places([(key, place)]),
            None => self.usual([(key, words)]),
        }
    }

    /// The key is not in the policy after all.
    pub(super) fn forget(&mut self, key: &str) {
        self.sources.remove(key);
        self.defaults.remove(key);
    }

    /// What is known of a part that is taken over, and the part.
    pub(super) fn join<T>(&mut self, part: T, found: Known) -> T {
        self.sources.extend(found.sources);
        self.defaults.extend(found.defaults);
        part
    }
}
