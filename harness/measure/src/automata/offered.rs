//! The requests that were offered to a gateway: what would have arrived at a backend while all is well, and how long the way
//! to it takes.

use std::sync::Arc;
use std::time::Duration;

use units::Moment;
use units::stats::quantile;

use super::followed::Given;
use crate::arrivals::{dealt_with, weight_share};
use crate::view::View;

/// No transit is taken to be known finer than this: timers and clocks of machines have about this granularity.
const BLUR_MIN: Duration = Duration::from_millis(1);
/// Nor coarser: what is slower is queueing, which a breaker does not excuse.
pub(super) const BLUR_MAX: Duration = Duration::from_millis(20);
/// With fewer requests before the first fault, the planned weights say more than the counted shares.
const BASELINE_MIN: u64 = 100;
/// So many transits tell the slowest in a hundred of them.
const TRANSITS: usize = 100_000;

/// What was offered, for the inputs of all backends.
pub struct Offered {
    /// When the gateway dealt with requests, in order, by class.
    by_class: Vec<Vec<Moment>>,
    /// The same of all classes.
    all: Arc<[Moment]>,
    /// First attempts that were over before the first fault began, by class and backend.
    well: Vec<Vec<u64>>,
    /// What 99 in 100 fault-free first attempts don't exceed from sending to arrival.
    pub(super) transit: Duration,
}

impl Offered {
    /// What was offered of the traffic that is looked at, in the whole run.
    pub fn of(view: &View<'_>) -> Self {
        let brief = view.brief;
        let first_fault = brief.injections.iter().map(|injection| injection.during.from).min();
        let mut by_class = vec![Vec::new(); brief.traffic.len()];
        let mut well = vec![vec![0; brief.backends.len()]; brief.traffic.len()];
        let (mut transits, entries) = (Vec::new(), view.ledger.entries());
        let one_in = entries.len() / TRANSITS + 1;
        for (index, entry) in entries.enumerate() {
            let (exchange, first) = (entry.exchange, entry.attempts.first());
            if let Some(first) = first.filter(|first| first.number == 1 && first.injections == 0)
                && index % one_in == 0
            {
                transits.push(first.arrived.since(exchange.sent));
            }
            let class = usize::from(exchange.class);
            let Some(dealt) = by_class.get_mut(class).filter(|_| view.takes(exchange.class)) else {
                continue;
            };
            if exchange.was_sent() {
                dealt.extend(dealt_with(&entry));
            }
            let is_well = first_fault.is_none_or(|fault| exchange.done < fault);
            let counted = first.and_then(|first| well[class].get_mut(usize::from(first.backend)));
            if let Some(count) = counted.filter(|_| is_well) {
                *count += 1;
            }
        }
        for dealt in &mut by_class {
            dealt.sort();
        }
        let transit = quantile(&mut transits, 0.99).unwrap_or_default().clamp(BLUR_MIN, BLUR_MAX);
        Offered { all: merged(&by_class), by_class, well, transit }
    }

    /// When requests were dealt with that reach these backends, and the share of them that does.
    ///
    /// Traffic of classes that never reach them is none of theirs. With too few requests before the first fault, or where the
    /// gateway was given its backends later, the weights tell the share.
    pub fn towards(&self, view: &View<'_>, backends: &[u16]) -> (Arc<[Moment]>, f64) {
        let all = |class: &usize| self.well[*class].iter().sum::<u64>();
        let here = |class: &usize| {
            let counts = backends.iter().filter_map(|backend| self.well[*class].get(usize::from(*backend)));
            counts.sum::<u64>()
        };
        let reach = |class: &usize| all(class) < BASELINE_MIN || here(class) > 0;
        let reaching: Vec<usize> = (0..self.well.len()).filter(reach).collect();
        let dealt = if reaching.len() == self.well.len() {
            self.all.clone()
        } else {
            let of_these: Vec<Vec<Moment>> =
                reaching.iter().map(|class| self.by_class[*class].clone()).collect();
            merged(&of_these)
        };
        if let Some(share) = Given::of(view).weight_share(view.brief, backends) {
            return (dealt, share);
        }
        let share = match reaching.iter().map(all).sum::<u64>() {
            few if few < BASELINE_MIN => {
                backends.iter().map(|backend| weight_share(view.brief, *backend)).sum()
            }
            enough => reaching.iter().map(here).sum::<u64>() as f64 / enough as f64,
        };
        (dealt, share)
    }
}

fn merged(dealt: &[Vec<Moment>]) -> Arc<[Moment]> {
    let mut all: Vec<Moment> = dealt.concat();
    // Stable: it finds the runs that are in order already, and merges them.
    all.sort();
    all.into()
}
