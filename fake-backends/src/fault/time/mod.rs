//! Faults of time: answers come late.

pub(super) mod capacity;
pub(super) mod congestion;
pub(super) mod latency;
