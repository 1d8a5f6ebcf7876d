//! The HTML report of a run of a million exchanges: how long it takes to write, how large it is, and how soon Chromium
//! lets one use it.

use std::path::Path;
use std::process::Command;

use crate::analyze::record;
use crate::cpu;
use crate::overhead::binary;
use crate::table::{Row, median};

const ROUNDS: usize = 3;

pub(crate) fn measure() -> crate::Outcome {
    let dir = tempfile::tempdir()?;
    let (run, page) = (dir.path().join("run"), dir.path().join("page.html"));
    record(&run)?;
    let saved = dir.path().join("report.json");
    write(&run, "json", &saved)?;
    let from_evidence = rounds(&run, &page)?;
    let from_report = rounds(&saved, &page)?;
    let megabytes = std::fs::metadata(&page)?.len() as f64 / 1e6;
    let written = Row {
        what: "HTML report of 1 000 000 exchanges, judged and written",
        measured: format!(
            "{from_evidence:.2} s, of which {:.0} ms to write it; {megabytes:.2} MB",
            from_report * 1e3
        ),
        goal: "2 s, 1.5 MB",
        met: from_evidence <= 2.0 && megabytes <= 1.5,
    };
    Ok(vec![written, used(&page)])
}

/// Seconds to write the page, the middle of some rounds.
fn rounds(source: &Path, page: &Path) -> Result<f64, Box<dyn std::error::Error>> {
    let once = |_| {
        let before = cpu::now();
        write(source, "html", page).map(|()| cpu::now() - before)
    };
    Ok(median((0..ROUNDS).map(once).collect::<Result<_, _>>()?))
}

fn write(source: &Path, format: &str, target: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut command = Command::new(binary()?);
    let output =
        command.arg("report").arg(source).args(["--format", format]).arg("--out").arg(target).output()?;
    // Verdicts have exit codes of their own; a page that was not written has another.
    if matches!(output.status.code(), Some(0..=2)) {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
}

/// How soon an arrow key moves the cursor of the page in Chromium, which `tests/browser.sh` installs.
fn used(page: &Path) -> Row {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/interactive.mjs");
    let words = Command::new("node").arg(script).arg(page).output();
    let words = words.ok().filter(|output| output.status.success());
    let words = words.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let after = |name: &str| {
        let mut words = words.split_whitespace().skip_while(|word| *word != name).skip(1);
        words.next().and_then(|figure| figure.parse::<f64>().ok())
    };
    let measured = after("interactive").zip(after("key"));
    Row {
        what: "its page in Chromium: parsed, and an arrow key obeyed",
        measured: measured.map_or_else(
            || "not measured: run tests/browser.sh once".to_owned(),
            |(parsed, key)| format!("{parsed:.0} ms, {key:.0} ms"),
        ),
        goal: "1 s",
        met: measured.is_some_and(|(_, key)| key <= 1000.0),
    }
}
