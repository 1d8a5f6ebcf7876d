//! The prerequisite `last_verdict`.

use reports::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::{Checked, Prerequisite, Scene};
use crate::event::Outcome;
use crate::history::last_finished;

/// The last game day of this name ended well.
///
/// # What it checks
/// The last day in the same directory that came to an outcome after its runs had begun: it was finished with this verdict, and not
/// longer ago than `within`. Days that were refused or missed are passed over.
///
/// # When it is not met
/// There is no such day, it is too long ago, or it was stopped, failed, or came to another verdict.
///
/// # Example
/// `last_verdict = { is = "pass", within = "7d" }`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LastVerdict {
    /// The verdict that it has to have.
    pub is: Verdict,
    /// How long ago it may be. Without it: any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Timespan>,
}

impl Prerequisite for LastVerdict {
    fn words(&self) -> String {
        let within = self.within.map(|within| format!(", not longer ago than {within}"));
        format!("the last game day ended with {}{}", self.is, within.unwrap_or_default())
    }

    fn check(&self, scene: &Scene<'_>) -> Checked {
        let Some((at, outcome)) = last_finished(scene.history, scene.this) else {
            return Checked::no("no game day of this name has run before");
        };
        let ago = Timespan(scene.environment.now().duration_since(at).unsigned_abs());
        let found = format!("{outcome}, {ago} ago");
        let in_time = self.within.is_none_or(|within| ago <= within);
        let met = matches!(outcome, Outcome::Finished { verdict } if verdict == self.is);
        Checked { met: met && in_time, found }
    }
}
