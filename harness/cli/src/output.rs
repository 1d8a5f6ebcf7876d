//! Standard output and standard error, with colour only where a person looks.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use reports::format::{self, Options};
use reports::{Report, escape};

/// Writes text to standard output. A closed pipe is no error: the reader has seen enough.
pub(crate) fn print(text: &impl Display) -> Result<()> {
    match write!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Writes an error or a warning to standard error. Words of files and gateways in it are shown and not obeyed.
pub(crate) fn complain(text: &impl Display) {
    // Where standard error is closed, nobody can be told so.
    let _ = writeln!(io::stderr().lock(), "{}", harmless(&text.to_string()));
}

/// Writes diagnostics to standard error that `render` made, given whether it may use colour.
pub(crate) fn complain_of(render: impl FnOnce(bool) -> String) {
    let colour = stderr_has_colour();
    let text = render(colour);
    // The renderer of diagnostics shows control characters of the file by itself; what is left are its colours.
    let text = if colour { text } else { harmless(&text) };
    let _ = writeln!(io::stderr().lock(), "{text}");
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
    Options { colour, ..Options::default() }
}

/// Writes the report to standard output.
pub(crate) fn print_report(report: &Report, name: &str) -> Result<()> {
    let mut text = Vec::new();
    find(name, stdout_look())?.render(report, &mut text)?;
    print(&String::from_utf8_lossy(&text))
}

/// Writes the report to a file.
pub(crate) fn save_report(report: &Report, name: &str, path: &Path) -> Result<()> {
    let format = find(name, Options::default())?;
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir).with_context(|| format!("{}", dir.display()))?;
    }
    let mut file = BufWriter::new(File::create(path).with_context(|| format!("{}", path.display()))?);
    format.render(report, &mut file)?;
    Ok(file.flush()?)
}

/// Splits `FORMAT=PATH` arguments, so that a wrong one is found before a run and not after it.
pub(crate) fn parse_targets(targets: &[String]) -> Result<Vec<(String, std::path::PathBuf)>> {
    let parsed = targets.iter().map(|target| {
        let Some((name, path)) = target.split_once('=') else {
            bail!("--report `{target}`: expected FORMAT=PATH, such as `junit=junit.xml`");
        };
        find(name, Options::default())?;
        Ok((name.to_owned(), path.into()))
    });
    parsed.collect()
}

/// An error that names all formats, if there is none of this name.
pub(crate) fn known(name: &str) -> Result<()> {
    find(name, Options::default()).map(drop)
}

fn find(name: &str, options: Options) -> Result<Box<dyn format::Format>> {
    let kind = format::find(name).ok_or_else(|| {
        let names: Vec<&str> = format::FORMATS.iter().map(|kind| kind.name).collect();
        anyhow::anyhow!("unknown format `{name}`\nhelp: the formats are {}", names.join(", "))
    })?;
    Ok((kind.make)(options))
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
