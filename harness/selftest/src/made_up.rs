//! Many made-up scenarios on the correct gateway: what failed, what was left open, and whether a way out was said.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use reports::{Finding, Report, Verdict};
use units::plural::count;

use crate::cores::on_all_cores;
use crate::random::{random_scenario, shown_to};
use crate::trial::Trial;

/// The share of the runs that may be inconclusive.
const OPEN_MAX: f64 = 0.05;

/// What a range of made-up scenarios came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeUp {
    /// The seeds.
    pub seeds: RangeInclusive<u64>,
    /// Findings that failed: false alarms, or an expectation that does not follow from the policy.
    pub failed: Vec<Case>,
    /// How many runs were inconclusive.
    pub inconclusive: u64,
    /// Findings that were left open, by their kind and the reason without its figures.
    pub open: BTreeMap<(String, String), Group>,
    /// Findings that were left open without a word of what to change.
    pub stuck: Vec<Case>,
    /// Runs that gave no report.
    pub broken: Vec<Case>,
    /// How many findings passed, and how many there were, by kind.
    pub kinds: BTreeMap<String, (u64, u64)>,
    /// The same of those that the plan hardly shows.
    pub others: (u64, u64),
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The seed of the scenario, and of the run.
    pub seed: u64,
    /// What was said.
    pub words: String,
}

/// Findings that were left open for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub findings: u64,
    /// The first of them.
    pub first: Case,
    /// What it says to change.
    pub remedy: String,
}

/// Runs the made-up scenarios of some seeds on the correct gateway, over all cores; `progress` is told how many runs are
/// done, of how many. Nothing is written.
pub fn made_up(seeds: RangeInclusive<u64>, progress: &(dyn Fn(usize, usize) + Sync)) -> MadeUp {
    let (first, runs) = (*seeds.start(), seeds.clone().count());
    let reports = on_all_cores(runs, |index| (first + index as u64, run(first + index as u64)), progress);
    let mut outcome = MadeUp::of(seeds);
    for (seed, (report, shown_to)) in reports {
        outcome.take(seed, report, shown_to);
    }
    outcome
}

fn run(seed: u64) -> (Result<Report, String>, u32) {
    let text = random_scenario(seed);
    let trial = Trial { text: &text, set: &[], seed, really: None };
    (trial.report().map_err(|error| error.to_string()), shown_to(&text))
}

impl MadeUp {
    fn of(seeds: RangeInclusive<u64>) -> Self {
        MadeUp {
            seeds,
            failed: Vec::new(),
            inconclusive: 0,
            open: BTreeMap::new(),
            stuck: Vec::new(),
            broken: Vec::new(),
            kinds: BTreeMap::new(),
            others: (0, 0),
        }
    }

    /// True if nothing failed, few were left open, and a way out was said for each of those.
    pub fn holds(&self) -> bool {
        self.failed.is_empty()
            && self.broken.is_empty()
            && self.stuck.is_empty()
            && self.inconclusive as f64 <= OPEN_MAX * self.runs() as f64
    }

    fn runs(&self) -> u64 {
        self.seeds.clone().count() as u64
    }

    fn take(&mut self, seed: u64, report: Result<Report, String>, shown_to: u32) {
        let report = match report {
            Ok(report) => report,
            Err(words) => return self.broken.push(Case { seed, words }),
        };
        // What the plan hardly shows may be left open, and must not fail.
        let (shown, others): (Vec<&Finding>, Vec<&Finding>) =
            report.findings.iter().partition(|finding| finding.line.is_none_or(|line| line <= shown_to));
        let is_open = |finding: &&Finding| finding.verdict == Verdict::Inconclusive;
        self.inconclusive += u64::from(shown.iter().any(is_open));
        self.others.0 += others.iter().filter(|other| other.verdict == Verdict::Pass).count() as u64;
        self.others.1 += others.len() as u64;
        let failed = others.into_iter().filter(|other| other.verdict == Verdict::Fail);
        for finding in shown.into_iter().chain(failed) {
            self.note(seed, finding);
        }
        if report.verdict != Verdict::Pass && report.findings.iter().all(|one| one.verdict == Verdict::Pass) {
            // The run as a whole proves nothing, and the remarks say why.
            self.stuck.push(Case { seed, words: report.remarks.join("; ") });
        }
    }

    fn note(&mut self, seed: u64, finding: &Finding) {
        let kind = self.kinds.entry(finding.expectation.clone()).or_default();
        kind.1 += 1;
        let case = || Case { seed, words: format!("{}: {}", finding.id, finding.summary) };
        match finding.verdict {
            Verdict::Pass => kind.0 += 1,
            Verdict::Fail => self.failed.push(case()),
            Verdict::Inconclusive => {
                let remedy = finding.remedy.clone().unwrap_or_default();
                if remedy.is_empty() {
                    self.stuck.push(case());
                }
                let reason = (finding.expectation.clone(), without_figures(&finding.summary));
                let group = self.open.entry(reason);
                group.or_insert_with(|| Group { findings: 0, first: case(), remedy }).findings += 1;
            }
        }
    }
}

/// A sentence with an N for each figure and an X for each name, so that the same reason reads the same.
fn without_figures(sentence: &str) -> String {
    let mut words = String::new();
    let mut chars = sentence.chars().peekable();
    while let Some(next) = chars.next() {
        if next == '`' {
            while chars.next().is_some_and(|next| next != '`') {}
            words.push('X');
        } else if next.is_ascii_digit() {
            while chars.next_if(|next| next.is_ascii_digit() || *next == '.').is_some() {}
            words.push('N');
        } else {
            words.push(next);
        }
    }
    words
}

impl fmt::Display for MadeUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to, runs) = (self.seeds.start(), self.seeds.end(), self.runs());
        let share = 100.0 * self.inconclusive as f64 / runs.max(1) as f64;
        writeln!(
            f,
            "made-up scenarios   {}, seeds {from} to {to}: {}, {} inconclusive ({share:.1} %)",
            count(runs, "run"),
            count(self.failed.len() as u64, "false alarm"),
            self.inconclusive
        )?;
        for (kind, (passed, all)) in &self.kinds {
            writeln!(f, "  {kind:<14} {passed} of {all} passed")?;
        }
        let (passed, all) = self.others;
        writeln!(f, "  {passed} of {all} passed that the plans hardly show")?;
        cases(f, "false alarm", &self.failed)?;
        cases(f, "no report", &self.broken)?;
        cases(f, "no way out", &self.stuck)?;
        let mut open: Vec<_> = self.open.iter().collect();
        open.sort_by_key(|(_, group)| std::cmp::Reverse(group.findings));
        for ((kind, reason), group) in open {
            writeln!(
                f,
                "inconclusive  {} of `{kind}`, first seed {}: {reason}",
                group.findings, group.first.seed
            )?;
            writeln!(f, "  help: {}", group.remedy)?;
        }
        if !self.holds() {
            writeln!(f, "help: `brownout selftest --random SEED` shows one of them, with its scenario")?;
        }
        Ok(())
    }
}

fn cases(f: &mut fmt::Formatter<'_>, what: &str, cases: &[Case]) -> fmt::Result {
    cases.iter().try_for_each(|case| writeln!(f, "{what}  seed {}: {}", case.seed, case.words))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn made_up_scenarios_never_fail_on_the_correct_gateway_and_what_is_left_open_has_a_way_out() {
        let outcome = made_up(1..=40, &|_, _| {});
        assert!(outcome.failed.is_empty() && outcome.broken.is_empty(), "{outcome}");
        assert!(outcome.stuck.is_empty(), "{outcome}");
        let passed: u64 = outcome.kinds.values().map(|(passed, _)| passed).sum();
        assert!(passed > 200, "{outcome}");
    }

    /// Each blamed the correct gateway once, or took all memory.
    #[rstest]
    #[case::a_further_probe_was_answered_before_the_failure_of_the_first_was_known(107)]
    #[case::nowhere_was_left_to_try_at_once_the_backoff_was_over(413)]
    #[case::a_retry_crossed_the_end_of_the_attempt_that_a_timer_had_ended(970)]
    #[case::each_of_many_arrivals_between_two_results_may_have_come_to_any_worker(1590)]
    #[case::a_health_check_was_held_when_the_fault_ended(1771)]
    #[case::a_backend_that_had_turned_requests_away_came_back_little_by_little(1929)]
    #[case::successes_of_before_the_fault_had_left_the_window(900_535)]
    #[case::refused_connections_had_opened_the_breakers_of_others(900_932)]
    #[case::refused_connections_had_opened_the_breaker_before(901_119)]
    #[case::a_status_had_settled_what_broke_off_after_it(910_105)]
    #[case::all_are_out_where_one_breaker_stands_for_them(910_650)]
    #[case::what_came_because_all_were_out_ended_well_while_the_probe_was_on_its_way(901_466)]
    #[case::a_success_was_known_only_after_the_failure_that_came_with_it(901_796)]
    fn what_was_a_false_alarm_once_is_none_any_more(#[case] seed: u64) {
        let outcome = made_up(seed..=seed, &|_, _| {});
        assert!(outcome.failed.is_empty() && outcome.broken.is_empty(), "{outcome}");
    }

    #[test]
    fn the_same_reason_reads_the_same_whatever_its_figures_and_names() {
        assert_eq!(without_figures("`b0` got 3.5 of 12, `b1` 7"), "X got N of N, X N");
    }
}
