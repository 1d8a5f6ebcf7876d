//! Faults of time: answers come late.

pub(super) mod latency;
