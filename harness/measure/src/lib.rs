//! What a gateway did, measured on a ledger: figures with intervals and exposures, without any demand.
//!
//! A fact is measured in one place. Expectations, the declared policy, comparisons, charts and discovery are readers of the
//! same facts. The room is synchronous, reads no clock and opens nothing. A [`view::View`] says where to look, and has
//! set aside what is not the gateway's.

pub mod access_log;
pub mod affinity;
pub mod aftermath;
pub mod amplification;
pub mod arrivals;
pub mod aside;
pub mod attempts;
pub mod automata;
pub mod behaviour;
pub mod bounds;
pub mod brief;
pub mod bystanders;
pub mod cancel;
pub mod cell;
pub mod choices;
pub mod concurrency;
pub mod connections;
pub mod conservation;
pub mod cost;
pub mod counters;
pub mod credentials;
pub mod failover;
pub mod fates;
pub mod fired;
pub mod freezes;
pub mod gaps;
pub mod histograms;
pub mod hop_by_hop;
pub mod integrity;
pub mod lengths;
pub mod lifetimes;
pub mod limit;
pub mod maintenance;
pub mod orphans;
pub mod outcomes;
pub mod passage;
pub mod placed;
pub mod probes;
pub mod rate_limit;
pub mod replay_body;
pub mod replays;
pub mod request_rules;
pub mod response;
pub mod retry_after;
pub mod retry_budget;
pub mod retry_matrix;
pub mod series;
pub mod shed;
pub mod silence;
pub mod spread;
pub mod stalls;
pub mod strangers;
pub mod success;
pub mod tables;
#[cfg(any(test, feature = "testing"))]
#[expect(missing_docs, reason = "the list at the top of the module explains its words")]
pub mod testing;
mod unhurried;
pub mod usable;
pub mod view;
pub mod worth;
