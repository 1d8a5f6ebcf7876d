//! Every defect of the reference gateway is caught by the expectation that it names, and by no other that it does not
//! name; and the correct gateway passes the whole library. `brownout selftest` has the same over hundreds of seeds.

use std::collections::BTreeSet;
use std::sync::Mutex;

use brownout_tests::{complaints, library, simulate};
use gateways::reference::Defect;
use reports::Verdict;

/// They take turns.
const SEEDS: [u64; 2] = [1, 20_260_101];

#[test]
fn every_defect_is_caught_by_the_expectation_that_it_names_and_by_no_other() {
    let wrong = all_at_work(&Defect::all().collect::<Vec<_>>(), |defect, seed| miscaught(*defect, seed));
    assert!(wrong.is_empty(), "{} are not caught as they say:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// What is wrong with how a defect is caught, if anything is.
fn miscaught(defect: Defect, seed: u64) -> Option<String> {
    let out = tempfile::tempdir().unwrap();
    let (scenario, expectation) = defect.caught();
    let set = format!("gateway.reference.defects=[\"{}\"]", defect.name());
    let report = simulate(library(scenario), &[&set], seed, out.path());
    let failed = || report.findings.iter().filter(|finding| finding.verdict == Verdict::Fail);
    let kinds: BTreeSet<&str> = failed().map(|finding| finding.expectation.as_str()).collect();
    let unnamed = kinds.iter().find(|kind| !defect.may_fail(kind));
    let what = if !kinds.contains(expectation) {
        format!("is not caught by `{expectation}`")
    } else if let Some(kind) = unnamed {
        format!("is also caught by `{kind}`, which it does not name")
    } else if let Some(finding) = failed().find(|finding| finding.witnesses.is_empty()) {
        format!("is caught by `{}` without a witness", finding.id)
    } else {
        return None;
    };
    Some(format!("`{}` {what} in `{scenario}`, seed {seed}\n{}", defect.name(), complaints(&report)))
}

#[test]
fn the_correct_reference_gateway_passes_the_whole_library() {
    let wrong = all_at_work(scenarios::LIBRARY, |entry, seed| {
        let out = tempfile::tempdir().unwrap();
        let report = simulate(entry.text, &[], seed, out.path());
        let passed = report.verdict == Verdict::Pass;
        (!passed).then(|| format!("`{}`, seed {seed}:\n{}", entry.name, complaints(&report)))
    });
    assert!(wrong.is_empty(), "{} runs did not pass:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Does `work` for all items, each with a seed, on every core; gives all that it has to say.
fn all_at_work<T: Sync>(items: &[T], work: impl Fn(&T, u64) -> Option<String> + Sync) -> Vec<String> {
    let waiting = Mutex::new(items.iter().zip(SEEDS.into_iter().cycle()));
    let said = Mutex::new(Vec::new());
    let worker = || {
        loop {
            let next = waiting.lock().unwrap().next();
            let Some((item, seed)) = next else { return };
            let more = work(item, seed);
            said.lock().unwrap().extend(more);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(worker);
        }
    });
    said.into_inner().unwrap()
}
