//! Faults of connections: they are refused, ignored, or ended.

pub(super) mod close;
pub(super) mod cut;
pub(super) mod refuse;
pub(super) mod reset;
