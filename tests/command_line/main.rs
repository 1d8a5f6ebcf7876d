//! The command line on the real binary: words, exit codes, bad input, signals, and what is left behind.

mod common;

mod evidence;
mod gateways;
mod reference;
mod runs;
mod scenarios;
mod signals;
mod usage;
mod writing;
