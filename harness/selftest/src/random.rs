//! Scenarios made up from a seed: a policy, faults that overlap and hide, and expectations that follow from the policy, so
//! that the correct gateway must never fail them.

use std::fmt::Write;

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A scenario that the correct reference gateway must not fail.
pub fn random_scenario(seed: u64) -> String {
    let mut draw = Draw(Pcg64Mcg::seed_from_u64(seed));
    let mut text = String::new();
    let backends = draw.from(1, 4);
    let policy = Declared::draw(&mut draw);
    let _ = writeln!(
        text,
        "name = \"made up {seed}\"\nwhy = \"whatever is declared holds\"\nowner = \"nobody\"\nseed = {seed}\n\n[gateway.reference]\n"
    );
    policy.write(&mut text);
    for backend in 0..backends {
        let _ = writeln!(text, "[backend.b{backend}]");
    }
    let poisson = if draw.chance(0.5) { "arrivals = \"poisson\"\n" } else { "" };
    let _ = writeln!(
        text,
        "\n[traffic.reads]\nrequest = \"GET /r/{{n}}\"\nrate = \"{}/s\"\n{poisson}deadline = \"5s\"",
        draw.from(60, 250)
    );
    let _ = writeln!(
        text,
        "\n[traffic.writes]\nrequest = \"POST /w\"\nrate = \"{}/s\"\nbody = {{ size = \"1KiB\" }}\ndeadline = \"5s\"",
        draw.from(20, 80)
    );
    let _ = writeln!(text, "\n[[phase]]\nname = \"steady\"\nfor = \"3s\"");
    let _ = writeln!(text, "\n[[phase]]\nname = \"trouble\"\nfor = \"{}s\"", draw.from(4, 8));
    for _ in 0..draw.from(1, 3) {
        draw.fault(&mut text, backends);
    }
    let _ = writeln!(text, "\n[[phase]]\nname = \"recovery\"\nfor = \"5s\"");
    policy.expect(&mut text);
    text
}

struct Draw(Pcg64Mcg);

impl Draw {
    fn from(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    fn chance(&mut self, share: f64) -> bool {
        self.0.random_bool(share)
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of.choose(&mut self.0).copied().unwrap_or_default()
    }

    /// Some of them, at least one, in their order.
    fn some<'t>(&mut self, of: &[&'t str]) -> Vec<&'t str> {
        let first = self.0.next_u64() as usize % of.len();
        of.iter()
            .enumerate()
            .filter(|(index, _)| *index == first || self.0.random_bool(0.5))
            .map(|(_, word)| *word)
            .collect()
    }

    fn fault(&mut self, text: &mut String, backends: u64) {
        let share = self.from(2, 10) as f64 / 10.0;
        let kind = self.one(&[
            "status",
            "status",
            "status429",
            "reset",
            "close",
            "hang",
            "latency",
            "refuse",
            "body",
            "fail_first",
        ]);
        let fault = match kind {
            "status" => {
                format!("status = {{ code = {}, share = {share} }}", self.one(&["500", "502", "503"]))
            }
            "status429" => format!("status = {{ code = 429, share = {share} }}"),
            "reset" => {
                format!("reset = {{ at = \"{}\", share = {share} }}", self.one(&["request", "headers"]))
            }
            "close" => format!("close = {{ share = {share} }}"),
            "hang" => format!("hang = {{ share = {share} }}"),
            "latency" => format!("latency = {{ fixed = \"{}ms\", share = {share} }}", self.from(20, 900)),
            "body" => format!("reset = {{ at = \"body\", after = \"64B\", share = {share} }}"),
            "fail_first" => format!("fail_first = {{ attempts = {}, with = \"503\" }}", self.from(1, 3)),
            _ => "refuse = {}".to_owned(),
        };
        let on: Vec<String> =
            (0..backends).filter(|_| self.chance(0.6)).map(|index| format!("\"b{index}\"")).collect();
        let on = if on.is_empty() || on.len() as u64 == backends {
            String::new()
        } else {
            format!("on = [{}]\n", on.join(", "))
        };
        let _ = writeln!(text, "[[phase.inject]]\n{on}{fault}");
    }
}

/// A policy, and what follows from it.
struct Declared {
    per_try: u64,
    total: Option<u64>,
    attempts: u64,
    on: Vec<&'static str>,
    backoff: Option<u64>,
    breaker: Option<(String, u64)>,
}

impl Declared {
    fn draw(draw: &mut Draw) -> Self {
        let per_try = draw.from(150, 600);
        let trip = match draw.from(0, 3) {
            0 => None,
            1 => Some(format!("consecutive = {}", draw.from(2, 8))),
            2 => Some(format!("count = {}, within = \"{}s\"", draw.from(4, 20), draw.from(1, 3))),
            _ => Some(format!(
                "share = 0.{}, within = \"{}s\", min = {}",
                draw.from(3, 9),
                draw.from(1, 3),
                draw.from(10, 30)
            )),
        };
        let open_for = draw.from(500, 1_500);
        let attempts = draw.from(1, 3);
        Declared {
            per_try,
            total: draw.chance(0.5).then(|| per_try * attempts + 1_500),
            attempts,
            on: draw.some(&["503", "502", "connect-failure", "reset", "timeout"]),
            backoff: draw.chance(0.4).then(|| draw.from(20, 120)),
            breaker: trip.map(|trip| (trip, open_for)),
        }
    }

    fn write(&self, text: &mut String) {
        let total = self.total.map(|total| format!(", total = \"{total}ms\"")).unwrap_or_default();
        let _ = writeln!(
            text,
            "[policy]\ntimeout = {{ connect = \"500ms\", per_try = \"{}ms\"{total} }}",
            self.per_try
        );
        if self.attempts > 1 {
            let backoff = self
                .backoff
                .map(|base| format!("backoff = {{ base = \"{base}ms\", factor = 2.0, jitter = false }}\n"))
                .unwrap_or_default();
            let _ = writeln!(
                text,
                "\n[policy.retry]\nattempts = {}\non = {:?}\nmethods = [\"GET\"]\n{backoff}",
                self.attempts, self.on
            );
        }
        if let Some((trip, open_for)) = &self.breaker {
            let _ = writeln!(
                text,
                "\n[policy.breaker]\ntrip = {{ {trip} }}\nopen_for = \"{open_for}ms\"\nprobes = 1\n"
            );
        }
    }

    fn expect(&self, text: &mut String) {
        let mut demand = |phase: &str, traffic: Option<&str>, expectation: String| {
            let traffic = traffic.map(|class| format!("traffic = \"{class}\"\n")).unwrap_or_default();
            let _ = writeln!(text, "\n[[expect]]\nin = \"{phase}\"\n{traffic}{expectation}");
        };
        demand("steady", None, "attempts = { max = 1 }".into());
        demand("steady", None, "availability = { min = 0.99 }".into());
        demand("trouble", Some("reads"), format!("attempts = {{ max = {} }}", self.attempts));
        demand("trouble", Some("writes"), "attempts = { max = 1 }".into());
        demand("trouble", Some("writes"), "no_replay = {}".into());
        demand("trouble", None, "integrity = {}".into());
        demand("trouble", None, format!("timeout = {{ per_try = \"{}ms\" }}", self.per_try));
        if let (Some(base), true) = (self.backoff, self.attempts > 1) {
            demand(
                "trouble",
                Some("reads"),
                format!("backoff = {{ exponential = {{ base = \"{base}ms\", factor = 2.0 }} }}"),
            );
        }
        if let Some((trip, open_for)) = &self.breaker {
            demand(
                "trouble",
                None,
                format!("breaker = {{ trips_after = {{ {trip} }}, open_for = \"{open_for}ms\" }}"),
            );
        }
        demand("recovery", None, "recovery = { within = \"3s\" }".into());
        demand("trouble", None, "policy = {}".into());
    }
}
