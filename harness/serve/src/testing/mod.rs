//! What tests of the room share.

mod hands;

pub(crate) use hands::Hands;
