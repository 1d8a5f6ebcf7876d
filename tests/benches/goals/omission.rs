//! Coordinated omission: nginx stands still for 1 s of a 10 s run at 2 000/s. One request in ten was due while it did, so
//! the true 99th percentile of response time is 900 ms; a driver that waits would report a few.

use std::time::Duration;

use archive::read_run;
use evidence::Exchange;
use rustix::process::{Pid, Signal, kill_process};
use units::Timespan;

use crate::cpu;
use crate::driver::{run, spec};
use crate::peers::Nginx;
use crate::schedule::{constant, quantile};
use crate::table::Row;

pub(crate) fn measure() -> crate::Outcome {
    let nginx = Nginx::start("return 200 'ok';")?;
    let pid = Pid::from_raw(nginx.pid() as i32).ok_or("nginx has no process id")?;
    let mut spec = spec(nginx.address, constant(2_000.0, 10));
    spec.connections_max = 512;
    let dir = tempfile::tempdir()?;
    std::thread::scope(|scope| -> Result<(), Box<dyn std::error::Error>> {
        scope.spawn(|| {
            cpu::pause(Duration::from_secs(4));
            let _ = kill_process(pid, Signal::STOP);
            cpu::pause(Duration::from_secs(1));
            let _ = kill_process(pid, Signal::CONT);
        });
        run(&spec, dir.path()).map(drop)
    })?;
    let exchanges = read_run(dir.path())?.evidence.exchanges;
    let p99 = quantile(&exchanges, Exchange::response_time, 0.99);
    Ok(vec![Row {
        what: "nginx frozen for 1 s in 10 s at 2 000/s: p99 of response time",
        measured: Timespan(p99).to_string(),
        goal: "900 ms ± 5 %",
        met: (855..=945).contains(&p99.as_millis()),
    }])
}
