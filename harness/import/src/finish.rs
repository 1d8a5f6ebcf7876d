//! The end of an import: notes in the order in which they are told, and values that nothing asked for.

use crate::given::Given;
use crate::import::{Import, Refused};
use crate::note::{self, Note};

/// What is wrong, and what to do about it.
pub(crate) type Wrong = (String, String);

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
