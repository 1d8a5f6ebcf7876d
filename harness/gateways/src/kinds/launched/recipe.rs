//! What the start of a gateway is made of, whichever kind it is: `launch` does the rest.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

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

/// Where a gateway is to be started.
pub(crate) struct Place<'a> {
    /// The backends and the policy.
    pub(crate) upstreams: &'a Upstreams,
    /// Where it has to listen.
    pub(crate) address: SocketAddr,
    /// Its directory, as seen from everywhere.
    pub(crate) dir: &'a Path,
    /// What tells it from an older gateway on the same port.
    pub(crate) nonce: &'a str,
}

/// What it is started with at one place.
pub(crate) struct Parts {
    /// The files of its directory, by their path in it, with what they hold.
    pub(crate) files: Vec<(PathBuf, String)>,
    /// What serves.
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
