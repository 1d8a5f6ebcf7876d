//! The fault that resets connections.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Size};

use super::cut::CutAt;
use crate::fault::{Answer, Effect, Fault, Incoming, Outline};

/// Resets the connection (RST) at a chosen place.
///
/// # What it does
/// `at = "accept"` resets a connection right after it was accepted; `"request"` (the default) when a request has
/// arrived whole; `"headers"` in the middle of the response head; `"body"` after as many bytes of the response body as
/// `after` says, at most all but the last. What was sent before the cut is given 2 ms to arrive, because a reset
/// discards what the gateway had no room for. `share` is drawn for each attempt, at `accept` for each connection.
///
/// # What the gateway sees
/// `ECONNRESET` on a connection that it holds: before any response, or after a part of one.
///
/// # When it cannot be proven
/// At `accept`, a request that was on its way is never read and leaves no attempt: only the connection is evidence.
///
/// # Example
/// `reset = { at = "body", after = "1KiB", share = 0.2 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// Where to cut.
    #[serde(default)]
    pub at: CutAt,
    /// For `at = "body"`: how many bytes of the response body are sent first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Size>,
    /// The part of the attempts (at `accept`: of the connections) that is cut.
    #[serde(default)]
    pub share: Share,
}

impl Fault for Reset {
    fn effect(&self, incoming: &Incoming) -> Effect {
        let place = self.at.place(self.after, incoming).filter(|_| incoming.dice.falls_into(self.share));
        place.map_or_else(Effect::default, |place| Effect {
            answer: Answer::Reset(place),
            ..Effect::default()
        })
    }

    fn hides_attempts(&self) -> bool {
        self.at == CutAt::Accept
    }

    fn problem(&self) -> Option<String> {
        self.at.problem(self.after)
    }

    fn outline(&self) -> Outline {
        Outline::of(self.share, self.at.does())
    }
}

#[cfg(test)]
mod tests {
    use evidence::Tag;
    use units::Moment;

    use super::*;
    use crate::fault::{Dice, Place};

    fn parsed(text: &str) -> Reset {
        toml::from_str(text).unwrap()
    }

    fn request() -> Incoming {
        Incoming { dice: Dice::of_attempt(1, 0, Tag(3), 1), tag: Some(Tag(3)), number: 1, at: Moment::EPOCH }
    }

    fn connection() -> Incoming {
        Incoming { dice: Dice::of_connection(1, 0, 1), tag: None, number: 0, at: Moment::EPOCH }
    }

    #[test]
    fn a_cut_at_accept_hits_connections_and_every_other_hits_requests() {
        let at_accept = parsed("at = 'accept'");
        assert_eq!(at_accept.effect(&connection()).answer, Answer::Reset(Place::Accept));
        assert!(!at_accept.effect(&request()).acts());
        assert!(at_accept.hides_attempts());

        let in_body = parsed("at = 'body'\nafter = '1KiB'");
        assert_eq!(in_body.effect(&request()).answer, Answer::Reset(Place::Body(1024)));
        assert!(!in_body.effect(&connection()).acts());
        assert!(!in_body.hides_attempts());
        assert_eq!(parsed("").effect(&request()).answer, Answer::Reset(Place::AfterRequest));
    }

    #[test]
    fn the_bytes_to_send_first_belong_to_the_body() {
        assert!(parsed("at = 'body'").problem().unwrap().contains("needs `after`"));
        assert!(parsed("after = 10").problem().unwrap().contains("belongs to"));
        assert_eq!(parsed("at = 'body'\nafter = 0").problem(), None);
    }

    #[test]
    fn nothing_is_cut_of_an_empty_share() {
        assert!(!parsed("share = 0.0").effect(&request()).acts());
    }

    #[test]
    fn a_misspelt_place_is_pointed_at_by_its_word() {
        let error = toml::from_str::<Reset>("at = 'acept'").unwrap_err();
        assert_eq!(error.span(), Some(5..12));
        assert!(error.message().contains("`accept`"), "{error}");
    }
}
