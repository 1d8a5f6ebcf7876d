//! `brownout check` and `brownout plan`: what a scenario resolves to, without running it.

use std::fmt::Write;

use anyhow::Result;
use gateways::Allowed;
use scenario::Loaded;

use crate::args::{Check, Files};
use crate::exit::Exit;
use crate::output::{complain, complain_of, harmless, print};
use crate::scenario_source::{each, load, overrides};

pub(crate) fn check(args: &Check) -> Result<Exit> {
    // Nothing is run here, so that commands need no leave.
    let allowed =
        Allowed { hosts: args.allow_host.clone(), commands: true, listen: args.allow_listen.clone() };
    show_each(&args.files, |name, loaded| match run::preflight(&loaded.plan, &allowed) {
        Ok(()) => {
            let mut commands = String::new();
            for (what, words) in loaded.plan.gateway.contract().commands() {
                let _ = writeln!(commands, "  {what:<7} {words}");
            }
            print(&harmless(&format!("{name}: ok\n{commands}"))).map(|()| Exit::Pass)
        }
        Err(error) => {
            let place = error.key().map(|key| loaded.place_of(&key)).filter(|place| !place.is_empty());
            let place = place.unwrap_or_else(|| format!("{name}: "));
            complain(&format_args!("error: {place}{error}"));
            Ok(Exit::from(&error))
        }
    })
}

pub(crate) fn plan(args: &Files) -> Result<Exit> {
    show_each(args, |_, loaded| {
        print(&harmless(&scenario::describe(&loaded.plan).to_string())).map(|()| Exit::Pass)
    })
}

fn show_each(args: &Files, show: impl Fn(&str, &Loaded) -> Result<Exit>) -> Result<Exit> {
    let overrides = overrides(&args.overrides);
    let mut exit = Exit::Pass;
    let paths = match each(&args.scenarios) {
        Ok(paths) => paths,
        Err(error) => {
            complain(&format_args!("error: {error:#}"));
            return Ok(Exit::Usage);
        }
    };
    for path in paths {
        match load(&path, &overrides) {
            Ok(loaded) => {
                if !loaded.warnings.is_empty() {
                    complain_of(|colour| loaded.render_warnings(colour));
                }
                exit = exit.max(show(&path.display().to_string(), &loaded)?);
            }
            Err(failure) => {
                complain_of(|colour| failure.render(colour));
                exit = exit.max(Exit::Usage);
            }
        }
    }
    Ok(exit)
}
