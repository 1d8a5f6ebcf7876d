//! `brownout check` and `brownout plan`: what a scenario resolves to, without running it.

use anyhow::Result;

use crate::args::Files;
use crate::exit::Exit;
use crate::output::{complain_of, harmless, print};
use crate::sources::{load, overrides};

pub(crate) fn check(args: &Files) -> Result<Exit> {
    each(args, |name, _| print(&harmless(&format!("{name}: ok\n"))))
}

pub(crate) fn plan(args: &Files) -> Result<Exit> {
    each(args, |_, loaded| print(&harmless(&scenario::describe(&loaded.plan).to_string())))
}

fn each(args: &Files, show: impl Fn(&str, &scenario::Loaded) -> Result<()>) -> Result<Exit> {
    let overrides = overrides(&args.overrides);
    let mut exit = Exit::Pass;
    for path in &args.scenarios {
        match load(path, &overrides) {
            Ok(loaded) => {
                if !loaded.warnings.is_empty() {
                    complain_of(|colour| loaded.render_warnings(colour));
                }
                show(&path.display().to_string(), &loaded)?;
            }
            Err(failure) => {
                complain_of(|colour| failure.render(colour));
                exit = Exit::Usage;
            }
        }
    }
    Ok(exit)
}
