//! The reference gateway from outside: what it sends to backends and to clients when backends fail.
//!
//! Nearly all of it runs in the simulated world, where times are exact.

pub(crate) mod backend;
mod bodies;
mod breakers;
pub(crate) mod client;
mod defects;
mod family;
mod pools;
mod real;
mod retries;
mod rig;
mod timeouts;
mod url;
