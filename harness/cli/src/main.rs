//! The command line of brownout: words, progress and exit codes. The only room that writes to standard output.

mod args;
mod batch;
mod catalogue;
mod commands;
mod exit;
mod export_ways;
mod gameday_args;
mod help;
mod interrupt;
mod output;
mod pages;
mod progress;
mod scenario_source;
mod scenario_template;
mod serve_args;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::exit::Exit;

fn main() -> ExitCode {
    let parsed = help::command().try_get_matches().and_then(|found| args::Args::from_arg_matches(&found));
    let exit = match parsed {
        Ok(args) => {
            trace(args.verbose);
            commands::carry_out(args.command)
        }
        Err(error) => {
            // What clap has to say goes where it belongs; a closed pipe is no reason to fail.
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            if asked { Exit::Pass } else { Exit::Usage }
        }
    };
    exit.into()
}

/// Diagnostics go to standard error: warnings by default, more with `-v`, or by `RUST_LOG` (`debug`, or
/// `info,brownout_run=trace`).
fn trace(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let asked = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(level));
    // Colours are for eyes: in a file they are noise.
    let is_seen = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(|| output::AboveBars).with_target(false);
    let lines = lines.with_ansi(is_seen && std::env::var_os("NO_COLOR").is_none());
    tracing_subscriber::registry().with(lines).with(filter).init();
}
