//! The scenario library against the real gateways: what they can express passes, what they can't is said by its key. Its
//! folders are looked at more closely in `real_gateways_faults`.
//!
//! It takes minutes of real time, so it runs where gateways are required (`BROWNOUT_REQUIRE_GATEWAYS=1`, as in
//! `tests/all.sh`), and is skipped visibly elsewhere.

use std::io::Write;
use std::process::{Command, Output};
use std::sync::Mutex;

/// Scenarios that run at a time: more would only make each other's clocks late. They wait far more than they work.
const AT_A_TIME: usize = 5;

/// What of the library a gateway can't express, with the first key that it refuses.
const REFUSED: &[(&str, &str, &str)] = &[
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
    ("caddy", "back-to-normal", "policy.retry.other_backend"),
    ("caddy", "backoff-grows", "policy.retry.other_backend"),
    ("caddy", "backoff-with-jitter", "policy.retry.other_backend"),
    ("caddy", "breaker-by-share", "policy.breaker.trip"),
    ("caddy", "breaker-classes", "policy.breaker.trip"),
    ("caddy", "breaker-forgets", "policy.breaker.trip"),
    ("caddy", "breaker-probes", "policy.breaker.trip"),
    ("caddy", "breaker-stays-closed", "policy.breaker.trip"),
    ("caddy", "breaker-to-the-request", "policy.breaker.trip"),
    ("caddy", "breaker-trips-and-recovers", "policy.breaker.trip"),
    ("caddy", "brownout-share", "policy.retry.other_backend"),
    ("caddy", "certificate-expired", "policy.retry.other_backend"),
    ("caddy", "clients-that-leave", "policy.retry.on"),
    ("caddy", "connect-refused", "policy.retry.other_backend"),
    ("caddy", "ejection", "policy.breaker.trip"),
    ("caddy", "failover", "policy.retry.on"),
    ("caddy", "first-look", "policy.retry.other_backend"),
    ("caddy", "max-fails", "policy.retry.on"),
    ("caddy", "ramp", "policy.breaker.trip"),
    ("caddy", "reset-mid-body", "policy.retry.other_backend"),
    ("caddy", "retry-503", "policy.retry.other_backend"),
    ("caddy", "retry-conditions", "policy.retry.other_backend"),
    ("caddy", "retry-keeps-body", "policy.retry.other_backend"),
    ("caddy", "retry-never-posts", "policy.retry.other_backend"),
    ("caddy", "shed", "policy.breaker.trip"),
    ("caddy", "slow-tail", "policy.retry.other_backend"),
    ("caddy", "timers", "policy.timeout.total"),
    ("traefik", "back-to-normal", "policy.retry.other_backend"),
    ("traefik", "backoff-grows", "policy.retry.other_backend"),
    ("traefik", "backoff-with-jitter", "policy.retry.other_backend"),
    ("traefik", "breaker-by-share", "policy.breaker.trip"),
    ("traefik", "breaker-classes", "policy.breaker.fails"),
    ("traefik", "breaker-forgets", "policy.breaker.trip"),
    ("traefik", "breaker-probes", "policy.breaker.probes"),
    ("traefik", "breaker-to-the-request", "policy.breaker.probes"),
    ("traefik", "breaker-trips-and-recovers", "policy.breaker.probes"),
    ("traefik", "brownout-share", "policy.retry.other_backend"),
    ("traefik", "certificate-expired", "policy.retry.other_backend"),
    ("traefik", "clients-that-leave", "policy.retry.other_backend"),
    ("traefik", "connect-refused", "policy.retry.other_backend"),
    ("traefik", "failover", "policy.retry.other_backend"),
    ("traefik", "first-look", "policy.retry.other_backend"),
    ("traefik", "max-fails", "policy.retry.other_backend"),
    ("traefik", "ramp", "policy.breaker.way_back"),
    ("traefik", "reset-mid-body", "policy.retry.other_backend"),
    ("traefik", "retry-503", "policy.retry.other_backend"),
    ("traefik", "retry-conditions", "policy.retry.other_backend"),
    ("traefik", "retry-keeps-body", "policy.retry.other_backend"),
    ("traefik", "retry-never-posts", "policy.retry.other_backend"),
    ("traefik", "slow-tail", "policy.retry.other_backend"),
    ("traefik", "timers", "policy.timeout.total"),
    ("apache", "back-to-normal", "policy.retry.other_backend"),
    ("apache", "backoff-grows", "policy.retry.other_backend"),
    ("apache", "backoff-with-jitter", "policy.retry.other_backend"),
    ("apache", "breaker-by-share", "policy.breaker.fails"),
    ("apache", "breaker-classes", "policy.breaker.trip"),
    ("apache", "breaker-forgets", "policy.breaker.fails"),
    ("apache", "breaker-probes", "policy.breaker.fails"),
    ("apache", "breaker-stays-closed", "policy.breaker.fails"),
    ("apache", "breaker-to-the-request", "policy.breaker.fails"),
    ("apache", "breaker-trips-and-recovers", "policy.breaker.fails"),
    ("apache", "brownout-share", "policy.retry.other_backend"),
    ("apache", "certificate-expired", "policy.retry.other_backend"),
    ("apache", "certificate-rotation", "backend.tls"),
    ("apache", "clients-that-leave", "policy.retry.on"),
    ("apache", "connect-refused", "policy.retry.other_backend"),
    ("apache", "ejection", "policy.breaker.fails"),
    ("apache", "failover", "policy.retry.on"),
    ("apache", "first-look", "policy.retry.other_backend"),
    ("apache", "max-fails", "policy.retry.on"),
    ("apache", "ramp", "policy.breaker.fails"),
    ("apache", "reset-mid-body", "policy.retry.other_backend"),
    ("apache", "retry-503", "policy.retry.other_backend"),
    ("apache", "retry-conditions", "policy.retry.other_backend"),
    ("apache", "retry-keeps-body", "policy.retry.other_backend"),
    ("apache", "retry-never-posts", "policy.retry.other_backend"),
    ("apache", "shed", "policy.breaker.fails"),
    ("apache", "slow-upstream-timeout", "policy.timeout.per_try"),
    ("apache", "slow-tail", "policy.retry.other_backend"),
    ("apache", "timers", "policy.timeout.total"),
    ("varnish", "back-to-normal", "policy.retry.other_backend"),
    ("varnish", "backoff-grows", "policy.retry.other_backend"),
    ("varnish", "backoff-with-jitter", "policy.retry.other_backend"),
    ("varnish", "breaker-by-share", "policy.breaker"),
    ("varnish", "breaker-classes", "policy.breaker"),
    ("varnish", "breaker-forgets", "policy.breaker"),
    ("varnish", "breaker-probes", "policy.breaker"),
    ("varnish", "breaker-stays-closed", "policy.breaker"),
    ("varnish", "breaker-to-the-request", "policy.breaker"),
    ("varnish", "breaker-trips-and-recovers", "policy.breaker"),
    ("varnish", "brownout-share", "policy.retry.other_backend"),
    ("varnish", "certificate-expired", "policy.retry.other_backend"),
    ("varnish", "certificate-rotation", "backend.tls"),
    ("varnish", "clients-that-leave", "policy.retry.other_backend"),
    ("varnish", "connect-refused", "policy.retry.other_backend"),
    ("varnish", "ejection", "policy.breaker"),
    ("varnish", "failover", "policy.retry.other_backend"),
    ("varnish", "first-look", "policy.retry.other_backend"),
    ("varnish", "max-fails", "policy.retry.other_backend"),
    ("varnish", "ramp", "policy.breaker"),
    ("varnish", "reset-mid-body", "policy.retry.other_backend"),
    ("varnish", "retry-503", "policy.retry.other_backend"),
    ("varnish", "retry-conditions", "policy.retry.other_backend"),
    ("varnish", "retry-keeps-body", "policy.retry.other_backend"),
    ("varnish", "retry-never-posts", "policy.retry.other_backend"),
    ("varnish", "shed", "policy.breaker"),
    ("varnish", "slow-tail", "policy.retry.other_backend"),
    ("varnish", "timers", "policy.timeout.total"),
];

/// What a gateway does otherwise than a scenario demands, by its documentation: its name, the scenario, and words of the report.
const FACTS: &[(&str, &str, &str)] =
    &[("varnish", "slow-upstream-timeout", "requests that timed out ended with 503 instead of 504")];

#[test]
fn haproxy_runs_the_library() {
    library_against(&["haproxy"]);
}

#[test]
fn nginx_runs_the_library() {
    library_against(&["nginx"]);
}

#[test]
fn envoy_runs_the_library() {
    library_against(&["envoy"]);
}

/// Those that refuse most of it, together.
#[test]
fn caddy_traefik_apache_and_varnish_run_what_they_can_express_of_the_library() {
    library_against(&["caddy", "traefik", "apache", "varnish"]);
}

fn library_against(gateways: &[&str]) {
    if std::env::var_os("BROWNOUT_REQUIRE_GATEWAYS").is_none() {
        let gateways = gateways.join(", ");
        let note =
            format!("skipped: {gateways} against the library; set BROWNOUT_REQUIRE_GATEWAYS=1 to run them\n");
        std::io::stderr().write_all(note.as_bytes()).unwrap();
        return;
    }
    let library = scenarios::LIBRARY.iter().filter(|entry| !entry.name.contains('/'));
    let waiting =
        Mutex::new(library.flat_map(|entry| gateways.iter().map(move |gateway| (*gateway, entry.name))));
    let ends = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some((gateway, scenario)) = waiting.lock().unwrap().next() else { return };
                    let end = run(gateway, scenario);
                    ends.lock().unwrap().push((gateway, end));
                }
            });
        }
    });
    let ends = ends.into_inner().unwrap();
    let wrong: Vec<&str> =
        ends.iter().filter_map(|(_, end)| end.as_ref().err().map(String::as_str)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for gateway in gateways {
        let here = ends.iter().filter(|(who, _)| who == gateway);
        let (mut all, mut proven) = (0, 0);
        for (_, end) in here {
            all += 1;
            proven += usize::from(*end == Ok(End::AsExpected));
        }
        // Doubt is honest on a loaded machine, but a library that proves nothing there is no test.
        assert!(proven * 2 > all, "only {proven} of {all} scenarios proved anything on {gateway}");
    }
}

/// How a scenario ended, if not wrongly.
#[derive(Debug, PartialEq)]
enum End {
    /// It passed, was refused by the key that the gateway can't express, or brought up a fact that is known.
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
    let fact = FACTS.iter().find(|(who, what, _)| (*who, *what) == (gateway, scenario));
    if let (Some(1), Some((_, _, words))) = (output.status.code(), fact)
        && said(&output).split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
    {
        return Ok(End::AsExpected);
    }
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
