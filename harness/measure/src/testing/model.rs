//! A small gateway in front of small backends, for tests: it writes the ledger that a real one would leave.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use evidence::Method;

use crate::testing::{Call, Run, Try};

/// Numbers that look random and are the same for the same seed (splitmix64).
pub struct Draws(pub u64);

impl Draws {
    /// From 0 up to, and without, 1.
    pub fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A phase of so many seconds; with a fault on a share of what reaches the first backend.
pub struct Phase(pub &'static str, pub f64, pub Option<(&'static str, f64)>);

/// How the gateway breaks circuits. Lengths are in milliseconds.
#[derive(Clone, Debug)]
pub struct Breaking {
    pub trips_after: u32,
    pub open_for: f64,
    pub probes: u32,
    pub recovers: bool,
    pub global: bool,
    /// After the open time all traffic comes back at once, and nothing probes.
    pub all: bool,
    /// The n-th open time in a row is n times as long.
    pub grows: bool,
    /// Instances that count for themselves; each request goes to one of them.
    pub instances: usize,
    /// Opens by this share of failures within so many milliseconds, of at least so many results, instead of in a row.
    pub share: Option<(f64, f64, usize)>,
    /// Whether a probe that succeeded is the first result that counts.
    pub probe_counts: bool,
}

impl Breaking {
    /// Five in a row, two seconds, one probe, for each backend.
    pub fn correct() -> Self {
        Breaking {
            trips_after: 5,
            open_for: 2_000.0,
            probes: 1,
            recovers: true,
            global: false,
            all: false,
            grows: false,
            instances: 1,
            share: None,
            probe_counts: false,
        }
    }
}

/// A gateway, its backends and its traffic.
pub struct Model {
    pub seed: u64,
    pub rate: f64,
    pub poisson: bool,
    pub backends: usize,
    pub attempts: usize,
    /// The per-try timer: what hangs is given up after it. In milliseconds.
    pub per_try: f64,
    /// How much longer than 0.2 ms a way takes at most, drawn for each. In milliseconds.
    pub transit: f64,
    pub breaking: Breaking,
    /// From when up to when, in milliseconds, the gateway does nothing at all. What has come by then it deals with at once.
    pub stands_still: Option<(f64, f64)>,
    pub phases: Vec<Phase>,
}

#[derive(Clone, PartialEq)]
enum State {
    Closed { failures: u32, recent: Vec<(f64, bool)>, nth: u32 },
    Open { until: f64, nth: u32 },
    HalfOpen { probing: u32, nth: u32 },
}

impl State {
    fn closed(nth: u32) -> Self {
        State::Closed { failures: 0, recent: Vec::new(), nth }
    }
}

struct Seen {
    backend: usize,
    arrived: f64,
    ended: f64,
    fault: Option<&'static str>,
}

struct Sim<'m> {
    model: &'m Model,
    draws: Draws,
    states: Vec<State>,
    next: usize,
    calls: Vec<(f64, Vec<Seen>)>,
    /// Which instance a call goes to.
    instances: Vec<usize>,
    /// In microseconds: what happens next, the call, and whether it is an outcome.
    events: BinaryHeap<Reverse<(u64, usize, bool)>>,
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

impl Model {
    /// Two backends at 200 requests a second, two attempts.
    pub fn new(seed: u64, phases: Vec<Phase>) -> Self {
        let breaking = Breaking::correct();
        Model {
            seed,
            rate: 200.0,
            poisson: true,
            backends: 2,
            attempts: 2,
            per_try: 300.0,
            transit: 0.0,
            breaking,
            stands_still: None,
            phases,
        }
    }

    /// When the gateway can act that is to act at `ms`.
    fn awake(&self, ms: f64) -> f64 {
        match self.stands_still {
            Some((from, to)) if (from..to).contains(&ms) => to,
            _ => ms,
        }
    }

    /// Runs it.
    pub fn run(&self) -> Run {
        let machines = if self.breaking.global { 1 } else { self.backends };
        let states = vec![State::closed(0); machines * self.breaking.instances];
        let (draws, events) = (Draws(self.seed), BinaryHeap::new());
        let mut sim = Sim { model: self, draws, states, next: 0, calls: vec![], instances: vec![], events };
        sim.schedule();
        while let Some(Reverse((micros, call, is_outcome))) = sim.events.pop() {
            let now = micros as f64 / 1e3;
            if is_outcome {
                sim.outcome(now, call);
            } else {
                sim.attempt(now, call);
            }
        }
        sim.ledger()
    }

    fn fault_at(&self, backend: usize, ms: f64) -> Option<(&'static str, f64)> {
        let mut end = 0.0;
        let phase = self.phases.iter().find(|phase| {
            end += phase.1 * 1e3;
            ms < end
        });
        phase.filter(|_| backend == 0)?.2
    }
}

impl Sim<'_> {
    fn schedule(&mut self) {
        let end = self.model.phases.iter().map(|phase| phase.1).sum::<f64>() * 1e3;
        let mut due = 0.0;
        loop {
            let gap = 1e3 / self.model.rate;
            due += if self.model.poisson { -gap * (1.0 - self.draws.part()).ln() } else { gap };
            if due >= end {
                return;
            }
            let taken = self.model.awake(due);
            self.events.push(Reverse(((taken * 1e3) as u64, self.calls.len(), false)));
            self.calls.push((due, vec![]));
            let instances = self.model.breaking.instances;
            let instance = if instances == 1 { 0 } else { (self.draws.part() * instances as f64) as usize };
            self.instances.push(instance);
        }
    }

    fn state(&mut self, backend: usize, call: usize) -> &mut State {
        let machine = if self.model.breaking.global { 0 } else { backend };
        &mut self.states[machine * self.model.breaking.instances + self.instances[call]]
    }

    /// How long one way takes.
    fn way(&mut self) -> f64 {
        if self.model.transit > 0.0 { 0.2 + self.model.transit * self.draws.part() } else { 0.2 }
    }

    /// Takes a backend in turn, another one than the last if there is any that its breaker lets through.
    fn choose(&mut self, now: f64, call: usize) -> Option<usize> {
        let last = self.calls[call].1.last().map(|seen| seen.backend);
        let count = self.model.backends;
        let turn = self.next;
        self.next += 1;
        let in_turn = (0..count).map(|offset| (turn + offset) % count);
        let (others, same): (Vec<usize>, Vec<usize>) = in_turn.partition(|backend| Some(*backend) != last);
        others.into_iter().chain(same).find(|backend| self.admits(now, *backend, call))
    }

    fn admits(&mut self, now: f64, backend: usize, call: usize) -> bool {
        let Breaking { recovers, probes, all, .. } = self.model.breaking;
        let state = self.state(backend, call);
        match *state {
            State::Closed { .. } => true,
            State::Open { until, .. } if now < until || !recovers => false,
            State::Open { nth, .. } => {
                *state = if all { State::closed(nth) } else { State::HalfOpen { probing: 1, nth } };
                true
            }
            State::HalfOpen { probing, nth } if probing < probes => {
                *state = State::HalfOpen { probing: probing + 1, nth };
                true
            }
            State::HalfOpen { .. } => false,
        }
    }

    fn attempt(&mut self, now: f64, call: usize) {
        let Some(backend) = self.choose(now, call) else {
            return;
        };
        let arrived = now + self.way();
        let drawn = self.draws.part();
        let fault = self.model.fault_at(backend, arrived).filter(|(_, share)| drawn < *share);
        let takes = match fault {
            None => 2.0 + 10.0 * self.draws.part(),
            Some(("hang", _)) => self.model.per_try,
            Some(_) => 1.0 + self.draws.part(),
        };
        let ended = arrived + takes;
        self.calls[call].1.push(Seen { backend, arrived, ended, fault: fault.map(|(kind, _)| kind) });
        let known = self.model.awake(ended + self.way());
        self.events.push(Reverse(((known * 1e3) as u64, call, true)));
    }

    fn outcome(&mut self, now: f64, call: usize) {
        let Some(seen) = self.calls[call].1.last() else {
            return;
        };
        let (backend, failed, count) = (seen.backend, seen.fault.is_some(), self.calls[call].1.len());
        self.noted(now, backend, call, failed);
        if failed && count < self.model.attempts {
            self.events.push(Reverse(((now * 1e3) as u64, call, false)));
        }
    }

    /// What a breaker makes of an outcome.
    fn noted(&mut self, now: f64, backend: usize, call: usize, failed: bool) {
        let breaking = self.model.breaking.clone();
        let open = |nth: u32| {
            let times = if breaking.grows { nth } else { 1 };
            State::Open { until: now + breaking.open_for * f64::from(times), nth }
        };
        let state = self.state(backend, call);
        match state {
            State::Closed { failures, recent, nth } => {
                *failures = if failed { *failures + 1 } else { 0 };
                let trips = if let Some((share, within, min)) = breaking.share {
                    recent.push((now, failed));
                    recent.retain(|(at, _)| *at > now - within);
                    let bad = recent.iter().filter(|(_, failed)| *failed).count();
                    failed && recent.len() >= min && bad as f64 >= share * recent.len() as f64
                } else {
                    *failures >= breaking.trips_after
                };
                if trips {
                    *state = open(if breaking.all { *nth + 1 } else { 1 });
                } else if !failed {
                    *nth = 0;
                }
            }
            State::HalfOpen { nth, .. } if failed => *state = open(*nth + 1),
            State::HalfOpen { .. } => {
                let recent = if breaking.probe_counts { vec![(now, false)] } else { vec![] };
                *state = State::Closed { failures: 0, recent, nth: 0 };
            }
            State::Open { .. } => {}
        }
    }

    fn ledger(self) -> Run {
        let mut run = Run::new().class("reads", Method::Get);
        for name in &NAMES[..self.model.backends] {
            run = run.backend(name);
        }
        for Phase(name, seconds, fault) in &self.model.phases {
            run = run.phase(name, *seconds);
            if let Some((kind, _)) = fault {
                run = run.fault(name, kind, &["a"]);
            }
        }
        for (due, attempts) in self.calls {
            let (mut call, mut free) = (Call::due("reads", due), due);
            for seen in attempts {
                let attempt = match seen.fault {
                    None => Try::ok(NAMES[seen.backend]),
                    Some(kind) => Try::hit(NAMES[seen.backend], kind),
                };
                call = call
                    .attempt(attempt.after((seen.arrived - free).max(0.0)).takes(seen.ended - seen.arrived));
                free = seen.ended;
            }
            run = run.call(call);
        }
        run
    }
}
