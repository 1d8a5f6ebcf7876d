//! The fault that cuts connections, and where it, `reset` and `close` cut.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Size};

use crate::fault::{Accept, Answer, Cut, Does, Effect, Ending, Fault, Incoming, Outline, Read};

/// Ends the connection at a chosen place, in a chosen way.
///
/// # What it does
/// `by` is `"fin"` (a close; the default), `"rst"` (a reset) or `"half-close"`: the backend closes its own direction and
/// reads on. `at = "accept"` ends a connection right after it was accepted; `"upload"` after as many bytes of the request
/// body as `after` says; `"request"` (the default) when a request has arrived whole; `"headers"` in the middle of the
/// response head; `"head"` between head and body; `"body"` after as many bytes of the response body as `after` says, at most
/// all but the last. `share` is drawn for each attempt, at `accept` for each connection. A status of another fault is
/// answered up to the cut.
///
/// # What the gateway sees
/// FIN or RST on a connection that it holds: before any response, or after a part of one.
///
/// # What it stands for
/// A backend that crashes, is killed, or is deployed anew without draining; a load balancer or firewall that drops flows.
///
/// # When it cannot be proven
/// At `accept`, a request that was on its way is never read and leaves no attempt: only the connection is evidence.
///
/// # Example
/// `cut = { at = "body", after = "1KiB", by = "rst", share = 0.2 }`
/// `cut = { at = "head", by = "half-close" }`
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CutOff {
    /// Where to cut.
    #[serde(default)]
    pub at: CutAt,
    /// For `at = "upload"` and `"body"`: how many bytes pass first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Size>,
    /// How the connection is ended.
    #[serde(default)]
    pub by: CutBy,
    /// The part of the attempts (at `accept`: of the connections) that is cut.
    #[serde(default)]
    pub share: Share,
}

/// How a connection is ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CutBy {
    /// By a close (FIN).
    #[default]
    Fin,
    /// By a reset (RST).
    Rst,
    /// By a close of the backend's own direction alone.
    HalfClose,
}

impl From<CutBy> for Ending {
    fn from(by: CutBy) -> Self {
        match by {
            CutBy::Fin => Ending::Fin,
            CutBy::Rst => Ending::Rst,
            CutBy::HalfClose => Ending::HalfClose,
        }
    }
}

impl Fault for CutOff {
    fn effect(&self, incoming: &Incoming) -> Effect {
        self.at.effect(self.after, self.by.into(), self.share, incoming)
    }

    fn hides_attempts(&self) -> bool {
        self.at == CutAt::Accept
    }

    fn problem(&self) -> Option<String> {
        self.at.problem(self.after)
    }

    fn outline(&self) -> Option<Outline> {
        self.at.does().map(|does| Outline::of(self.share, does))
    }
}

/// Where in the life of a connection it is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CutAt {
    /// Right after the connection was accepted, before a request is read.
    Accept,
    /// Inside the request body, after as many bytes as `after` says.
    Upload,
    /// When the request has arrived whole.
    #[default]
    Request,
    /// In the middle of the response head.
    Headers,
    /// Between the response head and its body.
    Head,
    /// Inside the response body, after as many bytes as `after` says.
    Body,
}

impl CutAt {
    /// What is done to what arrives; nothing if the cut belongs to the connection and this is a request, or the other way
    /// round.
    pub(super) fn effect(self, after: Option<Size>, by: Ending, share: Share, incoming: &Incoming) -> Effect {
        if incoming.is_connection() != (self == CutAt::Accept) || !incoming.dice.falls_into(share) {
            return Effect::default();
        }
        let after = after.unwrap_or_default().0;
        let none = Effect::default();
        match self {
            CutAt::Accept => Effect { accept: Some(Accept::Cut(by)), ..none },
            CutAt::Upload => Effect { read: Some(Read::Until(after, by)), ..none },
            CutAt::Request => Effect { answer: Some(Answer::End(by)), ..none },
            CutAt::Headers => Effect { answer: Some(Answer::HalfAHead(by)), ..none },
            CutAt::Head => Effect { cut: Some(Cut { after: 0, by }), ..none },
            CutAt::Body => Effect { cut: Some(Cut { after, by }), ..none },
        }
    }

    /// What becomes of an attempt that is cut there; `None` if that depends on the size of the request.
    pub(super) fn does(self) -> Option<Does> {
        match self {
            CutAt::Accept => Some(Does::Refuses),
            CutAt::Upload => None,
            CutAt::Request | CutAt::Headers => Some(Does::Breaks),
            CutAt::Head | CutAt::Body => Some(Does::Cuts),
        }
    }

    /// What is wrong with `after` beside this place.
    pub(super) fn problem(self, after: Option<Size>) -> Option<String> {
        match (self, after) {
            (CutAt::Body, None) => {
                Some("`at = \"body\"` needs `after`, the bytes of the body to send first, such as `after = \"1KiB\"`".into())
            }
            (CutAt::Upload, None) => {
                Some("`at = \"upload\"` needs `after`, the bytes of the body to read first, such as `after = \"1KiB\"`".into())
            }
            (CutAt::Accept | CutAt::Request | CutAt::Headers | CutAt::Head, Some(_)) => {
                Some("`after` belongs to `at = \"body\"` or `\"upload\"`: the other places have no bytes to count".into())
            }
            _ => None,
        }
    }
}

/// Declares a short form of [`CutOff`], which always ends the connection in the same way.
macro_rules! short_form {
    ($(#[doc = $doc:literal])* $name:ident: $by:ident) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Where to cut.
            #[serde(default)]
            pub at: super::cut::CutAt,
            /// For `at = "upload"` and `"body"`: how many bytes pass first.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub after: Option<units::Size>,
            /// The part of the attempts (at `accept`: of the connections) that is cut.
            #[serde(default)]
            pub share: units::Share,
        }

        impl $crate::fault::Fault for $name {
            fn effect(&self, incoming: &$crate::fault::Incoming) -> $crate::fault::Effect {
                self.at.effect(self.after, $crate::fault::Ending::$by, self.share, incoming)
            }

            fn hides_attempts(&self) -> bool {
                self.at == super::cut::CutAt::Accept
            }

            fn problem(&self) -> Option<String> {
                self.at.problem(self.after)
            }

            fn outline(&self) -> Option<$crate::fault::Outline> {
                self.at.does().map(|does| $crate::fault::Outline::of(self.share, does))
            }
        }
    };
}
pub(super) use short_form;

#[cfg(test)]
mod tests {
    use evidence::Tag;
    use units::Moment;

    use super::*;
    use crate::fault::Dice;

    fn parsed(text: &str) -> CutOff {
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
        let at_accept = parsed("at = 'accept'\nby = 'rst'");
        assert_eq!(at_accept.effect(&connection()).accept, Some(Accept::Cut(Ending::Rst)));
        assert_eq!(at_accept.effect(&request()), Effect::default());
        assert!(at_accept.hides_attempts());

        let in_body = parsed("at = 'body'\nafter = '1KiB'");
        assert_eq!(in_body.effect(&request()).cut, Some(Cut { after: 1024, by: Ending::Fin }));
        assert_eq!(in_body.effect(&connection()), Effect::default());
        assert!(!in_body.hides_attempts());
        assert_eq!(parsed("").effect(&request()).answer, Some(Answer::End(Ending::Fin)));
    }

    #[test]
    fn the_bytes_that_pass_first_belong_to_a_body() {
        assert!(parsed("at = 'body'").problem().unwrap().contains("needs `after`"));
        assert!(parsed("at = 'upload'").problem().unwrap().contains("needs `after`"));
        assert!(parsed("after = 10").problem().unwrap().contains("belongs to"));
        assert_eq!(parsed("at = 'body'\nafter = 0").problem(), None);
    }
}
