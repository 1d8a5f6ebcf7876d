//! The folder `faults` of the library against real gateways: each kind of fault is met, and the ledger shows the reaction.

use std::collections::BTreeMap;

use evidence::{Attempt, Entry};
use scenarios::Entry as Scenario;

use crate::live::{few_at_a_time, is_required, ledger, run, said, say};

/// What a gateway makes of a scenario that it does not pass.
enum Known {
    /// It has no means for this key of the policy.
    Refuses(&'static str),
    /// It is caught: what the report says of it.
    Caught(&'static str),
    /// It gives the fault no occasion: what the report says of that.
    Spares(&'static str),
}

use Known::{Caught, Refuses, Spares};

/// What the gateways are known for; all else passes.
const KNOWN: &[(&str, &str, Known)] = &[
    ("haproxy", "faults/stall", Refuses("policy.timeout.total")),
    ("nginx", "faults/stall", Refuses("policy.timeout.total")),
    // On a client's connection that was used before, HAProxy closes without a word, for the client to send again.
    ("haproxy", "faults/close", Caught("no status (eof_no_status)")),
    ("haproxy", "faults/cut-upload", Caught("no status (eof_no_status)")),
    // A certificate for another name is refused, and the request is answered with 503: of all handshakes that fail, HAProxy 2.6
    // tries again after the others only.
    ("haproxy", "faults/wrong_name_certificate", Caught("% of requests succeeded in `wrong-name`")),
    // nginx takes for HTTP/0.9 what does not begin with a status line, and passes it on.
    ("nginx", "faults/garbage", Caught("no status (invalid_http)")),
    // nginx below 1.29 takes an interim answer for the final one, of which all that follows is the body: it comes through by
    // accident, and the client's next request is not read before a timer has ended this one.
    ("nginx", "faults/interim", Caught("requests succeeded in `hints`, 97 % are demanded")),
    // nginx and Envoy have health checks of their own, but in no configuration that is made here.
    ("nginx", "faults/health-check-lies", Refuses("policy.breaker.way_back")),
    ("envoy", "faults/health-check-lies", Refuses("policy.breaker.way_back")),
    // With retries, the made configuration has no keep-alive to the backends: no connection is ever idle.
    ("nginx", "faults/idle_close", Spares("never took effect")),
];

/// The gateways that the faults are shared out among.
const GATEWAYS: [&str; 3] = ["haproxy", "nginx", "envoy"];

#[test]
fn haproxy_meets_its_part_of_the_faults() {
    meets_its_faults("haproxy");
}

#[test]
fn nginx_meets_its_part_of_the_faults() {
    meets_its_faults("nginx");
}

#[test]
fn envoy_meets_its_part_of_the_faults() {
    meets_its_faults("envoy");
}

#[test]
fn every_fault_is_passed_by_a_real_gateway_at_least() {
    for scenario in faults() {
        let known = KNOWN.iter().filter(|(_, name, _)| *name == scenario.name).count();
        assert!(known < 3, "no gateway passes `{}`", scenario.name);
    }
    for (gateway, name, _) in KNOWN {
        assert!(faults().any(|scenario| scenario.name == *name), "{gateway}: there is no `{name}`");
    }
}

fn faults() -> impl Iterator<Item = &'static Scenario> {
    scenarios::LIBRARY.iter().filter(|scenario| scenario.name.starts_with("faults/"))
}

/// The faults that a gateway meets here: what it is known for, and its part of the others, so that each fault meets one
/// gateway; with `BROWNOUT_EVERY_FAULT=1` all of them, which takes three times as long.
fn faults_of(gateway: &str) -> Vec<&'static Scenario> {
    let every = std::env::var_os("BROWNOUT_EVERY_FAULT").is_some();
    let is_known =
        |who: &str, what: &str| KNOWN.iter().any(|(known, name, _)| (*known, *name) == (who, what));
    let meets = |(index, scenario): &(usize, &'static Scenario)| {
        let able: Vec<_> = GATEWAYS.into_iter().filter(|who| !is_known(who, scenario.name)).collect();
        let turn = able.get(index % able.len().max(1)) == Some(&gateway);
        every || is_known(gateway, scenario.name) || turn
    };
    faults().enumerate().filter(meets).map(|(_, scenario)| scenario).collect()
}

fn meets_its_faults(gateway: &str) {
    if !is_required(&format!("{gateway} against every fault")) {
        return;
    }
    let faults = faults_of(gateway);
    let ends = few_at_a_time(&faults, |scenario| meets(gateway, scenario));
    let wrong: Vec<&str> = ends.iter().filter_map(|end| end.as_ref().err().map(String::as_str)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Doubt is honest on a loaded machine, but a folder that proves nothing there is no test.
    let proven = ends.iter().filter(|end| **end == Ok(End::AsKnown)).count();
    assert!(proven * 2 > ends.len(), "only {proven} of {} faults proved anything on {gateway}", ends.len());
}

/// How a run ended, if not wrongly.
#[derive(PartialEq)]
enum End {
    /// It passed, or as the gateway is known for.
    AsKnown,
    /// The evidence proved nothing.
    InDoubt,
}

/// Runs one scenario; the error says what is wrong with its end.
fn meets(gateway: &str, scenario: &Scenario) -> Result<End, String> {
    let out = tempfile::tempdir().unwrap();
    let output = run(scenario.name, gateway, out.path());
    let said = said(&output);
    let known = KNOWN.iter().find(|(who, what, _)| (*who, *what) == (gateway, scenario.name));
    let known = known.map(|(_, _, known)| known);
    let end = match (output.status.code(), known) {
        (Some(3), Some(Refuses(key))) if said.contains(&format!("`{key}`")) => return Ok(End::AsKnown),
        (Some(2), Some(Spares(words))) if said.contains(words) => return Ok(End::AsKnown),
        (Some(0), None) => End::AsKnown,
        (Some(1), Some(Caught(words))) if said.contains(words) => End::AsKnown,
        // A machine under load may be too late to prove what it saw; that is said, and is no failure of the gateway.
        (Some(2), _) => {
            say(&format!("inconclusive: {gateway}, {}: {said}", scenario.name));
            End::InDoubt
        }
        (code, _) => return Err(format!("{gateway}, {}: exit {code:?}: {said}", scenario.name)),
    };
    let (hits, reaction) = reaction(out.path());
    say(&format!("{:28} {gateway:8} {reaction}", scenario.name));
    if hits == 0 && end == End::AsKnown {
        return Err(format!("{gateway}, {}: nothing on record was hit by the fault", scenario.name));
    }
    Ok(end)
}

/// How often the faults of a run hit, and what the clients saw of them, with the ends of the attempts behind it.
fn reaction(out: &std::path::Path) -> (usize, String) {
    let (brief, ledger) = ledger(out);
    let rest = ledger.rest();
    let mut hits = rest.firings.len();
    hits += rest.connections.iter().filter(|connection| connection.effective != 0).count();
    hits += rest.probes.iter().filter(|probe| probe.effective != 0).count();
    let phase = brief.phases.iter().find(|phase| phase.name != "steady").unwrap();
    let mut seen = BTreeMap::<String, usize>::new();
    for entry in ledger.due_in(phase.during) {
        hits += entry.attempts.iter().filter(|attempt| attempt.effective != 0).count();
        *seen.entry(story(&entry)).or_default() += 1;
    }
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    let words: Vec<String> = seen.iter().take(5).map(|(story, times)| format!("{times} × {story}")).collect();
    (hits, words.join(", "))
}

/// What a client saw, and the attempts that led to it: `200 (reset, replied)`.
fn story(entry: &Entry<'_>) -> String {
    let exchange = entry.exchange;
    let attempts: Vec<&str> = entry.attempts.iter().map(|attempt: &Attempt| attempt.end.word()).collect();
    format!("{} {} ({})", exchange.status, exchange.outcome, attempts.join(", "))
}
