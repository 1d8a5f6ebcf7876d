//! Requests that arrived whole at a backend, and whether they arrived again.

use evidence::{Attempt, Entry, Tag};
use policy::RetryOn;

use crate::aside::{SetAside, Why};
use crate::view::{Sight, View};
use crate::worth::{failure, is_named};

/// Requests that are kept, with both deliveries.
const KEPT: usize = 5;

/// Deliveries of whole requests.
#[derive(Clone, Debug, Default)]
pub struct Replays {
    /// Requests that arrived whole.
    pub delivered: u64,
    /// Those whose first delivery then failed, in a way that gateways try again after.
    pub failed: u64,
    /// Those that arrived again.
    pub replayed: u64,
    /// Those of them that arrived again while the first delivery was still under way.
    pub overlapping: u64,
    /// The most deliveries of one request.
    pub most: usize,
    /// The first few that arrived again.
    pub shown: Vec<Replay>,
    /// Those that say nothing of the gateway.
    pub set_aside: SetAside,
}

/// A request that arrived again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The request.
    pub tag: Tag,
    /// Where it was delivered first.
    pub first: u16,
    /// Where it was delivered again.
    pub again: u16,
    /// Its deliveries.
    pub times: usize,
}

impl Replays {
    /// Counts them: of the class that the view looks at, or of all requests whose method is not idempotent.
    pub fn of(view: &View<'_>) -> Self {
        let mut replays = Replays::default();
        for entry in view.entries().filter(|entry| is_counted(view, entry)) {
            if let Some(first) = entry.attempts.iter().position(|attempt| attempt.body_done.is_some()) {
                replays.take(view, &entry, &entry.attempts[first..]);
            }
        }
        replays
    }

    fn take(&mut self, view: &View<'_>, entry: &Entry<'_>, deliveries: &[Attempt]) {
        let [first, rest @ ..] = deliveries else { return };
        self.delivered += 1;
        let apart = view.why_apart(entry, Sight::OUTCOMES).or_else(|| view.why_apart(entry, Sight::COUNTS));
        let again = rest.first();
        // That a client left, or that attempts may be hidden, does not explain one that is seen.
        let explained = matches!(apart, Some(Why::Edge | Why::Stalled | Why::OwnLimit | Why::BeyondBounds));
        match (again, apart) {
            (Some(again), _) if !explained => {
                self.replayed += 1;
                self.failed += 1;
                self.overlapping += u64::from(again.arrived < first.ended);
                self.most = self.most.max(deliveries.len());
                if self.shown.len() < KEPT {
                    let times = deliveries.len();
                    let (first, again) = (first.backend, again.backend);
                    self.shown.push(Replay { tag: entry.exchange.tag, first, again, times });
                }
            }
            (_, Some(why))
                if again.is_some()
                    || failure(view.brief, entry, first).is_some()
                    || first.replied.is_none() =>
            {
                self.set_aside.note(why, entry.exchange);
            }
            (_, Some(_)) => {}
            (_, None) => self.failed += u64::from(tempts(view, entry, first)),
        }
    }
}

fn is_counted(view: &View<'_>, entry: &Entry<'_>) -> bool {
    let class = view.brief.traffic.get(usize::from(entry.exchange.class));
    view.place.traffic.is_some() || class.is_none_or(|class| !class.method.is_idempotent())
}

/// True if a delivery failed in a way that a careless gateway tries again after: what the policy names, and what gateways
/// try again after by themselves (nginx `error timeout`, Envoy `5xx` without the rarer statuses, Caddy, HAProxy).
fn tempts(view: &View<'_>, entry: &Entry<'_>, delivery: &Attempt) -> bool {
    failure(view.brief, entry, delivery).is_some_and(|failed| {
        let usual = matches!(failed, RetryOn::Reset | RetryOn::Timeout | RetryOn::Status(502..=504));
        usual || is_named(view.brief, failed)
    })
}
