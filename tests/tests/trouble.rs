//! Clients in trouble, through the correct reference gateway: their doing is set aside, and is never the gateway's.

use brownout_tests::{complaints, simulate};
use reports::{Report, Verdict};

/// A run of two classes, of which `writes` has these lines and a body; everything but what takes time is expected of both.
fn run(lines: &str) -> Report {
    run_expecting(lines, "")
}

/// The same, with further expectations.
fn run_expecting(lines: &str, expectations: &str) -> Report {
    let scenario = format!(
        r#"
name = "clients in trouble"
[gateway.reference]
[policy]
timeout = {{ per_try = "1s", total = "5s" }}
[backend.a]
[backend.b]
[traffic.reads]
request = "GET /orders/{{n}}"
rate = "100/s"
[traffic.writes]
request = "POST /orders"
rate = "100/s"
deadline = "3s"
{lines}
[[phase]]
name = "steady"
for = "5s"
[[phase]]
name = "slow"
for = "5s"
[[phase.inject]]
on = ["a", "b"]
latency = {{ fixed = "100ms", share = 0.3 }}
[[phase]]
name = "recovery"
for = "5s"
[[expect]]
availability = {{ min = 1.0 }}
[[expect]]
integrity = {{}}
{expectations}
"#
    );
    let out = tempfile::tempdir().unwrap();
    simulate(&scenario, &[], 11, out.path())
}

fn passes(lines: &str) -> Report {
    let report = run(lines);
    assert_eq!(report.verdict, Verdict::Pass, "{lines}: {}", complaints(&report));
    report
}

const BODY: &str = "body = { size = \"20KiB\" }";

#[test]
fn requests_that_their_client_gave_up_are_set_aside_and_told() {
    for abort in [
        "abort = { after = \"40ms\", share = 0.15 }",
        "abort = { after = \"40ms\", share = 0.15, by = \"rst\" }",
        "abort = { after_bytes = \"10B\", share = 0.15 }",
        // In the middle of the upload.
        "abort = { after = \"40ms\", share = 0.15 }\nupload = { rate = \"100KiB/s\" }",
    ] {
        let report = passes(&format!("{BODY}\n{abort}"));
        let told = format!("{:?}", report.findings);
        assert!(told.contains("the client left first"), "{abort}: {told}");
    }
}

#[test]
fn slow_and_stalled_uploads_arrive_whole() {
    passes(&format!("{BODY}\nupload = {{ rate = \"40KiB/s\", share = 0.5 }}"));
    passes(&format!("{BODY}\nstall = {{ at = \"10KiB\", for = \"800ms\", share = 0.5 }}"));
}

#[test]
fn clients_that_read_late_ask_first_or_half_close_get_their_answers() {
    passes(&format!("{BODY}\nread = {{ after = \"500ms\", share = 0.5 }}"));
    passes(&format!("{BODY}\nexpect_continue = {{ wait = \"200ms\", share = 0.5 }}"));
    passes(
        "body = { size = \"20KiB\", framing = \"chunked\" }\ntrailers = { x-sum = \"1\" }\nhost = \"orders-{n}.test\"",
    );
}

#[test]
fn how_long_clients_hold_a_request_up_themselves_is_not_held_against_the_gateway() {
    let latency = "[[expect]]\nin = \"steady\"\ntraffic = \"writes\"\nlatency = { p99 = \"100ms\" }";
    for slow in [
        "stall = { at = \"10KiB\", for = \"800ms\", share = 0.05 }",
        "upload = { rate = \"40KiB/s\", share = 0.05 }",
        "read = { after = \"500ms\", share = 0.05 }",
    ] {
        let report = run_expecting(&format!("{BODY}\n{slow}"), latency);
        assert_eq!(report.verdict, Verdict::Pass, "{slow}: {}", complaints(&report));
        let told = format!("{:?}", report.findings);
        assert!(told.contains("the client itself held it up"), "{slow}: {told}");
    }
    let faster_than_any = latency.replace("100ms", "100us");
    let report =
        run_expecting(&format!("{BODY}\nread = {{ after = \"500ms\", share = 0.05 }}"), &faster_than_any);
    assert_eq!(report.verdict, Verdict::Fail, "what the other requests take counts: {}", complaints(&report));
}

#[test]
fn a_client_that_never_reads_is_set_aside() {
    let report = passes(&format!("{BODY}\nread = {{ share = 0.15 }}"));
    assert!(format!("{:?}", report.findings).contains("the client left first"));
}
