//! Faults of pace: heads and bodies that come, or are taken, slowly.

pub(super) mod slow_body;
pub(super) mod slow_headers;
pub(super) mod slow_read;
pub(super) mod stall;
pub(super) mod throttle;
