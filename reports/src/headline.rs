//! The verdict of a run in one sentence, the same words in every format.

use crate::escape;
use crate::figures;
use crate::{Finding, Report, Verdict};

/// The verdict, the reason for it, and how many findings say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headline {
    /// `FAIL`.
    pub(crate) word: &'static str,
    /// The reason of the worst finding: what the gateway did and what was demanded, or what keeps it from being told.
    /// Never a success beside a verdict that is none. Harmless, but without the escaping of any markup.
    pub(crate) sentence: String,
    /// What to change to get an answer, of the finding that the sentence is about.
    pub(crate) remedy: Option<String>,
    /// `1 of 3 findings failed, 1 is inconclusive, 1 passed.`
    pub(crate) tally: String,
}

impl Headline {
    /// The headline of a report. It repeats the report's verdict and never works one out.
    pub(crate) fn of(report: &Report) -> Self {
        let remedy = decisive(report).and_then(|finding| finding.remedy.as_deref());
        Headline {
            word: figures::word(report.verdict),
            sentence: sentence(report),
            remedy: remedy.filter(|words| !words.trim().is_empty()).map(escape::sentence),
            tally: tally(report),
        }
    }
}

/// The finding that the verdict rests on, unless all is well: the first of the worst.
pub(crate) fn decisive(report: &Report) -> Option<&Finding> {
    let of_verdict = |finding: &&Finding| finding.verdict == report.verdict;
    report.findings.iter().find(of_verdict).filter(|finding| finding.verdict != Verdict::Pass)
}

/// How many findings of a report have a verdict.
pub(crate) fn number_of(report: &Report, verdict: Verdict) -> usize {
    report.findings.iter().filter(|finding| finding.verdict == verdict).count()
}

fn sentence(report: &Report) -> String {
    if report.verdict == Verdict::Pass {
        return "The gateway did all that was demanded.".to_owned();
    }
    if let Some(finding) = decisive(report) {
        return reason(finding);
    }
    match report.remarks.iter().find_map(|remark| clause(remark)) {
        Some(words) => ended(words),
        None if report.findings.is_empty() => "Nothing was judged.".to_owned(),
        None => "No finding says why.".to_owned(),
    }
}

/// Why a finding has its verdict, in words that stand alone.
pub(crate) fn reason(finding: &Finding) -> String {
    match finding.verdict {
        Verdict::Pass => clause(&finding.summary).map_or_else(String::new, ended),
        Verdict::Fail => failed(finding),
        Verdict::Inconclusive => untold(finding),
    }
}

/// What the gateway did, and what was demanded of which requests: the one says little without the other.
fn failed(finding: &Finding) -> String {
    let seen = clause(&finding.summary).or_else(|| clause(&finding.observed));
    let seen = seen.map_or_else(|| "No finding says why.".to_owned(), ended);
    match clause(&finding.expected) {
        Some(demanded) => format!("{seen} Demanded{}: {}", place(finding), ended(demanded)),
        None => seen,
    }
}

/// What keeps it from being told, and which demand that leaves open. The summary would be what the gateway did, which
/// reads as a success beside a verdict that is none.
fn untold(finding: &Finding) -> String {
    let reason = clause(&finding.because).or_else(|| clause(&finding.summary));
    let Some(reason) = reason else { return "No finding says why.".to_owned() };
    let reason = reason.trim_end_matches('.');
    format!("{reason} (`{}`{}).", escape::name(&finding.expectation), place(finding))
}

/// Which requests, and when: the traffic class and the phase.
fn place(finding: &Finding) -> String {
    let traffic = finding.traffic.as_deref().filter(|traffic| !traffic.is_empty());
    let traffic = traffic.map_or_else(String::new, |traffic| format!(" of `{}`", escape::name(traffic)));
    let phase = if finding.phase.is_empty() {
        String::new()
    } else {
        format!(" in `{}`", escape::name(&finding.phase))
    };
    traffic + &phase
}

/// Harmless words, unless there are none.
fn clause(words: &str) -> Option<String> {
    let words = words.trim();
    (!words.is_empty()).then(|| escape::sentence(words))
}

fn ended(mut words: String) -> String {
    if !words.ends_with(['.', '!', '?', ')']) {
        words.push('.');
    }
    words
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
        insta::assert_snapshot!(headline.sentence, @"The gateway retried POST requests: 312 orders were delivered twice. Demanded of `writes` in `brownout`: no request is replayed.");
        assert_eq!(headline.tally, "2 of 4 findings failed, 1 is inconclusive, 1 passed.");
    }

    #[test]
    fn an_inconclusive_run_says_what_it_could_not_tell() {
        let mut report = sample::report();
        report.verdict = Verdict::Inconclusive;
        report.findings.retain(|finding| finding.verdict != Verdict::Fail);
        let headline = Headline::of(&report);
        insta::assert_snapshot!(headline.sentence, @"only 12 exchanges were due in the settled window, 50 are needed (`breaker` in `brownout`).");
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
    fn an_inconclusive_run_never_announces_a_success() {
        let mut report = sample::report();
        report.verdict = Verdict::Inconclusive;
        report.findings.retain(|finding| finding.verdict == Verdict::Inconclusive);
        let finding = &mut report.findings[0];
        finding.expectation = "availability".to_owned();
        finding.traffic = Some("reads".to_owned());
        finding.summary = "100 % of requests succeeded.".to_owned();
        finding.because = "588 requests are too few to prove 99.9 %".to_owned();
        assert_eq!(
            Headline::of(&report).sentence,
            "588 requests are too few to prove 99.9 % (`availability` of `reads` in `brownout`)."
        );
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
