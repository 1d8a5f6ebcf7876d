//! Which side ended an attempt that a fault held.

use std::time::Duration;

use evidence::{Attempt, Entry, Outcome, Planned};

/// The gateway learns of a client's leaving, and passes it on, within this time.
const PASSED_ON: Duration = Duration::from_millis(5);

/// Who ended an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The gateway walked away by itself: a timer fired.
    Gateway,
    /// The client left, and the gateway walked away because of it.
    Client,
    /// The backend answered or closed, or the run ended.
    Other,
}

/// True if the plan held the attempt for at least `length`: a timer of that length had to end it.
pub fn is_held(attempt: &Attempt, length: Duration) -> bool {
    attempt.planned == Planned::Hang || Duration::from_nanos(attempt.delay) >= length
}

/// Who ended one of the entry's attempts.
pub fn ending(entry: &Entry<'_>, attempt: &Attempt) -> Ending {
    let left = matches!(entry.exchange.outcome, Outcome::ClientTimeout | Outcome::ClientAbort);
    if left && attempt.ended + PASSED_ON >= entry.exchange.done {
        Ending::Client
    } else if attempt.was_abandoned() {
        Ending::Gateway
    } else {
        Ending::Other
    }
}
