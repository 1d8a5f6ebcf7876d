//! Every defect of the reference gateway is caught by the expectation that it belongs to, and the correct gateway
//! passes everything, over many seeds.

use brownout_tests::{complaints, library, simulate};
use reports::Verdict;
use rstest::rstest;

const SEEDS: [u64; 3] = [1, 7, 20_260_101];

#[rstest]
#[case("ignores-timeout", "slow-upstream-timeout", "timeout")]
#[case("doubles-timeout", "slow-upstream-timeout", "timeout")]
#[case("retries-post", "retry-never-posts", "no_replay")]
#[case("one-retry-too-many", "retry-503", "attempts")]
#[case("no-retry", "retry-503", "attempts")]
#[case("same-host-retry", "retry-503", "attempts")]
#[case("no-backoff", "backoff-with-jitter", "backoff")]
#[case("breaker-never-trips", "breaker-trips-and-recovers", "breaker")]
#[case("breaker-never-recovers", "breaker-trips-and-recovers", "breaker")]
#[case("breaker-trips-late", "breaker-trips-and-recovers", "breaker")]
#[case("global-breaker", "breaker-trips-and-recovers", "breaker")]
#[case("truncated-as-complete", "reset-mid-body", "integrity")]
fn a_defect_is_caught_by_its_expectation(
    #[case] defect: &str,
    #[case] scenario: &str,
    #[case] expectation: &str,
) {
    let out = tempfile::tempdir().unwrap();
    for seed in SEEDS {
        let set = format!("gateway.reference.defects=[\"{defect}\"]");
        let report = simulate(library(scenario), &[&set], seed, out.path());
        assert_eq!(
            report.verdict,
            Verdict::Fail,
            "seed {seed}: {defect} was not caught\n{}",
            complaints(&report)
        );
        let caught = report
            .findings
            .iter()
            .find(|finding| finding.expectation == expectation && finding.verdict == Verdict::Fail);
        let caught =
            caught.unwrap_or_else(|| panic!("seed {seed}: not by `{expectation}`\n{}", complaints(&report)));
        assert!(!caught.witnesses.is_empty(), "seed {seed}: a failure without a witness: {}", caught.summary);
    }
}

#[test]
fn the_correct_reference_gateway_passes_the_whole_library() {
    let out = tempfile::tempdir().unwrap();
    for entry in scenarios::LIBRARY {
        for seed in SEEDS {
            let report = simulate(entry.text, &[], seed, out.path());
            assert_eq!(
                report.verdict,
                Verdict::Pass,
                "{} with seed {seed}:\n{}",
                entry.name,
                complaints(&report)
            );
        }
    }
}
