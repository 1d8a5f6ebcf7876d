//! What holds for every kind of the registry.

use evidence::{Evidence, Ledger, Method, Outcome};
use proptest::prelude::*;
use reports::{Report, Verdict};
use serde::Deserialize;

use super::ExpectationSettings;
use crate::demand::Demand;
use crate::testing::{Call, Run, Try};
use crate::{finding, judge};
use measure::brief::Brief;

/// The expectation that a kind's documentation gives as its example.
fn example(kind: &units::Kind) -> ExpectationSettings {
    #[derive(Deserialize)]
    struct Document {
        expect: Vec<toml::Table>,
    }
    let docs = (kind.docs)();
    let fenced = docs.split("# Example").nth(1).and_then(|text| text.split("```toml\n").nth(1));
    let text = fenced
        .and_then(|text| text.split("```").next())
        .unwrap_or_else(|| panic!("`{}` has no example", kind.name));
    let document: Document =
        toml::from_str(text).unwrap_or_else(|error| panic!("the example of `{}`: {error}", kind.name));
    let mut bare = toml::Table::new();
    for (key, value) in document.expect.into_iter().flatten().filter(|(key, _)| key == kind.name) {
        bare.insert(key, value);
    }
    bare.try_into().unwrap_or_else(|error| panic!("the example of `{}`: {error}", kind.name))
}

#[test]
fn every_kind_is_documented_under_its_headings_with_an_example_that_makes_sense() {
    for kind in ExpectationSettings::KINDS {
        let docs = (kind.docs)();
        let headings: Vec<&str> =
            docs.lines().filter(|line| line.starts_with('#') && !line.contains('[')).collect();
        assert_eq!(
            headings,
            ["# What it checks", "# Why it matters", "# When it can't tell", "# Example"],
            "{}",
            kind.name
        );
        assert!(kind.summary().ends_with('.'), "{}: {}", kind.name, kind.summary());
        let settings = example(kind);
        assert_eq!(settings.name(), kind.name);
        assert_eq!(settings.contract().problem(), None, "{}", kind.name);
    }
}

#[test]
fn settings_survive_being_saved_and_read_again() {
    for kind in ExpectationSettings::KINDS {
        let saved = serde_json::to_value(example(kind)).unwrap_or_default();
        let read: ExpectationSettings =
            serde_json::from_value(saved.clone()).unwrap_or_else(|error| panic!("{}: {error}", kind.name));
        assert_eq!(serde_json::to_value(read).unwrap_or_default(), saved, "{}", kind.name);
    }
}

#[test]
fn a_misspelt_setting_is_refused_by_every_kind() {
    for kind in ExpectationSettings::KINDS {
        let mut saved = serde_json::to_value(example(kind)).unwrap_or_default();
        saved[kind.name]["misspelt"] = true.into();
        assert!(serde_json::from_value::<ExpectationSettings>(saved).is_err(), "{}", kind.name);
    }
}

fn demand_of(kind: &units::Kind, traffic: Option<u16>) -> Demand {
    let expectation = example(kind);
    Demand {
        expectation,
        phase: 0,
        traffic,
        settle: units::Timespan::default(),
        samples_min: None,
        whole_run: false,
        line: None,
    }
}

/// One phase with a fault, two backends, two classes.
fn outage() -> Run {
    let run = Run::new().phase("outage", 10.0).phase("recovery", 10.0).backend("a").backend("b");
    let run = run.class("reads", Method::Get).class("writes", Method::Post);
    FAULTS.iter().fold(run, |run, fault| run.fault("outage", fault, &["a"]))
}

const FAULTS: [&str; 5] = ["status", "reset", "hang", "close", "latency"];

#[test]
fn empty_evidence_is_inconclusive_for_every_kind() {
    let (brief, ledger) = outage().build();
    for kind in ExpectationSettings::KINDS {
        let demand = demand_of(kind, None);
        let finding = finding::find_all(&brief, &[demand], &ledger).remove(0);
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", kind.name);
        assert_eq!(finding.because, "no request was due in the settled part of `outage`");
    }
}

#[test]
fn no_kind_passes_on_requests_that_were_never_sent() {
    let (brief, ledger) = outage().calls(2_000, |n| Call::due("reads", 4.0 * n as f64).skipped()).build();
    for kind in ExpectationSettings::KINDS {
        let finding = finding::find_all(&brief, &[demand_of(kind, None)], &ledger).remove(0);
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}: {}", kind.name, finding.because);
    }
}

fn tries() -> impl Strategy<Value = Try> {
    let faults = prop_oneof![Just(None), (0..FAULTS.len()).prop_map(Some)];
    (prop::bool::ANY, faults, 0.0..400.0f64, 0.0..400.0f64, any::<bool>()).prop_map(
        |(first, fault, after, takes, whole)| {
            let backend = if first { "a" } else { "b" };
            let attempt = match fault {
                Some(index) => Try::hit("a", FAULTS[index]),
                None => Try::ok(backend),
            };
            attempt.after(after).takes(takes).row(move |attempt| {
                attempt.body_done = attempt.body_done.filter(|_| whole);
            })
        },
    )
}

fn calls() -> impl Strategy<Value = Call> {
    let outcomes = prop_oneof![
        5 => Just(None),
        1 => Just(Some(Outcome::ClientTimeout)),
        1 => Just(Some(Outcome::Skipped)),
        1 => Just(Some(Outcome::RstNoStatus)),
        1 => Just(Some(Outcome::Unfinished)),
    ];
    let class = prop_oneof![Just("reads"), Just("writes")];
    (class, 0.0..20_000.0f64, 0.0..50.0f64, prop::collection::vec(tries(), 0..5), outcomes).prop_map(
        |(class, due, lag, tries, outcome)| {
            // Faults are in force in the first phase only.
            let due = if tries.is_empty() { due } else { due.min(5_000.0) };
            let call = tries.into_iter().fold(Call::due(class, due).lag(lag), Call::attempt);
            match outcome {
                Some(outcome) => call.ends(outcome, 30.0),
                None => call,
            }
        },
    )
}

fn report_of(brief: &Brief, ledger: &Ledger) -> reports::Report {
    let classes = [None, Some(0), Some(1)];
    let demands =
        ExpectationSettings::KINDS.iter().flat_map(|kind| classes.map(|class| demand_of(kind, class)));
    judge(brief, &demands.collect::<Vec<_>>(), ledger, Report::default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_ledger_is_judged_without_panic_and_twice_the_same(calls in prop::collection::vec(calls(), 0..60)) {
        let run = calls.into_iter().fold(outage(), Run::call);
        let (brief, ledger) = run.build();
        let report = report_of(&brief, &ledger);
        prop_assert_eq!(report.findings.len(), 3 * ExpectationSettings::KINDS.len());
        prop_assert!(report.findings.iter().all(|finding| finding.witnesses.len() <= 5));
        let (brief, ledger) = run.build();
        prop_assert_eq!(report_of(&brief, &ledger), report);
    }

    #[test]
    fn rows_that_contradict_the_plan_are_judged_without_panic(
        calls in prop::collection::vec(calls(), 1..30),
        strays in prop::collection::vec(any::<(u16, u64, i64, u16)>(), 1..30),
    ) {
        let (brief, _) = outage().build();
        let run = calls.into_iter().fold(outage(), Run::call);
        let (_, ledger) = run.build();
        let mut evidence = Evidence { ended: ledger.rest().ended, ..Evidence::default() };
        for (entry, (index, bits, time, number)) in ledger.entries().zip(strays) {
            let mut exchange = entry.exchange.clone();
            (exchange.class, exchange.backend, exchange.attempt) = (index, index, number);
            exchange.done = units::Moment(time);
            evidence.exchanges.push(exchange);
            for attempt in entry.attempts {
                let mut attempt = attempt.clone();
                (attempt.backend, attempt.injections, attempt.number) = (index, bits, number);
                (attempt.delay, attempt.delay_error, attempt.ended) = (bits, time, units::Moment(time));
                evidence.attempts.push(attempt);
            }
            evidence.firings.push(evidence::Firing { injection: index, backend: number, from: units::Moment(time), to: units::Moment::EPOCH });
            evidence.hiccups.push(evidence::Hiccup { at: units::Moment(time), length: bits });
        }
        report_of(&brief, &Ledger::join(evidence));
    }
}
