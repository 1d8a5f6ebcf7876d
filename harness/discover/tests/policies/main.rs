//! What is discovered of the reference gateway under policies that are made up is what they declare; what can't be told is unknown.

mod agree;
#[path = "../common/mod.rs"]
mod common;
mod compare;
mod draw;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use agree::Told;
use common::site;
use discover::{Options, Profile, discover};
use scenario::Overrides;

/// So large a part of all facts is known.
const KNOWN: f64 = 0.95;

fn profile(head: &str, seed: u64) -> Profile {
    let overrides = Overrides { seed: Some(seed), ..Overrides::default() };
    let site = site(head.to_owned(), overrides, "/items/{n}");
    discover(site, &Options::default(), &mut |_, _| ()).unwrap_or_else(|error| panic!("{error}\n{head}")).0
}

/// What makes a scenario of a policy.
const TRAFFIC: &str = r#"
name = "a policy"
[traffic.all]
request = "GET /"
rate = "1/s"
[[phase]]
name = "one"
for = "1s"
"#;

/// What was found of some policies.
#[derive(Default)]
struct Found {
    known: BTreeMap<String, u64>,
    unknown: BTreeMap<(String, String), Vec<u64>>,
    wrong: Vec<String>,
}

impl Found {
    fn ask(&mut self, seed: u64) {
        let head = draw::head(seed);
        let text = format!("{TRAFFIC}{head}");
        let loaded = scenario::load_text("policy.toml", &text, Path::new("."), &Overrides::default());
        let plan = loaded.unwrap_or_else(|failure| panic!("{}\n{text}", failure.render(false))).plan;
        let profile = profile(&head, seed);
        if let Ok(dir) = std::env::var("KEEP") {
            std::fs::write(format!("{dir}/{seed}.toml"), format!("{head}\n{}", profile.write())).unwrap();
        }
        for (key, fact) in &profile.fact {
            let Some(value) = &fact.value else {
                let why = (key.clone(), fact.unknown.clone().unwrap_or_default());
                self.unknown.entry(why).or_default().push(seed);
                continue;
            };
            *self.known.entry(key.clone()).or_default() += 1;
            if let Some(declared) = Told(&plan).contradicts(key, value) {
                self.wrong.push(format!("seed {seed}: {key} is {value}, declared is {declared}"));
            }
        }
    }

    fn hear(&mut self, other: Found) {
        for (key, count) in other.known {
            *self.known.entry(key).or_default() += count;
        }
        for (why, seeds) in other.unknown {
            self.unknown.entry(why).or_default().extend(seeds);
        }
        self.wrong.extend(other.wrong);
    }

    /// How many are known, how many are not, and why.
    fn words(&self) -> String {
        let (known, unknown) = self.counts();
        let mut reasons: Vec<_> = self.unknown.iter().collect();
        reasons.sort_by_key(|(_, seeds)| std::cmp::Reverse(seeds.len()));
        let reasons: Vec<String> = reasons
            .iter()
            .map(|((key, why), seeds)| {
                let shown = &seeds[..seeds.len().min(6)];
                format!(
                    "{} of {}: {key}: {why} {shown:?}",
                    seeds.len(),
                    seeds.len() as u64 + self.known.get(key).unwrap_or(&0)
                )
            })
            .collect();
        let wrong = self.wrong.len();
        format!(
            "{wrong} wrong, {known} known, {unknown} unknown ({:.2} % known)\n{}\n{}",
            100.0 * self.known_share(),
            self.wrong.join("\n"),
            reasons.join("\n")
        )
    }

    fn counts(&self) -> (u64, u64) {
        (self.known.values().sum(), self.unknown.values().map(|seeds| seeds.len() as u64).sum())
    }

    fn known_share(&self) -> f64 {
        let (known, unknown) = self.counts();
        known as f64 / (known + unknown) as f64
    }
}

/// Asks the gateway under each of these policies, on every core.
fn ask(seeds: impl Iterator<Item = u64> + Send) -> Found {
    let (waiting, found) = (Mutex::new(seeds), Mutex::new(Found::default()));
    let worker = || {
        loop {
            let next = waiting.lock().unwrap().next();
            let Some(seed) = next else { return };
            let mut one = Found::default();
            one.ask(seed);
            found.lock().unwrap().hear(one);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(worker);
        }
    });
    found.into_inner().unwrap()
}

#[expect(clippy::print_stdout, reason = "the numbers are what a long run is for")]
fn nothing_is_wrong_and_most_is_known(seeds: impl Iterator<Item = u64> + Send) {
    let found = ask(seeds);
    println!("{}", found.words());
    assert!(found.wrong.is_empty(), "{}", found.words());
    assert!(found.known_share() >= KNOWN, "{}", found.words());
}

#[test]
fn nothing_that_is_known_of_random_policies_is_wrong_and_most_is_known() {
    nothing_is_wrong_and_most_is_known(1..=4);
}

/// Policies of which something was once said that is wrong: a short line, a limit that sends sessions elsewhere, one breaker for all
/// backends, one that opens after a timeout, budgets that spare some requests always, and two instances that deal out in turns, each its
/// own, and two probes of a backend that gets no more requests in that time.
const ONCE_WRONG: [u64; 9] = [161, 164, 172, 198, 225, 251, 5014, 5019, 5032];

/// How many of them, the last ones, are asked each time; the others with the hundreds.
const EACH_TIME: usize = 5;

#[test]
fn what_was_once_wrong_is_right_or_unknown() {
    nothing_is_wrong_and_most_is_known(ONCE_WRONG[ONCE_WRONG.len() - EACH_TIME..].iter().copied());
}

#[test]
#[ignore = "takes an hour or two: by `cargo test`, with FIRST=1 and POLICIES=500; KEEP=DIR keeps the profiles"]
fn the_same_holds_of_hundreds() {
    let number = |name, usual| std::env::var(name).map_or(usual, |number| number.parse().expect("a number"));
    let (first, count) = (number("FIRST", 1), number("POLICIES", 500));
    nothing_is_wrong_and_most_is_known((first..first + count).chain(ONCE_WRONG));
}
