//! `balance`: how requests are spread over the backends.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use measure::brief::{Brief, FaultDoes};
use measure::choices::Choices;
use measure::view::View;
use policy::{AllOut, Breaker};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;
use units::stats::{at_least, at_most};

use super::Expectation;
use crate::claim::{Basis, Claim};
use crate::decide::BETA;
use crate::estimates;
use crate::forecast::{Forecast, Outlook, is_failure};

/// Requests are spread over the backends in the shares that are demanded.
///
/// # What it checks
/// The share of *first* attempts that reached each backend, against `shares`, give or take `tolerance`. Further
/// attempts are left out: where they go depends on what failed. Without `shares`, the backends of the first priority
/// group share by their weights, and the others get nothing; those of `out` are left alone meanwhile, and the others of their
/// group take their part by weight, or the next group if none is left. With `shares`, only the backends in it are looked at.
///
/// # Why it matters
/// A pool that leans on one member has the capacity of that member. After an outage, a backend that never gets its
/// share back is lost, and nobody notices until the next one goes.
///
/// # When it can't tell
/// Chance alone moves a share: it fails if a share is proven to be off by more than `tolerance`, and passes if that is
/// excluded with 95 %. Half and half at a tolerance of 0.05 takes about 270 requests. Where the gateway chooses once for
/// each client connection, or for each key of a class with `keys`, its requests are one choice and not many: then it takes as
/// many of them. What a fault that turns connections away may hide is set aside. While a breaker or an ejection leaves a
/// backend out, name it with `out`, and leave the time until then to `settle`: probes are within the tolerance.
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
    /// Backends that are left alone: the others take their part by weight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out: Vec<String>,
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

impl Expectation for Balance {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let choices = Choices::due_in(view, view.stretch);
        let demanded = self.demanded(view.brief);
        let name = |index: usize| view.brief.backends[index].name.as_str();
        let expected = words(demanded.iter().map(|(index, share)| (name(*index), *share)));
        let expected = format!("{expected}, give or take {}", self.tolerance.0);
        let observed = words((0..choices.counts.len()).map(|index| (name(index), choices.share(index))));
        let deviations: Vec<Deviation> =
            demanded.iter().map(|(index, share)| Deviation::of(&choices, *index, *share)).collect();
        let Some(worst) = deviations.iter().max_by(|a, b| a.off.abs().total_cmp(&b.off.abs())) else {
            let blind = Claim::blind("none of the demanded backends exists", "name backends of the scenario");
            return vec![blind.seen(observed, expected)];
        };
        let tolerance = self.tolerance.0.get();
        // Bonferroni: the worst of several backends is held against all of them.
        let p_broken = deviations.iter().map(|off| off.p_broken(tolerance)).fold(1.0, f64::min);
        let basis = Basis::Tested {
            p_broken: (p_broken * deviations.len() as f64).min(1.0),
            p_kept: deviations.iter().map(|off| off.p_kept(tolerance)).fold(0.0, f64::max),
            count: worst.count,
            needed: needed(&deviations, tolerance),
        };
        let (off, worst_name) = (format!("{:+.1} %", worst.off * 100.0), name(worst.backend));
        let (share, phase) = (choices.share(worst.backend) * 100.0, view.phase_name());
        let apart = if choices.effect > 1.5 {
            let of = worst.count;
            format!(
                ", which tell as much as {of}: the gateway chooses for a connection or a key, not for each request"
            )
        } else {
            String::new()
        };
        let first = choices.first_at[worst.backend];
        let claim = Claim::on(basis)
            .says(
                format!("requests were spread in `{phase}` as demanded: {observed}"),
                format!(
                    "`{worst_name}` got {share:.1} % of first attempts in `{phase}`, demanded {expected}"
                ),
            )
            .because(format!("`{worst_name}` is off by {off}, of {} first attempts{apart}", choices.total))
            .seen(observed, expected)
            .aside(choices.set_aside.clone())
            .shown(first.map(|tag| (tag, format!("first attempt at `{worst_name}`"))).into_iter().collect())
            .remedy(if choices.effect > 1.5 {
                "send over more client connections, or with more `keys`: each is one choice"
            } else {
                "send more requests there, or allow a larger `tolerance`"
            });
        vec![demanded.iter().fold(claim, |claim, (index, _)| {
            let (hits, count) = choices.independent(*index);
            claim.estimate(estimates::share(format!("first attempts at {}", name(*index)), hits, count))
        })]
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let demanded = self.demanded(outlook.brief);
        let tolerance = self.tolerance.0.get();
        if outlook.brief.backends.len() < 2 {
            return vec![Forecast::CannotFail("there is only one backend to send requests to".into())];
        }
        if demanded.iter().all(|(_, share)| *share <= tolerance && share + tolerance >= 1.0) {
            return vec![Forecast::CannotFail(format!(
                "a tolerance of {} allows every spread",
                self.tolerance.0
            ))];
        }
        let left_out =
            demanded.iter().find(|(backend, share)| *share > tolerance && surely_trips(outlook, *backend));
        if let Some((backend, _)) = left_out {
            let why = format!(
                "a fault makes `{0}` fail there, and the declared breaker leaves `{0}` out while it is open: expect it in a \
                 phase without faults, or name that backend in `out`",
                outlook.brief.backends[*backend].name
            );
            return vec![Forecast::CannotPass(why)];
        }
        let needed = demanded.iter().map(|(_, share)| cases(*share, 0.0, tolerance)).fold(0.0, f64::max);
        let requests = outlook.requests();
        let exposures = |requests| Forecast::exposures("first attempts", requests, needed.ceil() as u64);
        requests.map(exposures).into_iter().collect()
    }

    fn backends(&self) -> Vec<&str> {
        let named = self.shares.iter().flatten().map(|(name, _)| name.as_str());
        named.chain(self.out.iter().map(String::as_str)).collect()
    }

    fn problem(&self) -> Option<String> {
        if self.tolerance.0.get() <= 0.0 {
            return Some("`tolerance` is 0: no finite number of requests is spread exactly".into());
        }
        if self.shares.is_some() && !self.out.is_empty() {
            return Some("`shares` says what each backend gets, so that `out` has nothing to add".into());
        }
        let sum: f64 = self.shares.iter().flatten().map(|(_, share)| share.get()).sum();
        (sum > 1.0 + 1e-9).then(|| format!("the shares add up to {sum:.2}, which is more than 1"))
    }
}

/// The share of failures from which on a breaker that counts them in a row, or in a window, is sure to open.
const SURELY_TRIPS: f64 = 0.9;

/// True if a fault makes so much of what reaches the backend fail that the declared breaker opens. Whether a share opens
/// one depends on how many requests come, and is left to the run.
fn surely_trips(outlook: &Outlook<'_>, backend: usize) -> bool {
    let policy = &outlook.brief.policy;
    // A bound on how many are out at a time, or a panic, may keep it in use all the same.
    let sure = |breaker: &&Breaker| {
        breaker.trip.share.is_none() && breaker.out_max.is_none() && breaker.all_out != Some(AllOut::Panic)
    };
    let Some(breaker) = policy.breaker.as_ref().filter(sure) else { return false };
    // A client that leaves first is no failure of the backend.
    let waits = policy.timeout.per_try.is_none_or(|per_try| outlook.deadline() > per_try);
    let fails = |does: FaultDoes| match does {
        FaultDoes::Answers { status } if !breaker.fails.is_empty() => {
            breaker.fails.iter().any(|class| class.takes_status(status))
        }
        FaultDoes::Hangs => waits,
        other => is_failure(other),
    };
    outlook.hit_on_arrival(backend, 1, fails) >= SURELY_TRIPS
}

impl Balance {
    /// The backends that are looked at, with their demanded shares.
    fn demanded(&self, brief: &Brief) -> Vec<(usize, f64)> {
        let backends = &brief.backends;
        if let Some(shares) = &self.shares {
            let named = |name: &str| backends.iter().position(|backend| backend.name == name);
            return shares.iter().filter_map(|(name, share)| Some((named(name)?, share.get()))).collect();
        }
        let left = || (0..backends.len()).filter(|index| !self.out.contains(&backends[*index].name));
        let first = left().map(|index| backends[index].priority).min();
        let takes = |index: usize| Some(backends[index].priority) == first && left().any(|one| one == index);
        let weight = |index: usize| if takes(index) { f64::from(backends[index].weight) } else { 0.0 };
        let total: f64 = (0..backends.len()).map(weight).sum();
        (0..backends.len()).map(|index| (index, weight(index) / total.max(1.0))).collect()
    }
}

/// How far a backend is from its share, in independent choices.
struct Deviation {
    backend: usize,
    share: f64,
    off: f64,
    hits: u64,
    count: u64,
}

impl Deviation {
    fn of(choices: &Choices, backend: usize, share: f64) -> Self {
        let (hits, count) = choices.independent(backend);
        Deviation { backend, share, off: choices.share(backend) - share, hits, count }
    }

    /// The probability of being so far off, if the share were off by just the tolerance.
    fn p_broken(&self, tolerance: f64) -> f64 {
        if self.count == 0 || self.off.abs() <= tolerance {
            return 1.0;
        }
        if self.off > 0.0 {
            at_least(self.hits, self.count, self.share + tolerance)
        } else {
            at_most(self.hits, self.count, self.share - tolerance)
        }
    }

    /// The probability of being so near, if the share were off by the tolerance on either side (two one-sided tests).
    fn p_kept(&self, tolerance: f64) -> f64 {
        if self.count == 0 {
            return 1.0;
        }
        let (low, high) = (self.share - tolerance, self.share + tolerance);
        let from_below = if low > 0.0 { at_least(self.hits, self.count, low) } else { 0.0 };
        let from_above = if high < 1.0 { at_most(self.hits, self.count, high) } else { 0.0 };
        from_below.max(from_above)
    }
}

/// The quantile of the normal distribution that an error of 5 % on one side leaves.
const Z_ONE_SIDE: f64 = 1.645;

/// How many independent choices tell that a share which is off by so much lies within the tolerance.
fn cases(share: f64, off: f64, tolerance: f64) -> f64 {
    let room = (tolerance - off.abs()).max(1e-4);
    let near = [share - tolerance, share + tolerance].map(|edge| edge.clamp(0.0, 1.0));
    let spread = near.map(|edge| edge * (1.0 - edge)).into_iter().fold(0.0, f64::max);
    // A share at 0 or 1 is told by exclusion, like any case that never comes.
    (spread * (Z_ONE_SIDE / room).powi(2)).max(BETA.ln() / (1.0 - tolerance).ln())
}

/// How many would tell; None where a share is off by more than the tolerance, so that no number proves it kept.
fn needed(deviations: &[Deviation], tolerance: f64) -> Option<u64> {
    let within = deviations.iter().all(|off| off.off.abs() < tolerance);
    let most = deviations.iter().map(|off| cases(off.share, off.off, tolerance)).fold(0.0, f64::max);
    within.then_some(most.ceil() as u64)
}

fn words<'a>(shares: impl Iterator<Item = (&'a str, f64)>) -> String {
    shares.map(|(name, share)| format!("{name} {:.1} %", share * 100.0)).collect::<Vec<_>>().join(", ")
}
