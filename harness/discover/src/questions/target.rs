//! Which backends fail in an outage.

use crate::lab::Lab;
use crate::seen::Seen;

/// The backends that fail together, by their index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target(pub(super) Vec<usize>);

impl Target {
    /// The first backend that gets traffic while all is well.
    pub(super) fn victim(lab: &Lab<'_>) -> Self {
        Target(vec![lab.victim()])
    }

    /// All that do.
    pub(super) fn group(lab: &Lab<'_>) -> Self {
        let first = lab.backends[lab.victim()].priority;
        Target((0..lab.backends.len()).filter(|index| lab.backends[*index].priority == first).collect())
    }

    /// All that there are.
    pub(super) fn every(lab: &Lab<'_>) -> Self {
        Target((0..lab.backends.len()).collect())
    }

    /// The place of their faults, in the words of scenario files.
    pub(super) fn place(&self, lab: &Lab<'_>) -> String {
        let names: Vec<&str> = self.0.iter().map(|index| lab.backends[*index].name.as_str()).collect();
        format!("on = {names:?}")
    }

    /// As evidence names them.
    pub(super) fn indices(&self) -> Vec<u16> {
        self.0.iter().map(|index| *index as u16).collect()
    }

    /// The part of the traffic that is theirs, as weights say.
    pub(super) fn weight_share(&self, lab: &Lab<'_>) -> f64 {
        let weight =
            |of: &[usize]| of.iter().map(|index| f64::from(lab.backends[*index].weight)).sum::<f64>();
        (weight(&self.0).max(1.0) / weight(&Target::group(lab).0).max(1.0)).min(1.0)
    }

    /// The part of the traffic that is theirs.
    pub(super) fn share(&self, seen: &Seen) -> f64 {
        self.0.iter().map(|index| seen.brief.weight_share(*index)).sum()
    }
}
