//! `brownout check` and `brownout plan`: what a scenario resolves to, without running it.

use anyhow::Result;

use crate::args::Files;
use crate::exit::Exit;
use crate::output::{complain, print, stderr_has_colour};
use crate::sources::{load, overrides};

pub(crate) fn check(args: &Files) -> Result<Exit> {
    each(args, |name, _| print(&format_args!("{name}: ok\n")))
}

pub(crate) fn plan(args: &Files) -> Result<Exit> {
    each(args, |_, loaded| print(&scenario::describe(&loaded.plan)))
}

fn each(args: &Files, show: impl Fn(&str, &scenario::Loaded) -> Result<()>) -> Result<Exit> {
    let overrides = overrides(&args.overrides);
    let mut exit = Exit::Pass;
    for path in &args.scenarios {
        match load(path, &overrides) {
            Ok(loaded) => {
                if !loaded.warnings.is_empty() {
                    complain(&loaded.render_warnings(stderr_has_colour()));
                }
                show(&path.display().to_string(), &loaded)?;
            }
            Err(failure) => {
                complain(&failure.render(stderr_has_colour()));
                exit = Exit::Usage;
            }
        }
    }
    Ok(exit)
}
