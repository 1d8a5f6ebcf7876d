//! Ledgers for tests, written as what happened rather than as rows.
//!
//! ```text
//! let run = Run::new()
//!     .phase("steady", 5.0)                                   // seconds; phases follow each other from the epoch
//!     .phase("outage", 10.0)
//!     .backend("a")                                           // weight 1, priority 0
//!     .backend("b")
//!     .class("reads", Method::Get)                            // open loop; `.closed_class` for closed loop
//!     .fault("outage", "status", &["a"])                      // in force for the whole phase
//!     .call(Call::due("reads", 5_100.0)                       // milliseconds since the epoch
//!         .attempt(Try::hit("a", "status"))                   // as the fault makes it: here a 503 after 1 ms
//!         .attempt(Try::ok("b").after(25.0)))                 // 25 ms after the attempt before it ended
//!     .calls(100, |n| Call::due("reads", 6_000.0 + n as f64)  // many alike
//!         .attempt(Try::ok("b")));
//! let (brief, ledger) = run.build();
//! run.view("outage", "reads", |view| …);
//! ```
//!
//! - `Try`: `ok(backend)`, `hit(backend, fault)`; then `.after(ms)` (from the end of the attempt before, or from the
//!   sending; 0.2 without it), `.takes(ms)` (arrival to end), `.status(code)`, `.ends(End)` (without an answer),
//!   `.row(|attempt| …)` for anything else on the finished row.
//! - `Call`: `due(class, ms)`; then `.lag(ms)`, `.attempt(Try)`, and if the answer is not what the last attempt
//!   gives: `.rejected(status, ms)` (made by the gateway, so long after sending), `.ends(Outcome, ms)` (without a
//!   status, so long after sending), `.row(|exchange| …)`. Without any attempt the gateway answers 503 after 1 ms.
//! - `Run`: also `.firing(fault, backend, from_ms, to_ms)` for closed listeners, `.hiccup(at_ms, length_ms)`,
//!   `.action(phase, kind, backends, (began_ms, ended_ms))`, `.cut(at_ms)`, `.early(why, at_ms)`, `.lost(rows)`, `.weighted(backend, weight, priority)`, `.settle(ms)`,
//!   `.samples_min(count)`, `.checks(backend, path, every_ms, statuses)` for the gateway's health checks; `.metrics()`,
//!   `.scrape(at_ms, &[(series, figure)])` and `.scrape_failed(at_ms, why)` for its own word.
//!
//! - Headers: `Run::records(&[name, …])` has them on record, and the path; then `.sends(name, value)` and `.got(name, value)` of a
//!   `Call`, `.gets(name, value)` (`None` if it did not arrive; without it as sent), `.path(path)` and `.answers(name, value)`
//!   of a `Try`. Names with a credential's part are recorded as hashes.
//!
//! An empty name for the traffic stands for all of it. Tags are given in the order in which calls are due.

mod actions;
mod call;
mod checks;
mod connections;
mod headers;
mod log_lines;
pub mod model;
mod rows;
mod samples;

use std::net::SocketAddr;
use std::time::Duration;

use evidence::{Evidence, Firing, Hiccup, Ledger, Losses, Method, Tag};
use units::{Moment, Stretch, Timespan};

use crate::brief::{
    About, BackendBrief, Brief, FaultDoes, FaultOutline, InjectionBrief, LeavingBrief, PhaseBrief,
    TrafficBrief,
};
use crate::stalls::Stalls;
use crate::view::{Place, View};

pub use call::{Call, Try};

/// The hash of every request body, as far as tests don't say otherwise.
pub const REQUEST_HASH: u64 = 0xB0D7;

/// The moment `ms` milliseconds after the epoch.
pub fn at(ms: f64) -> Moment {
    Moment((ms * 1e6).round() as i64)
}

/// A run with its evidence.
#[derive(Clone)]
pub struct Run {
    brief: Brief,
    evidence: Evidence,
    calls: Vec<Call>,
    settle: Timespan,
    samples_min: Option<u64>,
    everywhere: bool,
    expects: Vec<Expect>,
    records: bool,
}

/// An expectation as text, for the room that can read it.
#[derive(Clone, Debug)]
pub struct Expect {
    /// Where it looks.
    pub place: Place,
    /// As a scenario words it: `attempts = { max = 2 }`.
    pub text: String,
}

impl Default for Run {
    fn default() -> Self {
        Run::new()
    }
}

impl Run {
    pub fn new() -> Self {
        let about = About { name: "test".into(), ..About::default() };
        let brief = Brief { about, ..Brief::default() };
        let evidence = Evidence::default();
        Run {
            brief,
            evidence,
            calls: vec![],
            settle: Timespan::default(),
            samples_min: None,
            everywhere: false,
            expects: vec![],
            records: false,
        }
    }

    /// A phase of so many seconds, after the one before.
    pub fn phase(mut self, name: &str, seconds: f64) -> Self {
        let from = self.brief.phases.last().map_or(Moment::EPOCH, |phase| phase.during.to);
        let during = Stretch { from, to: from + Duration::from_secs_f64(seconds) };
        self.brief.phases.push(PhaseBrief { name: name.into(), during });
        self
    }

    pub fn backend(self, name: &str) -> Self {
        self.weighted(name, 1, 0)
    }

    pub fn weighted(mut self, name: &str, weight: u32, priority: u32) -> Self {
        let (headers, port) = (Vec::new(), 9_001 + self.brief.backends.len() as u16);
        let address = Some(SocketAddr::from(([127, 0, 0, 1], port)));
        let name = name.into();
        let backend = BackendBrief { name, weight, priority, address, headers, off_loopback: false };
        self.brief.backends.push(backend);
        self
    }

    /// Other machines can reach the backend.
    pub fn off_loopback(mut self, backend: &str) -> Self {
        let backend = self.backend_index(backend);
        self.brief.backends[usize::from(backend)].off_loopback = true;
        self
    }

    pub fn class(self, name: &str, method: Method) -> Self {
        self.add_class(name, method, true)
    }

    pub fn closed_class(self, name: &str, method: Method) -> Self {
        self.add_class(name, method, false)
    }

    fn add_class(mut self, name: &str, method: Method, open_loop: bool) -> Self {
        let request = format!("{} /{name}", method.word());
        self.brief.traffic.push(TrafficBrief {
            name: name.into(),
            method,
            request,
            open_loop,
            poisson: false,
            planned: None,
            deadline: Timespan::from_secs(30),
            body: 0,
            leaving: None,
            headers: Vec::new(),
            keys: 0,
        });
        self
    }

    /// The clients of a class leave after so long, by the plan.
    pub fn leaving(mut self, class: &str, ms: u64) -> Self {
        let class = self.brief.traffic.iter_mut().find(|known| known.name == class);
        let leaving = LeavingBrief { after: Timespan::from_millis(ms), share: units::Share::ALL };
        class.unwrap_or_else(|| panic!("no such class")).leaving = Some(leaving);
        self
    }

    /// A fault in force for a whole phase. `refuse` hides attempts and closes the listener; `accept` is a reset at
    /// accept, which hides attempts only.
    pub fn fault(mut self, phase: &str, fault: &str, backends: &[&str]) -> Self {
        let index = self.phase_index(phase);
        let backends = backends.iter().map(|name| self.backend_index(name)).collect();
        self.brief.injections.push(InjectionBrief {
            phase: index,
            fault: if fault == "accept" { "reset".into() } else { fault.into() },
            settings: "{}".into(),
            backends,
            during: self.brief.phases[index].during,
            hides_attempts: fault == "refuse" || fault == "accept",
            closes_listener: fault == "refuse",
            outline: Some(FaultOutline { share: units::Share::ALL, first: None, does: does(fault) }),
            classes: None,
            on_probes: false,
            correlated: false,
        });
        self
    }

    /// The last class has so many keys.
    pub fn keys(mut self, keys: u32) -> Self {
        self.brief.traffic.last_mut().into_iter().for_each(|class| class.keys = keys);
        self
    }

    /// The last fault may hit only these classes.
    pub fn only(mut self, classes: &[&str]) -> Self {
        let index = |name: &&str| self.brief.traffic.iter().position(|class| class.name == *name);
        let classes = classes.iter().filter_map(index).map(|class| class as u16).collect();
        if let Some(last) = self.brief.injections.last_mut() {
            last.classes = Some(classes);
        }
        self
    }

    pub fn call(mut self, call: Call) -> Self {
        self.calls.push(call);
        self
    }

    pub fn calls(mut self, count: usize, call: impl Fn(usize) -> Call) -> Self {
        self.calls.extend((0..count).map(call));
        self
    }

    /// The listener of `backend` really was closed by the fault.
    pub fn firing(mut self, fault: &str, backend: &str, from_ms: f64, to_ms: f64) -> Self {
        let backend = self.backend_index(backend);
        let injection = self.injection_index(fault, backend, at(from_ms));
        self.evidence.firings.push(Firing { injection, backend, from: at(from_ms), to: at(to_ms) });
        self
    }

    pub fn hiccup(mut self, at_ms: f64, length_ms: f64) -> Self {
        self.evidence.hiccups.push(Hiccup { at: at(at_ms), length: (length_ms * 1e6) as u64 });
        self
    }

    /// The run was killed: the last moment on record is `at_ms`.
    pub fn cut(mut self, at_ms: f64) -> Self {
        (self.evidence.cut, self.evidence.ended) = (true, at(at_ms));
        self
    }

    /// The run ended before its plan did.
    pub fn early(mut self, why: &str, at_ms: f64) -> Self {
        (self.evidence.early, self.evidence.ended) = (Some(why.into()), at(at_ms));
        self
    }

    pub fn lost(mut self, rows: u64) -> Self {
        self.evidence.losses = Losses { rows, ..Losses::default() };
        self
    }

    /// Settling time of the demands that are made from here on.
    pub fn settle(mut self, ms: f64) -> Self {
        self.settle = Timespan(Duration::from_secs_f64(ms / 1e3));
        self
    }

    /// Fewest observations of the demands that are made from here on.
    pub fn samples_min(mut self, count: u64) -> Self {
        self.samples_min = Some(count);
        self
    }

    /// The demands that are made from here on look at the whole run.
    pub fn whole_run(mut self) -> Self {
        self.everywhere = true;
        self
    }

    /// Adds an expectation, for the room that judges.
    pub fn demand(mut self, phase: &str, traffic: &str, expectation: &str) -> Self {
        let place = self.place(phase, traffic);
        self.expects.push(Expect { place, text: expectation.into() });
        self
    }

    /// The expectations that were added.
    pub fn expects(&self) -> &[Expect] {
        &self.expects
    }

    /// What the gateway is declared to do.
    pub fn policy(mut self, policy: policy::Policy) -> Self {
        let hash = |(key, value): (String, &str)| (key, evidence::body_hash(value.as_bytes()));
        self.brief.declared_hashes = policy.put_in().map(hash).collect();
        self.brief.policy = policy;
        self
    }

    /// Looks at the ledger from a place.
    pub fn view<T>(&self, phase: &str, traffic: &str, look: impl FnOnce(&View<'_>) -> T) -> T {
        let (brief, ledger) = self.build();
        let stalls = Stalls::of(&ledger);
        look(&View::of(&brief, &ledger, &stalls, self.place(phase, traffic)))
    }

    /// A place by its names; an empty name for the traffic stands for all of it.
    pub fn place(&self, phase: &str, traffic: &str) -> Place {
        let class = self.brief.traffic.iter().position(|class| class.name == traffic);
        assert!(class.is_some() || traffic.is_empty(), "no class `{traffic}`");
        Place {
            phase: self.phase_index(phase),
            traffic: class.map(|class| class as u16),
            settle: self.settle,
            samples_min: self.samples_min,
            whole_run: self.everywhere,
        }
    }

    /// The brief and the joined ledger.
    pub fn build(&self) -> (Brief, Ledger) {
        let mut evidence = self.evidence.clone();
        let mut calls = self.calls.clone();
        calls.sort_by_key(|call| call.due);
        let mut nth = vec![0; self.brief.backends.len()];
        for (tag, call) in calls.iter().enumerate() {
            let attempts = self.attempts(call, Tag(tag as u64), &mut nth);
            let exchange = self.exchange(call, Tag(tag as u64), &attempts);
            evidence.headers.extend(self.headers(call, &exchange, &attempts));
            evidence.exchanges.push(exchange);
            evidence.attempts.extend(attempts);
        }
        connections::count_requests(&mut evidence);
        if !evidence.cut && evidence.early.is_none() {
            let planned = self.brief.phases.last().map_or(Moment::EPOCH, |phase| phase.during.to);
            evidence.ended = evidence.last_moment().max(planned);
        }
        (self.brief.clone(), Ledger::join(evidence))
    }

    fn phase_index(&self, name: &str) -> usize {
        let index = self.brief.phases.iter().position(|phase| phase.name == name);
        index.unwrap_or_else(|| panic!("no phase `{name}`"))
    }

    fn backend_index(&self, name: &str) -> u16 {
        let index = self.brief.backends.iter().position(|backend| backend.name == name);
        index.unwrap_or_else(|| panic!("no backend `{name}`")) as u16
    }

    fn injection_index(&self, fault: &str, backend: u16, moment: Moment) -> u16 {
        let index = self.brief.injections.iter().position(|injection| {
            injection.fault == fault
                && injection.backends.contains(&backend)
                && injection.during.contains(moment)
        });
        index.unwrap_or_else(|| panic!("no fault `{fault}` on backend {backend} at {moment}")) as u16
    }
}

/// What becomes of an attempt that a fault of this kind hits, as [`Try::hit`] makes it.
fn does(fault: &str) -> FaultDoes {
    match fault {
        "latency" => FaultDoes::Delays { least: Timespan::from_millis(50), most: Timespan::from_millis(50) },
        "hang" => FaultDoes::Hangs,
        "reset" | "close" => FaultDoes::Breaks,
        "refuse" | "accept" => FaultDoes::Refuses,
        _ => FaultDoes::Answers { status: 503 },
    }
}
