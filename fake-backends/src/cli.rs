//! Words of the command line, and a pool that serves until Ctrl-C.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use evidence::{Recorder, RunNonce};
use fake_backends::fault::FaultSettings;
use fake_backends::{BackendSpec, BindError, Injection, PoolSpec, PoolTotals, When, listen_address, permit};
use net::World;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use units::{Moment, Size, Stretch};

/// The exit code for a wrong command line or spec, and for an environment that does not play along.
const USAGE: u8 = 3;
const ENVIRONMENT: u8 = 4;

/// HTTP/1.1 servers that misbehave on purpose. They serve until they are interrupted; faults count from the start.
#[derive(Debug, Parser)]
#[command(version)]
struct Words {
    /// The pool as JSON: backends, injections, seed and limits.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["listen", "inject", "body", "plain"])]
    spec: Option<PathBuf>,

    /// Where a backend listens; once for each backend.
    #[arg(long, value_name = "ADDRESS", required_unless_present = "spec")]
    listen: Vec<SocketAddr>,

    /// A fault on all backends as JSON, in force from the start: `{"status":{"code":503,"share":0.5}}`.
    #[arg(long, value_name = "FAULT", value_parser = fault, conflicts_with = "plain")]
    inject: Vec<FaultSettings>,

    /// Healthy backends, without any fault.
    #[arg(long)]
    plain: bool,

    /// Bytes of an answer's body.
    #[arg(long, value_name = "SIZE", default_value = "256B")]
    body: Size,

    /// The seed of every draw.
    #[arg(long, default_value_t = 1, conflicts_with = "spec")]
    seed: u64,

    /// Allow backends to listen at this address of the machine, where others can reach them; without it, they listen on loopback
    /// only. `0.0.0.0` and `::` stand for all addresses. May be repeated.
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    allow_listen: Vec<IpAddr>,
}

#[derive(Debug, Error)]
enum Failure {
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: not the spec of a pool: {source}", path.display())]
    Spec { path: PathBuf, source: serde_json::Error },
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("the runtime could not be started: {0}")]
    Runtime(io::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Failure::Read { .. }
            | Failure::Spec { .. }
            | Failure::Bind(BindError::Spec(_) | BindError::NotAllowed { .. }) => USAGE,
            Failure::Bind(_) | Failure::Runtime(_) => ENVIRONMENT,
        }
    }
}

/// Runs the binary: its exit code.
pub(crate) fn main() -> ExitCode {
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_writer(io::stderr).init();
    let words = match Words::try_parse() {
        Ok(words) => words,
        Err(error) => {
            // Where even standard error is closed, there is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match spec(words).and_then(serve) {
        Ok(totals) => {
            tracing::info!(?totals, "ended");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            tracing::error!("{failure}");
            ExitCode::from(failure.code())
        }
    }
}

fn fault(text: &str) -> Result<FaultSettings, String> {
    let fault: FaultSettings = serde_json::from_str(text).map_err(|error| error.to_string())?;
    fault.contract().problem().map_or(Ok(fault), Err)
}

/// The pool that the words describe.
fn spec(words: Words) -> Result<PoolSpec, Failure> {
    let spec = match words.spec {
        Some(path) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| Failure::Read { path: path.clone(), source })?;
            serde_json::from_str(&text).map_err(|source| Failure::Spec { path, source })?
        }
        None => simple(words.listen, words.inject, words.body, words.seed),
    };
    permit(&spec, &words.allow_listen)?;
    Ok(spec)
}

fn simple(listen: Vec<SocketAddr>, faults: Vec<FaultSettings>, body: Size, seed: u64) -> PoolSpec {
    let backend = |(index, listen)| BackendSpec {
        name: format!("backend-{index}"),
        listen,
        body,
        headers: Vec::new(),
        tls: None,
    };
    let all: Vec<u16> = (0..listen.len()).map(|index| index as u16).collect();
    let during = Stretch { from: Moment::EPOCH, to: Moment::NEVER };
    PoolSpec {
        backends: listen.into_iter().enumerate().map(backend).collect(),
        injections: faults
            .into_iter()
            .map(|fault| Injection {
                fault,
                ramp: None,
                backends: all.clone(),
                during,
                flap: None,
                correlate: None,
                when: When::default(),
            })
            .collect(),
        seed,
        nonce: RunNonce(0),
        exchanges_max: 4_000_000,
        connections_max: 20_000,
        request_body_max: Size(64 << 20),
        record: None,
    }
}

fn serve(spec: PoolSpec) -> Result<PoolTotals, Failure> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
    let world = World::real();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let pool = fake_backends::bind(&world, &spec)?;
        for (backend, address) in spec.backends.iter().zip(pool.addresses()) {
            tracing::info!(backend = backend.name, %address, "listening");
        }
        world.set_epoch_in(Duration::ZERO);
        let stop = CancellationToken::new();
        let ending = stop.clone();
        tokio::task::spawn_local(async move {
            // Without a handler for Ctrl-C, the system ends the process by itself.
            if tokio::signal::ctrl_c().await.is_ok() {
                ending.cancel();
            }
        });
        Ok(pool.serve(spec, Recorder::discarding(), stop).await)
    })
}
