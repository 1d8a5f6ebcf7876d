//! The routes of all listeners, and the one that the scenario is about.

use super::fields::{shown, type_of};
use super::files::Resources;
use super::matches::{self, Path};
pub(super) use crate::finish::Wrong;
use crate::import::Choices;
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// The most routes that an error names.
const NAMED: usize = 12;

/// A route that sends requests to a cluster.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route<'a> {
    /// The connection manager; none where the routes lie in a file of their own.
    pub(super) manager: Option<&'a Value>,
    pub(super) host: &'a Value,
    /// All of it: `match`, `route`, `name`.
    pub(super) whole: &'a Value,
    /// What is done with its requests.
    pub(super) action: &'a Value,
    pub(super) cluster: &'a Value,
}

impl Route<'_> {
    /// Its name, or its host and path.
    pub(super) fn name(&self) -> String {
        let text = |value: &Value, key| value.get(key).and_then(Value::text).unwrap_or_default().to_owned();
        let name = text(self.whole, "name");
        if name.is_empty() { format!("{}{}", text(self.host, "name"), Path::of(self.whole)) } else { name }
    }

    pub(super) fn cluster(&self) -> &str {
        self.cluster.text().unwrap_or_default()
    }

    /// The retry policy that holds for it: its own, or else that of its host.
    pub(super) fn retry_policy(&self) -> Option<&Value> {
        self.action.get("retry_policy").or_else(|| self.host.get("retry_policy"))
    }

    pub(super) fn place(&self) -> &Place {
        &self.cluster.place
    }

    /// Whether the same is done with the requests of both when backends fail.
    fn is_alike(&self, other: &Route<'_>) -> bool {
        let settings = |route: &Route<'_>| {
            let told = [route.action.get("timeout").cloned(), route.retry_policy().cloned()];
            (route.cluster().to_owned(), told.map(|value| value.map(|value| value.without_places())))
        };
        settings(self) == settings(other)
    }
}

/// All routes to clusters.
pub(super) fn all<'a>(resources: &'a Resources, notes: &mut Vec<Note>) -> Vec<Route<'a>> {
    let mut found = Vec::new();
    let managers: Vec<&Value> = resources.listeners.iter().flat_map(managers).collect();
    for manager in &managers {
        if let Some(configuration) = manager.get("route_config") {
            of_configuration(configuration, Some(manager), &mut found, notes);
        } else if let Some(name) = manager.at(&["rds", "route_config_name"]).and_then(Value::text) {
            let is_it = |one: &&Value| one.get("name").and_then(Value::text) == Some(name);
            if let Some(configuration) = resources.routes.iter().find(is_it) {
                of_configuration(configuration, Some(manager), &mut found, notes);
            } else {
                let words = format!("the routes `{}` are not in these files", shown(name));
                let place = manager.get("rds").map_or(&manager.place, |rds| &rds.place);
                notes.push(Note::unknown(place, words).help("give their `RouteConfiguration` as well"));
            }
        }
    }
    if managers.is_empty() {
        resources.routes.iter().for_each(|one| of_configuration(one, None, &mut found, notes));
    }
    found
}

/// The HTTP connection managers of a listener.
fn managers(listener: &Value) -> impl Iterator<Item = &Value> {
    let chains = listener.get("filter_chains").map(Value::items).unwrap_or_default().iter();
    let filters = chains.chain(listener.get("default_filter_chain"));
    let filters = filters.flat_map(|chain| chain.get("filters").map(Value::items).unwrap_or_default());
    let typed = filters.filter_map(|filter| filter.get("typed_config"));
    let typed = typed.chain(listener.at(&["api_listener", "api_listener"]));
    typed.filter(|config| type_of(config) == "HttpConnectionManager")
}

fn of_configuration<'a>(
    configuration: &'a Value,
    manager: Option<&'a Value>,
    found: &mut Vec<Route<'a>>,
    notes: &mut Vec<Note>,
) {
    for host in configuration.get("virtual_hosts").map(Value::items).unwrap_or_default() {
        for whole in host.get("routes").map(Value::items).unwrap_or_default() {
            // Others are answered by Envoy itself.
            let Some(action) = whole.get("route") else { continue };
            let route = |cluster| Route { manager, host, whole, action, cluster };
            let weighted =
                action.at(&["weighted_clusters", "clusters"]).map(Value::items).unwrap_or_default();
            let names: Vec<_> = weighted.iter().filter_map(|one| one.get("name")).collect();
            match action.get("cluster") {
                Some(cluster) if cluster.text().is_some() => found.push(route(cluster)),
                None if !names.is_empty() => found.extend(names.into_iter().map(route)),
                _ => notes.push(Note::unknown(
                    &action.place,
                    "the cluster of this route is chosen for each request, and the route is not read",
                )),
            }
        }
    }
}

/// The routes that the scenario is about: one path to one cluster. There are several where they tell requests by their methods.
pub(super) fn chosen<'a>(
    routes: &[Route<'a>],
    choices: &Choices,
    notes: &mut Vec<Note>,
) -> Result<Vec<Route<'a>>, Wrong> {
    let of_cluster =
        |route: &&Route<'_>| choices.backend.as_deref().is_none_or(|name| route.cluster() == name);
    let of_name = |route: &&Route<'_>| choices.route.as_deref().is_none_or(|name| route.name() == name);
    let left: Vec<&Route<'a>> = routes.iter().filter(of_cluster).filter(of_name).collect();
    let Some(first) = left.first().copied() else {
        return Err(nothing_left(routes, choices));
    };
    let is_of_path = |route: &&&Route<'a>| {
        std::ptr::eq(route.host, first.host) && matches::differ_by_method(route.whole, first.whole)
    };
    let of_path: Vec<Route<'a>> = left
        .iter()
        .filter(|route| route.cluster() == first.cluster())
        .filter(is_of_path)
        .map(|route| **route)
        .collect();
    let is_other = |route: &&&Route<'_>| !of_path.iter().any(|one| std::ptr::eq(one.whole, route.whole));
    let others: Vec<_> = left.iter().filter(is_other).collect();
    if !others.iter().all(|route| of_path.iter().any(|one| route.is_alike(one))) {
        return Err(several(&left));
    }
    if !others.is_empty() {
        let words = format!(
            "{} more routes lead to `{}` with the same timers and retries: this one stands for them",
            others.len(),
            shown(first.cluster())
        );
        notes.push(Note::choice(first.place(), words).help("name another one: `--route NAME`"));
    }
    if first.action.get("weighted_clusters").is_some() {
        let words = "this route shares its requests out among several clusters: all go to one of them in the scenario";
        notes.push(Note::unrehearsed(first.place(), words));
    }
    Ok(of_path)
}

fn several(left: &[&Route<'_>]) -> Wrong {
    let is_one_cluster = left.iter().all(|route| route.cluster() == left[0].cluster());
    let known = names(left.iter().copied());
    let help = if is_one_cluster {
        "name one: `--route NAME`"
    } else {
        "name one: `--route NAME`, or its cluster: `--backend NAME`"
    };
    (format!("a scenario is about one route, and there are {known}"), help.into())
}

fn nothing_left(routes: &[Route<'_>], choices: &Choices) -> Wrong {
    if routes.is_empty() {
        return (
            "no route to a cluster was found in these files".into(),
            "name the files of the configuration: what a control plane sends is not read".into(),
        );
    }
    let named = [("--route", &choices.route), ("--backend", &choices.backend)];
    let wanted: Vec<String> = named
        .into_iter()
        .filter_map(|(flag, name)| Some(format!("`{flag} {}`", shown(name.as_deref()?))))
        .collect();
    (format!("no route is {}", wanted.join(" and ")), format!("there are {}", names(routes.iter())))
}

/// Names of routes, each with its cluster.
fn names<'a>(routes: impl Iterator<Item = &'a Route<'a>>) -> String {
    let mut all: Vec<String> =
        routes.map(|route| format!("`{}` to `{}`", shown(&route.name()), shown(route.cluster()))).collect();
    all.dedup();
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    all.join(", ") + &more
}
