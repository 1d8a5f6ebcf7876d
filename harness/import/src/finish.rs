//! The end of an import: notes in the order in which they are told, and values that nothing asked for.

use policy::Policy;

use crate::given::Given;
use crate::import::{Import, Refused};
use crate::note::{self, Note};
use crate::place::Place;

/// What is wrong, and what to do about it.
pub(crate) type Wrong = (String, String);

/// Whether health checks alone take backends out. Where failures do so as well, a run could not tell which of them it was: the
/// checks are told, and left out.
pub(crate) fn is_alone(policy: &Policy, keys: &[(&'static str, Place)], notes: &mut Vec<Note>) -> bool {
    if policy.breaker.is_none() {
        return true;
    }
    let words = "failures of requests take a backend out as well, and a run could not tell which of the two it was: these checks are not rehearsed";
    notes.extend(keys.first().map(|(_, place)| Note::unrehearsed(place, words)));
    false
}

/// An import with its notes; `values` says what values could be asked for.
pub(crate) fn finish(
    made: Result<Import, Wrong>,
    mut notes: Vec<Note>,
    given: &Given,
    values: &str,
) -> Result<Import, Refused> {
    note::in_order(&mut notes);
    match (made, given.unused().first()) {
        (_, Some(unused)) => Err(Refused {
            words: format!("nothing asks for the value of `{}`", unused.escape_debug()),
            help: values.into(),
            notes,
        }),
        (Ok(made), None) => Ok(Import { notes, ..made }),
        (Err((words, help)), None) => Err(Refused { words, help, notes }),
    }
}
