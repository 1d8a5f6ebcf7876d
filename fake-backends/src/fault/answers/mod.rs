//! Faults of what is answered, and whether anything is.

pub(super) mod fail_first;
pub(super) mod hang;
pub(super) mod status;
