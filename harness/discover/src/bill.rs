//! What a battery has cost, question by question.

use std::fmt;
use std::fmt::Write;

use crate::lab::Cost;

/// What a battery has cost: in all, where experiments that went on at the same time are one time, and by question, where each counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// All of it.
    pub all: Cost,
    /// By question, in the order in which they were asked.
    pub questions: Vec<(&'static str, Cost)>,
}

impl Bill {
    /// Adds what a question has cost, to what it has cost before.
    pub(crate) fn add(&mut self, question: &'static str, cost: Cost) {
        match self.questions.iter_mut().find(|(name, _)| *name == question) {
            Some((_, known)) => *known = known.and(cost),
            None => self.questions.push((question, cost)),
        }
    }

    /// What all questions have cost, one after the other.
    pub fn sum(&self) -> Cost {
        self.questions.iter().fold(Cost::default(), |sum, (_, cost)| sum.and(*cost))
    }

    /// As a table in Markdown.
    pub fn markdown(&self) -> String {
        let mut text =
            String::from("| question | experiments | requests | time |\n| --- | ---: | ---: | ---: |\n");
        for (name, cost) in self.lines() {
            let Cost { experiments, requests, time } = cost;
            let _ = writeln!(text, "| {name} | {experiments} | {requests} | {time} |");
        }
        text
    }

    /// The questions that took an experiment, and their sum.
    fn lines(&self) -> impl Iterator<Item = (&'static str, Cost)> + '_ {
        let asked = self.questions.iter().copied().filter(|(_, cost)| cost.experiments > 0);
        asked.chain([("in all", self.sum())])
    }
}

impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<13}{:>12}{:>10}{:>10}", "asked", "experiments", "requests", "time")?;
        for (name, cost) in self.lines() {
            let time = cost.time.to_string();
            writeln!(f, "  {name:<11}{:>12}{:>10}{time:>10}", cost.experiments, cost.requests)?;
        }
        Ok(())
    }
}
