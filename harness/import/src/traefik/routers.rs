//! Routers, and the one that the scenario is about.

use super::files::Files;
use super::keys::shown;
use crate::finish::Wrong;
use crate::note::Note;
use crate::value::Value;

/// The most names that an error lists.
const NAMED: usize = 12;

/// A way to a service with servers.
#[derive(Clone, Debug)]
pub(super) struct Route<'a> {
    /// The router's name, or the service's where no router leads to it.
    pub(super) name: &'a str,
    pub(super) service_name: &'a str,
    pub(super) service: &'a Value,
    /// The names of the middlewares, in their order, each with its place.
    pub(super) middlewares: Vec<&'a Value>,
}

/// All ways.
pub(super) fn all<'a>(files: &'a Files, notes: &mut Vec<Note>) -> Vec<Route<'a>> {
    let mut found: Vec<Route<'a>> = Vec::new();
    for (name, router) in files.section("routers") {
        let Some(target) = router.get("service").and_then(Value::text) else { continue };
        let Some(service) = files.named("services", target) else {
            if !target.ends_with("@internal") {
                let words = format!("the service `{}` is in none of these files", shown(target));
                notes.push(Note::unknown(&router.place, words));
            }
            continue;
        };
        let middlewares =
            router.get("middlewares").map(|list| list.items().iter().collect()).unwrap_or_default();
        if service.get("loadBalancer").is_some() {
            found.push(Route { name, service_name: bare(target), service, middlewares });
        } else {
            let words = format!(
                "the service `{}` is made of other services (`weighted`, `mirroring`, `failover`): it is not read",
                shown(target)
            );
            notes.push(Note::unknown(&service.place, words));
        }
    }
    for (name, service) in files.section("services") {
        let is_led_to = found.iter().any(|route| route.service_name == name);
        if !is_led_to && service.at(&["loadBalancer", "servers"]).is_some() {
            found.push(Route { name, service_name: name, service, middlewares: Vec::new() });
        }
    }
    found
}

/// A name without its provider.
pub(super) fn bare(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// The one that the scenario is about: the one that was named, or the only one; several that agree are one.
pub(super) fn choose<'a>(
    all: &[Route<'a>],
    wanted: Option<&str>,
    notes: &mut Vec<Note>,
) -> Result<Route<'a>, Wrong> {
    let mut known: Vec<String> = all
        .iter()
        .take(NAMED)
        .map(|one| format!("{} (to {})", shown(one.name), shown(one.service_name)))
        .collect();
    if all.len() > NAMED {
        known.push(format!("{} more", all.len() - NAMED));
    }
    let known = known.join(", ");
    let is_wanted = |one: &&Route<'a>| {
        wanted.is_none_or(|wanted| one.name == bare(wanted) || one.service_name == bare(wanted))
    };
    let chosen: Vec<&Route<'a>> = all.iter().filter(is_wanted).collect();
    let Some((first, others)) = chosen.split_first() else {
        return Err(match wanted {
            Some(wanted) if !all.is_empty() => {
                (format!("there is no router or service `{}`", shown(wanted)), format!("there are {known}"))
            }
            _ => (
                "no service with `loadBalancer.servers` was found in these files".into(),
                "name the files of the dynamic configuration".into(),
            ),
        });
    };
    let names = |one: &Route<'a>| one.middlewares.iter().map(|name| name.text()).collect::<Vec<_>>();
    let is_same =
        |other: &&Route<'a>| other.service_name == first.service_name && names(other) == names(first);
    if !others.iter().all(is_same) {
        return Err((
            format!("a scenario is about one router, and there are {known}"),
            "name one, or its service: `--backend NAME`".into(),
        ));
    }
    if !others.is_empty() {
        let more = units::plural::count(others.len() as u64, "other router");
        let words = format!(
            "{more} with the same service and middlewares: the scenario is about `{}`",
            shown(first.name)
        );
        notes.push(Note::choice(&first.service.place, words));
    }
    Ok((*first).clone())
}
