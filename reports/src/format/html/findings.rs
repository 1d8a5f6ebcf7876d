//! The findings that did not pass, each with its reason and witnesses. Those that passed have a table of their own.

use maud::{Markup, html};

use super::{badge, prose, waterfall};
use crate::escape;
use crate::figures;
use crate::grounds;
use crate::headline::{self, number_of};
use crate::timeline::Timeline;
use crate::{Finding, Report, Verdict};

/// The most findings on a page. Scenarios have dozens; the JSON has them all.
const FINDINGS_MAX: usize = 500;

/// The most witnesses of a finding; the judge keeps five.
pub(super) const WITNESSES_MAX: usize = 5;

/// The findings that did not pass, with their numbers on the page: what failed first.
pub(super) fn in_order(report: &Report) -> impl Iterator<Item = (usize, &Finding)> {
    let of = |verdict: Verdict| report.findings.iter().filter(move |finding| finding.verdict == verdict);
    of(Verdict::Fail).chain(of(Verdict::Inconclusive)).take(FINDINGS_MAX).enumerate()
}

/// The name of a witness's drawing on the page.
pub(super) fn witness_id(finding: usize, witness: usize) -> String {
    format!("witness-{}-{}", finding + 1, witness + 1)
}

/// The section of findings.
pub(super) fn section(report: &Report) -> Markup {
    let passed = number_of(report, Verdict::Pass);
    let left_out = (report.findings.len() - passed).saturating_sub(FINDINGS_MAX) as u64;
    html! {
        section #findings tabindex="-1" {
            h2 { "Findings" }
            @if report.findings.is_empty() {
                p { "There are none." }
            } @else if passed == report.findings.len() {
                p { "All " (figures::count(passed as u64)) " passed; " a href="#passed" { "the table" } " says what each rests on." }
            }
            @for (number, finding) in in_order(report) { (folded(report, number, finding)) }
            @if left_out > 0 { p { "and " (figures::count(left_out)) " more, which the JSON report has" } }
        }
    }
}

fn folded(report: &Report, number: usize, finding: &Finding) -> Markup {
    let drawing = |(index, witness)| waterfall::figure(&witness_id(number, index), &Timeline::of(witness));
    let mut drawings = finding.witnesses.iter().take(WITNESSES_MAX).enumerate().map(drawing);
    let first = drawings.next();
    let more: Vec<Markup> = drawings.collect();
    html! {
        details .finding open {
            summary {
                (badge(finding.verdict)) " " span .said { (prose(&headline::reason(finding))) }
                (against(finding))
                (rests_on(finding))
            }
            (reason(report, finding))
            @if let Some(drawing) = first { (drawing) }
            // One request convinces; the others are for those who doubt.
            @if !more.is_empty() {
                details .more {
                    summary { (more.len()) @if more.len() == 1 { " more witness" } @else { " more witnesses" } }
                    @for drawing in more { (drawing) }
                }
            }
        }
    }
}

/// What was seen, beside what was demanded.
fn against(finding: &Finding) -> Markup {
    html! {
        span .against {
            span { span .key { "Observed " } (prose(&escape::sentence(&finding.observed))) }
            span { span .key { "Expected " } (prose(&escape::sentence(&finding.expected))) }
        }
    }
}

/// The expectation, what it looked at, and how much that was.
fn rests_on(finding: &Finding) -> Markup {
    let traffic = finding.traffic.as_deref().map_or_else(|| "all traffic".to_owned(), escape::name);
    let window = format!("{} – {}", figures::seconds(finding.from_s), figures::seconds(finding.to_s));
    let observations = if finding.observations == 1 { "observation" } else { "observations" };
    html! {
        span .rests {
            code { (escape::name(&finding.expectation)) } " · " (traffic) " in " (escape::name(&finding.phase)) ", " (window)
            " · " (figures::count(finding.observations)) " " (observations)
        }
    }
}

/// The word of a row, as the page has it.
fn title(key: &str) -> &str {
    match key {
        "measured" => "Measured",
        "resolution" => "Resolution",
        "exposures" => "Exposures",
        "set aside" => "Set aside",
        "remedy" => "To get an answer",
        other => other,
    }
}

fn reason(report: &Report, finding: &Finding) -> Markup {
    let demanded = finding.line.map(|line| format!("{}:{line}", escape::plain(&report.scenario_path, 300)));
    html! {
        dl {
            div { dt { "Because" } dd { (prose(&escape::sentence(&finding.because))) } }
            @for (key, words) in grounds::rows(finding) { div { dt { (title(key)) } dd { (prose(&words)) } } }
            div { dt { "Name" } dd { (escape::plain(&finding.id, 240)) } }
            @if let Some(place) = demanded { div { dt { "Scenario" } dd { (place) } } }
        }
    }
}
