//! `brownout gameday`: game days without a server.

mod bundles;
mod files;
mod hold;
mod look;

use anyhow::Result;

use crate::exit::Exit;
use crate::gameday_args::GamedayCommand;
use crate::output::print;

pub(super) fn gameday(command: &GamedayCommand) -> Result<Exit> {
    match command {
        GamedayCommand::Check { files } => look::check(files),
        GamedayCommand::Plan { file, markdown } => look::plan(file, *markdown),
        GamedayCommand::Run(args) => hold::run(args),
        GamedayCommand::List { files, dir } => look::list(files, dir),
        GamedayCommand::Recover { day, allow } => hold::recover(day, allow),
        GamedayCommand::Decide { day, number, answer, by } => look::decide(day, *number, by, answer),
        GamedayCommand::Bundle { day, out } => bundles::bundle(day, out.as_deref()),
        GamedayCommand::Verify { bundle } => bundles::verify(bundle),
        GamedayCommand::Schema => {
            print(&format_args!("{}\n", serde_json::to_string_pretty(&gamedays::schema())?))?;
            Ok(Exit::Pass)
        }
    }
}
