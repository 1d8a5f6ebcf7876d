//! Policies that are made up from a seed, as people write them: every key that the reference gateway knows.

use std::fmt::Write;

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The tables `[policy]`, `[gateway.reference]` and `[backend.…]` of a scenario file.
pub(crate) fn head(seed: u64) -> String {
    let mut draw = Draw(Pcg64Mcg::seed_from_u64(seed));
    let mut text = String::from("[policy]\n");
    let per_try = draw.chance(0.8).then(|| draw.from(80, 900));
    let timers = [
        ("connect", draw.chance(0.5).then(|| draw.from(100, 2_000))),
        ("per_try", per_try),
        ("total", draw.chance(0.6).then(|| draw.from(1_000, 4_000))),
    ];
    let timers: Vec<String> =
        timers.iter().filter_map(|(key, ms)| Some(format!("{key} = \"{}ms\"", (*ms)?))).collect();
    let _ = writeln!(text, "timeout = {{ {} }}", timers.join(", "));
    if draw.chance(0.8) {
        let _ = writeln!(text, "retry = {{ {} }}", draw.retry(per_try.is_some()));
    }
    if draw.chance(0.7) {
        let _ = writeln!(text, "breaker = {{ {} }}", draw.breaker());
    }
    if draw.chance(0.25) {
        let _ = writeln!(text, "limit = {{ {} }}", draw.limit());
    }
    if draw.chance(0.25) {
        let _ = writeln!(text, "health_check = {{ {} }}", draw.health_check());
    }
    if draw.chance(0.2) {
        let by = draw.one(&[
            "{ header = \"x-user\" }",
            "{ header = \"x-tenant\" }",
            "{ cookie = \"sessionid\" }",
            "\"path\"",
            "\"connection\"",
        ]);
        let _ = writeln!(text, "affinity = {{ by = {by} }}");
    }
    text.push_str("[gateway.reference]\n");
    let (weighted, spare) = (draw.chance(0.25), draw.chance(0.2));
    for name in &["a", "b", "c", "d"][..if draw.chance(0.3) { 4 } else { 3 }] {
        let _ = writeln!(text, "[backend.{name}]");
        if weighted {
            let _ = writeln!(text, "weight = {}", draw.from(1, 3));
        }
        if spare && ["c", "d"].contains(name) {
            text.push_str("priority = 1\n");
        }
    }
    text
}

struct Draw(Pcg64Mcg);

impl Draw {
    /// A number, both bounds included.
    fn from(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    /// True in this share of the draws.
    fn chance(&mut self, share: f64) -> bool {
        self.0.random_bool(share)
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
        of.choose(&mut self.0).copied().expect("there is one")
    }

    /// About half of them, and `one` if none is drawn.
    fn some(&mut self, of: &[&'static str], one: &'static str) -> Vec<&'static str> {
        let mut drawn: Vec<&str> = of.iter().copied().filter(|_| self.chance(0.5)).collect();
        drawn.extend(drawn.is_empty().then_some(one));
        drawn
    }

    /// These settings, each in so large a share of the draws.
    fn with(&mut self, mut settings: Vec<String>, more: &[(f64, String)]) -> String {
        let drawn = more.iter().filter(|(share, _)| self.chance(*share)).map(|(_, setting)| setting.clone());
        settings.extend(drawn);
        settings.join(", ")
    }

    fn retry(&mut self, timed: bool) -> String {
        let mut on = self.some(&["connect-failure", "reset", "429", "500", "502", "503", "504"], "503");
        on.extend((timed && self.chance(0.5)).then_some("timeout"));
        let methods = self.some(&["GET", "HEAD", "POST", "PUT", "DELETE"], "GET");
        let attempts = self.from(2, 5);
        let (base, factor, jitter) = (self.from(20, 150), self.one(&["1.0", "1.5", "2.0"]), self.chance(0.5));
        let max = if self.chance(0.3) { format!(", max = \"{}ms\"", base * 2) } else { String::new() };
        let settings =
            vec![format!("attempts = {attempts}"), format!("on = {on:?}"), format!("methods = {methods:?}")];
        let (share, min) = (self.from(1, 4), self.from(1, 10));
        let more = [
            (0.5, format!("backoff = {{ base = \"{base}ms\", factor = {factor}, jitter = {jitter}{max} }}")),
            (0.2, "other_backend = false".to_owned()),
            (0.2, format!("retry_after = {{ {} }}", self.one(&["", "max = \"2s\""]))),
            (0.2, format!("budget = {{ share = 0.{share}, min = {min} }}")),
        ];
        self.with(settings, &more)
    }

    fn breaker(&mut self) -> String {
        let within = self.from(1, 10);
        let trip = match self.from(0, 2) {
            0 => format!("consecutive = {}", self.from(1, 10)),
            1 => format!("count = {}, within = \"{within}s\"", self.from(3, 12)),
            _ => {
                let (share, min) = (self.from(3, 9), self.from(5, 20));
                format!("share = 0.{share}, within = \"{}s\", min = {min}", within.min(3))
            }
        };
        let open_for = self.from(400, 2_500);
        let settings = vec![format!("trip = {{ {trip} }}"), format!("open_for = \"{open_for}ms\"")];
        let fails = self.some(&["5xx", "429", "404", "timeout", "reset", "connect-failure"], "5xx");
        let way_back = self.one(&["\"probe\"", "\"all\"", "\"check\"", "{ ramp = \"1s\" }"]);
        let growing = match self.from(0, 1) {
            0 => "open_grows = true".to_owned(),
            _ => format!("open_grows = true, open_max = \"{}ms\"", open_for * 2),
        };
        let all_out = self.one(&["all_out = \"panic\"", "all_out = \"shed\", shed_status = 502"]);
        let more = [
            (0.3, format!("fails = {fails:?}")),
            (0.4, format!("way_back = {way_back}")),
            (0.2, format!("probes = {}", self.from(1, 4))),
            (0.2, growing),
            (0.1, format!("tick = \"{}ms\"", self.from(100, 500))),
            (0.1, "retry_after = true".to_owned()),
            (0.1, format!("workers = {}", self.from(2, 3))),
            (0.1, "out_max = 0.5".to_owned()),
            (0.25, all_out.to_owned()),
        ];
        let rest = self.with(settings, &more);
        // One for all backends that lets requests through all the same would do nothing.
        let pool = self.chance(0.1) && !["panic", "out_max"].iter().any(|word| rest.contains(word));
        if pool { format!("{rest}, scope = \"pool\"") } else { rest }
    }

    fn limit(&mut self) -> String {
        let settings = vec![format!("in_flight = {}", self.from(4, 40))];
        let queue = match self.from(0, 1) {
            0 => format!("queue = {}", self.from(1, 20)),
            _ => format!("queue = {}, wait = \"{}ms\"", self.from(5, 40), self.from(100, 400)),
        };
        self.with(
            settings,
            &[(0.3, "scope = \"pool\"".to_owned()), (0.6, queue), (0.3, "status = 429".to_owned())],
        )
    }

    fn health_check(&mut self) -> String {
        let every = self.from(100, 1_000);
        let settings = vec![
            format!("path = {:?}", self.one(&["/", "/healthz", "/status/live"])),
            format!("every = \"{every}ms\""),
        ];
        let more = [
            (0.6, format!("fall = {}", self.from(1, 4))),
            (0.6, format!("rise = {}", self.from(1, 4))),
            (0.3, format!("within = \"{}ms\"", every / 2)),
        ];
        self.with(settings, &more)
    }
}
