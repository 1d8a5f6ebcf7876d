//! What `integrity` catches, where it stays silent, and where it can't tell.

use evidence::{BodyCheck, End, Exchange, Method, Outcome, TagEcho};
use insta::assert_snapshot;
use measure::testing::REQUEST_HASH;
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
    assert_eq!((finding.verdict, finding.exposures), (Verdict::Pass, 20), "{}", finding.observed);
    assert_snapshot!(finding.because);
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
#[case::another_error(502, Verdict::Pass)]
#[case::a_success(200, Verdict::Fail)]
fn an_error_may_become_another_one_and_no_success(#[case] status: u16, #[case] verdict: Verdict) {
    let failed = Call::due("writes", 50.0).attempt(Try::ok("b").status(503));
    let run = outage().call(failed.row(move |exchange| exchange.status = status));
    let finding = run.finding("outage", "writes", "integrity = {}");
    assert_eq!(finding.verdict, verdict, "{}", finding.summary);
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
fn an_answer_that_is_visibly_cut_off_is_honest_as_far_as_its_bytes_are_the_backend_s() {
    let cut = |body: BodyCheck| {
        let call = whole(50.0).row(move |exchange| {
            (exchange.outcome, exchange.body, exchange.body_bytes) = (Outcome::EofInBody, body, 500);
        });
        outage().call(call).finding("outage", "writes", "integrity = {}")
    };
    assert_eq!(cut(BodyCheck::Prefix).verdict, Verdict::Pass);
    assert_eq!(cut(BodyCheck::Unknown).verdict, Verdict::Pass);
    let foreign = cut(BodyCheck::Altered);
    assert_eq!(foreign.verdict, Verdict::Fail);
    assert_eq!(foreign.summary, "1 answers that broke off, with other bytes than the backend sent");
}

#[test]
fn a_body_of_other_bytes_of_the_same_length_is_caught_by_the_hash_of_what_was_sent() {
    let sent = |hash: u64| whole(50.0).row(move |exchange| exchange.request_hash = Some(hash));
    let run = |hash: u64| outage().call(sent(hash)).finding("outage", "writes", "integrity = {}");
    assert_eq!(run(REQUEST_HASH).verdict, Verdict::Pass);
    let other = run(REQUEST_HASH + 1);
    assert_eq!(other.verdict, Verdict::Fail);
    assert_eq!(other.witnesses[0].shows, "10 bytes sent, 10 then 10 received, and not the same");
}

#[rstest]
#[case::in_chunks(None, false)]
#[case::hit_by_a_fault(Some(10), true)]
#[case::in_chunks_and_hit(None, true)]
fn a_further_attempt_without_its_body_is_caught_however_it_was_framed_and_wherever_it_went(
    #[case] declared: Option<u64>,
    #[case] hit: bool,
) {
    let ten = |attempt: &mut evidence::Attempt| (attempt.declared, attempt.received) = (Some(10), 10);
    let again = if hit { Try::hit("a", "close") } else { Try::ok("b") };
    let starved = again.row(move |attempt| {
        (attempt.body_done, attempt.received, attempt.declared) = (None, 0, declared);
        attempt.end = End::RequestCut;
    });
    let call = Call::due("writes", 50.0).attempt(Try::hit("a", "close").row(ten)).attempt(starved);
    let run = outage().call(call.clone().row(|exchange| exchange.request_bytes = 10));
    assert_eq!(run.finding("outage", "writes", "integrity = {}").verdict, Verdict::Fail);
    let left = call.ends(Outcome::ClientTimeout, 20.0).row(|exchange| exchange.request_bytes = 10);
    let run = outage().call(left);
    assert_eq!(run.finding("outage", "writes", "integrity = {}").verdict, Verdict::Pass);
}

#[test]
fn a_part_that_must_be_seen_is_open_without_cases_and_its_remedy_says_which() {
    let finding = outage().finding("outage", "writes", "integrity = { parts = [\"cut\"] }");
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_snapshot!(finding.remedy.unwrap_or_default());
    let retried = outage().finding("outage", "writes", "integrity = { parts = [\"retried\", \"requests\"] }");
    assert_eq!(retried.verdict, Verdict::Pass, "{}", retried.because);
}

#[test]
fn bodies_that_there_are_none_of_are_not_said_to_agree() {
    let run = Run::new().phase("outage", 10.0).backend("a").class("heads", Method::Head);
    let run = run.calls(1_200, |n| Call::due("heads", n as f64).attempt(Try::ok("a")));
    let finding = run.finding("outage", "heads", "integrity = {}");
    assert_snapshot!(format!("{}\n{}", finding.summary, finding.because));
}

#[test]
fn a_few_checked_answers_don_t_speak_for_those_that_the_gateway_made() {
    let made = |n: usize| Call::due("reads", 10.0 + n as f64).rejected(200, 1.0);
    let run = Run::new().phase("outage", 10.0).backend("a").class("reads", Method::Get);
    let run = run.calls(30, |n| Call::due("reads", 500.0 + n as f64).attempt(Try::ok("a")));
    assert_eq!(run.clone().call(made(0)).finding("outage", "", "integrity = {}").verdict, Verdict::Pass);
    let finding = run.calls(60, made).finding("outage", "", "integrity = {}");
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_snapshot!(finding.summary);
}

#[test]
fn one_checked_exchange_proves_nothing() {
    let run = Run::new().phase("outage", 10.0).backend("a").class("reads", Method::Get);
    let run = run.calls(29, |n| Call::due("reads", 10.0 + n as f64).rejected(503, 1.0));
    let run = run.call(Call::due("reads", 500.0).attempt(Try::ok("a")));
    assert_eq!(run.finding("outage", "", "integrity = {}").verdict, Verdict::Inconclusive);
}

#[test]
fn nothing_is_told_of_answers_that_the_gateway_made() {
    let run = Run::new().phase("outage", 10.0).backend("a").class("reads", Method::Get);
    let run = run.calls(20, |n| Call::due("reads", n as f64));
    assert_eq!(run.finding("outage", "reads", "integrity = {}").verdict, Verdict::Inconclusive);
}
