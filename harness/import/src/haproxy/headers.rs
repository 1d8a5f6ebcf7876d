//! `http-request set-header`, `add-header` and `del-header` of all requests, with values that are words (configuration manual,
//! section 4.2).

use super::lines::Line;
use super::words::is;
use crate::note::Note;
use crate::placed_headers::{HeaderRule, PlacedHeaders};

/// The directives.
const DIRECTIVES: [&str; 3] =
    ["http-request set-header", "http-request add-header", "http-request del-header"];

/// Takes in all of them that hold for the proxy, in their order.
pub(super) fn read(lines: &[&Line], notes: &mut Vec<Note>) -> PlacedHeaders {
    let mut found = PlacedHeaders::default();
    for line in lines.iter().filter(|line| DIRECTIVES.iter().any(|one| is(line, one))) {
        if let Some((name, rule)) = rule(line) {
            found.add(name, rule, &line.place, notes);
            continue;
        }
        let words = format!(
            "`http-request {}` with an expression or a condition is not read",
            line.word(1).escape_debug()
        );
        notes.push(Note::unknown(&line.place, words));
    }
    found
}

/// The rule of a line; nothing if it is none, or depends on the request.
pub(super) fn rule(line: &Line) -> Option<(&str, HeaderRule)> {
    let is_word = |at: usize| {
        line.words
            .get(at)
            .is_some_and(|word| word.open.is_none() && !word.text.contains('%') && !word.text.contains("{{"))
    };
    if line.word(0) != "http-request" || !(2..line.words.len()).all(is_word) {
        return None;
    }
    let (name, value) = (line.word(2), line.word(3).to_owned());
    match (line.word(1), line.words.len()) {
        ("set-header", 4) => Some((name, HeaderRule::Set(value))),
        ("add-header", 4) => Some((name, HeaderRule::Append(value))),
        ("del-header", 3) => Some((name, HeaderRule::Remove)),
        _ => None,
    }
}
