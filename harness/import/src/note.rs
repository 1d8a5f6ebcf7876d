//! What an importer has to say beside what it writes.

use crate::place::Place;

/// What kind of thing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// A mistake in the configuration, or what is one more often than not.
    Lint,
    /// Met, and not understood.
    Unknown,
    /// Understood, and not in the scenario: `[policy]` or the reference gateway has no words for it.
    Unrehearsed,
    /// The documentation leaves it open: which reading was taken, and where to change it.
    Choice,
}

/// One thing that is said, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What kind of thing it is.
    pub kind: NoteKind,
    /// Where it stands.
    pub place: Place,
    /// What there is to say.
    pub words: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Note {
    pub(crate) fn new(kind: NoteKind, place: &Place, words: impl Into<String>) -> Self {
        Note { kind, place: place.clone(), words: words.into(), help: None }
    }

    pub(crate) fn lint(place: &Place, words: impl Into<String>) -> Self {
        Note::new(NoteKind::Lint, place, words)
    }

    pub(crate) fn unknown(place: &Place, words: impl Into<String>) -> Self {
        Note::new(NoteKind::Unknown, place, words)
    }

    pub(crate) fn unrehearsed(place: &Place, words: impl Into<String>) -> Self {
        Note::new(NoteKind::Unrehearsed, place, words)
    }

    pub(crate) fn choice(place: &Place, words: impl Into<String>) -> Self {
        Note::new(NoteKind::Choice, place, words)
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The most notes that are kept: whoever has more of them reads no further.
const NOTES_MAX: usize = 1_000;

/// Notes by kind and place, each once: what stands in a loop, or behind an alias, is met several times.
pub(crate) fn in_order(notes: &mut Vec<Note>) {
    notes.sort_by(|a, b| (a.kind, &a.place, &a.words).cmp(&(b.kind, &b.place, &b.words)));
    notes.dedup();
    if notes.len() > NOTES_MAX {
        notes.truncate(NOTES_MAX - 1);
        let words = format!("more than {NOTES_MAX} things are to be told, and no more of them are");
        notes.extend(notes.last().map(|last| Note::unknown(&last.place, words)));
    }
}
