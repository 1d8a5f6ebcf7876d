//! From the files of Traefik to what an import comes to.

use std::collections::BTreeMap;

use policy::Policy;

use super::files::{self, Files};
use super::keys::Keys;
use super::routers::{self, Route};
use super::{copy, middlewares, retry, service, transport};
use crate::finish::{Wrong, finish, is_alone};
use crate::given::Given;
use crate::import::{Choices, Import, Refused};
use crate::kinds::Importer;
use crate::note::Note;
use crate::place::{Place, Sources};

/// Traefik.
pub(crate) const IMPORTER: Importer = Importer {
    name: "traefik",
    reads: "Traefik's dynamic configuration (.yaml, .toml), and its static one for transports",
    takes: files::takes,
    import,
};

fn import(sources: &Sources, choices: &Choices) -> Result<Import, Refused> {
    let given = Given::new(choices.values.clone());
    let mut notes = Vec::new();
    let made = files::read(sources, &mut notes).and_then(|files| {
        let all = routers::all(&files, &mut notes);
        let route = routers::choose(&all, choices.backend.as_deref(), &mut notes)?;
        assemble(&files, &route, &mut notes)
    });
    finish(made, notes, &given, "these files have nothing that is given from outside")
}

fn assemble(files: &Files, route: &Route<'_>, notes: &mut Vec<Note>) -> Result<Import, Wrong> {
    let members = service::members(route, notes)?;
    let head = members.first().map_or(&route.service.place, |member| &member.place).clone();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    let mut declared =
        |keys: Keys| places.extend(keys.into_iter().map(|(key, place)| (key.to_owned(), place)));
    let transport = transport::of(files, route, notes);
    let (timeout, found) = transport::timeouts(transport, &head, notes);
    declared(found);
    let middlewares = middlewares::read(files, route, notes);
    let mut policy = Policy { timeout, ..Policy::default() };
    if let Some((retry, found)) = retry::read(middlewares.retry, notes) {
        policy.retry = Some(retry);
        declared(found);
    }
    if let Some((breaker, found)) = service::breaker(route, notes) {
        policy.breaker = Some(breaker);
        declared(found);
    }
    let check = service::health(route, notes).filter(|(_, keys)| is_alone(&policy, keys, notes));
    if let Some((check, found)) = check {
        policy.health_check = Some(check);
        declared(found);
    }
    if let Some((limit, found)) = middlewares.limit(notes) {
        policy.limit = Some(limit);
        declared(found);
    }
    middlewares.headers.declare(&mut policy, &mut places);
    if policy.retry.is_some() && members.len() > 1 && policy.breaker.is_none() {
        let words = "a further attempt goes to whichever server's turn it is, which under load may be the one that has just failed";
        notes.push(Note::lint(&head, words).help("add `passiveHealthCheck`: what has failed is left alone"));
    }
    let keeps_connections = transport::keeps_connections(transport);
    if keeps_connections {
        let words = "connections are used again: on one that breaks, Go's client repeats a read by itself, which no setting counts or bounds";
        notes.push(
            Note::choice(&head, words).help("`maxIdleConnsPerHost: -1` in the transport keeps it from that"),
        );
    }
    let own = copy::file(&policy, &members, keeps_connections);
    Ok(Import {
        shed: policy.breaker.as_ref().map(|_| service::SHED),
        // Traefik keeps a body for further attempts, as far as `maxRequestBodyBytes` lets it.
        keeps_body: policy.retry.as_ref().map(|_| true),
        members,
        policy,
        sources: places,
        own: Some(own),
        ..Import::of(IMPORTER.name, "Traefik", route.name)
    })
}
