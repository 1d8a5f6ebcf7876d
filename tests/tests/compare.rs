//! Comparisons of simulated runs: two runs of one build differ in nothing, and each defect is named by what it
//! changes.

use brownout_tests::{library, simulate};
use compare::{Baseline, compare, compare_with_baseline};
use reports::{Answer, Change, Comparison, Course, Report, Word};
use rstest::rstest;

fn run(scenario: &str, defect: Option<&str>, seed: u64) -> Report {
    let out = tempfile::tempdir().unwrap();
    let set = defect.map(|defect| format!("gateway.reference.defects=[\"{defect}\"]"));
    simulate(library(scenario), &set.as_deref().into_iter().collect::<Vec<_>>(), seed, out.path())
}

/// The rows that changed, as text for assertions.
fn changed(comparison: &Comparison) -> String {
    let rows = comparison.changes.iter().filter(|change| change.word == Word::Changed);
    let lines = rows
        .map(|row| format!("{:?} {}: {} → {} ({})", row.course, row.id, row.before, row.after, row.because));
    lines.collect::<Vec<_>>().join("\n")
}

fn find<'a>(comparison: &'a Comparison, id: &str) -> Option<&'a Change> {
    comparison.changes.iter().find(|change| change.id == id)
}

#[rstest]
#[case("first-look")]
#[case("breaker-trips-and-recovers")]
#[case("slow-upstream-timeout")]
#[case("retry-503")]
#[case("backoff-with-jitter")]
#[case("reset-mid-body")]
#[case("failover")]
fn ten_pairs_of_runs_of_one_build_differ_in_nothing(#[case] scenario: &str) {
    for pair in 0..10 {
        let comparison =
            compare(&run(scenario, None, 100 + 2 * pair), &run(scenario, None, 101 + 2 * pair)).unwrap();
        assert_eq!(changed(&comparison), "", "{scenario}, pair {pair}");
        assert_eq!(
            comparison.answer,
            Answer::Same,
            "{scenario}, pair {pair}: something that matters is open"
        );
        assert!(
            comparison.changes.iter().any(|change| change.word == Word::Same),
            "{scenario}: nothing was told"
        );
    }
}

#[rstest]
#[case("ignores-timeout", "slow-upstream-timeout", "timer/given-up")]
#[case("doubles-timeout", "slow-upstream-timeout", "timer/patience")]
#[case("retries-post", "retry-never-posts", "writes/attempts/mean")]
#[case("one-retry-too-many", "retry-503", "attempts/above-3")]
#[case("no-retry", "retry-503", "attempts/mean")]
#[case("same-host-retry", "retry-503", "attempts/same-backend")]
#[case("no-backoff", "backoff-with-jitter", "timer/gap")]
#[case("breaker-never-trips", "breaker-trips-and-recovers", "breaker/openings")]
#[case("breaker-never-recovers", "breaker-trips-and-recovers", "breaker/open")]
#[case("breaker-trips-late", "breaker-trips-and-recovers", "breaker/failures")]
#[case("global-breaker", "breaker-trips-and-recovers", "succeeded")]
#[case("truncated-as-complete", "reset-mid-body", "ending/")]
fn a_defect_is_named_by_what_it_changes(#[case] defect: &str, #[case] scenario: &str, #[case] part: &str) {
    for seed in [1, 7] {
        let comparison =
            compare(&run(scenario, None, seed + 40), &run(scenario, Some(defect), seed)).unwrap();
        assert_eq!(comparison.answer, Answer::Worse, "{defect}, seed {seed}:\n{}", changed(&comparison));
        let named =
            comparison.changes.iter().any(|change| change.word == Word::Changed && change.id.contains(part));
        assert!(named, "{defect}, seed {seed}: `{part}` is not among\n{}", changed(&comparison));
    }
}

#[test]
fn writes_that_are_retried_are_worse_and_their_end_is_better() {
    let (good, bad) = (run("retry-never-posts", None, 3), run("retry-never-posts", Some("retries-post"), 4));
    let course = |comparison: &Comparison| {
        let row = comparison.changes.iter().find(|change| change.id.ends_with("writes/no_replay"));
        row.and_then(|row| row.course)
    };
    let worse = compare(&good, &bad).unwrap();
    assert_eq!(course(&worse), Some(Course::Worse));
    let changed_for_worse = worse
        .changes
        .iter()
        .filter(|change| change.course == Some(Course::Worse))
        .map(|change| change.id.as_str());
    assert!(
        changed_for_worse.into_iter().any(|id| id.ends_with("writes/attempts/mean")),
        "{}",
        changed(&worse)
    );
    assert_eq!(course(&compare(&bad, &good).unwrap()), Some(Course::Better));
}

#[test]
fn a_run_compared_with_itself_is_the_same_in_every_row() {
    let report = run("first-look", None, 7);
    let comparison = compare(&report, &report).unwrap();
    assert!(comparison.changes.iter().all(|change| change.word != Word::Changed));
    assert_eq!(comparison, compare(&report, &report).unwrap(), "and the same again");
}

#[test]
fn different_scenarios_are_refused_by_name() {
    let error = compare(&run("first-look", None, 7), &run("retry-503", None, 7)).unwrap_err();
    assert!(error.to_string().starts_with("the runs are of different scenarios: `first look"), "{error}");
}

#[test]
fn a_baseline_survives_its_file_and_holds_for_other_runs_of_the_same_build() {
    let baseline = Baseline::of(&run("first-look", None, 7));
    let text = baseline.to_string();
    assert_eq!(toml::from_str::<Baseline>(&text).unwrap(), baseline);
    assert!(text.len() < 16_384, "{} bytes are more than anyone reviews", text.len());
    for seed in 20..30 {
        let comparison = compare_with_baseline(&baseline, &run("first-look", None, seed)).unwrap();
        assert_eq!(changed(&comparison), "", "seed {seed}");
    }
}

#[test]
fn a_baseline_names_what_got_worse_and_what_is_missing() {
    let good = run("retry-never-posts", None, 7);
    let mut baseline = Baseline::of(&good);
    let worse = compare_with_baseline(&baseline, &run("retry-never-posts", Some("retries-post"), 8)).unwrap();
    assert_eq!(worse.answer, Answer::Worse, "{}", changed(&worse));
    let (_, kept) = baseline.figures.iter().next().map(|(id, kept)| (id.clone(), kept.clone())).unwrap();
    baseline.figures.insert("nowhere/reads/succeeded".into(), kept);
    let open = compare_with_baseline(&baseline, &good).unwrap();
    assert_eq!(open.answer, Answer::CantTell);
    assert_eq!(
        find(&open, "nowhere/reads/succeeded").map(|row| row.because.as_str()),
        Some("the run has no such figure")
    );
}
