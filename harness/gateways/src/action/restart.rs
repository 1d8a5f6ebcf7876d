//! The action `restart`: the gateway is replaced in order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Scene};
use crate::acts::{Doing, Means};

/// The gateway is restarted in order: what is under way may come to its end.
///
/// # What it does
/// The gateway is replaced with its configuration as it is, by the gateway's own means. HAProxy's master executes itself anew
/// (SIGUSR2), which hands the listeners over. Envoy is restarted hot: a second process takes the listeners over, and the first
/// one drains for 2 s. nginx in the foreground has no means to hand over: it is stopped in order (SIGQUIT), and started again when
/// it has ended, as a service manager does; so are Apache (SIGWINCH), Varnish, Traefik and Caddy (SIGTERM), of which Caddy, with the configuration that brownout makes,
/// waits 1 s for what is under way. All that the gateway had learned is gone. It is over when the new process routes.
///
/// # What it stands for
/// An upgrade, a certificate that is only read at the start, a service manager that restarts a unit.
///
/// # When it fails
/// Where the new process does not route within 10 s, the gateway is down: that is a fact about it.
///
/// # Example
/// ```toml
/// [[phase.act]]
/// at      = "2s"
/// restart = {}
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {}

impl Action for Restart {
    fn means(&self) -> Option<Means<'_>> {
        Some(Means::Restart)
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Doing<'a> {
        scene.gateway.restart()
    }

    fn replaces(&self) -> bool {
        true
    }
}
