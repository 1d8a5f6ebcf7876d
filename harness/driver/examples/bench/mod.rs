//! What the two measurements share: a spec, a run with full recording in a directory of its own, and the CPU spent.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use brownout_driver::{Class, DriverSpec, Live, Mode, Totals, drive, prepare};
use evidence::{FORMAT, Machine, Manifest, ReadRun, Recording, RunNonce, read_run};
use net::World;
use rustix::time::{ClockId, clock_gettime};
use tokio_util::sync::CancellationToken;
use units::{Moment, Size};

/// What one run took, and what it recorded.
pub(crate) struct Measured {
    /// How it ended.
    pub(crate) totals: Totals,
    /// CPU time of the whole process, recording included.
    pub(crate) cpu: Duration,
    /// What is on disk.
    pub(crate) recorded: ReadRun,
}

/// A load of `GET /` in one class.
pub(crate) fn spec(target: SocketAddr, connections: usize, mode: Mode) -> DriverSpec {
    let class = Class {
        name: "reads".into(),
        method: "GET".into(),
        path: "/".into(),
        headers: Vec::new(),
        body: None,
        deadline: Duration::from_secs(5),
        keep_alive: true,
        mode,
    };
    DriverSpec {
        target,
        host: "bench".into(),
        classes: vec![class],
        seed: 7,
        nonce: RunNonce(7),
        connections_max: connections,
        in_flight_max: 10_000,
        response_body_max: Size(1 << 20),
        exchanges_max: u64::MAX,
        threads: 1,
    }
}

/// Runs the load on this thread.
pub(crate) fn run(spec: &DriverSpec, dir: &Path) -> Result<Measured, Box<dyn std::error::Error>> {
    let recording = Recording::create(dir, &manifest())?;
    let load = prepare(spec)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let before = clock_gettime(ClockId::ProcessCPUTime);
    let totals = tokio::task::LocalSet::new().block_on(&runtime, async {
        let world = World::real();
        world.set_epoch_in(Duration::ZERO);
        drive(world, load.part(0), recording.recorder(), Arc::<Live>::default(), CancellationToken::new()).await
    });
    recording.finish(Moment::EPOCH, None, evidence::Losses::default())?;
    let after = clock_gettime(ClockId::ProcessCPUTime);
    let nanos = (after.tv_sec - before.tv_sec) * 1_000_000_000 + after.tv_nsec - before.tv_nsec;
    Ok(Measured { totals, cpu: Duration::from_nanos(nanos.unsigned_abs()), recorded: read_run(dir)? })
}

fn manifest() -> Manifest {
    Manifest {
        format: FORMAT,
        brownout: "bench".into(),
        run: "bench".into(),
        scenario_path: String::new(),
        scenario_text: String::new(),
        plan: Default::default(),
        seed: 7,
        nonce: RunNonce(7),
        gateway: "nginx".into(),
        gateway_version: None,
        simulated: false,
        started: String::new(),
        machine: Machine { system: String::new(), architecture: String::new(), cores: 0 },
    }
}
