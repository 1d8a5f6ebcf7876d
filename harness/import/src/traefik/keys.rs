//! Values as Traefik takes them, and what is said of those that it would not take.

use units::Timespan;

use crate::go;
use crate::note::Note;
use crate::place::Place;
use crate::value::{Value, What};

/// A key of the policy, and where it is declared.
pub(super) type Keys = Vec<(&'static str, Place)>;

/// A time: a number of seconds, or a text such as `5s`. Nothing where there is none; told where it is none.
pub(super) fn time(object: Option<&Value>, key: &str, notes: &mut Vec<Note>) -> Option<(Timespan, Place)> {
    let value = object?.get(key)?;
    let length = match &value.what {
        What::Number(seconds) => go::nanos(seconds * 1e9),
        What::Text(text) => {
            let seconds = text.parse::<u32>().ok().map(|seconds| Timespan::from_secs(seconds.into()));
            seconds.or_else(|| go::timespan(text))
        }
        _ => None,
    };
    if length.is_none() {
        notes.push(not_a(key, value, "a time such as `5s`, or seconds"));
    }
    Some((length.filter(|length| !length.is_zero())?, value.place.clone()))
}

/// A whole number; told where it is none.
pub(super) fn number(object: Option<&Value>, key: &str, notes: &mut Vec<Note>) -> Option<(u32, Place)> {
    let value = object?.get(key)?;
    let number = value.whole(0..=u32::MAX);
    if number.is_none() {
        notes.push(not_a(key, value, "a whole number"));
    }
    Some((number?, value.place.clone()))
}

pub(super) fn not_a(key: &str, value: &Value, expected: &str) -> Note {
    Note::unknown(&value.place, format!("`{key}` is {}: expected {expected}", value.words()))
}

/// Tells of what an object has besides what is read of it (`taken`) and what does not matter: the rest is not rehearsed if it is
/// known, and not understood if not.
pub(super) fn met(
    object: Option<&Value>,
    of: &str,
    taken: &[&str],
    no_matter: &[&str],
    known: &[&str],
    notes: &mut Vec<Note>,
) {
    for (key, value) in object.map_or(&[][..], Value::entries) {
        // Traefik does not look at the case of its keys.
        let is_in = |list: &[&str]| list.iter().any(|one| one.eq_ignore_ascii_case(key));
        let name: String = format!("{of}.{key}").chars().take(80).collect();
        let name = name.escape_debug();
        if is_in(taken) || is_in(no_matter) {
        } else if is_in(known) {
            notes.push(Note::unrehearsed(&value.place, format!("`{name}` is not rehearsed")));
        } else {
            notes.push(Note::unknown(&value.place, format!("`{name}` is not read")));
        }
    }
}

/// Text of the file within a sentence.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    short.escape_debug().to_string()
}
