//! The words of the command line.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use fake_backends::listen_address;

use crate::export_ways::ExportWays;

mod discover;

pub(crate) use discover::{Diff, Discover, PageFormat};

/// Crash-tests API gateways: fake backends that misbehave, an open-loop load, and verdicts with evidence.
#[derive(Debug, Parser)]
#[command(name = "brownout", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Args {
    /// Log to standard error: how the gateway is started and the phases; twice for retries, three times for every request.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run scenarios against a gateway and judge what it did.
    Run(Run),
    /// Check scenario files, without running anything.
    Check(Check),
    /// Print everything that a scenario resolves to: phases, faults, requests, configuration, expectations.
    Plan(Files),
    /// Write a commented scenario to start from.
    Init(Init),
    /// Make a scenario of a gateway's own configuration: Bicep, ARM templates and policies of Azure API Management.
    Import(Import),
    /// Judge a run again, also one that was cut off, also with another scenario's expectations.
    Analyze(Analyze),
    /// Write the report of a finished run, or of a saved report, in any format.
    Report(ReportArgs),
    /// Write the evidence of a run for other tools.
    Export(Export),
    /// Compare two runs of a scenario: what changed, what is the same, and what can't be told.
    Compare(Compare),
    /// Find out what a gateway really does when backends fail: timers, retries, breaker, pool. Needs no scenario.
    Discover(Discover),
    /// Compare two profiles that `discover` has written, in the words of behaviour. 1 if anything changed.
    Diff(Diff),
    /// Keep what a run measured, for later runs to be judged against.
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Hold game days: scheduled, approved, watched, stopped, rolled back, remembered.
    #[command(subcommand)]
    Gameday(crate::gameday_args::GamedayCommand),
    /// List the runs of a directory with their verdicts and key figures.
    History(HistoryArgs),
    /// List what there is to choose from.
    List {
        /// What to list.
        what: Listing,
    },
    /// Print the reference page of anything that has a name.
    Explain(Explain),
    /// Print the JSON Schema of scenario files, by which editors complete them.
    Schema,
    /// Check that this machine has what runs need, and say how to mend what is missing.
    Doctor(Doctor),
    /// Serve game days to browsers: their calendar, approvals, live runs, history, and one red button.
    Serve(crate::serve_args::Serve),
    /// Try brownout itself: defects that must be caught, small changes of policies that must be noticed, and a correct
    /// gateway that must never be blamed.
    Selftest(Selftest),
    /// Print the completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, or print the first of them.
    Man {
        /// The directory to write a page for each command to; standard output gets the first page without it.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Selftest {
    /// Seeds of the correct gateway for each scenario of the library.
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub(crate) seeds: u64,
    /// How many pairs of defects are tried, each in the scenarios of both.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) pairs: usize,
    /// Leave defects and policy mutants out.
    #[arg(long)]
    pub(crate) correct_only: bool,
    /// Run the scenario that is made up from this seed instead, and show what is said of it.
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seeds", "correct_only", "scenarios"])]
    pub(crate) random: Option<u64>,
    /// Run so many made-up scenarios on the correct gateway instead, and say what failed or was left open.
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["seeds", "correct_only", "scenarios", "random"])]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) made_up: Option<u64>,
    /// The seed of the first made-up scenario.
    #[arg(long, value_name = "SEED", default_value_t = 1, requires = "made_up")]
    pub(crate) from: u64,
    /// Only these scenarios of the library.
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Init {
    /// The file to write, or `-` for standard output.
    #[arg(long, value_name = "FILE", default_value = "brownout.toml")]
    pub(crate) out: PathBuf,
    /// The kind of gateway; see `brownout list gateways`.
    #[arg(long, value_name = "KIND")]
    pub(crate) gateway: Option<String>,
    /// How many fake backends there are.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) backends: Option<u8>,
    /// What the gateway is declared to do when a backend fails; several are separated by commas.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    pub(crate) policy: Option<Vec<PolicyPart>>,
    /// Overwrite the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Import {
    /// The files of the configuration. Only these are read: modules, fragments and policies that they name have to be named here
    /// as well.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The directory to write the scenario and `import.json` to.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The value of a parameter, a named value, a slot or an environment variable that the files leave open; may be repeated.
    #[arg(long = "value", value_name = "NAME=VALUE")]
    pub(crate) values: Vec<String>,
    /// The backend or pool that the scenario is about, if there are several.
    #[arg(long, value_name = "NAME")]
    pub(crate) backend: Option<String>,
    /// The route that the scenario is about, if there are several: its name, or its host and path as an error lists them.
    #[arg(long, value_name = "NAME")]
    pub(crate) route: Option<String>,
    /// The request that the scenario is about, where a policy decides by it (`<choose>`): `--request "POST /chat/completions"`.
    #[arg(long, value_name = "METHOD PATH")]
    pub(crate) request: Option<String>,
    /// A header of that request; may be repeated. It has no others.
    #[arg(long = "header", value_name = "NAME: VALUE", requires = "request")]
    pub(crate) headers: Vec<String>,
    /// Overwrite what was written before.
    #[arg(long)]
    pub(crate) force: bool,
}

/// A part of a policy, as far as `init` knows how to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyPart {
    /// It gives up on an attempt that takes too long.
    Timeout,
    /// It tries a failed read once more.
    Retry,
    /// It leaves a failing backend alone for a while.
    Breaker,
    /// None of these.
    None,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Explain {
    /// Its name, such as `breaker`, `policy.retry`, `fault/status`, `exit/4` or `outcome/eof_in_body`; an overview without it.
    pub(crate) what: Option<String>,
    /// Write all reference pages instead, as Markdown.
    #[arg(long, hide = true, requires = "out", conflicts_with = "what")]
    pub(crate) all: bool,
    /// The directory for `--all`.
    #[arg(long, hide = true, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Doctor {
    /// A gateway that must be there; may be repeated. Without it, every gateway may be missing.
    #[arg(long, value_name = "KIND")]
    pub(crate) gateway: Vec<String>,
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
    /// Scenario files, folders of them, or names and families from the library.
    #[arg(required = true, value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Allow load to this host, as in `brownout run`. May be repeated.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
    /// Allow backends to listen at this address, as in `brownout run`. May be repeated.
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    pub(crate) allow_listen: Vec<IpAddr>,
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
    /// Allow backends to listen at this address of the machine, where others can reach them; without it, they listen on loopback
    /// only. `0.0.0.0` and `::` stand for all addresses. May be repeated.
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    pub(crate) allow_listen: Vec<IpAddr>,
    /// Allow scenarios to run programs of their choice (`[gateway.command]`); `brownout plan` shows which.
    #[arg(long)]
    pub(crate) allow_commands: bool,
    /// Serve the live state of the run: `/` as JSON, `/metrics` as OpenMetrics.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) status: Option<SocketAddr>,
    /// Let other machines ask for `--status` by this name or address; without it, the page is for this machine only. May be
    /// repeated.
    #[arg(long, value_name = "HOST", requires = "status")]
    pub(crate) status_host: Vec<String>,
    /// Also write the report in this format to this file; may be repeated. `{scenario}` in the path stands for the name of
    /// the scenario's file.
    #[arg(long = "report", value_name = "FORMAT=PATH")]
    pub(crate) reports: Vec<String>,
    /// Also judge against a baseline: this file, or the one beside the scenario. 1 if a figure got worse.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    // Twice optional: not asked for, asked for, asked for with a file.
    #[expect(clippy::option_option, reason = "it is how clap tells an option without a value from none")]
    pub(crate) baseline: Option<Option<PathBuf>>,
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
    /// Run directories, or saved `report.json` files. Formats such as `junit` hold several runs in one document.
    #[arg(required = true, value_name = "RUN")]
    pub(crate) sources: Vec<PathBuf>,
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
    #[command(flatten)]
    pub(crate) ways: ExportWays,
    /// Make the directory of each export here; in the run directory without it.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Listing {
    Scenarios,
    Faults,
    Actions,
    Expectations,
    Gateways,
    Defects,
    Formats,
    Exports,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Compare {
    /// What to compare with: a run directory, or a saved `report.json`.
    pub(crate) before: PathBuf,
    /// What to compare: another run of the same scenario.
    pub(crate) after: PathBuf,
    /// The format.
    #[arg(long, value_enum, default_value = "terminal")]
    pub(crate) format: CompareFormat,
    /// The file to write; standard output without it.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// How a comparison is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CompareFormat {
    Terminal,
    Markdown,
    Html,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Write a finished run's figures, each with its tolerance, to a small file beside its scenario.
    Save {
        /// A run directory, or a saved `report.json`.
        run: PathBuf,
        /// The file to write; `NAME.baseline.toml` beside the scenario without it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct HistoryArgs {
    /// The directory that holds run directories.
    #[arg(default_value = "runs")]
    pub(crate) directory: PathBuf,
    /// The format.
    #[arg(long, value_enum, default_value = "terminal")]
    pub(crate) format: HistoryFormat,
    /// The file to write; standard output without it.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// How a history is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum HistoryFormat {
    Terminal,
    Html,
}
