//! The contract of every gateway, and what it is given.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use futures_util::future::LocalBoxFuture;
use net::World;
use net::tls::ClientTls;
use thiserror::Error;
use units::Timespan;

use policy::Policy;

use crate::acts::Means;
use crate::kinds::Program;
use crate::{AccessLog, Counters, LogReader, Metrics, MetricsPage};

/// A backend, as the gateway is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    /// Its name in the scenario.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its share of the traffic, relative to the others of its priority.
    pub weight: u32,
    /// Its group: backends of a higher number are used only when all of the lower ones are out. 0 is first.
    pub priority: u32,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// What has to be trusted of backends that speak TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The host name in their certificates.
    pub name: String,
    /// The certificate of the authority that has signed them, in PEM form; empty while a configuration is only shown.
    pub authority: String,
}

/// What a gateway is started with.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstreams {
    /// The backends.
    pub backends: Vec<Upstream>,
    /// What the gateway is declared to do when they fail.
    pub policy: Policy,
    /// Present if any backend speaks TLS.
    pub trust: Option<Trust>,
    /// The directory of the scenario file, from which the user's own configuration is looked up.
    pub base: PathBuf,
    /// The seed of the reference gateway's draws.
    pub seed: u64,
}

impl Upstreams {
    /// What has to be trusted of the backends, if all of them speak TLS.
    pub(crate) fn all_over_tls(&self) -> Option<&Trust> {
        self.trust.as_ref().filter(|_| self.backends.iter().all(|backend| backend.tls))
    }

    /// True if some speak TLS and others do not.
    pub(crate) fn mixes_tls(&self) -> bool {
        self.backends.iter().any(|backend| backend.tls) && self.backends.iter().any(|backend| !backend.tls)
    }
}

/// Where and with what a gateway is started.
#[derive(Clone)]
pub struct Launch {
    /// Sockets and time, for the gateway that runs inside this process.
    pub world: World,
    /// The backends and the policy.
    pub upstreams: Upstreams,
    /// The gateway's directory within the run directory: configuration, output, whatever it writes.
    pub dir: PathBuf,
    /// What the user has allowed.
    pub allowed: Allowed,
    /// Whether actions are planned, for which some programs have to be started otherwise.
    pub acted_on: bool,
}

/// What a scenario may do only if the user says so on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Hosts beyond this machine that a gateway which runs already may have: `--allow-host`.
    pub hosts: Vec<String>,
    /// To run programs of the scenario's choice: `--allow-commands`.
    pub commands: bool,
    /// Addresses of this machine at which backends may listen although others reach them: `--allow-listen`.
    pub listen: Vec<IpAddr>,
}

/// A kind of gateway.
pub trait Gateway {
    /// The configuration that it would be started with; nothing for a kind that has none.
    /// Everything of the policy that it can't express comes back at once.
    fn configuration(&self, upstreams: &Upstreams) -> Result<Option<String>, Vec<Unsupported>>;

    /// Starts it and waits until a routed request is answered by a backend.
    fn launch<'a>(&'a self, launch: &'a Launch) -> LocalBoxFuture<'a, Result<Running, LaunchError>>;

    /// True if it is started with a configuration of the user's own, instead of one that is made from the policy.
    fn has_own_configuration(&self) -> bool {
        false
    }

    /// The names of its further addresses, to which traffic classes may go instead of to its first one.
    fn further_addresses(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Refuses what nobody has allowed, as far as it can be told without asking anyone: load to an address that is not this
    /// machine's (what a name means is told when it is resolved), a program of the scenario's choice.
    fn permit(&self, allowed: &Allowed) -> Result<(), LaunchError> {
        let _ = allowed;
        Ok(())
    }

    /// The program that it is, for a kind that has one of its own.
    fn program(&self) -> Option<Program> {
        None
    }

    /// The programs of the scenario's choice, each with what it is run for and word by word.
    fn commands(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Why it can't be acted on so during a run, if it can't: `nginx can't …`. `upstreams` are the backends that it has then.
    fn refuses(&self, means: &Means<'_>, upstreams: &Upstreams) -> Option<String> {
        let _ = upstreams;
        Some(format!("brownout has no means by which it is {}", means.word()))
    }

    /// How its own metrics are asked for, if they are.
    fn metrics(&self) -> Option<&Metrics> {
        None
    }

    /// Whether its page of metrics is on an address that requests go to, so that it may count a scrape as one.
    fn shares_page(&self) -> bool {
        self.metrics().is_some_and(|metrics| metrics.path.is_some())
    }

    /// What it calls what it counts, for a kind whose documentation says so.
    fn counters(&self) -> Option<&'static Counters> {
        None
    }

    /// How its own access log is asked for, if it is.
    fn access_log(&self) -> Option<&AccessLog> {
        None
    }

    /// Whether brownout knows what its access log looks like, because it makes the configuration.
    fn knows_access_log(&self) -> bool {
        false
    }

    /// What plans and reports have to say of how it is talked to.
    fn note(&self) -> Option<&'static str> {
        None
    }

    /// True if it can run in the simulated world.
    fn can_be_simulated(&self) -> bool {
        false
    }

    /// True if brownout starts it, so that backends may listen on any free port. A gateway that runs already needs
    /// backends with fixed addresses.
    fn is_launched(&self) -> bool {
        true
    }
}

/// Something that a policy asks for and a gateway has no means for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The key in the scenario: `policy.retry.backoff`.
    pub key: &'static str,
    /// What is missing: `nginx has no retry backoff`.
    pub why: String,
}

/// A gateway that is up.
pub struct Running {
    /// Where it takes requests.
    pub address: SocketAddr,
    /// What it says its version is.
    pub version: Option<String>,
    /// How it is talked to over TLS, if it is.
    pub tls: Option<ClientTls>,
    /// Its further addresses, in the order of their names, each with how it is talked to over TLS.
    pub further: Vec<(SocketAddr, Option<ClientTls>)>,
    /// Its own metrics, if the scenario asks for them.
    pub metrics: Option<MetricsPage>,
    /// Its own access log, if the scenario asks for it.
    pub access_log: Option<LogReader>,
    /// How it is watched and stopped.
    pub handle: Handle,
}

/// How a running gateway is watched and stopped.
pub enum Handle {
    /// It runs inside of this process, on a thread of its own or, in the simulated world, as a task.
    InProcess(Box<crate::in_process::InProcess>),
    /// A program that brownout has started; its processes are killed and reaped when dropped.
    Launched(Box<crate::kinds::Launched>),
    /// Somebody else's; left alone.
    Attached,
}

/// Why a gateway did not come up.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// The policy asks for what it can't do.
    #[error("{}", list(.0))]
    Unsupported(Vec<Unsupported>),
    /// Its program is not there.
    #[error("gateway `{gateway}`: the program `{program}` was not found (searched in {searched})")]
    Missing {
        /// The kind.
        gateway: &'static str,
        /// The program that was looked for.
        program: String,
        /// Where.
        searched: String,
    },
    /// It ended by itself before it was ready.
    #[error("gateway `{gateway}` ended before it was ready ({status}); its last words: {last_words}")]
    Ended {
        /// The kind.
        gateway: &'static str,
        /// How it ended.
        status: String,
        /// The end of its output.
        last_words: String,
    },
    /// It did not get ready in time.
    #[error(
        "gateway `{gateway}` was not ready after {waited}; last probe: {last_probe}; its last words: {last_words}{help}"
    )]
    NotReady {
        /// The kind.
        gateway: &'static str,
        /// How long it was waited for.
        waited: Timespan,
        /// What the last probe met.
        last_probe: String,
        /// The end of its output.
        last_words: String,
        /// What to do, in a line of its own; empty where nothing can be set.
        help: String,
    },
    /// It runs already, on another machine that was not allowed.
    #[error(
        "gateway `{gateway}`: `{host}` is {address}, which is not this machine; `--allow-host {host}` allows it"
    )]
    NotAllowed {
        /// The kind.
        gateway: &'static str,
        /// The host as written.
        host: String,
        /// What it resolves to.
        address: std::net::IpAddr,
    },
    /// It is a program of the scenario's choice, and nobody has allowed that.
    #[error(
        "gateway `{gateway}` would run {command}, and scenarios may not choose programs by themselves\nhelp: `--allow-commands` allows \
         it; `brownout plan` shows all that would be run"
    )]
    CommandNotAllowed {
        /// The kind.
        gateway: &'static str,
        /// The program with its arguments.
        command: String,
    },
    /// Another process listens where it does, and each gets some of the connections.
    #[error(
        "gateway `{gateway}`: another process listens at {address} as well, and the system shares connections out between the two\n\
         help: end that process, perhaps an earlier run, or let the configuration listen at `{{{{listen.address}}}}` alone"
    )]
    Shared {
        /// The kind.
        gateway: &'static str,
        /// The first address at which they do.
        address: SocketAddr,
    },
    /// A file of its configuration can't be used.
    #[error("{}: {why}", path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// TLS to it, or to its backends, could not be set up.
    #[error("gateway `{gateway}`: {what}: {error}")]
    Tls {
        /// The kind.
        gateway: &'static str,
        /// What was being done, with the file that it was about.
        what: String,
        /// What is wrong.
        error: net::tls::TlsError,
    },
    /// The system did not let it be started.
    #[error("gateway `{gateway}`: {what}: {source}")]
    Io {
        /// The kind.
        gateway: &'static str,
        /// What was being done.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}

fn list(unsupported: &[Unsupported]) -> String {
    unsupported.iter().map(|item| format!("`{}`: {}", item.key, item.why)).collect::<Vec<_>>().join("; ")
}
