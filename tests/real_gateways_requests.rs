//! What real gateways put into requests and take out of them, on every attempt; and that no secret of it is in any file of the run.
//!
//! It takes real time, so it runs where gateways are required (`BROWNOUT_REQUIRE_GATEWAYS=1`, as in `tests/all.sh`), and is skipped
//! visibly elsewhere.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::thread;

use reports::{Report, Verdict};

/// Stands in no file of any kind but by mistake.
const SECRETS: [(&str, &str); 2] =
    [("BROWNOUT_TEST_KEY_A", "k3y-of-a-7d41c0"), ("BROWNOUT_TEST_KEY_B", "k3y-of-b-19fe22")];

/// The scenario of the library in which the gateway can put in what it is declared to.
fn scenario(changes: &[(&str, &str)]) -> String {
    let mut text = include_str!("../scenarios/azure/request-rules.toml").to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

const NO_QUERY: [(&str, &str); 2] =
    [("query  = { code = \"of-a\" }\n", ""), ("query  = { code = \"of-b\" }\n", "")];
const ONE_SECRET: [(&str, &str); 2] = [
    ("Bearer of-orders-a", "Bearer {{env.BROWNOUT_TEST_KEY_A}}"),
    ("Bearer of-orders-b", "Bearer {{env.BROWNOUT_TEST_KEY_A}}"),
];
const TWO_SECRETS: [(&str, &str); 2] = [
    ("Bearer of-orders-a", "Bearer {{env.BROWNOUT_TEST_KEY_A}}"),
    ("Bearer of-orders-b", "Bearer {{env.BROWNOUT_TEST_KEY_B}}"),
];
const ONE_WORD: [(&str, &str); 2] =
    [("Bearer of-orders-a", "Bearer of-orders"), ("Bearer of-orders-b", "Bearer of-orders")];
/// Traefik adds to no header.
const NO_APPEND: [(&str, &str); 1] = [("append = { x-trail = \"edge\" }\n", "")];
/// Caddy tries again after resets, and goes where it is whose turn.
const RESETS: [(&str, &str); 2] = [
    ("status = { code = 503 }", "reset  = {}"),
    (
        "on       = [\"503\", \"connect-failure\", \"reset\", \"timeout\"]",
        "on       = [\"connect-failure\", \"reset\", \"timeout\"]\nother_backend = false",
    ),
];
/// Traefik tries again after statuses, and goes where it is whose turn.
const TURNS: [(&str, &str); 1] = [(
    "on       = [\"503\", \"connect-failure\", \"reset\", \"timeout\"]",
    "on       = [\"503\", \"connect-failure\"]\nother_backend = false",
)];

/// A gateway, and what it takes for it to express the rules.
type Able = (&'static str, &'static [&'static [(&'static str, &'static str)]]);

const ABLE: [Able; 5] = [
    ("envoy", &[&NO_QUERY, &ONE_SECRET]),
    ("haproxy", &[&NO_QUERY, &ONE_SECRET]),
    ("nginx", &[&NO_QUERY, &ONE_WORD]),
    ("caddy", &[&NO_QUERY, &TWO_SECRETS, &RESETS]),
    ("traefik", &[&NO_QUERY, &ONE_SECRET, &NO_APPEND, &TURNS]),
];

#[test]
fn what_is_put_into_requests_holds_on_every_attempt_and_no_secret_is_written() {
    // Side by side: each waits far more than it works.
    thread::scope(|scope| {
        for (gateway, changes) in ABLE {
            scope.spawn(move || keeps_the_rules(gateway, changes));
        }
    });
}

fn keeps_the_rules(gateway: &str, changes: &[&[(&str, &str)]]) {
    if std::env::var_os("BROWNOUT_REQUIRE_GATEWAYS").is_none() {
        let note = format!("skipped: {gateway}; set BROWNOUT_REQUIRE_GATEWAYS=1 to run it\n");
        std::io::stderr().write_all(note.as_bytes()).unwrap();
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (file, out) = (dir.path().join("requests.toml"), dir.path().join("runs"));
    fs::write(&file, scenario(&changes.concat())).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_brownout"))
        .arg("run")
        .arg(&file)
        .args(["--quiet", "--gateway", gateway, "--out"])
        .arg(&out)
        .envs(SECRETS)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let run =
        fs::read_dir(&out).unwrap_or_else(|_| panic!("{said}")).next().unwrap_or_else(|| panic!("{said}"));
    let run = run.unwrap().path();
    let report = fs::read(run.join("report.json")).unwrap_or_else(|error| panic!("{error}: {said}"));
    let report: Report = serde_json::from_slice(&report).unwrap();
    let finding = report.findings.iter().find(|finding| finding.expectation == "policy").unwrap();
    let open: Vec<_> = finding.policy.iter().filter(|row| row.verdict != Verdict::Pass).collect();
    assert!(open.is_empty() && !finding.policy.is_empty(), "{gateway}: {open:#?}");
    for (name, value) in SECRETS {
        assert!(!said.contains(value), "{name} is printed");
        holds_no(value, &run);
    }
}

/// That a text stands in none of the files in a folder.
fn holds_no(text: &str, folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            holds_no(text, &entry);
        } else if entry.is_file() {
            let bytes = fs::read(&entry).unwrap();
            let found = bytes.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!found, "{} holds a secret", entry.display());
        }
    }
}
