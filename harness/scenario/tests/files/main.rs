//! Scenario files, from their text to a plan or to diagnostics.

mod actions;
mod common;
mod cross_checks;
mod hostile;
mod injections;
mod library;
mod load_checks;
mod loading;
mod metrics;
mod mix;
mod plan;
mod record;
mod schema;
mod shape;
mod target;
mod think;
mod trace;
mod trouble;
