//! The scenario library against the real gateways: what they can express passes, what they can't is said by its key. Its
//! folders are looked at more closely in `real_gateways_faults`.
//!
//! It takes minutes of real time, so it runs where gateways are required (`BROWNOUT_REQUIRE_GATEWAYS=1`, as in
//! `tests/all.sh`), and is skipped visibly elsewhere.

use std::io::Write;
use std::process::{Command, Output};
use std::sync::Mutex;

/// Scenarios that run at a time: more would only make each other's clocks late.
const AT_A_TIME: usize = 3;

/// What of the library a gateway can't express, with the first key that it refuses.
const REFUSED: [(&str, &str, &str); 38] = [
    ("haproxy", "backoff-with-jitter", "policy.retry.backoff"),
    ("haproxy", "breaker-trips-and-recovers", "policy.breaker.probes"),
    ("haproxy", "failover", "policy.breaker"),
    ("nginx", "backoff-with-jitter", "policy.retry.backoff"),
    ("nginx", "breaker-trips-and-recovers", "policy.breaker"),
    ("nginx", "failover", "policy.breaker.trip"),
    ("envoy", "breaker-trips-and-recovers", "policy.breaker.probes"),
    ("haproxy", "timers", "policy.timeout.total"),
    ("nginx", "timers", "policy.timeout.total"),
    ("haproxy", "backoff-grows", "policy.retry.backoff"),
    ("nginx", "backoff-grows", "policy.retry.backoff"),
    ("envoy", "backoff-grows", "policy.retry.backoff.jitter"),
    ("haproxy", "breaker-to-the-request", "policy.breaker.probes"),
    ("nginx", "breaker-to-the-request", "policy.breaker.trip"),
    ("envoy", "breaker-to-the-request", "policy.breaker.probes"),
    ("haproxy", "breaker-probes", "policy.breaker.probes"),
    ("nginx", "breaker-probes", "policy.breaker.trip"),
    ("envoy", "breaker-probes", "policy.breaker.probes"),
    ("haproxy", "breaker-classes", "policy.breaker.probes"),
    ("nginx", "breaker-classes", "policy.breaker.trip"),
    ("envoy", "breaker-classes", "policy.breaker.probes"),
    ("nginx", "breaker-stays-closed", "policy.breaker.trip"),
    ("haproxy", "breaker-by-share", "policy.breaker.trip"),
    ("nginx", "breaker-by-share", "policy.breaker.trip"),
    ("envoy", "breaker-by-share", "policy.breaker.tick"),
    ("haproxy", "breaker-forgets", "policy.breaker.trip"),
    ("nginx", "breaker-forgets", "policy.breaker.trip.within"),
    ("envoy", "breaker-forgets", "policy.breaker.trip"),
    ("haproxy", "clients-that-leave", "policy.breaker"),
    ("nginx", "clients-that-leave", "policy.breaker.trip"),
    ("envoy", "clients-that-leave", "policy.retry.on"),
    ("haproxy", "ramp", "policy.breaker.way_back"),
    ("nginx", "ramp", "policy.breaker.trip"),
    ("envoy", "ramp", "policy.breaker.way_back"),
    ("nginx", "shed", "policy.breaker.trip"),
    ("nginx", "ejection", "policy.breaker.trip"),
    ("envoy", "max-fails", "policy.breaker.trip"),
    ("haproxy", "max-fails", "policy.breaker.trip"),
];

#[test]
fn haproxy_runs_the_library() {
    library_against("haproxy");
}

#[test]
fn nginx_runs_the_library() {
    library_against("nginx");
}

#[test]
fn envoy_runs_the_library() {
    library_against("envoy");
}

fn library_against(gateway: &str) {
    if std::env::var_os("BROWNOUT_REQUIRE_GATEWAYS").is_none() {
        let note =
            format!("skipped: {gateway} against the library; set BROWNOUT_REQUIRE_GATEWAYS=1 to run it\n");
        std::io::stderr().write_all(note.as_bytes()).unwrap();
        return;
    }
    let library = scenarios::LIBRARY.iter().filter(|entry| !entry.name.contains('/'));
    let waiting = Mutex::new(library);
    let ends = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some(entry) = waiting.lock().unwrap().next() else { return };
                    let end = run(gateway, entry.name);
                    ends.lock().unwrap().push(end);
                }
            });
        }
    });
    let ends = ends.into_inner().unwrap();
    let wrong: Vec<&str> = ends.iter().filter_map(|end| end.as_ref().err().map(String::as_str)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Doubt is honest on a loaded machine, but a library that proves nothing there is no test.
    let proven = ends.iter().filter(|end| **end == Ok(End::AsExpected)).count();
    assert!(
        proven * 2 > ends.len(),
        "only {proven} of {} scenarios proved anything on {gateway}",
        ends.len()
    );
}

/// How a scenario ended, if not wrongly.
#[derive(Debug, PartialEq)]
enum End {
    /// It passed, or was refused by the key that the gateway can't express.
    AsExpected,
    /// The evidence proved nothing.
    InDoubt,
}

/// Runs one scenario; the error says what is wrong with its end.
fn run(gateway: &str, scenario: &str) -> Result<End, String> {
    let out = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_brownout"))
        .args(["run", scenario, "--quiet", "--gateway", gateway, "--out"])
        .arg(out.path())
        .output()
        .unwrap();
    let refused = REFUSED.iter().find(|(who, what, _)| (*who, *what) == (gateway, scenario));
    match (output.status.code(), refused) {
        (Some(3), Some((_, _, key))) if said(&output).contains(&format!("`{key}`")) => Ok(End::AsExpected),
        (Some(0), None) => Ok(End::AsExpected),
        // A machine under load may be too late to prove what it saw; that is said, and is no failure of the gateway.
        (Some(2), None) => {
            let note = format!("inconclusive: {gateway}, {scenario}\n{}\n", said(&output));
            std::io::stderr().write_all(note.as_bytes()).unwrap();
            Ok(End::InDoubt)
        }
        (code, _) => Err(format!("{gateway}, {scenario}: exit {code:?}\n{}", said(&output))),
    }
}

fn said(output: &Output) -> String {
    [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat()
}
