//! Children that end with the thread that started them, even if that is killed and can stop nothing any more.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use net::World;
use tokio::process::Command;

use super::conceal::Concealer;
use super::short::run_to_its_end;
use crate::kinds::on_path;

/// How long the question may take whether the machine has what it takes.
const BOUND: Duration = Duration::from_secs(2);

/// What starts programs that are not to outlive the thread that they are started from.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// util-linux's `setpriv`, which asks the kernel for a signal at the parent's death (prctl(2),
    /// `PR_SET_PDEATHSIG`) and then becomes the program. Without it, a child outlives a brownout that was killed
    /// with SIGKILL, and nothing else changes.
    setpriv: Option<PathBuf>,
}

impl Guard {
    /// The file that has its output for as long as it is looked for.
    pub(crate) const LOG: &'static str = "setpriv.log";

    /// Finds out whether the machine has what it takes. Its output goes to a file in `dir` for as long as it runs.
    pub(crate) async fn find(world: &World, dir: &Path) -> Self {
        let none = Guard { setpriv: None };
        let Some(setpriv) = on_path(OsStr::new("setpriv")) else {
            return none;
        };
        // Busybox has a `setpriv` as well, without this option.
        let guard = Guard { setpriv: Some(setpriv.clone()) };
        let mut command = guard.command(&setpriv, "KILL");
        command.arg("--version");
        match run_to_its_end(world, command, &dir.join(Guard::LOG), BOUND, Concealer::default()).await {
            Ok(said) if said.is_fine() => guard,
            _ => none,
        }
    }

    /// A command for `program`, which gets `signal` when the thread that starts it ends.
    pub(crate) fn command(&self, program: &Path, signal: &str) -> Command {
        let Some(setpriv) = &self.setpriv else {
            return Command::new(program);
        };
        let mut command = Command::new(setpriv);
        command.arg("--pdeathsig").arg(signal).arg("--").arg(program);
        command
    }
}
