//! `replay_body`: a request that is tried again brings its whole body along.

use evidence::Tag;
use measure::replay_body::{RetriedBodies, WrongBody};
use measure::view::{Place, View};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::plural::count;

use super::Expectation;
use crate::claim::{CASES_MIN, Claim};
use crate::estimates::share;
use crate::forecast::{Forecast, Outlook};
use measure::brief::FaultDoes;

/// Every further attempt of a request brings the same whole body as the client sent.
///
/// # What it checks
/// The second and later attempts of requests with a body: what arrived at the backend has the bytes that the client sent (by
/// length and hash), and as many as its head declares. None comes without its body, with a part of it, or declares one and
/// leaves the backend waiting for it.
///
/// # Why it matters
/// A body that is streamed to the first backend is gone when the second is tried. A gateway that has not kept it sends an empty
/// write, which creates an empty record, or a head without its body, which blocks the backend until a timeout.
///
/// # When it can't tell
/// Inconclusive with fewer than 10 further attempts whose body could be compared: plan a fault after which the gateway tries
/// again, and let its traffic have bodies and a method that is repeated. An attempt that a fault, a timer or the client ended
/// before its body was whole says nothing. Evidence of older builds has no hash of what the client sent: there the attempts of
/// a request are compared with each other. One wrong body is a failure, with or without a fault.
///
/// # Example
/// ```toml
/// [[expect]]
/// in          = "brownout"
/// traffic     = "writes"
/// replay_body = {}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {}

impl Expectation for ReplayBody {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let found = RetriedBodies::of(view);
        let (wrong, compared) = (found.wrong.len() as u64, found.compared);
        let kinds = WrongBody::ALL.map(|kind| (found.times(kind), kind)).into_iter();
        let kinds: Vec<String> = kinds
            .filter(|(times, _)| *times > 0)
            .map(|(times, kind)| format!("{times} {}", kind.words()))
            .collect();
        let kinds = kinds.join(", ");
        let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let all = count(compared, "further attempt");
        let claim = Claim::never(wrong, compared, view.place.samples_min)
            .says(
                "every further attempt brought the whole body that the client had sent",
                format!("of {all} with a body, {kinds}"),
            )
            .because(match found.unfinished {
                0 => format!("the bodies of {all} were compared with what was sent, by length and hash"),
                some => format!(
                    "the bodies of {all} were compared with what was sent, by length and hash; {some} ended before theirs \
                     was whole"
                ),
            })
            .seen(
                format!("{wrong} of {all} with another body"),
                "each attempt has the body that the client sent",
            )
            .estimate(share("further attempts with another body than was sent", wrong, compared))
            .shown(found.wrong.iter().take(5).map(|wrong| shows(view, *wrong)).collect())
            .remedy(format!(
                "let {} follow: a fault that the gateway tries again after, on traffic with a body and a method that it \
                 repeats",
                count(needed.saturating_sub(compared).max(1), "more further attempt")
            ));
        vec![claim]
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let retry = outlook.brief.policy.retry.as_ref();
        let repeated = |class: &usize| {
            let traffic = &outlook.brief.traffic[*class];
            let listed = |retry: &policy::Retry| {
                retry.attempts > 1 && retry.methods.iter().any(|name| name == traffic.method.word())
            };
            traffic.body > 0 && retry.is_none_or(listed)
        };
        let classes: Vec<usize> = outlook.classes().filter(repeated).collect();
        if classes.is_empty() {
            let why = "no traffic here sends a body by a method that is tried again";
            return vec![Forecast::CannotPass(why.into())];
        }
        let of_class = |class: usize| {
            let place = Place { traffic: Some(class as u16), ..outlook.place };
            let retried = |does| does != FaultDoes::Refuses && outlook.is_retried(does);
            Outlook { place, ..*outlook }.failing_in_time(1, retried)
        };
        let expected: Option<f64> = classes.into_iter().map(of_class).sum();
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let foreseen =
            expected.map(|expected| Forecast::exposures("further attempts with a body", expected, needed));
        foreseen.into_iter().collect()
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn failure_is_proof(&self) -> bool {
        true
    }
}

fn shows(view: &View<'_>, (tag, number, wrong): (Tag, u16, WrongBody)) -> (Tag, String) {
    let entry = view.ledger.entry(tag);
    let attempt = entry
        .and_then(|entry| entry.attempts.iter().find(|attempt| attempt.number == number).zip(Some(entry)));
    let bytes = attempt.map_or_else(String::new, |(attempt, entry)| {
        let declared = attempt.declared.map_or_else(|| "no length".to_owned(), |length| length.to_string());
        format!(
            ": {} bytes sent, {declared} declared, {} received",
            entry.exchange.request_bytes, attempt.received
        )
    });
    (tag, format!("attempt {number} {}{bytes}", wrong.words()))
}

#[cfg(test)]
mod tests {
    use evidence::{End, Method, Outcome};
    use measure::testing::REQUEST_HASH;
    use reports::Verdict;
    use rstest::rstest;

    use crate::testing::{Call, Judging, Run, Try, foreseen};

    fn outage() -> Run {
        let run = Run::new().phase("outage", 10.0).backend("a").backend("b").class("writes", Method::Put);
        run.fault("outage", "status", &["a"])
    }

    fn ten(attempt: Try) -> Try {
        attempt.row(|attempt| (attempt.declared, attempt.received) = (Some(10), 10))
    }

    fn again(ms: f64, further: Try) -> Call {
        let call = Call::due("writes", ms).attempt(ten(Try::hit("a", "status"))).attempt(further);
        call.row(|exchange| (exchange.request_bytes, exchange.request_hash) = (10, Some(REQUEST_HASH)))
    }

    fn retried(count: usize) -> Run {
        outage().calls(count, |n| again(100.0 + n as f64, ten(Try::ok("b"))))
    }

    fn verdict(run: &Run) -> Verdict {
        run.finding("outage", "writes", "replay_body = {}").verdict
    }

    #[test]
    fn further_attempts_with_the_same_body_pass() {
        let finding = retried(20).finding("outage", "writes", "replay_body = {}");
        assert_eq!((finding.verdict, finding.exposures), (Verdict::Pass, 20), "{}", finding.because);
    }

    #[rstest]
    #[case::empty(|attempt: Try| attempt.row(|row| (row.declared, row.received) = (Some(0), 0)))]
    #[case::half(|attempt: Try| attempt.row(|row| (row.declared, row.received) = (Some(5), 5)))]
    #[case::longer(|attempt: Try| attempt.row(|row| (row.declared, row.received) = (Some(20), 20)))]
    #[case::other_bytes(|attempt: Try| ten(attempt).row(|row| row.body_hash = REQUEST_HASH + 1))]
    #[case::starved(|attempt: Try| attempt.ends(End::RequestCut).row(|row| {
        (row.body_done, row.declared, row.received) = (None, Some(10), 0);
    }))]
    fn one_wrong_body_is_caught_and_shown(#[case] make: fn(Try) -> Try) {
        let run = retried(20).call(again(900.0, make(Try::ok("b"))));
        let finding = run.finding("outage", "writes", "replay_body = {}");
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_eq!(finding.witnesses.len(), 1);
        insta::allow_duplicates! {
            insta::with_settings!({ filters => vec![(r"(had|waited) .*?:", "…:"), (r", .*", "")] }, {
                insta::assert_snapshot!(finding.witnesses[0].shows, @"attempt 2 …: 10 bytes sent");
            });
        }
    }

    #[test]
    fn a_first_attempt_with_another_body_is_a_matter_of_integrity() {
        let altered = ten(Try::hit("a", "status")).row(|row| row.body_hash = 1);
        let call = Call::due("writes", 900.0).attempt(altered).attempt(ten(Try::ok("b")));
        let call =
            call.row(|exchange| (exchange.request_bytes, exchange.request_hash) = (10, Some(REQUEST_HASH)));
        assert_eq!(verdict(&retried(20).call(call)), Verdict::Pass);
    }

    #[rstest]
    #[case::too_few(retried(9))]
    #[case::nothing_was_tried_again(outage().calls(50, |n| Call::due("writes", n as f64).attempt(Try::hit("a", "status"))))]
    #[case::without_a_body(outage().calls(50, |n| {
        Call::due("writes", n as f64).attempt(Try::hit("a", "status")).attempt(Try::ok("b"))
    }))]
    #[case::the_client_left(outage().calls(50, |n| {
        let cut = Try::ok("b").ends(End::AbandonedFin).row(|row| (row.body_done, row.received) = (None, 4));
        again(n as f64, cut).ends(Outcome::ClientTimeout, 20.0)
    }))]
    fn what_could_not_be_compared_proves_nothing(#[case] run: Run) {
        assert_eq!(verdict(&run), Verdict::Inconclusive);
    }

    #[test]
    fn traffic_without_a_body_that_is_repeated_can_not_pass() {
        let words = format!("{:?}", foreseen(&retried(20), "outage", "writes", "replay_body = {}"));
        assert!(words.contains("no traffic here sends a body"), "{words}");
    }
}
