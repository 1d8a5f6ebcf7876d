//! Runs, their exit codes, and what they leave.
#![expect(clippy::disallowed_methods, reason = "a port is really taken")]

use std::fs;
use std::net::TcpListener;

use crate::common::{Place, SMALL, snapshot};

#[test]
fn a_gateway_that_does_what_it_should_passes_with_0() {
    let place = Place::with(SMALL);
    let said = place.say(&["run", "s.toml", "--simulate"]).ended(0);
    snapshot("a-run-that-passes", &said.transcript());
    for file in ["manifest.json", "ending.json", "report.json", "histograms.hlog", "exchanges.arrows"] {
        assert!(place.run_dir().join(file).is_file(), "{file}");
    }
}

#[test]
fn a_run_on_real_sockets_passes_too_and_tells_its_phases() {
    let place = Place::with(SMALL);
    let said = place.say(&["run", "s.toml"]).ended(0);
    assert!(said.err.starts_with("starting gateway reference …\n"), "{}", said.err);
    assert!(said.err.contains("outage  ("), "{}", said.err);
    assert_eq!(Place::with(SMALL).say(&["run", "s.toml", "--quiet", "--simulate"]).ended(0).err, "");
}

#[test]
fn a_defect_fails_with_1_and_a_witness() {
    let place = Place::with(SMALL);
    let set = "gateway.reference.defects=[\"one-retry-too-many\"]";
    let said = place.say(&["run", "s.toml", "--simulate", "--set", set]).ended(1);
    assert!(said.out.starts_with("FAIL"), "{}", said.out);
    assert!(said.out.contains("3 arrivals"), "{}", said.out);
}

#[test]
fn a_run_that_proves_nothing_ends_with_2() {
    let silent = SMALL.replace("name = \"outage\"", "name = \"outage\"\ntraffic.reads.rate = \"0/s\"");
    let said = Place::with(&silent).say(&["run", "s.toml", "--simulate"]).ended(2);
    assert!(said.out.starts_with("INCONCLUSIVE"), "{}", said.out);
}

#[test]
fn a_port_that_is_taken_ends_with_4_and_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let place = Place::with(&SMALL.replace("[backend.a]", &format!("[backend.a]\nlisten = \"{address}\"")));
    let said = place.say(&["run", "s.toml"]).ended(4);
    assert!(said.err.contains(&address.to_string()) && said.err.contains("in use"), "{}", said.err);
    let said = place.say(&["run", "s.toml", "--set", "backend.a.weight=1", "--status", &address.to_string()]);
    assert_eq!(said.code, Some(4), "{}", said.err);
}

#[test]
fn a_directory_that_can_not_be_made_ends_with_4() {
    let place = Place::with(SMALL);
    let said = place.say(&["run", "s.toml", "--simulate", "--out", "s.toml"]).ended(4);
    assert!(said.err.contains("s.toml"), "{}", said.err);
}

#[test]
fn of_several_scenarios_the_worst_decides_and_each_is_run() {
    let place = Place::with(SMALL);
    place.write("silent.toml", SMALL.replace("\"200/s\"", "\"1/s\""));
    let said = place.say(&["run", "s.toml", "missing.toml", "silent.toml", "--simulate"]).ended(3);
    assert!(said.err.contains("missing.toml"), "{}", said.err);
    assert_eq!(place.run_dirs().len(), 2);
}

#[test]
fn only_the_reference_gateway_can_be_simulated() {
    let said = Place::with(SMALL).say(&["run", "s.toml", "--simulate", "--gateway", "haproxy"]).ended(3);
    assert!(said.err.contains("only `reference`"), "{}", said.err);
}

#[test]
fn a_seed_decides_the_schedule_and_the_faults_and_is_written_down() {
    let arrivals = |seed: &str| {
        let place = Place::with(&SMALL.replace("rate =", "arrivals = \"poisson\"\nrate ="));
        place.say(&["run", "s.toml", "--simulate", "--seed", seed]).ended(0);
        let dir = place.run_dir();
        assert!(
            fs::read_to_string(dir.join("manifest.json")).unwrap().contains(&format!("\"seed\": {seed}"))
        );
        fs::read(dir.join("exchanges.arrows")).unwrap()
    };
    let (first, again, other) = (arrivals("11"), arrivals("11"), arrivals("12"));
    assert!(first == again, "a seed gave two schedules");
    assert!(first != other, "two seeds gave one schedule");
}

#[test]
fn an_override_is_what_is_run_and_what_is_recorded() {
    let place = Place::with(SMALL);
    place.say(&["run", "s.toml", "--simulate", "--set", "traffic.reads.rate=\"400/s\""]).ended(0);
    let manifest = fs::read_to_string(place.run_dir().join("manifest.json")).unwrap();
    assert!(manifest.contains("400/s") && !manifest.contains("200/s"), "{manifest}");
}
