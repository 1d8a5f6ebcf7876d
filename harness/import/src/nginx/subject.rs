//! The locations that pass requests on, and the one that the scenario is about.

use super::scope::{Scope, shown};
use super::tree::Directive;
use super::words::COPIED;
use crate::finish::Wrong;
use crate::note::Note;

/// The most names that an error lists.
const NAMED: usize = 12;

/// Of more locations than these, nobody looks whether they agree.
const COMPARED_MAX: usize = 100;

/// A location with a `proxy_pass`.
#[derive(Clone, Debug)]
pub(super) struct Location<'a> {
    /// Levels around it, its own the last.
    pub(super) scope: Scope<'a>,
    /// What opens it, or its server where `proxy_pass` stands there.
    pub(super) head: &'a Directive,
    pub(super) pass: &'a Directive,
    /// `/api/`, `~ \.php$`, `@app`.
    pub(super) path: String,
    /// The first name of its server.
    server: String,
}

impl Location<'_> {
    /// The host of what is passed to: the name of an upstream, or an address.
    pub(super) fn target(&self) -> &str {
        let url = self.pass.argument(1);
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        // A socket's path ends with a colon.
        if let Some(end) = rest.strip_prefix("unix:").and_then(|path| path.find(':')) {
            return &rest[.."unix:".len() + end];
        }
        if rest.starts_with("unix:") { rest } else { rest.split('/').next().unwrap_or(rest) }
    }

    /// The path that `proxy_pass` puts in place of the location's own.
    pub(super) fn uri(&self) -> Option<&str> {
        let url = self.pass.argument(1);
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.get(self.target().len()..).filter(|uri| !uri.is_empty() && *uri != ":")
    }

    fn is_named(&self, wanted: &str) -> bool {
        self.target() == wanted || self.path == wanted || format!("{}{}", self.server, self.path) == wanted
    }

    /// The server and the path, as `--backend` takes them.
    fn name(&self) -> String {
        shown(&format!("{}{}", self.server, self.path))
    }

    /// What holds for it of the side of the backends: two locations that agree in all of this are one scenario.
    fn settings(&self) -> Vec<Vec<&str>> {
        let lines = COPIED.iter().chain(&["limit_conn", "error_page"]).flat_map(|name| self.scope.all(name));
        lines.map(|line| line.words.iter().map(|word| word.text.as_str()).collect()).collect()
    }
}

/// All locations that pass requests on to something whose name is known.
pub(super) fn locations<'a>(
    http: &Scope<'a>,
    servers: &[&'a Directive],
    notes: &mut Vec<Note>,
) -> Vec<Location<'a>> {
    let mut found = Vec::new();
    for block in servers {
        let name =
            block.inside().iter().find(|line| line.name() == "server_name" && !line.argument(1).is_empty());
        let name = name.map_or("server", |line| line.argument(1)).to_owned();
        walk(&http.with(block.inside()), block, &name, "", &mut found, notes);
    }
    found
}

fn walk<'a>(
    scope: &Scope<'a>,
    head: &'a Directive,
    server: &str,
    path: &str,
    found: &mut Vec<Location<'a>>,
    notes: &mut Vec<Note>,
) {
    for line in head.inside() {
        match line.name() {
            "proxy_pass" if line.argument(1).contains('$') => {
                let words = format!(
                    "`proxy_pass {}` is made of variables: where it goes to is not known here",
                    shown(line.argument(1))
                );
                notes.push(Note::unknown(&line.place, words));
            }
            "proxy_pass" if !line.argument(1).is_empty() => found.push(Location {
                scope: scope.clone(),
                head,
                pass: line,
                path: path.to_owned(),
                server: server.to_owned(),
            }),
            "location" => {
                let words: Vec<&str> = line.arguments().iter().map(|word| word.text.as_str()).collect();
                walk(&scope.with(line.inside()), line, server, &words.join(" "), found, notes);
            }
            _ => {}
        }
    }
}

/// The location that the scenario is about: the one that was named, or the only one; several that agree are one.
pub(super) fn choose<'a>(
    all: &[Location<'a>],
    wanted: Option<&str>,
    notes: &mut Vec<Note>,
) -> Result<Location<'a>, Wrong> {
    let mut known: Vec<String> =
        all.iter().take(NAMED).map(|one| format!("{} (to {})", one.name(), shown(one.target()))).collect();
    if all.len() > NAMED {
        known.push(format!("{} more", all.len() - NAMED));
    }
    let known = known.join(", ");
    let chosen: Vec<&Location<'a>> =
        all.iter().filter(|one| wanted.is_none_or(|wanted| one.is_named(wanted))).collect();
    let Some((first, others)) = chosen.split_first() else {
        return Err(match wanted {
            Some(wanted) if !all.is_empty() => (
                format!("no location passes to `{0}`, and none is `{0}`", shown(wanted)),
                format!("there are {known}"),
            ),
            _ => (
                "no location with a `proxy_pass` to a known name was found in these files".into(),
                "name the files of the configuration, those that are included as well".into(),
            ),
        });
    };
    let settings = first.settings();
    let is_other = |other: &&Location<'a>| other.target() != first.target() || other.settings() != settings;
    if others.len() > COMPARED_MAX || others.iter().any(is_other) {
        return Err((
            format!("a scenario is about one location, and there are {known}"),
            "name one: `--backend UPSTREAM`, `--backend /path`, or server and path as shown".into(),
        ));
    }
    if let Some(other) = others.first() {
        let more = units::plural::count(others.len() as u64, "other location");
        let words = format!("{more} with the same settings: the scenario is about `{}`", first.name());
        notes.push(Note::choice(&other.head.place, words));
    }
    Ok((*first).clone())
}
