//! One row a goal, in Markdown, so that the output can be pasted into the README beside it.

use std::fmt;

/// The table's head.
pub(crate) const HEAD: &str = "| what | measured | goal | met |\n| --- | --- | --- | --- |";

/// One figure against its goal.
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: &'static str,
    /// The figure with its unit, and the peer's.
    pub(crate) measured: String,
    /// The goal with its unit.
    pub(crate) goal: &'static str,
    /// Whether the goal was met in this run.
    pub(crate) met: bool,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let met = if self.met { "yes" } else { "no" };
        write!(f, "| {} | {} | {} | {met} |", self.what, self.measured, self.goal)
    }
}

/// The middle one of a few rounds.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
