//! Messages with named fields, as gateways that are configured by protobuf or Kubernetes have them: which keys are taken over, and
//! numbers among them.

use std::ops::RangeInclusive;

use crate::note::{Note, NoteKind};
use crate::place::Place;
use crate::value::{Value, What};

/// The longest name that a note repeats, in characters.
const NAME_MAX: usize = 60;

/// Keys of a message, by what becomes of them.
pub(crate) struct Keys {
    /// What the message is called: `the route`.
    pub(crate) of: &'static str,
    /// Taken over.
    pub(crate) taken: &'static [&'static str],
    /// Part of the run's configuration as they are, without a word in the policy.
    pub(crate) copied: &'static [&'static str],
    /// Of no matter to what is done when backends fail.
    pub(crate) no_matter: &'static [&'static str],
    /// Understood, and in no run.
    pub(crate) left_out: &'static [&'static str],
}

impl Keys {
    /// Tells of the keys that are not taken over.
    pub(crate) fn tell(&self, message: &Value, notes: &mut Vec<Note>) {
        for (key, value) in message.entries() {
            let is_in = |list: &[&str]| list.contains(&key.as_str());
            let (key, of) = (shown(key), self.of);
            if value.what == What::Null || is_in(self.taken) || is_in(self.no_matter) {
                continue;
            }
            notes.push(if is_in(self.copied) {
                let words =
                    format!("`{key}` of {of} holds in the run as well, and the policy has no word for it");
                Note::unrehearsed(&value.place, words)
            } else if is_in(self.left_out) {
                Note::unrehearsed(&value.place, format!("`{key}` of {of} is not rehearsed"))
            } else {
                Note::unknown(&value.place, format!("`{key}` of {of} is not read"))
            });
        }
    }

    /// The entries that the run's configuration has as they are.
    pub(crate) fn copies<'a>(
        &'a self,
        message: &'a Value,
    ) -> impl Iterator<Item = (&'static str, Value)> + 'a {
        let found = |key: &&'static str| message.get(key).filter(|value| is_harmless(value)).cloned();
        self.copied.iter().filter_map(move |key| Some((*key, found(key)?)))
    }
}

/// Numbers, words and times, and objects of these: nothing that names a file, a program or another host, and no placeholder.
pub(crate) fn is_harmless(value: &Value) -> bool {
    match &value.what {
        What::Bool(_) | What::Number(_) => true,
        What::Text(text) => {
            text.len() <= NAME_MAX && !text.contains("{{") && !text.contains(char::is_control)
        }
        What::List(items) => items.iter().all(is_harmless),
        What::Object(entries) => entries.iter().all(|(key, value)| {
            !["filename", "path", "environment_variable", "inline_string", "typed_config"]
                .contains(&key.as_str())
                && is_harmless(value)
        }),
        _ => false,
    }
}

/// A text from the file as notes show it.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(NAME_MAX).collect::<String>().escape_debug().to_string()
}

pub(crate) fn not_a(key: &str, value: &Value, expected: &str) -> Note {
    Note::unknown(&value.place, format!("`{key}` is {}: expected {expected}", value.words()))
}

/// Whether some value could not be read since there were so many notes: what it is part of is then not rehearsed, because
/// no default holds for it.
pub(crate) fn was_misread(notes: &[Note], since: usize) -> bool {
    notes[since..].iter().any(|note| note.kind == NoteKind::Unknown)
}

/// A whole number within bounds.
pub(crate) fn whole(
    message: &Value,
    key: &str,
    bounds: RangeInclusive<u32>,
    notes: &mut Vec<Note>,
) -> Option<(u32, Place)> {
    let value = message.get(key)?;
    let number = value.whole(bounds.clone());
    if number.is_none() {
        notes.push(not_a(key, value, &format!("a whole number from {} to {}", bounds.start(), bounds.end())));
    }
    Some((number?, value.place.clone()))
}
