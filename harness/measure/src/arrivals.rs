//! What arrived at one backend, and what would have arrived at it.

use std::sync::Arc;
use std::time::Duration;

use evidence::{Entry, Exchange, Ledger, Outcome};
use units::{Moment, Stretch};

use crate::brief::Brief;

/// With fewer requests before the first fault, the planned weights say more than the counted shares.
const BASELINE_MIN: usize = 100;

/// How much of a cut run's end is not looked at, because its tables were cut at different rows.
const CUT_MARGIN: Duration = Duration::from_secs(1);

/// Up to when the ledger tells everything.
pub fn recorded_to(ledger: &Ledger) -> Moment {
    let rest = ledger.rest();
    if rest.cut { rest.ended - CUT_MARGIN } else { rest.ended }
}

/// What an attempt told the gateway of its backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It works.
    Success,
    /// It fails.
    Failure,
    /// Nothing: the client left, or the run ended.
    Nothing,
    /// That it fails, or nothing: nobody saw which.
    Unsure,
}

impl Told {
    /// True if it may have counted as a failure.
    pub fn may_fail(self) -> bool {
        matches!(self, Told::Failure | Told::Unsure)
    }
}

/// When requests arrived at each of the first `backends` backends during a stretch, of whatever traffic class, in order.
pub fn arrivals(ledger: &Ledger, backends: usize, during: Stretch) -> Vec<Vec<Moment>> {
    let mut found: Vec<Vec<Moment>> = vec![Vec::new(); backends];
    for attempt in ledger.attempts().iter().filter(|attempt| during.contains(attempt.arrived)) {
        if let Some(here) = found.get_mut(usize::from(attempt.backend)) {
            here.push(attempt.arrived);
        }
    }
    for here in &mut found {
        here.sort();
    }
    found
}

/// When the gateway dealt with a request: it passed it on, or ended it without. `None` if it did neither.
///
/// Only then did the request go to some backend, or to none. When it was sent says nothing: a gateway that stands still for a moment
/// keeps requests from all backends, and passes none of them over.
pub fn dealt_with(entry: &Entry<'_>) -> Option<Moment> {
    use Outcome::{
        ClientAbort, ClientTimeout, ConnectFailed, ConnectRefused, OwnLimit, Skipped, TlsFailed, Unfinished,
    };
    if let Some(first) = entry.attempts.first() {
        return Some(first.arrived);
    }
    let Exchange { status, outcome, done, .. } = *entry.exchange;
    let never_taken = matches!(outcome, ConnectRefused | ConnectFailed | TlsFailed | OwnLimit | Skipped);
    let kept = status == 0 && matches!(outcome, ClientTimeout | ClientAbort | Unfinished);
    (!never_taken && !kept).then_some(done)
}

/// What would have arrived at a backend that is in use: its share of what the gateway dealt with.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// When the gateway dealt with requests, in order.
    dealt: Arc<[Moment]>,
    /// The backend's share of them, from 0 to 1.
    share: f64,
}

impl Traffic {
    /// The traffic that each backend gets while all is well: as counted before the first fault, or as its weight says.
    /// A backend in reserve has none.
    pub fn towards_each(ledger: &Ledger, brief: &Brief) -> Vec<Self> {
        let first_fault = brief.injections.iter().map(|injection| injection.during.from).min();
        let well = |entry: &Entry<'_>| first_fault.is_none_or(|fault| entry.exchange.done < fault);
        let (mut dealt, mut baseline, mut here) = (Vec::new(), 0, vec![0; brief.backends.len()]);
        for entry in ledger.entries().filter(|entry| entry.exchange.was_sent()) {
            dealt.extend(dealt_with(&entry));
            if let Some(first) = entry.attempts.first().filter(|_| well(&entry)) {
                baseline += 1;
                here.get_mut(usize::from(first.backend)).into_iter().for_each(|count| *count += 1);
            }
        }
        dealt.sort();
        let dealt: Arc<[Moment]> = dealt.into();
        let counted = here.into_iter().enumerate().map(|(backend, here)| {
            let share = if baseline < BASELINE_MIN {
                weight_share(brief, backend as u16)
            } else {
                f64::from(here) / baseline as f64
            };
            Traffic { dealt: dealt.clone(), share }
        });
        counted.collect()
    }

    /// How many requests would have arrived between two moments. One that arrived at either is none of them.
    pub fn expected(&self, from: Moment, to: Moment) -> f64 {
        let up_to = self.dealt.partition_point(|dealt| *dealt <= from);
        self.share * self.dealt.partition_point(|dealt| *dealt < to).saturating_sub(up_to) as f64
    }

    /// The mean time between two arrivals at the backend while it is in use; nothing if it gets no traffic.
    pub fn mean_gap(&self, during: Stretch) -> Option<Duration> {
        let expected = self.expected(during.from, during.to);
        (expected > 0.0).then(|| during.length().div_f64(expected.max(1e-3)))
    }
}

/// A backend's share of the traffic by its weight, within the first priority group.
pub fn weight_share(brief: &Brief, backend: u16) -> f64 {
    let Some(own) = brief.backends.get(usize::from(backend)) else {
        return 0.0;
    };
    let first = brief.backends.iter().map(|other| other.priority).min().unwrap_or(0);
    let total: u64 = brief
        .backends
        .iter()
        .filter(|other| other.priority == first)
        .map(|other| u64::from(other.weight))
        .sum();
    if own.priority == first && total > 0 { f64::from(own.weight) / total as f64 } else { 0.0 }
}
