//! `brownout export`: the evidence of a run for other tools.

use anyhow::{Context, Result};
use archive::read_run;
use assess::plan_of;
use driver::DriverSpec;
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
    // A real run chooses its own nonce.
    let driver = DriverSpec { nonce: run.manifest.nonce, ..plan.driver.clone() };
    let request = |exchange: &Exchange| {
        let class = driver.classes.get(usize::from(exchange.class))?;
        Some(Request {
            traffic: class.name.clone(),
            method: class.method.clone(),
            url: driver.url_of(class, exchange.tag),
        })
    };
    let Brief { backends, injections, phases, headers, .. } = &plan.brief;
    let names = Names {
        traffic: driver.classes.iter().map(|class| class.name.clone()).collect(),
        backends: backends.iter().map(|backend| backend.name.clone()).collect(),
        actions: plan
            .brief
            .actions
            .iter()
            .map(|action| format!("{} {}", action.kind, action.settings))
            .collect(),
        faults: injections.iter().map(|fault| format!("{} {}", fault.fault, fault.settings)).collect(),
        headers: headers.iter().map(|header| header.name.clone()).collect(),
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
