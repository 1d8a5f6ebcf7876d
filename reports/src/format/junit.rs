//! The report as JUnit XML, for the test views of CI servers.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::{Format, FormatKind, Options};
use crate::escape;
use crate::figures;
use crate::grounds;
use crate::headline::{self, Headline};
use crate::policy;
use crate::text::Page;
use crate::timeline::Timeline;
use crate::unasked;
use crate::{Finding, Report, Verdict};

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "junit",
    summary: "JUnit XML: a test suite for each scenario, a test case for each finding.",
    docs: "One test suite for each scenario and one test case for each finding, named after its id, so that CI \
           servers show its history. A finding that failed is a `<failure>`: the gateway did it. An inconclusive \
           one is an `<error>`: the run could not tell. `file` and `line` point at the expectation, which GitLab and \
           others link to, and `<system-out>` has the reason, the figures with their intervals, and the witnesses. \
           A scenario that could not be run is an `<error>` with the reason. Without these two attributes it is `xunit`.",
    ending: "xml",
    several: true,
    make: |_: Options| Box::new(Junit { places: true }),
};

/// The document, with the places of expectations as attributes or without.
pub(super) struct Junit {
    pub(super) places: bool,
}

impl Format for Junit {
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        self.render_all(std::slice::from_ref(report), out)
    }

    fn render_all(&self, reports: &[Report], out: &mut dyn io::Write) -> io::Result<()> {
        let mut document = quick_junit::Report::new("brownout");
        document.set_time(reports.iter().map(|report| length(report.length_s)).sum());
        document.add_test_suites(reports.iter().map(|report| suite(report, self.places)));
        let document = document.to_string().map_err(io::Error::other)?;
        // Jenkins' schema knows this attribute on suites only. The first one is the document's own.
        out.write_all(document.replacen(" skipped=\"0\"", "", 1).as_bytes())
    }
}

fn suite(report: &Report, places: bool) -> TestSuite {
    let scenario = escape::name(&report.scenario);
    let mut suite = TestSuite::new(scenario);
    suite.set_time(length(report.length_s));
    suite.extra.insert("timestamp".into(), escape::name(&report.started).into());
    suite.extra.insert("file".into(), escape::plain(&report.scenario_path, 300).into());
    for (key, value) in facts(report) {
        suite.add_property(Property::new(key, value));
    }
    for finding in &report.findings {
        suite.add_test_case(case(report, finding, places));
    }
    // A suite whose cases all pass is shown as success, and a run that proves nothing never passes.
    let passed = |finding: &Finding| finding.verdict == Verdict::Pass;
    if report.verdict != Verdict::Pass && report.findings.iter().all(passed) {
        suite.add_test_case(nothing_judged(report, places));
    }
    let remarks = remarks(report);
    if !remarks.is_empty() {
        suite.set_system_out(remarks.join("\n"));
    }
    suite
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("gateway", escape::name(&report.gateway)),
        ("seed", report.seed.to_string()),
        ("run", escape::plain(&report.run, 300)),
        ("brownout", escape::name(&report.brownout)),
        ("simulated", report.simulated.to_string()),
    ];
    let optional = [
        ("gateway_version", &report.gateway_version),
        ("owner", &report.owner),
        ("why", &report.why),
        ("rollback", &report.rollback),
    ];
    facts.extend(
        optional.into_iter().filter_map(|(key, value)| Some((key, escape::sentence(value.as_deref()?)))),
    );
    facts
}

fn case(report: &Report, finding: &Finding, places: bool) -> TestCase {
    let status = match finding.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail => status(NonSuccessKind::Failure, report, finding),
        Verdict::Inconclusive => status(NonSuccessKind::Error, report, finding),
    };
    let mut case = TestCase::new(escape::plain(&finding.id, 240), status);
    case.set_classname(escape::name(&report.scenario));
    case.set_time(length(finding.to_s - finding.from_s));
    if places {
        case.extra.insert("file".into(), escape::plain(&report.scenario_path, 300).into());
        let line = finding.line.map(|line| ("line".into(), line.to_string().into()));
        case.extra.extend(line);
    }
    case.set_system_out(text(report, finding));
    case
}

fn status(kind: NonSuccessKind, report: &Report, finding: &Finding) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(headline::reason(finding));
    status.set_type(escape::name(&finding.expectation));
    status.set_description(said(report, finding));
    status
}

/// What stands beside the findings: what limits the report, and what nobody asked about.
fn remarks(report: &Report) -> Vec<String> {
    let remarks = report.remarks.iter().map(|remark| escape::sentence(remark));
    let mut lines: Vec<String> = remarks.collect();
    if !report.unasked.is_empty() {
        lines.push(format!("{}:", unasked::TITLE));
    }
    let shown = report.unasked.iter().take(unasked::ITEMS_MAX);
    lines.extend(shown.map(|seen| format!("  {}: {}", unasked::place(seen), unasked::what(seen))));
    lines
}

/// The case of a run whose findings say nothing of what became of it: it was cut, or never began.
fn nothing_judged(report: &Report, places: bool) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(Headline::of(report).sentence);
    status.set_type(if report.was_run() { "inconclusive" } else { "not_run" });
    let mut case = TestCase::new("run", status);
    case.set_classname(escape::name(&report.scenario));
    if places {
        case.extra.insert("file".into(), escape::plain(&report.scenario_path, 300).into());
    }
    case
}

/// The expectation's place, observed, expected and because, a line each.
fn said(report: &Report, finding: &Finding) -> String {
    let line = finding.line.map_or_else(String::new, |line| format!(":{line}"));
    let mut lines = vec![
        format!("{}{line}", escape::plain(&report.scenario_path, 300)),
        format!("observed: {}", escape::sentence(&finding.observed)),
        format!("expected: {}", escape::sentence(&finding.expected)),
        format!("because: {}", escape::sentence(&finding.because)),
        format!("observations: {}", figures::count(finding.observations)),
    ];
    lines.extend(grounds::rows(finding).into_iter().map(|(key, words)| format!("{key}: {words}")));
    lines.join("\n")
}

fn text(report: &Report, finding: &Finding) -> XmlString {
    let mut text = said(report, finding);
    text.push('\n');
    for row in finding.policy.iter().take(policy::ROWS_MAX) {
        let [key, declared, observed, exposures, place, because] = policy::cells(report, row);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}: {key}, declared {declared}, observed {observed} ({because}; {exposures} cases; {place})",
            row.verdict
        );
    }
    for witness in finding.witnesses.iter().take(5) {
        let timeline = Timeline::of(witness);
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}\n{}", timeline.title, Page::PLAIN.timeline(0, &timeline));
    }
    text.into()
}

// A figure that is no length of time must not stop the report.
fn length(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use quick_xml::events::Event;

    use super::*;
    use crate::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        Junit { places: true }.render(report, &mut out).expect("a vector takes all bytes");
        String::from_utf8(out).expect("the document is UTF-8")
    }

    /// The names of all elements, and all text, as a strict parser sees them.
    fn parsed(xml: &str) -> (Vec<String>, String) {
        let mut reader = quick_xml::Reader::from_str(xml);
        let (mut elements, mut text) = (Vec::new(), String::new());
        loop {
            match reader.read_event().expect("the document is well-formed") {
                Event::Start(tag) | Event::Empty(tag) => {
                    for attribute in tag.attributes() {
                        attribute.expect("attributes are well-formed");
                    }
                    elements.push(String::from_utf8_lossy(tag.name().as_ref()).into_owned());
                }
                Event::Text(content) => text.push_str(&content.decode().expect("the document is UTF-8")),
                Event::CData(content) => text.push_str(&content.decode().expect("the document is UTF-8")),
                Event::Eof => return (elements, text),
                _ => {}
            }
        }
    }

    #[test]
    fn a_finding_is_a_test_case() {
        insta::assert_snapshot!(written(&sample::report()));
    }

    #[test]
    fn what_failed_is_a_failure_and_what_could_not_be_told_is_an_error() {
        let (elements, _) = parsed(&written(&sample::report()));
        let number = |name: &str| elements.iter().filter(|element| *element == name).count();
        assert_eq!((number("testcase"), number("failure"), number("error"), number("skipped")), (4, 2, 1, 0));
    }

    #[test]
    fn of_several_runs_each_is_a_suite_of_one_document() {
        let mut out = Vec::new();
        Junit { places: true }
            .render_all(&[sample::report(), sample::report()], &mut out)
            .expect("a vector takes all bytes");
        let (elements, _) = parsed(&String::from_utf8(out).expect("the document is UTF-8"));
        let number = |name: &str| elements.iter().filter(|element| *element == name).count();
        assert_eq!((number("testsuites"), number("testsuite"), number("testcase")), (1, 2, 8));
    }

    #[test]
    fn hostile_text_is_still_a_document() {
        let mut report = sample::report();
        let hostile = "]]></system-out><failure/>&bogus;\x00\x1b[31m\u{ffff}\u{fffe}\"'<!--";
        report.scenario = hostile.to_owned();
        report.scenario_path = hostile.to_owned();
        report.remarks = vec![hostile.to_owned()];
        report.started = hostile.to_owned();
        let finding = &mut report.findings[1];
        finding.id = hostile.to_owned();
        finding.summary = hostile.to_owned();
        finding.because = hostile.to_owned();
        finding.witnesses[0].client.ended = hostile.to_owned();
        let xml = written(&report);
        let (elements, _) = parsed(&xml);
        assert_eq!(elements.iter().filter(|name| *name == "failure").count(), 2, "{xml}");
        assert!(xml.chars().all(|character| character == '\n' || !character.is_control()));
        assert!(!xml.contains('\u{ffff}') && !xml.contains('\u{fffe}'));
    }

    #[test]
    fn a_run_that_judged_nothing_is_no_success() {
        let mut report = sample::report();
        report.verdict = Verdict::Inconclusive;
        report.findings.clear();
        let (elements, _) = parsed(&written(&report));
        assert!(elements.contains(&"error".to_owned()));
    }

    #[test]
    fn a_cut_run_whose_findings_all_pass_is_no_success() {
        let mut report = sample::report();
        report.verdict = Verdict::Inconclusive;
        report.findings.truncate(1);
        report.remarks = vec!["the run was cut: nothing is on record after 3 s".to_owned()];
        let xml = written(&report);
        assert!(xml.contains("<error") && xml.contains("nothing is on record"), "{xml}");
    }

    #[test]
    fn lengths_that_make_no_sense_are_written_as_nothing() {
        let mut report = sample::report();
        report.length_s = f64::NAN;
        report.findings[0].to_s = -1e300;
        assert!(written(&report).contains(r#"time="0.000""#));
    }
}
