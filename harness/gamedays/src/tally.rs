//! What is counted of a run while it goes on, for stop conditions: the last minute, second by second and class by class.
//!
//! The rows come from the run's observer once they are on disk, about a quarter of a second after they happened. No verdict
//! looks here.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use evidence::{Exchange, Outcome};
use hdrhistogram::Histogram;
use measure::histograms::{coarse, quantile, record};
use units::Moment;

use crate::scrapes::Scrapes;

/// The longest stretch that a stop condition may look back.
pub const OVER_MAX: Duration = Duration::from_mins(1);

/// Seconds that are kept: those of the longest stretch, and the one that is under way.
const SECONDS: usize = OVER_MAX.as_secs() as usize + 1;

/// The last minute of a run.
pub struct Tally {
    /// The traffic classes, by name.
    pub classes: Vec<String>,
    /// The backends, by name.
    pub backends: Vec<String>,
    /// What the gateway says of itself.
    pub scrapes: Scrapes,
    slots: Mutex<Vec<Slot>>,
}

/// A second since the epoch.
#[derive(Clone)]
struct Slot {
    number: i64,
    classes: Vec<Class>,
}

#[derive(Clone, Default)]
struct Class {
    over: u64,
    failed: u64,
    times: Option<Histogram<u64>>,
}

/// What was counted in a stretch.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Exchanges that were sent and are over, without those whose client left because the scenario says so.
    pub over: u64,
    /// Those of them that did not succeed: no whole response, or a status of 400 and above.
    pub failed: u64,
    times: Option<Histogram<u64>>,
}

impl Counted {
    /// The response time that a share of them did not exceed; `None` without any.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        self.times.as_ref().filter(|times| !times.is_empty()).map(|times| quantile(times, share))
    }
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(classes: Vec<String>, backends: Vec<String>) -> Self {
        let slot = Slot { number: -1, classes: vec![Class::default(); classes.len()] };
        Tally { classes, backends, scrapes: Scrapes::default(), slots: Mutex::new(vec![slot; SECONDS]) }
    }

    /// Counts an exchange that was sent and is over.
    pub fn note(&self, exchange: &Exchange) {
        let left = matches!(exchange.outcome, Outcome::Unfinished | Outcome::ClientAbort);
        if !exchange.was_sent() || left {
            return;
        }
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let number = second(exchange.done);
        let Some(slot) = usize::try_from(number).ok().map(|number| &mut slots[number % SECONDS]) else {
            return;
        };
        if slot.number > number {
            // It comes more than a minute too late.
            return;
        }
        if slot.number < number {
            slot.number = number;
            for class in &mut slot.classes {
                (class.over, class.failed) = (0, 0);
                class.times.iter_mut().for_each(Histogram::reset);
            }
        }
        let Some(class) = slot.classes.get_mut(usize::from(exchange.class)) else { return };
        class.over += 1;
        class.failed += u64::from(!exchange.succeeded());
        record(class.times.get_or_insert_with(coarse), exchange.response_time());
    }

    /// What ended in the stretch of this length before `now`, in whole seconds, of one class or of all.
    pub fn window(&self, now: Moment, over: Duration, class: Option<&str>) -> Counted {
        let (last, length) = (second(now), (over.min(OVER_MAX).as_secs_f64().ceil() as i64).max(1));
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counted = Counted::default();
        for slot in slots.iter().filter(|slot| slot.number > last - length - 1 && slot.number <= last) {
            for (name, found) in self.classes.iter().zip(&slot.classes) {
                if class.is_some_and(|class| class != name) {
                    continue;
                }
                counted.over += found.over;
                counted.failed += found.failed;
                if let Some(times) = &found.times {
                    let sum = counted.times.get_or_insert_with(coarse);
                    sum.add(times).expect("all have the same bounds");
                }
            }
        }
        counted
    }
}

fn second(moment: Moment) -> i64 {
    moment.0.div_euclid(1_000_000_000)
}

#[cfg(test)]
pub(crate) mod testing {
    //! Rows as a run would record them.

    use evidence::{BodyCheck, Disclosed, NO_BACKEND, Tag, TagEcho};

    use super::*;

    pub(crate) fn at(millis: u64) -> Moment {
        Moment::after_epoch(Duration::from_millis(millis))
    }

    /// A tally of the classes `reads` and `writes`, with so many answers a second of this status until `seconds`.
    pub(crate) fn answered(seconds: u64, each: u64, status: impl Fn(u64) -> u16) -> Tally {
        let tally = Tally::new(vec!["reads".into(), "writes".into()], vec!["a".into(), "b".into()]);
        for number in 0..seconds * each {
            tally.note(&exchange(number * 1000 / each, 5, status(number)));
        }
        tally
    }

    /// An exchange of the class `reads` that is over at a moment, after so long.
    pub(crate) fn exchange(done: u64, took: u64, status: u16) -> Exchange {
        let due = at(done) - Duration::from_millis(took);
        Exchange {
            tag: Tag(1),
            class: 0,
            due,
            sent: due,
            first_byte: Some(at(done)),
            done: at(done),
            outcome: Outcome::Complete,
            status,
            backend: NO_BACKEND,
            attempt: 0,
            connection: 1,
            nth: 1,
            request_bytes: 0,
            request_hash: None,
            body_bytes: 0,
            body_hash: None,
            echo: TagEcho::Absent,
            body: BodyCheck::Unknown,
            retry_after: None,
            held: 0,
            disclosed: Disclosed::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{answered, at, exchange};
    use super::*;

    #[test]
    fn a_window_has_the_last_seconds_and_only_the_class_that_is_asked_for() {
        let tally = answered(100, 10, |number| if number >= 950 { 503 } else { 200 });
        let last = tally.window(at(99_999), Duration::from_secs(10), Some("reads"));
        assert_eq!((last.over, last.failed), (110, 50));
        assert_eq!(tally.window(at(99_999), Duration::from_secs(10), Some("writes")).over, 0);
        assert_eq!(tally.window(at(99_999), Duration::from_mins(10), None).over, 610);
        assert_eq!(tally.window(at(200_000), Duration::from_secs(10), None).over, 0);
    }

    #[test]
    fn who_leaves_because_the_scenario_says_so_is_not_counted_and_times_begin_when_a_request_was_due() {
        let tally = answered(1, 10, |_| 200);
        tally.note(&Exchange { outcome: Outcome::ClientAbort, ..exchange(500, 5, 0) });
        tally.note(&Exchange { outcome: Outcome::EofNoStatus, ..exchange(600, 700, 0) });
        let counted = tally.window(at(999), Duration::from_secs(1), None);
        assert_eq!((counted.over, counted.failed), (11, 1));
        assert!(counted.quantile(0.5).unwrap() < Duration::from_millis(6));
        assert!(counted.quantile(0.99).unwrap() > Duration::from_millis(690));
        assert!(tally.window(at(9000), Duration::from_secs(1), None).quantile(0.5).is_none());
    }
}
