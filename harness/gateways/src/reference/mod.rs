//! A gateway of ours, with what the backend layer of an API gateway has, and with defects on demand.
//!
//! It runs in both worlds, and in the simulated one two runs of a seed are identical: all time and all sockets come
//! from `net`, all draws from the seed.

mod acting;
mod activity;
mod affinity;
mod attempt;
mod body;
mod breaker;
mod breakers;
mod budget;
mod connections;
mod defects;
mod forward;
mod front;
mod gateway;
mod headers;
mod health;
mod launch;
mod leaving;
mod line;
mod logs;
mod mixed;
mod pool;
mod quota;
mod request_rules;
mod retry;
mod rules;
mod secured;
mod serve;
mod settings;
mod standstill;
mod swap;
mod tells;
mod window;

pub use defects::Defect;
pub(crate) use launch::launch;
pub(crate) use logs::LOG_PATTERN;
pub(crate) use settings::Setup;
pub(crate) use tells::COUNTERS;
