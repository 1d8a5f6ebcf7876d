//! The `reverse_proxy` handlers of all routes, and the one that the scenario is about.

use crate::finish::Wrong;
use crate::note::Note;
use crate::place::Sources;
use crate::value::Value;

/// The most names that an error lists.
const NAMED: usize = 12;

/// Routes lie within each other so often at most.
const DEPTH_MAX: usize = 32;

/// Handlers that change nothing of what happens when upstreams fail.
const NO_MATTER: [&str; 12] = [
    "encode",
    "headers",
    "invoke",
    "log_append",
    "map",
    "metrics",
    "push",
    "request_body",
    "reverse_proxy",
    "subroute",
    "tracing",
    "vars",
];

/// Those that answer by themselves, or send something else on.
const UNREHEARSED: [&str; 8] = [
    "acme_server",
    "authentication",
    "copy_response",
    "error",
    "file_server",
    "intercept",
    "rewrite",
    "static_response",
];

/// A `reverse_proxy` on its way.
#[derive(Clone, Debug)]
pub(super) struct Proxy<'a> {
    /// Host and path that lead to it, or the name of its server.
    pub(super) name: String,
    server: &'a str,
    pub(super) handler: &'a Value,
    /// Routes around it, the outermost first.
    around: Vec<&'a Value>,
}

impl Proxy<'_> {
    fn is_named(&self, wanted: &str) -> bool {
        let dials = self.handler.get("upstreams").map_or(&[][..], Value::items);
        self.name == wanted
            || self.server == wanted
            || dials.iter().any(|one| one.get("dial").and_then(Value::text) == Some(wanted))
    }

    /// What its requests pass before it, and is not taken over.
    pub(super) fn met(&self, notes: &mut Vec<Note>) {
        for handler in self.around.iter().flat_map(|route| route.get("handle").map_or(&[][..], Value::items))
        {
            let name = handler.get("handler").and_then(Value::text).unwrap_or_default();
            let shown: String = name.chars().take(60).collect();
            let shown = shown.escape_debug();
            if NO_MATTER.contains(&name) {
            } else if UNREHEARSED.contains(&name) {
                notes.push(Note::unrehearsed(
                    &handler.place,
                    format!("the handler `{shown}` is not rehearsed"),
                ));
            } else {
                notes.push(Note::unknown(&handler.place, format!("the handler `{shown}` is not read")));
            }
        }
    }
}

/// All of them.
pub(super) fn all(root: &Value) -> Vec<Proxy<'_>> {
    let mut found = Vec::new();
    let servers = root.at(&["apps", "http", "servers"]).map_or(&[][..], Value::entries);
    for (server, value) in servers {
        walk(value.get("routes"), server, "", &mut Vec::new(), &mut found);
    }
    found
}

fn walk<'a>(
    routes: Option<&'a Value>,
    server: &'a str,
    name: &str,
    around: &mut Vec<&'a Value>,
    found: &mut Vec<Proxy<'a>>,
) {
    if around.len() >= DEPTH_MAX {
        return;
    }
    for route in routes.map_or(&[][..], Value::items) {
        let name = format!("{name}{}", matched(route));
        around.push(route);
        for handler in route.get("handle").map_or(&[][..], Value::items) {
            match handler.get("handler").and_then(Value::text) {
                Some("subroute") => walk(handler.get("routes"), server, &name, around, found),
                Some("reverse_proxy") => found.push(Proxy {
                    name: if name.is_empty() { server.to_owned() } else { name.clone() },
                    server,
                    handler,
                    around: around.clone(),
                }),
                _ => {}
            }
        }
        around.pop();
    }
}

/// The host and the path that a route is for, as far as it names them.
fn matched(route: &Value) -> String {
    let first = route.get("match").and_then(|sets| sets.items().first());
    let of = |key: &str| {
        let items = first.and_then(|set| set.get(key)).map_or(&[][..], Value::items);
        items.first().and_then(Value::text).unwrap_or_default().to_owned()
    };
    of("host") + &of("path")
}

/// The one that the scenario is about.
pub(super) fn choose<'a>(
    all: &[Proxy<'a>],
    wanted: Option<&str>,
    sources: &Sources,
    notes: &mut Vec<Note>,
) -> Result<Proxy<'a>, Wrong> {
    let shown = |text: &str| text.chars().take(60).collect::<String>().escape_debug().to_string();
    let mut known: Vec<String> = all.iter().take(NAMED).map(|one| shown(&one.name)).collect();
    if all.len() > NAMED {
        known.push(format!("{} more", all.len() - NAMED));
    }
    let known = known.join(", ");
    let chosen: Vec<&Proxy<'a>> =
        all.iter().filter(|one| wanted.is_none_or(|wanted| one.is_named(wanted))).collect();
    let Some((first, others)) = chosen.split_first() else {
        return Err(match wanted {
            Some(wanted) if !all.is_empty() => {
                (format!("no `reverse_proxy` is that of `{}`", shown(wanted)), format!("there are {known}"))
            }
            _ => (
                "no route with a `reverse_proxy` was found in this file".into(),
                "give the JSON that `caddy adapt` prints, with `apps.http.servers`".into(),
            ),
        });
    };
    let text = |one: &Proxy<'a>| {
        let place = &one.handler.place;
        sources
            .text(place.file)
            .get(place.start..place.end)
            .unwrap_or_default()
            .split_whitespace()
            .collect::<String>()
    };
    if others.iter().any(|other| text(other) != text(first)) {
        return Err((
            format!("a scenario is about one `reverse_proxy`, and there are {known}"),
            "name one by its host and path, its server or an upstream: `--backend NAME`".into(),
        ));
    }
    if let Some(other) = others.first() {
        let more = units::plural::count(others.len() as u64, "other route");
        let words = format!("{more} with the same settings: the scenario is about `{}`", shown(&first.name));
        notes.push(Note::choice(&other.handler.place, words));
    }
    Ok((*first).clone())
}
