//! Requests that a backend holds for 5 s, all at once, with both ends in this process: what each costs in memory, whether
//! any is lost, and how punctual its end is.

use std::path::Path;
use std::time::Duration;

use archive::read_run;
use evidence::Outcome;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use units::Timespan;

use crate::backend::serving;
use crate::delay::{delay_errors, latency};
use crate::driver::{run, spec};
use crate::memory::{resident, resident_peak};
use crate::schedule::constant;
use crate::table::Row;

/// Requests at once, where descriptors suffice: each has one at both ends.
const HELD: u64 = 20_000;
/// Seconds in which they are sent, less than the 5 s for which each is held.
const SECONDS: u64 = 4;
/// Descriptors for all else.
const SPARE: u64 = 500;

pub(crate) fn measure() -> crate::Outcome {
    let held = HELD.min(descriptors(2 * HELD + SPARE).saturating_sub(SPARE) / 2);
    let (there, here) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let this = Path::new("/proc/self/status");
    let before = resident(this).ok_or("no memory figures in /proc")?;
    serving(there.path(), vec![latency("5s")?], |address| {
        let mut spec = spec(address, constant(held as f64 / SECONDS as f64, SECONDS));
        spec.connections_max = held as usize;
        spec.in_flight_max = held as usize;
        run(&spec, here.path()).map(drop)
    })??;
    let each = (resident_peak(this).ok_or("no memory figures in /proc")?.saturating_sub(before)) as f64
        / held as f64;
    let exchanges = read_run(here.path())?.evidence.exchanges;
    let lost = exchanges.iter().filter(|exchange| exchange.outcome != Outcome::Complete).count();
    let (p50, p99) = delay_errors(there.path())?;
    Ok(vec![Row {
        what: "requests held for 5 s at once, both ends: memory each; delay error, p50 · p99",
        measured: format!("{held} held, {lost} lost; {each:.1} KiB; {} · {}", Timespan(p50), Timespan(p99)),
        goal: "20000, 0 lost; 16 KiB; p99 5 ms",
        met: held == HELD && lost == 0 && each <= 16.0 && p99 <= Duration::from_millis(5),
    }])
}

/// How many descriptors this process may have, after it asked for `wanted`: who may, raises the hard limit too.
fn descriptors(wanted: u64) -> u64 {
    let now = getrlimit(Resource::Nofile);
    let hard = now.maximum.unwrap_or(u64::MAX);
    for limit in [wanted.max(hard), hard] {
        if setrlimit(Resource::Nofile, Rlimit { current: Some(limit), maximum: Some(limit) }).is_ok() {
            return limit;
        }
    }
    now.current.unwrap_or(u64::MAX)
}
