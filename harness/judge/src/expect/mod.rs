//! The kinds of expectations: what may be demanded of a gateway.
//!
//! A new kind is one file here (settings, judgement, documentation under the four headings, tests), its `mod` line,
//! and its line in the registry below.

mod access_log;
mod affinity;
mod agrees;
mod amplification;
mod attempts;
mod availability;
mod backoff;
mod balance;
mod breaker;
mod cancel;
mod connections;
mod contract;
mod cost;
mod credentials;
mod drain;
mod failover;
mod freeze;
mod headers;
mod integrity;
mod isolation;
mod latency;
mod limit;
mod no_replay;
mod orphans;
mod policy;
mod probes;
mod rate_limit;
mod recovery;
mod replay_body;
mod retry_after;
mod retry_budget;
mod shed;
mod stable_after;
mod status;
#[cfg(test)]
mod tests;
mod timeout;

pub use contract::{Expectation, Needed};

units::registry! {
    /// A demand with its bounds, chosen by its key in the scenario.
    ExpectationSettings: Expectation {
        "attempts" => Attempts in attempts,
        "amplification" => Amplification in amplification,
        "timeout" => Timeout in timeout,
        "status" => Status in status,
        "backoff" => Backoff in backoff,
        "retry_after" => RetryAfter in retry_after,
        "retry_budget" => RetryBudget in retry_budget,
        "no_replay" => NoReplay in no_replay,
        "replay_body" => ReplayBody in replay_body,
        "breaker" => Breaker in breaker,
        "availability" => Availability in availability,
        "latency" => Latency in latency,
        "recovery" => Recovery in recovery,
        "stable_after" => StableAfter in stable_after,
        "failover" => Failover in failover,
        "isolation" => Isolation in isolation,
        "affinity" => Affinity in affinity,
        "balance" => Balance in balance,
        "integrity" => Integrity in integrity,
        "headers" => Headers in headers,
        "credentials" => Credentials in credentials,
        "shed" => Shed in shed,
        "limit" => Limit in limit,
        "rate_limit" => RateLimit in rate_limit,
        "drain" => Drain in drain,
        "probes" => Probes in probes,
        "cost" => Cost in cost,
        "cancel" => Cancel in cancel,
        "orphans" => Orphans in orphans,
        "connections" => Connections in connections,
        "freeze" => Freeze in freeze,
        "agrees" => Agrees in agrees,
        "access_log" => AccessLog in access_log,
        "policy" => Policy in policy,
    }
}

impl ExpectationSettings {
    /// True if it judges this key of the declared policy: `retry.attempts`.
    pub fn is_about(&self, key: &str) -> bool {
        matches!(self, ExpectationSettings::Policy(policy) if policy.is_about(key))
    }
}
