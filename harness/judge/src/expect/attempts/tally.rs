//! One pass over a window: what is counted for all bounds at once.

use std::time::Duration;

use evidence::{Attempt, End, Entry, Ledger, Outcome, Planned};

use super::Attempts;
use crate::witness::Shown;
use measure::view::View;
use measure::view::was_hit;
use units::plural::times;

/// How soon a transport replay follows on the loss of its connection.
const REPLAY_WITHIN: Duration = Duration::from_millis(1);

/// What is counted of a window.
#[derive(Default)]
pub(super) struct Tally {
    /// Requests that were sent.
    pub(super) requests: u64,
    /// Their arrivals.
    pub(super) arrivals: u64,
    /// The most arrivals of one request.
    pub(super) most: usize,
    /// Attempts that a planned fault hit.
    pub(super) hits: u64,
    /// Requests with more arrivals than allowed.
    pub(super) over: u64,
    pub(super) over_shown: Shown,
    /// Requests that should have been tried again.
    pub(super) demanded: u64,
    /// Those of them that arrived less often than demanded, and did not succeed before.
    pub(super) short: u64,
    pub(super) short_shown: Shown,
    /// Further attempts.
    pub(super) further: u64,
    /// Those of them that went where they should not.
    pub(super) misplaced: u64,
    pub(super) misplaced_shown: Shown,
    /// Those of them that look like a replay by the gateway's HTTP library.
    pub(super) replays: u64,
}

impl Tally {
    pub(super) fn of(settings: &Attempts, _ledger: &Ledger, window: &View<'_>) -> Self {
        let faulty = window.injections().next().is_some();
        let mut tally = Tally::default();
        for entry in window.entries().filter(|entry| entry.exchange.was_sent()) {
            tally.requests += 1;
            tally.count_arrivals(settings, &entry);
            tally.count_short(settings, &entry, faulty);
            for (before, further) in entry.attempts.iter().zip(&entry.attempts[1.min(entry.attempts.len())..])
            {
                tally.count_further(settings, window, before, further);
            }
        }
        tally
    }

    fn count_arrivals(&mut self, settings: &Attempts, entry: &Entry<'_>) {
        let arrivals = entry.attempts.len();
        self.arrivals += arrivals as u64;
        self.most = self.most.max(arrivals);
        self.hits += entry.attempts.iter().filter(|attempt| was_hit(attempt)).count() as u64;
        if settings.most().is_some_and(|most| arrivals > usize::from(most)) {
            self.over += 1;
            self.over_shown.add(entry.exchange.tag, || format!("arrived {}", times(arrivals)));
        }
    }

    fn count_short(&mut self, settings: &Attempts, entry: &Entry<'_>, faulty: bool) {
        let Some(fewest) = settings.fewest() else { return };
        let first_failed = entry.attempts.first().is_some_and(|first| was_hit(first) && needs_another(first));
        if (faulty && !first_failed) || given_up(entry) {
            return;
        }
        self.demanded += 1;
        let arrivals = entry.attempts.len();
        let rescued = faulty && entry.attempts.last().is_some_and(|last| !needs_another(last));
        if arrivals < usize::from(fewest) && !rescued {
            self.short += 1;
            self.short_shown
                .add(entry.exchange.tag, || format!("failed, and arrived only {}", times(arrivals)));
        }
    }

    fn count_further(&mut self, settings: &Attempts, window: &View<'_>, before: &Attempt, further: &Attempt) {
        self.further += 1;
        self.replays += u64::from(is_replay(before, further));
        let other = before.backend != further.backend;
        if settings.other_backend.is_some_and(|demanded| demanded != other) {
            self.misplaced += 1;
            self.misplaced_shown.add(further.tag, || {
                let [from, to] = [before, further].map(|attempt| window.brief.backend_name(attempt.backend));
                if other {
                    format!("tried at `{from}`, then at `{to}`")
                } else {
                    format!("tried at `{from}` and again there")
                }
            });
        }
    }
}

/// True if the attempt left its request unanswered, or answered with what a fault made up.
fn needs_another(attempt: &Attempt) -> bool {
    attempt.failed() || attempt.planned == Planned::Status
}

/// True if the request ended for a reason of the client's, so that the gateway had nobody left to try again for.
fn given_up(entry: &Entry<'_>) -> bool {
    matches!(entry.exchange.outcome, Outcome::ClientTimeout | Outcome::ClientAbort | Outcome::Unfinished)
}

/// HTTP libraries repeat a request by themselves when a connection that they had used before turns out to be gone.
fn is_replay(before: &Attempt, further: &Attempt) -> bool {
    before.backend == further.backend
        && before.nth > 1
        && before.method.is_idempotent()
        && matches!(before.end, End::Reset | End::Closed)
        && further.arrived.since(before.ended) <= REPLAY_WITHIN
}
