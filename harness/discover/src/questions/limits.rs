//! How many requests are under way at backends at a time, and what becomes of the others: they wait, or are turned away.
//!
//! Backends are made so slow that a hundred requests would be under way. Where fewer are, and requests wait or are turned away,
//! there is a limit. One slow backend among quick ones tells whether it is counted for each or for all of them.

use std::time::Duration;

use evidence::{Attempt, Entry, Outcome};
use measure::view::{Sight, View};
use units::{Moment, Timespan, stats};

use super::{slow, time};
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// So many requests would be under way if nothing held them back.
const OFFERED: f64 = 100.0;

/// Requests a second, of both classes together, at the most.
const RATE_MAX: f64 = 1_000.0;

/// How long a backend takes, at the most and at the least.
const SLOW_MAX: Duration = Duration::from_millis(400);
const SLOW_MIN: Duration = Duration::from_millis(40);

/// A request that is on its way for so long has waited.
const WAITED: Duration = Duration::from_millis(20);

/// What a hop takes, at the most: a request may have left the line already, or not be in it yet.
const HOP: Duration = Duration::from_millis(2);

/// Fewer cases than this tell nothing.
const CASES_MIN: u64 = 5;

/// The classes: reads and writes, of which one may crowd the other out.
const CLASSES: [(&str, &str); 2] = [("reads", "GET"), ("writes", "POST")];

/// The probability with which a share lies within its bounds.
const CONFIDENCE: f64 = 0.999;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let slow = slow(profile, 2, SLOW_MAX);
    if slow < SLOW_MIN {
        let why = "a timer ends requests before enough of them could be under way";
        profile.cannot_tell("limit.in_flight", why, "crowd");
        return Ok(());
    }
    let seen = lab.run(&crowd("crowd", slow, ""))?;
    let crowd = Crowd::of(&seen);
    if crowd.waits.is_empty() && crowd.away.is_empty() {
        crowd.tell_none(profile, &seen.name);
        return Ok(());
    }
    let victim = lab.victim();
    let one = lab.run(&crowd_at(lab, victim, slow))?;
    let uneven = Crowd::of(&one);
    // A limit of the pool leaves one slow backend more than its part, up to all of it; one of each backend does not.
    let alone = uneven.at_backend(victim);
    let of_pool = alone > crowd.at_backend(victim) + 1 || alone + 1 >= crowd.all;
    if crowd.is_spread() {
        profile.know("limit.scope", Value::word(if of_pool { "pool" } else { "backend" }), 2, &one.name);
    } else {
        profile.cannot_tell("limit.scope", "all requests under way at a time are at one backend", &seen.name);
    }
    crowd.tell(profile, &seen, of_pool);
    Ok(())
}

fn crowd(name: &str, slow: Duration, place: &str) -> Experiment {
    let rate = (OFFERED / slow.as_secs_f64()).min(RATE_MAX) / CLASSES.len() as f64;
    let mut one = Experiment::new(name, 10.0);
    for (class, method) in CLASSES {
        one = one.traffic(class, method, rate).with("arrivals = \"poisson\"");
    }
    let silent = CLASSES.map(|(class, _)| class);
    one.calm("before", Timespan::from_secs(1), &silent)
        .phase("crowd", Timespan::from_secs(5))
        .fault(place, &format!("latency = {{ fixed = \"{}\" }}", Timespan(slow)))
        .calm("after", Timespan::from_secs(2), &silent)
}

fn crowd_at(lab: &Lab<'_>, victim: usize, slow: Duration) -> Experiment {
    crowd("crowd-at-one", slow, &format!("on = [\"{}\"]", lab.backends[victim].name))
}

/// What became of the requests of a crowd.
struct Crowd {
    /// The most that were under way at a time: at each backend, and at all of them.
    peaks: Vec<u64>,
    all: u64,
    /// How often that many were.
    at_peak: u64,
    /// How long those waited that were served.
    waits: Vec<Duration>,
    /// How long it took to turn the others away, and how.
    away: Vec<(Duration, String)>,
    /// The most that certainly waited at a time, and that may have.
    waiting: (u64, u64),
    /// By class: those that reached a backend, and all.
    served: [(u64, u64); CLASSES.len()],
}

impl Crowd {
    fn of(seen: &Seen) -> Self {
        let attempts = seen.ledger.attempts();
        let peaks: Vec<(u64, u64)> = (0..seen.brief.backends.len())
            .map(|backend| peak(attempts.iter().filter(|one| usize::from(one.backend) == backend).map(life)))
            .collect();
        let (all, at_peak) = peak(attempts.iter().map(life));
        let mut crowd = Crowd {
            peaks: peaks.iter().map(|(most, _)| *most).collect(),
            all,
            at_peak: at_peak.max(peaks.iter().map(|(_, times)| *times).max().unwrap_or_default()),
            waits: Vec::new(),
            away: Vec::new(),
            waiting: (0, 0),
            served: [(0, 0); CLASSES.len()],
        };
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        for (index, (class, _)) in CLASSES.iter().enumerate() {
            let view = seen.view("crowd", Some(class));
            for entry in view.entries().filter(|entry| sound(&view, entry)) {
                let waited = crowd.take(&entry, index);
                let (from, to) = (entry.exchange.sent, entry.exchange.sent + waited);
                possible.push((from, to));
                if waited >= WAITED {
                    certain.push((from + HOP, to - HOP));
                }
            }
        }
        crowd.waiting = (peak(certain.into_iter()).0, peak(possible.into_iter()).0);
        crowd
    }

    /// Takes a request in, and gives how long it waited.
    fn take(&mut self, entry: &Entry<'_>, class: usize) -> Duration {
        let exchange = entry.exchange;
        let (served, all) = &mut self.served[class];
        *all += 1;
        let Some(first) = entry.attempts.first() else {
            let took = exchange.service_time();
            let how = match exchange.outcome {
                Outcome::Complete => exchange.status.to_string(),
                other => other.to_string().replace('_', " "),
            };
            self.away.push((took, how));
            return took;
        };
        *served += 1;
        let waited = first.arrived.since(exchange.sent);
        if waited >= WAITED {
            self.waits.push(waited);
        }
        waited
    }

    fn at_backend(&self, backend: usize) -> u64 {
        self.peaks.get(backend).copied().unwrap_or_default()
    }

    /// True if some are under way at two backends at least.
    fn is_spread(&self) -> bool {
        self.peaks.iter().filter(|peak| **peak > 1).count() > 1
    }

    fn tell_none(&self, profile: &mut Profile, name: &str) {
        let requests: u64 = self.served.iter().map(|(_, all)| all).sum();
        if self.all > 1 && requests >= CASES_MIN {
            profile.know("limit.in_flight", Value::AtLeast(self.all), requests, name);
        } else {
            profile.cannot_tell("limit.in_flight", "too few requests were under way at a time", name);
        }
    }

    fn tell(&self, profile: &mut Profile, seen: &Seen, of_pool: bool) {
        let most = if of_pool { self.all } else { self.peaks.iter().copied().max().unwrap_or_default() };
        let cases = (self.waits.len() + self.away.len()) as u64;
        if cases >= CASES_MIN && self.at_peak >= CASES_MIN {
            profile.know("limit.in_flight", Value::Count(most, most), cases, &seen.name);
        } else {
            profile.cannot_tell("limit.in_flight", "too few requests met a limit", &seen.name);
        }
        self.tell_line(profile, &seen.name);
        self.tell_away(profile, &seen.name);
        self.tell_shares(profile, &seen.name);
    }

    /// How many wait, and for how long.
    fn tell_line(&self, profile: &mut Profile, name: &str) {
        let at_once = self.away.iter().filter(|(took, _)| *took < WAITED).count() as u64;
        let patient: Vec<Duration> =
            self.away.iter().map(|(took, _)| *took).filter(|took| *took >= WAITED).collect();
        let cases = (self.waits.len() + self.away.len()) as u64;
        match self.waiting {
            // Who waits for a few milliseconds looks like one on the way.
            (certain, possible) if at_once >= CASES_MIN => {
                profile.know("limit.queue", Value::Count(certain, possible), cases, name);
            }
            (0, _) => profile.cannot_tell("limit.queue", "too few requests waited or were turned away", name),
            (certain, _) => profile.know("limit.queue", Value::AtLeast(certain), cases, name),
        }
        let longest = self.waits.iter().max();
        match (patient.iter().min(), patient.iter().max()) {
            (Some(low), Some(high)) if patient.len() as u64 >= CASES_MIN => {
                profile.know("limit.wait", time(*low, *high), patient.len() as u64, name);
            }
            _ => {
                if let Some(longest) = longest {
                    let whole = Timespan::from_millis(longest.as_millis() as u64);
                    profile.know("limit.wait", Value::Beyond(whole), self.waits.len() as u64, name);
                }
            }
        }
    }

    /// How requests are turned away, and how fast.
    fn tell_away(&self, profile: &mut Profile, name: &str) {
        let cases = self.away.len() as u64;
        if cases < CASES_MIN {
            return;
        }
        let mut ways: Vec<&str> = self.away.iter().map(|(_, how)| how.as_str()).collect();
        ways.sort_unstable();
        ways.dedup();
        profile.know("limit.turned_away", Value::word(ways.join(" or ")), cases, name);
    }

    /// Whether one class gets a larger part of the turns than it asks for.
    fn tell_shares(&self, profile: &mut Profile, name: &str) {
        let [reads, writes] = self.served.map(|(served, all)| stats::share_interval(served, all, CONFIDENCE));
        let word = if reads.0 > writes.1 {
            "GET"
        } else if writes.0 > reads.1 {
            "POST"
        } else {
            "none"
        };
        profile.know("limit.favours", Value::word(word), self.served.iter().map(|(_, all)| all).sum(), name);
    }
}

fn sound(view: &View<'_>, entry: &Entry<'_>) -> bool {
    entry.exchange.was_sent() && view.why_apart(entry, Sight { client: false, ..Sight::COUNTS }).is_none()
}

fn life(attempt: &Attempt) -> (Moment, Moment) {
    (attempt.arrived, attempt.ended)
}

/// The most of some stretches that go on at a time, and how many began when as many did.
fn peak(stretches: impl Iterator<Item = (Moment, Moment)>) -> (u64, u64) {
    let mut changes: Vec<(Moment, i64)> = Vec::new();
    for (from, to) in stretches.filter(|(from, to)| from < to) {
        changes.extend([(from, 1), (to, -1)]);
    }
    // What ends when another begins is over before it.
    changes.sort_unstable();
    let (mut now, mut most, mut times) = (0, 0, 0);
    for (_, change) in changes {
        now += change;
        if change > 0 && now > most {
            (most, times) = (now, 0);
        }
        times += u64::from(change > 0 && now == most);
    }
    (u64::try_from(most).unwrap_or_default(), times)
}
