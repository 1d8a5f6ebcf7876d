//! The action `in`: a backend comes back from maintenance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Scene};
use crate::acts::{Doing, Means};

/// Backends that were taken out come back into the gateway's pool.
///
/// # What it does
/// The gateway takes up a configuration with them, as `reload` does. It is over when the new configuration is in force for new
/// connections.
///
/// # What it stands for
/// The end of a maintenance, a rolling deployment, a backend that is added.
///
/// # When it fails
/// As `reload` does.
///
/// # Example
/// ```toml
/// [[phase.act]]
/// at = "4s"
/// in = { backends = ["orders-a"] }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct In {
    /// The backends, by name.
    pub backends: Vec<String>,
}

impl Action for In {
    fn means(&self) -> Option<Means<'_>> {
        Some(Means::Reload { config: None, chooses: true })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Doing<'a> {
        scene.gateway.reload(None, scene.backends)
    }

    fn names(&self) -> &[String] {
        &self.backends
    }

    fn leaves(&self, had: &[usize], named: &[usize]) -> Vec<usize> {
        let mut all = [had, named].concat();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn problem(&self) -> Option<String> {
        self.backends.is_empty().then(|| "`backends` is empty: name at least one".into())
    }
}
