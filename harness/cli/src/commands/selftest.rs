//! `brownout selftest`: why the verdicts can be trusted.

use anyhow::{Result, ensure};
use selftest::{Options, Trial, made_up, random_scenario, selftest};

use crate::args::Selftest;
use crate::exit::Exit;
use crate::output::{complain, print};

pub(crate) fn run(args: &Selftest) -> Result<Exit> {
    let unknown = args.scenarios.iter().find(|name| scenarios::find(name).is_none());
    if let Some(name) = unknown {
        complain(&format_args!(
            "error: the library has no scenario `{name}`\nhelp: `brownout list scenarios` shows them"
        ));
        return Ok(Exit::Usage);
    }
    if let Some(seed) = args.random {
        return one_made_up(seed);
    }
    if let Some(count) = args.made_up {
        return many_made_up(args.from, count);
    }
    let options = Options {
        seeds: args.seeds,
        defects: !args.correct_only,
        pairs: if args.correct_only { 0 } else { args.pairs },
        mutants: !args.correct_only,
        scenarios: args.scenarios.clone(),
    };
    let bar = bar();
    let outcome = selftest(&options, &|done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    ensure!(!outcome.correct.is_empty() || !outcome.mutants.is_empty(), "nothing was tested");
    print(&outcome)?;
    Ok(if outcome.holds() { Exit::Pass } else { Exit::Fail })
}

/// Runs one made-up scenario on the correct gateway and shows what was said of it.
fn one_made_up(seed: u64) -> Result<Exit> {
    let text = random_scenario(seed);
    print(&format_args!("{text}\n"))?;
    let report = Trial { text: &text, set: &[], seed, really: None }.report()?;
    crate::output::show(&report)?;
    Ok(report.verdict.into())
}

/// Runs many of them, and says what failed or was left open.
fn many_made_up(from: u64, count: u64) -> Result<Exit> {
    let bar = bar();
    let outcome = made_up(from..=from.saturating_add(count - 1), &|done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    print(&outcome)?;
    Ok(if outcome.holds() { Exit::Pass } else { Exit::Fail })
}

fn bar() -> indicatif::ProgressBar {
    indicatif::ProgressBar::new(0).with_style(
        indicatif::ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {eta} left")
            .unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()),
    )
}
