//! Annotations for GitHub Actions: commands on standard output that mark the expectation in the scenario's file.

use std::io;

use super::{Format, FormatKind, Options};
use crate::escape;
use crate::grounds;
use crate::headline::{self, Headline};
use crate::policy;
use crate::unasked;
use crate::{Finding, PolicyRow, Report, Verdict};

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "github",
    summary: "Annotations for GitHub Actions, at the line of the expectation that was not met.",
    docs: "Workflow commands that GitHub turns into annotations: `::error` for a finding that failed, `::warning` \
           for an inconclusive one, each key of the declared policy at its own line, and a `::notice` with the verdict \
           and one for what was seen but demanded by nobody. GitHub shows the first ten of a kind in a \
           step. The path is that by which the scenario was named, so name it from the root of the repository.",
    ending: "txt",
    several: true,
    make: |_: Options| Box::new(Github),
};

struct Github;

impl Format for Github {
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let headline = Headline::of(report);
        let title = property(&format!("brownout: {}", headline.word));
        let message = message(&format!("{} {}", headline.sentence, headline.tally));
        writeln!(out, "::notice title={title}::{message}")?;
        if !report.was_run() {
            let sentence = headline.sentence.as_str();
            let not_run =
                Annotation { level: "error", line: None, title: &report.scenario, lines: &[sentence] };
            not_run.write(report, out)?;
        }
        for finding in &report.findings {
            if let Some(level) = level(finding.verdict) {
                annotate(level, report, finding, out)?;
            }
            // A key whose line is not known is part of the finding, which has one.
            let placed = finding.policy.iter().filter(|row| row.line.is_some());
            for row in placed.take(policy::ROWS_MAX) {
                if let Some(level) = level(row.verdict) {
                    annotate_key(level, report, row, out)?;
                }
            }
        }
        for seen in report.unasked.iter().take(unasked::ITEMS_MAX) {
            let title = format!("{}: {}", unasked::TITLE, unasked::place(seen));
            let lines = [unasked::what(seen)];
            let lines = lines.each_ref().map(String::as_str);
            Annotation { level: "notice", line: None, title: &title, lines: &lines }.write(report, out)?;
        }
        Ok(())
    }
}

fn level(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Pass => None,
        Verdict::Fail => Some("error"),
        Verdict::Inconclusive => Some("warning"),
    }
}

/// A mark in the scenario's file.
struct Annotation<'a> {
    level: &'a str,
    line: Option<u32>,
    title: &'a str,
    lines: &'a [&'a str],
}

impl Annotation<'_> {
    fn write(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        let file = property(&escape::plain(&report.scenario_path, 300));
        let line = self.line.map_or_else(String::new, |line| format!(",line={line}"));
        let title = property(&escape::plain(self.title, 240));
        // The line ends are ours; those of foreign text are escaped before.
        let message = message(&self.lines.join("\n"));
        writeln!(out, "::{} file={file}{line},title={title}::{message}", self.level)
    }
}

fn annotate(level: &str, report: &Report, finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let mut lines = vec![
        headline::reason(finding),
        format!("observed: {}", escape::sentence(&finding.observed)),
        format!("expected: {}", escape::sentence(&finding.expected)),
        format!("because: {}", escape::sentence(&finding.because)),
    ];
    lines.extend(grounds::rows(finding).into_iter().map(|(key, words)| format!("{key}: {words}")));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    Annotation { level, line: finding.line, title: &finding.id, lines: &lines }.write(report, out)
}

/// A key of the declared policy, at the line that declares it.
fn annotate_key(level: &str, report: &Report, row: &PolicyRow, out: &mut dyn io::Write) -> io::Result<()> {
    let [key, declared, observed, _, _, because] = policy::cells(report, row);
    let lines =
        [format!("declared: {declared}"), format!("observed: {observed}"), format!("because: {because}")];
    let lines = lines.each_ref().map(String::as_str);
    Annotation { level, line: row.line, title: &format!("policy: {key}"), lines: &lines }.write(report, out)
}

/// The escaping of a command's message: `escapeData` of `actions/toolkit`, `packages/core/src/command.ts`.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escaping of a command's property: `escapeProperty` of the same file.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        Github.render(report, &mut out).expect("a vector takes all bytes");
        String::from_utf8(out).expect("text is UTF-8")
    }

    #[test]
    fn what_did_not_pass_is_marked_at_its_line() {
        insta::assert_snapshot!(written(&sample::report()));
    }

    #[test]
    fn foreign_text_can_not_end_a_property_or_a_command() {
        let mut report = sample::report();
        report.findings[1].id = "a,line=1::b%0A\n::error::c".to_owned();
        report.findings[1].summary = "100%\r\n::set-env name=X::y".to_owned();
        let text = written(&report);
        let levels = text.lines().filter_map(|line| line.strip_prefix("::")?.split([' ', ':']).next());
        let levels: Vec<&str> = levels.collect();
        assert_eq!(levels, ["notice", "error", "warning", "error", "error", "warning", "notice"], "{text}");
        assert!(
            text.contains(r"title=a%2Cline=1%3A%3Ab%250A\n%3A%3Aerror%3A%3Ac::100%25\r\n::set-env"),
            "{text}"
        );
    }

    #[test]
    fn a_finding_without_a_line_has_no_line() {
        let text = written(&sample::report());
        let warning = text.lines().find(|line| line.starts_with("::warning")).expect("the sample has one");
        assert!(warning.starts_with("::warning file=scenarios/retry-503.toml,title="));
    }
}
