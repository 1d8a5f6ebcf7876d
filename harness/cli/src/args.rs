//! The words of the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "Exit codes:
  0  pass: every expectation was met, with evidence
  1  fail: an expectation was not met
  2  inconclusive: the evidence proves nothing either way
  3  the scenario or the command line is wrong
  4  the environment failed: the gateway did not start, a port was taken";

/// Crash-tests API gateways: fake backends that misbehave, an open-loop load, and verdicts with evidence.
#[derive(Debug, Parser)]
#[command(name = "brownout", version, after_help = EXIT_CODES, propagate_version = true, max_term_width = 110)]
pub(crate) struct Args {
    /// Say more on standard error; repeat for still more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run scenarios against a gateway and judge what it did.
    #[command(after_help = "Examples:
  brownout run first-look                                   a scenario of the library, on the reference gateway
  brownout run retry.toml --gateway haproxy                 the same scenario against a real gateway
  brownout run retry.toml --set 'gateway.reference.defects=[\"retries-post\"]'
  brownout run ci/*.toml --report junit=junit.xml           for CI")]
    Run(Run),
    /// Check scenario files, without running anything.
    Check(Files),
    /// Print everything that a scenario resolves to: phases, faults, requests, configuration, expectations.
    Plan(Files),
    /// Judge a run again, also one that was cut off, also with another scenario's expectations.
    Analyze(Analyze),
    /// Write the report of a finished run, or of a saved report, in any format.
    Report(ReportArgs),
    /// Write the evidence of a run for other tools.
    Export(Export),
    /// List what there is to choose from.
    List {
        /// What to list.
        what: Listing,
    },
    /// Print the reference page of a fault, expectation, gateway, defect, format, or verdict.
    Explain {
        /// Its name, such as `status` or `fault/status`.
        what: String,
    },
    /// Print the JSON Schema of scenario files, by which editors complete them.
    Schema,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Overrides {
    /// Override a key of the scenario with a TOML value; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Use this gateway instead of the scenario's.
    #[arg(long, value_name = "KIND")]
    pub(crate) gateway: Option<String>,
    /// Use this seed instead of the scenario's.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Files {
    /// Scenario files, or names from the library.
    #[arg(required = true, value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Where run directories are made.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub(crate) out: PathBuf,
    /// Run in the simulated world: the reference gateway, no sockets, no waiting, twice the same.
    #[arg(long)]
    pub(crate) simulate: bool,
    /// Allow load to this host; without it, loads go to loopback only. May be repeated.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
    /// Serve the live state of the run: `/` as JSON, `/metrics` as OpenMetrics.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) status: Option<SocketAddr>,
    /// Also write the report in this format to this file; may be repeated.
    #[arg(long = "report", value_name = "FORMAT=PATH")]
    pub(crate) reports: Vec<String>,
    /// Show no progress.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Analyze {
    /// The run directory.
    pub(crate) run: PathBuf,
    /// Judge by this scenario's expectations instead of the run's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// Also write the report in this format to this file; may be repeated.
    #[arg(long = "report", value_name = "FORMAT=PATH")]
    pub(crate) reports: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ReportArgs {
    /// A run directory, or a saved `report.json`.
    pub(crate) source: PathBuf,
    /// The format; see `brownout list formats`.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,
    /// The file to write; standard output without it.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Export {
    /// The run directory.
    pub(crate) run: PathBuf,
    /// Write the tables as Parquet files, for pandas, Polars or DuckDB.
    #[arg(long, required = true)]
    pub(crate) parquet: bool,
    /// The directory to write to; the run directory's `parquet` without it.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Listing {
    Scenarios,
    Faults,
    Expectations,
    Gateways,
    Defects,
    Formats,
}
