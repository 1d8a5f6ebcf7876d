//! `balance`: how requests are spread over the backends.

use std::collections::BTreeMap;

use evidence::{Ledger, Tag};
use reports::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use super::{Expectation, Judged};
use measure::view::View;

/// Requests are spread over the backends in the shares that are demanded.
///
/// # What it checks
/// The share of *first* attempts that reached each backend, against `shares`, give or take `tolerance`. Further
/// attempts are left out: where they go depends on what failed. Without `shares`, the backends of the first priority
/// group share by their weights, and the others get nothing. With `shares`, only the backends in it are looked at.
///
/// # Why it matters
/// A pool that leans on one member has the capacity of that member. After an outage, a backend that never gets its
/// share back is lost, and nobody notices until the next one goes.
///
/// # When it can't tell
/// Chance alone moves a share: of n requests, by up to 1.96 × √(share × (1 − share) ÷ n) in 95 of 100 cases. It is
/// inconclusive if that is more than `tolerance` (a tenth of it takes about 400 requests at a tolerance of 0.05), or
/// if a share is off by more than `tolerance`, but no more than chance would explain.
///
/// # Example
/// ```toml
/// [[expect]]
/// in      = "steady"
/// balance = { shares = { orders-a = 0.75, orders-b = 0.25 }, tolerance = 0.05 }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Balance {
    /// The share of each backend; by weight within the first priority group without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<BTreeMap<String, Share>>,
    /// By how much a share may be off.
    #[serde(default)]
    pub tolerance: Tolerance,
}

/// A tolerance of a share; 0.05 by default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Tolerance(pub Share);

impl Default for Tolerance {
    fn default() -> Self {
        Tolerance(Share::new(0.05).expect("0.05 lies between 0 and 1"))
    }
}

/// The 97.5th percentile of the normal distribution, which bounds 95 % on both sides.
const Z_95: f64 = 1.96;

impl Expectation for Balance {
    fn judge(&self, ledger: &Ledger, window: &View<'_>) -> Judged {
        let spread = Spread::of(ledger, window);
        let demanded = self.demanded(window);
        let name = |index: usize| window.brief.backends[index].name.as_str();
        let expected = words(demanded.iter().map(|(index, share)| (name(*index), *share)));
        let expected = format!("{expected}, give or take {}", self.tolerance.0);
        let deviations: Vec<Deviation> =
            demanded.iter().map(|(index, share)| spread.deviation(*index, *share)).collect();
        let worst = deviations.iter().max_by(|a, b| a.off.abs().total_cmp(&b.off.abs()));
        let total = spread.total;
        let Some(worst) = worst.filter(|_| total > 0) else {
            let because = if total == 0 {
                "no request reached a backend"
            } else {
                "none of the demanded backends exists"
            };
            return Judged::inconclusive("no attempts", expected, because).resting_on(total);
        };
        let verdict = deviations.iter().map(|deviation| deviation.verdict(self.tolerance.0.get())).max();
        let verdict = verdict.unwrap_or(Verdict::Inconclusive);
        let chance = deviations.iter().map(|deviation| deviation.chance).fold(0.0, f64::max);
        Judged {
            verdict,
            observed: words(
                spread.counts.iter().enumerate().map(|(index, _)| (name(index), spread.share(index))),
            ),
            expected,
            observations: total,
            resolution: Some(format!("{:.1} %", chance * 100.0)),
            ..spread.words(verdict, worst, chance, name(worst.backend))
        }
    }

    fn backends(&self) -> Vec<&str> {
        self.shares.iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    fn problem(&self) -> Option<String> {
        if self.tolerance.0.get() <= 0.0 {
            return Some("`tolerance` is 0: no finite number of requests is spread exactly".into());
        }
        let sum: f64 = self.shares.iter().flatten().map(|(_, share)| share.get()).sum();
        (sum > 1.0 + 1e-9).then(|| format!("the shares add up to {sum:.2}, which is more than 1"))
    }
}

impl Balance {
    /// The backends that are looked at, with their demanded shares.
    fn demanded(&self, window: &View<'_>) -> Vec<(usize, f64)> {
        let backends = &window.brief.backends;
        if let Some(shares) = &self.shares {
            let named = |name: &str| backends.iter().position(|backend| backend.name == name);
            return shares.iter().filter_map(|(name, share)| Some((named(name)?, share.get()))).collect();
        }
        let first = backends.iter().map(|backend| backend.priority).min();
        let weight = |backend: &measure::brief::BackendBrief| {
            if Some(backend.priority) == first { f64::from(backend.weight) } else { 0.0 }
        };
        let sum: f64 = backends.iter().map(weight).sum();
        if sum <= 0.0 {
            return Vec::new();
        }
        backends.iter().enumerate().map(|(index, backend)| (index, weight(backend) / sum)).collect()
    }
}

/// Where first attempts went.
struct Spread {
    counts: Vec<u64>,
    /// The first one at each backend.
    first_at: Vec<Option<Tag>>,
    total: u64,
}

impl Spread {
    fn of(_ledger: &Ledger, window: &View<'_>) -> Self {
        let backends = window.brief.backends.len();
        let mut spread = Spread { counts: vec![0; backends], first_at: vec![None; backends], total: 0 };
        for first in window.entries().filter_map(|entry| entry.attempts.first()) {
            spread.total += 1;
            let backend = usize::from(first.backend);
            if let Some(count) = spread.counts.get_mut(backend) {
                *count += 1;
                spread.first_at[backend].get_or_insert(first.tag);
            }
        }
        spread
    }

    fn share(&self, backend: usize) -> f64 {
        self.counts[backend] as f64 / self.total.max(1) as f64
    }

    fn deviation(&self, backend: usize, share: f64) -> Deviation {
        let chance = Z_95 * (share * (1.0 - share) / self.total.max(1) as f64).sqrt();
        Deviation { backend, off: self.share(backend) - share, chance }
    }

    /// What follows from the backend that is furthest off.
    fn words(&self, verdict: Verdict, worst: &Deviation, chance: f64, name: &str) -> Judged {
        let (off, total) = (format!("{:+.1} %", worst.off * 100.0), self.total);
        let (summary, because) = match verdict {
            Verdict::Inconclusive => (
                "the spread of requests can't be told from chance".into(),
                format!(
                    "`{name}` is off by {off}, and chance alone moves a share of {total} first attempts by up to {:.1} %",
                    chance * 100.0
                ),
            ),
            Verdict::Pass => (
                "requests were spread as demanded".into(),
                format!("the largest deviation is {off}, at `{name}`, of {total} first attempts"),
            ),
            Verdict::Fail => (
                format!("`{name}` got {:.1} % of first attempts", self.share(worst.backend) * 100.0),
                format!("`{name}` is off by {off}, of {total} first attempts"),
            ),
        };
        let first = self.first_at[worst.backend].filter(|_| verdict == Verdict::Fail);
        let witnesses = first.map(|tag| (tag, format!("first attempt at `{name}`"))).into_iter().collect();
        Judged { verdict, summary, because, witnesses, ..Judged::inconclusive("", "", "") }
    }
}

/// How far a backend is from its share, and how far chance alone would take it.
struct Deviation {
    backend: usize,
    off: f64,
    chance: f64,
}

impl Deviation {
    fn verdict(&self, tolerance: f64) -> Verdict {
        let off = self.off.abs();
        if off > tolerance + self.chance {
            Verdict::Fail
        } else if off > tolerance + 1e-9 || self.chance > tolerance {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        }
    }
}

fn words<'a>(shares: impl Iterator<Item = (&'a str, f64)>) -> String {
    shares.map(|(name, share)| format!("{name} {:.1} %", share * 100.0)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use insta::assert_snapshot;
    use reports::Verdict;

    use crate::testing::{Call, Judging, Run, Try, settings};

    /// So many requests, every `nth` of which goes to `b`.
    fn steady(count: usize, nth: usize) -> Run {
        let run = Run::new().phase("steady", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.calls(count, move |n| {
            Call::due("reads", 1.0 + n as f64).attempt(Try::ok(if n % nth == 0 { "b" } else { "a" }))
        })
    }

    #[test]
    fn an_even_spread_passes() {
        let finding = steady(1000, 2).finding("steady", "reads", "balance = {}");
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
        assert_snapshot!(finding.observed, @"a 50.0 %, b 50.0 %");
    }

    #[test]
    fn a_pool_that_leans_on_one_member_is_caught() {
        let finding = steady(1000, 5).finding("steady", "reads", "balance = {}");
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_snapshot!(finding.summary, @"`a` got 80.0 % of first attempts");
    }

    #[test]
    fn demanded_shares_go_before_weights() {
        let finding =
            steady(1000, 5).finding("steady", "reads", "balance = { shares = { a = 0.8, b = 0.2 } }");
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    }

    #[test]
    fn the_second_priority_group_gets_nothing() {
        let run = Run::new()
            .phase("steady", 10.0)
            .weighted("a", 1, 0)
            .weighted("b", 1, 1)
            .class("reads", Method::Get);
        let run = run.calls(1000, |n| Call::due("reads", n as f64).attempt(Try::ok("a")));
        assert_eq!(run.finding("steady", "reads", "balance = {}").verdict, Verdict::Pass);
    }

    #[test]
    fn too_few_requests_prove_no_balance() {
        let finding = steady(40, 2).finding("steady", "reads", "balance = {}");
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert_eq!(steady(0, 2).judged("steady", "reads", "balance = {}").verdict, Verdict::Inconclusive);
    }

    #[test]
    fn shares_beyond_the_whole_and_no_tolerance_are_refused() {
        let problem = |text: &str| settings(text).ok().and_then(|settings| settings.contract().problem());
        assert!(problem("balance = { shares = { a = 0.8, b = 0.8 } }").is_some());
        assert!(problem("balance = { tolerance = 0.0 }").is_some());
        assert!(problem("balance = { shares = { a = 0.2, b = 0.8 } }").is_none());
    }
}
