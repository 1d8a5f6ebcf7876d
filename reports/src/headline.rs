//! The verdict of a run in one sentence, the same words in every format.

use crate::escape;
use crate::figures;
use crate::{Report, Verdict};

/// The verdict, what it rests on, and how many findings say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headline {
    /// `FAIL`.
    pub(crate) word: &'static str,
    /// What the gateway did, or that it did what was demanded. Harmless, but without the escaping of any markup.
    pub(crate) sentence: String,
    /// `1 of 3 findings failed, 1 is inconclusive, 1 passed.`
    pub(crate) tally: String,
}

impl Headline {
    /// The headline of a report. It repeats the report's verdict and never works one out.
    pub(crate) fn of(report: &Report) -> Self {
        Headline { word: figures::word(report.verdict), sentence: sentence(report), tally: tally(report) }
    }
}

/// How many findings of a report have a verdict.
pub(crate) fn number_of(report: &Report, verdict: Verdict) -> usize {
    report.findings.iter().filter(|finding| finding.verdict == verdict).count()
}

fn sentence(report: &Report) -> String {
    if report.verdict == Verdict::Pass {
        return "The gateway did all that was demanded.".to_owned();
    }
    let decisive = report.findings.iter().find(|finding| finding.verdict == report.verdict);
    let words = decisive.map(|finding| &finding.summary).or(report.remarks.first());
    let Some(words) = words.filter(|words| !words.trim().is_empty()) else {
        return if report.findings.is_empty() { "Nothing was judged." } else { "No finding says why." }
            .to_owned();
    };
    let mut sentence = escape::sentence(words.trim());
    if !sentence.ends_with(['.', '!', '?', ')']) {
        sentence.push('.');
    }
    sentence
}

fn tally(report: &Report) -> String {
    let all = report.findings.len();
    let failed = number_of(report, Verdict::Fail);
    let inconclusive = number_of(report, Verdict::Inconclusive);
    let passed = number_of(report, Verdict::Pass);
    let findings = if all == 1 { "finding" } else { "findings" };
    let are = if inconclusive == 1 { "is" } else { "are" };
    match (failed, inconclusive, passed) {
        (0, 0, 0) => "There are no findings.".to_owned(),
        (0, 0, 1) => "The only finding passed.".to_owned(),
        (0, 0, _) => format!("All {all} findings passed."),
        (0, _, _) => format!("{inconclusive} of {all} {findings} {are} inconclusive, {passed} passed."),
        (_, 0, _) => format!("{failed} of {all} {findings} failed, {passed} passed."),
        (_, _, _) => {
            format!(
                "{failed} of {all} {findings} failed, {inconclusive} {are} inconclusive, {passed} passed."
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_failed_run_says_what_failed_first() {
        let headline = Headline::of(&sample::report());
        assert_eq!(headline.word, "FAIL");
        assert_eq!(headline.sentence, "The gateway retried POST requests: 312 orders were delivered twice.");
        assert_eq!(headline.tally, "1 of 3 findings failed, 1 is inconclusive, 1 passed.");
    }

    #[test]
    fn an_inconclusive_run_says_what_it_could_not_tell() {
        let mut report = sample::report();
        report.verdict = Verdict::Inconclusive;
        report.findings.retain(|finding| finding.verdict != Verdict::Fail);
        let headline = Headline::of(&report);
        assert_eq!(headline.sentence, "The breaker of orders-a could not be watched.");
        assert_eq!(headline.tally, "1 of 2 findings is inconclusive, 1 passed.");
    }

    #[test]
    fn a_passed_run_says_so() {
        let mut report = sample::report();
        report.verdict = Verdict::Pass;
        report.findings.retain(|finding| finding.verdict == Verdict::Pass);
        assert_eq!(Headline::of(&report).tally, "The only finding passed.");
    }

    #[test]
    fn a_run_without_findings_gives_the_reason_that_the_report_gives() {
        let mut report = sample::report();
        report.verdict = Verdict::Inconclusive;
        report.findings.clear();
        report.remarks = vec!["the run was cut after 3.0 s".to_owned()];
        assert_eq!(Headline::of(&report).sentence, "the run was cut after 3.0 s.");
        report.remarks.clear();
        assert_eq!(Headline::of(&report).sentence, "Nothing was judged.");
    }

    #[test]
    fn the_verdict_is_never_worked_out_again() {
        let mut report = sample::report();
        report.verdict = Verdict::Pass;
        assert_eq!(Headline::of(&report).word, "PASS", "even where the findings say otherwise");
    }
}
