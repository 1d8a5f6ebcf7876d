//! Several runs side by side: the worst first, what decided each, and how many there are of each kind.

use std::cmp::Reverse;

use crate::escape;
use crate::figures;
use crate::{Report, Verdict};

/// The most names of findings that are given for a run.
const NAMES_MAX: usize = 3;

/// How a run ended, the worst last. What could not be run proves less than what was run to no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Passed,
    Inconclusive,
    NotRun,
    Failed,
}

/// How a run ended.
pub(crate) fn ending(report: &Report) -> Ending {
    match report.verdict {
        _ if !report.was_run() => Ending::NotRun,
        Verdict::Pass => Ending::Passed,
        Verdict::Inconclusive => Ending::Inconclusive,
        Verdict::Fail => Ending::Failed,
    }
}

/// The word of a row: `pass`, `inconclusive`, `not run`, `fail`.
pub(crate) fn word(report: &Report) -> String {
    if report.was_run() { report.verdict.to_string() } else { "not run".to_owned() }
}

/// The runs, the worst first; of those that ended alike, the first that was run.
pub(crate) fn worst_first(reports: &[Report]) -> Vec<&Report> {
    let mut all: Vec<&Report> = reports.iter().collect();
    all.sort_by_key(|report| Reverse(ending(report)));
    all
}

/// What decided: the names of findings that are no pass, or the first remark of a run without any.
pub(crate) fn not_passed(report: &Report) -> String {
    if report.verdict == Verdict::Pass {
        return String::new();
    }
    if report.findings.is_empty() {
        return report.remarks.first().map(|remark| escape::plain(remark, 160)).unwrap_or_default();
    }
    let of = |verdict: Verdict| report.findings.iter().filter(move |finding| finding.verdict == verdict);
    let mut all =
        of(Verdict::Fail).chain(of(Verdict::Inconclusive)).map(|finding| escape::plain(&finding.id, 160));
    let names: Vec<String> = all.by_ref().take(NAMES_MAX).collect();
    let more = all.count() as u64;
    let more = if more > 0 { format!(" and {} more", figures::count(more)) } else { String::new() };
    format!("{}{more}", names.join(", "))
}

/// `3 scenarios: 1 failed, 1 not run, 1 passed`.
pub(crate) fn tally(reports: &[Report]) -> String {
    let count = |wanted: Ending| reports.iter().filter(|report| ending(report) == wanted).count();
    let counts = [
        (Ending::Failed, "failed"),
        (Ending::NotRun, "not run"),
        (Ending::Inconclusive, "inconclusive"),
        (Ending::Passed, "passed"),
    ];
    let counts = counts.iter().map(|(ending, word)| (count(*ending), word)).filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    format!("{}: {}", scenarios(reports.len()), counts.join(", "))
}

fn scenarios(scenarios: usize) -> String {
    if scenarios == 1 { "1 scenario".to_owned() } else { format!("{scenarios} scenarios") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(scenario: &str, verdict: Verdict) -> Report {
        Report { scenario: scenario.to_owned(), run: "a run".to_owned(), verdict, ..Report::default() }
    }

    #[test]
    fn the_worst_comes_first_and_what_ended_alike_keeps_its_order() {
        let reports = [
            report("a", Verdict::Pass),
            report("b", Verdict::Inconclusive),
            report("c", Verdict::Fail),
            Report::not_run("d", "d.toml", "envoy", "it is not installed"),
            report("e", Verdict::Fail),
            report("f", Verdict::Pass),
        ];
        let names: Vec<&str> = worst_first(&reports).iter().map(|report| report.scenario.as_str()).collect();
        assert_eq!(names, ["c", "e", "d", "b", "a", "f"]);
        assert_eq!(tally(&reports), "6 scenarios: 2 failed, 1 not run, 1 inconclusive, 2 passed");
    }
}
