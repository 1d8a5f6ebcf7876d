//! What the start of a gateway is made of, whichever kind it is: `launch` does the rest.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

use super::acting::Acting;
use crate::process::STOP;
use crate::{LaunchError, Ready, Upstreams};

/// A program with its arguments. It is started in the gateway's directory.
// Not to be printed: its environment may hold secrets.
pub(crate) struct CommandLine {
    /// The program, as seen from everywhere.
    pub(crate) program: PathBuf,
    /// What it is told.
    pub(crate) arguments: Vec<String>,
    /// What its environment has beside the little that every gateway gets.
    pub(crate) environment: Vec<(String, String)>,
}

/// What a gateway is to have, as far as that can be changed while it runs.
#[derive(Clone, Debug)]
pub(crate) struct Having {
    /// A configuration of the user's in place of the one that the gateway was started with.
    pub(crate) config: Option<PathBuf>,
    /// The backends that a configuration made from the policy has, by their index.
    pub(crate) backends: Vec<usize>,
}

impl Having {
    /// What it is started with: all backends.
    pub(crate) fn at_first(upstreams: &Upstreams) -> Self {
        Having { config: None, backends: (0..upstreams.backends.len()).collect() }
    }
}

/// Where a gateway is to be started, and with what.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// All backends, and the policy.
    pub(crate) upstreams: &'a Upstreams,
    /// What of that it is to have.
    pub(crate) having: &'a Having,
    /// Where it has to listen.
    pub(crate) address: SocketAddr,
    /// Where it has to tell its metrics, if they are asked for on a port of its own.
    pub(crate) metrics: Option<SocketAddr>,
    /// Its directory, as seen from everywhere.
    pub(crate) dir: &'a Path,
    /// What tells it from an older gateway on the same port.
    pub(crate) nonce: &'a str,
    /// Which process in turn it is, from 0, of a gateway that is acted on; `None` if no action is planned.
    pub(crate) generation: Option<u32>,
    /// Whether it is only to be checked, beside the configuration in force and under another name.
    pub(crate) trial: bool,
}

impl Place<'_> {
    /// The backends and the policy that a configuration is made from.
    pub(crate) fn chosen(&self) -> Upstreams {
        let all = &self.upstreams.backends;
        let chosen = self.having.backends.iter().filter_map(|index| all.get(*index).cloned());
        Upstreams { backends: chosen.collect(), ..self.upstreams.clone() }
    }
}

/// What it is started with at one place.
pub(crate) struct Parts {
    /// The files of its directory, by their path in it, with what they hold.
    pub(crate) files: Vec<(PathBuf, String)>,
    /// What serves, with these files in place.
    pub(crate) serve: CommandLine,
    /// What checks the files beforehand, and the user's own file that is to blame.
    pub(crate) check: Option<(CommandLine, PathBuf)>,
    /// Whether it answers [`super::READY_PATH`] with the nonce.
    pub(crate) tells_nonce: bool,
}

/// One kind of gateway with its settings.
pub(crate) trait Recipe {
    /// The kind's key.
    fn name(&self) -> &'static str;

    /// The signal that the program gets if brownout dies without having stopped it, as `setpriv` names it.
    fn orphaned(&self) -> &'static str;

    /// The signal that ends it, and how long it may take to end on it.
    fn stop(&self) -> (Signal, Duration) {
        (Signal::TERM, STOP)
    }

    /// What it can be made to do while it runs, beside being killed and paused.
    fn acts(&self) -> Acting {
        Acting::default()
    }

    /// Whether it has to tell its metrics on a port of its own.
    fn tells(&self) -> bool {
        false
    }

    /// The secrets that the program is given, with their variables' names.
    fn secrets(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// How it is asked whether it is ready.
    fn ready(&self) -> &Ready;

    /// How the program is asked for its version, if it can be.
    fn version(&self) -> Result<Option<CommandLine>, LaunchError>;

    /// The version in what it then says.
    fn understood(&self, said: &str) -> Option<String>;

    /// What it is started with at `place`.
    fn parts(&self, place: &Place<'_>) -> Result<Parts, LaunchError>;
}
