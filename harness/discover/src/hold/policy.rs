//! What a profile says in the words of a policy, for a gateway that has a configuration of its own and no policy beside it.

use std::fmt::Write;

use super::round::{within, written};
use crate::profile::Profile;
use crate::questions::{FAILING, METHODS};
use crate::value::Value;

/// The table `[policy]`, if the gateway does not get its configuration from one: a policy would be another gateway there.
pub(super) fn missing(profile: &Profile, head: &str) -> Option<String> {
    let head: toml::Table = head.parse().ok()?;
    let gateway = head.get("gateway")?.as_table()?.values().next()?.as_table()?;
    let own = ["config", "address", "command"].iter().any(|key| gateway.contains_key(*key));
    if !own || head.contains_key("policy") {
        return None;
    }
    let mut text = String::from("[policy]\n");
    let timers: Vec<String> = ["per_try", "total"]
        .iter()
        .filter_map(|timer| match profile.value(&format!("timeout.{timer}")) {
            Some(Value::Time(low, high)) => Some(format!("{timer} = \"{}\"", written(within(*low, *high)))),
            _ => None,
        })
        .collect();
    if !timers.is_empty() {
        let _ = writeln!(text, "timeout = {{ {} }}", timers.join(", "));
    }
    if let Some(retry) = retry(profile) {
        text.push_str(&retry);
    }
    Some(text)
}

/// The retries, if as many attempts follow on each failure that is tried again, for the same methods.
fn retry(profile: &Profile) -> Option<String> {
    let attempts = |failure: &str, method: &str| match profile.value(&format!("retry.{failure}.{method}")) {
        Some(Value::Count(low, high)) if low == high && *low > 1 => Some(*low),
        _ => None,
    };
    let tried = |failure: &str| METHODS.map(|method| attempts(failure, method));
    let failures: Vec<&str> = FAILING
        .iter()
        .map(|(failure, _)| *failure)
        .filter(|one| tried(one).iter().any(Option::is_some))
        .collect();
    let cells = tried(failures.first()?);
    let number = cells.iter().flatten().next()?;
    let alike = failures.iter().all(|failure| tried(failure) == cells);
    if !alike || cells.iter().flatten().any(|other| other != number) {
        return None;
    }
    let methods: Vec<&str> =
        METHODS.iter().zip(&cells).filter(|(_, cell)| cell.is_some()).map(|(method, _)| *method).collect();
    // A close before the answer is a reset in the words of a policy.
    let mut on: Vec<&str> =
        failures.iter().map(|failure| if *failure == "close" { "reset" } else { failure }).collect();
    on.sort_unstable();
    on.dedup();
    Some(format!("retry = {{ attempts = {number}, on = {on:?}, methods = {methods:?} }}\n"))
}
