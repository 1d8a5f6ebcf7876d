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
}

impl Breaking {
    /// Five in a row, two seconds, one probe, for each backend.
    pub fn correct() -> Self {
        Breaking { trips_after: 5, open_for: 2_000.0, probes: 1, recovers: true, global: false }
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
    pub breaking: Breaking,
    pub phases: Vec<Phase>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Closed { failures: u32 },
    Open { until: f64 },
    HalfOpen { probing: u32 },
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
    /// In microseconds: what happens next, the call, and whether it is an outcome.
    events: BinaryHeap<Reverse<(u64, usize, bool)>>,
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

impl Model {
    /// Two backends at 200 requests a second, two attempts.
    pub fn new(seed: u64, phases: Vec<Phase>) -> Self {
        let breaking = Breaking::correct();
        Model { seed, rate: 200.0, poisson: true, backends: 2, attempts: 2, per_try: 300.0, breaking, phases }
    }

    /// Runs it.
    pub fn run(&self) -> Run {
        let states =
            vec![State::Closed { failures: 0 }; if self.breaking.global { 1 } else { self.backends }];
        let draws = Draws(self.seed);
        let mut sim = Sim { model: self, draws, states, next: 0, calls: vec![], events: BinaryHeap::new() };
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
            self.events.push(Reverse(((due * 1e3) as u64, self.calls.len(), false)));
            self.calls.push((due, vec![]));
        }
    }

    fn state(&mut self, backend: usize) -> &mut State {
        let index = if self.model.breaking.global { 0 } else { backend };
        &mut self.states[index]
    }

    /// Takes a backend in turn, another one than the last if there is any that its breaker lets through.
    fn choose(&mut self, now: f64, last: Option<usize>) -> Option<usize> {
        let count = self.model.backends;
        let turn = self.next;
        self.next += 1;
        let in_turn = (0..count).map(|offset| (turn + offset) % count);
        let (others, same): (Vec<usize>, Vec<usize>) = in_turn.partition(|backend| Some(*backend) != last);
        others.into_iter().chain(same).find(|backend| self.admits(now, *backend))
    }

    fn admits(&mut self, now: f64, backend: usize) -> bool {
        let (recovers, probes) = (self.model.breaking.recovers, self.model.breaking.probes);
        let state = self.state(backend);
        match *state {
            State::Closed { .. } => true,
            State::Open { until } if now < until || !recovers => false,
            State::Open { .. } => {
                *state = State::HalfOpen { probing: 1 };
                true
            }
            State::HalfOpen { probing } if probing < probes => {
                *state = State::HalfOpen { probing: probing + 1 };
                true
            }
            State::HalfOpen { .. } => false,
        }
    }

    fn attempt(&mut self, now: f64, call: usize) {
        let last = self.calls[call].1.last().map(|seen| seen.backend);
        let Some(backend) = self.choose(now, last) else {
            return;
        };
        let arrived = now + 0.2;
        let drawn = self.draws.part();
        let fault = self.model.fault_at(backend, arrived).filter(|(_, share)| drawn < *share);
        let takes = match fault {
            None => 2.0 + 10.0 * self.draws.part(),
            Some(("hang", _)) => self.model.per_try,
            Some(_) => 1.0 + self.draws.part(),
        };
        let ended = arrived + takes;
        self.calls[call].1.push(Seen { backend, arrived, ended, fault: fault.map(|(kind, _)| kind) });
        self.events.push(Reverse((((ended + 0.2) * 1e3) as u64, call, true)));
    }

    fn outcome(&mut self, now: f64, call: usize) {
        let Some(seen) = self.calls[call].1.last() else {
            return;
        };
        let (backend, failed, count) = (seen.backend, seen.fault.is_some(), self.calls[call].1.len());
        let Breaking { trips_after, open_for, .. } = self.model.breaking;
        let state = self.state(backend);
        *state = match *state {
            State::Closed { .. } | State::HalfOpen { .. } if !failed => State::Closed { failures: 0 },
            State::Closed { failures } if failures + 1 < trips_after => {
                State::Closed { failures: failures + 1 }
            }
            State::Closed { .. } | State::HalfOpen { .. } => State::Open { until: now + open_for },
            open @ State::Open { .. } => open,
        };
        if failed && count < self.model.attempts {
            self.events.push(Reverse(((now * 1e3) as u64, call, false)));
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
