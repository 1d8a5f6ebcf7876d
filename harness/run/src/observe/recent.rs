//! The last seconds of a run: how exchanges ended, and how long they took.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Exchange, Outcome};
use hdrhistogram::Histogram;
use measure::histograms::{coarse, quantile, record};
use units::Moment;

/// How far back [`Recent`] goes.
pub const RECENT: Duration = Duration::from_secs(5);

/// Whole seconds that are kept: those of [`RECENT`], and the one that is under way.
const SECONDS: usize = RECENT.as_secs() as usize + 1;

/// How the exchanges of the last seconds ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// How many ended in each way, most first: by status, or by outcome where the response was not whole.
    pub endings: Vec<(String, u64)>,
    /// The response times that half of them and 99 in 100 of them did not exceed; `None` without any.
    pub p50: Option<Duration>,
    /// See `p50`.
    pub p99: Option<Duration>,
}

/// The last seconds, a slot each, used in turn.
pub(super) struct Seconds(Vec<Second>);

struct Second {
    /// Which second since the epoch it is.
    number: i64,
    endings: BTreeMap<(Outcome, u16), u64>,
    times: Histogram<u64>,
}

impl Seconds {
    pub(super) fn new() -> Self {
        let slot = || Second { number: -1, endings: BTreeMap::new(), times: coarse() };
        Seconds((0..SECONDS).map(|_| slot()).collect())
    }

    /// Counts an exchange that was sent and is over.
    pub(super) fn note(&mut self, exchange: &Exchange) {
        if !exchange.was_sent() || exchange.outcome == Outcome::Unfinished {
            return;
        }
        let number = second(exchange.done);
        let Some(slot) = usize::try_from(number).ok().map(|number| &mut self.0[number % SECONDS]) else {
            return;
        };
        if slot.number > number {
            // It comes too late to be seen.
            return;
        }
        if slot.number < number {
            slot.number = number;
            slot.endings.clear();
            slot.times.reset();
        }
        let status = if exchange.outcome == Outcome::Complete { exchange.status } else { 0 };
        *slot.endings.entry((exchange.outcome, status)).or_default() += 1;
        record(&mut slot.times, exchange.response_time());
    }

    /// What was seen in the last seconds before `now`.
    pub(super) fn sum(&self, now: Moment) -> Recent {
        let since = second(now) - (SECONDS as i64 - 1);
        let mut endings: BTreeMap<(Outcome, u16), u64> = BTreeMap::new();
        let mut times = coarse();
        for slot in self.0.iter().filter(|slot| slot.number >= since) {
            for (ending, count) in &slot.endings {
                *endings.entry(*ending).or_default() += count;
            }
            times.add(&slot.times).expect("all have the same bounds");
        }
        let mut endings: Vec<(String, u64)> =
            endings.into_iter().map(|((outcome, status), count)| (words(outcome, status), count)).collect();
        endings.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let some = !times.is_empty();
        Recent {
            endings,
            p50: some.then(|| quantile(&times, 0.5)),
            p99: some.then(|| quantile(&times, 0.99)),
        }
    }
}

fn words(outcome: Outcome, status: u16) -> String {
    if status == 0 { outcome.word().to_owned() } else { status.to_string() }
}

fn second(moment: Moment) -> i64 {
    moment.0.div_euclid(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::super::observer::testing::{at, exchange};
    use super::*;

    /// An exchange that is over at a second, after so many milliseconds.
    fn done(second: u64, status: u16, millis: u64) -> Exchange {
        let done = at(second * 1000);
        Exchange { due: done - Duration::from_millis(millis), done, ..exchange(0, status) }
    }

    #[test]
    fn only_the_last_seconds_are_seen() {
        let mut seconds = Seconds::new();
        for second in 0..20 {
            seconds.note(&done(second, 200, 1));
        }
        assert_eq!(seconds.sum(at(19_500)).endings, [("200".to_owned(), 6)]);
        assert_eq!(seconds.sum(at(22_000)).endings, [("200".to_owned(), 3)]);
        assert_eq!(seconds.sum(at(60_000)), Recent::default());
    }

    #[test]
    fn what_ended_most_often_comes_first_and_an_answer_that_is_not_whole_goes_by_its_outcome() {
        let mut seconds = Seconds::new();
        seconds.note(&done(1, 200, 1));
        let reset = Exchange { outcome: Outcome::RstInBody, ..done(1, 200, 1) };
        for exchange in [&reset, &reset, &reset, &done(1, 503, 1), &done(1, 503, 1)] {
            seconds.note(exchange);
        }
        let endings = seconds.sum(at(1000)).endings;
        let words: Vec<&str> = endings.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, ["rst_in_body", "503", "200"]);
    }

    #[test]
    fn times_are_counted_from_when_a_request_was_due() {
        let mut seconds = Seconds::new();
        for number in 0..100 {
            seconds.note(&done(1, 200, if number < 98 { 10 } else { 400 }));
        }
        let seen = seconds.sum(at(1000));
        let ms = |time: Option<Duration>| time.map(|time| (time.as_secs_f64() * 100.0).round() / 100.0);
        assert_eq!((ms(seen.p50), ms(seen.p99)), (Some(0.01), Some(0.4)));
    }

    #[test]
    fn a_request_that_was_never_sent_is_not_seen() {
        let mut seconds = Seconds::new();
        seconds.note(&Exchange { outcome: Outcome::Skipped, ..done(1, 0, 1) });
        seconds.note(&Exchange { outcome: Outcome::Unfinished, ..done(1, 0, 1) });
        assert_eq!(seconds.sum(at(1000)), Recent::default());
    }
}
