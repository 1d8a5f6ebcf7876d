//! Sections of a `haproxy.cfg`: proxies, each with the `defaults` that hold for it (configuration manual, section 4).

use std::collections::BTreeMap;

use super::lines::{Line, Word};
use crate::note::Note;

/// The kinds of sections that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Defaults,
    Frontend,
    Backend,
    Listen,
    /// `global`, and those that are no proxies: peers, resolvers, user lists …
    Other,
}

/// Words that open sections which are no proxies.
const OTHERS: [&str; 16] = [
    "global",
    "peers",
    "resolvers",
    "userlist",
    "mailers",
    "cache",
    "program",
    "http-errors",
    "ring",
    "log-forward",
    "fcgi-app",
    "crt-store",
    "log-profile",
    "acme",
    "traces",
    "healthcheck",
];

/// A section with its lines.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) kind: Kind,
    pub(super) head: Line,
    pub(super) lines: Vec<Line>,
    /// The number of the `defaults` that hold for it.
    pub(super) defaults: Option<usize>,
}

impl Section {
    pub(super) fn name(&self) -> &str {
        self.head.word(1)
    }
}

fn kind(word: &str) -> Option<Kind> {
    match word {
        "defaults" => Some(Kind::Defaults),
        "frontend" => Some(Kind::Frontend),
        "backend" => Some(Kind::Backend),
        "listen" => Some(Kind::Listen),
        other => OTHERS.contains(&other).then_some(Kind::Other),
    }
}

/// The sections of all lines, in their order. `defaults` hold for what comes behind them, also in the next file.
pub(super) fn read(lines: Vec<Line>, notes: &mut Vec<Note>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut last = None;
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        let Some(kind) = kind(line.word(0)) else {
            match sections.last_mut() {
                Some(section) => section.lines.push(line),
                None => notes.push(Note::unknown(&line.place, "this line stands before every section")),
            }
            continue;
        };
        let defaults = match from(&line) {
            Some(name) => {
                let found = named.get(&name.text).copied();
                if found.is_none() {
                    let words =
                        format!("there are no defaults `{}` before this line", name.text.escape_debug());
                    notes.push(Note::unknown(&name.place, words));
                }
                found
            }
            // Defaults themselves begin anew.
            None if kind == Kind::Defaults => None,
            None => last,
        };
        if kind == Kind::Defaults {
            last = Some(sections.len());
            named.insert(line.word(1).to_owned(), sections.len());
        }
        sections.push(Section { kind, head: line, lines: Vec::new(), defaults });
    }
    sections
}

/// The name behind `from`.
fn from(head: &Line) -> Option<&Word> {
    let at = head.words.iter().skip(1).position(|word| word.text == "from")?;
    head.words.get(at + 2)
}

/// The lines that hold for a section, those of its defaults first. A later section stands on earlier ones only, so that there is an
/// end to it.
pub(super) fn effective<'a>(sections: &'a [Section], section: &'a Section) -> Vec<&'a Line> {
    let mut chain = vec![section];
    let mut next = section.defaults;
    while let Some(defaults) = next.and_then(|at| sections.get(at)) {
        chain.push(defaults);
        next = defaults.defaults;
    }
    chain.iter().rev().flat_map(|one| &one.lines).collect()
}
