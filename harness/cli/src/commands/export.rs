//! `brownout export`: the evidence of a run for other tools.

use std::path::Path;

use anyhow::{Context, Result};
use driver::Class;
use evidence::{Exchange, Exported, HarRequest, HarWords, ReadRun, read_run};
use measure::brief::Brief;

use crate::args::Export;
use crate::exit::Exit;
use crate::output::{complain, harmless, print};
use assess::plan_of;

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
    let base = args.out.as_deref().unwrap_or(&args.run);
    if args.parquet {
        say(&evidence::export_parquet(&run.evidence, base)?, "rows")?;
    }
    if args.csv {
        say(&evidence::export_csv(&run.evidence, base)?, "rows")?;
    }
    if args.har {
        let never_sent = run.evidence.exchanges.iter().filter(|exchange| !exchange.was_sent()).count();
        say(&[har(run, &args.run, base)?], "entries")?;
        if never_sent > 0 {
            print(&format_args!("{never_sent} requests that were due and never sent have no entry\n"))?;
        }
    }
    Ok(())
}

fn say(files: &[Exported], what: &str) -> Result<()> {
    for Exported { path, rows } in files {
        print(&harmless(&format!("{}  {rows} {what}\n", path.display())))?;
    }
    Ok(())
}

fn har(run: ReadRun, dir: &Path, base: &Path) -> Result<Exported> {
    let plan = plan_of(&run.manifest).with_context(|| format!("{}", dir.join("manifest.json").display()))?;
    let driver = &plan.driver;
    let request = |exchange: &Exchange| {
        let class = driver.classes.get(usize::from(exchange.class))?;
        let (host, path) = (host(class).unwrap_or(&driver.host), class.path_of(exchange.tag));
        Some(HarRequest {
            traffic: class.name.clone(),
            method: class.method.clone(),
            url: format!("http://{host}{path}"),
        })
    };
    let Brief { backends, injections, phases, .. } = &plan.brief;
    let words = HarWords {
        request: &request,
        backends: backends.iter().map(|backend| backend.name.clone()).collect(),
        faults: injections.iter().map(|fault| format!("{} {}", fault.fault, fault.settings)).collect(),
        phases: phases.iter().map(|phase| (phase.name.clone(), phase.during)).collect(),
    };
    Ok(evidence::export_har(run, &words, base)?)
}

/// The `host` header that a class sends instead of the load's.
fn host(class: &Class) -> Option<&str> {
    let given = class.headers.iter().rfind(|(name, _)| name.eq_ignore_ascii_case("host"))?;
    Some(&given.1)
}
