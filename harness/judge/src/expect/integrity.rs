//! `integrity`: what arrives is what was sent, in both directions.

use evidence::{BodyCheck, End, Entry, Ledger, Outcome, TagEcho};
use reports::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Expectation, Judged};
use crate::witness::Shown;
use measure::view::View;

/// Answers reach the client that asked, whole and unaltered, and requests reach the backends so.
///
/// # What it checks
/// Of answers: none carries another request's tag, none that looks whole has other bytes than the backend sent, and
/// none looks whole that the backend broke off. Of requests: every attempt that arrived whole has the bytes that the
/// client sent, the same on every attempt and as many as it declares, and no further attempt is left waiting for a
/// body that was already given away. An answer that is visibly cut off is honest, and no concern of this
/// expectation.
///
/// # Why it matters
/// Answers that go to the wrong client leak one user's data to another. A truncated answer that looks whole is
/// believed and stored. A retried write without its body creates an empty record.
///
/// # When it can't tell
/// Inconclusive if no answer could be checked: none came back with a tag or with the hash of its body, as when the
/// gateway answered everything by itself. One violation is a failure, with or without a fault.
///
/// # Example
/// ```toml
/// [[expect]]
/// in        = "brownout"
/// integrity = {}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Integrity {}

/// What can be wrong, worst first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Violation {
    CrossTalk,
    TruncatedAsComplete,
    AlteredAnswer,
    AlteredRequest,
    StarvedRequest,
}

impl Violation {
    const ALL: [Violation; 5] = [
        Violation::CrossTalk,
        Violation::TruncatedAsComplete,
        Violation::AlteredAnswer,
        Violation::AlteredRequest,
        Violation::StarvedRequest,
    ];

    fn words(self) -> &'static str {
        match self {
            Violation::CrossTalk => "answers that belong to another request",
            Violation::TruncatedAsComplete => "truncated answers that looked complete",
            Violation::AlteredAnswer => "answers with other bytes than the backend sent",
            Violation::AlteredRequest => "requests with other bytes than the client sent",
            Violation::StarvedRequest => "further attempts without their body",
        }
    }

    fn of(entry: &Entry<'_>) -> Option<Violation> {
        if entry.exchange.echo == TagEcho::Other {
            return Some(Violation::CrossTalk);
        }
        answer(entry).or_else(|| request(entry))
    }
}

impl Expectation for Integrity {
    fn judge(&self, _ledger: &Ledger, window: &View<'_>) -> Judged {
        let expected = "0 answers or requests that are not what was sent";
        let mut counts = [0u64; Violation::ALL.len()];
        let mut shown: [Shown; Violation::ALL.len()] = Default::default();
        let mut checked = 0u64;
        for entry in window.entries() {
            let exchange = entry.exchange;
            let violation = Violation::of(&entry);
            let checkable = exchange.echo != TagEcho::Absent || exchange.body != BodyCheck::Unknown;
            checked += u64::from(checkable || violation.is_some());
            if let Some(violation) = violation {
                counts[violation as usize] += 1;
                shown[violation as usize].add(exchange.tag, || shows(&entry, violation));
            }
        }
        if checked == 0 {
            return Judged::inconclusive(
                "no answers of a backend",
                expected,
                "no answer carried a tag or the hash of its body",
            );
        }
        let seen = Violation::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0);
        let seen: Vec<String> =
            seen.map(|(violation, count)| format!("{count} {}", violation.words())).collect();
        let failed = !seen.is_empty();
        Judged {
            verdict: if failed { Verdict::Fail } else { Verdict::Pass },
            summary: if failed {
                seen.join(", ")
            } else {
                "answers and requests arrived as they were sent".into()
            },
            observed: format!(
                "{}; {checked} exchanges checked",
                if failed { seen.join(", ") } else { "no violations".into() }
            ),
            expected: expected.into(),
            because: if failed {
                format!("{} of {checked} exchanges are not what was sent", counts.iter().sum::<u64>())
            } else {
                format!("tags and body hashes of all {checked} exchanges agree")
            },
            observations: checked,
            resolution: None,
            witnesses: shown.into_iter().flat_map(Shown::into_vec).collect(),
        }
    }

    fn failure_is_proof(&self) -> bool {
        true
    }
}

/// What is wrong with an answer that looks whole to the client.
fn answer(entry: &Entry<'_>) -> Option<Violation> {
    let exchange = entry.exchange;
    let looks_whole =
        matches!(exchange.outcome, Outcome::Complete | Outcome::CloseDelimited | Outcome::BodyMismatch);
    if !looks_whole || exchange.body == BodyCheck::Intact {
        return None;
    }
    let answering = entry.attempts.iter().find(|attempt| attempt.number == exchange.attempt);
    let broken_off = answering.is_some_and(|attempt| matches!(attempt.end, End::Reset | End::Closed));
    if broken_off {
        return Some(Violation::TruncatedAsComplete);
    }
    let altered = exchange.body == BodyCheck::Altered || exchange.outcome == Outcome::BodyMismatch;
    altered.then_some(Violation::AlteredAnswer)
}

/// What is wrong with the request as it reached the backends.
fn request(entry: &Entry<'_>) -> Option<Violation> {
    let mut whole = entry.attempts.iter().filter(|attempt| attempt.body_done.is_some());
    let first = whole.next()?;
    let sent = entry.exchange.request_bytes;
    let differs = std::iter::once(first).chain(whole).any(|attempt| {
        attempt.received != sent
            || attempt.body_hash != first.body_hash
            || attempt.declared.is_some_and(|declared| declared != attempt.received)
    });
    if differs {
        return Some(Violation::AlteredRequest);
    }
    let starved = entry.attempts.iter().any(|attempt| {
        attempt.number > first.number
            && attempt.body_done.is_none()
            && attempt.injections == 0
            && matches!(attempt.end, End::RequestCut | End::OpenAtEnd)
            && attempt.declared.is_some_and(|declared| declared > attempt.received)
            && !matches!(
                entry.exchange.outcome,
                Outcome::ClientTimeout | Outcome::ClientAbort | Outcome::Unfinished
            )
    });
    starved.then_some(Violation::StarvedRequest)
}

fn shows(entry: &Entry<'_>, violation: Violation) -> String {
    let exchange = entry.exchange;
    match violation {
        Violation::CrossTalk => "got the answer to another request".into(),
        Violation::TruncatedAsComplete => {
            format!("{} bytes of an answer that the backend broke off, as if whole", exchange.body_bytes)
        }
        Violation::AlteredAnswer => {
            format!("{} bytes that are not those that the backend sent", exchange.body_bytes)
        }
        Violation::AlteredRequest => {
            let received: Vec<String> =
                entry.attempts.iter().map(|attempt| attempt.received.to_string()).take(5).collect();
            format!("{} bytes sent, {} received", exchange.request_bytes, received.join(" then "))
        }
        Violation::StarvedRequest => "tried again without its body".into(),
    }
}

#[cfg(test)]
mod tests {
    use evidence::{BodyCheck, End, Exchange, Method, Outcome, TagEcho};
    use reports::Verdict;
    use rstest::rstest;

    use crate::testing::{Call, Judging, Run, Try};

    fn outage() -> Run {
        let run = Run::new().phase("outage", 10.0).backend("a").backend("b").class("writes", Method::Post);
        run.fault("outage", "close", &["a"]).calls(20, |n| whole(100.0 + n as f64))
    }

    /// A write of 10 bytes that is tried twice, as it should be.
    fn whole(due: f64) -> Call {
        let ten = |attempt: &mut evidence::Attempt| (attempt.declared, attempt.received) = (Some(10), 10);
        let call =
            Call::due("writes", due).attempt(Try::hit("a", "close").row(ten)).attempt(Try::ok("b").row(ten));
        call.row(|exchange| exchange.request_bytes = 10)
    }

    #[test]
    fn what_arrives_as_it_was_sent_passes() {
        let finding = outage().finding("outage", "writes", "integrity = {}");
        assert_eq!((finding.verdict, finding.observations), (Verdict::Pass, 20), "{}", finding.observed);
    }

    #[rstest]
    #[case::cross_talk(|exchange: &mut Exchange| exchange.echo = TagEcho::Other, "answers that belong to another request")]
    #[case::altered(
        |exchange: &mut Exchange| (exchange.outcome, exchange.body) = (Outcome::BodyMismatch, BodyCheck::Altered),
        "answers with other bytes than the backend sent"
    )]
    #[case::truncated(
        |exchange: &mut Exchange| {
            (exchange.outcome, exchange.body, exchange.attempt) = (Outcome::BodyMismatch, BodyCheck::Altered, 1);
        },
        "truncated answers that looked complete"
    )]
    fn an_answer_that_is_not_what_was_sent_is_caught(#[case] wrong: fn(&mut Exchange), #[case] words: &str) {
        let finding = outage().call(whole(50.0).row(wrong)).finding("outage", "writes", "integrity = {}");
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_eq!(finding.summary, format!("1 {words}"));
        assert_eq!(finding.witnesses.len(), 1);
    }

    #[rstest]
    #[case::without_its_body(|attempt: &mut evidence::Attempt| attempt.received = 0, "requests with other bytes")]
    #[case::with_another_body(|attempt: &mut evidence::Attempt| attempt.body_hash = 1, "requests with other bytes")]
    #[case::waiting_for_its_body(
        |attempt: &mut evidence::Attempt| {
            (attempt.body_done, attempt.received, attempt.end) = (None, 0, End::RequestCut);
        },
        "further attempts without their body"
    )]
    fn a_request_that_is_retried_otherwise_than_it_was_sent_is_caught(
        #[case] wrong: fn(&mut evidence::Attempt),
        #[case] words: &str,
    ) {
        let ten = |attempt: &mut evidence::Attempt| (attempt.declared, attempt.received) = (Some(10), 10);
        let retried = Try::ok("b").row(move |attempt| {
            ten(attempt);
            wrong(attempt);
        });
        let call = Call::due("writes", 50.0).attempt(Try::hit("a", "close").row(ten)).attempt(retried);
        let run = outage().call(call.row(|exchange| exchange.request_bytes = 10));
        let finding = run.finding("outage", "writes", "integrity = {}");
        assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.observed);
        assert!(finding.summary.contains(words), "{}", finding.summary);
    }

    #[test]
    fn an_answer_that_is_visibly_cut_off_is_no_concern() {
        let cut = whole(50.0)
            .row(|exchange| (exchange.outcome, exchange.body) = (Outcome::EofInBody, BodyCheck::Altered));
        assert_eq!(outage().call(cut).finding("outage", "writes", "integrity = {}").verdict, Verdict::Pass);
    }

    #[test]
    fn nothing_is_told_of_answers_that_the_gateway_made() {
        let run = Run::new().phase("outage", 10.0).backend("a").class("reads", Method::Get);
        let run = run.calls(20, |n| Call::due("reads", n as f64));
        assert_eq!(run.finding("outage", "reads", "integrity = {}").verdict, Verdict::Inconclusive);
    }
}
