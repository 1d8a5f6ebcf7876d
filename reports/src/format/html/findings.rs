//! The findings, those that did not pass first and unfolded.

use maud::{Markup, html};

use super::{badge, waterfall};
use crate::escape;
use crate::figures;
use crate::timeline::Timeline;
use crate::{Finding, Report, Verdict};

/// The most findings on a page. Scenarios have dozens; the JSON has them all.
const FINDINGS_MAX: usize = 500;

/// The most witnesses of a finding; the judge keeps five.
const WITNESSES_MAX: usize = 5;

/// The section of findings.
pub(super) fn section(report: &Report) -> Markup {
    let of = |verdict: Verdict| report.findings.iter().filter(move |finding| finding.verdict == verdict);
    let findings = of(Verdict::Fail).chain(of(Verdict::Inconclusive)).chain(of(Verdict::Pass));
    let left_out = report.findings.len().saturating_sub(FINDINGS_MAX) as u64;
    html! {
        section #findings {
            h2 { "Findings" }
            @if report.findings.is_empty() { p { "There are none." } }
            @for finding in findings.take(FINDINGS_MAX) { (folded(report, finding)) }
            @if left_out > 0 { p { "and " (figures::count(left_out)) " more, which the JSON report has" } }
        }
    }
}

fn folded(report: &Report, finding: &Finding) -> Markup {
    html! {
        details .finding open[finding.verdict != Verdict::Pass] {
            summary { (badge(finding.verdict)) " " (escape::sentence(&finding.summary)) }
            (reason(report, finding))
            @for witness in finding.witnesses.iter().take(WITNESSES_MAX) {
                (waterfall::figure(&Timeline::of(witness)))
            }
        }
    }
}

fn reason(report: &Report, finding: &Finding) -> Markup {
    let traffic = finding.traffic.as_deref().map_or_else(|| "all traffic".to_owned(), escape::name);
    let window = format!("{} – {}", figures::seconds(finding.from_s), figures::seconds(finding.to_s));
    let mut rows = vec![
        ("Observed", escape::sentence(&finding.observed)),
        ("Expected", escape::sentence(&finding.expected)),
        ("Because", escape::sentence(&finding.because)),
        ("Looked at", format!("{} in {}, {window}", traffic, escape::name(&finding.phase))),
        ("Observations", figures::count(finding.observations)),
    ];
    if let Some(resolution) = &finding.resolution {
        rows.push(("Resolution", escape::sentence(resolution)));
    }
    rows.push(("Name", escape::plain(&finding.id, 240)));
    if let Some(line) = finding.line {
        rows.push(("Demanded at", format!("{}:{line}", escape::plain(&report.scenario_path, 300))));
    }
    html! { dl { @for (key, value) in rows { div { dt { (key) } dd { (value) } } } } }
}
