//! Two stretches of a run, compared figure by figure: how requests fare in one, against what is usual.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Entry, Tag};
use measure::aside::SetAside;
use measure::outcomes::Outcomes;
use measure::response::{Since, Times};
use measure::view::{Sight, View};
use units::stats::quantile_ranks;
use units::{Share, Stretch, Timespan};

use crate::against::{Bad, DOUBT, no_worse};
use crate::claim::{Basis, Claim};
use crate::estimates;
use crate::witness::WITNESSES_MAX;

/// Differences below this are the granularity of timers and schedulers.
const GRAIN: Duration = Duration::from_millis(5);

/// The percentiles that are compared.
const QUANTILES: [(&str, f64); 2] = [("p50", 0.5), ("p90", 0.9)];

/// By how much a stretch may differ from what is usual, and how that is said.
pub(crate) struct Allowed {
    /// By which part the response time may be longer.
    pub(crate) latency: Share,
    /// Which part of the requests may arrive more often.
    pub(crate) amplification: Share,
    /// By how much the share of successes may be lower.
    pub(crate) share: Share,
    /// After so long, a request that was still under way when the run ended has failed.
    pub(crate) patience: Option<Duration>,
    /// What is demanded, in words.
    pub(crate) demanded: String,
    /// What figures are if they don't differ, and if they do: `back`, `not back`.
    pub(crate) words: (&'static str, &'static str),
}

impl Allowed {
    /// What is wrong with it: equality is not to be proven.
    pub(crate) fn problem(&self) -> Option<String> {
        let parts = [("latency", self.latency), ("amplification", self.amplification), ("share", self.share)];
        let (name, _) = parts.into_iter().find(|(_, part)| part.get() <= 0.0)?;
        Some(format!("`{name}` is 0: no finite number of requests proves that two phases are equal"))
    }
}

/// A stretch, and the one that it is held against.
pub(crate) struct Compared<'a> {
    view: View<'a>,
    before: View<'a>,
    after: Stretch,
    allowed: Allowed,
}

/// How often requests arrived, by the number of arrivals.
#[derive(Default)]
struct Arrivals {
    counts: BTreeMap<usize, u64>,
    /// The first few of each number.
    first: BTreeMap<usize, Vec<Tag>>,
    set_aside: SetAside,
}

impl Arrivals {
    fn of(view: &View<'_>, stretch: Stretch) -> Self {
        let mut arrivals = Arrivals::default();
        for entry in view.entries_due(stretch) {
            match view.why_apart(&entry, Sight::COUNTS) {
                Some(why) => arrivals.set_aside.note(why, entry.exchange),
                None => arrivals.take(&entry),
            }
        }
        arrivals
    }

    fn take(&mut self, entry: &Entry<'_>) {
        let number = entry.attempts.len();
        *self.counts.entry(number).or_default() += 1;
        let first = self.first.entry(number).or_default();
        if first.len() < WITNESSES_MAX {
            first.push(entry.exchange.tag);
        }
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

    /// The first few that arrived more often.
    fn shown(&self, usual: usize) -> Vec<(Tag, String)> {
        let more = self.first.range(usual + 1..);
        let shows = |(number, tags): (&usize, &Vec<Tag>)| {
            tags.iter().map(|tag| (*tag, format!("arrived {number} times"))).collect::<Vec<_>>()
        };
        more.flat_map(shows).take(WITNESSES_MAX).collect()
    }

    /// Those that arrived more often.
    fn more_often(&self, usual: usize) -> Bad {
        let bad = self.counts.range(usual + 1..).map(|(_, count)| count).sum();
        Bad { bad, count: self.requests() }
    }
}

impl<'a> Compared<'a> {
    /// A stretch of the view's phase, against the phase `usual` as a whole.
    pub(crate) fn of(view: &View<'a>, usual: usize, after: Stretch, allowed: Allowed) -> Self {
        Compared { view: *view, before: view.at_phase(usual), after, allowed }
    }

    /// Latency, arrivals and successes.
    pub(crate) fn claims(&self) -> Vec<Claim> {
        self.latency().into_iter().chain([self.amplification(), self.successes()]).collect()
    }

    fn names(&self) -> (&'a str, &'a str) {
        (self.view.phase_name(), self.before.phase_name())
    }

    fn remedy(&self) -> String {
        let (here, there) = self.names();
        format!("send more requests in `{here}` and in `{there}`, or make them longer")
    }

    /// The response time, percentile by percentile.
    fn latency(&self) -> Vec<Claim> {
        let usual = Times::due_in(&self.before, self.before.stretch, Since::Due, &[]);
        let larger = |length: Duration| length.mul_f64(1.0 + self.allowed.latency.get()) + GRAIN;
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
            let (good, bad) = self.allowed.words;
            let ((here, there), (now, value)) = (self.names(), (Timespan(now), Timespan(value)));
            Claim::on(basis)
                .says(
                    format!("{name} of response time is {good}: {now} in `{here}`, {value} in `{there}`"),
                    format!("{name} of response time is {bad}: {now} in `{here}`, {value} in `{there}`"),
                )
                .because(format!(
                    "{} of {} requests took longer than {}",
                    kept.over,
                    kept.count,
                    Timespan(kept.bound)
                ))
                .seen(format!("{name} {now}, before {value}"), self.allowed.demanded.as_str())
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
    fn amplification(&self) -> Claim {
        let usual = Arrivals::of(&self.before, self.before.stretch);
        let now = Arrivals::of(&self.view, self.after);
        let median = usual.median();
        let ((here, there), (good, not)) = (self.names(), self.allowed.words);
        let (bad, was) = (now.more_often(median), usual.more_often(median));
        let means = format!("{:.2} in `{here}`, {:.2} in `{there}`", now.mean(), usual.mean());
        Claim::on(no_worse(bad, was, self.allowed.amplification.get()))
            .says(
                format!("arrivals per request are {good}: {means}"),
                format!("arrivals per request are {not}: {means}"),
            )
            .because(format!("{} of {} requests arrived more than {median} times", bad.bad, bad.count))
            .seen(format!("{means} arrivals per request"), self.allowed.demanded.as_str())
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
            .shown(now.shown(median))
            .aside(now.set_aside)
            .remedy(self.remedy())
    }

    /// The share of successes.
    fn successes(&self) -> Claim {
        let usual = Outcomes::of(&self.before);
        let now = Outcomes::due_in(&self.view, self.after, self.allowed.patience);
        let ((here, there), (good, not)) = (self.names(), self.allowed.words);
        let bad = |outcomes: &Outcomes| Bad { bad: outcomes.failed, count: outcomes.count() };
        let shares =
            format!("{:.1} % in `{here}`, {:.1} % in `{there}`", now.share() * 100.0, usual.share() * 100.0);
        let failures = now.failures.iter().map(|tag| (*tag, "failed".to_owned())).collect();
        Claim::on(no_worse(bad(&now), bad(&usual), self.allowed.share.get()))
            .says(format!("successes are {good}: {shares}"), format!("successes are {not}: {shares}"))
            .because(format!("{} of {} requests failed", now.failed, now.count()))
            .seen(format!("{shares} succeed"), self.allowed.demanded.as_str())
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
