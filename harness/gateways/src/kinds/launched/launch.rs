//! Starting a gateway's program, and waiting until it routes.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::files::{OwnFile, Wrong};
use super::machine::Machine;
use super::product::{Call, Product, Settings};
use super::template::{Values, fill};
use super::{AUTHORITY_FILE, NONCE, READY_PATH, program};
use crate::process::{Guard, Process, Said, run_to_its_end};
use crate::ready::{self, NotRouted, Target};
use crate::{Handle, Launch, LaunchError, Running};

/// How many ports are tried. One that was free a moment ago is hardly ever taken, and never three times in a row.
const PORTS: usize = 3;

/// The file in the gateway's directory that has its output.
const LOG: &str = "gateway.log";

/// How the programs say that a port is taken. They are asked to speak English.
const TAKEN: &str = "Address already in use";

/// How long a question of a moment may take: which version it is, who answers at a port.
const ASK: Duration = Duration::from_secs(2);

/// How long a check of a configuration may take. Envoy needs 0.1 s; from a cold disk, it is longer.
const CHECK: Duration = Duration::from_secs(10);

/// Starts `product` and waits until a routed request is answered by a backend.
pub(crate) async fn launch(
    product: &'static Product,
    settings: Settings<'_>,
    launch: &Launch,
) -> Result<Running, LaunchError> {
    let own = match settings.config {
        Some(config) => Some(OwnFile::read(config, &launch.upstreams.base).map_err(wrong)?),
        None => None,
    };
    let program = program::find(product, settings.binary, &launch.upstreams.base)?;
    let dir = directory(&launch.dir).map_err(|source| io_error(product, "making its directory", source))?;
    let guard = Guard::find(&launch.world, &dir).await;
    let start = Start { product, launch, own, program, dir, guard };
    let version = start.version().await?;
    let (address, process) = start.on_some_port().await?;
    Ok(Running {
        address,
        version,
        tls: None,
        further: Vec::new(),
        handle: Handle::Process(Box::new(process)),
    })
}

fn wrong((path, why): Wrong) -> LaunchError {
    LaunchError::Configuration { path, why }
}

fn io_error(product: &Product, what: &str, source: io::Error) -> LaunchError {
    LaunchError::Io { gateway: product.name, what: what.to_owned(), source }
}

/// The gateway's directory, made, and as seen from everywhere.
fn directory(dir: &Path) -> io::Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    dir.canonicalize()
}

/// One start of a gateway.
struct Start<'a> {
    product: &'static Product,
    launch: &'a Launch,
    own: Option<OwnFile>,
    program: PathBuf,
    dir: PathBuf,
    guard: Guard,
}

/// How a start on one port ended that did not fail for good.
enum Started {
    Ready(Process),
    /// Somebody else had the port after all.
    Taken(LaunchError),
}

impl Start<'_> {
    /// What the program says its version is; nothing if it says none that is understood.
    async fn version(&self) -> Result<Option<String>, LaunchError> {
        let arguments = self.product.ask_version.iter().map(ToString::to_string);
        let said = self.ask(arguments.collect(), "asking for its version", ASK).await?;
        Ok((self.product.version)(&said.words))
    }

    async fn on_some_port(&self) -> Result<(SocketAddr, Process), LaunchError> {
        let mut tried = 1;
        loop {
            let address = self.free_port()?;
            match self.on(address, tried == 1).await? {
                Started::Ready(process) => return Ok((address, process)),
                Started::Taken(error) if tried == PORTS => return Err(error),
                Started::Taken(_) => tried += 1,
            }
        }
    }

    /// A port that is free at this moment.
    fn free_port(&self) -> Result<SocketAddr, LaunchError> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = self.launch.world.bind(any);
        listener
            .and_then(|listener| listener.local_addr())
            .map_err(|source| io_error(self.product, "looking for a free port", source))
    }

    /// Starts the program for `address`, after a check of the user's own configuration if `checked`.
    async fn on(&self, address: SocketAddr, checked: bool) -> Result<Started, LaunchError> {
        let nonce = format!("{:016x}", RandomState::new().hash_one(address));
        if let Some(trust) = &self.launch.upstreams.trust {
            std::fs::write(self.dir.join(AUTHORITY_FILE), &trust.authority)
                .map_err(|source| io_error(self.product, "writing the backends' authority", source))?;
        }
        let text = self.text(address, &nonce)?;
        let file = self.file();
        std::fs::write(self.dir.join(&file), &text)
            .map_err(|source| io_error(self.product, "writing its configuration", source))?;
        let call = Call { dir: &self.dir, file: &file, text: &text };
        if let Some(own) = self.own.as_ref().filter(|_| checked) {
            self.check(&call, own).await?;
        }
        let command = self.command((self.product.serve)(&call));
        let started = Process::start(&self.launch.world, command, &self.dir.join(LOG));
        let process = started.map_err(|source| io_error(self.product, "starting it", source))?;
        self.wait(process, address, &nonce).await
    }

    fn text(&self, address: SocketAddr, nonce: &str) -> Result<String, LaunchError> {
        let values = Values { place: Some((address, &self.dir)), ..Values::to_show(&self.launch.upstreams) };
        if let Some(own) = &self.own {
            return own.filled(&values).map_err(wrong);
        }
        let generate = self.product.generate;
        let made = generate(&self.launch.upstreams, &Machine::here()).map_err(LaunchError::Unsupported)?;
        fill(&made.replace(NONCE, nonce), &values)
            .map_err(|why| wrong((self.dir.join(self.product.file), why)))
    }

    /// The name that the configuration has in the gateway's directory.
    fn file(&self) -> String {
        let ending = self.own.as_ref().map(OwnFile::ending);
        match ending.filter(|ending| self.product.endings.contains(&ending.as_str())) {
            Some(ending) => format!("{}.{ending}", self.product.name),
            None => self.product.file.to_owned(),
        }
    }

    /// Has the program check the user's own configuration.
    async fn check(&self, call: &Call<'_>, own: &OwnFile) -> Result<(), LaunchError> {
        let said = self.ask((self.product.check)(call), "checking its configuration", CHECK).await?;
        let name = self.product.name;
        let why = match said.status {
            Some(status) if status.success() => return Ok(()),
            Some(status) => format!("{name} refuses it ({status}): {}", said.words),
            None => format!("{name} did not come to an end with checking it: {}", said.words),
        };
        Err(wrong((own.path.clone(), why)))
    }

    async fn ask(&self, arguments: Vec<String>, what: &str, bound: Duration) -> Result<Said, LaunchError> {
        let output = self.dir.join("answer.log");
        run_to_its_end(&self.launch.world, self.command(arguments), &output, bound)
            .await
            .map_err(|source| io_error(self.product, what, source))
    }

    /// The program with `arguments`, in its directory, and with hardly any of brownout's own environment.
    fn command(&self, arguments: Vec<String>) -> Command {
        let mut command = self.guard.command(&self.program, self.product.orphaned);
        command
            .args(arguments)
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.dir)
            .env("LANG", "C");
        command
    }

    async fn wait(
        &self,
        mut process: Process,
        address: SocketAddr,
        nonce: &str,
    ) -> Result<Started, LaunchError> {
        let host = address.to_string();
        let world = &self.launch.world;
        let gateway = self.product.name;
        let ready = tokio::select! {
            biased;
            status = process.ended() => return self.ended(&process, status),
            ready = ready::wait_until_routed(world, Target { address, host: &host, tls: None }, ready::BOUND) => ready,
        };
        if let Err(NotRouted { waited, last_probe }) = ready {
            let last_words = words(&process);
            process.stop().await;
            return Err(LaunchError::NotReady { gateway, waited, last_probe, last_words });
        }
        // A gateway of an earlier run that has the port answers too, while this one still tries to get it.
        if self.own.is_none() && !self.answers_with(address, nonce).await {
            let last_words = words(&process);
            process.stop().await;
            return Ok(Started::Taken(LaunchError::NotReady {
                gateway,
                waited: ready::BOUND.into(),
                last_probe: format!("GET http://{host}{READY_PATH}: another process answered"),
                last_words,
            }));
        }
        Ok(Started::Ready(process))
    }

    fn ended(&self, process: &Process, status: String) -> Result<Started, LaunchError> {
        let last_words = words(process);
        let taken = last_words.contains(TAKEN);
        let gateway = self.product.name;
        let error = LaunchError::Ended { gateway, status, last_words };
        if taken { Ok(Started::Taken(error)) } else { Err(error) }
    }

    /// True if the gateway that listens at `address` was given this nonce.
    async fn answers_with(&self, address: SocketAddr, nonce: &str) -> bool {
        let answer = ready::ask(&self.launch.world, address, READY_PATH, nonce.len(), ASK).await;
        answer.is_some_and(|body| body == nonce.as_bytes())
    }
}

fn words(process: &Process) -> String {
    match process.last_words() {
        words if words.is_empty() => "none".into(),
        words => words,
    }
}
