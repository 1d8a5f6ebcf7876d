//! An outage of one backend, and what a gateway made of it: when the backend was left alone, and for how long.

use std::time::Duration;

use evidence::Attempt;
use units::{Stretch, Timespan};

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

/// All requests to one backend fail for a while; or a part of them, if the fault says so.
pub(super) fn outage(lab: &Lab<'_>, name: &str, rate: f64, length: Timespan, fault: &str) -> Experiment {
    let on = format!("on = [\"{}\"]", lab.backends[lab.victim()].name);
    Experiment::new(name, rate)
        .phase("before", Timespan::from_secs(2))
        .phase("outage", length)
        .fault(&on, fault)
        .phase("after", Timespan(*length * 2 / 3))
}

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

/// What happened at the backend that failed.
pub(super) struct Story<'a> {
    arrivals: Vec<&'a Attempt>,
    pub(super) silences: Vec<Silence>,
    /// Who else is left alone together with it, the first time.
    takes: Option<Scope>,
    outage: Stretch,
    pub(super) failures: u64,
    /// The mean time between two arrivals while it is in use.
    gap: Duration,
}

/// Who gets no requests while a backend gets none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The others go on.
    Backend,
    /// Some of the others go on.
    Some,
    /// All get none, and requests are turned away.
    All,
    /// All get none, and requests wait: the gateway stands still, and leaves nobody alone.
    Nobody,
}

impl Scope {
    fn words(self) -> &'static str {
        match self {
            Scope::Backend => "the backend that fails",
            Scope::Some => "others as well",
            Scope::All => "all backends",
            Scope::Nobody => "nobody",
        }
    }
}

/// A backend certainly gets nothing if so many requests would have been for it.
const WOULD_BE: f64 = 8.0;

fn scope(seen: &Seen, backend: usize, silence: &Silence) -> Scope {
    let length = silence.to.since(silence.from);
    // At both ends the others may be a little ahead or behind.
    let (from, to) = (silence.from + length / 4, silence.to - length / 4);
    let within = |at: units::Moment| from <= at && at < to;
    let others = (0..seen.brief.backends.len()).filter(|other| *other != backend);
    let quiet = |other: usize| {
        let expected = RATE * seen.brief.weight_share(other) * to.since(from).as_secs_f64();
        let got = seen
            .ledger
            .attempts()
            .iter()
            .filter(|one| usize::from(one.backend) == other && within(one.arrived));
        (expected >= WOULD_BE).then_some(got.count() == 0)
    };
    let quiet: Vec<bool> = others.filter_map(quiet).collect();
    if quiet.is_empty() || !quiet.contains(&true) {
        return Scope::Backend;
    }
    let served = seen.ledger.attempts().iter().any(|attempt| within(attempt.arrived));
    let away = seen.ledger.entries().any(|entry| entry.attempts.is_empty() && within(entry.exchange.done));
    match (quiet.contains(&false) || served, away) {
        (true, _) => Scope::Some,
        (false, true) => Scope::All,
        (false, false) => Scope::Nobody,
    }
}

impl<'a> Story<'a> {
    pub(super) fn of(seen: &'a Seen, backend: usize) -> Self {
        let arrivals = seen.arrivals(backend as u16);
        let outage = seen.view("outage", None).phase();
        let end = seen.view("after", None).phase().to;
        let rate = RATE * seen.brief.weight_share(backend);
        let mut silences = seen.silences(&arrivals, rate, outage.from, end);
        let scopes: Vec<Scope> = silences.iter().map(|silence| scope(seen, backend, silence)).collect();
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
        // It opens when the failure is known, and the first request that it would get comes up to a gap later.
        let known = self.arrivals[..=silence.last].iter().map(|attempt| attempt.ended).max();
        let from = known.unwrap_or(silence.from);
        let seen = silence.to.since(from);
        (seen.saturating_sub(self.gap * 2), seen)
    }

    pub(super) fn tell(&self, profile: &mut Profile, name: &str) {
        let [first, ..] = self.silences.as_slice() else { return };
        let (low, high) = self.failures_before(first);
        profile.know("breaker.failures", Value::Count(low, high), 1, name);
        let open: Vec<_> = self.silences.iter().filter(|silence| silence.ended).collect();
        match open.first() {
            None => {
                profile.know("breaker.open_for", Value::Beyond(first.to.since(first.from).into()), 1, name);
            }
            Some(silence) => {
                let (low, high) = self.open_time(silence);
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
        let in_outage: Vec<_> = open.iter().filter(|silence| silence.to < self.outage.to).collect();
        let [first, second, ..] = in_outage.as_slice() else {
            profile.cannot_tell("breaker.open_grows", "it opened no second time within the outage", name);
            return;
        };
        let (first, second) = (self.open_time(first), self.open_time(second));
        let grows = second.0 > first.1 + first.1 / 4;
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
