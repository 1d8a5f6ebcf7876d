//! `import.json`: what was understood, and what not, for other tools.

use serde::Serialize;

use crate::import::Import;
use crate::note::NoteKind;
use crate::place::{Place, Sources};

/// The number of the document's format.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    importer: &'a str,
    subject: &'a str,
    files: Vec<&'a str>,
    backends: Vec<Named<'a>>,
    policy: Vec<Named<'a>>,
    notes: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    place: String,
}

#[derive(Serialize)]
struct Told<'a> {
    kind: &'static str,
    place: String,
    words: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

/// The document of an import, as JSON.
pub fn sidecar(import: &Import, sources: &Sources) -> String {
    let at = |place: &Place| sources.position(place).to_string();
    let document = Document {
        format: FORMAT,
        importer: import.importer,
        subject: &import.subject,
        files: sources.files().map(|(name, _)| name).collect(),
        backends: import.members.iter().map(|one| Named { name: &one.name, place: at(&one.place) }).collect(),
        policy: import.sources.iter().map(|(key, place)| Named { name: key, place: at(place) }).collect(),
        notes: import
            .notes
            .iter()
            .map(|note| Told {
                kind: word(note.kind),
                place: at(&note.place),
                words: &note.words,
                help: note.help.as_deref(),
            })
            .collect(),
    };
    // A document of texts and numbers can always be written.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn word(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::Lint => "lint",
        NoteKind::Unknown => "not understood",
        NoteKind::Unrehearsed => "not rehearsed",
        NoteKind::Choice => "reading",
    }
}
