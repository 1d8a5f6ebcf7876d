//! Who is left alone together with a backend that fails.

use super::outage::RATE;
use super::target::Target;
use crate::seen::{Seen, Silence};

/// Who gets no requests while a backend gets none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The others go on.
    Backend,
    /// Some of the others go on.
    Some,
    /// All get none, and requests are turned away.
    All,
    /// All get none, and requests wait: the gateway stands still, and leaves nobody alone.
    Nobody,
}

impl Scope {
    /// As profiles say it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Scope::Backend => "the backend that fails",
            Scope::Some => "others as well",
            Scope::All => "all backends",
            Scope::Nobody => "nobody",
        }
    }
}

/// A backend certainly gets nothing if so many requests would have been for it.
const WOULD_BE: f64 = 8.0;

impl Scope {
    /// What is seen of it in a time in which some backends get nothing.
    pub(super) fn of(seen: &Seen, target: &Target, silence: &Silence) -> Self {
        let length = silence.to.since(silence.from);
        // At both ends the others may be a little ahead or behind.
        let (from, to) = (silence.from + length / 4, silence.to - length / 4);
        let within = |at: units::Moment| from <= at && at < to;
        let others = (0..seen.brief.backends.len()).filter(|other| !target.0.contains(other));
        let quiet = |other: usize| {
            let expected = RATE * seen.brief.weight_share(other) * to.since(from).as_secs_f64();
            let got = seen
                .ledger
                .attempts()
                .iter()
                .filter(|one| usize::from(one.backend) == other && within(one.arrived));
            (expected >= WOULD_BE).then_some(got.count() == 0)
        };
        let quiet: Vec<bool> = others.filter_map(quiet).collect();
        let served = seen.ledger.attempts().iter().any(|attempt| within(attempt.arrived));
        let away =
            seen.ledger.entries().any(|entry| entry.attempts.is_empty() && within(entry.exchange.done));
        if target.0.len() == 1 && !quiet.contains(&true) {
            return Scope::Backend;
        }
        match (quiet.contains(&false) || served, away) {
            (true, _) => Scope::Some,
            (false, true) => Scope::All,
            (false, false) => Scope::Nobody,
        }
    }
}
