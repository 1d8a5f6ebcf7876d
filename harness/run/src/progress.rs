//! The live state of a run, for progress bars and the status page. Read often, written seldom.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use driver::Live;
use fake_backends::{Arrivals, Injection};
use net::World;
use units::{Moment, Stretch};

use crate::observe::{Observer, Sight};

/// Where a run is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Backends and gateway are being started.
    Starting,
    /// The load is on.
    Running,
    /// The last phase is over; exchanges under way may still finish.
    Draining,
    /// The evidence is whole.
    Done,
}

impl Stage {
    const ALL: [Stage; 4] = [Stage::Starting, Stage::Running, Stage::Draining, Stage::Done];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Stage::Starting => "starting",
            Stage::Running => "running",
            Stage::Draining => "draining",
            Stage::Done => "done",
        }
    }
}

/// A fault, as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its kind: `status`.
    pub kind: String,
    /// Its settings as the scenario words them: `{ code = 503, share = 0.5 }`.
    pub settings: String,
    /// The backends that have it, by name.
    pub backends: Vec<String>,
}

/// The live state of a run.
pub struct Progress {
    /// The scenario's name.
    pub scenario: String,
    /// The gateway's kind.
    pub gateway: String,
    /// The phases, by name.
    pub phases: Vec<(String, Stretch)>,
    /// From the epoch to the end of the last phase.
    pub length: Duration,
    /// Exchanges that the schedule has; closed-loop traffic comes on top.
    pub scheduled: u64,
    /// What the driver counts as it goes.
    pub live: Arc<Live>,
    /// The backends, by name.
    pub backends: Vec<String>,
    faults: Vec<(Fault, Injection)>,
    pub(crate) observer: Arc<Observer>,
    arrivals: OnceLock<Arc<Arrivals>>,
    stage: AtomicU8,
    world: OnceLock<World>,
}

impl Progress {
    /// The state of a run that has not begun.
    pub fn new(plan: &scenario::Plan, scheduled: u64) -> Self {
        let phases = plan.brief.phases.iter().map(|phase| (phase.name.clone(), phase.during));
        Progress {
            scenario: plan.name.clone(),
            gateway: plan.gateway.name().to_owned(),
            phases: phases.collect(),
            length: plan.length,
            scheduled,
            live: Arc::default(),
            backends: plan.pool.backends.iter().map(|backend| backend.name.clone()).collect(),
            faults: faults(plan),
            observer: Arc::new(Observer::new(plan.pool.exchanges_max)),
            arrivals: OnceLock::new(),
            stage: AtomicU8::new(0),
            world: OnceLock::new(),
        }
    }

    /// Where the run is in its life.
    pub fn stage(&self) -> Stage {
        Stage::ALL[usize::from(self.stage.load(Ordering::Relaxed)).min(3)]
    }

    /// The time since the epoch; nothing in the simulated world, whose time is not the reader's.
    pub fn now(&self) -> Option<Moment> {
        self.world.get().map(World::now)
    }

    /// The phase that it is in now, by its index.
    pub fn phase(&self) -> Option<usize> {
        let now = self.now()?;
        self.phases.iter().position(|(_, during)| during.contains(now))
    }

    /// Attempts that have reached each backend; none while they are being started.
    pub fn attempts(&self) -> Vec<u64> {
        self.arrivals.get().map_or_else(|| vec![0; self.backends.len()], |arrivals| arrivals.so_far())
    }

    /// The faults that are in force at `now`, at one of their backends at least.
    pub fn faults_on(&self, now: Moment) -> impl Iterator<Item = &Fault> {
        let at_any =
            move |injection: &Injection| injection.backends.iter().any(|one| injection.is_on(*one, now));
        self.faults.iter().filter(move |(_, injection)| at_any(injection)).map(|(fault, _)| fault)
    }

    /// What was seen of the exchanges until `now`; about a quarter of a second behind.
    pub fn sight(&self, now: Moment) -> Sight {
        self.observer.sight(now)
    }

    /// Hands each batch of rows to `onlooker` once it is on disk, on the observer's thread; from now on, so before the run
    /// begins. What it does takes little time: batches do not wait for it.
    pub fn on_rows(&self, onlooker: impl FnMut(&evidence::Batch) + Send + 'static) {
        self.observer.add(Box::new(onlooker));
    }

    /// How many batches of rows nobody has seen, because they came faster than they were looked at. They are in the evidence all
    /// the same.
    pub fn unseen(&self) -> u64 {
        self.observer.unseen()
    }

    pub(crate) fn count(&self, arrivals: Arc<Arrivals>) {
        // Set once; a second run gets a progress of its own.
        let _ = self.arrivals.set(arrivals);
    }

    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    pub(crate) fn follow(&self, world: &World) {
        if !world.is_simulated() {
            // Set once; a second run gets a progress of its own.
            let _ = self.world.set(world.clone());
        }
    }
}

fn faults(plan: &scenario::Plan) -> Vec<(Fault, Injection)> {
    let name = |index: &u16| plan.pool.backends.get(usize::from(*index)).map(|backend| backend.name.clone());
    let fault = |brief: &measure::brief::InjectionBrief| Fault {
        kind: brief.fault.clone(),
        settings: brief.settings.clone(),
        backends: brief.backends.iter().filter_map(name).collect(),
    };
    // Both have the order of the file.
    plan.brief.injections.iter().map(fault).zip(plan.pool.injections.iter().cloned()).collect()
}
