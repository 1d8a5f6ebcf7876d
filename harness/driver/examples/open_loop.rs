//! How late the driver sends, open loop with full recording.
//!
//! `open_loop ADDRESS RATE SECONDS`

use std::io::Write;
use std::time::Duration;

use brownout_driver::{Arrivals, Mode, Segment};
use evidence::Exchange;
use units::{Moment, Rate, Stretch, Timespan};

mod bench;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, rate, seconds] = arguments.as_slice() else {
        return Err("usage: open_loop ADDRESS RATE SECONDS".into());
    };
    let rate: Rate = rate.parse()?;
    let during =
        Stretch { from: Moment::EPOCH, to: Moment::after_epoch(Duration::from_secs(seconds.parse()?)) };
    let mode = Mode::Open(vec![Segment { during, from: rate, to: rate, arrivals: Arrivals::Constant }]);
    let dir = tempfile::tempdir()?;
    let measured = bench::run(&bench::spec(address.parse()?, 256, mode), dir.path())?;
    let exchanges = &measured.recorded.evidence.exchanges;
    writeln!(
        std::io::stdout(),
        "{:?}, {:.2} CPU µs a request, {} on record\nlag      {}\nservice  {}\nresponse {}",
        measured.totals,
        measured.cpu.as_secs_f64() * 1e6 / exchanges.len().max(1) as f64,
        exchanges.len(),
        percentiles(exchanges.iter().map(Exchange::lag).collect()),
        percentiles(exchanges.iter().map(Exchange::service_time).collect()),
        percentiles(exchanges.iter().map(Exchange::response_time).collect()),
    )?;
    Ok(())
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        Timespan(times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or_default())
    };
    format!("p50 {} · p99 {} · p99.9 {}", at(0.5), at(0.99), at(0.999))
}
