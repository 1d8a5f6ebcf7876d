//! The schedule, open loop: 10 000 requests a second for 10 s against nginx, and how late they were sent.

use std::time::Duration;

use archive::read_run;
use driver::{Arrivals, Mode, Segment};
use evidence::{Exchange, Outcome};
use units::{Moment, Rate, Stretch, Timespan};

use crate::driver::{run, spec};
use crate::peers::Nginx;
use crate::table::Row;

pub(crate) fn measure() -> crate::Outcome {
    let nginx = Nginx::start("return 200 'ok';")?;
    let dir = tempfile::tempdir()?;
    run(&spec(nginx.address, constant(10_000.0, 10)), dir.path())?;
    let exchanges = read_run(dir.path())?.evidence.exchanges;
    let sent = exchanges.iter().filter(|exchange| exchange.outcome == Outcome::Complete).count();
    let lag = |share| quantile(&exchanges, Exchange::lag, share);
    let (p50, p99) = (lag(0.5), lag(0.99));
    Ok(vec![
        Row {
            what: "schedule kept at 10 000/s for 10 s",
            measured: format!("{:.2} %", sent as f64 / 1000.0),
            goal: "100 %",
            met: sent == 100_000,
        },
        Row {
            what: "lag at 10 000/s, p50 · p99",
            measured: format!("{} · {}", Timespan(p50), Timespan(p99)),
            goal: "0.1 · 0.5 ms",
            met: p50 <= Duration::from_micros(100) && p99 <= Duration::from_micros(500),
        },
    ])
}

/// An even schedule.
pub(crate) fn constant(rate: f64, seconds: u64) -> Mode {
    let during = Stretch { from: Moment::EPOCH, to: Moment::after_epoch(Duration::from_secs(seconds)) };
    let rate = Rate::per_second(rate);
    Mode::Open(vec![Segment { during, from: rate, to: rate, arrivals: Arrivals::Constant }])
}

/// A quantile of a length over all exchanges.
pub(crate) fn quantile(exchanges: &[Exchange], length: fn(&Exchange) -> Duration, share: f64) -> Duration {
    let mut lengths: Vec<Duration> = exchanges.iter().map(length).collect();
    lengths.sort_unstable();
    let index = (lengths.len() as f64 * share) as usize;
    lengths.get(index.min(lengths.len().saturating_sub(1))).copied().unwrap_or_default()
}
