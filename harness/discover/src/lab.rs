//! Where experiments are run: each on a gateway that is started for it, so that none leaks into the next.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use evidence::Ledger;
use gateways::Allowed;
use measure::brief::BackendBrief;
use measure::stalls::Stalls;
use policy::{Affinity, Policy};
use run::{Progress, RunError};
use scenario::{Loaded, Overrides};
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
        };
        let plan =
            lab.compile(&Experiment::new("nothing", 1.0).phase("steady", Timespan::from_secs(1)))?.plan;
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
        if self.site.interrupt.is_cancelled() {
            return Err(DiscoverError::Interrupted);
        }
        (self.watch)(&experiment.name, self.cost);
        let loaded = self.compile(experiment)?;
        let (site, plan) = (&self.site, loaded.plan);
        let options = run::Options {
            out: site.out.clone(),
            scenario_path: format!("{}.toml", experiment.name),
            scenario_text: loaded.text,
            overrides: site.overrides.set.clone(),
            simulate: site.simulate,
            allowed: site.allowed.clone(),
            status: None,
            interrupt: site.interrupt.clone(),
            abort: CancellationToken::new(),
        };
        let progress = Arc::new(Progress::new(&plan, 0));
        let failed = |error| DiscoverError::Run { name: experiment.name.clone(), error: Box::new(error) };
        let (manifest, evidence) = if site.simulate {
            run::run_in_memory(&plan, &options, &progress).map_err(failed)?
        } else {
            let finished = run::run(&plan, &options, &progress).map_err(failed)?;
            let read = archive::read_run(&finished.dir).map_err(|error| DiscoverError::Evidence {
                name: experiment.name.clone(),
                error: Box::new(error),
            })?;
            (read.manifest, read.evidence)
        };
        if self.site.interrupt.is_cancelled() {
            return Err(DiscoverError::Interrupted);
        }
        self.version = manifest.gateway_version;
        let ledger = Ledger::join(evidence);
        self.cost.experiments += 1;
        self.cost.requests += ledger.entries().len() as u64;
        self.cost.time = Timespan(*self.cost.time + plan.length);
        let mut brief = plan.brief;
        // Nothing is declared: measuring must not lean on what is to be found out.
        brief.policy = Policy::default();
        let problems = measure::conservation::problems(&brief, &ledger);
        if let Some(why) = problems.into_iter().next() {
            return Err(DiscoverError::Unsound { name: experiment.name.clone(), why });
        }
        let stalls = Stalls::of(&ledger);
        Ok(Seen { name: experiment.name.clone(), brief, ledger, stalls })
    }
}
