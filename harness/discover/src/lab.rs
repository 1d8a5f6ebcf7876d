//! Where experiments are run: each on a gateway that is started for it, so that none leaks into the next.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use evidence::{Evidence, Ledger};
use gateways::Allowed;
use measure::brief::{BackendBrief, Brief};
use measure::stalls::Stalls;
use policy::{Affinity, Policy};
use run::{Progress, RunError};
use scenario::{Loaded, Overrides, Plan};
use tokio_util::sync::CancellationToken;
use units::Timespan;

use crate::experiment::Experiment;
use crate::seen::Seen;

/// What is asked about: a gateway with its backends.
#[derive(Clone, Debug)]
pub struct Site {
    /// The tables `[gateway.…]`, `[policy]`, `[backends]` and `[backend.…]` of a scenario file.
    pub head: String,
    /// What the command line changes in it: settings, and the gateway.
    pub overrides: Overrides,
    /// The path that is asked for, with the placeholders of scenario files.
    pub path: String,
    /// The directory from which paths in `head` are looked up.
    pub base: PathBuf,
    /// How long a timer may be that is still looked for.
    pub longest: Timespan,
    /// True for the simulated world.
    pub simulate: bool,
    /// How many experiments are run at a time that do not depend on each other. Without a number: three where brownout makes the
    /// configuration, and one where it is somebody's own, which may name files or ports that two can't share.
    pub at_a_time: Option<usize>,
    /// The directory in which the runs are kept.
    pub out: PathBuf,
    /// What the user has allowed.
    pub allowed: Allowed,
    /// Ends the battery: what is known is kept.
    pub interrupt: CancellationToken,
}

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// An experiment is no scenario that can be run, mostly because of what was said of the gateway.
    #[error("{0}")]
    Scenario(String),
    /// A run failed.
    #[error("experiment `{name}`: {error}")]
    Run {
        /// The experiment.
        name: String,
        /// Why.
        error: Box<RunError>,
    },
    /// Its evidence could not be read.
    #[error("experiment `{name}`: {error}")]
    Evidence {
        /// The experiment.
        name: String,
        /// Why.
        error: Box<archive::ReadError>,
    },
    /// The evidence proves nothing.
    #[error("experiment `{name}` proves nothing: {why}")]
    Unsound {
        /// The experiment.
        name: String,
        /// What is missing.
        why: String,
    },
    /// Somebody ended it.
    #[error("ended before all was asked")]
    Interrupted,
}

/// What a battery has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Experiments that were run.
    pub experiments: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// How long the experiments took by their plans.
    pub time: Timespan,
}

impl Cost {
    /// Both together, one after the other.
    pub(crate) fn and(self, other: Cost) -> Self {
        Cost {
            experiments: self.experiments + other.experiments,
            requests: self.requests + other.requests,
            time: Timespan(*self.time + *other.time),
        }
    }
}

/// Told before each experiment: its name, and what those before have cost.
pub type Watch<'w> = &'w mut dyn FnMut(&str, Cost);

/// Runs experiments, and counts what they cost.
pub(crate) struct Lab<'w> {
    pub(crate) site: Site,
    watch: Watch<'w>,
    pub(crate) cost: Cost,
    /// The kind of gateway.
    pub(crate) gateway: String,
    /// What it said its version is.
    pub(crate) version: Option<String>,
    /// The backends, by the index that evidence names them with.
    pub(crate) backends: Vec<BackendBrief>,
    /// By what requests are declared to belong together: which header or cookie is asked about, and no answer.
    pub(crate) affinity: Option<Affinity>,
    /// Whether clients keep their connections: not where all requests of one go to the same backend, since few would tell nothing.
    pub(crate) keep_alive: bool,
    /// How many experiments are run at a time.
    pub(crate) at_a_time: usize,
    /// What was run ahead and not asked for yet, with how long it took.
    ready: Vec<(Experiment, Seen, Duration)>,
    /// What was asked for since somebody last looked.
    pub(crate) asked: Cost,
}

impl<'w> Lab<'w> {
    /// A lab that has run nothing yet.
    pub(crate) fn new(site: Site, watch: Watch<'w>) -> Result<Self, DiscoverError> {
        let cost = Cost::default();
        let mut lab = Lab {
            site,
            watch,
            cost,
            gateway: String::new(),
            version: None,
            backends: Vec::new(),
            affinity: None,
            keep_alive: true,
            at_a_time: 1,
            ready: Vec::new(),
            asked: Cost::default(),
        };
        let plan =
            lab.compile(&Experiment::new("nothing", 1.0).phase("steady", Timespan::from_secs(1)))?.plan;
        lab.at_a_time = at_a_time(&lab.site, &plan);
        plan.gateway.name().clone_into(&mut lab.gateway);
        lab.backends = plan.brief.backends;
        lab.affinity = plan.brief.policy.affinity;
        Ok(lab)
    }

    /// The backend on which failures are tried: the first that gets traffic while all is well.
    pub(crate) fn victim(&self) -> usize {
        (0..self.backends.len()).min_by_key(|index| self.backends[*index].priority).unwrap_or_default()
    }

    fn compile(&self, experiment: &Experiment) -> Result<Loaded, DiscoverError> {
        let site = &self.site;
        let deadline = Timespan(site.longest.saturating_add(Duration::from_secs(2)));
        let text = experiment.text(&site.head, &site.path, deadline, self.keep_alive);
        let origin = format!("experiment `{}`", experiment.name);
        // Each has a seed of its own: what is drawn anew by each counts as drawn independently.
        let seed = site.overrides.seed.unwrap_or_default().saturating_add(self.cost.experiments);
        let overrides = Overrides { seed: Some(seed.min(i64::MAX as u64)), ..site.overrides.clone() };
        scenario::load_text(&origin, &text, &site.base, &overrides)
            .map_err(|failure| DiscoverError::Scenario(failure.render(false)))
    }

    /// Runs an experiment.
    pub(crate) fn run(&mut self, experiment: &Experiment) -> Result<Seen, DiscoverError> {
        let is_ready = self.ready.iter().position(|ready| ready.0 == *experiment);
        let (seen, took) = if let Some(at) = is_ready {
            let (_, seen, took) = self.ready.swap_remove(at);
            (seen, took)
        } else {
            let prepared = self.prepare(experiment)?;
            let took = prepared.length();
            let ended = prepared.conduct(&self.site);
            (self.take(ended, took)?, took)
        };
        let requests = seen.ledger.entries().len() as u64;
        self.asked = self.asked.and(Cost { experiments: 1, requests, time: Timespan(took) });
        Ok(seen)
    }

    /// True if an experiment was run ahead.
    pub(crate) fn is_ready(&self, experiment: &Experiment) -> bool {
        self.ready.iter().any(|ready| ready.0 == *experiment)
    }

    /// Runs experiments that do not depend on each other, as many at a time as the site allows, each on a gateway of its own. Their
    /// results are there when [`Lab::run`] is asked for them.
    pub(crate) fn ahead(&mut self, experiments: Vec<Experiment>) -> Result<(), DiscoverError> {
        if self.at_a_time < 2 {
            return Ok(());
        }
        let mut waiting = experiments.into_iter().peekable();
        while waiting.peek().is_some() {
            let beside: Vec<Experiment> = waiting.by_ref().take(self.at_a_time).collect();
            let prepared: Vec<Prepared> =
                beside.iter().map(|one| self.prepare(one)).collect::<Result<_, _>>()?;
            let lengths: Vec<Duration> = prepared.iter().map(Prepared::length).collect();
            // They go on at the same time, which is counted once.
            let mut longest = lengths.iter().max().copied().unwrap_or_default();
            let site = &self.site;
            let ended: Vec<Ended> = std::thread::scope(|scope| {
                let threads: Vec<_> =
                    prepared.into_iter().map(|one| scope.spawn(move || one.conduct(site))).collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
                    .collect()
            });
            for ((experiment, ended), length) in beside.into_iter().zip(ended).zip(lengths) {
                let seen = self.take(ended, std::mem::take(&mut longest))?;
                self.ready.push((experiment, seen, length));
            }
        }
        Ok(())
    }

    fn prepare(&mut self, experiment: &Experiment) -> Result<Prepared, DiscoverError> {
        if self.site.interrupt.is_cancelled() {
            return Err(DiscoverError::Interrupted);
        }
        (self.watch)(&experiment.name, self.cost);
        let loaded = self.compile(experiment)?;
        self.cost.experiments += 1;
        Ok(Prepared { name: experiment.name.clone(), loaded })
    }

    /// Counts what an experiment has cost, and makes its evidence ready to be looked at.
    fn take(&mut self, ended: Ended, took: Duration) -> Result<Seen, DiscoverError> {
        let (name, mut brief, version, evidence) = ended?;
        if self.site.interrupt.is_cancelled() {
            return Err(DiscoverError::Interrupted);
        }
        self.version = version;
        let ledger = Ledger::join(evidence);
        self.cost.requests += ledger.entries().len() as u64;
        self.cost.time = Timespan(*self.cost.time + took);
        // Nothing is declared: measuring must not lean on what is to be found out.
        brief.policy = Policy::default();
        if let Some(why) = measure::conservation::problems(&brief, &ledger).into_iter().next() {
            return Err(DiscoverError::Unsound { name, why });
        }
        let stalls = Stalls::of(&ledger);
        Ok(Seen { name, brief, ledger, stalls })
    }
}

/// How many experiments are run at a time: more would disturb each other on a machine of two or four cores.
const AT_A_TIME: usize = 3;

/// How many experiments can be run at a time of a gateway. One that runs already has the backends of one experiment, and so has one
/// whose backends have ports of their own. Simulated time waits for nobody.
fn at_a_time(site: &Site, plan: &Plan) -> usize {
    let gateway = plan.gateway.contract();
    let fixed = plan.pool.backends.iter().any(|backend| backend.listen.port() != 0);
    if site.simulate || fixed || !gateway.is_launched() {
        return 1;
    }
    let usual = if gateway.has_own_configuration() { 1 } else { AT_A_TIME };
    site.at_a_time.unwrap_or(usual)
}

/// What came of a run: the experiment's name, what it was, what the gateway said its version is, and the evidence.
type Ended = Result<(String, Brief, Option<String>, Evidence), DiscoverError>;

/// An experiment that can be run.
struct Prepared {
    name: String,
    loaded: Loaded,
}

impl Prepared {
    fn length(&self) -> Duration {
        self.loaded.plan.length
    }

    fn conduct(self, site: &Site) -> Ended {
        let Prepared { name, loaded: Loaded { plan, text, .. } } = self;
        let options = run::Options {
            out: site.out.clone(),
            scenario_path: format!("{name}.toml"),
            scenario_text: text,
            overrides: site.overrides.set.clone(),
            simulate: site.simulate,
            allowed: site.allowed.clone(),
            status: None,
            interrupt: site.interrupt.clone(),
            abort: CancellationToken::new(),
        };
        let progress = Arc::new(Progress::new(&plan, 0));
        let failed = |error| DiscoverError::Run { name: name.clone(), error: Box::new(error) };
        let (manifest, evidence) = if site.simulate {
            run::run_in_memory(&plan, &options, &progress).map_err(failed)?
        } else {
            let finished = run::run(&plan, &options, &progress).map_err(failed)?;
            let read = archive::read_run(&finished.dir)
                .map_err(|error| DiscoverError::Evidence { name: name.clone(), error: Box::new(error) })?;
            (read.manifest, read.evidence)
        };
        Ok((name, plan.brief, manifest.gateway_version, evidence))
    }
}
