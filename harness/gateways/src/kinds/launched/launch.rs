//! Starting a gateway's program, and waiting until it routes.

use std::cell::Cell;
use std::env;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::recipe::{CommandLine, Having, Parts, Place, Recipe};
use super::running::Launched;
use super::{AUTHORITY_FILE, READY_PATH};
use crate::process::{Concealer, Guard, Process, Said, run_to_its_end};
use crate::ready::{self, NotRouted, Target};
use crate::{Handle, Launch, LaunchError, Ready, Running};

/// How many ports are tried. One that was free a moment ago is hardly ever taken, and never three times in a row.
const PORTS: usize = 3;

/// The file in the gateway's directory that has its output.
pub(super) const LOG: &str = "gateway.log";

/// The file for what it answers to a question, as long as the answer takes.
const ANSWER: &str = "answer.log";

/// The files of the gateway's directory that are not to be named by anybody else.
pub(crate) const OWN_FILES: [&str; 4] = [LOG, ANSWER, AUTHORITY_FILE, Guard::LOG];

/// How the programs say that a port is taken, in whatever case. They are asked to speak English.
const TAKEN: &str = "address already in use";

/// How long it may take to be asked who answers at a port.
const ASK: Duration = Duration::from_secs(2);

/// How long a check of a configuration, or the answer which version it is, may take. Envoy needs 0.1 s; from a cold disk, or on a
/// virtual machine of its own, it is longer.
const CHECK: Duration = Duration::from_secs(10);

/// Starts what `recipe` says and waits until a routed request is answered by a backend.
pub(crate) async fn launch(recipe: Box<dyn Recipe>, launch: &Launch) -> Result<Running, LaunchError> {
    let dir = directory(&launch.dir).map_err(|source| io_error(&*recipe, "making its directory", source))?;
    let guard = Guard::find(&launch.world, &dir).await;
    let start = Start { recipe, launch: launch.clone(), dir, guard, metrics: Cell::new(None) };
    let version = start.version().await?;
    let (address, process) = start.on_some_port().await?;
    let launched = Launched::new(start, address, process);
    Ok(Running {
        address,
        version,
        tls: None,
        further: Vec::new(),
        metrics: None,
        access_log: None,
        handle: Handle::Launched(Box::new(launched)),
    })
}

fn io_error(recipe: &dyn Recipe, what: &str, source: io::Error) -> LaunchError {
    LaunchError::Io { gateway: recipe.name(), what: what.to_owned(), source }
}

/// The gateway's directory, made, and as seen from everywhere.
fn directory(dir: &Path) -> io::Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    dir.canonicalize()
}

/// A gateway with all that it takes to start it, the first time and again.
pub(super) struct Start {
    pub(super) recipe: Box<dyn Recipe>,
    pub(super) launch: Launch,
    dir: PathBuf,
    guard: Guard,
    /// Where it has to tell its metrics, if they are asked for on a port of its own.
    pub(super) metrics: Cell<Option<SocketAddr>>,
}

/// How a start on one port ended that did not fail for good.
enum Started {
    Ready(Process),
    /// Somebody else had the port after all.
    Taken(LaunchError),
}

impl Start {
    /// What the program says its version is; nothing if it says none that is understood.
    async fn version(&self) -> Result<Option<String>, LaunchError> {
        let Some(question) = self.recipe.version()? else { return Ok(None) };
        let said = self.ask(&question, "asking for its version", CHECK).await?;
        Ok(self.recipe.understood(&said.words))
    }

    async fn on_some_port(&self) -> Result<(SocketAddr, Process), LaunchError> {
        let mut tried = 1;
        loop {
            let address = self.free_ports()?;
            match self.on(address, tried == 1).await? {
                Started::Ready(process) => return Ok((address, process)),
                Started::Taken(error) if tried == PORTS => return Err(error),
                Started::Taken(_) => tried += 1,
            }
        }
    }

    /// A port that is free at this moment, and another one for its metrics if they are asked for.
    fn free_ports(&self) -> Result<SocketAddr, LaunchError> {
        let wrong = |source| io_error(&*self.recipe, "looking for a free port", source);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = self.launch.world.bind(any).map_err(wrong)?;
        // Bound while the first one is, so that they are two.
        let page = self.recipe.tells().then(|| self.launch.world.bind(any)).transpose().map_err(wrong)?;
        self.metrics.set(page.map(|page| page.local_addr()).transpose().map_err(wrong)?);
        listener.local_addr().map_err(wrong)
    }

    /// Starts the program for `address`, after a check of the user's own configuration if `checked`.
    async fn on(&self, address: SocketAddr, checked: bool) -> Result<Started, LaunchError> {
        let nonce = nonce();
        if let Some(trust) = &self.launch.upstreams.trust {
            std::fs::write(self.dir.join(AUTHORITY_FILE), &trust.authority)
                .map_err(|source| io_error(&*self.recipe, "writing the backends' authority", source))?;
        }
        let having = Having::at_first(&self.launch.upstreams);
        let place = Place { nonce: &nonce, ..self.place(&having, address) };
        let Parts { files, serve, check, tells_nonce } = self.recipe.parts(&place)?;
        self.write(&files)?;
        if let Some((check, blamed)) = check.filter(|_| checked) {
            self.check(&check, blamed).await?;
        }
        let process = self.serve(&serve)?;
        self.wait(process, address, tells_nonce.then_some(nonce.as_str())).await
    }

    /// Where its first process is to be started with what it is to have; it has no nonce as yet.
    pub(super) fn place<'a>(&'a self, having: &'a Having, address: SocketAddr) -> Place<'a> {
        let (upstreams, dir) = (&self.launch.upstreams, &*self.dir);
        let generation = self.launch.acted_on.then_some(0);
        let metrics = self.metrics.get();
        Place { upstreams, having, address, metrics, dir, nonce: "", generation, trial: false }
    }

    /// Puts files into its directory.
    pub(super) fn write(&self, files: &[(PathBuf, String)]) -> Result<(), LaunchError> {
        let write = |(path, text): &(PathBuf, String)| {
            let path = self.dir.join(path);
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(path, text)
        };
        files
            .iter()
            .try_for_each(write)
            .map_err(|source| io_error(&*self.recipe, "writing its configuration", source))
    }

    /// Starts the program.
    pub(super) fn serve(&self, line: &CommandLine) -> Result<Process, LaunchError> {
        let (world, log) = (&self.launch.world, self.dir.join(LOG));
        let started = Process::start_concealing(world, self.command(line), &log, self.secrets());
        let process = started.map_err(|source| io_error(&*self.recipe, "starting it", source))?;
        Ok(process.stopped_by(self.recipe.stop()))
    }

    /// Has a configuration checked; `blamed` is its file, for messages.
    pub(super) async fn check(&self, check: &CommandLine, blamed: PathBuf) -> Result<(), LaunchError> {
        let said = self.ask(check, "checking its configuration", CHECK).await?;
        let name = self.recipe.name();
        let why = match said.status {
            Some(status) if status.success() => return Ok(()),
            Some(status) => format!("{name} refuses it ({status}): {}", said.words),
            None => format!("{name} did not come to an end with checking it: {}", said.words),
        };
        Err(LaunchError::Configuration { path: blamed, why })
    }

    async fn ask(&self, question: &CommandLine, what: &str, bound: Duration) -> Result<Said, LaunchError> {
        let output = self.dir.join(ANSWER);
        run_to_its_end(&self.launch.world, self.command(question), &output, bound, self.secrets())
            .await
            .map_err(|source| io_error(&*self.recipe, what, source))
    }

    /// What its output must not show.
    fn secrets(&self) -> Concealer {
        Concealer::of(self.recipe.secrets())
    }

    /// What is to be run, in the gateway's directory, and with hardly any of brownout's own environment.
    fn command(&self, line: &CommandLine) -> Command {
        let mut command = self.guard.command(&line.program, self.recipe.orphaned());
        command
            .args(&line.arguments)
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.dir)
            .env("LANG", "C")
            .envs(line.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    async fn wait(
        &self,
        process: Process,
        address: SocketAddr,
        nonce: Option<&str>,
    ) -> Result<Started, LaunchError> {
        let host = address.to_string();
        let gateway = self.recipe.name();
        if let Err(error) = self.routes(&process, address, self.recipe.ready()).await {
            process.stop().await;
            return match &error {
                LaunchError::Ended { last_words, .. } if last_words.to_ascii_lowercase().contains(TAKEN) => {
                    Ok(Started::Taken(error))
                }
                _ => Err(error),
            };
        }
        // A gateway of an earlier run that has the port answers too, while this one still tries to get it.
        if let Some(nonce) = nonce
            && !self.answers_with(address, nonce).await
        {
            let last_words = words(&process);
            process.stop().await;
            return Ok(Started::Taken(LaunchError::NotReady {
                gateway,
                waited: self.recipe.ready().within,
                last_probe: format!("GET http://{host}{READY_PATH}: another process answered"),
                last_words,
                help: String::new(),
            }));
        }
        let shared = process.id().map(super::listeners::shared_with_others).unwrap_or_default();
        if let Some(address) = shared.first() {
            process.stop().await;
            return Err(LaunchError::Shared { gateway, address: *address });
        }
        Ok(Started::Ready(process))
    }

    /// Waits until it is ready, as `ready` says, or the process has ended.
    pub(super) async fn routes(
        &self,
        process: &Process,
        address: SocketAddr,
        ready: &Ready,
    ) -> Result<(), LaunchError> {
        let (host, gateway) = (address.to_string(), self.recipe.name());
        let target = Target { address, host: &host, tls: None };
        let ready = tokio::select! {
            biased;
            status = process.ended() => {
                return Err(LaunchError::Ended { gateway, status, last_words: words(process) });
            }
            ready = ready::wait_until_routed(&self.launch.world, target, ready) => ready,
        };
        ready.map_err(|NotRouted { waited, last_probe }| LaunchError::NotReady {
            gateway,
            waited,
            last_probe,
            last_words: words(process),
            help: Ready::help(gateway),
        })
    }

    /// True if the gateway that listens at `address` was given this nonce.
    pub(super) async fn answers_with(&self, address: SocketAddr, nonce: &str) -> bool {
        ready::tells(&self.launch.world, address, READY_PATH, nonce, ASK).await
    }
}

/// What a gateway answers by which it is told from another one.
pub(super) fn nonce() -> String {
    format!("{:016x}", RandomState::new().hash_one(0))
}

pub(super) fn words(process: &Process) -> String {
    match process.last_words() {
        words if words.is_empty() => "none".into(),
        words => words,
    }
}
