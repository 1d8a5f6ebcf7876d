//! The performance goals, measured against peers in the same run and printed as ratios. Nothing is asserted: machines
//! differ and are noisy, so read the ratios, and read them twice.
//!
//! `cargo bench -p brownout-tests` runs all; `cargo bench -p brownout-tests -- driver delay` some of them. It needs nginx
//! and wrk (`bash tests/setup-gateways.sh --bench`), and loads loopback only, for a few seconds each.

mod analyze;
mod backend;
mod cpu;
mod delay;
mod driver;
mod held;
mod log;
mod memory;
mod omission;
mod overhead;
mod page;
mod peers;
mod schedule;
mod simulated;
mod table;

use std::io::Write;

type Outcome = Result<Vec<table::Row>, Box<dyn std::error::Error>>;

/// A bench by its name.
type Bench = (&'static str, fn() -> Outcome);

const BENCHES: [Bench; 11] = [
    ("driver", driver::measure),
    ("schedule", schedule::measure),
    ("omission", omission::measure),
    ("backend", backend::measure),
    ("delay", delay::measure),
    ("held", held::measure),
    ("analyze", analyze::measure),
    ("simulated", simulated::measure),
    ("page", page::measure),
    ("overhead", overhead::measure),
    ("log", log::measure),
];

fn main() {
    // Cargo passes `--bench`, which says nothing here.
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", table::HEAD);
    for (name, measure) in BENCHES {
        if !chosen.is_empty() && !chosen.iter().any(|wanted| wanted == name) {
            continue;
        }
        let _ = match measure() {
            Ok(rows) => rows.iter().try_for_each(|row| writeln!(out, "{row}")),
            Err(error) => writeln!(out, "| {name} | not measured: {error} | | |"),
        };
    }
}
