//! Made access logs, those that lie and the one that does not.

use evidence::{LogLine, Logged, Method};
use insta::assert_snapshot;
use reports::{Finding, Verdict};
use rstest::rstest;

use crate::testing::{Call, Judging, Run, Try};

/// A request every 10 ms for 4 s: of four, one takes two attempts, one fails at both, and two are answered at once.
fn run() -> Run {
    let run = Run::new().phase("outage", 4.0).backend("a").backend("b").class("reads", Method::Get);
    run.fault("outage", "status", &["a"]).calls(400, |n| {
        let call = Call::due("reads", 10.0 * n as f64);
        match n % 4 {
            0 => call.attempt(Try::hit("a", "status")).attempt(Try::hit("a", "status")),
            1 => call.attempt(Try::hit("a", "status")).attempt(Try::ok("b")),
            _ => call.attempt(Try::ok("b")),
        }
    })
}

fn findings(run: &Run, expectation: &str) -> Vec<Finding> {
    run.clone().whole_run().demand("outage", "", expectation).report().findings
}

fn told(run: &Run, expectation: &str) -> String {
    let words = |finding: Finding| {
        let verdict = finding.verdict;
        format!("{verdict:?}: {} [{}] {}", finding.summary, finding.observed, finding.because)
    };
    findings(run, expectation).into_iter().map(words).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_log_that_tells_what_happened_passes() {
    let run = run().logged(|line| vec![line]);
    assert_snapshot!(told(&run, "access_log = {}"), @"Pass: each answered request has its line in the access log; the access log has the status that each client got; the access log tells of every attempt [0 of 400 requests wrong] 400 requests would have shown it; 200 requests would have shown it");
}

#[rstest]
#[case::retries_hidden(|line: LogLine| vec![LogLine { attempts: Some(1), ..line }], "another number of attempts")]
#[case::attempts_made_up(|line: LogLine| vec![LogLine { attempts: Some(3), ..line }], "another number of attempts")]
#[case::errors_lost(|line: LogLine| if line.status == Some(503) { vec![] } else { vec![line] }, "have no line")]
#[case::written_twice(|line: LogLine| vec![line.clone(), line], "or several")]
#[case::every_error_is_a_502(|line: LogLine| vec![LogLine { status: line.status.map(|status| if status == 503 { 502 } else { status }), ..line }], "another status")]
#[case::one_line_of_400(|line: LogLine| if line.tag.0 == 7 { vec![] } else { vec![line] }, "have no line")]
fn a_log_that_lies_is_found(#[case] written: impl Fn(LogLine) -> Vec<LogLine>, #[case] words: &str) {
    let findings = findings(&run().logged(written), "access_log = {}");
    let failed: Vec<&Finding> = findings.iter().filter(|finding| finding.verdict == Verdict::Fail).collect();
    assert_eq!(failed.len(), 1, "{findings:?}");
    assert!(failed[0].summary.contains(words), "{}", failed[0].summary);
    assert!(!failed[0].witnesses.is_empty());
}

#[test]
fn attempts_that_no_backend_can_have_seen_are_counted_and_no_lie() {
    let run = run().fault("outage", "refuse", &["b"]);
    let more =
        run.logged(|line| vec![LogLine { attempts: line.attempts.map(|attempts| attempts + 1), ..line }]);
    assert_snapshot!(told(&more, "access_log = { only = [\"attempts\"] }"), @"Pass: the access log tells of every attempt [0 of 400 requests wrong; 400 attempts logged that no backend saw] 400 requests would have shown it");
}

#[test]
fn a_witness_has_what_the_gateway_logged_beside_it() {
    let reason = Some("UF,URX".into());
    let run = run().logged(|line| vec![LogLine { attempts: Some(1), reason: reason.clone(), ..line }]);
    let finding = run.finding("outage", "reads", "attempts = { max = 1 }");
    assert_eq!(finding.witnesses[0].logged.as_deref(), Some("200, 1 attempt, UF,URX"));
}

#[test]
fn what_can_not_be_told_is_inconclusive_and_says_what_to_change() {
    let told = |run: Run, expectation: &str| {
        let findings = findings(&run, expectation);
        assert!(findings.iter().all(|finding| finding.verdict == Verdict::Inconclusive), "{findings:?}");
        findings.iter().map(|finding| finding.summary.clone()).collect::<Vec<_>>().join("\n")
    };
    let all = "access_log = {}";
    let strange = |line: LogLine| vec![LogLine { kind: Logged::Other, status: None, attempts: None, ..line }];
    let untold = |line: LogLine| vec![LogLine { attempts: None, ..line }];
    assert_snapshot!([
        told(run(), all),
        told(run().logged(strange), all),
        told(run().logged(untold), "access_log = { only = [\"attempts\"] }"),
        told(run().logged(|_| vec![]).log_lacks("the file is gone"), all),
    ].join("\n"), @r"
no line of the access log has a tag of this run in it
400 lines of the access log are not as `pattern` says
the access log does not tell how many attempts were made
the file is gone
");
}

#[test]
fn lines_are_not_missed_where_the_log_may_not_be_whole() {
    let half = |line: LogLine| if line.tag.0.is_multiple_of(2) { vec![line] } else { vec![] };
    let told = told(&run().logged(half).log_lacks("the file is gone"), "access_log = {}");
    assert!(!told.contains("Fail"), "{told}");
}

#[test]
fn on_requests_of_one_attempt_a_log_that_hides_retries_would_not_show() {
    let run = Run::new().phase("outage", 4.0).backend("a").class("reads", Method::Get);
    let run = run.calls(400, |n| Call::due("reads", 10.0 * n as f64).attempt(Try::ok("a")));
    assert_snapshot!(told(&run.logged(|line| vec![line]), "access_log = {}"), @"Inconclusive: no case came up in which a gateway that breaks it would have shown it [0 of 400 requests wrong] no case came up in which a gateway that breaks it would have shown it");
}
