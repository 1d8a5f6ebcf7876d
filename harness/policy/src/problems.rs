//! What is wrong with a policy that is well-formed but makes no sense.

use std::collections::BTreeMap;

use units::Timespan;

use crate::breaker::{AllOut, Breaker, Trip};
use crate::limit::Limit;
use crate::policy::{Policy, Timeouts};
use crate::retry::{Backoff, Retry};

/// The most failures that a breaker keeps in mind, which bounds its memory.
pub const REMEMBERED_MAX: u32 = 65_536;

/// The most instances of a gateway that count for themselves: each keeps breakers of its own.
const WORKERS_MAX: u32 = 256;

/// The most requests under way, or waiting for their turn, that a limit can name.
const LIMIT_MAX: u32 = 65_536;
/// The tables of a policy.
const TABLES: [&str; 9] = [
    "timeout",
    "retry",
    "breaker",
    "limit",
    "rate_limit",
    "affinity",
    "health_check",
    "request_headers",
    "credentials",
];

/// The most places that are given, and the longest of them in bytes.
const SOURCES_MAX: usize = 100;
const SOURCE_MAX: usize = 500;

/// Problems, each with the path of its key.
type Problems = Vec<(&'static str, String)>;

impl Policy {
    /// Everything that makes no sense, each with the path of its key: `policy.retry.attempts`.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = timeouts(self.timeout);
        if let Some(retry) = &self.retry {
            problems.extend(retrying(retry));
        }
        if let Some(breaker) = &self.breaker {
            problems.extend(breaking(breaker));
        }
        problems.extend(self.limit.iter().flat_map(limiting));
        problems.extend(self.rate_limit.iter().flat_map(crate::rate::RateLimit::problems));
        problems.extend(self.health_check.iter().flat_map(crate::health::HealthCheck::problems));
        problems.extend(self.request_headers.iter().flat_map(crate::request::RequestHeaders::problems));
        problems
            .extend(crate::request::credential_problems(&self.credentials, self.request_headers.as_ref()));
        problems.extend(places(&self.sources));
        let affinity = self.affinity.as_ref().and_then(crate::affinity::Affinity::problem);
        problems.extend(affinity.map(|what| ("policy.affinity.by", what)));
        problems
    }
}

/// Places are shown in reports: a few, each of a length that a line takes.
fn places(sources: &BTreeMap<String, String>) -> Problems {
    const KEY: &str = "policy.sources";
    let mut problems = Problems::new();
    if sources.len() > SOURCES_MAX {
        problems.push((KEY, format!("{} places are given: expected at most {SOURCES_MAX}", sources.len())));
    }
    let is_key = |key: &str| {
        TABLES
            .iter()
            .any(|table| key.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    if let Some(stray) = sources.keys().find(|key| !is_key(key)) {
        let stray: String = stray.chars().take(60).collect();
        let what = format!(
            "`{}` is no key of a policy: expected one such as `retry.attempts`",
            stray.escape_debug()
        );
        problems.push((KEY, what));
    }
    if let Some((key, _)) = sources.iter().find(|(_, place)| place.is_empty() || place.len() > SOURCE_MAX) {
        problems.push((KEY, format!("the place of `{key}` has no or more than {SOURCE_MAX} bytes")));
    }
    problems
}

fn timeouts(timeout: Timeouts) -> Problems {
    let timers = [
        ("policy.timeout.connect", timeout.connect),
        ("policy.timeout.per_try", timeout.per_try),
        ("policy.timeout.total", timeout.total),
    ];
    let zero = |(key, length): (_, Option<Timespan>)| Some((key, zero(length?)?));
    let mut problems: Problems = timers.into_iter().filter_map(zero).collect();
    if let (Some(per_try), Some(total)) = (timeout.per_try, timeout.total)
        && per_try > total
    {
        let what = format!("{per_try} for one attempt is longer than the {total} for the whole request");
        problems.push(("policy.timeout.per_try", what));
    }
    problems
}

fn zero(length: Timespan) -> Option<String> {
    length.is_zero().then(|| format!("`{length}` leaves no time at all: expected more than zero"))
}

fn retrying(retry: &Retry) -> Problems {
    let mut problems = Vec::new();
    if retry.attempts == 0 {
        let what = "`0` would send nothing: attempts are arrivals in total, and 1 means never to try again";
        problems.push(("policy.retry.attempts", what.into()));
    }
    if retry.on.is_empty() {
        problems
            .push(("policy.retry.on", "no condition is given, so that nothing is ever tried again".into()));
    }
    if retry.methods.is_empty() {
        problems
            .push(("policy.retry.methods", "no method is given, so that nothing is ever tried again".into()));
    }
    for method in &retry.methods {
        if let Some(what) = not_a_method(method) {
            problems.push(("policy.retry.methods", what));
        }
    }
    problems.extend(retry.backoff.iter().flat_map(backing_off));
    if let Some(budget) = retry.budget.filter(|budget| budget.min == 0 && budget.share.get() <= 0.0) {
        let what =
            format!("a share of {} and a `min` of 0 leave nothing to try again with", budget.share.get());
        problems.push(("policy.retry.budget", what));
    }
    let asked = retry.retry_after.and_then(|obeyed| zero(obeyed.max?));
    problems.extend(asked.map(|what| ("policy.retry.retry_after.max", what)));
    problems
}

/// RFC 9110 section 9.1: methods are case-sensitive tokens, and all registered ones are upper case.
fn not_a_method(method: &str) -> Option<String> {
    if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
        let upper = method.to_ascii_uppercase();
        return Some(format!("`{method}` is not a method: methods are upper case, such as `{upper}`"));
    }
    http::Method::from_bytes(method.as_bytes()).err().map(|_| format!("`{method}` is not a method"))
}

fn backing_off(backoff: &Backoff) -> Problems {
    let mut problems = Vec::new();
    if let Some(what) = zero(backoff.base) {
        problems.push(("policy.retry.backoff.base", what));
    }
    // Written so that a number that is none is refused as well.
    if !(backoff.factor >= 1.0 && backoff.factor.is_finite()) {
        let what = format!("`{}` would shorten each wait: expected 1 or more", backoff.factor);
        problems.push(("policy.retry.backoff.factor", what));
    }
    if let Some(max) = backoff.max
        && max < backoff.base
    {
        let what = format!("{max} at the most is shorter than the first wait of {}", backoff.base);
        problems.push(("policy.retry.backoff.max", what));
    }
    problems
}

fn breaking(breaker: &Breaker) -> Problems {
    let mut problems = tripping(&breaker.trip);
    if let Some(what) = zero(breaker.open_for) {
        problems.push(("policy.breaker.open_for", what));
    }
    if let Some(what) = breaker
        .open_max
        .filter(|max| *max < breaker.open_for)
        .map(|max| format!("{max} at the most is shorter than the first open time of {}", breaker.open_for))
    {
        problems.push(("policy.breaker.open_max", what));
    }
    if breaker.open_max.is_some() && !breaker.open_grows {
        let what = "the open time does not grow: it goes with `open_grows = true`";
        problems.push(("policy.breaker.open_max", what.into()));
    }
    if breaker.workers > WORKERS_MAX {
        let what = format!("`{}` is out of bounds: expected 1 to {WORKERS_MAX}", breaker.workers);
        problems.push(("policy.breaker.workers", what));
    }
    if breaker.workers == 0 {
        problems.push(("policy.breaker.workers", "`0` would send nothing: expected 1 or more".into()));
    }
    if let Some(status) = breaker.shed_status {
        if !(400..=599).contains(&status) {
            let what = format!("`{status}` is no status of a failure: expected 400 to 599");
            problems.push(("policy.breaker.shed_status", what));
        }
        if breaker.all_out == Some(AllOut::Panic) {
            let what = "with `all_out = \"panic\"` nothing is shed: it goes with `all_out = \"shed\"`";
            problems.push(("policy.breaker.shed_status", what.into()));
        }
    }
    if breaker.probes == Some(0) {
        let what = "`0` would never find out that the backend is back: expected 1 or more";
        problems.push(("policy.breaker.probes", what.into()));
    }
    problems
}

fn limiting(limit: &Limit) -> Problems {
    let mut problems = Vec::new();
    if !(1..=LIMIT_MAX).contains(&limit.in_flight) {
        let what = format!("`{}` is out of bounds: expected 1 to {LIMIT_MAX}", limit.in_flight);
        problems.push(("policy.limit.in_flight", what));
    }
    if let Some(queue) = limit.queue.filter(|queue| *queue > LIMIT_MAX) {
        problems
            .push(("policy.limit.queue", format!("`{queue}` is out of bounds: expected 0 to {LIMIT_MAX}")));
    }
    if limit.wait.is_some() && limit.queue.is_none_or(|queue| queue == 0) {
        let what = "nobody waits without a queue: it goes with `queue`, from 1 on";
        problems.push(("policy.limit.wait", what.into()));
    }
    problems.extend(limit.wait.and_then(zero).map(|what| ("policy.limit.wait", what)));
    if let Some(status) = limit.status.filter(|status| !(400..600).contains(status)) {
        let what = format!("`{status}` is no status of an error: expected 400 to 599");
        problems.push(("policy.limit.status", what));
    }
    problems
}

fn tripping(trip: &Trip) -> Problems {
    const KEY: &str = "policy.breaker.trip";
    let mut problems = Vec::new();
    let mut say = |key, what: &str| problems.push((key, what.to_owned()));
    let given = [trip.consecutive.is_some(), trip.count.is_some(), trip.share.is_some()];
    let windowed = trip.count.is_some() || trip.share.is_some();
    match given.into_iter().filter(|given| *given).count() {
        0 => say(KEY, "nothing opens it: expected one of `consecutive`, `count` and `share`"),
        1 => {}
        _ => say(KEY, "`consecutive`, `count` and `share` exclude each other: expected one of them"),
    }
    if windowed && trip.within.is_none() {
        say("policy.breaker.trip.within", "`count` and `share` need the length of their window");
    }
    if !windowed && trip.within.is_some() {
        say(
            "policy.breaker.trip.within",
            "failures in a row have no window: it goes with `count` and `share`",
        );
    }
    if trip.within.is_some_and(|within| within.is_zero()) {
        say("policy.breaker.trip.within", "a window of no length holds nothing");
    }
    if trip.min.is_some() && trip.share.is_none() {
        say("policy.breaker.trip.min", "the fewest requests are counted for a `share` only");
    }
    if trip.share.is_some_and(|share| share.get() <= 0.0) {
        say("policy.breaker.trip.share", "a share of 0 would open it without any failure");
    }
    problems.extend(out_of_bounds(trip));
    problems
}

fn out_of_bounds(trip: &Trip) -> Problems {
    let counts = [
        ("policy.breaker.trip.consecutive", trip.consecutive),
        ("policy.breaker.trip.count", trip.count),
        ("policy.breaker.trip.min", trip.min),
    ];
    let outside = |(key, count): (_, Option<u32>)| {
        let count = count.filter(|count| !(1..=REMEMBERED_MAX).contains(count))?;
        Some((key, format!("`{count}` is out of bounds: expected 1 to {REMEMBERED_MAX}")))
    };
    counts.into_iter().filter_map(outside).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problems(policy: Value) -> String {
        let policy: Policy = serde_json::from_value(policy).unwrap();
        let lines: Vec<_> =
            policy.problems().into_iter().map(|(key, what)| format!("{key}: {what}")).collect();
        lines.join("\n")
    }

    #[test]
    fn a_policy_that_makes_sense_has_no_problem() {
        assert_eq!(problems(json!({})), "");
        for trip in [
            json!({ "consecutive": 1 }),
            json!({ "count": 5, "within": "10s" }),
            json!({ "share": 0.5, "within": "10s" }),
            json!({ "share": 1.0, "within": "10s", "min": 20 }),
        ] {
            let policy = json!({
                "timeout": { "connect": "1s", "per_try": "2s", "total": "2s" },
                "retry": { "attempts": 1, "backoff": { "base": "25ms", "factor": 1.0, "max": "25ms" } },
                "breaker": { "trip": trip, "open_for": "5s" },
            });
            assert_eq!(problems(policy), "");
        }
    }

    #[test]
    fn timers_of_no_length_and_timers_that_can_never_fire_are_named() {
        let policy = json!({ "timeout": { "connect": "0s", "per_try": "3s", "total": "2s" } });
        insta::assert_snapshot!(problems(policy), @r"
        policy.timeout.connect: `0 ms` leaves no time at all: expected more than zero
        policy.timeout.per_try: 3 s for one attempt is longer than the 2 s for the whole request
        ");
    }

    #[test]
    fn a_retry_that_could_never_happen_is_named() {
        let backoff = json!({ "base": "0s", "factor": 0.5 });
        let retry = json!({ "attempts": 0, "on": [], "methods": ["get", "B R"], "backoff": backoff });
        insta::assert_snapshot!(problems(json!({ "retry": retry })), @r"
        policy.retry.attempts: `0` would send nothing: attempts are arrivals in total, and 1 means never to try again
        policy.retry.on: no condition is given, so that nothing is ever tried again
        policy.retry.methods: `get` is not a method: methods are upper case, such as `GET`
        policy.retry.methods: `B R` is not a method
        policy.retry.backoff.base: `0 ms` leaves no time at all: expected more than zero
        policy.retry.backoff.factor: `0.5` would shorten each wait: expected 1 or more
        ");
        let backoff = json!({ "base": "2s", "max": "1s" });
        let retry = json!({ "attempts": 2, "methods": [], "backoff": backoff });
        insta::assert_snapshot!(problems(json!({ "retry": retry })), @r"
        policy.retry.methods: no method is given, so that nothing is ever tried again
        policy.retry.backoff.max: 1 s at the most is shorter than the first wait of 2 s
        ");
    }

    #[test]
    fn a_breaker_is_opened_by_exactly_one_thing_that_is_described_in_full() {
        let of = |trip: Value| problems(json!({ "breaker": { "trip": trip, "open_for": "1s" } }));
        insta::assert_snapshot!(of(json!({})), @"policy.breaker.trip: nothing opens it: expected one of `consecutive`, `count` and `share`");
        insta::assert_snapshot!(of(json!({ "consecutive": 0, "count": 70_000 })), @r"
        policy.breaker.trip: `consecutive`, `count` and `share` exclude each other: expected one of them
        policy.breaker.trip.within: `count` and `share` need the length of their window
        policy.breaker.trip.consecutive: `0` is out of bounds: expected 1 to 65536
        policy.breaker.trip.count: `70000` is out of bounds: expected 1 to 65536
        ");
        insta::assert_snapshot!(of(json!({ "consecutive": 5, "within": "1s", "min": 3 })), @r"
        policy.breaker.trip.within: failures in a row have no window: it goes with `count` and `share`
        policy.breaker.trip.min: the fewest requests are counted for a `share` only
        ");
        insta::assert_snapshot!(of(json!({ "share": 0.0, "within": "0s" })), @r"
        policy.breaker.trip.within: a window of no length holds nothing
        policy.breaker.trip.share: a share of 0 would open it without any failure
        ");
        let policy = json!({ "breaker": { "trip": { "consecutive": 5 }, "open_for": "0s", "probes": 0 } });
        insta::assert_snapshot!(problems(policy), @r"
        policy.breaker.open_for: `0 ms` leaves no time at all: expected more than zero
        policy.breaker.probes: `0` would never find out that the backend is back: expected 1 or more
        ");
    }

    #[test]
    fn affinity_needs_a_name_that_fits_into_every_configuration() {
        assert_eq!(problems(json!({ "affinity": { "by": "connection" } })), "");
        insta::assert_snapshot!(problems(json!({ "affinity": { "by": { "header": "x; user" } } })), @"policy.affinity.by: `x; user` is not a name: expected 1 to 128 letters, digits, `-` and `_`");
    }

    #[test]
    fn a_limit_lets_something_through_and_says_what_becomes_of_the_rest() {
        let of = |limit: Value| problems(json!({ "limit": limit }));
        let full = json!({ "in_flight": 8, "scope": "pool", "queue": 16, "wait": "200ms", "status": 429 });
        assert_eq!(of(full), "");
        assert_eq!(of(json!({ "in_flight": 1, "queue": 0 })), "");
        insta::assert_snapshot!(of(json!({ "in_flight": 0, "queue": 70_000, "wait": "0s", "status": 200 })), @r"
        policy.limit.in_flight: `0` is out of bounds: expected 1 to 65536
        policy.limit.queue: `70000` is out of bounds: expected 0 to 65536
        policy.limit.wait: `0 ms` leaves no time at all: expected more than zero
        policy.limit.status: `200` is no status of an error: expected 400 to 599
        ");
        insta::assert_snapshot!(of(json!({ "in_flight": 8, "wait": "1s" })), @"policy.limit.wait: nobody waits without a queue: it goes with `queue`, from 1 on");
        insta::assert_snapshot!(of(json!({ "in_flight": 8, "queue": 0, "wait": "1s" })), @"policy.limit.wait: nobody waits without a queue: it goes with `queue`, from 1 on");
    }

    #[test]
    fn a_shed_request_is_answered_with_a_failure_where_requests_are_shed() {
        let breaker =
            json!({ "trip": { "consecutive": 5 }, "open_for": "1s", "all_out": "panic", "shed_status": 200 });
        insta::assert_snapshot!(problems(json!({ "breaker": breaker })), @r#"
        policy.breaker.shed_status: `200` is no status of a failure: expected 400 to 599
        policy.breaker.shed_status: with `all_out = "panic"` nothing is shed: it goes with `all_out = "shed"`
        "#);
    }

    #[test]
    fn places_are_those_of_keys_and_bounded() {
        let of = |sources: Value| problems(json!({ "sources": sources }));
        assert_eq!(of(json!({ "retry": "a.xml:1:1", "retry.on.503": "a.xml:2:1" })), "");
        insta::assert_snapshot!(of(json!({ "retries": "a.xml:1:1", "timeout": "" })), @r"
        policy.sources: `retries` is no key of a policy: expected one such as `retry.attempts`
        policy.sources: the place of `timeout` has no or more than 500 bytes
        ");
        let many: serde_json::Map<String, Value> =
            (0..101).map(|n| (format!("retry.{n}"), json!("a:1:1"))).collect();
        assert_eq!(of(many.into()), "policy.sources: 101 places are given: expected at most 100");
    }

    #[test]
    fn a_key_has_the_place_of_the_table_that_it_stands_in() {
        let sources = json!({ "retry.on": "a.xml:2:1", "retry": "a.xml:1:1" });
        let policy: Policy = serde_json::from_value(json!({ "sources": sources })).unwrap();
        let of = |key| policy.source(key);
        assert_eq!(of("retry.on.503"), Some("a.xml:2:1"));
        assert_eq!(of("retry.attempts"), Some("a.xml:1:1"));
        assert_eq!(of("breaker.trip"), None);
    }

    #[test]
    fn a_factor_that_is_no_number_is_refused() {
        for factor in [f64::NAN, f64::INFINITY, -1.0] {
            let backoff = Backoff { base: Timespan::from_millis(1), factor, max: None, jitter: false };
            assert_eq!(backing_off(&backoff).len(), 1, "{factor}");
        }
    }
}
