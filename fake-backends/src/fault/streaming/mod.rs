//! Faults of streams, as an AI gateway meets them.

pub(super) mod events;
