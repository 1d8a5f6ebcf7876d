//! From start to verdict, beyond the scenario's own time, on the reference gateway.

use std::process::Command;

use crate::cpu;
use crate::table::{Row, median};

const SCENARIO: &str = r#"
name = "two seconds"
[gateway.reference]
[backend.a]
[backend.b]
[traffic.reads]
request = "GET /{n}"
rate = "100/s"
[[phase]]
name = "steady"
for = "2s"
[[expect]]
availability = { min = 0.9 }
"#;

pub(crate) fn measure() -> crate::Outcome {
    let dir = tempfile::tempdir()?;
    let scenario = dir.path().join("two-seconds.toml");
    std::fs::write(&scenario, SCENARIO)?;
    let mut beyond = Vec::new();
    for _ in 0..3 {
        let before = cpu::now();
        let output =
            Command::new(binary()?).arg("run").arg(&scenario).arg("--out").arg(dir.path()).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        beyond.push(cpu::now() - before - 2.0);
    }
    let beyond = median(beyond);
    Ok(vec![Row {
        what: "start to verdict, beyond the scenario's time",
        measured: format!("{beyond:.2} s"),
        goal: "1 s",
        met: beyond <= 1.0,
    }])
}

/// The release binary beside this bench.
pub(crate) fn binary() -> Result<std::path::PathBuf, Box<dyn std::error::Error>> {
    let bench = std::env::current_exe()?;
    let release = bench.ancestors().nth(2).ok_or("the bench lies in target/release/deps")?;
    let binary = release.join("brownout");
    if binary.is_file() {
        return Ok(binary);
    }
    Err("build the binary first: cargo build --release".into())
}
