//! The fault that closes idle connections.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

use crate::fault::{After, Effect, Ending, Fault, Incoming, on_attempts};

/// Closes a connection that was idle for a while, although it said that it may be used again.
///
/// # What it does
/// After an answer, a connection that carries no further request within `after` is closed (FIN). With `after = "0ms"`
/// it is closed right behind the answer. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// The end of a connection that it keeps in its pool; if a request is on its way at that moment, it is lost: the keep-
/// alive race.
///
/// # What it stands for
/// A backend whose keep-alive timeout is shorter than that of the gateway (Node.js closes after 5 s, gunicorn after 2
/// s): sporadic 502s that no log explains.
///
/// # When it cannot be proven
/// A connection that is used again in time is not closed. That one was closed is recorded on the connection.
///
/// # Example
/// `idle_close = { after = "50ms" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdleClose {
    /// How long a connection may be idle.
    pub after: Timespan,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for IdleClose {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let after =
                if self.after.is_zero() { After::End(Ending::Fin) } else { After::CloseIdle(self.after.0) };
            Effect { after: Some(after), ..Effect::default() }
        })
    }
}
