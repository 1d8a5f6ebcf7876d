//! The series of small runs, counted by hand, and what must hold for every run.

use evidence::{Evidence, Ledger, Method};
use reports::BreakerState::{self, Closed, Open, Probing};
use reports::Series;
use units::Moment;

use super::series;
use crate::series::{bands, breakers};
use crate::testing::{Call, Run, Try};

/// Ten seconds at 100 requests a second, every other on `a`; its faults are in force from 4 s to 8 s.
fn run() -> Run {
    let run = Run::new().phase("steady", 4.0).phase("outage", 4.0).phase("recovery", 2.0);
    let run = run.backend("a").backend("b").class("reads", Method::Get).fault("outage", "status", &["a"]);
    run.calls(1_000, |n| {
        let due = 10.0 * n as f64;
        let call = Call::due("reads", due);
        match (n % 2, (4_000.0..8_000.0).contains(&due)) {
            (0, true) => call.attempt(Try::hit("a", "status")).attempt(Try::ok("b")),
            (0, false) => call.attempt(Try::ok("a")),
            _ => call.attempt(Try::ok("b")),
        }
    })
}

fn sum(lines: &[reports::CountLine]) -> u64 {
    lines.iter().flat_map(|line| &line.counts).sum()
}

#[test]
fn the_sums_over_all_bins_are_the_totals_of_the_run() {
    let (brief, ledger) = run().build();
    let (series, distributions) = series(&brief, &ledger);
    assert_eq!(sum(&series.outcomes), ledger.entries().len() as u64);
    assert_eq!(sum(&series.attempts), ledger.attempts().len() as u64);
    let heat: u64 = series.heat.rows.iter().flat_map(|row| &row.counts).sum();
    assert_eq!(heat, 1_000, "all were sent");
    for time in ["response", "service"] {
        let of_time = distributions.iter().filter(|distribution| distribution.time == time);
        let counted: u64 =
            of_time.flat_map(|distribution| &distribution.buckets).map(|(_, count)| count).sum();
        assert_eq!(counted, 1_000, "{time}");
    }
}

#[test]
fn every_list_has_an_entry_a_bin() {
    let (brief, ledger) = run().build();
    let Series { bins, bin_s, end_s, outcomes, attempts, response, heat, .. } = series(&brief, &ledger).0;
    assert!((1..=reports::BINS_MAX).contains(&bins) && bin_s * bins as f64 >= end_s);
    assert_eq!((bins, bin_s), (100, 0.1), "ten exchanges a bin at least");
    assert!(outcomes.iter().chain(&attempts).all(|line| line.counts.len() == bins));
    assert!(heat.rows.iter().all(|row| row.counts.len() == bins));
    assert!(
        [response.p50_ms, response.p90_ms, response.p99_ms, response.max_ms]
            .iter()
            .all(|line| line.len() == bins)
    );
}

#[test]
fn attempts_for_a_request_double_where_every_request_is_retried() {
    let (brief, ledger) = run().build();
    let series = series(&brief, &ledger).0;
    assert_eq!(series.attempts_mean[15], Some(1.0));
    assert_eq!((series.attempts_mean[50], series.attempts_max[50]), (Some(1.5), 2));
}

#[test]
fn empty_evidence_has_no_series() {
    let (brief, _) = run().build();
    let empty = Ledger::join(Evidence::default());
    assert_eq!(series(&brief, &empty), (Series::default(), Vec::new()));
    assert!(
        breakers(&brief, &empty).iter().all(|strip| strip.stretches.is_empty() && strip.unknown.is_some())
    );
}

#[test]
fn a_fault_has_its_window() {
    let bands = bands(&run().build().0);
    assert_eq!((bands.len(), bands[0].from_s, bands[0].to_s), (1, 4.0, 8.0));
    assert_eq!(bands[0].backends, ["a"]);
}

#[test]
fn the_most_in_flight_is_counted_at_one_moment() {
    let (brief, ledger) = run().build();
    let bins = super::Bins::of(&brief, &ledger).expect("the run has a length");
    let second = |seconds: f64| Moment((seconds * 1e9) as i64);
    let mut flight = super::Flight::default();
    flight.take(second(1.05), second(3.05));
    flight.take(second(1.1), second(1.15));
    flight.take(second(3.05), second(3.1));
    let most = flight.most(&bins);
    assert_eq!((most[9], most[10], most[11], most[12], most[30], most[31], most[32]), (0, 1, 2, 1, 1, 1, 0));
}

#[test]
fn a_backend_that_falls_silent_and_is_probed_has_a_strip() {
    let run = Run::new().phase("steady", 4.0).phase("outage", 4.0).phase("recovery", 2.0);
    let run = run.backend("a").backend("b").class("reads", Method::Get).fault("outage", "status", &["a"]);
    let run = run.calls(2_000, |n| {
        let due = 5.0 * n as f64;
        let silent = (4_100.0..6_000.0).contains(&due) || (6_010.0..8_000.0).contains(&due);
        let name = if n % 2 == 0 && !silent { "a" } else { "b" };
        Call::due("reads", due).attempt(Try::ok(name))
    });
    let (brief, ledger) = run.build();
    let strips = breakers(&brief, &ledger);
    let states: Vec<BreakerState> = strips[0].stretches.iter().map(|stretch| stretch.state).collect();
    assert_eq!(states, [Closed, Open, Probing, Open, Closed]);
    assert!(strips[1].stretches.iter().all(|stretch| stretch.state == Closed));
}
