//! The driver, closed loop on 64 connections with everything recorded, against wrk on the same nginx.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use archive::{FORMAT, Machine, Manifest, Recording};
use driver::{Class, DriverSpec, Live, Mode, drive, prepare};
use evidence::{Losses, RunNonce};
use net::World;
use tokio_util::sync::CancellationToken;
use units::{Moment, Size, Stretch};

use crate::cpu;
use crate::peers::{Nginx, wrk};
use crate::table::{Row, median};

const SECONDS: u32 = 4;
const ROUNDS: usize = 3;

pub(crate) fn measure() -> crate::Outcome {
    let nginx = Nginx::start("return 200 'ok';")?;
    let (mut costs, mut ratios, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let peer = wrk(nginx.address, SECONDS, None)?;
        let during =
            Stretch { from: Moment::EPOCH, to: Moment::after_epoch(Duration::from_secs(SECONDS.into())) };
        let spec = spec(nginx.address, Mode::Closed { users: 64, during: vec![during], think: None });
        let dir = tempfile::tempdir()?;
        let (requests, seconds) = run(&spec, dir.path())?;
        let own = seconds / requests * 1e6;
        ratios.push(own / (peer.cpu / peer.requests * 1e6));
        rates.push(requests / peer.requests);
        costs.push(own);
    }
    let ratio = median(ratios);
    let measured =
        format!("{:.1} µs a request, {ratio:.2} × wrk; {:.2} × its requests/s", median(costs), median(rates));
    Ok(vec![Row {
        what: "driver with recording, closed loop, 64 connections: CPU a request",
        measured,
        goal: "0.9 × wrk",
        met: ratio <= 0.9,
    }])
}

/// A load of `GET /` in one class.
pub(crate) fn spec(target: SocketAddr, mode: Mode) -> DriverSpec {
    let class = Class { deadline: Duration::from_secs(10), ..Class::get("/", mode) };
    DriverSpec {
        target,
        further_targets: Vec::new(),
        host: "bench".into(),
        classes: vec![class],
        mixes: Vec::new(),
        seed: 7,
        nonce: RunNonce(7),
        connections_max: 64,
        in_flight_max: 10_000,
        response_body_max: Size(1 << 20),
        exchanges_max: u64::MAX,
        threads: 1,
        record: None,
        backends: Vec::new(),
    }
}

/// Runs the load with recording; gives the exchanges and the processor seconds of the whole process.
pub(crate) fn run(spec: &DriverSpec, dir: &Path) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let recording = Recording::create(dir, &manifest(), || {})?;
    let load = prepare(spec)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let before = cpu::own();
    let totals = tokio::task::LocalSet::new().block_on(&runtime, async {
        let world = World::real();
        world.set_epoch_in(Duration::ZERO);
        let live = Arc::<Live>::default();
        drive(world, load.part(0), recording.recorder(), live, CancellationToken::new()).await
    });
    recording.finish(Moment::EPOCH, None, Losses::default())?;
    Ok((totals.exchanges() as f64, cpu::own() - before))
}

/// A manifest for evidence that nobody judges.
pub(crate) fn manifest() -> Manifest {
    let text = serde_json::json!({
        "format": FORMAT, "brownout": "bench", "run": "bench", "scenario_path": "", "scenario_text": "",
        "plan": null, "seed": 7, "nonce": 7, "gateway": "nginx", "gateway_version": null, "simulated": false,
        "started": "", "machine": Machine { system: String::new(), architecture: String::new(), cores: 0 },
    });
    serde_json::from_value(text).expect("every field of a manifest is there")
}
