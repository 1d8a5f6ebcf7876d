//! The action `reload`: another configuration, taken up while the gateway runs.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Scene};
use crate::acts::{Doing, Means};

/// The gateway takes up another configuration while it runs.
///
/// # What it does
/// Without `config`, the configuration is made from the policy once more, with the `backends` that are named (without them: those
/// that it has at the time). With `config`, it is a file of your own, in which the same placeholders are filled in as in the one
/// that the gateway was started with. The gateway's own checker sees it first. Then the gateway takes it up by its own means:
/// HAProxy by SIGUSR2 to its master, nginx by SIGHUP, Apache by SIGUSR1, Envoy by a hot restart. It is over when the new configuration is in force for
/// new connections; requests that were under way may go on with the old one.
///
/// # What it stands for
/// A deployment that goes to another slot, a backend whose URL changes, a route that is added: the change that is made many times
/// a day, and is taken to cost nothing.
///
/// # When it fails
/// Where the gateway refuses the configuration, the action has failed, and whatever rests on it is inconclusive. Where the
/// gateway ends of it, or does not route within 10 s, it is down: that is a fact about the gateway.
///
/// # Example
/// ```toml
/// [[phase.act]]
/// at     = "2s"
/// reload = { backends = ["orders-b"] }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reload {
    /// A configuration of your own, relative to the scenario.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<PathBuf>,
    /// The backends that the new configuration has. Without it: with `config`, those whose placeholder it has; else those that the
    /// gateway has at the time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<String>,
}

impl Action for Reload {
    fn means(&self) -> Option<Means<'_>> {
        Some(Means::Reload { config: self.config.as_deref(), chooses: !self.backends.is_empty() })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Doing<'a> {
        scene.gateway.reload(self.config.as_deref().map(Path::new), scene.backends)
    }

    fn names(&self) -> &[String] {
        &self.backends
    }

    fn leaves(&self, had: &[usize], named: &[usize]) -> Vec<usize> {
        if named.is_empty() { had.to_vec() } else { named.to_vec() }
    }
}
