//! Faults of what is answered, and whether anything is.

pub(super) mod early_answer;
pub(super) mod fail_first;
pub(super) mod hang;
pub(super) mod huge_headers;
pub(super) mod interim;
pub(super) mod rate_limit;
pub(super) mod redirect;
pub(super) mod status;
