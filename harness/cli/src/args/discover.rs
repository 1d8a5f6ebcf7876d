//! The arguments of `discover` and `diff`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use fake_backends::listen_address;

use super::Overrides;

#[derive(Debug, ClapArgs)]
pub(crate) struct Discover {
    /// A scenario whose gateway, policy and backends are asked about; the gateway of `--gateway` without it.
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenario: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// The gateway's own configuration, with `{{backend.NAME.address}}` where the address of a backend stands.
    #[arg(long, value_name = "FILE", requires = "gateway")]
    pub(crate) config: Option<PathBuf>,
    /// The path that is asked for; `{n}` is the number of the request.
    #[arg(long, value_name = "PATH", default_value = "/discover/{n}")]
    pub(crate) path: String,
    /// The longest timer that is looked for.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(crate) longest: units::Timespan,
    /// Ask only these questions; several are separated by commas.
    #[arg(long, value_name = "QUESTION", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Run so many experiments at a time that do not depend on each other, each on a gateway of its own. 3 where brownout makes the
    /// gateway's configuration; 1 where it is your own, since two gateways may not be able to share what it names.
    #[arg(long, value_name = "COUNT", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=16))]
    pub(crate) at_a_time: Option<usize>,
    /// Where the profile is written.
    #[arg(long, value_name = "FILE", default_value = "profile.toml")]
    pub(crate) profile: PathBuf,
    /// Write the scenario as well that holds what was found in place.
    #[arg(long = "scenario", value_name = "FILE")]
    pub(crate) held: Option<PathBuf>,
    /// How what was found is printed.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: PageFormat,
    /// Where the runs of the experiments are kept.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub(crate) out: PathBuf,
    /// Ask in the simulated world: the reference gateway, no sockets, no waiting.
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
    /// Show no progress.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Diff {
    /// The profile that was, or a scenario whose policy declares what should be.
    pub(crate) before: PathBuf,
    /// The profile that is, or such a scenario.
    pub(crate) after: PathBuf,
    /// How the changes are printed; Markdown is for a pull request.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: PageFormat,
}

/// How profiles and what changed of them are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PageFormat {
    Terminal,
    Markdown,
    Html,
}
