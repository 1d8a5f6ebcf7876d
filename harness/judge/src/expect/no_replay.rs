//! `no_replay`: what a backend has taken whole is never sent again.

use measure::replays::{Replay, Replays};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::plural::{count, times, were};

use super::Expectation;
use crate::claim::{CASES_MIN, Claim};
use crate::estimates::share;
use crate::forecast::{Forecast, Outlook, is_failure};
use measure::brief::FaultDoes;

/// A request that has arrived whole at a backend never arrives again.
///
/// # What it checks
/// Every request of a method that is not idempotent (POST, PATCH and unknown ones; RFC 9110, section 9.2.2), or
/// every request of the named `traffic`, whatever its method: once its head and body have arrived at a backend, no
/// backend sees it again. Another attempt after a connection that could not be made, or after a body that did not
/// arrive whole, is fine: nobody can have acted on it.
///
/// # Why it matters
/// A gateway that repeats a write makes two orders of one. It happens when it can't tell a request that was never
/// read from one that was carried out and whose answer was lost.
///
/// # When it can't tell
/// A request shows it if it arrived whole and its attempt then failed: a reset or a close before the answer, a timer of
/// the gateway, a 502, 503 or 504, or what `[policy.retry]` names. Inconclusive with fewer than 10 of them: a backend that
/// is slow, or breaks off the body of its answer, gives nobody a reason to send again. Requests at the edge of a phase and
/// in a stall of brownout's machine are set aside. One request that was delivered twice is a failure otherwise, with or
/// without a fault.
///
/// # Example
/// ```toml
/// [[expect]]
/// in        = "brownout"
/// traffic   = "writes"
/// no_replay = {}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoReplay {}

impl Expectation for NoReplay {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let (what, found) = (request(view), Replays::of(view));
        let Replays { delivered, failed, replayed, overlapping, most, .. } = found;
        let mut observed = format!("{replayed} of {} delivered more than once", count(delivered, &what));
        if overlapping > 0 {
            observed =
                format!("{observed}, {overlapping} of them while the first delivery was still under way");
        }
        let because = if replayed > 0 {
            format!("what had arrived whole at a backend arrived again, up to {} in all", times(most))
        } else {
            format!("none of {} that had arrived whole and then failed arrived again", count(failed, &what))
        };
        let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let more = count(needed.saturating_sub(failed).max(1), &format!("more {what}"));
        let claim = Claim::never(replayed, failed, view.place.samples_min)
            .says(
                format!("no {what} was delivered more than once"),
                format!("{} {} delivered more than once", count(replayed, &what), were(replayed)),
            )
            .because(because)
            .seen(observed, format!("0 {what}s delivered more than once"))
            .estimate(share(
                format!("{what}s that arrived whole and failed, delivered again"),
                replayed,
                failed,
            ))
            .shown(found.shown.iter().map(|replay| (replay.tag, shows(view, replay))).collect())
            .aside(found.set_aside)
            .remedy(format!("plan a `reset`, a `close` or a `hang` that {more} would meet once whole"));
        vec![claim]
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let named = outlook.place.traffic.is_some();
        let repeatable = |class: usize| !named && outlook.brief.traffic[class].method.is_idempotent();
        if outlook.classes().all(repeatable) {
            let why = "no traffic has a method that must not be repeated: name the `traffic` whose requests must not be";
            return vec![Forecast::CannotPass(why.into())];
        }
        let tempts = |does: FaultDoes| {
            !matches!(does, FaultDoes::Refuses | FaultDoes::Cuts)
                && match does {
                    FaultDoes::Answers { status: 502..=504 } => true,
                    FaultDoes::Answers { .. } => outlook.is_retried(does),
                    _ => is_failure(does),
                }
        };
        let all = outlook.requests();
        let counted: Option<f64> = outlook
            .classes()
            .filter(|class| !repeatable(*class))
            .map(|class| outlook.requests_of(class))
            .sum();
        let part = counted.zip(all).map(|(counted, all)| if all > 0.0 { counted / all } else { 0.0 });
        let expected = outlook.failing(1, tempts).zip(part).map(|(failing, part)| failing * part);
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let what = "requests that arrive whole and whose attempt then fails";
        let foreseen = expected.map(|expected| Forecast::exposures(what, expected, needed));
        foreseen.into_iter().chain(outlook.uncounted()).collect()
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn failure_is_proof(&self) -> bool {
        true
    }
}

/// What a request is called: `POST request`.
fn request(view: &View<'_>) -> String {
    let class = view.place.traffic.and_then(|class| view.brief.traffic.get(usize::from(class)));
    class.map_or_else(|| "non-idempotent request".to_owned(), |class| format!("{} request", class.method))
}

fn shows(view: &View<'_>, replay: &Replay) -> String {
    let (times, to) = (times(replay.times), view.brief.backend_name(replay.again));
    if replay.again == replay.first {
        format!("delivered {times}, again to `{to}`")
    } else {
        format!("delivered {times}, first to `{}`, then to `{to}`", view.brief.backend_name(replay.first))
    }
}

#[cfg(test)]
mod tests {
    use evidence::{Method, Outcome};
    use insta::assert_snapshot;
    use reports::Verdict;
    use rstest::rstest;

    use crate::testing::{Call, Judging, Run, Try};

    fn outage() -> Run {
        let run = Run::new().phase("outage", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.class("writes", Method::Post).fault("outage", "reset", &["a"])
    }

    fn delivered_once(n: usize) -> Call {
        Call::due("writes", 100.0 + n as f64).attempt(Try::hit("a", "reset"))
    }

    #[test]
    fn a_write_that_is_sent_again_after_it_was_taken_is_caught() {
        let twice = Call::due("writes", 50.0).attempt(Try::hit("a", "reset")).attempt(Try::ok("b"));
        let finding =
            outage().calls(20, delivered_once).call(twice).finding("outage", "writes", "no_replay = {}");
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_snapshot!(finding.summary, @"1 POST request was delivered more than once");
        assert_snapshot!(finding.witnesses[0].shows, @"delivered twice, first to `a`, then to `b`");
    }

    #[test]
    fn one_delivery_each_passes() {
        let finding = outage().calls(20, delivered_once).finding("outage", "writes", "no_replay = {}");
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
        assert_eq!(finding.exposures, 20);
    }

    #[test]
    fn another_attempt_after_a_body_that_never_arrived_whole_is_fine() {
        let cut =
            Call::due("writes", 50.0).attempt(Try::hit("a", "reset").row(|attempt| attempt.body_done = None));
        let run = outage().calls(20, delivered_once).call(cut.attempt(Try::ok("b")));
        let finding = run.finding("outage", "writes", "no_replay = {}");
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    }

    #[test]
    fn reads_may_be_repeated_unless_they_are_named() {
        let read = Call::due("reads", 50.0).attempt(Try::hit("a", "reset")).attempt(Try::ok("b"));
        let run = outage().calls(20, delivered_once).call(read);
        assert_eq!(run.finding("outage", "", "no_replay = {}").verdict, Verdict::Pass);
        assert_eq!(run.finding("outage", "reads", "no_replay = {}").verdict, Verdict::Fail);
    }

    #[test]
    fn nothing_is_told_of_writes_that_never_arrived() {
        let rejected = |n: usize| Call::due("writes", 100.0 + n as f64);
        let finding = outage().calls(20, rejected).finding("outage", "writes", "no_replay = {}");
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert_snapshot!(finding.remedy.unwrap_or_default());
    }

    #[rstest]
    #[case::slow(Try::hit("a", "latency"))]
    #[case::broken_off_within_its_answer(Try::hit("a", "close").row(|attempt| attempt.status = 200))]
    #[case::answered(Try::ok("a"))]
    #[case::refused_for_good(Try::hit("a", "status").status(400))]
    #[case::never_whole(Try::hit("a", "reset").row(|attempt| attempt.body_done = None))]
    fn a_write_that_gives_nobody_a_reason_to_send_it_again_proves_nothing(#[case] attempt: Try) {
        let run = outage().fault("outage", "latency", &["a"]).fault("outage", "close", &["a"]);
        let run = run.fault("outage", "status", &["a"]);
        let run = run.calls(300, move |n| Call::due("writes", 100.0 + n as f64).attempt(attempt.clone()));
        assert_eq!(run.finding("outage", "writes", "no_replay = {}").verdict, Verdict::Inconclusive);
    }

    #[rstest]
    #[case::reset(Try::hit("a", "reset"))]
    #[case::closed(Try::hit("a", "close"))]
    #[case::hung(Try::hit("a", "hang"))]
    #[case::status(Try::hit("a", "status"))]
    fn a_write_that_failed_once_whole_shows_it(#[case] attempt: Try) {
        let run = FAULTS.iter().fold(outage(), |run, fault| run.fault("outage", fault, &["a"]));
        let run = run.calls(20, move |n| Call::due("writes", 100.0 + n as f64).attempt(attempt.clone()));
        let run = FAULTS
            .iter()
            .fold(run, |run, fault| run.call(Call::due("writes", 900.0).attempt(Try::hit("a", fault))));
        let finding = run.call(Call::due("writes", 901.0).attempt(Try::hit("a", "reset")));
        let finding = finding.finding("outage", "writes", "no_replay = {}");
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
        assert!(finding.excludes.is_some_and(|share| share < 0.15), "{:?}", finding.excludes);
    }

    const FAULTS: [&str; 3] = ["close", "hang", "status"];

    #[test]
    fn a_replay_in_a_stall_is_not_held_against_the_gateway_and_one_besides_is() {
        let twice = |due: f64| Call::due("writes", due).attempt(Try::hit("a", "reset")).attempt(Try::ok("b"));
        let run = outage().calls(40, delivered_once).hiccup(2_000.0, 287.0).call(twice(2_100.0));
        let finding = run.finding("outage", "writes", "no_replay = {}");
        assert_eq!((finding.verdict, finding.set_aside[0].count), (Verdict::Pass, 1), "{}", finding.because);
        assert_eq!(
            run.call(twice(3_000.0)).finding("outage", "writes", "no_replay = {}").verdict,
            Verdict::Fail
        );
    }

    #[test]
    fn a_write_that_is_sent_again_after_its_client_left_was_delivered_twice_all_the_same() {
        let twice = Call::due("writes", 50.0).attempt(Try::hit("a", "hang")).attempt(Try::ok("b"));
        let run = outage().fault("outage", "hang", &["a"]).call(twice.ends(Outcome::ClientTimeout, 250.0));
        assert_eq!(run.finding("outage", "writes", "no_replay = {}").verdict, Verdict::Fail);
    }
}
