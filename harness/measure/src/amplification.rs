//! How many attempts backends get for each request while they fail, window by window, and whether further attempts come
//! back together.

use std::time::Duration;

use evidence::{Attempt, Entry, Tag};
use units::stats::{poisson_at_least, poisson_at_most};
use units::{Moment, Stretch};

use crate::aside::{SetAside, Why};
use crate::view::{Sight, View};
use crate::worth::failure;

/// A window starts every tenth of its length, so that no burst falls between two of them.
const STEPS: u32 = 10;

/// Fewer requests than this make no ratio.
const REQUESTS_MIN: u64 = 10;

/// Further attempts are counted in bins of this length: shorter than any wait that spreads them, and longer than what a
/// scheduler moves them by.
const BIN: Duration = Duration::from_millis(100);

/// So many times as dense as it has to be is a wave.
const WAVE: f64 = 4.0;

/// The requests that were sent in a window, and all of their attempts, whenever those came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// When it is.
    pub during: Stretch,
    /// Requests that were sent in it.
    pub requests: u64,
    /// Their attempts.
    pub attempts: u64,
    /// Those of the attempts that failed, so that a gateway may try again.
    pub failed: u64,
}

impl Window {
    /// Attempts for each request.
    pub fn ratio(&self) -> f64 {
        self.attempts as f64 / self.requests.max(1) as f64
    }
}

/// Attempts per request over sliding windows.
#[derive(Clone, Debug, Default)]
pub struct Amplification {
    /// Windows in which attempts failed, by when they are.
    pub tempted: Vec<Window>,
    /// Requests that say nothing of the gateway; they are counted in no window.
    pub set_aside: SetAside,
}

impl Amplification {
    /// Measures it, in windows of this length.
    pub fn of(view: &View<'_>, length: Duration) -> Self {
        let mut measured = Amplification::default();
        let mut sent: Vec<(Moment, u64, u64)> = Vec::new();
        // A client that left leaves fewer attempts, and never more.
        let sight = Sight { client: false, ..Sight::COUNTS };
        for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
            match view.why_apart(&entry, sight) {
                Some(why) => measured.set_aside.note(why, entry.exchange),
                None => sent.push((entry.exchange.sent, entry.attempts.len() as u64, failed(view, &entry))),
            }
        }
        sent.sort_unstable();
        // What is counted up to the request before: each window is a difference.
        let mut counted = vec![(0, 0)];
        for (_, attempts, failed) in &sent {
            let (all, bad) = counted[counted.len() - 1];
            counted.push((all + attempts, bad + failed));
        }
        let step = (length / STEPS).max(Duration::from_millis(1));
        let mut from = view.stretch.from;
        while from + length <= view.stretch.to {
            let during = Stretch { from, to: from + length };
            let first = sent.partition_point(|(at, ..)| *at < during.from);
            let end = sent.partition_point(|(at, ..)| *at < during.to);
            let (attempts, failed) = (counted[end].0 - counted[first].0, counted[end].1 - counted[first].1);
            let window = Window { during, requests: (end - first) as u64, attempts, failed };
            if window.requests >= REQUESTS_MIN && failed > 0 {
                measured.tempted.push(window);
            }
            from = from + step;
        }
        measured
    }

    /// Windows that don't overlap and `is` true of, the earliest first.
    pub fn apart(&self, is: impl Fn(&Window) -> bool) -> Vec<Window> {
        let mut apart: Vec<Window> = Vec::new();
        for window in self.tempted.iter().filter(|window| is(window)) {
            if apart.last().is_none_or(|last| last.during.to <= window.during.from) {
                apart.push(*window);
            }
        }
        apart
    }

    /// The window with the most attempts for each request.
    pub fn worst(&self) -> Option<Window> {
        self.tempted.iter().copied().max_by(|one, other| one.ratio().total_cmp(&other.ratio()))
    }
}

fn failed(view: &View<'_>, entry: &Entry<'_>) -> u64 {
    let failed = |attempt: &&Attempt| failure(view.brief, entry, attempt).is_some();
    entry.attempts.iter().filter(failed).count() as u64
}

/// The requests that were sent in a window, those with the most attempts first; and how many each had.
pub fn busiest(view: &View<'_>, window: &Window) -> Vec<(Tag, usize)> {
    let inside = view.entries().filter(|entry| window.during.contains(entry.exchange.sent));
    let mut busiest: Vec<(Tag, usize)> =
        inside.map(|entry| (entry.exchange.tag, entry.attempts.len())).collect();
    busiest.sort_by_key(|(tag, attempts)| (std::cmp::Reverse(*attempts), *tag));
    busiest.truncate(5);
    busiest
}

/// How the further attempts of a view are spread in time, against the failures that they follow.
#[derive(Clone, Debug, Default)]
pub struct Waves {
    /// Further attempts.
    pub further: u64,
    /// Bins of 100 ms that they may have come in.
    pub bins: u64,
    /// The most of them in one bin.
    pub peak: u64,
    /// When that bin is.
    pub peak_at: Option<Stretch>,
    /// As many come in one bin where they are spread as the failures are: the most failures in one, or the mean.
    pub spread: f64,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

impl Waves {
    /// Counts them: of all requests that are looked at, where nothing disturbed them.
    pub fn of(view: &View<'_>) -> Self {
        let mut waves = Waves::default();
        let bins = (view.stretch.length().as_nanos() / BIN.as_nanos()) as usize;
        let (mut further, mut failures) = (vec![0u64; bins], vec![0u64; bins]);
        let bin = |at: Moment| {
            let since = (at >= view.stretch.from).then(|| at.since(view.stretch.from))?;
            Some((since.as_nanos() / BIN.as_nanos()) as usize).filter(|bin| *bin < bins)
        };
        let sight = Sight { client: false, ..Sight::COUNTS };
        for entry in view.entries().filter(|entry| entry.attempts.len() > 1) {
            if let Some(why) = view.why_apart(&entry, sight) {
                waves.set_aside.note(why, entry.exchange);
                continue;
            }
            for pair in entry.attempts.windows(2) {
                let Some(at) = bin(pair[1].arrived) else { continue };
                if view.stalls.touching(pair[1].arrived - BIN, pair[1].arrived) > Duration::ZERO {
                    waves.set_aside.note(Why::Stalled, entry.exchange);
                    continue;
                }
                further[at] += 1;
                waves.further += 1;
                if let Some(failed) = bin(pair[0].replied.unwrap_or(pair[0].ended)) {
                    failures[failed] += 1;
                }
            }
        }
        let peak = further.iter().copied().enumerate().max_by_key(|(_, count)| *count);
        waves.bins = bins as u64;
        if let Some((index, count)) = peak {
            let from = view.stretch.from + BIN * index as u32;
            (waves.peak, waves.peak_at) = (count, Some(Stretch { from, to: from + BIN }));
        }
        let mean = waves.further as f64 / bins.max(1) as f64;
        waves.spread = failures.iter().copied().max().map_or(0.0, |most| most as f64).max(mean);
        waves
    }

    /// The probability of so full a bin, or a fuller one, if further attempts are spread as the failures are.
    pub fn p_spread(&self) -> f64 {
        (poisson_at_least(self.peak, self.spread) * self.bins as f64).min(1.0)
    }

    /// The probability that the fullest bin is no fuller, if one is four times as full as it has to be.
    pub fn p_wave(&self) -> f64 {
        if self.further == 0 { 1.0 } else { poisson_at_most(self.peak, WAVE * self.spread) }
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    fn storm(attempts: usize) -> Run {
        let run = Run::new().phase("outage", 5.0).backend("a").class("reads", Method::Get);
        run.fault("outage", "status", &["a"]).calls(500, move |n| {
            let call = Call::due("reads", 10.0 * n as f64);
            (0..attempts).fold(call, |call, _| call.attempt(Try::hit("a", "status")))
        })
    }

    #[test]
    fn a_request_counts_with_all_of_its_attempts_in_the_window_in_which_it_was_sent() {
        storm(3).view("outage", "", |view| {
            let measured = Amplification::of(view, Duration::from_secs(1));
            assert!(measured.tempted.iter().all(|window| (window.ratio() - 3.0).abs() < 1e-12));
            assert_eq!((measured.apart(|_| true).len(), measured.tempted.len()), (5, 41));
        });
    }

    #[test]
    fn a_burst_between_two_steps_of_a_window_is_in_one_of_them() {
        let burst = storm(1).calls(50, |n| {
            let call = Call::due("reads", 2_450.0 + n as f64);
            (0..4).fold(call, |call, _| call.attempt(Try::hit("a", "status")))
        });
        burst.view("outage", "", |view| {
            let worst = Amplification::of(view, Duration::from_millis(500)).worst();
            assert!(worst.is_some_and(|worst| (worst.ratio() - 2.5).abs() < 1e-12), "{worst:?}");
        });
    }

    #[test]
    fn attempts_that_come_back_together_are_told_from_those_that_are_spread() {
        let run = |wait: fn(usize) -> f64| {
            let run = Run::new().phase("outage", 5.0).backend("a").class("reads", Method::Get);
            run.fault("outage", "status", &["a"]).calls(450, move |n| {
                let call = Call::due("reads", 10.0 * n as f64).attempt(Try::hit("a", "status"));
                call.attempt(Try::ok("a").after(wait(n)))
            })
        };
        run(|n| (n * 37 % 100) as f64).view("outage", "", |view| {
            let waves = Waves::of(view);
            assert!(waves.p_spread() > 0.5 && waves.p_wave() < 0.01, "{waves:?}");
        });
        // All of a second wait for its end.
        run(|n| 1_000.0 - (n % 100) as f64 * 10.0).view("outage", "", |view| {
            let waves = Waves::of(view);
            assert!(waves.p_spread() < 1e-9 && waves.p_wave() > 0.9, "{waves:?}");
        });
    }
}
