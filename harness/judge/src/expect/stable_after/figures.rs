//! Two stretches of a run, compared figure by figure.

use std::collections::BTreeMap;
use std::time::Duration;

use measure::aside::SetAside;
use measure::outcomes::Outcomes;
use measure::response::{Since, Times};
use measure::view::{Sight, View};
use units::stats::quantile_ranks;
use units::{Moment, Stretch, Timespan};

use super::StableAfter;
use crate::against::{Bad, DOUBT, no_worse};
use crate::claim::{Basis, Claim};
use crate::estimates;

/// Differences below this are the granularity of timers and schedulers.
const GRAIN: Duration = Duration::from_millis(5);

/// The percentiles that are compared.
const QUANTILES: [(&str, f64); 2] = [("p50", 0.5), ("p90", 0.9)];

/// A stretch before the fault and one after it.
pub(super) struct Compared<'a> {
    view: View<'a>,
    before: View<'a>,
    after: Stretch,
}

/// How often requests arrived, by the number of arrivals.
#[derive(Default)]
struct Arrivals {
    counts: BTreeMap<usize, u64>,
    set_aside: SetAside,
}

impl Arrivals {
    fn of(view: &View<'_>, stretch: Stretch) -> Self {
        let mut arrivals = Arrivals::default();
        for entry in view.entries_due(stretch) {
            match view.why_apart(&entry, Sight::COUNTS) {
                Some(why) => arrivals.set_aside.note(why, entry.exchange),
                None => *arrivals.counts.entry(entry.attempts.len()).or_default() += 1,
            }
        }
        arrivals
    }

    fn requests(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Arrivals per request.
    fn mean(&self) -> f64 {
        let arrivals: u64 = self.counts.iter().map(|(arrivals, count)| *arrivals as u64 * count).sum();
        arrivals as f64 / self.requests().max(1) as f64
    }

    /// The number of arrivals that half of the requests don't exceed.
    fn median(&self) -> usize {
        let mut left = self.requests().div_ceil(2);
        for (arrivals, count) in &self.counts {
            if left <= *count {
                return *arrivals;
            }
            left -= count;
        }
        1
    }

    /// Those that arrived more often.
    fn more_often(&self, usual: usize) -> Bad {
        let bad = self.counts.range(usual + 1..).map(|(_, count)| count).sum();
        Bad { bad, count: self.requests() }
    }
}

impl<'a> Compared<'a> {
    pub(super) fn of(view: &View<'a>, usual: usize, from: Moment, to: Moment) -> Self {
        Compared { view: *view, before: view.at_phase(usual), after: Stretch { from, to: to.max(from) } }
    }

    fn names(&self) -> (&'a str, &'a str) {
        (self.view.phase_name(), self.before.phase_name())
    }

    fn remedy(&self) -> String {
        let (here, there) = self.names();
        format!("send more requests in `{here}` and in `{there}`, or make them longer")
    }

    /// The response time, percentile by percentile.
    pub(super) fn latency(&self, settings: &StableAfter) -> Vec<Claim> {
        let usual = Times::due_in(&self.before, self.before.stretch, Since::Due, &[]);
        let larger = |length: Duration| length.mul_f64(1.0 + settings.latency.get()) + GRAIN;
        let of = |(name, quantile): (&'static str, f64)| {
            let (value, low, high) = usual.quantile(quantile);
            let bounds = [larger(low.unwrap_or_default()), larger(longest(&usual, quantile))];
            let times = Times::due_in(&self.view, self.after, Since::Due, &bounds);
            let [kept, broken] = [&times.against[0], &times.against[1]];
            let allowed = 1.0 - quantile;
            let basis = Basis::Tested {
                p_broken: (DOUBT + units::stats::at_least(broken.over, broken.count, allowed)).min(1.0),
                p_kept: match kept.count {
                    0 => 1.0,
                    all => (0.025 + units::stats::at_most(kept.over, all, allowed)).min(1.0),
                },
                count: kept.count,
                needed: None,
            };
            let (now, now_low, now_high) = times.quantile(quantile);
            let ((here, there), (now, value)) = (self.names(), (Timespan(now), Timespan(value)));
            Claim::on(basis)
                .says(
                    format!("{name} of response time is back: {now} in `{here}`, {value} in `{there}`"),
                    format!("{name} of response time is not back: {now} in `{here}`, {value} in `{there}`"),
                )
                .because(format!(
                    "{} of {} requests took longer than {}",
                    kept.over,
                    kept.count,
                    Timespan(kept.bound)
                ))
                .seen(format!("{name} {now}, before {value}"), settings.demanded())
                .estimate(estimates::millis(
                    format!("{name} of response time in `{here}`"),
                    *now,
                    now_low,
                    now_high,
                ))
                .estimate(estimates::millis(
                    format!("{name} of response time in `{there}`"),
                    *value,
                    low,
                    high,
                ))
                .aside(kept.set_aside.clone())
                .shown(
                    broken
                        .slowest
                        .iter()
                        .map(|(took, tag)| (*tag, format!("took {}", Timespan(*took))))
                        .collect(),
                )
                .remedy(self.remedy())
        };
        QUANTILES.into_iter().map(of).collect()
    }

    /// Arrivals per request.
    pub(super) fn amplification(&self, settings: &StableAfter) -> Claim {
        let usual = Arrivals::of(&self.before, self.before.stretch);
        let now = Arrivals::of(&self.view, self.after);
        let median = usual.median();
        let (here, there) = self.names();
        let (bad, was) = (now.more_often(median), usual.more_often(median));
        let means = format!("{:.2} in `{here}`, {:.2} in `{there}`", now.mean(), usual.mean());
        Claim::on(no_worse(bad, was, settings.amplification.get()))
            .says(
                format!("arrivals per request are back: {means}"),
                format!("arrivals per request are not back: {means}"),
            )
            .because(format!("{} of {} requests arrived more than {median} times", bad.bad, bad.count))
            .seen(format!("{means} arrivals per request"), settings.demanded())
            .estimate(estimates::share(
                format!("requests in `{here}` that arrive more often"),
                bad.bad,
                bad.count,
            ))
            .estimate(estimates::share(
                format!("requests in `{there}` that arrive more often"),
                was.bad,
                was.count,
            ))
            .aside(now.set_aside)
            .remedy(self.remedy())
    }

    /// The share of successes.
    pub(super) fn successes(&self, settings: &StableAfter) -> Claim {
        let usual = Outcomes::of(&self.before);
        let now = Outcomes::due_in(&self.view, self.after, Some(*settings.within));
        let (here, there) = self.names();
        let bad = |outcomes: &Outcomes| Bad { bad: outcomes.failed, count: outcomes.count() };
        let shares =
            format!("{:.1} % in `{here}`, {:.1} % in `{there}`", now.share() * 100.0, usual.share() * 100.0);
        let failures = now.failures.iter().map(|tag| (*tag, "failed".to_owned())).collect();
        Claim::on(no_worse(bad(&now), bad(&usual), settings.share.get()))
            .says(format!("successes are back: {shares}"), format!("successes are not back: {shares}"))
            .because(format!("{} of {} requests failed", now.failed, now.count()))
            .seen(format!("{shares} succeed"), settings.demanded())
            .estimate(estimates::share(
                format!("requests that succeed in `{here}`"),
                now.succeeded,
                now.count(),
            ))
            .estimate(estimates::share(
                format!("requests that succeed in `{there}`"),
                usual.succeeded,
                usual.count(),
            ))
            .aside(now.set_aside.clone())
            .shown(failures)
            .remedy(self.remedy())
    }
}

/// The longest that a percentile may be: a failure must hold against it, and not only against what was seen.
fn longest(usual: &Times, quantile: f64) -> Duration {
    let count = usual.histogram.len();
    let (_, sure) = quantile_ranks(count, quantile, 1.0 - 2.0 * DOUBT);
    sure.map_or(Duration::MAX / 4, |rank| {
        Duration::from_micros(usual.histogram.value_at_quantile(rank as f64 / count as f64))
    })
}
