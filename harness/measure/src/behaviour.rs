//! What the gateway did, counted by traffic class and phase, and what its breakers did about each fault.

use std::collections::BTreeMap;

use evidence::{BodyCheck, Entry, Exchange, Ledger, Outcome};
use hdrhistogram::Histogram;
use reports::{Behaviour, BehaviourCell, BreakerState, BreakerStrip, Outage};

use crate::brief::Brief;
use crate::gaps::gaps;
use crate::histograms::{coarse, phase_of, record};
use crate::lifetimes::{self, Ending};
use crate::success::succeeded;

/// Requests with more attempts count as having this many.
const ATTEMPTS_MAX: usize = 20;

/// The most cells; what is beyond is not compared.
const CELLS_MAX: usize = 200;

/// A silence shorter than this, in seconds, is not counted as an opening: breakers stay open for seconds, and between
/// two runs a few silences more or less are chance.
const OPENING_MIN_S: f64 = 0.25;

/// An opening must be so many times longer than the machine's longest stall.
const STALL_FACTOR: f64 = 3.0;

/// Counts the whole run.
pub fn behaviour(brief: &Brief, ledger: &Ledger, breakers: &[BreakerStrip]) -> Behaviour {
    let phases = brief.phases.len();
    let mut cells: Vec<Option<Cell>> = vec![None; (phases * brief.traffic.len()).min(CELLS_MAX)];
    for entry in ledger.entries().filter(|entry| entry.exchange.was_sent()) {
        let Some(phase) = phase_of(brief, entry.exchange.due) else {
            continue;
        };
        if let Some(cell) = cells.get_mut(usize::from(entry.exchange.class) * phases + phase) {
            cell.get_or_insert_with(|| Cell::new(brief)).take(&entry);
        }
    }
    let filled = cells.into_iter().enumerate().filter_map(|(index, cell)| {
        let names = (&brief.traffic[index / phases].name, &brief.phases[index % phases].name);
        Some(cell?.finish(brief, names))
    });
    Behaviour { cells: filled.collect(), outages: outages(brief, ledger, breakers) }
}

/// What is gathered for one class in one phase.
#[derive(Clone)]
struct Cell {
    row: BehaviourCell,
    endings: BTreeMap<Ended, u64>,
    backends: Vec<u64>,
    given_up: Histogram<u64>,
    gaps: Histogram<u64>,
}

impl Cell {
    fn new(brief: &Brief) -> Self {
        Cell {
            row: BehaviourCell::default(),
            endings: BTreeMap::new(),
            backends: vec![0; brief.backends.len()],
            given_up: coarse(),
            gaps: coarse(),
        }
    }

    fn take(&mut self, entry: &Entry<'_>) {
        let (exchange, attempts) = (entry.exchange, entry.attempts);
        let row = &mut self.row;
        row.requests += 1;
        row.succeeded += u64::from(succeeded(entry));
        *self.endings.entry(Ended::of(exchange)).or_default() += 1;
        let tries = attempts.len().min(ATTEMPTS_MAX);
        if row.attempts.len() <= tries {
            row.attempts.resize(tries + 1, 0);
        }
        row.attempts[tries] += 1;
        row.wasted += attempts.len() as u64 - u64::from(succeeded(entry) && !attempts.is_empty());
        row.bytes += exchange.body_bytes;
        for (index, attempt) in attempts.iter().enumerate() {
            row.bytes += attempt.received;
            if let Some(count) = self.backends.get_mut(usize::from(attempt.backend)) {
                *count += 1;
            }
            if lifetimes::ending(entry, attempt) == Ending::Gateway {
                record(&mut self.given_up, attempt.duration());
            }
            if let Some(earlier) = index.checked_sub(1).map(|before| &attempts[before]) {
                row.further += 1;
                row.further_same += u64::from(earlier.backend == attempt.backend);
            }
        }
        for length in gaps(*entry).filter_map(|gap| gap.length) {
            record(&mut self.gaps, length);
        }
    }

    fn finish(self, brief: &Brief, (traffic, phase): (&String, &String)) -> BehaviourCell {
        let names = brief.backends.iter().map(|backend| backend.name.clone());
        let mut endings: BTreeMap<String, u64> = BTreeMap::new();
        for (ended, count) in self.endings {
            *endings.entry(ended.words()).or_default() += count;
        }
        BehaviourCell {
            traffic: traffic.clone(),
            phase: phase.clone(),
            endings: endings.into_iter().collect(),
            backends: names.zip(self.backends).collect(),
            given_up: buckets(&self.given_up),
            gaps: buckets(&self.gaps),
            ..self.row
        }
    }
}

/// How a request ended, seen from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ended {
    outcome: Outcome,
    status: u16,
    by_backend: bool,
    altered: bool,
}

impl Ended {
    fn of(exchange: &Exchange) -> Self {
        Ended {
            outcome: exchange.outcome,
            status: exchange.status,
            by_backend: exchange.answered_by_backend(),
            altered: exchange.body == BodyCheck::Altered,
        }
    }

    /// A name that is the same for all that ended alike.
    fn words(self) -> String {
        let altered = if self.altered { ", altered" } else { "" };
        match (self.outcome, self.status) {
            (Outcome::Complete | Outcome::CloseDelimited, status) => {
                let by = if self.by_backend { "from a backend" } else { "made by the gateway" };
                format!("{status} {by}{altered}")
            }
            (outcome, 0) => outcome.to_string(),
            (outcome, status) => format!("{status}, {outcome}"),
        }
    }
}

fn buckets(histogram: &Histogram<u64>) -> Vec<(u64, u64)> {
    histogram
        .iter_recorded()
        .map(|bucket| (histogram.highest_equivalent(bucket.value_iterated_to()), bucket.count_at_value()))
        .collect()
}

/// What the breaker in front of each backend did while each fault was on it.
fn outages(brief: &Brief, ledger: &Ledger, breakers: &[BreakerStrip]) -> Vec<Outage> {
    let mut outages = Vec::new();
    // A machine that stalls is silent, too: an opening must outlast the longest stall with room to spare.
    let stall = ledger.rest().hiccups.iter().map(|hiccup| hiccup.length).max().unwrap_or(0);
    let shortest_s = (STALL_FACTOR * stall as f64 / 1e9).max(OPENING_MIN_S);
    for (bit, injection) in brief.injections.iter().enumerate() {
        let phase = brief.phases.get(injection.phase).map_or("", |phase| phase.name.as_str());
        for backend in &injection.backends {
            let name = brief.backend_name(*backend);
            let Some(strip) = breakers.iter().find(|strip| strip.backend == name) else {
                continue;
            };
            let (from_s, to_s) = (injection.during.from.seconds(), injection.during.to.seconds());
            let open: Vec<(f64, f64)> = strip
                .stretches
                .iter()
                .filter(|stretch| stretch.state == BreakerState::Open)
                .map(|stretch| (stretch.from_s, stretch.to_s))
                .filter(|(from, to)| (from_s..to_s).contains(from) && to - from >= shortest_s)
                .collect();
            let failures_before = open.first().map(|(first, _)| {
                let failed = ledger.attempts().iter().filter(|attempt| {
                    attempt.backend == *backend && attempt.hit_by(bit as u16) && attempt.failed()
                });
                failed.filter(|attempt| attempt.arrived.seconds() <= *first).count() as u64
            });
            let longest = open.iter().map(|(from, to)| to - from).reduce(f64::max);
            outages.push(Outage {
                backend: name.into_owned(),
                phase: phase.to_owned(),
                openings: open.len() as u64,
                failures_before,
                open_ms: longest.map(|length| (length * 1e6).round() / 1e3),
                unknown: strip.unknown.clone(),
            });
        }
    }
    outages
}
