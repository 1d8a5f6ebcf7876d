//! A pool that serves in a world, a raw client, and what the pool recorded.

use std::net::SocketAddr;
use std::time::Duration;

use archive::{FORMAT, Machine, Manifest, Recording, read_run};
use evidence::{Evidence, RunNonce};
use fake_backends::{BackendSpec, Injection, PoolSpec, PoolTotals, bind};
use net::{Stream, Timer, World};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use units::{Moment, Size, Stretch};

/// Tags of the run: from this number on none was given out.
pub(crate) const EXCHANGES_MAX: u64 = 10_000;

/// The bound on every wait of a client.
const PATIENCE: Duration = Duration::from_hours(1);

/// A fault in the words of a scenario, in force on some backends between two moments in milliseconds.
pub(crate) fn inject(fault: &str, backends: &[u16], from: i64, to: i64) -> Injection {
    #[derive(serde::Deserialize)]
    struct Line {
        inject: fake_backends::fault::FaultSettings,
    }
    let line: Line = toml::from_str(&format!("inject.{fault}")).expect("the test's fault is well-formed");
    assert_eq!(line.inject.contract().problem(), None);
    let during = Stretch { from: Moment(from * 1_000_000), to: Moment(to * 1_000_000) };
    let (ramp, flap, correlate, when) = Default::default();
    Injection { fault: line.inject, ramp, backends: backends.to_vec(), during, flap, correlate, when }
}

/// A fault on the first backend, all the time.
pub(crate) fn always(fault: &str) -> Vec<Injection> {
    vec![inject(fault, &[0], 0, 3_600_000)]
}

pub(crate) fn spec(backends: usize, injections: Vec<Injection>) -> PoolSpec {
    let backend = |index| BackendSpec {
        name: format!("orders-{index}"),
        listen: "127.0.0.1:0".parse().unwrap(),
        body: Size(300),
        headers: Vec::new(),
        tls: None,
    };
    PoolSpec {
        backends: (0..backends).map(backend).collect(),
        injections,
        seed: 7,
        nonce: RunNonce(7),
        exchanges_max: EXCHANGES_MAX,
        connections_max: 100,
        request_body_max: Size(1 << 20),
        record: None,
    }
}

/// A pool that serves, and is recorded.
pub(crate) struct Served {
    pub(crate) world: World,
    pub(crate) timer: Timer,
    pub(crate) addresses: Vec<SocketAddr>,
    /// The certificate of the authority, where there is TLS.
    pub(crate) authority: Option<String>,
    stop: CancellationToken,
    serving: JoinHandle<PoolTotals>,
    recording: Recording,
    dir: TempDir,
}

/// Serves `spec`; the epoch is now.
pub(crate) fn serve(world: &World, spec: PoolSpec) -> Served {
    let served = serve_before_epoch(world, spec);
    world.set_epoch_in(Duration::ZERO);
    served
}

/// Serves `spec`; the epoch is still to come.
pub(crate) fn serve_before_epoch(world: &World, spec: PoolSpec) -> Served {
    let dir = TempDir::new().unwrap();
    let recording = Recording::create(dir.path(), &manifest(world, &spec), || {}).unwrap();
    let pool = bind(world, &spec).unwrap();
    let (addresses, authority) = (pool.addresses().to_vec(), pool.authority());
    let stop = CancellationToken::new();
    let serving = tokio::task::spawn_local(pool.serve(spec, recording.recorder(), stop.clone()));
    Served { timer: world.timer(), world: world.clone(), addresses, authority, stop, serving, recording, dir }
}

fn manifest(world: &World, spec: &PoolSpec) -> Manifest {
    Manifest {
        format: FORMAT,
        brownout: "test".into(),
        run: "test".into(),
        scenario_path: "test.toml".into(),
        scenario_text: String::new(),
        overrides: Vec::new(),
        plan: serde_json::to_value(spec).unwrap(),
        seed: spec.seed,
        nonce: spec.nonce,
        gateway: "none".into(),
        gateway_version: None,
        gateway_address: None,
        backend_addresses: Vec::new(),
        declared_hashes: std::collections::BTreeMap::new(),
        gateway_log_left_out: 0,
        simulated: world.is_simulated(),
        started: "2026-01-01T00:00:00Z".into(),
        machine: Machine { system: String::new(), architecture: String::new(), cores: 1 },
    }
}

impl Served {
    pub(crate) async fn connect(&self, backend: usize) -> Client {
        let stream = self.world.connect(self.addresses[backend]).await.expect("the backend accepts");
        Client { stream, timer: self.timer.clone(), bytes: Vec::new() }
    }

    /// Sends one request on a connection of its own: the whole answer.
    pub(crate) async fn ask(&self, backend: usize, request: &str) -> Answer {
        let mut client = self.connect(backend).await;
        client.send(request).await;
        client.answer().await.expect("the backend answers")
    }

    pub(crate) async fn sleep(&self, millis: u64) {
        self.timer.sleep(Duration::from_millis(millis)).await;
    }

    /// Stops the pool: its totals, and all that it recorded.
    pub(crate) async fn end(self) -> (PoolTotals, Evidence) {
        self.stop.cancel();
        let totals = self.serving.await.unwrap();
        self.recording.finish(self.world.now(), None, evidence::Losses::default()).unwrap();
        (totals, read_run(self.dir.path()).unwrap().evidence)
    }
}

/// A request with a tag of this run.
pub(crate) fn get(tag: u64) -> String {
    format!("GET /orders HTTP/1.1\r\nhost: a\r\nx-brownout-tag: 0000000000000007-{tag}\r\n\r\n")
}

/// A client that sees bytes, FIN and RST.
pub(crate) struct Client {
    pub(crate) stream: Stream,
    timer: Timer,
    bytes: Vec<u8>,
}

/// An answer as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// How a connection ended in place of an answer, and what had arrived by then.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Fin(String),
    Rst(String),
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Client {
    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads one answer with a length, or how the connection ended.
    pub(crate) async fn answer(&mut self) -> Result<Answer, Ended> {
        self.read(false).await
    }

    /// Reads one answer to a HEAD request.
    pub(crate) async fn head_answer(&mut self) -> Result<Answer, Ended> {
        self.read(true).await
    }

    async fn read(&mut self, is_head: bool) -> Result<Answer, Ended> {
        loop {
            if let Some(answer) = self.whole(is_head) {
                return Ok(answer);
            }
            self.more().await?;
        }
    }

    /// Reads until at least this text has arrived.
    pub(crate) async fn until(&mut self, text: &str) -> Result<(), Ended> {
        while !String::from_utf8_lossy(&self.bytes).contains(text) {
            self.more().await?;
        }
        Ok(())
    }

    async fn more(&mut self) -> Result<(), Ended> {
        let mut buffer = [0; 4096];
        let deadline = self.timer.now() + PATIENCE;
        let read = self
            .timer
            .until(deadline, self.stream.read(&mut buffer))
            .await
            .expect("a client is not kept waiting");
        let seen = || String::from_utf8_lossy(&self.bytes).into_owned();
        match read {
            Ok(0) => Err(Ended::Fin(seen())),
            Ok(count) => {
                self.bytes.extend_from_slice(&buffer[..count]);
                Ok(())
            }
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
                Err(Ended::Rst(seen()))
            }
        }
    }

    fn whole(&mut self, is_head: bool) -> Option<Answer> {
        let end = self.bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8(self.bytes[..end].to_vec()).unwrap();
        let status = head[9..12].parse().unwrap();
        let answer = Answer { status, head, body: Vec::new() };
        if (100..200).contains(&status) {
            self.bytes.drain(..end);
            return self.whole(is_head);
        }
        let length =
            if is_head { 0 } else { answer.header("content-length").map_or(0, |text| text.parse().unwrap()) };
        let body = self.bytes.get(end..end + length)?.to_vec();
        self.bytes.drain(..end + length);
        Some(Answer { body, ..answer })
    }
}
