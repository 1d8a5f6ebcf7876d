//! The command line of brownout: words, progress and exit codes. The only room that writes to standard output.

mod args;
mod batch;
mod commands;
mod exit;
mod help;
mod interrupt;
mod output;
mod pages;
mod progress;
mod sources;
mod starter;

use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind;

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

/// Diagnostics go to standard error: warnings by default, more with `-v`, or by `RUST_LOG`.
fn trace(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}
