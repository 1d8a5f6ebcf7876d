//! The declared policy against the observed one, key by key: the table of a change request.

use maud::{Markup, html};

use super::{badge, prose};
use crate::figures;
use crate::policy::{ROWS_MAX, cells, findings, title};
use crate::{Finding, PolicyRow, Report};

/// The section; nothing where no finding has a table.
pub(super) fn section(report: &Report) -> Markup {
    html! {
        @if findings(report).next().is_some() {
            section #policy {
                h2 { "Declared policy, as observed" }
                @for finding in findings(report) { (table(report, finding)) }
            }
        }
    }
}

fn table(report: &Report, finding: &Finding) -> Markup {
    let caption = title(finding);
    let left_out = finding.policy.len().saturating_sub(ROWS_MAX) as u64;
    html! {
        div .wide role="group" aria-label=(caption) tabindex="0" {
            table .passed {
                caption { (caption) }
                thead { tr {
                    th scope="col" { "Verdict" } th scope="col" { "Key" } th scope="col" { "Declared" } th scope="col" { "Observed" }
                    th .number scope="col" { "Cases" } th scope="col" { "Place" } th scope="col" { "Because" }
                } }
                tbody { @for one in finding.policy.iter().take(ROWS_MAX) { (row(report, one)) } }
            }
            @if left_out > 0 { p { "and " (figures::count(left_out)) " more, which the JSON report has" } }
        }
    }
}

fn row(report: &Report, row: &PolicyRow) -> Markup {
    let [key, declared, observed, exposures, place, because] = cells(report, row);
    html! {
        tr {
            td { (badge(row.verdict)) }
            td { code { (key) } }
            td { code { (declared) } }
            td { (prose(&observed)) }
            td .number { (exposures) }
            td { (place) }
            td { (prose(&because)) }
        }
    }
}
