//! The fault that limits how many connections a backend takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cut::CutBy;
use crate::fault::{Accept, Effect, Ending, Fault, Incoming};

/// Takes so many connections at a time, and ends further ones as soon as they were accepted.
///
/// # What it does
/// A connection that is accepted while the backend has `max` others open is ended at once, by a reset (RST), or by a close
/// (FIN) with `by = "fin"`. Those that are open go on.
///
/// # What the gateway sees
/// Connections that it can make and that end before it can use them: it has to use the ones that it has, to wait, or to
/// fail over.
///
/// # What it stands for
/// A limit on workers, threads or descriptors (`max_connections` of a database, `ulimit -n`, a pod's socket limit), met by a
/// gateway whose pool is larger.
///
/// # When it cannot be proven
/// A request that was on its way on such a connection is never read and leaves no attempt: only the connection is evidence.
///
/// # Example
/// `connection_limit = { max = 10 }`
/// `connection_limit = { max = 2, by = "fin" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionLimit {
    /// How many connections may be open.
    pub max: u32,
    /// How further ones are ended; by a reset without it.
    #[serde(default = "reset")]
    pub by: CutBy,
}

fn reset() -> CutBy {
    CutBy::Rst
}

impl Fault for ConnectionLimit {
    fn effect(&self, incoming: &Incoming) -> Effect {
        if !incoming.is_connection() {
            return Effect::default();
        }
        Effect { accept: Some(Accept::Beyond(self.max, Ending::from(self.by))), ..Effect::default() }
    }

    fn hides_attempts(&self) -> bool {
        true
    }
}
