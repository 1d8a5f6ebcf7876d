//! Annotations for GitHub Actions: commands on standard output that mark the expectation in the scenario's file.

use std::io;

use super::{Format, FormatKind, Options};
use crate::escape;
use crate::headline::Headline;
use crate::{Finding, Report, Verdict};

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "github",
    summary: "Annotations for GitHub Actions, at the line of the expectation that was not met.",
    docs: "Workflow commands that GitHub turns into annotations: `::error` for a finding that failed, `::warning` \
           for an inconclusive one, and a `::notice` with the verdict. GitHub shows the first ten of a kind in a \
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
        for finding in &report.findings {
            match finding.verdict {
                Verdict::Pass => {}
                Verdict::Fail => annotation("error", report, finding, out)?,
                Verdict::Inconclusive => annotation("warning", report, finding, out)?,
            }
        }
        Ok(())
    }
}

fn annotation(level: &str, report: &Report, finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let file = property(&escape::plain(&report.scenario_path, 300));
    let line = finding.line.map_or_else(String::new, |line| format!(",line={line}"));
    let title = property(&escape::plain(&finding.id, 240));
    // The line ends are ours; those of foreign text are escaped before.
    let message = message(&format!(
        "{}\nobserved: {}\nexpected: {}\nbecause: {}",
        escape::sentence(&finding.summary),
        escape::sentence(&finding.observed),
        escape::sentence(&finding.expected),
        escape::sentence(&finding.because),
    ));
    writeln!(out, "::{level} file={file}{line},title={title}::{message}")
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
        assert_eq!(text.lines().count(), 3, "one notice, one error, one warning");
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
