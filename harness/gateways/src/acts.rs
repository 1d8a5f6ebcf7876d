//! What can be done to a gateway that runs, whatever its kind: the contract between actions and gateways.

use std::path::Path;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, ready};

/// What an action asks of a gateway, so that the gateway can say before the run whether it has the means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means<'a> {
    /// That it takes up another configuration while it runs.
    Reload {
        /// A configuration of the user's; without it, the one that is made from the policy.
        config: Option<&'a Path>,
        /// Whether the backends are chosen that it is to have.
        chooses: bool,
    },
    /// That it is replaced in order by another process.
    Restart,
    /// That its processes can be killed and started again.
    Kill,
    /// That its processes can be stopped for a while.
    Pause,
}

impl Means<'_> {
    /// What can't be done to a gateway without them: `reloaded`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Means::Reload { .. } => "reloaded",
            Means::Restart => "restarted",
            Means::Kill => "killed",
            Means::Pause => "paused",
        }
    }
}

/// Why an action did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// It could not be carried out: that says nothing of the gateway under load.
    Failed(String),
    /// It was carried out, and the gateway did not come back.
    Down(String),
}

impl NotDone {
    /// What is said of it.
    pub fn words(&self) -> &str {
        match self {
            NotDone::Failed(words) | NotDone::Down(words) => words,
        }
    }
}

/// An action under way: ends when the gateway routes again, or when it is known that it does not.
pub type Doing<'a> = LocalBoxFuture<'a, Result<(), NotDone>>;

/// A gateway that runs, as actions see it. What a kind has no means for is refused before the run; the same words stand
/// here, for a plan that was edited.
///
/// An action that is dropped before its end must leave nothing behind that keeps the gateway from being stopped.
pub trait Acts {
    /// Has it take up another configuration, with these backends only, by their index. Ends when the new one is in force.
    fn reload<'a>(&'a self, config: Option<&'a Path>, backends: &'a [usize]) -> Doing<'a> {
        let _ = backends;
        cannot(Means::Reload { config, chooses: true })
    }

    /// Has it replaced in order: what is under way is finished. Ends when the new one routes.
    fn restart(&self) -> Doing<'_> {
        cannot(Means::Restart)
    }

    /// Kills it, and starts it again so much later. Ends when it routes again.
    fn kill(&self, restart_after: Duration) -> Doing<'_> {
        let _ = restart_after;
        cannot(Means::Kill)
    }

    /// Stops its processes for so long. Ends when they go on.
    fn pause(&self, length: Duration) -> Doing<'_> {
        let _ = length;
        cannot(Means::Pause)
    }
}

fn cannot<'a>(means: Means<'_>) -> Doing<'a> {
    let words = format!("this gateway can't be {} by brownout", means.word());
    Box::pin(ready(Err(NotDone::Failed(words))))
}

/// A gateway that is not brownout's to act on.
pub(crate) struct NotOurs;

impl Acts for NotOurs {}
