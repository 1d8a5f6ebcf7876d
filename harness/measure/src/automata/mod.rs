//! Breakers and ejection as runs of machines: whether what arrived at a backend can be a run of a declared one.
//!
//! - `member`: the family of machines: what opens them, for how long, how traffic comes back
//! - `input`: what a search reads: arrivals, what they told and when (`results`), and which traffic was `offered`
//! - `followed`: the part of the run that it can follow
//! - `count`: whether the results so far may, or must, have opened a machine
//! - `window`: the same for one of several instances
//! - `state`: the states that a machine can be in; `arriving`, `learning`: what an arrival and a result make of each
//! - `search`: all states that fit what was seen, and the first arrival or silence that fits none

mod arriving;
mod count;
pub mod followed;
pub mod input;
mod learning;
pub mod member;
pub mod offered;
mod results;
pub mod search;
mod state;
#[cfg(test)]
mod tests;
mod window;
