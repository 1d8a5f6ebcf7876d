//! An outage of one backend, and what a gateway made of it: when the backend was left alone, and for how long.

use std::time::Duration;

use evidence::Attempt;
use units::{Stretch, Timespan};

use super::scope::Scope;
use super::target::Target;
use super::{BREAKING, time};
use crate::experiment::Experiment;
use crate::lab::Lab;
use crate::profile::Profile;
use crate::seen::{Seen, Silence};
use crate::value::Value;

/// Requests a second.
pub(super) const RATE: f64 = 200.0;

/// How long it lasts: several times the open time that is usual.
pub(super) const OUTAGE: Timespan = Timespan::from_secs(6);

/// All requests to some backends fail for a while; or a part of them, if the fault says so.
pub(super) fn outage(
    lab: &Lab<'_>,
    name: &str,
    rate: f64,
    length: Timespan,
    fault: &str,
    target: &Target,
) -> Experiment {
    Experiment::new(name, rate)
        .phase("before", Timespan::from_secs(2))
        .phase("outage", length)
        .fault(&target.place(lab), fault)
        .phase("after", Timespan(*length * 2 / 3))
}

/// And then all requests fail, wherever they go: a breaker that stands for all backends may need that, and one by share needs it for as
/// long as successes from before count.
pub(super) fn all_fail(lab: &Lab<'_>, outage: Experiment, fault: &str) -> Experiment {
    let all = Target::every(lab).place(lab);
    outage.phase("all", TOGETHER).fault(&all, fault).phase("rest", Timespan::from_millis(500))
}

/// How long all fail: a share of nine in ten is reached by then in a window of four seconds.
const TOGETHER: Timespan = Timespan::from_secs(4);

/// Failures that may be tried again, in the words of the retry matrix and of `fail_first`.
pub(super) const RETRIED: [&str; 6] = ["503", "502", "504", "500", "reset", "close"];

/// A failure by which a backend is left alone, if one is known, or is tried elsewhere; 503 if neither is known.
pub(super) fn failing(profile: &Profile) -> (&'static str, &'static str) {
    let opens = |(failure, _): &&(&str, &str)| {
        profile.value(&format!("breaker.opens_on.{failure}")) == Some(&Value::word("yes"))
    };
    let tried = |(failure, _): &&(&str, &str)| matches!(profile.value(&format!("retry.{failure}.GET")), Some(Value::Count(low, _)) if *low > 1);
    let found = BREAKING.iter().find(opens).or_else(|| BREAKING.iter().find(tried));
    *found.unwrap_or(&BREAKING[0])
}

/// True if requests were turned away while all backends failed.
pub(super) fn turned_away_together(seen: &Seen) -> bool {
    let view = seen.view("all", None);
    let away = |entry: &evidence::Entry<'_>| {
        entry.exchange.was_sent() && entry.attempts.is_empty() && !view.is_at_edge(entry)
    };
    view.entries().filter(away).count() >= AWAY_MIN
}

/// What happened at the backends that failed.
pub(super) struct Story<'a> {
    arrivals: Vec<&'a Attempt>,
    pub(super) silences: Vec<Silence>,
    /// Who else is left alone together with it, the first time.
    takes: Option<Scope>,
    outage: Stretch,
    pub(super) failures: u64,
    /// The mean time between two arrivals while it is in use.
    gap: Duration,
    /// True if it did not get its requests in turns while all was well.
    irregular: bool,
}

/// So many requests that reach no backend were turned away, and not lost.
const AWAY_MIN: usize = 20;

/// By so much an open time is longer than the one before that grows, and one that is about twice as long.
const GROWS: f64 = 1.25;
const TWICE: f64 = 1.6;

/// Turns that are taken one after the other come at even times: no gap is so many times the mean one.
const UNEVEN: f64 = 1.7;

/// Nor do more of its requests than this come after more or fewer requests of others than its part of the traffic says. Where two
/// instances deal out in turns, each its own, a third of them do.
const OUT_OF_TURN: f64 = 0.2;

/// By so much a gap between two requests must be longer than any while all is well to show that they thin out.
const THINNER: f64 = 1.5;

/// Where one of four instances is left that gets requests at random, it gets none for so many mean gaps once in a hundred thousand
/// times.
const SHOWN: f64 = 48.0;

/// So many instances are thought of where requests come at uneven times.
pub(super) const INSTANCES_MAX: u32 = 4;

/// Why a short silence tells no open time.
const CHANCE: &str = "requests come at uneven times, and what was left of several instances may have got none for a while by chance";

fn longest_gap<'a>(arrivals: impl Iterator<Item = &'a &'a Attempt>) -> Duration {
    let times: Vec<_> = arrivals.map(|one| one.arrived).collect();
    times.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap_or_default()
}

/// True if backends did not get their requests in turns before the outage.
fn is_irregular(seen: &Seen, backends: &[u16]) -> bool {
    let view = seen.view("before", None);
    let mut sent: Vec<_> = view
        .entries()
        .filter_map(|entry| Some((entry.exchange.sent, entry.attempts.first()?.backend)))
        .collect();
    sent.sort_unstable();
    let own: Vec<usize> = (0..sent.len()).filter(|number| backends.contains(&sent[*number].1)).collect();
    let turns: Vec<usize> = own.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = turns.iter().sum::<usize>() as f64 / turns.len().max(1) as f64;
    let out = turns.iter().filter(|turn| (**turn as f64 - mean).abs() >= 1.0).count();
    out as f64 > OUT_OF_TURN * turns.len() as f64
}

impl<'a> Story<'a> {
    pub(super) fn of(seen: &'a Seen, target: &Target) -> Self {
        let arrivals = seen.arrivals(&target.indices());
        let outage = seen.view("outage", None).phase();
        let end = seen.view("after", None).phase().to;
        let rate = RATE * target.share(seen);
        let mut silences = seen.silences(&arrivals, rate, outage.from, end);
        let scopes: Vec<Scope> = silences.iter().map(|silence| Scope::of(seen, target, silence)).collect();
        let takes = scopes.iter().copied().find(|scope| *scope != Scope::Nobody);
        let mut scopes = scopes.into_iter();
        silences.retain(|_| scopes.next() != Some(Scope::Nobody));
        let failures = arrivals.iter().filter(|attempt| attempt.injections != 0).count() as u64;
        Story {
            arrivals,
            silences,
            takes,
            outage,
            failures,
            gap: Duration::from_secs_f64(1.0 / rate.max(1.0)),
            irregular: is_irregular(seen, &target.indices()),
        }
    }

    /// Failures from the start of the outage to a silence: those that were over by then, and those that had arrived.
    pub(super) fn failures_before(&self, silence: &Silence) -> (u64, u64) {
        let failed = self.arrivals[..=silence.last].iter().filter(|attempt| attempt.injections != 0);
        let sent = self.arrivals[silence.last].arrived;
        let known = failed.clone().filter(|attempt| attempt.ended < sent).count() as u64;
        (known + 1, failed.count() as u64)
    }

    /// The shortest and the longest time for which it may have been left alone.
    pub(super) fn open_time(&self, silence: &Silence) -> (Duration, Duration) {
        // The first time it opens when a failure is known, and gets requests until then. Later on it may wait for what a probe shows.
        let is_first = self.silences.first().is_some_and(|first| first.last == silence.last);
        let known = self.arrivals[..=silence.last].iter().map(|attempt| attempt.ended).max();
        let from = known.filter(|_| !is_first).unwrap_or(silence.from).max(silence.from);
        // The first request that it would get comes up to a gap later.
        let (short, long) = (silence.to.since(from), silence.to.since(silence.from));
        // What thins out for less than that before it shows no instances, although one of them may have opened sooner.
        (short.saturating_sub(self.gap * 2), long + self.gap.mul_f64(THINNER))
    }

    /// True if it got fewer and fewer requests before it got none: instances of the gateway count for themselves, and open one by one.
    pub(super) fn thins_out(&self) -> bool {
        let Some(first) = self.silences.first() else { return false };
        let usual = longest_gap(self.arrivals.iter().filter(|one| one.arrived < self.outage.from));
        let failing = self.arrivals[..=first.last].iter().filter(|one| one.arrived >= self.outage.from);
        longest_gap(failing) > usual.mul_f64(THINNER)
    }

    /// True if requests came at uneven times before the outage: they are dealt at random, or each instance deals its own.
    pub(super) fn is_uneven(&self) -> bool {
        let before = self.arrivals.iter().filter(|one| one.arrived < self.outage.from);
        self.irregular || longest_gap(before) > self.gap.mul_f64(UNEVEN)
    }

    /// True if one of several instances that still gets requests may have got none by chance for so long.
    fn may_be_chance(&self, silence: &Silence) -> bool {
        self.is_uneven() && silence.to.since(silence.from) < self.gap.mul_f64(SHOWN)
    }

    /// When the first failure of the outage was known.
    fn first_known(&self) -> Option<units::Moment> {
        self.arrivals.iter().find(|attempt| attempt.injections != 0).map(|attempt| attempt.ended)
    }

    /// True if a backend is left alone, and others go on.
    pub(super) fn takes_one(&self) -> bool {
        !self.silences.is_empty() && self.takes != Some(Scope::All)
    }

    /// True if it gets nothing for a while even though nothing is under way at it any more.
    pub(super) fn is_left_alone_when_empty(&self) -> bool {
        let least = self.gap * 12;
        self.silences.iter().any(|silence| {
            let ended = self.arrivals[..=silence.last].iter().map(|attempt| attempt.ended).max();
            silence.to.since(ended.unwrap_or(silence.from)) > least
        })
    }

    /// How long an outage has to be so that it opens again within it, if that is no longer than three times `longest`.
    pub(super) fn longer_outage(&self, longest: Duration) -> Option<Timespan> {
        let first = self.silences.iter().find(|silence| silence.ended)?;
        let (_, open) = self.open_time(first);
        let length = open * 7 / 2 + Duration::from_secs(1);
        (length <= longest * 3).then_some(Timespan(length))
    }

    /// What a longer outage shows beside what is known.
    pub(super) fn tell_again(&self, profile: &mut Profile, name: &str) {
        let [first, ..] = self.silences.as_slice() else { return };
        let (low, _) = self.failures_before(first);
        let open: Vec<_> = self.silences.iter().filter(|silence| silence.ended).collect();
        self.tell_growth(profile, &open, name);
        self.tell_return(profile, low, name);
    }

    pub(super) fn tell(&self, profile: &mut Profile, name: &str) {
        let [first, ..] = self.silences.as_slice() else { return };
        let (low, high) = self.failures_before(first);
        // Instances that count for themselves may have shared them.
        let least = if self.is_uneven() { low.div_ceil(INSTANCES_MAX.into()) } else { low };
        profile.know("breaker.failures", Value::Count(least, high), 1, name);
        let open: Vec<_> = self.silences.iter().filter(|silence| silence.ended).collect();
        match open.first() {
            Some(silence) if self.may_be_chance(silence) => {
                profile.cannot_tell("breaker.open_for", CHANCE, name);
            }
            None => {
                profile.know("breaker.open_for", Value::Beyond(first.to.since(first.from).into()), 1, name);
            }
            Some(silence) => {
                let (low, mut high) = self.open_time(silence);
                // Instances that count for themselves may have opened one by one, from the first failure on.
                if let Some(first) = self.first_known().filter(|_| self.is_uneven()) {
                    high = high.max(silence.to.since(first));
                }
                profile.know("breaker.open_for", time(low, high), 1, name);
            }
        }
        if let Some(takes) = self.takes {
            profile.know("breaker.takes", Value::word(takes.words()), self.silences.len() as u64, name);
        }
        self.tell_growth(profile, &open, name);
        self.tell_return(profile, low, name);
    }

    /// Whether it is left alone for longer each time, while the outage lasts.
    fn tell_growth(&self, profile: &mut Profile, open: &[&Silence], name: &str) {
        if open.iter().any(|silence| self.may_be_chance(silence)) {
            profile.cannot_tell("breaker.open_grows", CHANCE, name);
            return;
        }
        let mut in_outage: Vec<_> = open.iter().filter(|silence| silence.to < self.outage.to).collect();
        // A gap in what comes back little by little is no opening.
        let half = in_outage.first().map(|first| self.open_time(first).1 / 2).unwrap_or_default();
        in_outage.retain(|silence| self.open_time(silence).1 >= half);
        let times: Vec<_> = in_outage.iter().map(|silence| self.open_time(silence)).collect();
        let [first, second, rest @ ..] = times.as_slice() else {
            profile.cannot_tell("breaker.open_grows", "it opened no second time within the outage", name);
            return;
        };
        let longer =
            |one: &(Duration, Duration), by: f64, than: &(Duration, Duration)| one.0 > than.1.mul_f64(by);
        let grows = rest.first().is_some_and(|third| longer(third, GROWS, second));
        if longer(second, GROWS, first) && !longer(second, TWICE, first) && !grows {
            let why = "it was longer once, as where a gateway looks only now and then";
            profile.cannot_tell("breaker.open_grows", why, name);
            return;
        }
        let grows = longer(second, GROWS, first);
        profile.know("breaker.open_grows", Value::yes(grows), in_outage.len() as u64, name);
    }

    /// How many requests came between two times in which it was left alone, while the outage lasted.
    pub(super) fn bursts(&self) -> Vec<u64> {
        let pairs = self.silences.windows(2).filter(|pair| pair[1].from < self.outage.to);
        pairs.map(|pair| (pair[1].last - pair[0].last) as u64).collect()
    }

    /// How the traffic comes back while the fault is still in force: by few probes, or all of it.
    fn tell_return(&self, profile: &mut Profile, failures: u64, name: &str) {
        let bursts = self.bursts();
        let Some(most) = bursts.iter().max() else {
            profile.cannot_tell("breaker.way_back", "it came back no second time within the outage", name);
            return;
        };
        let word = if *most < failures {
            "probe"
        } else if failures > 1 {
            "all"
        } else {
            let why = "it opens after one failure, so that a probe and all of the traffic look the same";
            profile.cannot_tell("breaker.way_back", why, name);
            return;
        };
        profile.know("breaker.way_back", Value::word(word), bursts.len() as u64, name);
    }
}
