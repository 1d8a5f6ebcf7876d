//! The fault that sends interim answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

use crate::fault::{Does, Effect, Fault, Incoming, Interim, Outline, on_attempts};

/// Sends answers that are no final ones (1xx) before the answer, or instead of it.
///
/// # What it does
/// `count` interim answers (1 without it) with `code` (103 without it), each after a pause of `every`; then the answer,
/// or with `then = "hang"` nothing more. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// Informational responses, which it has to pass on or drop (RFC 9110, section 15.2), and then a final one or none. A
/// timer that starts anew with each of them never fires.
///
/// # What it stands for
/// Early hints (103), processing (102), a `100 Continue` that nobody asked for: gateways that took the interim answer
/// for the final one, or leaked the real one to the next client.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with what was sent of the answer, and when the gateway left.
///
/// # Example
/// `interim = { code = 103 }`
/// `interim = { code = 102, count = 100, every = "50ms", then = "hang" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interims {
    /// The status, from 100 to 199 without 101; 103 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// How many; 1 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The pause before each.
    #[serde(default, skip_serializing_if = "Timespan::is_zero")]
    pub every: Timespan,
    /// What follows them.
    #[serde(default)]
    pub then: Then,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for Interims {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let interim = Interim {
                code: self.code.unwrap_or(103),
                count: self.count.unwrap_or(1),
                every: self.every.0,
                then_hang: self.then == Then::Hang,
            };
            Effect { interim: Some(interim), ..Effect::default() }
        })
    }

    fn problem(&self) -> Option<String> {
        if let Some(code) = self.code.filter(|code| !(100..200).contains(code) || *code == 101) {
            return Some(format!(
                "`{code}` is not an interim status: expected 100 to 199, and not 101, which switches protocols"
            ));
        }
        self.count
            .filter(|count| !(1..=COUNT_MAX).contains(count))
            .map(|count| format!("{count} interim answers: expected 1 to {COUNT_MAX}"))
    }

    fn outline(&self) -> Option<Outline> {
        (self.then == Then::Hang).then(|| Outline::of(self.share, Does::Hangs))
    }
}

/// The most interim answers to one request.
const COUNT_MAX: u32 = 100_000;

/// What follows interim answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The answer.
    #[default]
    Answer,
    /// Nothing: the connection stays open.
    Hang,
}
