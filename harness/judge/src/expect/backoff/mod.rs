//! `backoff`: how long the gateway waits before it tries again.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::Ledger;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::{Expectation, Judged};
use crate::reconstruct::{Bounds, Case, Facts, Figures, Gap, Ruling, Tally, gaps, joined};
use measure::view::View;

/// With fewer gaps, nothing is proven.
const SAMPLES_MIN: u64 = 10;

/// With fewer gaps before the same attempt, their distribution can't be told.
const SHAPE_MIN: usize = 30;

/// What connecting and parsing may add to a gap, beside the noise.
const WIRE: Duration = Duration::from_millis(2);

/// The chance at which even jitter is taken for uneven.
const ALPHA: f64 = 0.001;

/// Further attempts wait as long as the backoff says, and jitter is really drawn.
///
/// # What it checks
/// The gap from the moment at which an attempt had failed (answered, ended, or given up) to the arrival of the next
/// attempt for the same request, anywhere in the pool. At least 99 gaps in 100 must lie where the backoff puts
/// them, give or take `tolerance`:
///
/// - `none = true`: shorter than `tolerance`.
/// - `fixed = "100ms"`: that long.
/// - `exponential = { base, factor, max }`: `base` before the second attempt, then `factor` times as long each time
///   (2 without it), up to `max`.
/// - `full_jitter = { base, factor, max }`: between zero and that length, and spread evenly over it: a
///   Kolmogorov–Smirnov test at 0.1 % on the gaps before each attempt of which there are at least 30.
///
/// # Why it matters
/// Retries without a wait hit an upstream that is already failing; retries without jitter come back all at once.
///
/// # When it can't tell
/// Inconclusive if a fault hides attempts, if fewer than 10 gaps were seen (30 of the first gap for jitter), or if
/// brownout's own noise was larger than `tolerance`. Gaps before which the gateway left the failed attempt open are
/// left out: nobody can see when it gave up. Jitter over a range that is not much longer than the noise has no
/// shape that could be told.
///
/// # Example
/// ```toml
/// [[expect]]
/// in      = "brownout"
/// backoff = { full_jitter = { base = "100ms", max = "1s" } }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backoff {
    /// True: further attempts follow at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub none: bool,
    /// The same wait each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Timespan>,
    /// Waits that grow, without jitter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exponential: Option<Growth>,
    /// Waits that are drawn evenly between zero and a length that grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_jitter: Option<Growth>,
    /// How far a gap may be off.
    #[serde(default = "tolerance")]
    pub tolerance: Timespan,
}

/// Waits that grow: `base` first, then `factor` times as long each time, up to `max`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// The wait before the second attempt.
    pub base: Timespan,
    /// By how much each further wait is longer, from 1 to 100.
    #[serde(default = "double")]
    pub factor: f64,
    /// The longest wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Timespan>,
}

fn tolerance() -> Timespan {
    Timespan::from_millis(20)
}

fn double() -> f64 {
    2.0
}

impl Expectation for Backoff {
    fn judge(&self, _ledger: &Ledger, window: &View<'_>) -> Judged {
        let noise = window.noise().resolution();
        let found: Vec<Gap> = window.entries().flat_map(gaps).collect();
        let mut by_nth: BTreeMap<usize, Vec<Duration>> = BTreeMap::new();
        for (gap, length) in found.iter().filter_map(|gap| Some((gap, gap.length?))) {
            by_nth.entry(gap.nth).or_default().push(length);
        }
        let mut case = Case::default();
        if let Some(hidden) = window.hidden_attempts() {
            case.doubt(format!("gaps between attempts can't be told: {hidden}"));
        } else {
            self.rule(&mut case, &found, noise, window.place.samples_min.unwrap_or(SAMPLES_MIN));
            self.rule_shape(&mut case, &found, &by_nth, noise);
        }
        let observed = observed(&by_nth, found.iter().filter(|gap| gap.length.is_none()).count());
        case.judged(Facts {
            good: format!("further attempts waited as the backoff says: {observed}"),
            observed,
            expected: self.demanded(),
            because: "a gap is measured from the end of a failed attempt to the arrival of the next one"
                .into(),
            observations: by_nth.values().map(|lengths| lengths.len() as u64).sum(),
            resolution: Facts::resolution_of(noise),
        })
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        let chosen =
            [self.none, self.fixed.is_some(), self.exponential.is_some(), self.full_jitter.is_some()];
        if chosen.into_iter().filter(|chosen| *chosen).count() != 1 {
            return Some(
                "`backoff` needs exactly one of `none = true`, `fixed`, `exponential` and `full_jitter`"
                    .into(),
            );
        }
        let growth = self.exponential.or(self.full_jitter)?;
        if !(1.0..=100.0).contains(&growth.factor) {
            return Some(format!("`factor` must be from 1 to 100, not {}", growth.factor));
        }
        growth
            .max
            .filter(|max| *max < growth.base)
            .map(|max| format!("`max` ({max}) is shorter than `base` ({})", growth.base))
    }
}

impl Growth {
    /// The wait before attempt `nth + 1`.
    fn wait(&self, nth: usize) -> Duration {
        let max = self.max.map_or(f64::MAX, |max| max.as_secs_f64());
        let exponent = i32::try_from(nth.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = (self.base.as_secs_f64() * self.factor.powi(exponent)).min(max);
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    fn words(&self) -> String {
        let max = self.max.map(|max| format!(", up to {max}")).unwrap_or_default();
        format!("{} × {} each time{max}", self.base, self.factor)
    }
}

impl Backoff {
    /// From what to what gap number `nth` may last, without the tolerance.
    fn range(&self, nth: usize) -> (Duration, Duration) {
        let none = Duration::ZERO;
        match (self.fixed, self.exponential, self.full_jitter) {
            (Some(fixed), _, _) => (*fixed, *fixed),
            (_, Some(growth), _) => (growth.wait(nth), growth.wait(nth)),
            (_, _, Some(growth)) => (none, growth.wait(nth)),
            _ => (none, none),
        }
    }

    fn demanded(&self) -> String {
        let wait = match (self.fixed, self.exponential, self.full_jitter) {
            (Some(fixed), _, _) => format!("each waits {fixed}"),
            (_, Some(growth), _) => format!("waits grow: {}", growth.words()),
            (_, _, Some(growth)) => format!("waits are drawn evenly from zero to a cap: {}", growth.words()),
            _ => "further attempts follow at once".into(),
        };
        format!("{wait}; tolerance {}", self.tolerance)
    }

    /// Every gap against its bounds.
    fn rule(&self, case: &mut Case, found: &[Gap], noise: Duration, samples_min: u64) {
        let mut tally = Tally::default();
        let mut worst: Option<(usize, Duration)> = None;
        for (gap, length) in found.iter().filter_map(|gap| Some((gap, gap.length?))) {
            let (low, high) = self.range(gap.nth);
            let bounds = Bounds::new(low, high, *self.tolerance, noise);
            tally.add(&bounds, length);
            if bounds.is_below(length) || bounds.is_above(length) {
                case.witness(gap.tag, format!("waited {} before attempt {}", Timespan(length), gap.nth + 1));
                worst = worst.or(Some((gap.nth, length)));
            }
        }
        match tally.ruling(*self.tolerance, noise) {
            Ruling::Broken => {
                let (nth, length) = worst.unwrap_or_default();
                let (low, high) = self.range(nth);
                let wanted = if low == high { Timespan(high).to_string() } else { format!("at most {}", Timespan(high)) };
                let word = if tally.below > tally.above { "shorter" } else { "longer" };
                case.complain(format!(
                    "{} of {} waits before a further attempt were {word} than the backoff allows: {} before attempt {} \
                     instead of {wanted}, for one",
                    tally.outside(),
                    tally.count,
                    Timespan(length),
                    nth + 1
                ));
            }
            _ if tally.count == 0 && !found.is_empty() => case.doubt(format!(
                "all {} gaps began while the gateway still held the attempt before: nobody can see when it gave that up",
                found.len()
            )),
            _ if tally.count < samples_min => {
                case.doubt(format!("only {} gaps between attempts were seen, {samples_min} are needed", tally.count));
            }
            Ruling::Blurred => case.doubt(format!(
                "gaps can't be told to {}: brownout's own noise was {}",
                self.tolerance,
                Timespan(noise)
            )),
            Ruling::Holds => {}
        }
    }

    /// Whether jitter is really drawn, and evenly.
    fn rule_shape(
        &self,
        case: &mut Case,
        found: &[Gap],
        by_nth: &BTreeMap<usize, Vec<Duration>>,
        noise: Duration,
    ) {
        let Some(growth) = self.full_jitter else { return };
        let first = by_nth.get(&1).map_or(0, Vec::len);
        if first < SHAPE_MIN {
            case.doubt(format!(
                "only {first} first gaps were seen; {SHAPE_MIN} are needed to tell how they are spread"
            ));
        }
        for (nth, lengths) in by_nth.iter().filter(|(_, lengths)| lengths.len() >= SHAPE_MIN) {
            let cap = growth.wait(*nth);
            // A shift of all gaps by so much moves the distribution by no more than this part of its range.
            let shift = noise.max(WIRE).as_secs_f64() / cap.as_secs_f64().max(f64::MIN_POSITIVE);
            let allowed = critical_distance(lengths.len()) + shift;
            if allowed >= 0.5 {
                case.doubt(format!(
                    "jitter up to {} can't be told: {} gaps are too few, or the noise of {} is too much",
                    Timespan(cap),
                    lengths.len(),
                    Timespan(noise.max(WIRE))
                ));
            } else if distance(lengths, cap) > allowed {
                case.complain(uneven(*nth, lengths, cap, *self.tolerance));
                let these = found.iter().filter(|gap| gap.nth == *nth);
                for (tag, length) in these.filter_map(|gap| Some((gap.tag, gap.length?))).take(5) {
                    case.witness(tag, format!("waited {} before attempt {}", Timespan(length), nth + 1));
                }
            }
        }
    }
}

fn uneven(nth: usize, lengths: &[Duration], cap: Duration, tolerance: Duration) -> String {
    let (shortest, longest) = (lengths.iter().min(), lengths.iter().max());
    let (shortest, longest) = (shortest.copied().unwrap_or_default(), longest.copied().unwrap_or_default());
    let (from, to, next) = (Timespan(shortest), Timespan(longest), nth + 1);
    if longest.abs_diff(shortest) <= tolerance.min(cap / 4) {
        return format!(
            "waits before attempt {next} are not jittered: all {} lasted from {from} to {to}",
            lengths.len()
        );
    }
    format!(
        "waits before attempt {next} are not spread evenly up to {}: {} of them lasted from {from} to {to}, {} in the middle",
        Timespan(cap),
        lengths.len(),
        Timespan(Figures::of(lengths.to_vec()).median)
    )
}

fn observed(by_nth: &BTreeMap<usize, Vec<Duration>>, left_open: usize) -> String {
    // Beyond the first four gaps, the figures say no more.
    let figures = by_nth
        .iter()
        .take(4)
        .map(|(nth, lengths)| format!("before attempt {}: {}", nth + 1, Figures::of(lengths.clone())));
    let left_open = match left_open {
        0 => String::new(),
        count => format!("{count} gaps began while the attempt before was still held"),
    };
    let words = joined(figures.chain([left_open]), "; ");
    if words.is_empty() { "no request was tried again".into() } else { words }
}

/// How far the lengths are from an even spread between zero and `cap`: the Kolmogorov–Smirnov statistic.
fn distance(lengths: &[Duration], cap: Duration) -> f64 {
    let cap = cap.as_secs_f64().max(f64::MIN_POSITIVE);
    let mut parts: Vec<f64> = lengths.iter().map(|length| (length.as_secs_f64() / cap).min(1.0)).collect();
    parts.sort_by(f64::total_cmp);
    let count = parts.len() as f64;
    let steps = parts.iter().enumerate();
    steps
        .map(|(rank, part)| (part - rank as f64 / count).max((rank + 1) as f64 / count - part))
        .fold(0.0, f64::max)
}

/// The distance that an even spread exceeds with the chance [`ALPHA`] (Massey 1951, for 35 samples and more).
fn critical_distance(count: usize) -> f64 {
    ((2.0 / ALPHA).ln() / 2.0).sqrt() / (count.max(1) as f64).sqrt()
}
