//! Headers on record: that two runs of a seed record the same, and that no secret of a real run is in its directory.

use std::fs;
use std::path::{Path, PathBuf};

use archive::read_run;
use brownout_tests::{complaints, library, run_in, simulate};
use evidence::{Message, Redaction, TARGET};
use reports::Verdict;

/// The only run in `out`.
fn run_directory(out: &Path) -> PathBuf {
    fs::read_dir(out).unwrap().next().unwrap().unwrap().path()
}

#[test]
fn what_two_simulated_runs_of_a_seed_record_of_headers_is_the_same() {
    let run = || {
        let out = tempfile::tempdir().unwrap();
        simulate(library("normal/credentials"), &[], 5, out.path());
        fs::read(run_directory(out.path()).join("headers.arrows")).unwrap()
    };
    assert!(run() == run(), "the hashes of two runs of a seed differ");
}

/// Stands in a header that is listed, in one that is not, and in the path. It is long and is set wherever tests run.
const SECRET: &str = "CARGO_MANIFEST_DIR";

fn with_a_secret() -> String {
    format!(
        r#"
name = "secrets stay where they are"
[gateway.reference]
defects = ["echoes-credentials"]
[record]
headers = ["via", "x-plan"]
[backend.a]
[traffic.reads]
request = "GET /{{{{env.{SECRET}}}}}/{{n}}"
rate = "50/s"
headers = {{ authorization = "Bearer {{{{env.{SECRET}}}}}", x-plan = "gold {{{{env.{SECRET}}}}}" }}
[[phase]]
name = "steady"
for = "1s"
[[phase]]
name = "outage"
for = "1s"
[[phase.inject]]
reset = {{}}
[[expect]]
in = "steady"
credentials = {{ to = ["a"] }}
[[expect]]
in = "outage"
credentials = {{ error_bodies = true }}
"#
    )
}

#[test]
fn a_secret_is_compared_and_found_in_errors_and_stands_in_no_file_of_a_real_run() {
    let secret = std::env::var(SECRET).unwrap();
    let out = tempfile::tempdir().unwrap();
    let report = run_in(&with_a_secret(), &[], 3, out.path(), false);
    let verdicts: Vec<Verdict> = report.findings.iter().map(|finding| finding.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Fail], "{}", complaints(&report));
    let dir = run_directory(out.path());
    let headers = read_run(&dir).unwrap().evidence.headers;
    let sent = |index| headers.iter().find(|row| row.message == Message::ClientSent && row.header == index);
    for index in [TARGET, 1, 2] {
        assert!(sent(index).is_some_and(|row| row.is_there() && row.text.is_none()), "header {index}");
    }
    assert!(headers.iter().any(|row| row.text.as_deref() == Some("1.1 brownout")), "`via` is no secret");
    assert!(headers.iter().flat_map(|row| &row.text).all(|text| !text.contains(&secret)));
    for entry in fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        let text = String::from_utf8_lossy(&fs::read(&entry).unwrap()).into_owned();
        assert!(!text.contains(&format!("Bearer {secret}")), "{} holds a secret", entry.display());
    }
}

/// The policy puts it into requests: into a header of all of them, and as the credential of a backend.
fn with_a_secret_put_in() -> String {
    format!(
        r#"
name = "secrets that a gateway puts in stay where they are"
[gateway.reference]
defects = ["echoes-credentials"]
[policy.request_headers]
set = {{ x-key = "{{{{env.{SECRET}}}}}", x-plan = "gold" }}
[policy.credentials.a]
header = {{ authorization = "Bearer {{{{env.{SECRET}}}}}" }}
query  = {{ code = "{{{{env.{SECRET}}}}}" }}
[backend.a]
[traffic.reads]
request = "GET /{{n}}"
rate = "50/s"
[[phase]]
name = "steady"
for = "1s"
[[phase]]
name = "slow"
for = "2s"
[[phase.inject]]
latency = {{ fixed = "20ms" }}
[[expect]]
policy = {{ about = ["request_headers", "credentials"] }}
"#
    )
}

#[test]
fn a_secret_that_the_policy_puts_in_arrives_and_stands_in_no_file_of_a_real_run() {
    let secret = std::env::var(SECRET).unwrap();
    let out = tempfile::tempdir().unwrap();
    let report = run_in(&with_a_secret_put_in(), &[], 3, out.path(), false);
    assert_eq!(report.verdict, Verdict::Pass, "{}", complaints(&report));
    let dir = run_directory(out.path());
    let headers = read_run(&dir).unwrap().evidence.headers;
    let arrived: Vec<_> =
        headers.iter().filter(|row| row.message == Message::BackendReceived && row.is_there()).collect();
    assert!(arrived.len() > 300, "{}", arrived.len());
    assert!(arrived.iter().flat_map(|row| &row.text).all(|text| !text.contains(&secret)));
    for entry in fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        let text = String::from_utf8_lossy(&fs::read(&entry).unwrap()).into_owned();
        for written in [format!("Bearer {secret}"), format!("code={secret}"), format!("x-key\": \"{secret}")]
        {
            assert!(!text.contains(&written), "{} holds a secret", entry.display());
        }
    }
}

#[test]
fn a_secret_that_a_simulated_run_would_send_is_a_word_in_its_place() {
    let out = tempfile::tempdir().unwrap();
    let report = simulate(&with_a_secret(), &[], 3, out.path());
    assert_eq!(report.findings[0].verdict, Verdict::Pass, "{}", complaints(&report));
    let run = read_run(&run_directory(out.path())).unwrap();
    let headers = run.evidence.headers.iter();
    let mut sent = headers.filter(|row| row.message == Message::ClientSent && row.header == 2);
    // Whoever knows the nonce could try real values out.
    let word = Redaction::repeatable(run.manifest.nonce).hash(format!("Bearer value-of-{SECRET}").as_bytes());
    assert!(sent.all(|row| row.hash == word));
}
