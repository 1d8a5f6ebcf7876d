//! The fault that goes by the number of the attempt.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use units::Share;

use super::status::code_problem;
use crate::fault::{Answer, Does, Effect, Ending, Fault, Incoming, Outline};

/// The longest script: a tag that arrives more often has long shown what there is to see.
const SCRIPT_MAX: usize = 1000;

/// Fails the first attempts of every request, counted over the whole pool.
///
/// # What it does
/// The n-th attempt of a tag gets the n-th word of `script`: a status code, `reset` or `close` (when the request has
/// arrived), `hang`, or `ok`. Attempts after the last word are answered normally. `attempts = 2` is short for a script of
/// two words `503`, or of two times the word in `with`.
///
/// # What the gateway sees
/// A failure that goes away when it tries again, at whichever backend.
///
/// # What it stands for
/// A failure that a second try mends: a stale connection, a node that is being replaced, a cold cache.
///
/// # When it cannot be proven
/// Untagged requests (health probes) have no attempt number: they are answered normally.
///
/// # Example
/// `fail_first = { script = ["503", "reset", "ok"] }`
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailFirst {
    /// How many attempts fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u16>,
    /// With `attempts`: how they fail; `503` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Step>,
    /// What each attempt gets, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub script: Vec<Step>,
}

/// What one attempt gets: a status code, `reset`, `close`, `hang`, or `ok`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An answer with this status.
    Status(u16),
    /// A reset when the request has arrived.
    Reset,
    /// A close (FIN) when the request has arrived.
    Close,
    /// No answer.
    Hang,
    /// The normal answer.
    Ok,
}

impl FailFirst {
    fn step(&self, number: u16) -> Step {
        let index = usize::from(number.saturating_sub(1));
        match self.attempts {
            Some(attempts) if index < usize::from(attempts) => self.with.unwrap_or(Step::Status(503)),
            Some(_) => Step::Ok,
            None => self.script.get(index).copied().unwrap_or(Step::Ok),
        }
    }
}

impl Fault for FailFirst {
    fn effect(&self, incoming: &Incoming) -> Effect {
        // An attempt whose counter was full is far past any script.
        let known = incoming.tag.is_some() && incoming.number != evidence::UNKNOWN_ATTEMPT;
        let answer = match if known { self.step(incoming.number) } else { Step::Ok } {
            Step::Status(code) => Answer::Status { code, body: None },
            Step::Reset => Answer::End(Ending::Rst),
            Step::Close => Answer::End(Ending::Fin),
            Step::Hang => Answer::Hang,
            Step::Ok => return Effect::default(),
        };
        Effect { answer: Some(answer), ..Effect::default() }
    }

    fn problem(&self) -> Option<String> {
        match (self.attempts, self.script.is_empty()) {
            (None, true) => {
                return Some(
                    "expected `attempts`, or a `script` such as `[\"503\", \"ok\"]`, found neither".into(),
                );
            }
            (Some(_), false) => return Some("expected either `attempts` or `script`, found both".into()),
            (Some(0), true) => return Some("`attempts = 0` fails nothing: expected at least 1".into()),
            (None, false) if self.with.is_some() => {
                return Some("`with` belongs to `attempts`: a script says it by itself".into());
            }
            _ => {}
        }
        if self.script.len() > SCRIPT_MAX {
            return Some(format!("the script has {} words, the limit is {SCRIPT_MAX}", self.script.len()));
        }
        if self
            .attempts
            .map_or(self.script.iter().all(|step| *step == Step::Ok), |_| self.with == Some(Step::Ok))
        {
            return Some("every attempt would be answered normally: expected at least one failure".into());
        }
        None
    }

    fn outline(&self) -> Option<Outline> {
        let first =
            (1..=u16::try_from(SCRIPT_MAX).unwrap_or(u16::MAX)).find(|number| self.step(*number) != Step::Ok);
        let does = match self.step(first.unwrap_or(1)) {
            Step::Status(code) => Does::Answers(code),
            Step::Reset | Step::Close => Does::Breaks,
            Step::Hang => Does::Hangs,
            Step::Ok => Does::Answers(200),
        };
        let script = u16::try_from(self.script.len()).unwrap_or(u16::MAX);
        Some(Outline { share: Share::ALL, first: Some(self.attempts.unwrap_or(script)), does })
    }
}

impl FromStr for Step {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "reset" => Ok(Step::Reset),
            "close" => Ok(Step::Close),
            "hang" => Ok(Step::Hang),
            "ok" => Ok(Step::Ok),
            _ => {
                let code = word.parse().map_err(|_| {
                    format!(
                        "`{word}` is not a step: expected a status code, `reset`, `close`, `hang` or `ok`"
                    )
                })?;
                code_problem(code).map_or(Ok(Step::Status(code)), Err)
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Status(code) => write!(f, "{code}"),
            Step::Reset => f.write_str("reset"),
            Step::Close => f.write_str("close"),
            Step::Hang => f.write_str("hang"),
            Step::Ok => f.write_str("ok"),
        }
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl de::Visitor<'_> for Word {
            type Value = Step;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a step as a string: a status code, \"reset\", \"close\", \"hang\" or \"ok\"")
            }
            fn visit_str<E: de::Error>(self, word: &str) -> Result<Step, E> {
                word.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Word)
    }
}

impl JsonSchema for Step {
    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A status code, `reset`, `close`, `hang`, or `ok`.",
            "pattern": "^([2-5][0-9][0-9]|reset|close|hang|ok)$",
            "examples": ["503", "reset", "ok"]
        })
    }
}

#[cfg(test)]
mod tests {
    use evidence::Tag;
    use rstest::rstest;
    use units::Moment;

    use super::*;
    use crate::fault::Dice;

    fn parsed(text: &str) -> FailFirst {
        toml::from_str(text).unwrap()
    }

    fn answers(fault: &FailFirst, attempts: u16) -> Vec<Option<Answer>> {
        let incoming = |number| Incoming {
            dice: Dice::of_attempt(1, 0, Tag(5), number),
            tag: Some(Tag(5)),
            number,
            at: Moment::EPOCH,
        };
        (1..=attempts).map(|number| fault.effect(&incoming(number)).answer).collect()
    }

    const UNAVAILABLE: Option<Answer> = Some(Answer::Status { code: 503, body: None });

    #[test]
    fn each_attempt_gets_its_word_of_the_script_and_later_ones_are_answered() {
        let fault = parsed("script = ['503', 'reset', 'ok', 'close', 'hang']");
        assert_eq!(fault.problem(), None);
        let reset = Some(Answer::End(Ending::Rst));
        let close = Some(Answer::End(Ending::Fin));
        let expected = [UNAVAILABLE, reset, None, close, Some(Answer::Hang), None];
        assert_eq!(answers(&fault, 6), expected);
    }

    #[test]
    fn the_short_form_fails_so_many_attempts_with_503_or_the_given_word() {
        assert_eq!(answers(&parsed("attempts = 2"), 3), [UNAVAILABLE, UNAVAILABLE, None]);
        assert_eq!(answers(&parsed("attempts = 1\nwith = 'hang'"), 2), [Some(Answer::Hang), None]);
    }

    #[test]
    fn a_probe_is_answered_normally() {
        let dice = Dice::of_probe(1, 0, 1, 1);
        let probe = Incoming { dice, tag: None, number: 1, at: Moment::EPOCH };
        assert_eq!(parsed("attempts = 9").effect(&probe), Effect::default());
    }

    #[rstest]
    #[case("", "found neither")]
    #[case("attempts = 2\nscript = ['503']", "found both")]
    #[case("attempts = 0", "at least 1")]
    #[case("script = ['503']\nwith = '503'", "belongs to `attempts`")]
    #[case("script = ['ok', 'ok']", "at least one failure")]
    #[case("attempts = 1\nwith = 'ok'", "at least one failure")]
    fn settings_that_make_no_sense_are_refused(#[case] text: &str, #[case] expected: &str) {
        let problem = parsed(text).problem().unwrap();
        assert!(problem.contains(expected), "{problem}");
    }

    #[test]
    fn a_wrong_word_is_pointed_at() {
        let error = toml::from_str::<FailFirst>("script = ['503', 'rst']").unwrap_err();
        assert_eq!(error.span(), Some(17..22));
        assert!(error.message().contains("`rst` is not a step"), "{error}");
    }
}
