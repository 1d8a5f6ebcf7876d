//! A fake backend with recording, under wrk, against nginx `return 200` under the same wrk.

use std::net::SocketAddr;
use std::time::Duration;

use archive::Recording;
use evidence::{Losses, RunNonce};
use fake_backends::{BackendSpec, Injection, PoolSpec};
use net::World;
use tokio_util::sync::CancellationToken;
use units::{Moment, Size};

use crate::cpu;
use crate::driver::manifest;
use crate::peers::{Nginx, free_address, wrk};
use crate::table::{Row, median};

const SECONDS: u32 = 4;
const ROUNDS: usize = 3;
/// The nonce in the tags that wrk sends.
const TAGS: &str = "00000007";

pub(crate) fn measure() -> crate::Outcome {
    let body = "x".repeat(256);
    let nginx = Nginx::start(&format!("return 200 '{body}';"))?;
    let (mut costs, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = cpu::of(nginx.pid()).ok_or("nginx is gone")?;
        let peer = wrk(nginx.address, SECONDS, Some(TAGS))?;
        let peer_cost = (cpu::of(nginx.pid()).ok_or("nginx is gone")? - before) / peer.requests;
        let dir = tempfile::tempdir()?;
        let before = cpu::own();
        let load = serving(dir.path(), Vec::new(), |address| wrk(address, SECONDS, Some(TAGS)))??;
        let own_cost = (cpu::own() - before) / load.requests;
        costs.push(own_cost * 1e6);
        ratios.push(own_cost / peer_cost);
    }
    let ratio = median(ratios);
    Ok(vec![Row {
        what: "fake backend with recording: CPU a request",
        measured: format!("{:.1} µs, {ratio:.2} × nginx", median(costs)),
        goal: "0.9 × nginx `return 200`",
        met: ratio <= 0.9,
    }])
}

/// Serves one backend on a thread of its own, with everything recorded, while `load` runs.
pub(crate) fn serving<T>(
    dir: &std::path::Path,
    injections: Vec<Injection>,
    load: impl FnOnce(SocketAddr) -> T,
) -> Result<T, Box<dyn std::error::Error>> {
    let address = free_address()?;
    let spec = PoolSpec {
        backends: vec![BackendSpec {
            name: "bench".into(),
            listen: address,
            body: Size(256),
            headers: Vec::new(),
            tls: None,
        }],
        injections,
        seed: 7,
        nonce: RunNonce(7),
        exchanges_max: 10_000_000,
        connections_max: 25_000,
        request_body_max: Size(1 << 20),
        record: None,
    };
    let recording = Recording::create(dir, &manifest(), || {})?;
    let (recorder, stop) = (recording.recorder(), CancellationToken::new());
    let stopped = stop.clone();
    let (ready, bound) = std::sync::mpsc::channel();
    let serving = std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event loop");
        tokio::task::LocalSet::new().block_on(&runtime, async move {
            let world = World::real();
            world.set_epoch_in(Duration::ZERO);
            match fake_backends::bind(&world, &spec) {
                Ok(pool) => {
                    ready.send(Ok(())).ok();
                    pool.serve(spec, recorder, stopped).await;
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        });
    });
    bound.recv()??;
    let output = load(address);
    stop.cancel();
    serving.join().map_err(|_| "the backend panicked")?;
    recording.finish(Moment::EPOCH, None, Losses::default())?;
    Ok(output)
}
