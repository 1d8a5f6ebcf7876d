//! `brownout history`: the runs of a directory, one after the other.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use reports::{History, HistoryRun};

use crate::args::{HistoryArgs, HistoryFormat};
use crate::exit::Exit;
use crate::output::{complain, print, stdout_look};
use assess::{judge_run, report_of, write_whole};

/// The most runs that are read: the newest by name.
const RUNS_MAX: usize = 2_000;

pub(crate) fn history(args: &HistoryArgs) -> Result<Exit> {
    let history = match read(&args.directory) {
        Ok(history) => history,
        Err(error) => {
            complain(&format_args!("error: {error:#}"));
            return Ok(Exit::Usage);
        }
    };
    let mut text = Vec::new();
    match args.format {
        HistoryFormat::Terminal => history.terminal(stdout_look(), &mut text)?,
        HistoryFormat::Html => history.html(&mut text)?,
    }
    match &args.out {
        Some(path) => {
            write_whole(path, |out| out.write_all(&text)).with_context(|| format!("{}", path.display()))?;
        }
        None => print(&String::from_utf8_lossy(&text))?,
    }
    Ok(Exit::Pass)
}

/// Reads every run directory. One that can't be read is named with the reason and never left out.
fn read(directory: &Path) -> Result<History> {
    let shown = || format!("{}", directory.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).with_context(shown)? {
        let entry = entry.with_context(shown)?;
        let path = entry.path();
        // `latest` is a link to a run that is listed by itself; other files are no runs.
        if entry.file_type().with_context(shown)?.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    let mut history = History { directory: shown(), ..History::default() };
    let left_out = found.len().saturating_sub(RUNS_MAX);
    if left_out > 0 {
        history.broken.push((format!("{left_out} runs"), format!("only the last {RUNS_MAX} are read")));
    }
    for path in found.into_iter().skip(left_out) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let saved = path.join("report.json");
        let report = if saved.exists() { report_of(&saved) } else { judge_run(&path, None) };
        match report {
            Ok(report) => history.runs.push(HistoryRun { run: name, ..HistoryRun::of(&report) }),
            Err(error) => history.broken.push((name, format!("{error:#}"))),
        }
    }
    history.runs.sort_by(|a, b| (&a.started, &a.run).cmp(&(&b.started, &b.run)));
    Ok(history)
}
