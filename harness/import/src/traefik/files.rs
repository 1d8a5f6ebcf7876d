//! What lies in all files together: the sections of dynamic and static configuration, by name.

use crate::finish::Wrong;
use crate::note::Note;
use crate::place::{Place, Sources};
use crate::toml;
use crate::value::Value;
use crate::yaml;

/// The roots of all files.
#[derive(Debug, Default)]
pub(super) struct Files {
    roots: Vec<Value>,
}

/// Whether a file is one of Traefik's.
pub(super) fn takes(name: &str, text: &str) -> bool {
    match ending(name).as_str() {
        "toml" => true,
        "yml" | "yaml" => is_of_traefik(text),
        _ => false,
    }
}

fn ending(name: &str) -> String {
    name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase()
}

/// Sections that other programs' YAML does not have.
fn is_of_traefik(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["loadbalancer:", "routers:", "entrypoints:", "serverstransport:", "serverstransports:", "middlewares:"]
        .iter()
        .any(|section| text.contains(section))
}

/// Reads all files.
pub(super) fn read(sources: &Sources, notes: &mut Vec<Note>) -> Result<Files, Wrong> {
    let mut files = Files::default();
    for (file, (name, text)) in sources.files().enumerate() {
        let refused = |(place, words): (Place, String)| {
            let help = "Traefik would not take this file either".to_owned();
            (format!("{}: {words}", sources.position(&place)), help)
        };
        if ending(name) == "toml" {
            files.roots.push(toml::read(file, text).map_err(refused)?);
            continue;
        }
        let documents = yaml::read(file, text).map_err(|note| refused((note.place, note.words)))?;
        for place in &documents.doubled {
            let words = "this key stands in the mapping a second time, and Traefik refuses such a file";
            notes.push(Note::lint(place, words).help("leave one of them out"));
        }
        files.roots.extend(documents.roots);
    }
    Ok(files)
}

impl Files {
    /// All entries of a section of `http`: `routers`, `services`, `middlewares`, `serversTransports`.
    pub(super) fn section<'a>(&'a self, name: &str) -> Vec<(&'a str, &'a Value)> {
        let sections = self.roots.iter().filter_map(|root| root.at(&["http", name]));
        sections.flat_map(Value::entries).map(|(key, value)| (key.as_str(), value)).collect()
    }

    /// An entry by its name, which may have its provider behind an `@`.
    pub(super) fn named(&self, section: &str, name: &str) -> Option<&Value> {
        let bare = name.split('@').next().unwrap_or(name);
        self.section(section).into_iter().find(|(key, _)| *key == bare).map(|(_, value)| value)
    }

    /// What stands at the top of a file: `serversTransport`, `entryPoints`.
    pub(super) fn top(&self, name: &str) -> Option<&Value> {
        self.roots.iter().find_map(|root| root.get(name))
    }
}
