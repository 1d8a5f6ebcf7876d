//! A policy that is made up.

use std::fmt;

use crate::draw::Draw;

/// What the gateway is declared to do. Lengths are in milliseconds.
pub(super) struct Declared {
    pub(super) per_try: u64,
    pub(super) total: Option<u64>,
    /// In all, the first included.
    pub(super) attempts: u64,
    pub(super) on: Vec<&'static str>,
    pub(super) backoff: Option<Backoff>,
    pub(super) breaker: Option<Breaker>,
}

/// The waits between attempts.
pub(super) struct Backoff {
    pub(super) base: u64,
    pub(super) factor: u64,
    pub(super) jitter: bool,
}

/// When a backend is left alone.
pub(super) struct Breaker {
    /// What opens it: `consecutive = 5`.
    pub(super) trip: String,
    pub(super) open_for: u64,
    open_max: Option<u64>,
    fails: Vec<&'static str>,
    /// As it is written: `"all"`; None leaves it to the gateway.
    way_back: Option<&'static str>,
    probes: Option<u64>,
    pub(super) workers: u64,
    pub(super) pool: bool,
    pub(super) panics: bool,
}

impl Declared {
    pub(super) fn draw(draw: &mut Draw) -> Self {
        let per_try = draw.from(150, 600);
        let attempts = draw.from(1, 4);
        let on = draw.some(&["503", "502", "429", "connect-failure", "reset", "timeout"]);
        let backoff = draw.chance(0.4).then(|| Backoff {
            base: draw.from(20, 120),
            factor: draw.from(1, 2),
            jitter: draw.chance(0.3),
        });
        let total = match draw.from(0, 3) {
            0 => Some(per_try * attempts + 1_500),
            1 if attempts > 1 => Some(per_try * attempts - per_try / 2),
            _ => None,
        };
        let breaker = draw.chance(0.7).then(|| Breaker::draw(draw));
        Declared { per_try, total, attempts, on, backoff, breaker }
    }

    /// By when the gateway must have recovered from any fault: the open time is over, a probe that hung is given up, and
    /// the last ramp has ended.
    pub(super) fn recovery_ms(&self) -> u64 {
        let open = self.breaker.as_ref().map_or(0, |breaker| {
            let ramp = if breaker.way_back == Some(RAMP) { RAMP_MS } else { 0 };
            breaker.open_max.unwrap_or(breaker.open_for) + breaker.open_for + ramp
        });
        open * 11 / 10 + self.per_try * self.attempts + 1_000
    }
}

const RAMP: &str = "{ ramp = \"1s\" }";
const RAMP_MS: u64 = 1_000;

impl Breaker {
    fn draw(draw: &mut Draw) -> Self {
        let trip = match draw.from(0, 2) {
            0 => format!("consecutive = {}", draw.from(2, 8)),
            1 => format!("count = {}, within = \"{}s\"", draw.from(4, 20), draw.from(1, 3)),
            _ => {
                let (share, within, min) = (draw.from(3, 9), draw.from(1, 3), draw.from(10, 30));
                format!("share = 0.{share}, within = \"{within}s\", min = {min}")
            }
        };
        let open_for = draw.from(500, 1_500);
        let fails = match draw.from(0, 3) {
            0 => vec!["5xx", "429", "timeout", "reset", "connect-failure"],
            1 => draw.some(&["5xx", "429", "timeout", "reset"]),
            _ => Vec::new(),
        };
        let (way_back, probes) = match draw.from(0, 6) {
            0 => (Some("\"all\""), None),
            1 => (Some(RAMP), None),
            2 => (Some("\"check\""), None),
            3 => (Some("\"probe\""), Some(draw.from(1, 3))),
            _ => (None, Some(1)),
        };
        Breaker {
            trip,
            open_for,
            open_max: draw.chance(0.15).then_some(open_for * 3),
            fails,
            way_back,
            probes,
            workers: if draw.chance(0.25) { draw.from(2, 3) } else { 1 },
            pool: draw.chance(0.1),
            panics: draw.chance(0.1),
        }
    }
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total.map(|total| format!(", total = \"{total}ms\"")).unwrap_or_default();
        writeln!(
            f,
            "[policy]\ntimeout = {{ connect = \"500ms\", per_try = \"{}ms\"{total} }}\n",
            self.per_try
        )?;
        if self.attempts > 1 {
            writeln!(
                f,
                "[policy.retry]\nattempts = {}\non = {:?}\nmethods = [\"GET\"]",
                self.attempts, self.on
            )?;
            if let Some(Backoff { base, factor, jitter }) = &self.backoff {
                writeln!(f, "backoff = {{ base = \"{base}ms\", factor = {factor}.0, jitter = {jitter} }}")?;
            }
            writeln!(f)?;
        }
        self.breaker.iter().try_for_each(|breaker| writeln!(f, "{breaker}"))
    }
}

impl fmt::Display for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[policy.breaker]\ntrip = {{ {} }}\nopen_for = \"{}ms\"", self.trip, self.open_for)?;
        if !self.fails.is_empty() {
            writeln!(f, "fails = {:?}", self.fails)?;
        }
        if let Some(longest) = self.open_max {
            writeln!(f, "open_grows = true\nopen_max = \"{longest}ms\"")?;
        }
        if let Some(way_back) = self.way_back {
            writeln!(f, "way_back = {way_back}")?;
        }
        if let Some(probes) = self.probes {
            writeln!(f, "probes = {probes}")?;
        }
        if self.workers > 1 {
            writeln!(f, "workers = {}", self.workers)?;
        }
        if self.pool {
            writeln!(f, "scope = \"pool\"")?;
        }
        if self.panics {
            writeln!(f, "all_out = \"panic\"")?;
        }
        Ok(())
    }
}
