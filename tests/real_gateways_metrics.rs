//! What real gateways count of themselves during an outage, what they log of it, and a dashboard that is made to lie.
//!
//! It takes minutes of real time, so it runs where gateways are required (`BROWNOUT_REQUIRE_GATEWAYS=1`, as in `tests/all.sh`), and
//! is skipped visibly elsewhere.
#![expect(
    clippy::disallowed_methods,
    reason = "real processes are tested, which know nothing of a simulated world"
)]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use reports::{Finding, Report, Verdict};

/// Runs a scenario of the library against a gateway; nothing where gateways are not required.
fn run(scenario: &str, gateway: &str, set: &[String], out: &Path) -> Option<Report> {
    if std::env::var_os("BROWNOUT_REQUIRE_GATEWAYS").is_none() {
        let note = format!("skipped: metrics of {gateway}; set BROWNOUT_REQUIRE_GATEWAYS=1 to run it\n");
        std::io::stderr().write_all(note.as_bytes()).unwrap();
        return None;
    }
    let mut brownout = Command::new(env!("CARGO_BIN_EXE_brownout"));
    brownout.args(["run", scenario, "--quiet", "--gateway", gateway, "--out"]).arg(out);
    let output = brownout.args(set.iter().flat_map(|set| ["--set", set])).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let dir = run_in(out).unwrap_or_else(|| panic!("{said}"));
    let report = fs::read(dir.join("report.json")).unwrap_or_else(|error| panic!("{error}: {said}"));
    let report: Report = serde_json::from_slice(&report).unwrap();
    for finding in agreeing(&report) {
        let note = format!("{gateway}: {}: {}; {}\n", finding.verdict, finding.observed, finding.because);
        std::io::stderr().write_all(note.as_bytes()).unwrap();
    }
    Some(report)
}

/// The directory of the one run in `out`.
fn run_in(out: &Path) -> Option<PathBuf> {
    Some(fs::read_dir(out).ok()?.next()?.ok()?.path())
}

/// What is said of its counters over the whole run, and in the outage.
fn agreeing(report: &Report) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|finding| finding.expectation == "agrees")
}

/// A gateway, what it counts, and what it takes for it to express the policy.
const COUNTING: [(&str, &[&str], &[&str]); 4] = [
    ("envoy", &["requests", "retries", "errors"], &[]),
    ("haproxy", &["requests", "retries", "errors"], &[]),
    ("traefik", &["requests", "errors"], &["policy.retry.other_backend=false"]),
    (
        "caddy",
        &["requests", "errors"],
        &[
            "policy.retry.other_backend=false",
            "policy.retry.on=[\"connect-failure\", \"reset\", \"timeout\"]",
        ],
    ),
];

#[test]
fn what_each_gateway_counts_is_what_happened() {
    // Side by side: each waits far more than it works.
    thread::scope(|scope| {
        for (gateway, counted, set) in COUNTING {
            scope.spawn(move || counts_what_happened(gateway, counted, set));
        }
        for gateway in ["envoy", "haproxy", "traefik"] {
            scope.spawn(move || tells_which_backends_are_out(gateway));
        }
    });
}

#[test]
fn what_each_gateway_logs_is_what_happened() {
    thread::scope(|scope| {
        for (gateway, attempts, set) in LOGGING {
            scope.spawn(move || logs_what_happened(gateway, attempts, set));
        }
    });
}

fn counts_what_happened(gateway: &str, counted: &[&str], set: &[&str]) {
    let out = tempfile::tempdir().unwrap();
    let set: Vec<String> = set.iter().map(ToString::to_string).collect();
    let Some(report) = run("failure/metrics", gateway, &set, out.path()) else { return };
    for finding in agreeing(&report) {
        assert_eq!(finding.verdict, Verdict::Pass, "{}: {}", finding.summary, finding.because);
    }
    let rows = report.metrics.unwrap().counters;
    let whats: Vec<&str> = rows.iter().map(|row| row.what.as_str()).collect();
    assert_eq!(whats, counted);
    for row in rows {
        assert!((row.counted - row.recorded as f64).abs() < 0.5, "{row:?}");
    }
}

fn tells_which_backends_are_out(gateway: &str) {
    let out = tempfile::tempdir().unwrap();
    let Some(report) = run("failure/backend-state", gateway, &[], out.path()) else { return };
    for finding in agreeing(&report) {
        assert_eq!(finding.verdict, Verdict::Pass, "{gateway}: {}: {}", finding.summary, finding.because);
    }
}

/// A gateway, whether its log tells of attempts, and what it takes for it to express the policy.
///
/// Traefik is not among them: on a machine as busy as this makes it, it answers some requests with a 200 that no backend gave, and logs
/// the 503 that it meant. That is a finding, and a matter of chance.
const LOGGING: [(&str, bool, &[&str]); 5] = [
    ("envoy", true, &[]),
    ("haproxy", true, &[]),
    ("nginx", true, &[]),
    (
        "caddy",
        false,
        &[
            "policy.retry.other_backend=false",
            "policy.retry.on=[\"connect-failure\", \"reset\", \"timeout\"]",
        ],
    ),
    ("apache", false, &["policy.retry.other_backend=false", "policy.retry.on=[\"connect-failure\"]"]),
];

fn logs_what_happened(gateway: &str, attempts: bool, set: &[&str]) {
    let out = tempfile::tempdir().unwrap();
    let set: Vec<String> = set.iter().map(ToString::to_string).collect();
    let Some(report) = run("failure/access-log", gateway, &set, out.path()) else { return };
    let finding = report.findings.iter().find(|finding| finding.expectation == "access_log").unwrap();
    assert_eq!(finding.verdict, Verdict::Pass, "{gateway}: {}: {}", finding.summary, finding.because);
    assert_eq!(finding.summary.contains("every attempt"), attempts, "{gateway}: {}", finding.summary);
}

/// What a page of metrics is made into.
type Alter = fn(&str) -> String;

/// Passes each page on as `alter` makes it, from where Envoy in `out` has it.
fn proxy(out: PathBuf, alter: Alter) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            // Whoever asked may have gone: it asks again.
            let _ = client.map(|client| pass_on(client, &out, alter));
        }
    });
    port
}

fn pass_on(mut client: TcpStream, out: &Path, alter: Alter) -> Option<()> {
    client.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    let _ = client.read(&mut [0; 4096]).ok()?;
    let admin = fs::read_to_string(run_in(out)?.join("gateway/admin.txt")).ok()?;
    let mut gateway = TcpStream::connect(admin.trim()).ok()?;
    gateway.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    gateway.write_all(b"GET /stats/prometheus HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    gateway.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let page = alter(&if head.contains("chunked") { unchunked(body)? } else { body.to_owned() });
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", page.len());
    client.write_all(format!("{head}{page}").as_bytes()).ok()
}

/// A body without its framing in chunks.
fn unchunked(mut body: &str) -> Option<String> {
    let mut whole = String::new();
    loop {
        let (size, rest) = body.split_once("\r\n")?;
        let size = usize::from_str_radix(size.trim(), 16).ok().filter(|size| *size > 0);
        let Some(size) = size else { return Some(whole) };
        whole.push_str(rest.get(..size)?);
        body = rest.get(size..)?.strip_prefix("\r\n")?;
    }
}

/// The page with each line of this metric at one figure.
fn all_at(page: &str, metric: &str, figure: u8) -> String {
    let line = |line: &str| match line.rsplit_once(' ') {
        Some((series, _)) if series.starts_with(metric) => format!("{series} {figure}\n"),
        _ => format!("{line}\n"),
    };
    page.lines().map(line).collect()
}

/// A page as it is, and as it is made to lie: in which scenario, and what becomes of that then.
const PAGES: [(&str, Alter, Verdict); 4] = [
    ("failure/metrics", str::to_owned, Verdict::Pass),
    ("failure/metrics", |page| all_at(page, "envoy_cluster_upstream_rq_retry{", 0), Verdict::Fail),
    (
        "failure/metrics",
        |page| all_at(page, "envoy_http_downstream_rq_xx{envoy_response_code_class=\"5\"", 0),
        Verdict::Fail,
    ),
    // Only which backends are in use is lied about: its counters are right.
    ("failure/backend-state", |page| all_at(page, "envoy_cluster_endpoint_healthy{", 1), Verdict::Fail),
];

#[test]
fn metrics_that_are_made_to_lie_are_found_with_both_numbers() {
    thread::scope(|scope| {
        for (scenario, alter, verdict) in PAGES {
            scope.spawn(move || is_told_of(scenario, alter, verdict));
        }
    });
}

fn is_told_of(scenario: &str, alter: Alter, verdict: Verdict) {
    let out = tempfile::tempdir().unwrap();
    let port = proxy(out.path().to_owned(), alter);
    let url = format!("gateway.envoy.metrics.url=\"http://127.0.0.1:{port}/stats/prometheus\"");
    let Some(report) = run(scenario, "envoy", &[url], out.path()) else { return };
    let is_lied_about =
        |finding: &&Finding| scenario == "failure/metrics" || finding.expected.starts_with("up");
    for finding in agreeing(&report).filter(is_lied_about) {
        assert_eq!(finding.verdict, verdict, "{}: {}", finding.summary, finding.because);
    }
}
