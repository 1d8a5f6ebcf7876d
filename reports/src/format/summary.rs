//! One HTML page for many scenarios: a table of how each ended, the worst first.

use std::io;

use maud::{Markup, html};

use super::html::{badge, prose};
use super::{Format, FormatKind, Options};
use crate::Report;
use crate::comparison::html::shell;
use crate::escape;
use crate::figures;
use crate::several;

/// The format's line in the registry.
pub(super) const KIND: FormatKind = FormatKind {
    name: "summary",
    summary: "One HTML page for several runs: a table of scenarios and verdicts, the worst first.",
    docs: "For who runs a family of scenarios, such as `brownout run overload/ --report summary=summary.html`: a row for \
           each scenario with its verdict, the gateway, the requests, what did not pass, and who answers for it. A scenario \
           that could not be run has its row, with the reason. `html` beside it, with `{scenario}` in its path, writes the \
           page of each.",
    ending: "html",
    several: true,
    make: |_: Options| Box::new(Summary),
};

struct Summary;

impl Format for Summary {
    fn render(&self, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
        self.render_all(std::slice::from_ref(report), out)
    }

    fn render_all(&self, reports: &[Report], out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(page(reports).into_string().as_bytes())
    }
}

fn page(reports: &[Report]) -> Markup {
    let tally = several::tally(reports);
    let body = html! {
        h1 { (tally) }
        p .sub { "The worst first." }
        div .wide role="group" aria-label="Scenarios" tabindex="0" { table {
            caption { "Scenarios and their verdicts" }
            thead { tr {
                th scope="col" { "Verdict" } th scope="col" { "Scenario" } th scope="col" { "Gateway" }
                th .number scope="col" { "Requests" } th scope="col" { "Not passed" } th scope="col" { "Owner" }
                th scope="col" { "File" }
            } }
            tbody { @for report in several::worst_first(reports) { (row(report)) } }
        } }
    };
    shell(&tally, &body)
}

fn row(report: &Report) -> Markup {
    let requests = report.traffic.iter().map(|row| row.exchanges).fold(0, u64::saturating_add);
    html! {
        tr {
            td { @if report.was_run() { (badge(report.verdict)) } @else { (several::word(report)) } }
            th scope="row" {
                (escape::name(&report.scenario))
                @if let Some(why) = &report.why { p .note { (prose(&escape::sentence(why))) } }
            }
            td { (figures::gateway(report)) }
            td .number { (figures::count(requests)) }
            td { (several::not_passed(report)) }
            td { (report.owner.as_deref().map(|owner| escape::plain(owner, 160)).unwrap_or_default()) }
            td { (escape::plain(&report.scenario_path, 300)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Verdict, sample};

    #[test]
    fn every_scenario_has_a_row_and_the_worst_is_the_first() {
        let passed = Report { verdict: Verdict::Pass, findings: Vec::new(), ..sample::report() };
        let not_run = Report::not_run("failover", "failover.toml", "envoy", "`envoy` is not installed");
        let text = page(&[passed, not_run, sample::report()]).into_string();
        assert!(text.contains("<h1>3 scenarios: 1 failed, 1 not run, 1 passed</h1>"), "{text}");
        let rows: Vec<&str> = text.split("<tr><td>").skip(1).collect();
        assert_eq!(rows.len(), 3, "{text}");
        assert!(rows[0].contains("FAIL") && rows[0].contains("no_replay"), "{}", rows[0]);
        assert!(rows[1].starts_with("not run") && rows[1].contains("is not installed"), "{}", rows[1]);
        assert!(rows[2].contains("PASS"), "{}", rows[2]);
    }
}
