//! `integrity`: what arrives is what was sent, in both directions.

#[cfg(test)]
mod tests;

use measure::brief::FaultDoes;
use measure::integrity::{Integrity as Compared, Violation};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::plural::count;

use super::Expectation;
use crate::claim::{CASES_MIN, Claim};
use crate::estimates::share;
use crate::forecast::{Forecast, Outlook};

/// Answers reach the client that asked with the bytes that the backend sent, and requests reach the backends with
/// theirs.
///
/// # What it checks
/// The tags, the bodies and the success of answers, and the bodies of requests; not paths, queries or headers.
///
/// - Answers: none carries another request's tag; none is a success (a status below 400) where the backend had answered with
///   an error; none that looks whole has other bytes than the backend sent, or was broken off by it. One that is visibly cut
///   off is honest, as long as the bytes that arrived are those that the backend's answer begins with.
/// - Requests: the body of every attempt that arrived whole has the bytes that the client sent, and as many as it
///   declares; no further attempt is left waiting for a body that was given away already.
///
/// The finding says of each part how many cases were compared, and which part had none. `parts` names those that must
/// have been seen: `answers`, `cut` (answers that the backend broke off), `requests`, `retried` (further attempts of
/// requests with a body).
///
/// # Why it matters
/// Answers that go to the wrong client leak one user's data to another. An error under a status of success is believed, and
/// never tried again. A truncated answer that looks whole is stored. A retried write without its body creates an empty record.
///
/// # When it can't tell
/// Inconclusive if fewer than 10 answers came with a tag or with the hash of their body, or if more than a tenth of the
/// successful ones came without either, as when the gateway answers by itself. For each of `parts`, if fewer than 10
/// such cases came up. Bodies of `HEAD` and of empty answers can't be compared; evidence of older builds has no hash of
/// what the client sent, so that only the attempts of one request are compared with each other. One violation is a
/// failure, with or without a fault.
///
/// # Example
/// ```toml
/// [[expect]]
/// in        = "brownout"
/// integrity = {}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Integrity {
    /// The parts that must have been seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// A part of what is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The bytes of whole answers.
    Answers,
    /// Answers that the backend broke off.
    Cut,
    /// The bytes of request bodies.
    Requests,
    /// Further attempts of requests with a body.
    Retried,
}

impl Part {
    const ALL: [Part; 4] = [Part::Answers, Part::Cut, Part::Requests, Part::Retried];

    /// How many cases of it were seen.
    fn seen(self, found: &Compared) -> u64 {
        match self {
            Part::Answers => found.answers,
            Part::Cut => found.cut,
            Part::Requests => found.bodies + found.among,
            Part::Retried => found.retried,
        }
    }

    /// A case of it, in words.
    fn case(self) -> &'static str {
        match self {
            Part::Answers => "answer body",
            Part::Cut => "answer that a backend broke off",
            Part::Requests => "request body",
            Part::Retried => "further attempt with a body",
        }
    }

    fn cases(self, number: u64) -> String {
        match (self, number) {
            (Part::Answers | Part::Requests, more) if more != 1 => {
                format!("{number} {}", self.case().replace("body", "bodies"))
            }
            (Part::Cut, more) if more != 1 => format!("{number} answers that a backend broke off"),
            (Part::Retried, more) if more != 1 => format!("{number} further attempts with a body"),
            _ => format!("{number} {}", self.case()),
        }
    }
}

impl Expectation for Integrity {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let found = Compared::of(view);
        let mut claims = vec![agreement(view, &found)];
        claims.extend(self.parts.iter().map(|part| seen(view, &found, *part)));
        claims
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let has_body = outlook.classes().any(|class| outlook.brief.traffic[class].body > 0);
        let of_part = |part: &Part| {
            let expected = match part {
                Part::Answers => return None,
                Part::Cut => outlook.failing(1, |does| does == FaultDoes::Cuts),
                Part::Requests | Part::Retried if !has_body => {
                    return Some(Forecast::CannotPass("no traffic here sends a body".into()));
                }
                Part::Requests => outlook.requests(),
                Part::Retried => {
                    outlook.failing(1, |does| does != FaultDoes::Refuses && outlook.is_retried(does))
                }
            };
            expected.map(|expected| Forecast::exposures(part.cases(2)[2..].to_owned(), expected, needed))
        };
        let answers =
            outlook.answered().map(|expected| Forecast::exposures("answers of a backend", expected, needed));
        answers.into_iter().chain(self.parts.iter().filter_map(of_part)).collect()
    }

    fn failure_is_proof(&self) -> bool {
        true
    }
}

/// That everything that was compared agrees.
fn agreement(view: &View<'_>, found: &Compared) -> Claim {
    let expected = "0 answers or requests that are not what was sent";
    let wrong = Violation::ALL.into_iter().filter(|violation| found.times(*violation) > 0);
    let wrong: Vec<String> =
        wrong.map(|violation| format!("{} {}", found.times(violation), words(violation))).collect();
    let (wrong, compared) = (wrong.join(", "), compared(found));
    let checked = found.tags.max(found.answers + found.parts);
    let total = found.total();
    // Successes that nothing ties to a backend prove nothing, and a pass on the others would speak for them as well.
    let alone = found.unproven * 10 > found.unproven + checked;
    if total == 0 && (checked == 0 || alone) {
        let why = if checked == 0 {
            "no answer carried a tag or the hash of its body".to_owned()
        } else {
            format!(
                "{} carried neither a tag nor the hash of its body, {checked} could be checked",
                count(found.unproven, "successful answer")
            )
        };
        let remedy = "let the gateway pass on the backends' answers with their `x-brownout-…` headers";
        return Claim::blind(why, remedy).seen(format!("{checked} answers of a backend"), expected);
    }
    let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
    let observed = if total > 0 { wrong.clone() } else { "no violations".into() };
    Claim::never(total, checked.max(total), view.place.samples_min)
        .says(format!("what could be compared agrees: {compared}"), wrong)
        .because(match total {
            0 => format!("{compared} agree; {}", missing(found)),
            _ => format!("{total} of {} are not what was sent", count(found.requests, "request")),
        })
        .seen(format!("{observed}; {compared} of {}", count(found.requests, "request")), expected)
        .estimate(share("answers or requests that are not what was sent", total, checked.max(total)))
        .shown(shown(view, found))
        .remedy(format!(
            "send {} more requests that a backend answers",
            needed.saturating_sub(checked).max(1)
        ))
}

/// That a part was seen often enough for the agreement to speak for it.
fn seen(view: &View<'_>, found: &Compared, part: Part) -> Claim {
    let (cases, needed) = (part.seen(found), view.place.samples_min.unwrap_or(0).max(CASES_MIN));
    let more = part.cases(needed.saturating_sub(cases).max(2));
    Claim::never(0, cases, view.place.samples_min)
        .says(format!("{} were looked at", part.cases(cases)), "")
        .seen(part.cases(cases), format!("{} at least", part.cases(needed)))
        .remedy(match part {
            Part::Answers => format!("let backends make {more}: `response = {{ body = … }}`, and no `HEAD`"),
            Part::Cut => format!("plan a `close` or `reset` `at = \"body\"` that makes {more}"),
            Part::Requests => format!("send {more}: a method with a body, and `body = {{ size = … }}`"),
            Part::Retried => format!("plan a fault after which the gateway makes {more}"),
        })
}

/// What was compared, part by part.
fn compared(found: &Compared) -> String {
    let tags = (found.tags > 0).then(|| count(found.tags, "tag"));
    let parts =
        (found.parts > 0).then(|| format!("the bytes of {}", count(found.parts, "broken-off answer")));
    let among = (found.among > 0).then(|| format!("{} bodies of requests with each other", found.among));
    let bodies = (found.bodies > 0).then(|| Part::Requests.cases(found.bodies));
    let answers = (found.answers > 0).then(|| Part::Answers.cases(found.answers));
    let all: Vec<String> = [tags, answers, parts, bodies, among].into_iter().flatten().collect();
    if all.is_empty() { "nothing".into() } else { all.join(", ") }
}

/// The parts that had no case, so that nothing is said of them.
fn missing(found: &Compared) -> String {
    let none = Part::ALL.into_iter().filter(|part| part.seen(found) == 0);
    let none: Vec<String> = none.map(|part| format!("no {}", part.case())).collect();
    if none.is_empty() {
        "each part was seen".into()
    } else {
        format!("nothing is told of what did not come up: {}", none.join(", "))
    }
}

fn words(violation: Violation) -> &'static str {
    match violation {
        Violation::CrossTalk => "answers that belong to another request",
        Violation::ErrorAsSuccess => "errors of a backend that were passed on as successes",
        Violation::TruncatedAsComplete => "truncated answers that looked complete",
        Violation::AlteredAnswer => "answers with other bytes than the backend sent",
        Violation::AlteredPart => "answers that broke off, with other bytes than the backend sent",
        Violation::AlteredRequest => "requests with other bytes than the client sent",
        Violation::StarvedRequest => "further attempts without their body",
    }
}

/// The first few requests of each violation, with what they show.
fn shown(view: &View<'_>, found: &Compared) -> Vec<(evidence::Tag, String)> {
    let each = Violation::ALL.into_iter().zip(&found.violations);
    each.flat_map(|(violation, (_, first))| {
        first.iter().filter_map(move |tag| Some((*tag, shows(&view.ledger.entry(*tag)?, violation))))
    })
    .collect()
}

fn shows(entry: &evidence::Entry<'_>, violation: Violation) -> String {
    let exchange = entry.exchange;
    match violation {
        Violation::CrossTalk => "got the answer to another request".into(),
        Violation::ErrorAsSuccess => {
            let sent = entry.attempts.iter().find(|attempt| attempt.number == exchange.attempt);
            format!(
                "the backend said {}, the client saw {}",
                sent.map_or(0, |sent| sent.status),
                exchange.status
            )
        }
        Violation::TruncatedAsComplete => {
            format!("{} bytes of an answer that the backend broke off, as if whole", exchange.body_bytes)
        }
        Violation::AlteredAnswer | Violation::AlteredPart => {
            format!("{} bytes that are not those that the backend sent", exchange.body_bytes)
        }
        Violation::AlteredRequest => {
            let received: Vec<String> =
                entry.attempts.iter().map(|attempt| attempt.received.to_string()).take(5).collect();
            let words =
                format!("{} bytes sent, {} received", exchange.request_bytes, received.join(" then "));
            let same = entry.attempts.iter().all(|attempt| attempt.received == exchange.request_bytes);
            if same { format!("{words}, and not the same") } else { words }
        }
        Violation::StarvedRequest => "tried again without its body".into(),
    }
}
