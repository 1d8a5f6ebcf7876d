//! What passed, as one table: each row with what the pass rests on.

use maud::{Markup, html};

use super::prose;
use crate::escape;
use crate::figures;
use crate::grounds;
use crate::headline::number_of;
use crate::{Finding, Report, Verdict};

/// The most rows. Scenarios have dozens of expectations; the JSON has them all.
const ROWS_MAX: usize = 500;

/// The section; nothing where nothing passed. It is unfolded where it is all that there is to read.
pub(super) fn section(report: &Report) -> Markup {
    let passed = || report.findings.iter().filter(|finding| finding.verdict == Verdict::Pass);
    let count = number_of(report, Verdict::Pass);
    let left_out = count.saturating_sub(ROWS_MAX) as u64;
    html! {
        @if count > 0 {
            section #passed {
                h2 { "What passed" }
                details open[count == report.findings.len()] {
                    summary { (figures::count(count as u64)) @if count == 1 { " finding" } @else { " findings" } }
                    div .wide role="group" aria-label="What passed" tabindex="0" {
                        table .passed {
                            caption { "Findings that passed, and what they rest on" }
                            thead { tr {
                                th scope="col" { "Expectation" } th scope="col" { "Phase / traffic" }
                                th scope="col" { "Observed" } th scope="col" { "Expected" }
                                th .number scope="col" { "n" } th .number scope="col" { "Cases" } th .number scope="col" { "Excludes" }
                            } }
                            tbody { @for finding in passed().take(ROWS_MAX) { (row(finding)) } }
                        }
                    }
                    @if left_out > 0 { p { "and " (figures::count(left_out)) " more, which the JSON report has" } }
                }
            }
        }
    }
}

fn row(finding: &Finding) -> Markup {
    let traffic = finding
        .traffic
        .as_deref()
        .map_or_else(String::new, |traffic| format!(" / {}", escape::name(traffic)));
    // Cases and what they exclude have columns of their own.
    let grounds = grounds::rows(finding).into_iter().filter(|(key, _)| *key != "exposures");
    html! {
        tr {
            td { code { (escape::name(&finding.expectation)) } span .rests { (escape::plain(&finding.id, 240)) } }
            td { (escape::name(&finding.phase)) (traffic) }
            td {
                (prose(&escape::sentence(&finding.observed)))
                span .rests { (prose(&escape::sentence(&finding.because))) }
                @for (key, words) in grounds { span .rests { (key) ": " (prose(&words)) } }
            }
            td { (prose(&escape::sentence(&finding.expected))) }
            td .number { (figures::count(finding.observations)) }
            td .number { (figures::count(finding.exposures)) }
            td .number { (finding.excludes.map_or_else(|| "–".to_owned(), figures::share)) }
        }
    }
}
