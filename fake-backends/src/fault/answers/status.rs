//! The fault that answers with a status of its own.

use std::collections::BTreeMap;

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Answer, Does, Effect, Fault, Incoming, Outline, on_attempts};

/// Header fields that frame the message, so that the backend alone may set them (RFC 9112, section 6).
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "connection"];

/// Answers with a status, and headers and a body if they are given.
///
/// # What it does
/// The request is read whole and answered at once with `code`, or with one of `codes` by its weight. The answer carries the backend's own headers too, so that
/// a status made by a backend can be told from one made by the gateway. Without `body`, the body is that of a normal
/// answer. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A whole response with this status.
///
/// # What it stands for
/// A backend that is overloaded (503), broken by a deployment (500), or behind a dead dependency (502, 504).
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with the status that was answered.
///
/// # Example
/// `status = { code = 503, share = 0.5, headers = { retry-after = "1" } }`
/// `status = { codes = { 503 = 3, 500 = 1 }, share = 0.1 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The status code, from 200 to 599.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Several codes, each with its weight: one is drawn for each attempt.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, f64>,
    /// The part of the attempts that is answered so.
    #[serde(default)]
    pub share: Share,
    /// Further response headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body; without it, that of a normal answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl Fault for Status {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let fields: Vec<_> =
                self.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            let answer = Answer::Status { code: self.draw(incoming), body: self.body.clone() };
            Effect {
                answer: Some(answer),
                fields: (!fields.is_empty()).then_some(fields),
                ..Effect::default()
            }
        })
    }

    fn problem(&self) -> Option<String> {
        match (self.code, self.codes.is_empty()) {
            (None, true) => {
                return Some("expected `code`, or `codes` with their weights, found neither".into());
            }
            (Some(_), false) => return Some("expected either `code` or `codes`, found both".into()),
            (Some(code), true) => code_problem(code),
            (None, false) => self.codes_problem(),
        }
        .or_else(|| self.headers.iter().find_map(|(name, value)| header_problem(name, value)))
    }

    fn outline(&self) -> Option<Outline> {
        // Of several codes, it depends on the draw how a gateway takes one.
        Some(Outline::of(self.share, Does::Answers(self.code?)))
    }
}

impl Status {
    fn draw(&self, incoming: &Incoming) -> u16 {
        let weights = || self.codes.iter().filter_map(|(code, weight)| Some((code.parse().ok()?, *weight)));
        let total: f64 = weights().map(|(_, weight)| weight).sum();
        let mut left = incoming.dice.amounts().random::<f64>() * total;
        let drawn = weights().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        self.code.or(drawn.or_else(|| weights().next_back()).map(|(code, _): (u16, f64)| code)).unwrap_or(503)
    }

    fn codes_problem(&self) -> Option<String> {
        self.codes.iter().find_map(|(code, weight)| {
            if !(weight.is_finite() && *weight > 0.0) {
                return Some(format!("the weight of `{code}` is {weight}: expected a number above zero"));
            }
            match code.parse() {
                Ok(number) => code_problem(number),
                Err(_) => Some(format!("`{code}` is not a status code: expected 200 to 599")),
            }
        })
    }
}

/// What is wrong with a status code that a backend is to answer.
pub(in crate::fault) fn code_problem(code: u16) -> Option<String> {
    // An interim status (1xx) is no answer: the gateway would go on waiting for one.
    (!(200..=599).contains(&code)).then(|| format!("`{code}` is not a final status: expected 200 to 599"))
}

pub(super) fn header_problem(name: &str, value: &str) -> Option<String> {
    if name.is_empty() || !name.bytes().all(is_token) {
        return Some(format!("`{name}` is not a header name: expected letters, digits and `-`"));
    }
    if FRAMING.iter().any(|framing| framing.eq_ignore_ascii_case(name)) {
        return Some(format!("the header `{name}` frames the message: the backend sets it by itself"));
    }
    let writable = |byte: u8| byte == b'\t' || (byte >= b' ' && byte != 0x7f);
    (!value.bytes().all(writable))
        .then(|| format!("the value of the header `{name}` holds a control character"))
}

/// The characters of a token (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use evidence::Tag;
    use rstest::rstest;
    use units::Moment;

    use super::*;
    use crate::fault::Dice;

    #[test]
    fn the_share_of_the_attempts_gets_the_status() {
        let status: Status =
            toml::from_str("code = 503\nshare = 0.25\nheaders = { retry-after = '1' }").unwrap();
        let effects = (0..4000).map(|n| {
            let dice = Dice::of_attempt(9, 0, Tag(n), 1);
            status.effect(&Incoming { dice, tag: Some(Tag(n)), number: 1, at: Moment::EPOCH })
        });
        let hit: Vec<Effect> = effects.filter(|effect| *effect != Effect::default()).collect();
        assert!((850..1150).contains(&hit.len()), "{}", hit.len());
        assert_eq!(hit[0].fields, Some(vec![("retry-after".to_owned(), "1".to_owned())]));
        assert_eq!(hit[0].answer, Some(Answer::Status { code: 503, body: None }));
    }

    #[test]
    fn several_codes_come_by_their_weights() {
        let status: Status = toml::from_str("codes = { 503 = 3, 500 = 1 }").unwrap();
        let answers = (0..4000).map(|n| {
            let dice = Dice::of_attempt(9, 0, Tag(n), 1);
            status.effect(&Incoming { dice, tag: Some(Tag(n)), number: 1, at: Moment::EPOCH }).answer
        });
        let hit = answers.filter(|answer| *answer == Some(Answer::Status { code: 500, body: None })).count();
        assert!((850..1150).contains(&hit), "{hit}");
        assert_eq!(status.outline(), None);
    }

    #[rstest]
    #[case("", "found neither")]
    #[case("code = 503\ncodes = { 500 = 1 }", "found both")]
    #[case("codes = { 503 = 0 }", "above zero")]
    #[case("codes = { 5xx = 1 }", "not a status code")]
    #[case("code = 101", "not a final status")]
    #[case("code = 600", "not a final status")]
    #[case("code = 503\nheaders = { 'retry after' = '1' }", "not a header name")]
    #[case("code = 503\nheaders = { Content-Length = '1' }", "frames the message")]
    #[case("code = 503\nheaders = { x = \"1\\r\\ny: 2\" }", "control character")]
    fn settings_that_would_break_the_answer_are_refused(#[case] text: &str, #[case] expected: &str) {
        let problem = toml::from_str::<Status>(text).unwrap().problem().unwrap();
        assert!(problem.contains(expected), "{problem}");
    }
}
