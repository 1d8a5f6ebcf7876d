//! When a request is tried again: by the kind of failure and the method, how often, where, and after which wait.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::Entry;
use measure::retry_matrix::how_failed;
use measure::view::Sight;
use units::{Moment, Timespan};

use super::time;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// The failures that are tried, each in an experiment of its own.
pub(crate) const FAILING: [(&str, &str); 9] = [
    ("429", "status = { code = 429 }"),
    ("500", "status = { code = 500 }"),
    ("502", "status = { code = 502 }"),
    ("503", "status = { code = 503 }"),
    ("504", "status = { code = 504 }"),
    ("404", "status = { code = 404 }"),
    ("reset", "reset = {}"),
    ("close", "close = {}"),
    ("timeout", "hang = {}"),
];

/// The methods that are tried.
pub(crate) const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "PUT", "DELETE"];

/// How often the first of them is sent, and by how much more often each next one: they don't stay in step, so that no method is always
/// behind another one when a budget bounds what is tried again.
const RATE: f64 = 3.0;
const OUT_OF_STEP: f64 = 0.13;

/// For how long: fifteen requests of each method.
const FOR: Timespan = Timespan::from_secs(5);

/// Calm traffic, by the second.
const CALM: f64 = 150.0;

/// So few requests don't open a breaker that counts to more.
const FEW: u32 = 3;

/// And in so many runs there are enough of them.
const RUNS_MAX: u32 = 3;

/// Fewer cases than this tell nothing.
const CASES_MIN: u64 = 3;

/// From so many waits on the longest that is drawn is told.
const DRAWN_MIN: u64 = 10;

/// Two waits that differ by less are the same.
const JITTER_MIN: Duration = Duration::from_millis(10);

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let total = match profile.value("timeout.total") {
        Some(Value::Time(low, _)) => Some(**low),
        _ => None,
    };
    let mut waits = Waits::default();
    // Where no timer ends an attempt, none is tried again because of it.
    let timed = matches!(profile.value("timeout.per_try"), Some(Value::Time(..)));
    let failing = || FAILING.into_iter().filter(|(failure, _)| timed || *failure != "timeout");
    let of_all = |(failure, fault)| experiment(format!("retries-{failure}"), &METHODS, RATE, FOR, fault);
    lab.ahead(failing().map(of_all).collect())?;
    for (failure, fault) in failing() {
        let seen = lab.run(&of_all((failure, fault)))?;
        let mut cells = METHODS.map(|method| (method, Cell { total, ..Cell::default() }));
        for (method, cell) in &mut cells {
            cell.take(&seen, failure, method, &mut waits);
        }
        // What some are spared, others may be spared always: by a budget, of which the first request has all to itself.
        let spared = cells.iter().any(|(_, cell)| cell.fewest < cell.most);
        for (method, mut cell) in cells {
            cell.spared = spared;
            let name = format!("retries-{failure}-{method}");
            let mut runs = 0;
            // A breaker that counts failures opens after a few of them: so few are sent to a gateway that has met none.
            while cell.cases < CASES_MIN && cell.opened && runs < RUNS_MAX || spared && runs == 0 {
                let few = experiment(name.clone(), &[method], f64::from(FEW), Timespan::from_secs(1), fault);
                let seen = lab.run(&few)?;
                cell.take(&seen, failure, method, &mut waits);
                cell.alone = cell.alone.max(first(&seen, method));
                runs += 1;
            }
            cell.tell(
                profile,
                &format!("retry.{failure}.{method}"),
                if runs > 0 { &name } else { &seen.name },
            );
        }
    }
    waits.tell(profile);
    Ok(())
}

/// All requests of some methods fail, at every backend, beside calm traffic.
fn experiment(name: String, methods: &[&str], rate: f64, length: Timespan, fault: &str) -> Experiment {
    let mut experiment = Experiment::new(name, CALM);
    let classes: Vec<String> = methods.iter().map(|method| class(method)).collect();
    for (index, (method, class)) in methods.iter().zip(&classes).enumerate() {
        experiment = experiment.traffic(class, method, rate + OUT_OF_STEP * index as f64);
    }
    let silent: Vec<&str> = classes.iter().map(String::as_str).collect();
    experiment = experiment.calm("before", Timespan::from_secs(1), &silent).phase("failing", length);
    for class in &classes {
        experiment = experiment.fault(&format!("when = {{ traffic = \"{class}\" }}"), fault);
    }
    // Long enough to see that a backend is left alone.
    experiment.calm("after", Timespan::from_millis(500), &silent)
}

fn class(method: &str) -> String {
    method.to_ascii_lowercase()
}

/// What followed on requests of one method that failed everywhere.
#[derive(Default)]
struct Cell {
    /// The timer for the whole request, if it is known.
    total: Option<Duration>,
    /// Requests that tell how often one is tried.
    cases: u64,
    fewest: u64,
    most: u64,
    /// Of those that were stopped by something else: the most attempts.
    at_least: u64,
    /// True if a breaker opened.
    opened: bool,
    /// True if some requests are tried again less often than others, and how often one was that nothing was beside.
    spared: bool,
    alone: Option<u64>,
}

/// How many attempts the first request of a run got, if all of them failed.
fn first(seen: &Seen, method: &str) -> Option<u64> {
    let view = seen.view("failing", Some(&class(method)));
    let first = view.entries().min_by_key(|entry| entry.exchange.sent)?;
    let told = view.why_apart(&first, Sight::COUNTS).is_none() && failed_throughout(&first);
    told.then_some(first.attempts.len() as u64)
}

impl Cell {
    fn take(&mut self, seen: &Seen, failure: &str, method: &str, waits: &mut Waits) {
        let opened = openings(seen);
        self.opened |= opened.iter().any(Option::is_some);
        let early = early(seen, &opened);
        let view = seen.view("failing", Some(&class(method)));
        for entry in view.entries() {
            if view.why_apart(&entry, Sight::COUNTS).is_some() {
                continue;
            }
            let attempts = entry.attempts.len() as u64;
            if !failed_throughout(&entry) {
                // The last one may have come when nothing failed any more.
                let failed = entry.attempts.first().is_some_and(|first| how_failed(&entry, first).is_some());
                self.at_least = self.at_least.max(if failed { attempts } else { 0 });
                continue;
            }
            waits.take(&entry, failure, early);
            let timed_out = self.total.is_some_and(|total| entry.exchange.service_time() >= total);
            if timed_out || may_be_shed(&entry, &opened) {
                self.at_least = self.at_least.max(attempts);
                continue;
            }
            self.fewest = if self.cases == 0 { attempts } else { self.fewest.min(attempts) };
            self.most = self.most.max(attempts);
            self.cases += 1;
        }
    }

    fn tell(&self, profile: &mut Profile, key: &str, name: &str) {
        // Where instances that count for themselves have opened their breakers, requests end sooner, and no backend is silent.
        let cut_short = self.opened && self.fewest < self.most || self.at_least > self.most;
        let most = self.most.max(self.at_least);
        if self.spared && self.alone.is_none_or(|alone| alone < most) {
            if most > 1 {
                profile.know(key, Value::AtLeast(most), self.cases, name);
            } else {
                profile.cannot_tell(
                    key,
                    "others are not tried again always, and a budget may have spared these",
                    name,
                );
            }
        } else if self.cases > 0 && cut_short {
            profile.know(key, Value::AtLeast(most), self.cases, name);
        } else if self.cases > 0 && (self.cases >= CASES_MIN || self.opened) {
            profile.know(key, Value::Count(self.fewest, self.most), self.cases, name);
        } else if self.at_least > 1 {
            profile.know(key, Value::AtLeast(self.at_least), 1, name);
        } else if self.opened {
            profile.cannot_tell(key, "a breaker opened before a request had failed everywhere", name);
        } else {
            profile.cannot_tell(key, "too few requests failed as planned", name);
        }
    }
}

/// Until when no backend can have been left alone: a few attempts have failed, and none is seen to be.
fn early(seen: &Seen, opened: &[Option<Moment>]) -> Moment {
    let view = seen.view("failing", None);
    let mut failed: Vec<Moment> = view
        .entries()
        .filter(failed_throughout)
        .flat_map(|entry| entry.attempts.iter().map(|attempt| attempt.ended))
        .collect();
    failed.sort_unstable();
    let few = failed.get(FEW as usize - 1).or(failed.last()).copied().unwrap_or(Moment::NEVER);
    opened.iter().flatten().copied().fold(few, Moment::min)
}

/// True if every attempt failed: none was answered well, and there was one.
fn failed_throughout(entry: &Entry<'_>) -> bool {
    !entry.attempts.is_empty() && entry.attempts.iter().all(|attempt| how_failed(entry, attempt).is_some())
}

/// True if breakers may have kept a request from being tried once more: some were open when it was given up, and no
/// backend was left that it had not met.
fn may_be_shed(entry: &Entry<'_>, opened: &[Option<Moment>]) -> bool {
    let is_open = |backend: usize| opened[backend].is_some_and(|at| at <= entry.exchange.done);
    let met = |backend: usize| entry.attempts.iter().any(|attempt| usize::from(attempt.backend) == backend);
    let mut all = 0..opened.len();
    all.clone().any(is_open) && all.all(|backend| is_open(backend) || met(backend))
}

/// For each backend, when it was first left alone at the earliest, if it was: with its last request before.
fn openings(seen: &Seen) -> Vec<Option<Moment>> {
    let phase = seen.view("failing", None).phase();
    let end = seen.view("after", None).phase().to;
    let of_backend = |backend: usize| {
        let arrivals = seen.arrivals(&[backend as u16]);
        let rate = CALM * seen.brief.weight_share(backend);
        let silences = seen.silences(&arrivals, rate, phase.from, end);
        silences.first().filter(|_| rate > 0.0).map(|first| first.from)
    };
    (0..seen.brief.backends.len()).map(of_backend).collect()
}

/// The waits between attempts, and where they went.
#[derive(Default)]
struct Waits {
    /// By the number of the further attempt.
    before: BTreeMap<usize, Vec<Duration>>,
    /// Further attempts, and those of them that went to the same backend; the same of early ones.
    pairs: u64,
    same: u64,
    early: u64,
    early_same: u64,
}

impl Waits {
    /// Until `early` no backend can have been left alone, so that there was another one to go to.
    fn take(&mut self, entry: &Entry<'_>, failure: &str, early: Moment) {
        for (index, pair) in entry.attempts.windows(2).enumerate() {
            let (same, early) = (pair[0].backend == pair[1].backend, pair[1].arrived <= early);
            self.pairs += 1;
            self.same += u64::from(same);
            self.early += u64::from(early);
            self.early_same += u64::from(early && same);
            // How long a gateway takes to notice that it waits in vain is no wait between attempts.
            if failure != "timeout" {
                let wait = pair[1].arrived.since(pair[0].replied.unwrap_or(pair[0].ended));
                self.before.entry(index + 2).or_default().push(wait);
            }
        }
    }

    fn tell(&self, profile: &mut Profile) {
        let all = "retries";
        if self.pairs == 0 {
            return;
        }
        let key = "retry.other_backend";
        // Later ones may have had no other backend to go to, because of a breaker.
        let (word, cases) = match (self.same, self.early_same) {
            (0, _) => ("always", self.pairs),
            (_, 0) => {
                profile.cannot_tell(key, "a breaker may have left no other backend", all);
                ("", 0)
            }
            (same, _) if same == self.pairs => ("never", self.pairs),
            _ => ("sometimes", self.pairs),
        };
        if cases > 0 {
            profile.know(key, Value::word(word), cases, all);
        }
        for (number, waits) in &self.before {
            let (Some(low), Some(high)) = (waits.iter().min(), waits.iter().max()) else { continue };
            let cases = waits.len() as u64;
            profile.know(format!("retry.wait.{number}"), time(*low, *high), cases, all);
            let drawn = high.saturating_sub(*low) > JITTER_MIN;
            if *number == 2 && cases >= CASES_MIN {
                profile.know("retry.jitter", Value::yes(drawn), cases, all);
            }
            if drawn && cases >= DRAWN_MIN {
                // Of so many that are drawn evenly, the longest is below this part of what it may be once in a million times.
                let part = 1e-6_f64.powf(1.0 / cases as f64);
                profile.know(
                    format!("retry.longest_wait.{number}"),
                    time(*high, high.div_f64(part)),
                    cases,
                    all,
                );
            }
        }
    }
}
