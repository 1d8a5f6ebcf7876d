//! The sections beside the findings: the declared policy, response times, and what nobody asked about.

use std::fmt::Write;

use super::{escaped, html, left_out, pre, verdict};
use crate::escape;
use crate::figures;
use crate::policy;
use crate::unasked::{self, TITLE};
use crate::{LatencyRow, Report};

/// The most rows of response times.
const LATENCIES_MAX: usize = 40;

/// The declared policy against the observed one: a table of its own for each finding that has one.
pub(super) fn policy(report: &Report) -> String {
    let mut out = String::new();
    for finding in policy::findings(report) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\n### {}\n", escaped(&policy::title(finding)));
        let _ = writeln!(out, "| verdict | {} |", policy::HEADER.join(" | "));
        out.push_str("| --- | --- | --- | --- | ---: | --- | --- |\n");
        for row in finding.policy.iter().take(policy::ROWS_MAX) {
            let cells = policy::cells(report, row).map(|cell| escaped(&cell));
            let _ = writeln!(out, "| {} | {} |", verdict(row.verdict), cells.join(" | "));
        }
        left_out(&mut out, finding.policy.len(), policy::ROWS_MAX);
    }
    out
}

/// What was seen although no expectation asks about it, each with a folded witness.
pub(super) fn unasked(report: &Report) -> String {
    if report.unasked.is_empty() {
        return String::new();
    }
    let mut out = format!("\n### {TITLE}\n\n");
    for seen in report.unasked.iter().take(unasked::ITEMS_MAX) {
        let (place, what) = (unasked::place(seen), unasked::what(seen));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "- {}: {}", escaped(&place), escaped(&what));
    }
    left_out(&mut out, report.unasked.len(), unasked::ITEMS_MAX);
    if let Some((seen, witness)) =
        report.unasked.iter().find_map(|seen| Some((seen, seen.witnesses.first()?)))
    {
        let summary = html(&unasked::what(seen));
        let _ = writeln!(out, "\n<details><summary>{summary}</summary>\n\n{}\n\n</details>", pre(witness));
    }
    out
}

/// Response times, folded, as far as their samples tell.
pub(super) fn latencies(report: &Report) -> String {
    let measured = || report.latencies.iter().filter(|row| row.time == "response" && row.count > 0);
    if measured().next().is_none() {
        return String::new();
    }
    let mut out = "\n<details><summary>Response times</summary>\n\n\
                   | phase | traffic | n | p50 | p90 | p99 | p99.9 | max |\n\
                   | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for row in measured().take(LATENCIES_MAX) {
        out.push_str(&latency(row));
    }
    left_out(&mut out, measured().count(), LATENCIES_MAX);
    out + "\n</details>\n"
}

fn latency(row: &LatencyRow) -> String {
    let quantiles = row.quantiles().map(|quantile| figures::told(quantile.ms));
    format!(
        "| {} | {} | {} | {} |\n",
        escaped(&escape::name(&row.phase)),
        escaped(&escape::name(&row.traffic)),
        figures::count(row.count),
        quantiles.join(" | ")
    )
}
