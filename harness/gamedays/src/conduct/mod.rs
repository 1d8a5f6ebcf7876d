//! The conduct of a game day, step by step: each is on disk before it is taken.

mod begin;
mod gate;
mod hold;
mod journal;
mod recover;
mod rollback;
#[cfg(test)]
mod script;
mod tell;
#[cfg(test)]
mod tests;
mod watch;

pub use begin::{ConductError, Listener, Orders, RunMade, Standing, conduct};
pub use recover::{RecoverError, recover};
pub use tell::tell_unheld;
