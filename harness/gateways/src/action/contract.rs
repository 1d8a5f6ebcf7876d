//! What each kind of action has to say for itself.

use std::time::Duration;

use crate::acts::{Acts, Doing, Means};

/// How long an action may take where it says nothing else: so long may a gateway finish what it has, and
/// so long start.
const BOUND: Duration = Duration::from_secs(30);

/// A kind of action.
pub trait Action {
    /// What it asks of the gateway; nothing if it leaves the gateway alone.
    fn means(&self) -> Option<Means<'_>>;

    /// Carries it out. A future that is dropped leaves nothing of it behind.
    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> Doing<'a>;

    /// How long it may take; after that it is given up.
    fn bound(&self) -> Duration {
        BOUND
    }

    /// The backends that it names, for the scenario to look up.
    fn names(&self) -> &[String] {
        &[]
    }

    /// The backends that the gateway has after it, of those that it `had` and those that the action has `named`, by their
    /// index.
    fn leaves(&self, had: &[usize], named: &[usize]) -> Vec<usize> {
        let _ = named;
        had.to_vec()
    }

    /// True if another process serves after it.
    fn replaces(&self) -> bool {
        false
    }

    /// What is wrong with settings that are well-formed but make no sense together.
    fn problem(&self) -> Option<String> {
        None
    }
}

/// What an action has to act on.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The gateway.
    pub gateway: &'a dyn Acts,
    /// The backends that it is to have afterwards, by their index.
    pub backends: &'a [usize],
}
