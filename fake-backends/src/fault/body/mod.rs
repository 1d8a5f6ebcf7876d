//! Faults of bodies and their framing: what comes is not what was said.

pub(super) mod bad_chunk;
pub(super) mod corrupt;
pub(super) mod duplicate_framing;
pub(super) mod false_encoding;
pub(super) mod framing;
pub(super) mod garbage;
pub(super) mod missing_last_chunk;
pub(super) mod wrong_length;
