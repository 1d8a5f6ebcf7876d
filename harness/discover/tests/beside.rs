//! Experiments that go on at a time, each on a gateway of its own, tell of the same as those that follow each other, and are over sooner.

mod common;

use common::site;
use discover::{Bill, Options, Profile, Site, discover};
use scenario::Overrides;
use units::Timespan;

const HEAD: &str = "[policy]\ntimeout = { per_try = \"300ms\" }\n[gateway.reference]\n[backend.a]\n[backend.b]\n[backend.c]\n";

/// What is asked by experiments that rest on nothing else.
const ASKED: [&str; 4] = ["pool", "timers", "cancel", "connections"];

fn asked(at_a_time: usize, simulate: bool) -> (Profile, Bill) {
    let out = tempfile::tempdir().unwrap();
    let overrides = Overrides { seed: Some(1), ..Overrides::default() };
    let site = Site {
        longest: Timespan::from_secs(1),
        at_a_time: Some(at_a_time),
        simulate,
        out: out.path().to_owned(),
        ..site(HEAD.to_owned(), overrides, "/items/{n}")
    };
    discover(site, &Options { only: ASKED.map(String::from).to_vec() }, &mut |_, _| ()).unwrap()
}

#[test]
fn what_goes_on_at_a_time_tells_the_same_sooner() {
    let (beside, bill) = asked(3, false);
    let (after, sum) = asked(1, true);
    // Values are another matter: they depend on how busy the machine is.
    let keys = |profile: &Profile| profile.fact.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&beside), keys(&after));
    assert_eq!(bill.sum().experiments, sum.sum().experiments);
    assert_eq!(bill.sum().time, sum.all.time);
    assert!(*bill.all.time * 2 < *bill.sum().time, "{} of {}", bill.all.time, bill.sum().time);
}
