//! Small raw servers, and runs of the driver against them.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use archive::{FORMAT, Machine, Manifest, Recording, read_run};
use brownout_driver::{Arrivals, Class, DriverSpec, Live, Load, Mode, Segment, Totals, drive, prepare};
use evidence::{Exchange, Losses, Recorder, RunNonce};
use net::{Stream, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;
use units::{Moment, Rate, Size, Stretch};

/// A whole answer of two bytes.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// The server's end of one connection.
pub(crate) struct Peer {
    pub(crate) world: World,
    pub(crate) stream: Stream,
    /// How many connections were accepted before this one.
    pub(crate) number: usize,
    unread: Vec<u8>,
}

impl Peer {
    /// Reads one request, head and body of a declared length; nothing once the client has closed.
    pub(crate) async fn request(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.unread[..end]).into_owned();
                let body = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length = end + 4 + body.map_or(0, |length| length.parse().unwrap());
                if self.unread.len() >= length {
                    let rest = self.unread.split_off(length);
                    return Some(String::from_utf8(std::mem::replace(&mut self.unread, rest)).unwrap());
                }
            }
            let mut buffer = [0; 4096];
            let count = self.stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
            self.unread.extend_from_slice(&buffer[..count]);
        }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes()).await;
    }

    pub(crate) async fn wait(&self, millis: u64) {
        self.world.timer().sleep(Duration::from_millis(millis)).await;
    }

    /// Answers every request with [`OK`].
    pub(crate) async fn answer_all(mut self) {
        while self.request().await.is_some() {
            self.say(OK).await;
        }
    }
}

/// Accepts connections for ever, each handled by `peer` in a task of its own.
pub(crate) fn serve<F: Future<Output = ()> + 'static>(
    world: &World,
    peer: impl Fn(Peer) -> F + 'static,
) -> SocketAddr {
    let listener = world.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let (address, world) = (listener.local_addr().unwrap(), world.clone());
    tokio::task::spawn_local(async move {
        for number in 0.. {
            let stream = listener.accept().await.unwrap();
            tokio::task::spawn_local(peer(Peer { world: world.clone(), stream, number, unread: Vec::new() }));
        }
    });
    address
}

/// `GET /` at a constant rate for some seconds.
pub(crate) fn open(rate: f64, seconds: f64) -> Mode {
    let during = Stretch { from: Moment::EPOCH, to: Moment::after_epoch(Duration::from_secs_f64(seconds)) };
    let rate = Rate::per_second(rate);
    Mode::Open(vec![Segment { during, from: rate, to: rate, arrivals: Arrivals::Constant }])
}

pub(crate) fn class(mode: Mode) -> Class {
    Class::get("/", mode)
}

pub(crate) fn spec(class: Class) -> DriverSpec {
    DriverSpec {
        target: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
        further_targets: Vec::new(),
        host: "gateway.test".into(),
        classes: vec![class],
        mixes: Vec::new(),
        seed: 7,
        nonce: RunNonce(7),
        connections_max: 64,
        in_flight_max: 10_000,
        response_body_max: Size(1 << 20),
        exchanges_max: 100_000,
        threads: 1,
        record: None,
        backends: Vec::new(),
    }
}

/// Drives the load against `peer` in a simulated world. The exchanges come in the order of their tags.
pub(crate) fn simulated<F: Future<Output = ()> + 'static>(
    mut spec: DriverSpec,
    peer: impl Fn(Peer) -> F + 'static,
) -> Vec<Exchange> {
    recorded(|recorder| {
        net::simulate(|world| async move {
            spec.target = serve(&world, peer);
            world.set_epoch_in(Duration::ZERO);
            all_parts(&world, &spec, recorder, CancellationToken::new()).await
        })
    })
}

/// Drives the load against `peer` on real sockets.
pub(crate) fn real<F: Future<Output = ()> + 'static>(
    mut spec: DriverSpec,
    peer: impl Fn(Peer) -> F + 'static,
) -> Vec<Exchange> {
    recorded(|recorder| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let world = World::real();
            spec.target = serve(&world, peer);
            world.set_epoch_in(Duration::ZERO);
            all_parts(&world, &spec, recorder, CancellationToken::new()).await
        })
    })
}

/// Runs all parts of a load, and says what they add up to.
pub(crate) async fn all_parts(
    world: &World,
    spec: &DriverSpec,
    recorder: Recorder,
    stop: CancellationToken,
) -> Totals {
    drive_all(world, &prepare(spec).unwrap(), recorder, stop).await
}

/// The same of a load that was prepared.
pub(crate) async fn drive_all(
    world: &World,
    load: &Load,
    recorder: Recorder,
    stop: CancellationToken,
) -> Totals {
    let live = Arc::<Live>::default();
    let parts: Vec<_> = load
        .parts()
        .map(|part| {
            let (world, recorder, live, stop) = (world.clone(), recorder.clone(), live.clone(), stop.clone());
            tokio::task::spawn_local(drive(world, part, recorder, live, stop))
        })
        .collect();
    drop(recorder);
    let mut totals = Totals::default();
    for part in parts {
        totals += part.await.unwrap();
    }
    let progress = live.progress();
    assert_eq!(progress.in_flight, 0, "what is over is no longer in flight");
    assert_eq!(progress.done, totals.exchanges());
    totals
}

/// The most connections that were open at a time, as the server saw it.
pub(crate) fn most_open(spec: DriverSpec, answer_after_millis: u64) -> (usize, Vec<Exchange>) {
    let (open_now, most) = (Rc::new(Cell::new(0usize)), Rc::new(Cell::new(0usize)));
    let (now, peak) = (open_now.clone(), most.clone());
    let exchanges = simulated(spec, move |mut peer| {
        let (now, peak) = (now.clone(), peak.clone());
        async move {
            now.set(now.get() + 1);
            peak.set(peak.get().max(now.get()));
            while peer.request().await.is_some() {
                peer.wait(answer_after_millis).await;
                peer.say(OK).await;
            }
            now.set(now.get() - 1);
        }
    });
    (most.get(), exchanges)
}

/// From one second of the run to another.
pub(crate) fn seconds(from: f64, to: f64) -> Stretch {
    let moment = |seconds| Moment::after_epoch(Duration::from_secs_f64(seconds));
    Stretch { from: moment(from), to: moment(to) }
}

/// What a run records, in the order of the tags.
pub(crate) fn recorded(run: impl FnOnce(Recorder) -> Totals) -> Vec<Exchange> {
    let dir = tempfile::tempdir().unwrap();
    let recording = Recording::create(dir.path(), &manifest(), || {}).unwrap();
    let totals = run(recording.recorder());
    recording.finish(Moment::EPOCH, None, Losses::default()).unwrap();
    let exchanges = read(dir.path());
    assert_eq!(exchanges.len() as u64, totals.exchanges(), "the totals count what is on record");
    assert!(exchanges.windows(2).all(|pair| pair[0].tag < pair[1].tag), "every exchange is on record once");
    exchanges
}

fn read(dir: &Path) -> Vec<Exchange> {
    let mut exchanges = read_run(dir).unwrap().evidence.exchanges;
    exchanges.sort_by_key(|exchange| exchange.tag);
    exchanges
}

fn manifest() -> Manifest {
    Manifest {
        format: FORMAT,
        brownout: "test".into(),
        run: "test".into(),
        scenario_path: String::new(),
        scenario_text: String::new(),
        overrides: Vec::new(),
        plan: serde_json::Value::Null,
        seed: 7,
        nonce: RunNonce(7),
        gateway: "raw".into(),
        gateway_version: None,
        gateway_address: None,
        backend_addresses: Vec::new(),
        declared_hashes: std::collections::BTreeMap::new(),
        gateway_log_left_out: 0,
        simulated: true,
        started: String::new(),
        machine: Machine { system: String::new(), architecture: String::new(), cores: 1 },
    }
}
