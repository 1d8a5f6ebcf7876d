//! What the tests of the importers share.

use std::fmt::Write;

use import::{Choices, Import, Note, Refused, Sources};

pub(crate) fn sources(files: &[(&str, &str)]) -> Sources {
    let mut sources = Sources::default();
    for (name, text) in files {
        sources.add(name, (*text).to_owned());
    }
    sources
}

pub(crate) fn choices(values: &[(&str, &str)], backend: Option<&str>) -> Choices {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Choices { values, backend: backend.map(str::to_owned), route: None, request: None }
}

fn told(sources: &Sources, notes: &[Note]) -> String {
    let mut text = String::new();
    for note in notes {
        writeln!(text, "{:?} {}: {}", note.kind, sources.position(&note.place), note.words).unwrap();
        if let Some(help) = &note.help {
            writeln!(text, "    help: {help}").unwrap();
        }
    }
    text
}

/// The scenario, and what is told beside it.
pub(crate) fn imported(files: &[(&str, &str)], choices: &Choices) -> (Import, String) {
    let sources = sources(files);
    let import = import::import(&sources, choices)
        .unwrap_or_else(|refused| panic!("{refused}\n{}", told(&sources, &refused.notes)));
    let shown = format!("{}\n{}", import::scenario(&import, &sources), told(&sources, &import.notes));
    (import, shown)
}

pub(crate) fn refused(files: &[(&str, &str)], choices: &Choices) -> String {
    let Refused { words, help, .. } = import::import(&sources(files), choices).unwrap_err();
    format!("{words}\nhelp: {help}")
}
