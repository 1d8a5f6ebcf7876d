//! A figure of a run: what it rests on, and how much of a difference matters.

use reports::{Group, Report};

use super::sample::Sample;
use super::words::Unit;

/// The largest resolution of a share with which it still says something.
pub(crate) const SHARE_TELLABLE: f64 = 0.15;

/// Which direction is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// It depends on what was wanted.
    Open,
}

/// How far brownout itself was from its plan in a run, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Noise {
    /// What nearly every request was spared: driver lag and error of planned delays, 99th percentile.
    pub usual_ms: f64,
    /// The longest stall of the machine, which shows in the slowest requests.
    pub worst_ms: f64,
}

/// From run to run, round trips over real sockets differ by up to this much on a machine that does something else,
/// too: a judgement, below what anybody would act on.
const REAL_SOCKETS_MS: f64 = 1.0;

/// In the simulated world each direction of each connection takes between 0.05 and 1 ms, drawn anew for each seed: over the
/// four ways of a request, two runs of one gateway differ by up to so much.
const SIMULATED_MS: f64 = 2.0;

impl Noise {
    /// The noise of a run.
    pub(crate) fn of(report: &Report) -> Self {
        let lags = report.traffic.iter().map(|row| row.lag_p99_ms);
        let delays = report.injections.iter().filter_map(|row| row.delay_error_p99_ms);
        let floor = if report.simulated { SIMULATED_MS } else { REAL_SOCKETS_MS };
        let usual_ms = lags.chain(delays).fold(floor, f64::max);
        let worst_ms = report.series.hiccup_max_ms.iter().copied().fold(usual_ms, f64::max);
        Noise { usual_ms, worst_ms }
    }

    /// The larger noise of two runs.
    pub(crate) fn max(self, other: Self) -> Self {
        Noise { usual_ms: self.usual_ms.max(other.usual_ms), worst_ms: self.worst_ms.max(other.worst_ms) }
    }
}

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// A name that stays the same from run to run: `outage/writes/attempts/mean`.
    pub id: String,
    /// What it is, in words.
    pub what: String,
    /// What kind of thing it is.
    pub group: Group,
    /// How its value is written.
    pub unit: Unit,
    /// Which direction is good.
    pub better: Better,
    /// What it rests on.
    pub sample: Sample,
    /// True if not being able to tell keeps a comparison open.
    pub matters: bool,
    /// The figure whose observations it counts a part of: where that one is known, this one's absence is a zero.
    pub part_of: Option<String>,
    /// True if a baseline keeps it.
    pub kept: bool,
}

impl Figure {
    /// The smallest difference that is worth a word.
    pub(crate) fn relevant(&self, a: f64, b: f64, noise: Noise) -> f64 {
        let smaller = a.abs().min(b.abs());
        match (&self.sample, self.group) {
            (Sample::Share { .. }, Group::Outcome) => {
                // Two percentage points, or less where that more than doubles the rarer case.
                let rare = [a, b, 1.0 - a, 1.0 - b].into_iter().fold(1.0, f64::min);
                rare.clamp(0.001, 0.02)
            }
            (Sample::Share { .. }, _) => 0.05,
            (Sample::Mean { .. }, _) => (smaller * 0.05).max(0.02),
            (Sample::Quantile { q, .. }, _) => {
                let resolution = if *q > 0.95 { noise.worst_ms } else { noise.usual_ms };
                (smaller * 0.1).max(resolution)
            }
            (Sample::Ratio { .. }, _) => smaller * 0.1,
            (Sample::Event { .. }, _) if self.unit == Unit::Ms => (smaller * 0.25).max(250.0),
            (Sample::Event { .. }, _) if smaller == 0.0 => 1.0,
            (Sample::Event { .. }, _) => smaller.max(if self.id.ends_with("openings") { 2.0 } else { 5.0 }),
        }
    }

    /// The largest resolution with which `same` still says something.
    pub(crate) fn tellable(&self, a: f64, b: f64, noise: Noise) -> f64 {
        let larger = a.abs().max(b.abs());
        match &self.sample {
            Sample::Share { .. } => SHARE_TELLABLE,
            Sample::Mean { .. } | Sample::Ratio { .. } => (larger * 0.25).max(0.1),
            Sample::Quantile { .. } => (larger * 0.3).max(2.0 * self.relevant(a, b, noise)),
            Sample::Event { .. } => f64::MAX,
        }
    }

    /// A seed for whatever is drawn for this figure, the same in every comparison.
    pub(crate) fn seed(&self) -> u64 {
        // FNV-1a: short, and the same everywhere.
        self.id
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
}
