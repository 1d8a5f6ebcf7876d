//! The commands, one file each. A command returns the exit code, or an error whose text is for people.

mod analyze;
mod baseline;
mod check;
mod compare;
mod discover;
mod doctor;
mod explain;
mod export;
mod gameday;
mod history;
mod import;
mod init;
mod list;
mod report;
mod run;
mod selftest;
mod serve;
mod shell;

use crate::args::Command;
use crate::exit::Exit;
use crate::output::{complain, print};

/// Carries out a command; errors that no command mapped to an exit code are the environment's.
pub(crate) fn carry_out(command: Command) -> Exit {
    let carried_out = match command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::Plan(args) => check::plan(&args),
        Command::Analyze(args) => analyze::analyze(&args),
        Command::Report(args) => report::report(&args),
        Command::Export(args) => Ok(export::export(&args)),
        Command::Compare(args) => Ok(compare::compare(&args)),
        Command::Discover(args) => discover::discover_gateway(&args),
        Command::Diff(args) => Ok(discover::diff(&args)),
        Command::Baseline(command) => Ok(baseline::baseline(&command)),
        Command::Gameday(command) => gameday::gameday(&command),
        Command::History(args) => history::history(&args),
        Command::List { what } => list::list(what),
        Command::Explain(args) => explain::explain(&args),
        Command::Schema => schema(),
        Command::Init(args) => init::init(&args),
        Command::Import(args) => import::import(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Selftest(args) => selftest::run(&args),
        Command::Serve(args) => serve::serve(&args),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { out } => shell::man(out.as_deref()),
    };
    carried_out.unwrap_or_else(|error| {
        complain(&format_args!("error: {error:#}"));
        Exit::Environment
    })
}

fn schema() -> anyhow::Result<Exit> {
    let text = serde_json::to_string_pretty(&scenario::schema())?;
    print(&format_args!("{text}\n"))?;
    Ok(Exit::Pass)
}
