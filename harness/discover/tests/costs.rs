//! What a battery costs stands in its how-to, question by question; and it is short of five minutes.

mod common;

use std::path::Path;
use std::time::Duration;

use common::site;
use discover::{Options, Site, discover};
use scenario::Overrides;
use units::Timespan;

/// What is in the how-to before the table and behind it.
const MARKS: (&str, &str) = ("<!-- costs -->\n", "<!-- end of costs -->");

/// A gateway of which nothing is asked, so that no question ends early because of what is known, and timers of a second or less.
const POLICY: &str = "[policy]\ntimeout = { per_try = \"500ms\", total = \"1s\" }\n[gateway.reference]\n[backend.a]\n[backend.b]\n[backend.c]\n";

#[test]
fn what_a_battery_costs_stands_in_its_how_to() {
    let overrides = Overrides { seed: Some(1), ..Overrides::default() };
    let site = Site { longest: Timespan::from_secs(10), ..site(POLICY.to_owned(), overrides, "/items/{n}") };
    let (_, bill) = discover(site, &Options::default(), &mut |_, _| ()).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/how-to/discover.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(MARKS.0).expect("a place for the table");
    let (table, after) = rest.split_once(MARKS.1).expect("its end");
    let made = bill.markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{}{made}{}{after}", MARKS.0, MARKS.1)).unwrap();
    } else {
        assert_eq!(table, made, "UPDATE_DOCS=1 writes the table anew");
    }
    assert!(*bill.all.time < Duration::from_mins(5), "{} in all", bill.all.time);
    assert_eq!(bill.all, bill.sum(), "in simulated time one experiment follows the other");
}

#[test]
#[ignore = "takes minutes of real time: GATEWAY=haproxy says of which one, that has to be in the PATH"]
#[expect(clippy::print_stdout, reason = "the numbers are what a long run is for")]
#[expect(clippy::disallowed_methods, reason = "how long it takes of real time is what is asked")]
fn a_real_gateway_is_asked_in_less_than_five_minutes() {
    let gateway = std::env::var("GATEWAY").expect("the name of a gateway");
    let head = format!("[gateway.{gateway}]\n[backend.a]\n[backend.b]\n[backend.c]\n");
    let out = tempfile::tempdir().unwrap();
    let site = Site {
        longest: Timespan::from_secs(10),
        simulate: false,
        out: out.path().to_owned(),
        ..site(head, Overrides::default(), "/items/{n}")
    };
    let began = std::time::SystemTime::now();
    let (profile, bill) = discover(site, &Options::default(), &mut |_, _| ()).unwrap();
    let took = began.elapsed().unwrap();
    let unknown = profile.fact.values().filter(|fact| fact.value.is_none()).count();
    println!(
        "{bill}{} in plan, {took:?} in all; {} facts, {unknown} unknown",
        bill.all.time,
        profile.fact.len()
    );
    assert!(took < Duration::from_mins(5), "{took:?}");
}
