//! A latency fault of 50 ms at 10 000/s: how far the real delays are from it, and how much of that is the machine's.

use std::path::Path;
use std::time::Duration;

use archive::read_run;
use fake_backends::{Injection, When};
use units::{Moment, Stretch, Timespan};

use crate::backend::serving;
use crate::driver::{run, spec};
use crate::schedule::constant;
use crate::table::Row;

pub(crate) fn measure() -> crate::Outcome {
    let (there, here) = (tempfile::tempdir()?, tempfile::tempdir()?);
    serving(there.path(), vec![latency("50ms")?], |address| {
        let mut spec = spec(address, constant(10_000.0, 5));
        spec.connections_max = 2_000;
        run(&spec, here.path()).map(drop)
    })??;
    let (p50, p99) = delay_errors(there.path())?;
    Ok(vec![Row {
        what: "latency fault of 50 ms at 10 000/s: error, p50 · p99",
        measured: format!("{} · {}", Timespan(p50), Timespan(p99)),
        goal: "0.1 · 0.4 ms",
        met: p50 <= Duration::from_micros(100) && p99 <= Duration::from_micros(400),
    }])
}

/// A fault that delays each answer of the one backend by `fixed`.
pub(crate) fn latency(fixed: &str) -> Result<Injection, serde_json::Error> {
    Ok(Injection {
        fault: serde_json::from_value(serde_json::json!({ "latency": { "fixed": fixed } }))?,
        ramp: None,
        backends: vec![0],
        during: Stretch { from: Moment::EPOCH, to: Moment::NEVER },
        flap: None,
        correlate: None,
        when: When::default(),
    })
}

/// How far the delays of a run's attempts were from the injected ones: the median and the 99th percentile.
pub(crate) fn delay_errors(dir: &Path) -> Result<(Duration, Duration), Box<dyn std::error::Error>> {
    let attempts = read_run(dir)?.evidence.attempts;
    let mut errors: Vec<u64> = attempts.iter().map(|attempt| attempt.delay_error.unsigned_abs()).collect();
    errors.sort_unstable();
    let at = |share: f64| {
        let index = (errors.len() as f64 * share) as usize;
        Duration::from_nanos(
            errors.get(index.min(errors.len().saturating_sub(1))).copied().unwrap_or_default(),
        )
    };
    Ok((at(0.5), at(0.99)))
}
