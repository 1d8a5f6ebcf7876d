//! One flag an export, from the registry: `--parquet`, `--csv`, ….

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, Error, FromArgMatches};
use export::{EXPORTS, ExportKind};

/// The exports that were asked for: at least one, in the order of the registry.
#[derive(Clone, Debug)]
pub(crate) struct ExportWays(pub(crate) Vec<&'static ExportKind>);

impl Args for ExportWays {
    fn augment_args(command: Command) -> Command {
        let flags = EXPORTS.iter().map(|kind| {
            // The help of an option has no full stop.
            Arg::new(kind.name)
                .long(kind.name)
                .action(ArgAction::SetTrue)
                .help(kind.summary.trim_end_matches('.'))
        });
        let names = EXPORTS.iter().map(|kind| kind.name);
        command.args(flags).group(ArgGroup::new("ways").args(names).required(true).multiple(true))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ExportWays {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(ExportWays(EXPORTS.iter().filter(|kind| matches.get_flag(kind.name)).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
