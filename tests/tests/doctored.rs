//! Doctored evidence is judged as if it had been recorded: the helper by which tests show what other gateways do.

use std::fs;

use archive::{ReadError, read_run};
use brownout_tests::doctor::Doctored;
use brownout_tests::{complaints, judged, library, simulate};
use evidence::{Attempt, Evidence, Hiccup};
use reports::Verdict;
use units::Moment;

#[test]
fn a_run_that_is_written_again_unchanged_is_judged_the_same() {
    let out = tempfile::tempdir().unwrap();
    let before = simulate(library("first-look"), &[], 1, out.path());
    let dir = Doctored::only_run_in(out.path()).save();
    let after = judged(&dir);
    assert_eq!(after.verdict, before.verdict);
    assert_eq!(after.findings.len(), before.findings.len());
}

#[test]
fn a_gateway_that_delivered_twice_is_made_from_one_that_did_not() {
    let out = tempfile::tempdir().unwrap();
    simulate(library("retry-503"), &[], 1, out.path());
    let dir = Doctored::only_run_in(out.path())
        .attempts(|rows| {
            let again = rows.iter().filter(|row| row.tag.0 < 300).cloned().map(|mut row| {
                row.number += 1;
                row
            });
            let again: Vec<_> = again.collect();
            rows.extend(again);
        })
        .carried()
        .save();
    let report = judged(&dir);
    assert_eq!(report.verdict, Verdict::Fail, "{}", complaints(&report));
}

#[test]
fn without_the_helper_a_change_is_found_out() {
    let out = tempfile::tempdir().unwrap();
    simulate(library("first-look"), &[], 1, out.path());
    let dir = Doctored::only_run_in(out.path()).save();
    let manifest = dir.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replacen("\"min\": 2", "\"min\": 1", 1)).unwrap();
    assert!(matches!(read_run(&dir), Err(ReadError::Edited { .. })));
}

/// What a recorder may do wrong, by name: none of it is the gateway's doing.
type Spoiling = (&'static str, fn(&mut Evidence));

/// A moment in seconds of the run.
fn second(at: f64) -> Moment {
    Moment((at * 1e9) as i64)
}

fn shift(attempt: &mut Attempt, by: i64) {
    let later = |at: Moment| Moment(at.0 + by);
    (attempt.arrived, attempt.ended) = (later(attempt.arrived), later(attempt.ended));
    attempt.body_done = attempt.body_done.map(later);
    attempt.replied = attempt.replied.map(later);
    attempt.retry_at = attempt.retry_at.map(later);
}

const LOST: [Spoiling; 7] = [
    ("one attempt in 37", |all| all.attempts.retain(|row| row.tag.0 % 37 != 5)),
    ("the last attempts", |all| all.attempts.retain(|row| row.arrived < Moment(all.ended.0 / 10 * 9))),
    ("the attempts of a backend", |all| all.attempts.retain(|row| row.backend != 0)),
    ("the attempts of two seconds", |all| {
        all.attempts.retain(|row| row.arrived < second(4.0) || row.arrived > second(6.0));
    }),
    ("one request in 53", |all| all.exchanges.retain(|row| row.tag.0 % 53 != 7)),
    ("the last requests", |all| all.exchanges.retain(|row| row.due < Moment(all.ended.0 / 10 * 9))),
    ("all attempts", |all| all.attempts.clear()),
];

const FALSIFIED: [Spoiling; 8] = [
    ("a backend's clock that is 30 ms ahead", |all| {
        all.attempts.iter_mut().filter(|row| row.backend == 0).for_each(|row| shift(row, 30_000_000));
    }),
    ("a backend's clock that is 30 ms behind", |all| {
        all.attempts.iter_mut().filter(|row| row.backend == 0).for_each(|row| shift(row, -30_000_000));
    }),
    ("a clock of the backends that is set forward by 5 s", |all| {
        let late = all.attempts.iter_mut().filter(|row| row.arrived > second(5.0));
        late.for_each(|row| shift(row, 5_000_000_000));
    }),
    ("attempts that stand with the next request", |all| {
        all.attempts.iter_mut().for_each(|row| row.tag.0 += 1);
    }),
    ("attempts that stand with the request before", |all| {
        all.attempts.iter_mut().for_each(|row| row.tag.0 = row.tag.0.saturating_sub(1));
    }),
    ("attempts that are there twice", |all| {
        let twice: Vec<Attempt> = all.attempts.iter().filter(|row| row.tag.0 % 9 == 0).cloned().collect();
        all.attempts.extend(twice);
    }),
    ("attempts that end before they begin", |all| {
        all.attempts.iter_mut().for_each(|row| row.ended = Moment(row.arrived.0 - 1_000_000));
    }),
    ("backends that are swapped on one side", |all| {
        all.attempts.iter_mut().filter(|row| row.backend < 2).for_each(|row| row.backend = 1 - row.backend);
    }),
];

/// Rows that are lost or false prove nothing, and are not the gateway's fault.
#[test]
fn evidence_that_a_recorder_spoiled_neither_passes_nor_fails_a_gateway() {
    let mut wrong = Vec::new();
    for name in ["retry-503", "timers"] {
        for (what, spoil) in LOST.into_iter().chain(FALSIFIED) {
            let out = tempfile::tempdir().unwrap();
            simulate(library(name), &[], 1, out.path());
            let report = judged(&Doctored::only_run_in(out.path()).evidence(spoil).save());
            if report.verdict != Verdict::Inconclusive {
                wrong.push(format!("{name}, {what}: {}\n{}", report.verdict, complaints(&report)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What says nothing of requests may be lost or false without a failure.
#[test]
fn what_is_beside_the_requests_never_fails_a_gateway() {
    let beside: [Spoiling; 7] = [
        ("requests that are there twice", |all| {
            let twice: Vec<_> = all.exchanges.iter().filter(|row| row.tag.0 % 9 == 0).cloned().collect();
            all.exchanges.extend(twice);
        }),
        ("no connections", |all| all.connections.clear()),
        ("no firings", |all| all.firings.clear()),
        ("no effects", |all| all.attempts.iter_mut().for_each(|row| row.effective = 0)),
        ("no injections", |all| {
            all.attempts.iter_mut().for_each(|row| (row.injections, row.effective) = (0, 0));
        }),
        ("stalls everywhere", |all| {
            let stall = |nth: i64| Hiccup { at: Moment(nth * 100_000_000), length: 90_000_000 };
            all.hiccups = (0..400).map(stall).collect();
        }),
        ("an early end", |all| all.early = Some("stopped".into())),
    ];
    for name in ["retry-503", "timers", "overload/limit"] {
        for (what, spoil) in beside {
            let out = tempfile::tempdir().unwrap();
            simulate(library(name), &[], 1, out.path());
            let report = judged(&Doctored::only_run_in(out.path()).evidence(spoil).save());
            assert_ne!(report.verdict, Verdict::Fail, "{name}, {what}: {}", complaints(&report));
        }
    }
}

/// A plan that is not the run's own says which faults are behind what was seen, and says it wrongly.
#[test]
fn the_plan_of_another_run_neither_passes_nor_fails_a_gateway() {
    let plan_of = |name: &str| {
        let out = tempfile::tempdir().unwrap();
        simulate(library(name), &[], 1, out.path());
        let dir = Doctored::only_run_in(out.path()).save();
        let manifest = fs::read_to_string(dir.join("manifest.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&manifest).unwrap()["plan"].take()
    };
    let pairs = [
        ("retry-503", "first-look"),
        ("breaker-trips-and-recovers", "ejection"),
        ("timers", "slow-tail"),
        ("shed", "failure/affinity"),
    ];
    for (name, other) in pairs {
        let (out, plan) = (tempfile::tempdir().unwrap(), plan_of(other));
        simulate(library(name), &[], 1, out.path());
        let report = judged(&Doctored::only_run_in(out.path()).plan(|own| *own = plan).save());
        let verdict = report.verdict;
        assert_eq!(verdict, Verdict::Inconclusive, "{name} by {other}: {}", complaints(&report));
    }
}
