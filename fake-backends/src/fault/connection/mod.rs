//! Faults of connections: they are refused, ignored, or ended.

pub(super) mod accept_hang;
pub(super) mod black_hole;
pub(super) mod close;
pub(super) mod connection_limit;
pub(super) mod cut;
pub(super) mod idle_close;
pub(super) mod refuse;
pub(super) mod reset;
