//! The action `kill`: the gateway dies, and is started again.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::{Action, Scene};
use crate::acts::{Doing, Means};

/// How long the gateway may take to route again, beyond the pause before it is started.
const BACK: Duration = Duration::from_secs(15);

/// The longest pause before it is started again.
const AFTER_MAX: Timespan = Timespan::from_secs(600);

/// The gateway is killed, and started again.
///
/// # What it does
/// All of its processes get SIGKILL at once: connections break off, what was under way is lost, and new connections are refused.
/// `restart_after` later it is started again, with the configuration that it had. It is over when it routes.
///
/// # What it stands for
/// A crash, the kernel's answer to a lack of memory, a machine that is switched off: how much of the traffic does it cost, and how
/// long until all is as before?
///
/// # When it fails
/// Where the gateway does not route within 10 s after it was started, it is down: that is a fact about it. Where its port still takes
/// connections after all of its processes were killed, something else serves, such as a container, and the action has failed.
///
/// # Example
/// ```toml
/// [[phase.act]]
/// at   = "2s"
/// kill = { restart_after = "500ms" }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// How long it stays away, from its end to its start; at most 10 minutes.
    pub restart_after: Timespan,
}

impl Action for Kill {
    fn means(&self) -> Option<Means<'_>> {
        Some(Means::Kill)
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Doing<'a> {
        scene.gateway.kill(self.restart_after.into())
    }

    fn bound(&self) -> Duration {
        Duration::from(self.restart_after) + BACK
    }

    fn replaces(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        (self.restart_after > AFTER_MAX)
            .then(|| format!("`restart_after` is {}, allowed are up to {AFTER_MAX}", self.restart_after))
    }
}
