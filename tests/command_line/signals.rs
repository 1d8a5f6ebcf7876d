//! Ctrl-C once ends a run in order and judges what there is, twice ends it at once; nothing is left behind.

use rustix::process::Signal;

use crate::common::{Place, long, until};
use crate::gateways::has;

#[test]
fn the_first_ctrl_c_ends_in_order_and_judges_what_there_is() {
    let place = Place::with(&long());
    let run = place.start(&["run", "s.toml"]);
    run.signal(Signal::INT);
    let said = run.end().ended(2);
    assert!(said.out.contains("interrupted"), "{}", said.out);
    assert!(said.err.contains("ending in order"), "{}", said.err);
    assert!(place.run_dir().join("report.json").is_file());
    place.nothing_is_left();
}

#[test]
fn sigterm_is_heard_as_well() {
    let place = Place::with(&long());
    let run = place.start(&["run", "s.toml"]);
    run.signal(Signal::TERM);
    assert!(run.end().ended(2).out.contains("interrupted"));
}

#[test]
fn no_further_scenario_is_begun_after_ctrl_c() {
    let place = Place::with(&long());
    let run = place.start(&["run", "s.toml", "s.toml"]);
    run.signal(Signal::INT);
    run.end().ended(2);
    assert_eq!(place.run_dirs().len(), 1);
}

#[test]
fn the_second_ctrl_c_ends_at_once_and_takes_the_gateway_along() {
    // Requests that hang keep an orderly end waiting, so that there is time for a second signal.
    let hanging = long().replace("status = { code = 503, share = 0.5 }", "hang = {}");
    let gateway = if has("haproxy") { "haproxy" } else { "reference" };
    let place = Place::with(&hanging);
    let run = place.start(&["run", "s.toml", "--gateway", gateway]);
    let id = run.id();
    if gateway == "haproxy" {
        until("the gateway runs", || !place.processes(Some(id)).is_empty());
    }
    run.signal(Signal::INT);
    run.signal(Signal::INT);
    let said = run.end();
    assert!(matches!(said.code, Some(2)), "{said:?}");
    place.nothing_is_left();
}

#[test]
fn a_real_gateway_is_stopped_by_ctrl_c_and_after_a_kill() {
    if !has("haproxy") {
        return;
    }
    for signal in [Signal::INT, Signal::KILL] {
        let place = Place::with(&long());
        let run = place.start(&["run", "s.toml", "--gateway", "haproxy"]);
        let id = run.id();
        until("the gateway runs", || !place.processes(Some(id)).is_empty());
        run.signal(signal);
        run.end();
        place.nothing_is_left();
    }
}
