//! The action `pause`: the gateway's processes stand still.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::{Action, Scene};
use crate::acts::{Doing, Means};

/// The longest pause.
const LENGTH_MAX: Timespan = Timespan::from_secs(600);

/// The gateway stands still, and goes on as if nothing had been.
///
/// # What it does
/// All of its processes get SIGSTOP, and SIGCONT after the time `for`. The kernel goes on to accept connections for it meanwhile
/// and takes what clients send, as far as its buffers go.
///
/// # What it stands for
/// A long garbage collection, a disk that blocks, a hypervisor that takes the machine's processor away.
///
/// # When it fails
/// A gateway that brownout did not start, or that runs inside of it, can't be paused: that is refused before the run.
///
/// # Example
/// ```toml
/// [[phase.act]]
/// at    = "2s"
/// pause = { for = "300ms" }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// How long it stands still; at most 10 minutes.
    #[serde(rename = "for")]
    pub length: Timespan,
}

impl Action for Pause {
    fn means(&self) -> Option<Means<'_>> {
        Some(Means::Pause)
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Doing<'a> {
        scene.gateway.pause(self.length.into())
    }

    fn bound(&self) -> Duration {
        Duration::from(self.length) + Duration::from_secs(1)
    }

    fn problem(&self) -> Option<String> {
        if self.length.is_zero() {
            return Some("`for` is 0: nothing would stand still".into());
        }
        (self.length > LENGTH_MAX)
            .then(|| format!("`for` is {}, allowed are up to {LENGTH_MAX}", self.length))
    }
}
