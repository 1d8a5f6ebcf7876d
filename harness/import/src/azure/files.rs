//! Which files are what, and the policies of all of them.

use std::collections::BTreeMap;

use crate::note::Note;
use crate::place::Sources;
use crate::xml::{self, Element};

/// What a file is, by its name.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ending {
    Bicep,
    Json,
    Xml,
}

pub(super) fn ending(name: &str) -> Option<Ending> {
    let (_, ending) = name.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "bicep" => Some(Ending::Bicep),
        "json" | "jsonc" => Some(Ending::Json),
        "xml" | "cshtml" => Some(Ending::Xml),
        _ => None,
    }
}

/// The policies of all files, and the fragments by their names in lower case: a file is called as its fragment is.
pub(super) fn policy_files(
    sources: &Sources,
    notes: &mut Vec<Note>,
) -> (Vec<Element>, BTreeMap<String, Element>) {
    let (mut roots, mut fragments) = (Vec::new(), BTreeMap::new());
    for (file, (name, text)) in sources.files().enumerate() {
        if ending(name) != Some(Ending::Xml) {
            continue;
        }
        match xml::read(file, text) {
            Ok(root) if root.name == "fragment" => {
                let called = name.rsplit(['/', '\\']).next().unwrap_or(name);
                let called = called.split('.').next().unwrap_or(called).to_lowercase();
                if let Some(first) = fragments.insert(called, root) {
                    let words = "another file has a fragment of the same name: this one is not read";
                    notes.push(Note::unknown(&first.place, words));
                }
            }
            Ok(root) => roots.push(root),
            Err(note) => notes.push(note),
        }
    }
    (roots, fragments)
}
