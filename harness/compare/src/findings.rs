//! What a run is against its baseline, as findings of its report: so that every format says it, and no document announces a
//! pass beside an exit code that is none.

use reports::{Change, Comparison, Course, Finding, Group, Report, Verdict, Word};

/// The name of the expectation that these findings belong to.
pub const BASELINE: &str = "baseline";

/// The findings of a comparison with a baseline: one for each row that got worse, that only people can judge, or that can't be
/// told; and one for all that stayed or got better.
///
/// A finding of the run itself has its own place in the report and is not repeated.
pub fn baseline_findings(comparison: &Comparison, report: &Report) -> Vec<Finding> {
    let own = |change: &Change| {
        change.group == Group::Finding && report.findings.iter().any(|finding| finding.id == change.id)
    };
    let finding = |change: &Change| Finding {
        id: format!("{BASELINE}/{}", change.id),
        from_s: 0.0,
        to_s: report.length_s,
        ..said(change).unwrap_or_default()
    };
    let rows = comparison.changes.iter().filter(|change| !own(change));
    let mut findings: Vec<Finding> = rows.filter(|change| said(change).is_some()).map(finding).collect();
    findings.extend(kept(comparison, report));
    findings
}

/// What a row says, unless it is no reason to say anything by itself.
fn said(change: &Change) -> Option<Finding> {
    let (verdict, words) = match (change.word, change.course) {
        (Word::Changed, Some(Course::Worse)) => (Verdict::Fail, "is worse than in the baseline"),
        (Word::Changed, Some(Course::Better)) | (Word::Same, _) => return None,
        (Word::Changed, _) => (Verdict::Inconclusive, "is not as in the baseline"),
        (Word::CantTell, _) if change.matters => (Verdict::Inconclusive, "can't be told from the baseline"),
        (Word::CantTell, _) => return None,
    };
    let what = format!("{} {words}", change.what);
    let because = match verdict {
        // Whether a change is good is not for brownout to say.
        Verdict::Inconclusive => {
            format!("{what}: {} instead of {}; {}", change.after, change.before, change.because)
        }
        _ => change.because.clone(),
    };
    let accept = "if the change is wanted, make this run the baseline with `brownout baseline save`";
    Some(Finding {
        expectation: BASELINE.to_owned(),
        verdict,
        summary: format!("{what}: {} instead of {}.", change.after, change.before),
        observed: change.after.clone(),
        expected: format!("{} is as in the baseline, {}, or better", change.what, change.before),
        because,
        observations: 1,
        exposures: u64::from(verdict == Verdict::Fail),
        remedy: (verdict == Verdict::Inconclusive)
            .then(|| change.needed.clone().unwrap_or_else(|| accept.to_owned())),
        ..Finding::default()
    })
}

/// All that stayed as it was or got better.
fn kept(comparison: &Comparison, report: &Report) -> Option<Finding> {
    let of = |word: Word, course: Option<Course>| {
        comparison.changes.iter().filter(|change| (change.word, change.course) == (word, course)).count()
    };
    let (same, better) = (of(Word::Same, None), of(Word::Changed, Some(Course::Better)));
    let rows = (same + better) as u64;
    (rows > 0).then(|| Finding {
        id: BASELINE.to_owned(),
        expectation: BASELINE.to_owned(),
        verdict: Verdict::Pass,
        from_s: 0.0,
        to_s: report.length_s,
        summary: format!("{same} figures and findings are as in the baseline, {better} are better."),
        observed: format!("{same} the same, {better} better"),
        expected: "each is as in the baseline, or better".to_owned(),
        because:
            "each lies within the tolerance that the baseline states; what failed then may go on failing"
                .to_owned(),
        observations: rows,
        exposures: rows,
        ..Finding::default()
    })
}

/// The findings of a run itself, without those that its baseline made.
pub(crate) fn own(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.expectation != BASELINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(id: &str, word: Word, course: Option<Course>) -> Change {
        Change {
            id: id.to_owned(),
            group: Group::Latency,
            what: "median response time of reads in outage".to_owned(),
            before: "0.275 ms".to_owned(),
            after: "16.8 ms".to_owned(),
            word,
            course,
            because: "more than ± 0.100 ms from the baseline".to_owned(),
            needed: None,
            matters: true,
        }
    }

    fn findings(changes: Vec<Change>) -> Vec<Finding> {
        let comparison = Comparison { answer: Comparison::answer_of(&changes), changes, ..empty() };
        baseline_findings(&comparison, &Report::default())
    }

    #[test]
    fn a_worse_figure_is_a_failing_finding_with_both_values() {
        let found = findings(vec![change("outage/reads/response/p50", Word::Changed, Some(Course::Worse))]);
        assert_eq!((found.len(), found[0].verdict), (1, Verdict::Fail));
        assert_eq!(found[0].id, "baseline/outage/reads/response/p50");
        insta::assert_snapshot!(found[0].summary, @"median response time of reads in outage is worse than in the baseline: 16.8 ms instead of 0.275 ms.");
        insta::assert_snapshot!(found[0].expected, @"median response time of reads in outage is as in the baseline, 0.275 ms, or better");
    }

    #[test]
    fn what_only_people_can_judge_or_nobody_can_tell_is_inconclusive_with_a_way_out() {
        let needed = Change { needed: Some("400 requests".to_owned()), ..change("b", Word::CantTell, None) };
        let found = findings(vec![change("a", Word::Changed, Some(Course::Open)), needed]);
        assert!(found.iter().all(|finding| finding.verdict == Verdict::Inconclusive));
        let remedies: Vec<&str> = found.iter().filter_map(|finding| finding.remedy.as_deref()).collect();
        insta::assert_snapshot!(remedies.join(" | "), @"if the change is wanted, make this run the baseline with `brownout baseline save` | 400 requests");
    }

    #[test]
    fn what_stayed_or_got_better_is_one_passing_finding() {
        let better = change("c", Word::Changed, Some(Course::Better));
        let idle = Change { matters: false, ..change("d", Word::CantTell, None) };
        let found =
            findings(vec![change("a", Word::Same, None), change("b", Word::Same, None), better, idle]);
        assert_eq!((found.len(), found[0].verdict), (1, Verdict::Pass));
        assert_eq!(found[0].observed, "2 the same, 1 better");
    }

    #[test]
    fn a_finding_of_the_run_is_not_repeated_but_one_that_is_gone_is_told() {
        let comparison =
            |id: &str| Change { group: Group::Finding, ..change(id, Word::Changed, Some(Course::Worse)) };
        let report = Report {
            findings: vec![Finding { id: "outage/all/attempts".to_owned(), ..Finding::default() }],
            ..Report::default()
        };
        let changes = vec![comparison("outage/all/attempts"), comparison("outage/all/breaker")];
        let comparison = Comparison { changes, ..empty() };
        let found = baseline_findings(&comparison, &report);
        let ids: Vec<&str> = found.iter().map(|finding| finding.id.as_str()).collect();
        assert_eq!(ids, ["baseline/outage/all/breaker"]);
    }

    fn empty() -> Comparison {
        Comparison {
            version: 1,
            scenario: "s".to_owned(),
            before: reports::Side::default(),
            after: reports::Side::default(),
            answer: reports::Answer::Same,
            method: Vec::new(),
            remarks: Vec::new(),
            changes: Vec::new(),
            overlays: Vec::new(),
        }
    }
}
