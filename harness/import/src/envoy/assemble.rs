//! From the resources of all files to what an import comes to.

use policy::{AllOut, Policy};

use super::fields::{shown, truth};
use super::files::{self, Resources};
use super::keys::{ACTION, CLUSTER, HOST, MANAGER, ROUTE};
use super::known::Known;
use super::routes::{self, Route, Wrong};
use super::ways::ways;
use super::{again, copy, ejection, headers, health, limits, matches, members, protocol, timers};
use crate::finish::finish;
use crate::given::Given;
use crate::import::{Choices, Import, Refused};
use crate::kinds::Importer;
use crate::note::Note;
use crate::place::Sources;
use crate::value::Value;

/// Envoy.
pub(crate) const IMPORTER: Importer =
    Importer { name: "envoy", reads: "Envoy's configuration (.yaml, .json)", takes, import };

fn takes(name: &str, text: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    let is_envoy = ["static_resources", "staticResources", "type.googleapis.com/envoy."];
    ["yaml", "yml", "json"].contains(&ending.as_str()) && is_envoy.iter().any(|word| text.contains(word))
}

fn import(sources: &Sources, choices: &Choices) -> Result<Import, Refused> {
    let mut notes = Vec::new();
    let resources = files::read(sources, &mut notes);
    let made = assemble(&resources, choices, &mut notes);
    let given = Given::new(choices.values.clone());
    finish(made, notes, &given, "Envoy's files have no variables: fill templates in before")
}

fn assemble(resources: &Resources, choices: &Choices, notes: &mut Vec<Note>) -> Result<Import, Wrong> {
    let all = routes::all(resources, notes);
    let chosen = routes::chosen(&all, choices, notes)?;
    let (main, name) = (chosen[0], chosen[0].cluster().to_owned());
    let is_it = |one: &&Value| one.get("name").and_then(Value::text) == Some(&name);
    let Some(cluster) = resources.clusters.iter().find(is_it) else {
        return Err((
            format!("the cluster `{}` is not in these files", shown(&name)),
            "give the file with it as well".into(),
        ));
    };
    tell(&main, cluster, notes);
    let endpoints = members::read(cluster, resources, notes)?;
    let mut known = Known::default();
    let mut ways = ways(&chosen, notes)?;
    let timeout = timers::read(&ways[0].route, cluster, &mut known, notes);
    let mut policy = Policy { timeout, ..Policy::default() };
    policy.retry = again::read(&mut ways, cluster, &endpoints.members, timeout, &mut known, notes);
    policy.breaker = ejection::read(cluster, endpoints.members.len(), &mut known, notes);
    if let Some((check, keys)) = health::read(cluster, notes) {
        known.places(keys);
        policy.health_check = Some(check);
    }
    if let Some((limit, place)) = limits::limit(cluster, notes) {
        known.places([("limit", place.clone()), ("limit.in_flight", place)]);
        policy.limit = Some(limit);
    }
    headers::read(&ways[0].route, notes).declare(&mut policy, &mut known.sources);
    let own = copy::file(&ways, cluster, &endpoints, &policy);
    let sheds = policy.breaker.as_ref().is_some_and(|breaker| breaker.all_out == Some(AllOut::Shed));
    Ok(Import {
        members: endpoints.members,
        shed: sheds.then_some(ejection::SHED),
        // Envoy keeps a body that fits into its buffers for further attempts.
        keeps_body: policy.retry.as_ref().map(|_| true),
        policy,
        sources: known.sources,
        defaults: known.defaults,
        gradual: endpoints.gradual,
        own: Some(own),
        ..Import::of(IMPORTER.name, "Envoy", name)
    })
}

/// Tells of what holds for the route and is not taken over.
fn tell(route: &Route<'_>, cluster: &Value, notes: &mut Vec<Note>) {
    ROUTE.tell(route.whole, notes);
    ACTION.tell(route.action, notes);
    HOST.tell(route.host, notes);
    CLUSTER.tell(cluster, notes);
    protocol::tell(cluster, notes);
    if let Some(more) = matches::asks_for_more(route.whole) {
        let words = "the route asks for more than a path and a method: in the run it takes all requests";
        notes.push(Note::unrehearsed(&more.place, words));
    }
    let Some(manager) = route.manager else { return };
    MANAGER.tell(manager, notes);
    for filter in manager.get("http_filters").map(Value::items).unwrap_or_default() {
        let name = filter.get("name").and_then(Value::text).unwrap_or_default();
        let kind = filter.get("typed_config").map_or("", super::fields::type_of);
        if kind != "Router" && name != "envoy.filters.http.router" {
            notes.push(Note::unrehearsed(
                &filter.place,
                format!("the filter `{}` is not rehearsed", shown(name)),
            ));
        }
    }
    if !truth(manager, "use_remote_address") {
        let words = "whoever calls may set timers and retries of its own (`x-envoy-upstream-rq-timeout-ms`, `x-envoy-retry-on` …): the run \
                     does not";
        let help = "at the edge, write `use_remote_address: true`, by which they are taken off";
        notes.push(Note::unrehearsed(&manager.place, words).help(help));
    }
}
