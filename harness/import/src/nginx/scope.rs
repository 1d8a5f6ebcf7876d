//! Which directive holds for a location: the one of the innermost level that has it.

use units::Timespan;

use super::timers::timespan;
use super::tree::Directive;
use crate::note::Note;
use crate::place::Place;

/// The levels around a location, from `http` to the location itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope<'a> {
    pub(super) levels: Vec<&'a [Directive]>,
}

impl<'a> Scope<'a> {
    /// The same with one more level inside of it.
    pub(super) fn with(&self, level: &'a [Directive]) -> Self {
        let mut levels = self.levels.clone();
        levels.push(level);
        Scope { levels }
    }

    /// All directives of a name on the innermost level that has any: those further out don't hold any more.
    pub(super) fn all(&self, name: &str) -> Vec<&'a Directive> {
        let of = |level: &&'a [Directive]| -> Vec<&'a Directive> {
            level.iter().filter(|directive| directive.name() == name).collect()
        };
        self.levels.iter().rev().map(of).find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// The one directive of a name that holds.
    pub(super) fn last(&self, name: &str) -> Option<&'a Directive> {
        self.all(name).last().copied()
    }

    /// A time with its place; nothing where none is set, or where it is none.
    pub(super) fn time(&self, name: &str, notes: &mut Vec<Note>) -> Option<(Timespan, Place)> {
        let directive = self.last(name)?;
        let length = timespan(directive.argument(1)).filter(|length| !length.is_zero());
        if length.is_none() {
            notes.push(not_a(name, directive.argument(1), "a time such as `5s`", directive.place_of(1)));
        }
        Some((length?, directive.place_of(1).clone()))
    }

    /// A number with its place; nothing where none is set, or where it is none.
    pub(super) fn number(&self, name: &str, notes: &mut Vec<Note>) -> Option<(u32, Place)> {
        let directive = self.last(name)?;
        let number = directive.argument(1).parse().ok();
        if number.is_none() {
            notes.push(not_a(name, directive.argument(1), "a number", directive.place_of(1)));
        }
        Some((number?, directive.place_of(1).clone()))
    }
}

/// A value that is not what its directive takes.
pub(super) fn not_a(name: &str, text: &str, expected: &str, place: &Place) -> Note {
    Note::unknown(place, format!("`{name}` is `{}`: expected {expected}", shown(text)))
}

/// Text of the file within a sentence.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    short.escape_debug().to_string()
}
