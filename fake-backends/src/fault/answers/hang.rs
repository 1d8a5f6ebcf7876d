//! The fault that never answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Answer, Does, Effect, Fault, Incoming, Outline, on_attempts};

/// Takes the request and never answers.
///
/// # What it does
/// The request is read whole; then nothing is sent, and the connection stays open until the gateway leaves or the run
/// ends. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A connection on which no response begins: its per-try timeout is the only thing that ends the attempt.
///
/// # What it stands for
/// A deadlock, an exhausted pool of threads or connections, a stop-the-world pause that does not end.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with the moment at which the gateway left, and how (FIN or RST).
///
/// # Example
/// `hang = { share = 0.1 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hang {
    /// The part of the attempts that is never answered.
    #[serde(default)]
    pub share: Share,
}

impl Fault for Hang {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || Effect { answer: Some(Answer::Hang), ..Effect::default() })
    }

    fn outline(&self) -> Option<Outline> {
        Some(Outline::of(self.share, Does::Hangs))
    }
}

#[cfg(test)]
mod tests {
    use evidence::Tag;
    use units::Moment;

    use super::*;
    use crate::fault::Dice;

    #[test]
    fn requests_hang_and_connections_do_not() {
        let hang = Hang { share: Share::ALL };
        let dice = Dice::of_attempt(1, 0, Tag(0), 1);
        let request = Incoming { dice, tag: Some(Tag(0)), number: 1, at: Moment::EPOCH };
        assert_eq!(hang.effect(&request).answer, Some(Answer::Hang));
        assert_eq!(hang.effect(&Incoming { tag: None, number: 0, ..request }), Effect::default());
    }
}
