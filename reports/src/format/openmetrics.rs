//! The figures of the report as OpenMetrics, for a push gateway or a text-file collector.

mod families;
mod measured;
mod writer;

use std::io;

use writer::Family;

use super::{Format, FormatKind, Options};
use crate::Report;

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "openmetrics",
    summary: "The verdicts and figures as OpenMetrics, for dashboards and alerts over many runs.",
    docs: "Gauges of the run: `brownout_finding_verdict` (0 pass, 1 inconclusive, 2 fail), response and service \
           times by traffic class and phase as far as their samples tell, estimates with their bounds, what was set aside, \
           each key of the declared policy, exchanges, attempts, outcomes, faults that fired. OpenMetrics text \
           format 1.0, times in seconds and as summaries; a collector of the Prometheus text format takes it too. Every sample has the label `scenario`.",
    ending: "prom",
    several: true,
    make: |_: Options| Box::new(OpenMetrics),
};

struct OpenMetrics;

impl Format for OpenMetrics {
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        self.render_all(std::slice::from_ref(report), out)
    }

    fn render_all(&self, reports: &[Report], out: &mut dyn io::Write) -> io::Result<()> {
        // A family may stand only once, with the samples of all runs.
        let mut families: Vec<Family> = Vec::new();
        for family in reports.iter().flat_map(families::of) {
            match families.iter_mut().find(|earlier| earlier.is_of_the_name_of(&family)) {
                Some(earlier) => earlier.take(family),
                None => families.push(family),
            }
        }
        for family in &families {
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
    fn of_several_runs_each_family_stands_once_with_the_samples_of_all() {
        let (first, mut second) = (sample::report(), sample::report());
        second.scenario = "another".to_owned();
        let mut out = Vec::new();
        OpenMetrics.render_all(&[first, second], &mut out).expect("a vector takes all bytes");
        let text = String::from_utf8(out).expect("text is UTF-8");
        let verdicts = |line: &&str| line.starts_with("brownout_run_verdict{");
        assert_eq!(text.lines().filter(verdicts).count(), 2);
        let described = text.lines().filter(|line| *line == "# TYPE brownout_run_verdict gauge");
        assert_eq!(described.count(), 1);
        assert_eq!(text.matches("# EOF").count(), 1);
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
