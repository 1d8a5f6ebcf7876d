//! What is tested: the reference gateway with its named defects, launched gateways, and attached ones.
//!
//! Every kind is started through one contract and reaped on every path. The room knows nothing of scenarios,
//! backends' faults or verdicts: it gets addresses and a policy, and gives back an address.

mod access_log;
mod action;
mod acts;
mod address;
mod in_process;
mod kinds;
mod metrics;
pub mod process;
mod readiness;
pub mod ready;
pub mod reference;
mod running;
mod spec;

pub use access_log::{AccessLog, LogReader, Told};
pub use action::{Action, ActionSettings, Scene};
pub use acts::{Acts, Doing, Means, NotDone};
pub use in_process::InProcess;
pub use kinds::{GatewaySettings, Launched, Program, backends_in};
pub use metrics::{Counters, Metrics, MetricsPage, SCRAPED_EVERY, Up};
pub use readiness::Ready;
pub use spec::{
    Allowed, Gateway, Handle, Launch, LaunchError, Running, Trust, Unsupported, Upstream, Upstreams,
};
