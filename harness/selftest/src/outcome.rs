//! What a self-test came to, as rows and as text.

use std::collections::BTreeSet;
use std::fmt;

use units::plural::count;

/// What became of a defect or a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A finding failed by this expectation.
    Caught(String),
    /// Nothing failed: what the findings said instead.
    Alive(String),
    /// The scenario says that it is not about this key.
    NoBusiness,
    /// The run gave no report.
    Broken(String),
}

/// A mutant of a scenario's policy, or a defect of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutantRow {
    /// The scenario.
    pub scenario: String,
    /// The key that was changed, or the defect's name.
    pub key: String,
    /// What it was changed to, or the expectation that must catch the defect.
    pub what: String,
    /// What became of it.
    pub fate: Fate,
}

/// The correct gateway under one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectRow {
    /// The scenario.
    pub scenario: String,
    /// Runs.
    pub runs: u64,
    /// Runs that failed: false alarms.
    pub failed: u64,
    /// Runs that were inconclusive.
    pub inconclusive: u64,
    /// What the first of those said.
    pub first: Option<String>,
}

/// What a self-test came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Defects of the reference gateway.
    pub defects: Vec<MutantRow>,
    /// Two defects at once, each in its own scenario.
    pub pairs: Vec<MutantRow>,
    /// Mutants of the declared policies.
    pub mutants: Vec<MutantRow>,
    /// The correct gateway.
    pub correct: Vec<CorrectRow>,
    /// True if only some scenarios were tried, so that others may be about what these are not.
    pub is_part: bool,
}

/// The share of the mutants that must be killed.
const KILLED_MIN: f64 = 0.95;

impl Outcome {
    /// True if every defect was caught, alone and beside another, enough mutants were killed, every key that a scenario declares is the business of
    /// one, and nothing was said against the correct gateway.
    pub fn holds(&self) -> bool {
        let (killed, business) = self.killed();
        let all = |rows: &[MutantRow]| caught(rows) == rows.len();
        all(&self.defects)
            && all(&self.pairs)
            && killed as f64 >= KILLED_MIN * business as f64
            && (self.is_part || self.unwatched().is_empty())
            && self.correct.iter().all(|row| row.failed == 0 && row.inconclusive == 0)
    }

    /// Keys that scenarios declare and none is about: a gateway may get them wrong and nobody notices.
    pub fn unwatched(&self) -> BTreeSet<&str> {
        let key = |row: &MutantRow, watched: bool| (row.fate != Fate::NoBusiness) == watched;
        let keys =
            |watched| self.mutants.iter().filter(move |row| key(row, watched)).map(|row| row.key.as_str());
        let watched: BTreeSet<&str> = keys(true).collect();
        keys(false).filter(|key| !watched.contains(key)).collect()
    }

    /// Mutants that were killed, of those that are a scenario's business.
    pub fn killed(&self) -> (usize, usize) {
        let business = self.mutants.iter().filter(|row| row.fate != Fate::NoBusiness);
        (caught(&self.mutants), business.count())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show_correct(f)?;
        show(f, "defects           ", "caught by the expectation that they name", &self.defects)?;
        show(f, "pairs of defects  ", "caught beside another one", &self.pairs)?;
        self.show_mutants(f)
    }
}

impl Outcome {
    fn show_correct(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.correct.is_empty() {
            return Ok(());
        }
        let sum = |of: fn(&CorrectRow) -> u64| self.correct.iter().map(of).sum::<u64>();
        let (runs, failed, open) = (sum(|row| row.runs), sum(|row| row.failed), sum(|row| row.inconclusive));
        writeln!(f, "correct gateway   {runs} runs: {failed} false alarms, {open} inconclusive")?;
        for row in self.correct.iter().filter(|row| row.failed + row.inconclusive > 0) {
            let first = row.first.as_deref().unwrap_or_default();
            writeln!(
                f,
                "  {}: {} failed, {} inconclusive of {}: {first}",
                row.scenario, row.failed, row.inconclusive, row.runs
            )?;
        }
        Ok(())
    }

    fn show_mutants(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mutants.is_empty() {
            return Ok(());
        }
        let (killed, business) = self.killed();
        let share = 100.0 * killed as f64 / business.max(1) as f64;
        let others = self.mutants.len() - business;
        writeln!(
            f,
            "policy mutants    {killed} of {business} killed ({share:.0} %); {} of no scenario's business",
            count(others as u64, "other")
        )?;
        show_alive(f, &self.mutants)?;
        let unwatched = self.unwatched();
        if !unwatched.is_empty() {
            let keys = unwatched.into_iter().collect::<Vec<_>>().join(", ");
            writeln!(f, "  declared, and no scenario is about it: {keys}")?;
        }
        Ok(())
    }
}

/// How many of the rows were caught, if there are any.
fn show(f: &mut fmt::Formatter<'_>, head: &str, how: &str, rows: &[MutantRow]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(f, "{head}{} of {} {how}", caught(rows), rows.len())?;
    show_alive(f, rows)
}

fn caught(rows: &[MutantRow]) -> usize {
    rows.iter().filter(|row| matches!(row.fate, Fate::Caught(_))).count()
}

/// What was not caught, with the reason.
fn show_alive(f: &mut fmt::Formatter<'_>, rows: &[MutantRow]) -> fmt::Result {
    for row in rows {
        match &row.fate {
            Fate::Alive(why) => writeln!(f, "  alive  {} {}: {} ({why})", row.scenario, row.key, row.what)?,
            Fate::Broken(why) => writeln!(f, "  broken {} {}: {} ({why})", row.scenario, row.key, row.what)?,
            Fate::Caught(_) | Fate::NoBusiness => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(scenario: &str, key: &str, fate: Fate) -> MutantRow {
        MutantRow { scenario: scenario.into(), key: key.into(), what: "2 instead of 1".into(), fate }
    }

    fn outcome(mutants: Vec<MutantRow>) -> Outcome {
        Outcome { mutants, ..Outcome::default() }
    }

    fn killed() -> Fate {
        Fate::Caught("policy".into())
    }

    #[test]
    fn a_key_that_is_another_scenario_s_business_is_watched() {
        let outcome = outcome(vec![
            row("one", "retry.attempts", Fate::NoBusiness),
            row("other", "retry.attempts", killed()),
        ]);
        assert!(outcome.unwatched().is_empty() && outcome.holds());
    }

    #[test]
    fn a_key_that_is_nobody_s_business_is_named_and_does_not_hold() {
        let mutants =
            vec![row("one", "breaker.probes", Fate::NoBusiness), row("one", "retry.attempts", killed())];
        let outcome = outcome(mutants);
        assert!(!outcome.holds());
        insta::assert_snapshot!(outcome.to_string(), @r"
        policy mutants    1 of 1 killed (100 %); 1 other of no scenario's business
          declared, and no scenario is about it: breaker.probes
        ");
    }

    #[test]
    fn where_only_some_scenarios_were_tried_the_others_may_be_about_it() {
        let outcome =
            Outcome { is_part: true, ..outcome(vec![row("one", "breaker.probes", Fate::NoBusiness)]) };
        assert!(outcome.holds());
    }

    #[test]
    fn a_mutant_that_lives_is_told_with_what_was_said_instead() {
        let alive = Fate::Alive("everything passed".into());
        let outcome = outcome(vec![row("one", "retry.attempts", alive)]);
        assert!(!outcome.holds());
        assert!(
            outcome.to_string().contains("alive  one retry.attempts: 2 instead of 1 (everything passed)")
        );
    }
}
