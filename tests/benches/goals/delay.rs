//! A latency fault of 50 ms at 2 000/s: how far the real delays are from it.

use std::time::Duration;

use archive::read_run;
use fake_backends::{Injection, When};
use units::{Moment, Stretch, Timespan};

use crate::backend::serving;
use crate::driver::{run, spec};
use crate::schedule::constant;
use crate::table::Row;

pub(crate) fn measure() -> crate::Outcome {
    let fault = serde_json::from_str(r#"{"latency": {"fixed": "50ms"}}"#)?;
    let during = Stretch { from: Moment::EPOCH, to: Moment::NEVER };
    let injection = Injection {
        fault,
        ramp: None,
        backends: vec![0],
        during,
        flap: None,
        correlate: None,
        when: When::default(),
    };
    let (there, here) = (tempfile::tempdir()?, tempfile::tempdir()?);
    serving(there.path(), vec![injection], |address| {
        let mut spec = spec(address, constant(2_000.0, 5));
        spec.connections_max = 256;
        run(&spec, here.path()).map(drop)
    })??;
    let attempts = read_run(there.path())?.evidence.attempts;
    let mut errors: Vec<u64> = attempts.iter().map(|attempt| attempt.delay_error.unsigned_abs()).collect();
    errors.sort_unstable();
    let at = |share: f64| {
        let index = (errors.len() as f64 * share) as usize;
        Duration::from_nanos(
            errors.get(index.min(errors.len().saturating_sub(1))).copied().unwrap_or_default(),
        )
    };
    let (p50, p99) = (at(0.5), at(0.99));
    Ok(vec![Row {
        what: "latency fault of 50 ms at 2 000/s: error, p50 · p99",
        measured: format!("{} · {} over {} attempts", Timespan(p50), Timespan(p99), errors.len()),
        goal: "1.1 · 1.5 ms",
        met: p99 <= Duration::from_micros(1_500) && p50 <= Duration::from_micros(1_100),
    }])
}
