//! Runs of the binary against a gateway, and the ledger that each leaves.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;

use evidence::Ledger;
use measure::brief::Brief;

/// Scenarios that run at a time: more would only make each other's clocks late. They wait far more than they work.
const AT_A_TIME: usize = 5;

/// False, said visibly, where gateways are not required.
pub(crate) fn is_required(what: &str) -> bool {
    let required = std::env::var_os("BROWNOUT_REQUIRE_GATEWAYS").is_some();
    if !required {
        say(&format!("skipped: {what}; set BROWNOUT_REQUIRE_GATEWAYS=1 to run it"));
    }
    required
}

/// Says a line to whoever reads the test's output.
pub(crate) fn say(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// Runs a scenario, by name or file; the run directory lies in `out`.
pub(crate) fn run(scenario: &str, gateway: &str, out: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_brownout"))
        .args(["run", scenario, "--quiet", "--gateway", gateway, "--out"])
        .arg(out)
        .output()
        .unwrap()
}

/// All that a run has said, without its line breaks and margins, so that a sentence is found wherever it was broken.
pub(crate) fn said(output: &Output) -> String {
    let all = [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat();
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The plan and the ledger of the only run in `out`.
pub(crate) fn ledger(out: &Path) -> (Brief, Ledger) {
    let dir = std::fs::read_dir(out).unwrap().next().unwrap().unwrap().path();
    let read = archive::read_run(&dir).unwrap();
    let plan = assess::plan_of(&read.manifest).unwrap();
    (plan.brief, Ledger::join(read.evidence))
}

/// Does `work` for all items, a few at a time; gives what it has to say of each, in their order.
pub(crate) fn few_at_a_time<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let waiting = Mutex::new(items.iter().enumerate());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some((index, item)) = waiting.lock().unwrap().next() else { return };
                    let result = work(item);
                    done.lock().unwrap().push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
