//! How many requests are let through in a time, and what becomes of the others.
//!
//! Requests come fast, and backends answer them at once, so that few are under way at a time. Where the gateway turns some away all the
//! same, it counts them. How many come first before it does is the burst; those that follow tell how it lets further ones through.

use std::time::Duration;

use evidence::{Entry, Outcome};
use measure::view::Sight;
use units::{Moment, Timespan, stats};

use super::time;
use crate::experiment::{CALM, Experiment};
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// What says how many come at once.
pub(crate) const BURST: &str = "rate_limit.burst";

/// Requests a second: twice as many as any other question sends for long.
const RATE: f64 = 400.0;

/// For so long they are sent to see whether any is turned away.
const FOR: Timespan = Timespan::from_secs(3);

/// So many must be turned away, which is none of chance.
const AWAY_MIN: usize = 20;

/// What is let through belongs together unless so much time lies between, in which some are turned away.
const GAP: Duration = Duration::from_millis(15);

/// How far the mean number a second may be off: the time that is measured begins and ends with one of them.
const OFF: f64 = 0.03;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let seen = lab.run(&rush("rush", FOR))?;
    let found = Rush::of(&seen);
    if found.away.is_empty() {
        let passed = found.passed.len() as u64;
        profile.know(BURST, Value::AtLeast(passed), passed, &seen.name);
        return Ok(());
    }
    if found.away.len() < AWAY_MIN || found.is_crowded() {
        let why = "few were turned away, or only while more than usual were under way: another limit may have done it";
        profile.cannot_tell(BURST, why, &seen.name);
        return Ok(());
    }
    found.tell_burst(profile, &seen.name);
    let length = Timespan(lab.site.longest.mul_f64(2.5));
    let seen = lab.run(&rush("rush-on", length))?;
    Rush::of(&seen).tell_further(profile, lab.site.longest, &seen.name);
    Ok(())
}

/// True if the gateway is known to turn requests away that come too fast: what rests on many of them can't be told.
pub(crate) fn is_limited(profile: &Profile) -> bool {
    matches!(profile.value(BURST), Some(Value::Count(..)))
}

fn rush(name: &str, length: Timespan) -> Experiment {
    Experiment::new(name, 1.0).traffic("rush", "GET", RATE).calm("rush", length, &[CALM])
}

/// One request: when it was sent, by when the gateway had decided on it, and how many were under way, itself included.
#[derive(Clone, Copy, Debug)]
struct Sent {
    at: Moment,
    by: Moment,
    beside: usize,
}

/// What became of requests that came fast, in the order in which they were sent.
struct Rush {
    passed: Vec<Sent>,
    away: Vec<Sent>,
    /// How they were turned away, and how many were told when to come back.
    statuses: Vec<u16>,
    told: usize,
}

impl Rush {
    fn of(seen: &Seen) -> Self {
        let view = seen.view("rush", Some("rush"));
        let sight = Sight { attempts: false, client: false, ..Sight::COUNTS };
        let sound = |entry: &Entry<'_>| entry.exchange.was_sent() && view.why_apart(entry, sight).is_none();
        let mut entries: Vec<Entry<'_>> = view.entries().filter(sound).collect();
        entries.sort_by_key(|entry| entry.exchange.sent);
        let mut done: Vec<Moment> = entries.iter().map(|entry| entry.exchange.done).collect();
        done.sort_unstable();
        let mut found = Rush { passed: Vec::new(), away: Vec::new(), statuses: Vec::new(), told: 0 };
        for (before, entry) in entries.iter().enumerate() {
            let exchange = entry.exchange;
            let over = done.partition_point(|done| *done <= exchange.sent);
            let beside = (before + 1).saturating_sub(over);
            if let Some(first) = entry.attempts.first() {
                found.passed.push(Sent { at: exchange.sent, by: first.arrived, beside });
            } else if exchange.outcome == Outcome::Complete && exchange.status >= 400 {
                found.away.push(Sent { at: exchange.sent, by: exchange.done, beside });
                found.statuses.push(exchange.status);
                found.told += usize::from(exchange.retry_after.is_some());
            }
        }
        found
    }

    /// True if those that were turned away came while more were under way than while others were let through.
    fn is_crowded(&self) -> bool {
        let usual = |of: &[Sent]| {
            let mut beside: Vec<usize> = of.iter().map(|one| one.beside).collect();
            stats::quantile(&mut beside, 0.5).unwrap_or_default()
        };
        usual(&self.away) > usual(&self.passed)
    }

    /// How many are let through at once, and how the others are turned away.
    fn tell_burst(&self, profile: &mut Profile, name: &str) {
        let Some(first) = self.away.first() else { return };
        let cases = self.away.len() as u64;
        let certain = self.passed.iter().filter(|one| one.by <= first.at).count() as u64;
        let possible = self.passed.iter().filter(|one| one.at <= first.by).count() as u64;
        profile.know(BURST, Value::Count(certain, possible), cases, name);
        let mut statuses = self.statuses.clone();
        statuses.sort_unstable();
        statuses.dedup();
        let words: Vec<String> = statuses.iter().map(ToString::to_string).collect();
        profile.know("rate_limit.turned_away", Value::word(words.join(" or ")), cases, name);
        let word = match self.told {
            0 => "no",
            told if told == self.away.len() => "yes",
            _ => "sometimes",
        };
        profile.know("rate_limit.retry_after", Value::word(word), cases, name);
    }

    /// How further ones are let through once some have been turned away: many at once, now and then, or one by one.
    fn tell_further(&self, profile: &mut Profile, longest: Timespan, name: &str) {
        let key = "rate_limit.further";
        let Some(first) = self.away.first() else {
            profile.cannot_tell(key, "none was turned away the second time", name);
            return;
        };
        let later: Vec<Sent> = self.passed.iter().copied().filter(|one| one.at > first.by).collect();
        let [head, .., last] = later.as_slice() else {
            profile.know("rate_limit.every", Value::Beyond(longest), self.away.len() as u64, name);
            return;
        };
        let groups: Vec<&[Sent]> = later.chunk_by(|one, next| next.at.since(one.at) < GAP).collect();
        let cases = later.len() as u64;
        if groups.iter().filter(|group| group.len() > 1).count() * 2 > groups.len() && groups.len() > 1 {
            profile.know(key, Value::word("many at once"), cases, name);
            // The last group may go on after the end.
            let whole = &groups[..groups.len() - 1];
            let sizes = whole.iter().map(|group| group.len() as u64);
            if let Some((least, most)) = sizes.clone().min().zip(sizes.max()) {
                profile.know("rate_limit.at_once", Value::Count(least, most), whole.len() as u64, name);
            }
            let starts: Vec<Sent> = groups.iter().map(|group| group[0]).collect();
            let pauses = starts.windows(2).map(|pair| pair[1].at.since(pair[0].at));
            if let Some((low, high)) = pauses.clone().min().zip(pauses.max()) {
                profile.know("rate_limit.every", time(low, high), starts.len() as u64 - 1, name);
            }
        } else {
            profile.know(key, Value::word("one by one"), cases, name);
            let mean = (later.len() - 1) as f64 / last.at.since(head.at).as_secs_f64().max(f64::MIN_POSITIVE);
            let bounds = ((mean * (1.0 - OFF)).floor() as u64, (mean * (1.0 + OFF)).ceil() as u64);
            profile.know("rate_limit.per_second", Value::Count(bounds.0, bounds.1), cases, name);
        }
    }
}
