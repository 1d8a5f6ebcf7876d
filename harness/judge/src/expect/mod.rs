//! The kinds of expectations: what may be demanded of a gateway.
//!
//! A new kind is one file here (settings, judgement, documentation under the four headings, tests), its `mod` line,
//! and its line in the registry below.

mod amplification;
mod attempts;
mod availability;
mod backoff;
mod balance;
mod breaker;
mod cancel;
mod connections;
mod cost;
mod credentials;
mod failover;
mod freeze;
mod headers;
mod integrity;
mod isolation;
mod latency;
mod no_replay;
mod orphans;
mod policy;
mod recovery;
mod replay_body;
mod retry_after;
mod shed;
mod stable_after;
mod status;
#[cfg(test)]
mod tests;
mod timeout;

use measure::view::View;

use crate::claim::Claim;
use crate::forecast::{Forecast, Outlook};

units::registry! {
    /// A demand with its bounds, chosen by its key in the scenario.
    ExpectationSettings: Expectation {
        "attempts" => Attempts in attempts,
        "amplification" => Amplification in amplification,
        "timeout" => Timeout in timeout,
        "status" => Status in status,
        "backoff" => Backoff in backoff,
        "retry_after" => RetryAfter in retry_after,
        "no_replay" => NoReplay in no_replay,
        "replay_body" => ReplayBody in replay_body,
        "breaker" => Breaker in breaker,
        "availability" => Availability in availability,
        "latency" => Latency in latency,
        "recovery" => Recovery in recovery,
        "stable_after" => StableAfter in stable_after,
        "failover" => Failover in failover,
        "isolation" => Isolation in isolation,
        "balance" => Balance in balance,
        "integrity" => Integrity in integrity,
        "headers" => Headers in headers,
        "credentials" => Credentials in credentials,
        "shed" => Shed in shed,
        "cost" => Cost in cost,
        "cancel" => Cancel in cancel,
        "orphans" => Orphans in orphans,
        "connections" => Connections in connections,
        "freeze" => Freeze in freeze,
        "policy" => Policy in policy,
    }
}

/// A kind of expectation.
pub trait Expectation {
    /// What it says of what is seen from one place. A pure function; empty evidence leaves it open.
    fn claims(&self, view: &View<'_>) -> Vec<Claim>;

    /// What can be told before a run: the cases that will come up, and whether it can fail or pass at all.
    fn forecast(&self, _outlook: &Outlook<'_>) -> Vec<Forecast> {
        Vec::new()
    }

    /// True if it only means something in a phase in which a fault is planned, so that the scenario is warned
    /// about a phase without one.
    fn needs_fault(&self) -> bool {
        false
    }

    /// True if a pass rests on every fault of its phase having taken effect on the traffic that it looks at.
    fn rests_on_faults(&self) -> bool {
        true
    }

    /// True if one request is enough to prove a failure, whether or not a planned fault fired on it: a write that
    /// was delivered twice. Such a failure stands where a pass would need more evidence.
    fn failure_is_proof(&self) -> bool {
        false
    }

    /// True if it looks at all phases at once where the scenario names none.
    fn looks_at_whole_run(&self) -> bool {
        false
    }

    /// The headers that it needs on record, beside path and query; `None` if it needs none of all that.
    fn headers(&self) -> Option<Vec<String>> {
        None
    }

    /// Those of them whose values are recorded as hashes only.
    fn secret_headers(&self) -> Vec<String> {
        Vec::new()
    }

    /// True if it needs the bodies of errors searched for what they disclose.
    fn searches_errors(&self) -> bool {
        false
    }

    /// The backends that it names, for the scenario to look up.
    fn backends(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The kinds of faults that it names, for the scenario to look up.
    fn faults(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The phases that it names, for the scenario to look up.
    fn phases(&self) -> Vec<&str> {
        Vec::new()
    }

    /// What is wrong with settings that are well-formed but make no sense together.
    fn problem(&self) -> Option<String> {
        None
    }
}

impl ExpectationSettings {
    /// True if it judges this key of the declared policy: `retry.attempts`.
    pub fn is_about(&self, key: &str) -> bool {
        matches!(self, ExpectationSettings::Policy(policy) if policy.is_about(key))
    }
}
