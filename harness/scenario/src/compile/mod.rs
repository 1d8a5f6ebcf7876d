//! From the file to the plan. Each topic resolves its part and notes everything that is wrong with it, so that all
//! cross-checks come at once.

mod access_log;
mod actions;
mod assemble;
mod backends;
mod context;
mod demands;
mod faults;
mod gateway;
mod group;
mod hits;
mod keys;
mod limits;
mod load;
mod metrics;
mod mix;
mod mode;
mod moving;
mod phases;
mod placeholders;
mod record;
mod request;
mod sizes;
mod trace;
mod traffic;
mod trouble;
mod vacuous;

pub(crate) use assemble::compile;
use context::Context;
pub(crate) use faults::{inline, settings};
pub(crate) use gateway::configuration;
pub(crate) use vacuous::exposures;
