//! A service: its servers, and what takes them out.

use policy::{AllOut, Breaker, HealthCheck, Policy, Trip, WayBack};
use units::Timespan;

use super::keys::{Keys, met, not_a, number, time};
use super::routers::Route;
use crate::finish::Wrong;
use crate::import::Member;
use crate::note::Note;
use crate::value::Value;

/// What holds where nothing is said of checks: from one to the next, and for each.
const EVERY: Timespan = Timespan::from_secs(30);
const WITHIN: Timespan = Timespan::from_secs(5);

/// The same of passive checks: the time within which failures count and a server is out, and their number.
const WINDOW: Timespan = Timespan::from_secs(10);
const FAILURES: u32 = 1;

/// The most servers that a scenario has, and the heaviest weight.
const SERVERS_MAX: usize = 100;
const WEIGHT_MAX: u32 = 1_000;

/// The status that Traefik answers with where no server is left.
pub(super) const SHED: u16 = 503;

/// The servers that get traffic.
pub(super) fn members(route: &Route<'_>, notes: &mut Vec<Note>) -> Result<Vec<Member>, Wrong> {
    let balancer = route.service.get("loadBalancer");
    met(
        balancer,
        "loadBalancer",
        &["servers", "healthCheck", "passiveHealthCheck", "serversTransport"],
        &["passHostHeader", "responseForwarding"],
        &["sticky", "strategy"],
        notes,
    );
    let servers = balancer.and_then(|one| one.get("servers")).map_or(&[][..], Value::items);
    let mut members = Vec::new();
    for server in servers {
        met(Some(server), "servers", &["url", "weight"], &[], &["preservePath", "fenced"], notes);
        let Some(url) = server.get("url") else {
            notes.push(Note::unknown(&server.place, "this server has no `url`"));
            continue;
        };
        let Some((scheme, rest)) = url.text().and_then(|text| text.split_once("://")) else {
            notes.push(not_a("url", url, "an address such as `http://10.0.0.1:80`"));
            continue;
        };
        if scheme != "http" {
            let words = "TLS and HTTP/2 to the servers are not rehearsed: the copy speaks HTTP/1.1 to them";
            notes.push(Note::unrehearsed(&url.place, words));
        }
        let weight = number(Some(server), "weight", notes).map_or(1, |(weight, _)| weight);
        if weight == 0 {
            notes.push(Note::unrehearsed(&url.place, "this server gets no traffic: it is left out"));
            continue;
        }
        let name = rest.split('/').next().unwrap_or(rest).to_owned();
        members.push(Member { name, weight: weight.min(WEIGHT_MAX), priority: 0, place: url.place.clone() });
    }
    match members.len() {
        0 => Err(("no server of this service gets traffic".into(), "give it `servers` with a `url`".into())),
        1..=SERVERS_MAX => Ok(members),
        many => {
            Err((format!("{many} servers are too many"), format!("a scenario has {SERVERS_MAX} at most")))
        }
    }
}

/// `passiveHealthCheck`: so many failures in a row, all of them within the time for which the server is then out.
pub(super) fn breaker(route: &Route<'_>, notes: &mut Vec<Note>) -> Option<(Breaker, Keys)> {
    let passive = route.service.at(&["loadBalancer", "passiveHealthCheck"])?;
    met(Some(passive), "passiveHealthCheck", &["failureWindow", "maxFailedAttempts"], &[], &[], notes);
    let window = time(Some(passive), "failureWindow", notes);
    let failures = number(Some(passive), "maxFailedAttempts", notes);
    let mut keys: Keys = vec![("breaker", passive.place.clone())];
    keys.extend(window.iter().map(|(_, place)| ("breaker.open_for", place.clone())));
    keys.extend(failures.iter().map(|(_, place)| ("breaker.trip", place.clone())));
    let failures = failures.map_or(FAILURES, |(failures, _)| failures).max(1);
    let trip = Trip { consecutive: Some(failures), count: None, share: None, within: None, min: None };
    let breaker = Breaker {
        way_back: Some(WayBack::All),
        all_out: Some(AllOut::Shed),
        shed_status: Some(SHED),
        ..Breaker::new(trip, window.map_or(WINDOW, |(window, _)| window))
    };
    Some((breaker, keys))
}

/// `healthCheck`: each single check decides.
pub(super) fn health(route: &Route<'_>, notes: &mut Vec<Note>) -> Option<(HealthCheck, Keys)> {
    let check = route.service.at(&["loadBalancer", "healthCheck"])?;
    let others = ["mode", "scheme", "hostname", "port", "status", "method", "unhealthyInterval"];
    let no_matter = ["headers", "followRedirects"];
    met(Some(check), "healthCheck", &["path", "interval", "timeout"], &no_matter, &others, notes);
    let path = check.get("path")?;
    let (every, within) = (time(Some(check), "interval", notes), time(Some(check), "timeout", notes));
    let mut keys: Keys =
        vec![("health_check", check.place.clone()), ("health_check.path", path.place.clone())];
    keys.extend(every.iter().map(|(_, place)| ("health_check.every", place.clone())));
    keys.extend(within.iter().map(|(_, place)| ("health_check.within", place.clone())));
    let made = HealthCheck {
        path: path.text().unwrap_or_default().to_owned(),
        every: every.map_or(EVERY, |(every, _)| every),
        fall: 1,
        rise: 1,
        within: Some(within.map_or(WITHIN, |(within, _)| within)),
    };
    // These say otherwise what is asked, what is expected, or how often.
    if others.iter().any(|key| check.get(key).is_some()) {
        notes.push(Note::unrehearsed(
            &check.place,
            "the check is not rehearsed: the policy has no words for all of it",
        ));
        return None;
    }
    let policy = Policy { health_check: Some(made.clone()), ..Policy::default() };
    if let Some((_, what)) = policy.problems().into_iter().next() {
        notes.push(Note::unrehearsed(&check.place, format!("the check is not rehearsed: {what}")));
        return None;
    }
    Some((made, keys))
}
