//! How requests are spread over the backends while all is well.

use units::{Share, Timespan, stats};

use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::value::Value;

/// The probability with which a share lies within its bounds.
const CONFIDENCE: f64 = 0.999;

pub(crate) fn experiment(_: &Lab<'_>) -> Experiment {
    Experiment::new("spread", 150.0).traffic("writes", "POST", 50.0).phase("steady", Timespan::from_secs(3))
}

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let seen = lab.run(&experiment(lab))?;
    let view = seen.view("steady", None);
    let mut counts = vec![0; seen.brief.backends.len()];
    for first in view.entries().filter_map(|entry| entry.attempts.first()) {
        counts[usize::from(first.backend)] += 1;
    }
    let all: u64 = counts.iter().sum();
    if all == 0 {
        profile.cannot_tell("pool", "no request reached a backend", &seen.name);
        return Ok(());
    }
    let again = view.entries().filter(|entry| entry.exchange.succeeded() && entry.attempts.len() > 1).count();
    profile.know("pool.successes_tried_again", Value::yes(again > 0), all, &seen.name);
    for (backend, count) in seen.brief.backends.iter().zip(counts) {
        let (low, high) = stats::share_interval(count, all, CONFIDENCE);
        let bounds = Share::new(low.max(0.0)).zip(Share::new(high.min(1.0)));
        if let Some((low, high)) = bounds {
            profile.know(format!("pool.share.{}", backend.name), Value::Share(low, high), all, &seen.name);
        }
    }
    Ok(())
}
