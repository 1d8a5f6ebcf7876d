//! The figures of the report as OpenMetrics, for a push gateway or a text-file collector.

mod families;
mod writer;

use std::io;

use super::{Format, FormatKind, Options};
use crate::Report;

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "openmetrics",
    summary: "The verdicts and figures as OpenMetrics gauges, for dashboards and alerts over many runs.",
    docs: "Gauges of the run: `brownout_finding_verdict` (0 pass, 1 inconclusive, 2 fail), response and service \
           times by traffic class and phase, exchanges, attempts, outcomes, faults that fired. OpenMetrics text \
           format 1.0; times in seconds. Every sample has the label `scenario`.",
    ending: "prom",
    make: |_: Options| Box::new(OpenMetrics),
};

struct OpenMetrics;

impl Format for OpenMetrics {
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        for family in families::of(report) {
            family.write(out)?;
        }
        writeln!(out, "# EOF")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        OpenMetrics.render(report, &mut out).expect("a vector takes all bytes");
        String::from_utf8(out).expect("text is UTF-8")
    }

    #[test]
    fn the_figures_of_a_run_are_gauges() {
        insta::assert_snapshot!(written(&sample::report()));
    }

    #[test]
    fn the_document_ends_with_its_end_mark_alone() {
        let mut report = sample::report();
        report.scenario = "x\"} 1\n# EOF\n".to_owned();
        let text = written(&report);
        assert!(text.ends_with("\n# EOF\n"));
        assert_eq!(text.lines().filter(|line| *line == "# EOF").count(), 1);
    }

    #[test]
    fn every_line_is_a_sample_or_describes_one() {
        let mut report = sample::report();
        report.backends[0].name = "a\\\"b,c={}\x1b\u{2028}".to_owned();
        for line in written(&report).lines() {
            let described =
                ["# TYPE ", "# UNIT ", "# HELP ", "# EOF"].iter().any(|start| line.starts_with(start));
            assert!(described || line.starts_with("brownout_"), "{line}");
        }
    }

    #[test]
    fn no_sample_stands_twice() {
        let mut report = sample::report();
        report.injections = vec![report.injections[0].clone(); 3];
        report.findings = vec![report.findings[0].clone(); 3];
        let text = written(&report);
        let mut names: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(name, _)| name)
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_figure_that_is_not_finite_is_written_as_the_format_says() {
        let mut report = sample::report();
        report.length_s = f64::NEG_INFINITY;
        report.latencies[0].p50_ms = f64::NAN;
        let text = written(&report);
        assert!(text.contains("} -Inf\n") && text.contains("} NaN\n"));
    }
}
