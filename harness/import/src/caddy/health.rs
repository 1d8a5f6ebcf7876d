//! Active health checks: `health_uri` and what goes with it.

use policy::{HealthCheck, Policy};
use units::Timespan;

use super::keys::{Keys, number, time};
use crate::note::Note;
use crate::value::Value;

/// What holds where nothing is said: `health_interval`, `health_timeout`.
const EVERY: Timespan = Timespan::from_secs(30);
const WITHIN: Timespan = Timespan::from_secs(5);

/// The health check of all upstreams.
pub(super) fn read(handler: &Value, notes: &mut Vec<Note>) -> Option<(HealthCheck, Keys)> {
    let active = handler.at(&["health_checks", "active"])?;
    let path = active.get("uri").or_else(|| active.get("path"))?;
    let every = time(Some(active), "interval", notes);
    let within = time(Some(active), "timeout", notes);
    let (fall, rise) = (number(Some(active), "fails", notes), number(Some(active), "passes", notes));
    let mut keys: Keys =
        vec![("health_check", active.place.clone()), ("health_check.path", path.place.clone())];
    let mut said = |key, place: Option<&crate::place::Place>| keys.extend(place.map(|at| (key, at.clone())));
    said("health_check.every", every.as_ref().map(|(_, at)| at));
    said("health_check.within", within.as_ref().map(|(_, at)| at));
    said("health_check.fall", fall.as_ref().map(|(_, at)| at));
    said("health_check.rise", rise.as_ref().map(|(_, at)| at));
    let check = HealthCheck {
        path: path.text().unwrap_or_default().to_owned(),
        every: every.map_or(EVERY, |(every, _)| every),
        fall: fall.map_or(1, |(fall, _)| fall),
        rise: rise.map_or(1, |(rise, _)| rise),
        within: Some(within.map_or(WITHIN, |(within, _)| within)),
    };
    for (key, usual) in [("method", "GET"), ("expect_status", "2")] {
        let is_other = |value: &&Value| value.text() != Some(usual) && value.number() != usual.parse().ok();
        if let Some(other) = active.get(key).filter(is_other) {
            let words = format!("`{key}` of a check is not as the policy has it: the check is not rehearsed");
            notes.push(Note::unrehearsed(&other.place, words));
            return None;
        }
    }
    let policy = Policy { health_check: Some(check.clone()), ..Policy::default() };
    if let Some((_, what)) = policy.problems().into_iter().next() {
        notes.push(Note::unrehearsed(&active.place, format!("the check is not rehearsed: {what}")));
        return None;
    }
    Some((check, keys))
}
