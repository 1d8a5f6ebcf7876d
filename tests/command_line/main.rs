//! The command line on the real binary: words, exit codes, bad input, signals, and what is left behind.

mod common;

mod comparing;
mod disagreeing;
mod discover;
mod evidence;
mod export;
mod families;
mod gamedays;
mod gateways;
mod hardship;
mod importing;
mod listening;
mod progress;
mod reference;
mod reports;
mod runs;
mod scenarios;
mod serve;
mod server;
mod signals;
mod status;
mod usage;
mod writing;
