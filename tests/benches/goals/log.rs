//! What a log costs: rows are told from the disk's side of a run, so that one that is off costs nothing on the way of a
//! request, and one that is on is paid by a thread of its own.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::cpu;
use crate::overhead::binary;
use crate::table::{Row, median};

const SCENARIO: &str = r#"
name = "three seconds"
[gateway.reference]
[backend.a]
[backend.b]
[traffic.reads]
request = "GET /{n}"
rate = "4000/s"
[[phase]]
name = "steady"
for = "3s"
[[expect]]
availability = { min = 0.9 }
"#;

const ROUNDS: usize = 3;

pub(crate) fn measure() -> crate::Outcome {
    let (mut phases, mut all) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let off = seconds(&[])?;
        phases.push(seconds(&["-v"])? / off);
        all.push(seconds(&["-vvv"])? / off);
    }
    let (phases, all) = (median(phases), median(all));
    Ok(vec![
        Row {
            what: "CPU of a run at 4000/s, with `-v` against no log",
            measured: format!("{phases:.2} ×"),
            goal: "1.02 ×",
            met: phases <= 1.02,
        },
        Row {
            what: "the same with `-vvv`", measured: format!("{all:.2} ×"), goal: "1.2 ×", met: all <= 1.2
        },
    ])
}

/// Processor seconds of a run, to two ticks of the scheduler.
fn seconds(arguments: &[&str]) -> Result<f64, Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let scenario = dir.path().join("three-seconds.toml");
    std::fs::write(&scenario, SCENARIO)?;
    let mut command = Command::new(binary()?);
    command.arg("run").arg(&scenario).args(arguments).args(["--quiet", "--out"]).arg(dir.path());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut used = 0.0;
    while child.try_wait()?.is_none() {
        used = cpu::of(child.id()).unwrap_or(used);
        cpu::pause(Duration::from_millis(10));
    }
    Ok(used)
}
