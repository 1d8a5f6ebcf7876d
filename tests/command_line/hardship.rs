//! What the machine does to brownout is never blamed on the gateway: too few descriptors, a process that is stopped for a
//! while, a disk that is full.
#![expect(clippy::disallowed_methods, reason = "real processes are stopped for real time")]

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::common::{Place, SMALL, Said, send, until};

/// Hangs, so that all that is due in a deadline is under way at once.
const HANGING: &str = r#"
name = "hanging"
[gateway.reference]
[policy]
timeout = { total = "400ms" }
[backend.a]
[backend.b]
[traffic.reads]
request = "GET /items/{n}"
rate = "300/s"
deadline = "1s"
[[phase]]
name = "steady"
for = "500ms"
[[phase]]
name = "outage"
for = "1s"
[[phase.inject]]
on = ["a", "b"]
hang = {}
[[phase]]
name = "after"
for = "1s"
[[expect]]
in = "outage"
timeout = { total = "400ms" }
[[expect]]
in = "after"
availability = { min = 0.99 }
"#;

/// The command of `place` under limits of the shell.
fn limited(place: &Place, limits: &str, arguments: &[&str]) -> Said {
    let own = place.command(arguments);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{limits}; exec \"$0\" \"$@\"")).arg(own.get_program()).args(own.get_args());
    shell.current_dir(place.path()).env_remove("RUST_LOG").env_remove("GITHUB_ACTIONS");
    Said::of(&shell.output().unwrap())
}

#[test]
fn too_few_descriptors_are_told_before_the_run_and_never_blamed_on_the_gateway() {
    for limit in [18, 20, 24, 34, 48, 64, 512] {
        let place = Place::with(HANGING);
        let said = limited(&place, &format!("ulimit -n {limit}"), &["run", "s.toml"]).ended(4);
        assert!(said.err.contains(&format!("may open {limit} files and sockets")), "{}", said.err);
        assert!(said.err.contains("help: raise the limit with `ulimit -n 1266`"), "{}", said.err);
        assert!(place.run_dirs().is_empty(), "a run was begun");
    }
}

#[test]
fn a_low_soft_limit_is_raised_as_far_as_the_hard_one_allows() {
    let place = Place::with(HANGING);
    let said = limited(&place, "ulimit -S -n 64", &["run", "s.toml"]);
    assert!(!said.out.contains("FAIL") && said.code != Some(4), "{}\n{}", said.out, said.err);
    assert!(!said.out.contains("descriptor"), "{}", said.out);
}

#[test]
fn a_simulated_run_needs_no_descriptor_for_its_sockets() {
    let place = Place::with(HANGING);
    limited(&place, "ulimit -n 64", &["run", "s.toml", "--simulate"]).ended(0);
    // Not even its event loop and its tables can be had.
    limited(&Place::with(HANGING), "ulimit -n 12", &["run", "s.toml", "--simulate"]).ended(4);
}

/// The correct gateway retries, trips and recovers in it; what a stop of brownout does to that must not be held against it.
const TIMED: &str = r#"
name = "timed"
[gateway.reference]
[policy]
timeout = { per_try = "150ms", total = "1s" }
retry = { attempts = 2, on = ["503", "timeout"], methods = ["GET"] }
breaker = { trip = { consecutive = 20 }, open_for = "500ms", probes = 1 }
[backend.a]
[backend.b]
[traffic.reads]
request = "GET /items/{n}"
rate = "200/s"
deadline = "2s"
[[phase]]
name = "steady"
for = "2s"
[[phase]]
name = "outage"
for = "3s"
[[phase.inject]]
on = ["a"]
status = { code = 503, share = 0.5 }
[[phase]]
name = "after"
for = "2s"
[[expect]]
in = "steady"
attempts = { max = 1 }
[[expect]]
in = "steady"
availability = { min = 1.0 }
[[expect]]
in = "steady"
latency = { max = "100ms" }
[[expect]]
in = "outage"
attempts = { max = 2 }
[[expect]]
in = "outage"
availability = { min = 0.99 }
[[expect]]
in = "after"
attempts = { max = 1 }
[[expect]]
in = "after"
recovery = { within = "500ms" }
[[expect]]
integrity = {}
"#;

/// Stops the whole process `at` after its first evidence, for `length`; gives what was set aside of all findings.
fn stopped(at: Duration, length: Duration) -> u64 {
    let place = Place::with(TIMED);
    let child = place.command(&["run", "s.toml", "--quiet"]).spawn().unwrap();
    let id = child.id();
    until("something is recorded", || {
        let table = place.run_dirs().first().and_then(|dir| fs::metadata(dir.join("exchanges.arrows")).ok());
        table.is_some_and(|file| file.len() > 5_000)
    });
    sleep(at);
    send(id, Signal::STOP);
    sleep(length);
    send(id, Signal::CONT);
    let said = Said::of(&child.wait_with_output().unwrap());
    assert!(matches!(said.code, Some(0 | 2)), "stopped for {length:?}, {at:?} after it began: {said:?}");
    assert!(said.out.contains("the machine stalled"), "{}", said.out);
    let text = fs::read_to_string(place.run_dir().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let aside = findings.flat_map(|finding| finding["set_aside"].as_array().unwrap());
    aside.map(|aside| aside["count"].as_u64().unwrap()).sum()
}

#[test]
fn timing_of_a_process_that_is_stopped_over_the_start_of_an_outage_fails_no_correct_gateway() {
    // The first evidence is on disk a quarter of a second after the epoch or somewhat later: the outage begins 1.7 s after
    // that.
    for at in [1000, 1400, 1600] {
        std::thread::scope(|scope| {
            for length in [200, 2000] {
                scope.spawn(move || {
                    let aside = stopped(Duration::from_millis(at), Duration::from_millis(length));
                    assert!(aside > 10, "of a stop of {length} ms only {aside} observations were set aside");
                });
            }
        });
    }
}

#[test]
fn a_disk_that_is_full_ends_the_run_at_once_and_what_is_there_can_be_judged() {
    let place = Place::with(&SMALL.replace("\"1500ms\"", "\"30s\"").replace("200/s", "2000/s"));
    // Files may have 64 KiB (in blocks of 512 bytes), and writing beyond is an error instead of a signal.
    let begun = std::time::Instant::now();
    let said = limited(&place, "trap '' XFSZ; ulimit -f 128", &["run", "s.toml"]).ended(4);
    assert!(begun.elapsed() < Duration::from_secs(20), "the load went on unrecorded");
    assert!(said.err.contains("the run was ended"), "{}", said.err);
    assert!(said.err.contains("brownout analyze"), "{}", said.err);
    let dir = place.run_dir();
    let said = place.say(&["analyze", dir.to_str().unwrap()]).ended(2);
    assert!(said.out.contains("the run was cut"), "{}", said.out);
}
