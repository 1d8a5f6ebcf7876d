//! The fault that gives a backend a capacity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use crate::fault::{Admission, Effect, Fault, Incoming};

/// Works on so many requests at a time, and queues or sheds the others.
///
/// # What it does
/// `workers` requests are worked on at a time, each for `takes`, so that the backend serves `workers` ÷ `takes` a
/// second. Others queue, first come, first served. With `queue`, a request that finds so many waiting is answered with
/// `shed` at once (503 without it). A request that the gateway has given up keeps its place, as with a thread that
/// nobody told.
///
/// # What the gateway sees
/// Whole responses, late by the length of the queue; and the status of what was shed.
///
/// # What it stands for
/// Overload: a backend that is asked for more than it can do, with retries that keep it there (Google SRE book, chapter
/// 22).
///
/// # When it cannot be proven
/// A request that was worked on at once waits for `takes`, and counts as affected; so does each that was shed.
///
/// # Example
/// `capacity = { workers = 10, takes = "20ms" }`
/// `capacity = { workers = 4, takes = "10ms", queue = 100, shed = 503 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// How many requests are worked on at a time.
    pub workers: u32,
    /// How long one takes.
    pub takes: Timespan,
    /// How many requests may queue; without it, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<u32>,
    /// With `queue`: the status of a request that finds it full; 503 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shed: Option<u16>,
}

impl Fault for Capacity {
    fn effect(&self, incoming: &Incoming) -> Effect {
        if incoming.is_connection() {
            return Effect::default();
        }
        let limit = Admission::Workers {
            count: self.workers,
            takes: self.takes.0,
            queue: self.queue,
            shed: self.shed.unwrap_or(503),
        };
        Effect { admit: Some(vec![limit]), ..Effect::default() }
    }

    fn problem(&self) -> Option<String> {
        match self {
            Capacity { workers: 0, .. } => {
                Some("`workers = 0` never answers: expected at least 1, or `hang`".into())
            }
            Capacity { takes, .. } if takes.is_zero() => {
                Some("`takes = 0` has no bound: expected a time above zero".into())
            }
            Capacity { queue: None, shed: Some(_), .. } => {
                Some("`shed` belongs to `queue`: without a bound nothing is shed".into())
            }
            Capacity { shed, .. } => shed.and_then(crate::fault::answers::status::code_problem),
        }
    }
}
