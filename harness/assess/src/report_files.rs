//! The files that reports are written to: `--report FORMAT=PATH`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use reports::Report;
use reports::format::{self, FormatKind, Options};

use crate::whole_file::write_whole;

/// What stands in a path for the stem of the scenario's file.
const SCENARIO: &str = "{scenario}";

/// The files of a command, and the reports that they are to hold.
pub struct ReportFiles {
    targets: Vec<(&'static FormatKind, String)>,
    reports: Vec<Report>,
}

impl ReportFiles {
    /// Reads the `FORMAT=PATH` arguments of a command that judges these scenarios, so that a wrong one is found before a
    /// run and not after it.
    pub fn parse(arguments: &[String], scenarios: &[PathBuf]) -> Result<Self> {
        let parsed = arguments.iter().map(|argument| {
            let Some((name, path)) = argument.split_once('=') else {
                bail!("--report `{argument}`: expected FORMAT=PATH, such as `junit=junit.xml`");
            };
            let kind = find_format(name)?;
            let files: Vec<PathBuf> = scenarios.iter().map(|scenario| file(path, scenario)).collect();
            let twice = files.iter().enumerate().find(|(index, file)| files[..*index].contains(file));
            if let Some((_, twice)) = twice.filter(|_| !kind.several) {
                let ending = kind.ending;
                bail!(
                    "--report `{argument}`: `{name}` holds one run, and {} of the {} scenarios would be written to `{}`\n\
                     help: let each have its own file, such as `{name}=out/{SCENARIO}.{ending}`",
                    files.iter().filter(|file| *file == twice).count(),
                    files.len(),
                    twice.display(),
                );
            }
            Ok((kind, path.to_owned()))
        });
        Ok(ReportFiles { targets: parsed.collect::<Result<_>>()?, reports: Vec::new() })
    }

    /// Writes a report to its files. One that holds several runs is written anew, with those that came before, so that
    /// it is whole whenever the command ends.
    pub fn add(&mut self, report: &Report) -> Result<()> {
        if self.targets.is_empty() {
            return Ok(());
        }
        self.reports.push(report.clone());
        for (kind, path) in &self.targets {
            let written_to = |report: &Report| file(path, Path::new(&report.scenario_path));
            let to = written_to(report);
            let together = self.reports.iter().filter(|earlier| written_to(earlier) == to).cloned();
            save_reports(&together.collect::<Vec<_>>(), kind, &to)?;
        }
        Ok(())
    }
}

/// The file of a scenario. Only a single component of its path is taken, so that none leads out of the directory.
fn file(path: &str, scenario: &Path) -> PathBuf {
    let stem = scenario.file_stem().unwrap_or_else(|| "scenario".as_ref());
    path.replace(SCENARIO, &stem.to_string_lossy()).into()
}

/// Writes reports to a file, as one document: whole, or not at all.
pub fn save_reports(reports: &[Report], kind: &FormatKind, path: &Path) -> Result<()> {
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        fs::create_dir_all(dir).with_context(|| format!("{}", dir.display()))?;
    }
    write_whole(path, |out| (kind.make)(Options::default()).render_all(reports, out))
        .with_context(|| format!("{}", path.display()))
}

/// The format of a name, or an error that names all formats.
pub fn find_format(name: &str) -> Result<&'static FormatKind> {
    format::find(name).with_context(|| {
        let names: Vec<&str> = format::FORMATS.iter().map(|kind| kind.name).collect();
        format!("unknown format `{name}`\nhelp: the formats are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(argument: &str, scenarios: &[&str]) -> Result<ReportFiles, String> {
        let scenarios: Vec<PathBuf> = scenarios.iter().map(PathBuf::from).collect();
        ReportFiles::parse(&[argument.to_owned()], &scenarios).map_err(|error| error.to_string())
    }

    #[test]
    fn a_page_for_each_scenario_is_asked_for_by_a_placeholder() {
        assert!(parse("html=out/{scenario}.html", &["a/one.toml", "two"]).is_ok());
        assert_eq!(file("out/{scenario}.html", Path::new("a/one.toml")), Path::new("out/one.html"));
        assert_eq!(file("{scenario}.html", Path::new("../..")), Path::new("scenario.html"));
    }

    #[test]
    fn one_file_for_two_runs_is_refused_only_where_it_can_not_hold_both() {
        assert!(parse("junit=out.xml", &["one.toml", "two.toml"]).is_ok());
        assert!(parse("html=out.html", &["one.toml"]).is_ok());
        for (argument, scenarios) in [
            ("html=out.html", ["one.toml", "two.toml"]),
            ("json={scenario}.json", ["a/one.toml", "b/one.toml"]),
        ] {
            let error = parse(argument, &scenarios).err().expect("it is refused");
            assert!(error.contains("holds one run") && error.contains("help: "), "{error}");
        }
    }

    #[test]
    fn an_argument_that_is_no_target_is_refused_with_what_was_expected() {
        assert!(parse("junit", &[]).is_err_and(|error| error.contains("expected FORMAT=PATH")));
        assert!(
            parse("xml=a", &[])
                .is_err_and(|error| error.contains("unknown format `xml`") && error.contains("junit"))
        );
    }
}
