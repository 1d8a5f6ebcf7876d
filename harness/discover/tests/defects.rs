//! Every defect of the reference gateway changes its profile, and the difference says so; where none is seen, it is said why.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use common::site;
use discover::{Options, Profile, diff, discover};
use gateways::reference::Defect;
use scenario::Overrides;

/// The tables of a scenario that say what is asked about.
const KEPT: [&str; 5] = ["gateway", "policy", "backends", "backend", "limits"];

/// Defects that leave the profile as it is, and why: what is done to a gateway while it runs, and what it says of itself, is left to
/// scenarios; and who counts is not guessed.
const UNSEEN: &[(&str, &str)] = &[
    ("reload-drops-connections", "no question reloads the gateway"),
    ("reload-forgets-breakers", "no question reloads the gateway"),
    ("drain-never-ends", "no question takes a backend out of the configuration"),
    ("restart-refuses-for-a-while", "no question restarts the gateway"),
    ("hides-retries", "no question reads the gateway's metrics"),
    ("hides-ejections", "no question reads the gateway's metrics"),
    ("hides-errors", "no question reads the gateway's metrics"),
    ("freezes-metrics", "no question reads the gateway's metrics"),
    ("logs-one-attempt", "no question reads the gateway's access log"),
    ("loses-log-lines", "no question reads the gateway's access log"),
    (
        "second-instance",
        "what instances may have counted each for itself is a range, in which the count of one lies",
    ),
    ("forgets-rules-on-retry", "no question knows what a gateway is to put into requests"),
    ("appends-on-each-try", "no question knows what a gateway is to put into requests"),
    ("keeps-first-credential", "no question knows what a gateway is to put into requests"),
];

/// What the gateway of a scenario does, with some defects.
fn profile(scenario: &str, defects: &[&str], seed: u64) -> Profile {
    let entry = scenarios::LIBRARY.iter().find(|entry| entry.name == scenario);
    let mut table: toml::Table = entry.expect("a scenario of the library").text.parse().unwrap();
    table.retain(|key, _| KEPT.contains(&key));
    let overrides = Overrides {
        set: vec![format!("gateway.reference.defects={defects:?}")],
        seed: Some(seed),
        gateway: None,
    };
    let site = site(format!("{table}\n"), overrides, "/v1/items/{n}");
    discover(site, &Options::default(), &mut |_, _| ())
        .unwrap_or_else(|error| panic!("{scenario}: {error}"))
        .0
}

#[test]
#[ignore = "takes ten minutes: it asks a gateway for each defect; DEFECTS=one,other asks for some"]
fn every_defect_changes_the_profile_but_for_those_that_are_explained() {
    let only = std::env::var("DEFECTS").ok();
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|one| one == name));
    let defects: Vec<Defect> = Defect::all().filter(|defect| wanted(defect.name())).collect();
    let scenarios: BTreeSet<&str> = defects.iter().map(|defect| defect.caught().0).collect();
    let scenarios: Vec<&str> = scenarios.into_iter().collect();
    let correct: BTreeMap<&str, Profile> =
        all_at_work(&scenarios, |scenario| (*scenario, profile(scenario, &[], 1))).into_iter().collect();
    let changes: BTreeMap<&str, Vec<String>> = all_at_work(&defects, |defect| {
        let bent = profile(defect.caught().0, &[defect.name()], 1);
        let found = diff(&correct[defect.caught().0], &bent);
        let words: Vec<String> = found.changes.iter().map(ToString::to_string).collect();
        (defect.name(), words)
    })
    .into_iter()
    .collect();
    let unseen: BTreeSet<&str> =
        changes.iter().filter(|(_, words)| words.is_empty()).map(|(name, _)| *name).collect();
    let explained = UNSEEN.iter().map(|(name, _)| *name).filter(|name| wanted(name)).collect();
    assert_eq!(unseen, explained, "those on the left change nothing, those on the right are said to");
}

/// Does `work` for all items, on every core.
fn all_at_work<T: Sync, U: Send>(items: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let waiting = Mutex::new(items.iter());
    let done = Mutex::new(Vec::new());
    let worker = || {
        loop {
            let next = waiting.lock().unwrap().next();
            let Some(item) = next else { return };
            let more = work(item);
            done.lock().unwrap().push(more);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(worker);
        }
    });
    done.into_inner().unwrap()
}
