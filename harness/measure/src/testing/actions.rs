//! What was done to the gateway itself, in a made run.

use evidence::{Action, Carried};

use super::{Run, at};
use crate::brief::ActionBrief;

impl Run {
    /// An action that was carried out from one moment to another, and leaves the gateway with these backends. `restart` and
    /// `kill` replace the process.
    pub fn action(mut self, phase: &str, kind: &str, backends: &[&str], (began, ended): (f64, f64)) -> Self {
        let phase = self.phase_index(phase);
        let backends = backends.iter().map(|name| self.backend_index(name)).collect();
        let action = self.brief.actions.len() as u16;
        self.brief.actions.push(ActionBrief {
            phase,
            kind: kind.into(),
            settings: "{}".into(),
            at: at(began),
            backends,
            replaces: ["restart", "kill"].contains(&kind),
        });
        let (began, ended) = (at(began), at(ended));
        self.evidence.actions.push(Action { action, began, ended, outcome: Carried::Done, said: None });
        self
    }

    /// The last action ended otherwise.
    pub fn action_row(mut self, outcome: Carried, said: Option<&str>) -> Self {
        if let Some(last) = self.evidence.actions.last_mut() {
            (last.outcome, last.said) = (outcome, said.map(Into::into));
        }
        self
    }

    /// The last action is not on record.
    pub fn action_never_began(mut self) -> Self {
        self.evidence.actions.pop();
        self
    }
}
