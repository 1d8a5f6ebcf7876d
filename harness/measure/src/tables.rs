//! The figures beside the findings: phases, traffic, backends, injections, latencies.

use std::collections::BTreeMap;
use std::hash::Hash;

use evidence::{Ledger, Outcome};
use reports::{ActionRow, BackendRow, InjectionRow, LatencyRow, PhaseRow, TrafficRow};

use crate::brief::{Brief, TrafficBrief};
use crate::histograms::{histograms, phase_of, quantile};
use crate::success::succeeded;

/// The phases, in order.
pub fn phases(brief: &Brief, ledger: &Ledger) -> Vec<PhaseRow> {
    let mut rows: Vec<PhaseRow> = brief
        .phases
        .iter()
        .map(|phase| PhaseRow {
            name: phase.name.clone(),
            from_s: phase.during.from.seconds(),
            to_s: phase.during.to.seconds(),
            exchanges: 0,
            succeeded: 0,
            attempts: 0,
        })
        .collect();
    for entry in ledger.entries() {
        let Some(phase) = phase_of(brief, entry.exchange.due) else {
            continue;
        };
        let row = &mut rows[phase];
        row.exchanges += 1;
        row.succeeded += u64::from(succeeded(&entry));
        row.attempts += entry.attempts.len() as u64;
    }
    rows
}

/// What is counted of one traffic class.
#[derive(Default)]
struct Tally {
    exchanges: u64,
    outcomes: BTreeMap<Outcome, u64>,
    statuses: BTreeMap<u16, u64>,
    lags: Vec<u64>,
}

/// The traffic classes.
pub fn traffic(brief: &Brief, ledger: &Ledger) -> Vec<TrafficRow> {
    let mut tallies: Vec<Tally> = brief.traffic.iter().map(|_| Tally::default()).collect();
    for entry in ledger.entries() {
        let exchange = entry.exchange;
        let Some(tally) = tallies.get_mut(usize::from(exchange.class)) else {
            continue;
        };
        tally.exchanges += 1;
        *tally.outcomes.entry(exchange.outcome).or_default() += 1;
        if exchange.was_sent() {
            *tally.statuses.entry(exchange.status).or_default() += 1;
            tally.lags.push(exchange.lag().as_nanos() as u64);
        }
    }
    brief.traffic.iter().zip(tallies).map(|(class, tally)| traffic_row(class, tally)).collect()
}

fn traffic_row(class: &TrafficBrief, mut tally: Tally) -> TrafficRow {
    let outcomes = tally.outcomes.iter().map(|(outcome, count)| (outcome.to_string(), *count)).collect();
    TrafficRow {
        name: class.name.clone(),
        request: class.request.clone(),
        mode: if class.open_loop { "open loop" } else { "closed loop" }.into(),
        exchanges: tally.exchanges,
        skipped: tally.outcomes.get(&Outcome::Skipped).copied().unwrap_or(0),
        outcomes: by_frequency(outcomes),
        statuses: by_frequency(tally.statuses.into_iter().collect()),
        lag_p50_ms: percentile(&mut tally.lags, 50).unwrap_or(0.0),
        lag_p99_ms: percentile(&mut tally.lags, 99).unwrap_or(0.0),
    }
}

/// Most frequent first; equally frequent ones by name.
fn by_frequency<T: Ord + Hash>(mut counts: Vec<(T, u64)>) -> Vec<(T, u64)> {
    counts.sort_by(|(a, few), (b, many)| many.cmp(few).then_with(|| a.cmp(b)));
    counts
}

/// The backends.
pub fn backends(brief: &Brief, ledger: &Ledger) -> Vec<BackendRow> {
    let mut rows: Vec<BackendRow> = brief
        .backends
        .iter()
        .map(|backend| BackendRow {
            name: backend.name.clone(),
            attempts: 0,
            failed: 0,
            connections: 0,
            probes: 0,
        })
        .collect();
    for attempt in ledger.attempts() {
        if let Some(row) = rows.get_mut(usize::from(attempt.backend)) {
            row.attempts += 1;
            row.failed += u64::from(attempt.failed());
        }
    }
    for connection in &ledger.rest().connections {
        if let Some(row) = rows.get_mut(usize::from(connection.backend)) {
            row.connections += 1;
        }
    }
    for probe in &ledger.rest().probes {
        if let Some(row) = rows.get_mut(usize::from(probe.backend)) {
            row.probes += 1;
        }
    }
    rows
}

/// Planned faults, and how often each was seen to fire.
pub fn injections(brief: &Brief, ledger: &Ledger) -> Vec<InjectionRow> {
    let known = brief.injections.len();
    let mut fired = vec![0u64; known];
    let mut errors: Vec<Vec<u64>> = vec![Vec::new(); known];
    let attempts = ledger.attempts().iter().filter(|attempt| attempt.injections != 0);
    for attempt in attempts {
        for index in bits(attempt.injections).filter(|index| *index < known) {
            fired[index] += 1;
            if attempt.delay > 0 {
                errors[index].push(attempt.delay_error.unsigned_abs());
            }
        }
    }
    let connections = ledger.rest().connections.iter().flat_map(|connection| bits(connection.injections));
    let listeners = ledger.rest().firings.iter().map(|firing| usize::from(firing.injection));
    let probes = ledger.rest().probes.iter().flat_map(|probe| bits(probe.effective));
    let probes = probes.filter(|index| brief.injections.get(*index).is_some_and(|one| one.on_probes));
    for index in connections.chain(listeners).chain(probes).filter(|index| *index < known) {
        fired[index] += 1;
    }
    let rows = brief.injections.iter().zip(fired).zip(&mut errors);
    rows.map(|((injection, fired), errors)| InjectionRow {
        phase: brief.phases.get(injection.phase).map_or_else(String::new, |phase| phase.name.clone()),
        fault: injection.fault.clone(),
        settings: injection.settings.clone(),
        backends: injection.backends.iter().map(|index| brief.backend_name(*index).into_owned()).collect(),
        fired,
        delay_error_p99_ms: percentile(errors, 99),
    })
    .collect()
}

/// The numbers of the bits that are set.
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = (set != 0).then(|| set.trailing_zeros() as usize)?;
        set &= set - 1;
        Some(lowest)
    })
}

/// Latencies of every traffic class in every phase that it was due in.
pub fn latencies(brief: &Brief, ledger: &Ledger) -> Vec<LatencyRow> {
    let measured = histograms(brief, ledger).into_iter();
    measured
        .map(|(key, histogram)| {
            let at = |share| quantile(&histogram, share).as_micros() as f64 / 1e3;
            LatencyRow {
                traffic: key.class,
                phase: key.phase,
                time: key.time.into(),
                count: histogram.len(),
                p50_ms: at(0.5),
                p90_ms: at(0.9),
                p99_ms: at(0.99),
                p999_ms: at(0.999),
                max_ms: at(1.0),
            }
        })
        .collect()
}

/// A percentile of lengths in nanoseconds, in milliseconds; nothing of nothing.
fn percentile(lengths: &mut [u64], percent: usize) -> Option<f64> {
    let index = (lengths.len() * percent).div_ceil(100).checked_sub(1)?;
    Some(*lengths.select_nth_unstable(index).1 as f64 / 1e6)
}

/// What was done to the gateway, in the order of the plan.
pub fn actions(brief: &Brief, ledger: &Ledger) -> Vec<ActionRow> {
    let row = |(index, planned): (usize, &crate::brief::ActionBrief)| {
        let row = ledger.rest().actions.iter().find(|row| usize::from(row.action) == index);
        ActionRow {
            kind: planned.kind.clone(),
            settings: planned.settings.clone(),
            phase: brief.phases.get(planned.phase).map(|phase| phase.name.clone()).unwrap_or_default(),
            from_s: row.map_or(planned.at, |row| row.began).seconds(),
            to_s: row.map(|row| row.ended.seconds()),
            outcome: row.map_or("never began", |row| row.outcome.word()).to_owned(),
            said: row.and_then(|row| row.said.as_deref()).map(str::to_owned),
        }
    };
    brief.actions.iter().enumerate().map(row).collect()
}
