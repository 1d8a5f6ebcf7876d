//! One run in the simulated world, judged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use policy::Policy;
use reports::Report;
use run::{Options, Progress};
use scenario::Overrides;
use tokio_util::sync::CancellationToken;

/// A scenario with what is changed for this run.
#[derive(Clone, Debug)]
pub struct Trial<'a> {
    /// The scenario.
    pub text: &'a str,
    /// Settings as on the command line, `path=value`.
    pub set: &'a [String],
    /// The seed of every draw.
    pub seed: u64,
    /// What the gateway really does, where that is not what the scenario declares.
    pub really: Option<&'a Policy>,
}

/// Why a trial gave no report.
#[derive(Debug)]
pub enum TrialError {
    /// The scenario is wrong: its diagnostics.
    Scenario(String),
    /// The run failed.
    Run(String),
}

impl std::fmt::Display for TrialError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TrialError::Scenario(text) | TrialError::Run(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for TrialError {}

impl Trial<'_> {
    /// Runs and judges it. Nothing is written.
    pub fn report(&self) -> Result<Report, TrialError> {
        let overrides = Overrides { set: self.set.to_vec(), seed: Some(self.seed), gateway: None };
        let loaded = scenario::load_text("scenario.toml", self.text, Path::new("."), &overrides)
            .map_err(|failure| TrialError::Scenario(failure.render(false)))?;
        let mut plan = loaded.plan;
        if let Some(really) = self.really {
            // What is declared stays in the brief, by which the run is judged.
            plan.policy = really.clone();
        }
        let options = Options {
            out: PathBuf::new(),
            scenario_path: "scenario.toml".into(),
            scenario_text: loaded.text,
            overrides: overrides.set,
            simulate: true,
            allowed: gateways::Allowed::default(),
            status: None,
            interrupt: CancellationToken::new(),
            abort: CancellationToken::new(),
        };
        let progress = Arc::new(Progress::new(&plan, 0));
        let (manifest, evidence) = run::run_in_memory(&plan, &options, &progress)
            .map_err(|error| TrialError::Run(error.to_string()))?;
        Ok(assess::judge_kept(plan, manifest, evidence))
    }
}
