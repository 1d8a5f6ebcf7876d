//! `health_checks` (docs: "Health checking"; `health_check.proto`).

use policy::{HealthCheck, Policy};
use units::Timespan;

use super::fields::{time, whole};
use super::keys::CHECK;
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// Statuses that a check of the policy may fail by.
const FAILED: u32 = 503;

type Keys = Vec<(&'static str, Place)>;

/// The health check of a cluster, as far as the policy has words for it.
pub(super) fn read(cluster: &Value, notes: &mut Vec<Note>) -> Option<(HealthCheck, Keys)> {
    let checks = cluster.get("health_checks")?;
    let [check] = checks.items() else {
        notes
            .push(Note::unrehearsed(&checks.place, "several health checks of one cluster are not rehearsed"));
        return None;
    };
    if cluster.get("outlier_detection").is_some() {
        let words = "beside outlier detection, health checks are not rehearsed: one that succeeds brings an ejected host back before its time";
        notes.push(Note::unrehearsed(&check.place, words));
        return None;
    }
    CHECK.tell(check, notes);
    let http = check.get("http_health_check")?;
    let other = CHECK.left_out.iter().find_map(|key| check.get(key));
    if let Some(other) = other {
        let words = "with this, checks come at several paces or by other means than the policy has words for: they are not rehearsed";
        notes.push(Note::unrehearsed(&other.place, words));
        return None;
    }
    let mut keys: Keys = vec![("health_check", check.place.clone())];
    let path = http.get("path")?;
    keys.push(("health_check.path", path.place.clone()));
    let every = told(time(check, "interval", notes), "health_check.every", &mut keys)?;
    let within = told(time(check, "timeout", notes), "health_check.within", &mut keys);
    let rise = told(whole(check, "healthy_threshold", 1..=100, notes), "health_check.rise", &mut keys)?;
    let fall = fall(check, http, &mut keys, notes)?;
    let within = within.filter(|within: &Timespan| *within <= every);
    let health = HealthCheck { path: path.text()?.to_owned(), every, fall, rise, within };
    let policy = Policy { health_check: Some(health.clone()), ..Policy::default() };
    if let Some((_, what)) = policy.problems().into_iter().next() {
        notes.push(Note::unrehearsed(&check.place, format!("the health check is not rehearsed: {what}")));
        return None;
    }
    Some((health, keys))
}

/// A value, whose place is kept.
fn told<T>(found: Option<(T, Place)>, key: &'static str, keys: &mut Keys) -> Option<T> {
    let (value, place) = found?;
    keys.push((key, place));
    Some(value)
}

/// After how many failed checks a host is out: `unhealthy_threshold`, and one where a status alone decides.
fn fall(check: &Value, http: &Value, keys: &mut Keys, notes: &mut Vec<Note>) -> Option<u32> {
    let threshold = whole(check, "unhealthy_threshold", 1..=100, notes);
    let Some((threshold, place)) = threshold else {
        let words = "there is no `unhealthy_threshold`, and Envoy refuses the file without it";
        notes.push(Note::lint(&check.place, words));
        return None;
    };
    let covers = |range: &Value| {
        let bound = |key| range.get(key).and_then(|value| value.whole(0..=1_000));
        bound("start").is_some_and(|start| start <= FAILED) && bound("end").is_some_and(|end| end > FAILED)
    };
    if http.get("retriable_statuses").map(Value::items).unwrap_or_default().iter().any(covers)
        || threshold == 1
    {
        keys.push(("health_check.fall", place));
        return Some(threshold);
    }
    let words = format!(
        "a status that is neither expected nor retriable takes a host out at once, whatever the threshold of {threshold}: \
         `fall` is 1"
    );
    let help = "write `retriable_statuses: [{start: 400, end: 600}]`, so that the threshold holds";
    notes.push(Note::lint(&place, words).help(help));
    keys.push(("health_check.fall", place));
    Some(1)
}
