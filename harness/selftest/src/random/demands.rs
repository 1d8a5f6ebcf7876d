//! What follows from a policy, whatever the faults are.

use super::declared::{Backoff, Declared};
use super::faults::Faults;

/// Something that is expected.
pub(super) enum Demanded {
    /// One expectation, as it is written.
    Whole(String),
    /// `policy`, about these keys.
    Keys(Vec<String>),
}

/// All that follows from the policy.
pub(super) fn of(declared: &Declared, faults: &Faults) -> Vec<Demanded> {
    let mut demands = Vec::new();
    let mut demand = |phase: &str, traffic: &str, expectation: String| {
        let traffic = if traffic.is_empty() { String::new() } else { format!("traffic = \"{traffic}\"\n") };
        demands.push(Demanded::Whole(format!("[[expect]]\nin = \"{phase}\"\n{traffic}{expectation}\n")));
    };
    demand("steady", "", "attempts = { exactly = 1 }".into());
    demand("steady", "", "availability = { min = 0.99 }".into());
    demand("steady", "", "balance = {}".into());
    for reads in retries(declared) {
        demand("trouble", "reads", reads);
    }
    demand("trouble", "writes", "attempts = { max = 1 }".into());
    demand("trouble", "writes", "no_replay = {}".into());
    demand("trouble", "", "integrity = {}".into());
    demand("trouble", "", format!("timeout = {{ per_try = \"{}ms\" }}", declared.per_try));
    if let Some(total) = declared.total {
        demand("trouble", "", format!("timeout = {{ total = \"{total}ms\" }}"));
    }
    if let Some(breaker) = &declared.breaker {
        demand("trouble", "", breaker_demand(breaker));
        demand("trouble", "", "shed = { of = [503], within = \"50ms\" }".into());
    }
    for (kind, statuses) in [("hang", "504"), ("close", "502")] {
        if faults.kinds() == [kind] {
            demand(
                "trouble",
                "",
                format!("status = {{ of = [{statuses}], on = \"{kind}\", gateway_made = true }}"),
            );
        }
    }
    if faults.kinds() == ["latency"] && declared.attempts == 1 {
        demand("trouble", "", "attempts = { amplification_max = 1 }".into());
    }
    let within = declared.recovery_ms();
    demand("recovery", "", format!("recovery = {{ within = \"{within}ms\" }}"));
    demands.push(Demanded::Keys(keys(declared)));
    demands
}

/// What follows for requests that may be tried again.
fn retries(declared: &Declared) -> Vec<String> {
    let attempts = declared.attempts;
    let mut found = vec![format!("attempts = {{ max = {attempts} }}")];
    if attempts > 1 && declared.breaker.is_none() {
        // While a breaker is open there may be nowhere to try again.
        found.push(format!("attempts = {{ exactly = {attempts} }}"));
        found.push("attempts = { other_backend = true }".into());
    }
    if let Some(Backoff { base, factor, jitter }) = declared.backoff.as_ref().filter(|_| attempts > 1) {
        let growth = format!("{{ base = \"{base}ms\", factor = {factor}.0 }}");
        found.push(match (jitter, factor) {
            (true, _) => format!("backoff = {{ full_jitter = {growth} }}"),
            (false, 1) => format!("backoff = {{ fixed = \"{base}ms\" }}"),
            (false, _) => format!("backoff = {{ exponential = {growth} }}"),
        });
    } else if attempts > 1 {
        found.push("backoff = { none = true }".into());
    }
    found
}

fn breaker_demand(breaker: &super::declared::Breaker) -> String {
    let workers =
        if breaker.workers > 1 { format!(", workers = {}", breaker.workers) } else { String::new() };
    let scope = if breaker.pool { ", scope = \"pool\"" } else { "" };
    format!(
        "breaker = {{ trips_after = {{ {} }}, open_for = \"{}ms\"{workers}{scope} }}",
        breaker.trip, breaker.open_for
    )
}

/// The keys of the policy that can be judged.
fn keys(declared: &Declared) -> Vec<String> {
    let mut keys = vec!["timeout.per_try".to_owned()];
    keys.extend(declared.total.map(|_| "timeout.total".into()));
    if declared.attempts > 1 {
        keys.push("retry.attempts".into());
        keys.extend(declared.on.iter().map(|on| format!("retry.on.{on}")));
        keys.extend(["retry.methods", "retry.other_backend"].map(String::from));
        keys.extend(declared.backoff.as_ref().map(|_| "retry.backoff".into()));
    }
    keys.extend(declared.breaker.as_ref().map(|_| "breaker.trip".into()));
    keys
}
