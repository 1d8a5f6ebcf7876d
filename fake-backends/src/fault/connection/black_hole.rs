//! The fault that lets connects time out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Does, Effect, Fault, Incoming, Listening, Outline};

/// Answers no connect: the queue of the listener is full.
///
/// # What it does
/// At its start the backend stops accepting, and fills the queue of its listener, so that the kernel drops further
/// connects. Connections that are open go on. At its end it accepts again.
///
/// # What the gateway sees
/// A connect that is neither accepted nor refused: its connect timeout is all that helps.
///
/// # What it stands for
/// A host that is gone, a security group or a network policy that drops packets, a node that froze: what a refused port
/// does not show.
///
/// # When it cannot be proven
/// A connect that was dropped leaves no trace at the backend, so attempts cannot be counted while it is in force. That
/// the queue was full, and from when to when, is recorded as a firing.
///
/// # Example
/// `black_hole = {}`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlackHole {}

impl Fault for BlackHole {
    /// Nothing: it acts on the listener, not on what arrives.
    fn effect(&self, _: &Incoming) -> Effect {
        Effect::default()
    }

    fn hides_attempts(&self) -> bool {
        true
    }

    fn listener(&self) -> Option<Listening> {
        Some(Listening::Drops)
    }

    fn outline(&self) -> Option<Outline> {
        Some(Outline::of(Share::ALL, Does::Refuses))
    }
}
