//! Requests a second and CPU a request of the driver in closed loop with full recording, for comparing with `wrk`.
//!
//! `closed_loop ADDRESS CONNECTIONS SECONDS`

use std::io::Write;
use std::time::Duration;

use brownout_driver::Mode;
use units::{Moment, Stretch};

mod bench;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, connections, seconds] = arguments.as_slice() else {
        return Err("usage: closed_loop ADDRESS CONNECTIONS SECONDS".into());
    };
    let (connections, seconds): (u32, u64) = (connections.parse()?, seconds.parse()?);
    let during = Stretch { from: Moment::EPOCH, to: Moment::after_epoch(Duration::from_secs(seconds)) };
    let mode = Mode::Closed { users: connections, during: vec![during] };
    let dir = tempfile::tempdir()?;
    let measured = bench::run(&bench::spec(address.parse()?, connections as usize, mode), dir.path())?;
    let exchanges = measured.totals.exchanges();
    writeln!(
        std::io::stdout(),
        "{:.0} requests/s, {:.2} CPU µs a request, {} failed, {} on record",
        exchanges as f64 / seconds as f64,
        measured.cpu.as_secs_f64() * 1e6 / exchanges.max(1) as f64,
        measured.totals.failed,
        measured.recorded.evidence.exchanges.len(),
    )?;
    Ok(())
}
