//! Standard output and standard error, with colour only where a person looks.

use std::fmt::Display;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::LazyLock;

use anyhow::Result;
use indicatif::{MultiProgress, ProgressDrawTarget};
use reports::format::{Format, FormatKind, Options, terminal_of_run};
use reports::{Report, escape};

use assess::find_format;

/// Writes text to standard output. A closed pipe is no error: the reader has seen enough.
pub(crate) fn print(text: &impl Display) -> Result<()> {
    match write!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// How often a second it is drawn at the most, however many lines of it change.
const DRAWN_HZ: u8 = 10;

/// What is drawn in place on standard error. Whoever writes there while it is drawn goes through it.
pub(crate) fn bars() -> &'static MultiProgress {
    static BARS: LazyLock<MultiProgress> =
        LazyLock::new(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(DRAWN_HZ)));
    &BARS
}

/// Standard error, for whole lines above what is drawn in place.
pub(crate) struct AboveBars;

impl Write for AboveBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        bars().suspend(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

/// Writes an error or a warning to standard error. Words of files and gateways in it are shown and not obeyed.
pub(crate) fn complain(text: &impl Display) {
    // Where standard error is closed, nobody can be told so.
    let _ = AboveBars.write_all(format!("{}\n", harmless(&text.to_string())).as_bytes());
}

/// Writes diagnostics to standard error that `render` made, given whether it may use colour.
pub(crate) fn complain_of(render: impl FnOnce(bool) -> String) {
    let colour = stderr_has_colour();
    let text = render(colour);
    // The renderer of diagnostics shows control characters of the file by itself; what is left are its colours.
    let text = if colour { text } else { harmless(&text) };
    let _ = AboveBars.write_all(format!("{text}\n").as_bytes());
}

/// The longest line that is shown, in characters.
const LINE_MAX: usize = 4096;

/// Text of several lines without characters that a terminal would obey: escaped line by line.
pub(crate) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            shown.push('\n');
        }
        for (index, column) in line.split('\t').enumerate() {
            if index > 0 {
                shown.push('\t');
            }
            shown.push_str(&escape::plain(column, LINE_MAX));
        }
    }
    shown
}

/// True if standard error may be coloured.
fn stderr_has_colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// How a report is to look on standard output.
pub(crate) fn stdout_look() -> Options {
    let colour =
        io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // Fails where standard output is no terminal; some terminals say 0.
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_col > 0);
    let width = size.map_or(Options::default().width, |size| size.ws_col);
    Options { colour, width }
}

/// Shows a report to whoever asked for it. In a job of GitHub Actions, what did not pass is also annotated at its line
/// of the scenario.
pub(crate) fn show(report: &Report) -> Result<()> {
    show_by(report, (find_format("terminal")?.make)(stdout_look()).as_ref())
}

/// The same of a run that was just made, with the directory of its evidence.
pub(crate) fn show_run(report: &Report, evidence: &Path) -> Result<()> {
    show_by(report, terminal_of_run(stdout_look(), &evidence.to_string_lossy()).as_ref())
}

fn show_by(report: &Report, terminal: &dyn Format) -> Result<()> {
    let mut text = Vec::new();
    terminal.render(report, &mut text)?;
    let text = String::from_utf8_lossy(&text);
    if !in_github_actions() {
        return print(&text);
    }
    // A gateway's words must not become commands of the job: none is obeyed until a word that it can't know.
    let word = RandomState::new().build_hasher().finish();
    print(&format_args!("::stop-commands::{word:016x}\n"))?;
    print(&text)?;
    print(&format_args!("::{word:016x}::\n"))?;
    annotate(report)
}

/// Annotates what a report says in a job of GitHub Actions, and does nothing elsewhere.
pub(crate) fn annotate(report: &Report) -> Result<()> {
    if in_github_actions() {
        print_reports(std::slice::from_ref(report), find_format("github")?)?;
    }
    Ok(())
}

fn in_github_actions() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Writes reports to standard output, as one document.
pub(crate) fn print_reports(reports: &[Report], kind: &FormatKind) -> Result<()> {
    let mut text = Vec::new();
    (kind.make)(stdout_look()).render_all(reports, &mut text)?;
    print(&String::from_utf8_lossy(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_keeps_its_lines_and_loses_its_power() {
        assert_eq!(harmless("a\n\tb\n"), "a\n\tb\n");
        assert_eq!(harmless("\x1b[2Jx\r\u{202e}y"), "\\u{1b}[2Jx\\r\\u{202e}y");
    }
}
