//! Why a run has no evidence, or only a part of it: the environment failed, not the gateway's behaviour.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

/// Why a run did not come to its end. All of these are exit code 4.
#[derive(Debug, Error)]
pub enum RunError {
    /// The run directory could not be written.
    #[error("{}: {source}", path.display())]
    Evidence {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The evidence could not be written any more in the middle of the run.
    #[error(
        "{}: {source}: the run was ended, because nothing of it would be on record\nhelp: make room, and run it again; \
         `brownout analyze {}` judges what was recorded before",
        dir.display(), dir.display()
    )]
    Unrecorded {
        /// Where the evidence lies.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system lets this process open fewer files and sockets than the run can need.
    #[error(
        "this process may open {found} files and sockets at a time, and the run can need {needed}\nhelp: raise the limit \
         with `ulimit -n {needed}` (and `ulimit -Hn`, or `LimitNOFILE`, where that is refused), or lower the rate, \
         `deadline` or `limits.connections`"
    )]
    Descriptors {
        /// The limit.
        found: u64,
        /// What the run can need.
        needed: u64,
    },
    /// The system did not grant what a part of the harness needs.
    #[error("the {part} could not be started: {source}")]
    Part {
        /// The part.
        part: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A fake backend could not be started.
    #[error(transparent)]
    Backends(#[from] fake_backends::BindError),
    /// The gateway did not come up.
    #[error(transparent)]
    Gateway(#[from] gateways::LaunchError),
    /// The load could not be prepared.
    #[error(transparent)]
    Driver(#[from] driver::PrepareError),
    /// The gateway ended while the run was going on.
    #[error("the gateway ended {at} into the run: {how}; partial evidence is in {}", dir.display())]
    GatewayEnded {
        /// How long after the epoch.
        at: units::Timespan,
        /// How it ended.
        how: String,
        /// Where the evidence lies.
        dir: PathBuf,
    },
    /// A secret that the traffic needs is not in the environment.
    #[error("{0}")]
    Secret(String),
    /// The status page could not be served.
    #[error("--status {address}: {source}")]
    Status {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The status page would be there for other machines, and nobody said so.
    #[error(
        "--status {address}: other machines can reach this address, and the page is for this one only\nhelp: listen at \
         `127.0.0.1:{}`, or say by `--status-host` under which name others may ask for it", address.port()
    )]
    StatusExposed {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The gateway can't run in the simulated world.
    #[error("gateway `{0}` can't be simulated: only `reference` runs in the simulated world")]
    NotSimulable(&'static str),
    /// The user asked twice for the end.
    #[error("aborted")]
    Aborted,
    /// A part of the harness ended where it must not: a defect of brownout.
    #[error("the {0} ended unexpectedly: this is a defect of brownout, please report it")]
    PartEnded(&'static str),
}

impl RunError {
    /// The key of the scenario that is at fault, if one is.
    pub fn key(&self) -> Option<String> {
        match self {
            RunError::Gateway(gateways::LaunchError::CommandNotAllowed { .. }) => {
                Some("gateway.command.run".to_owned())
            }
            RunError::Backends(error) => Some(format!("backend.{}.listen", error.backend()?)),
            _ => None,
        }
    }
}
