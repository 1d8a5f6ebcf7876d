//! `no_replay`: what a backend has taken whole is never sent again.

use evidence::{Attempt, Entry, Ledger};
use reports::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Expectation, Judged};
use crate::witness::Shown;
use measure::view::View;
use units::plural::{count, times, were};

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
/// Inconclusive if no such request arrived whole, or if no planned fault fired on the traffic. One request that was
/// delivered twice is a failure, with or without a fault.
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
    fn judge(&self, ledger: &Ledger, window: &View<'_>) -> Judged {
        let request = &request(window);
        let expected = format!("0 {request}s delivered more than once");
        Deliveries::of(ledger, window).judged(request, expected)
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn failure_is_proof(&self) -> bool {
        true
    }
}

/// What is counted of a window.
#[derive(Default)]
struct Deliveries {
    /// Requests that arrived whole.
    delivered: u64,
    /// Those of them that arrived again.
    replayed: u64,
    /// Those of them that arrived again while the first delivery was still under way.
    overlapping: u64,
    /// The most deliveries of one request.
    most: usize,
    shown: Shown,
}

impl Deliveries {
    fn of(_ledger: &Ledger, window: &View<'_>) -> Self {
        let mut counted = Deliveries::default();
        for entry in window.entries().filter(|entry| is_demanded(window, entry)) {
            let Some(first) = entry.attempts.iter().position(|attempt| attempt.body_done.is_some()) else {
                continue;
            };
            counted.delivered += 1;
            let deliveries = &entry.attempts[first..];
            let [first, again, ..] = deliveries else { continue };
            counted.replayed += 1;
            counted.overlapping += u64::from(again.arrived < first.ended);
            counted.most = counted.most.max(deliveries.len());
            counted.shown.add(entry.exchange.tag, || shows(window, first, again, deliveries.len()));
        }
        counted
    }

    fn judged(self, request: &str, expected: String) -> Judged {
        let Deliveries { delivered, replayed, overlapping, most, shown } = self;
        if delivered == 0 {
            let observed = format!("no {request} arrived whole at a backend");
            return Judged::inconclusive(observed, expected, format!("no {request} could be repeated"));
        }
        let mut observed = format!("{replayed} of {} delivered more than once", count(delivered, request));
        if overlapping > 0 {
            observed =
                format!("{observed}, {overlapping} of them while the first delivery was still under way");
        }
        let (verdict, summary, because) = if replayed > 0 {
            let summary = format!("{} {} delivered more than once", count(replayed, request), were(replayed));
            let because =
                format!("what had arrived whole at a backend arrived again, up to {} in all", times(most));
            (Verdict::Fail, summary, because)
        } else {
            let summary = format!("no {request} was delivered more than once");
            let because =
                format!("none of {} that had arrived whole arrived again", count(delivered, request));
            (Verdict::Pass, summary, because)
        };
        let witnesses = shown.into_vec();
        Judged {
            verdict,
            summary,
            observed,
            expected,
            because,
            observations: delivered,
            resolution: None,
            witnesses,
        }
    }
}

fn is_demanded(window: &View<'_>, entry: &Entry<'_>) -> bool {
    let class = window.brief.traffic.get(usize::from(entry.exchange.class));
    window.place.traffic.is_some() || class.is_none_or(|class| !class.method.is_idempotent())
}

/// What a request is called: `POST request`.
fn request(window: &View<'_>) -> String {
    let class = window.place.traffic.and_then(|class| window.brief.traffic.get(usize::from(class)));
    class.map_or_else(|| "non-idempotent request".to_owned(), |class| format!("{} request", class.method))
}

fn shows(window: &View<'_>, first: &Attempt, again: &Attempt, deliveries: usize) -> String {
    let count = times(deliveries);
    let to = window.brief.backend_name(again.backend);
    if again.backend == first.backend {
        format!("delivered {count}, again to `{to}`")
    } else {
        format!("delivered {count}, first to `{}`, then to `{to}`", window.brief.backend_name(first.backend))
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use insta::assert_snapshot;
    use reports::Verdict;

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
        assert_eq!(finding.observations, 20);
    }

    #[test]
    fn another_attempt_after_a_body_that_never_arrived_whole_is_fine() {
        let cut =
            Call::due("writes", 50.0).attempt(Try::hit("a", "reset").row(|attempt| attempt.body_done = None));
        let finding = outage().call(cut.attempt(Try::ok("b"))).finding("outage", "writes", "no_replay = {}");
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
        assert_eq!(
            outage().calls(20, rejected).judged("outage", "writes", "no_replay = {}").verdict,
            Verdict::Inconclusive
        );
    }
}
