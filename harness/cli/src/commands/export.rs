//! `brownout export`: the evidence of a run for other tools.

use anyhow::{Context, Result};
use archive::read_run;
use assess::plan_of;
use driver::Class;
use evidence::Exchange;
use export::{Exported, Names, Request};
use measure::brief::Brief;

use crate::args::Export;
use crate::exit::Exit;
use crate::output::{complain, harmless, print};

pub(crate) fn export(args: &Export) -> Exit {
    match write(args) {
        Ok(()) => Exit::Pass,
        Err(error) => {
            complain(&format_args!("error: {error:#}"));
            Exit::Usage
        }
    }
}

fn write(args: &Export) -> Result<()> {
    let run = read_run(&args.run)?;
    let manifest = args.run.join("manifest.json");
    let plan = plan_of(&run.manifest).with_context(|| format!("{}", manifest.display()))?;
    let driver = &plan.driver;
    let request = |exchange: &Exchange| {
        let class = driver.classes.get(usize::from(exchange.class))?;
        let (host, path) = (host(class).unwrap_or(&driver.host), class.path_of(exchange.tag));
        Some(Request {
            traffic: class.name.clone(),
            method: class.method.clone(),
            url: format!("http://{host}{path}"),
        })
    };
    let Brief { backends, injections, phases, .. } = &plan.brief;
    let names = Names {
        traffic: driver.classes.iter().map(|class| class.name.clone()).collect(),
        backends: backends.iter().map(|backend| backend.name.clone()).collect(),
        faults: injections.iter().map(|fault| format!("{} {}", fault.fault, fault.settings)).collect(),
        phases: phases.iter().map(|phase| (phase.name.clone(), phase.during)).collect(),
        request: &request,
    };
    let base = args.out.as_deref().unwrap_or(&args.run);
    for (kind, files) in export::export(&args.ways.0, run, &names, base)? {
        for Exported { path, rows, left_out } in files {
            print(&harmless(&format!("{}  {rows} {}\n", path.display(), kind.unit)))?;
            if let Some(left_out) = left_out {
                print(&format_args!("{left_out}\n"))?;
            }
        }
    }
    Ok(())
}

/// The `host` header that a class sends instead of the load's.
fn host(class: &Class) -> Option<&str> {
    let given = class.headers.iter().rfind(|(name, _)| name.eq_ignore_ascii_case("host"))?;
    Some(&given.1)
}
