//! From the JSON of Caddy to what an import comes to.

use std::collections::BTreeMap;

use policy::Policy;

use super::keys::{self, Keys};
use super::routes::{self, Proxy};
use super::{breaker, caddyfile, copy, health, members, retry, timers};
use crate::finish::{Wrong, finish, is_alone};
use crate::given::Given;
use crate::import::{Choices, Import, Refused};
use crate::json;
use crate::kinds::Importer;
use crate::note::Note;
use crate::place::{Place, Sources};
use crate::value::Value;

/// Caddy.
pub(crate) const IMPORTER: Importer = Importer {
    name: "caddy",
    reads: "the JSON of `caddy adapt` (.json), and the Caddyfile that it is made of",
    takes: |name, text| caddyfile::is_one(name) || (is_json(name) && is_of_caddy(text)),
    import,
};

fn is_json(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("json"))
}

/// Templates of Azure have no `apps`.
fn is_of_caddy(text: &str) -> bool {
    ["\"apps\"", "\"http\"", "\"servers\""].iter().all(|key| text.contains(key))
}

fn import(sources: &Sources, choices: &Choices) -> Result<Import, Refused> {
    let given = Given::new(choices.values.clone());
    let mut notes = Vec::new();
    let made = roots(sources).and_then(|roots| {
        let all: Vec<Proxy<'_>> = roots.iter().flat_map(routes::all).collect();
        let proxy = routes::choose(&all, choices.backend.as_deref(), sources, &mut notes)?;
        assemble(&proxy, sources, &mut notes)
    });
    finish(made, notes, &given, "the JSON of Caddy has nothing that is given from outside")
}

fn roots(sources: &Sources) -> Result<Vec<Value>, Wrong> {
    let files = sources.files().enumerate().filter(|(_, (name, _))| !caddyfile::is_one(name));
    let read = files.map(|(file, (_, text))| json::read(file, text));
    let read = read.collect::<Result<Vec<_>, _>>().map_err(|(place, words)| {
        (format!("{}: {words}", sources.position(&place)), "give the JSON that `caddy adapt` prints".into())
    })?;
    if read.is_empty() { Err(caddyfile::adapt(sources)) } else { Ok(read) }
}

fn assemble(proxy: &Proxy<'_>, sources: &Sources, notes: &mut Vec<Note>) -> Result<Import, Wrong> {
    let handler = proxy.handler;
    let head = Place { end: handler.place.start + 1, ..handler.place.clone() };
    proxy.met(notes);
    keys::met(handler, notes);
    let protocol = handler.at(&["transport", "protocol"]).and_then(Value::text).unwrap_or("http");
    if protocol != "http" {
        let words = format!("the transport is `{}`", protocol.escape_debug());
        return Err((words, "brownout speaks HTTP: it takes a `reverse_proxy` with `transport http`".into()));
    }
    let members = members::read(handler, notes)?;
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    let mut declared = |keys: Keys| {
        let place = |key, at| caddyfile::place(sources, key).unwrap_or(at);
        places.extend(keys.into_iter().map(|(key, at)| (key.to_owned(), place(key, at))));
    };
    let (timeout, found) = timers::read(handler, &head, notes);
    declared(found);
    let mut policy = Policy { timeout, ..Policy::default() };
    if let Some((breaker, found)) = breaker::read(handler, notes) {
        policy.breaker = Some(breaker);
        declared(found);
    }
    let check = health::read(handler, notes).filter(|(_, keys)| is_alone(&policy, keys, notes));
    if let Some((check, found)) = check {
        policy.health_check = Some(check);
        declared(found);
    }
    let is_left_alone = policy.breaker.is_some() && members.len() > 1;
    if let Some((retry, found)) = retry::read(handler, timeout.per_try, is_left_alone, &head, notes) {
        policy.retry = Some(retry);
        declared(found);
    }
    if let Some((limit, found)) = members::limit(handler, notes) {
        policy.limit = Some(limit);
        declared(found);
    }
    if timers::keeps_connections(handler) {
        let words = "connections are used again: on one that breaks, Go's client repeats a read by itself, which no setting counts or bounds";
        notes.push(Note::choice(&head, words).help("`keepalive off` in `transport http` keeps it from that"));
    }
    let own = copy::file(handler, &policy, &members);
    Ok(Import {
        shed: policy.breaker.as_ref().map(|_| breaker::SHED),
        // A body is kept only where `request_buffers` says so, which is not rehearsed.
        keeps_body: None,
        members,
        policy,
        sources: places,
        own: Some(own),
        ..Import::of(IMPORTER.name, "Caddy", proxy.name.clone())
    })
}
