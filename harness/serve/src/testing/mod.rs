//! What tests of the room share.

mod client;
mod hands;

pub(crate) use client::{Reply, Served};
pub(crate) use hands::Hands;
