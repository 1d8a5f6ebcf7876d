//! Where `reset` and `close` cut, in the words of the scenario file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Size;

use crate::fault::{Does, Incoming, Place};

/// Where in the life of a connection it is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CutAt {
    /// Right after the connection was accepted, before a request is read.
    Accept,
    /// When the request has arrived whole.
    #[default]
    Request,
    /// In the middle of the response head.
    Headers,
    /// Inside the response body, after as many bytes as `after` says.
    Body,
}

impl CutAt {
    /// The place at which to cut what arrives; nothing if the cut belongs to the connection and this is a request,
    /// or the other way round.
    pub(super) fn place(self, after: Option<Size>, incoming: &Incoming) -> Option<Place> {
        let place = match self {
            CutAt::Accept => Place::Accept,
            CutAt::Request => Place::AfterRequest,
            CutAt::Headers => Place::InHeaders,
            CutAt::Body => Place::Body(after.unwrap_or_default().0),
        };
        (incoming.is_connection() == (place == Place::Accept)).then_some(place)
    }

    /// What becomes of an attempt that is cut there.
    pub(super) fn does(self) -> Does {
        match self {
            CutAt::Accept => Does::Refuses,
            CutAt::Request | CutAt::Headers => Does::Breaks,
            CutAt::Body => Does::Cuts,
        }
    }

    /// What is wrong with `after` beside this place.
    pub(super) fn problem(self, after: Option<Size>) -> Option<String> {
        match (self, after) {
            (CutAt::Body, None) => {
                Some("`at = \"body\"` needs `after`, the bytes of the body to send first, such as `after = \"1KiB\"`".into())
            }
            (CutAt::Accept | CutAt::Request | CutAt::Headers, Some(_)) => {
                Some("`after` belongs to `at = \"body\"`: the other places have no bytes to count".into())
            }
            _ => None,
        }
    }
}
