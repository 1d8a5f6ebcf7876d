//! The action `out`: a backend is taken out for maintenance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Scene};
use crate::acts::{Doing, Means};

/// Backends are taken out of the gateway's pool, as for planned maintenance.
///
/// # What it does
/// The gateway takes up a configuration without them, as `reload` does. The backends go on to answer, so that requests which are
/// under way there can come to their end. It is over when the new configuration is in force for new connections.
///
/// # What it stands for
/// Maintenance of a backend, a rolling deployment, a slot that is swapped.
///
/// # When it fails
/// As `reload` does. The last backend can't be taken out.
///
/// # Example
/// ```toml
/// [[phase.act]]
/// at  = "2s"
/// out = { backends = ["orders-a"] }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Out {
    /// The backends, by name.
    pub backends: Vec<String>,
}

impl Action for Out {
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
        had.iter().copied().filter(|backend| !named.contains(backend)).collect()
    }

    fn problem(&self) -> Option<String> {
        self.backends.is_empty().then(|| "`backends` is empty: name at least one".into())
    }
}
