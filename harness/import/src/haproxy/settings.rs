//! What several parts ask of the lines that hold for a proxy.

use units::Timespan;

use super::lines::Line;
use super::server::not_a;
use super::timers::timespan;
use super::words::last;
use crate::note::Note;
use crate::place::Place;

/// A timer with its place: `timeout connect 5s`.
pub(super) fn timer(lines: &[&Line], directive: &str, notes: &mut Vec<Note>) -> Option<(Timespan, Place)> {
    let line = last(lines, directive)?;
    let word = line.words.get(2)?;
    let length = timespan(&word.text);
    if length.is_none() {
        notes.push(not_a(directive, &word.text, "a time, such as `5s`", &word.place));
    }
    // 0 means to wait for ever.
    length.filter(|length| !length.is_zero()).map(|length| (length, word.place.clone()))
}

/// A condition behind `if` or `unless`: whether it is to be false, its words, and its place.
pub(super) fn condition(line: &Line) -> Option<(bool, Vec<&str>)> {
    let at = line.words.iter().position(|word| word.text == "if" || word.text == "unless")?;
    let words = line.words[at + 1..].iter().map(|word| word.text.as_str()).collect();
    Some((line.word(at) == "unless", words))
}
