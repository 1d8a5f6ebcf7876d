//! Where experiments are run: each on a gateway that is started for it, so that none leaks into the next.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use evidence::Ledger;
use measure::stalls::Stalls;
use policy::Policy;
use run::{Progress, RunError};
use scenario::Overrides;
use tokio_util::sync::CancellationToken;
use units::Timespan;

use crate::experiment::Experiment;
use crate::seen::Seen;

/// What is asked about: a gateway with its backends.
#[derive(Clone, Debug)]
pub struct Site {
    /// The tables `[gateway.…]`, `[policy]`, `[backends]` and `[backend.…]` of a scenario file.
    pub head: String,
    /// The names of the backends, in the order of `head`.
    pub backends: Vec<String>,
    /// The path that is asked for, with the placeholders of scenario files.
    pub path: String,
    /// The directory from which paths in `head` are looked up.
    pub base: PathBuf,
    /// The seed of every draw.
    pub seed: u64,
    /// How long a timer may be that is still looked for.
    pub longest: Timespan,
    /// True for the simulated world.
    pub simulate: bool,
    /// The directory in which the runs are kept.
    pub out: PathBuf,
    /// Hosts beyond this machine that may be sent load.
    pub allow_hosts: Vec<String>,
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

/// Runs experiments, and counts what they cost.
#[derive(Debug)]
pub struct Lab {
    pub(crate) site: Site,
    /// Requests that were sent so far.
    pub requests: u64,
    /// Time that was planned for the experiments so far.
    pub spent: Duration,
    /// What the gateway said its version is.
    pub(crate) version: Option<String>,
}

impl Lab {
    /// A lab that has run nothing yet.
    pub fn new(site: Site) -> Self {
        Lab { site, requests: 0, spent: Duration::ZERO, version: None }
    }

    /// Runs an experiment.
    pub(crate) fn run(&mut self, experiment: &Experiment) -> Result<Seen, DiscoverError> {
        if self.site.interrupt.is_cancelled() {
            return Err(DiscoverError::Interrupted);
        }
        let site = &self.site;
        let deadline = Timespan(site.longest.saturating_add(Duration::from_secs(2)));
        let text = experiment.text(&site.head, site.seed, &site.path, deadline);
        let origin = format!("experiment `{}`", experiment.name);
        let loaded = scenario::load_text(&origin, &text, &site.base, &Overrides::default())
            .map_err(|failure| DiscoverError::Scenario(failure.render(false)))?;
        let plan = loaded.plan;
        let options = run::Options {
            out: site.out.clone(),
            scenario_path: origin,
            scenario_text: loaded.text,
            overrides: Vec::new(),
            simulate: site.simulate,
            allow_hosts: site.allow_hosts.clone(),
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
        self.spent += plan.length;
        let ledger = Ledger::join(evidence);
        self.requests += ledger.entries().len() as u64;
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
