//! HTTP/1.1 servers that misbehave on purpose and record what reached them.
//!
//! A backend computes what to do from its spec, the time since the epoch, the tag and the seed. Nobody switches
//! faults on and off while a run goes on, so there is no control channel to race with.

mod correlate;
pub mod fault;
mod ramp;
mod reach;
mod server;
mod spec;
mod when;

pub use correlate::Correlate;
pub use ramp::Ramp;
pub use reach::{is_off_loopback, listen_address, permit};
pub use server::{Arrivals, BODY_MAX, BindError, Pool, PoolTotals, TLS_NAME, bind};
pub use spec::{BackendSpec, BackendTls, Injection, PoolSpec};
pub use when::{Flap, HeaderIs, TRAFFIC_HEADER, When};
