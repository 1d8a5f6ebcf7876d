//! `availability`: the share of requests that succeed.

use evidence::{Exchange, Ledger, Outcome};
use reports::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use super::{Expectation, Judged};
use crate::witness::Shown;
use measure::view::View;

/// At least a given share of the requests succeed.
///
/// # What it checks
/// The share of requests that were answered whole with a status below 400, among those that were due in the window
/// and sent. An answer that is cut off, altered or late past the client's deadline is a failure. Requests that were
/// never sent, that the client broke off on purpose, or that were under way when the run ended are left out.
///
/// # Why it matters
/// It is what users see of everything else: retries, failover and breakers are there to keep it up.
///
/// # When it can't tell
/// A share can be told only from enough requests: for `min = 0.99`, that is 100 (for `min = 1`, 20). With fewer, it
/// is inconclusive, unless so many failed that the missing ones could not have made up for it.
///
/// # Example
/// ```toml
/// [[expect]]
/// in           = "brownout"
/// traffic      = "reads"
/// availability = { min = 0.99 }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Availability {
    /// The smallest share of requests that succeed.
    pub min: Share,
}

/// Requests that it takes to say that all succeed.
const SAMPLES_FOR_ALL: u64 = 20;

impl Availability {
    /// How many requests a share of `min` can be told from: at fewer, a single failure already is below it.
    fn needed(&self) -> u64 {
        let failing = 1.0 - self.min.get();
        if failing <= 0.0 { SAMPLES_FOR_ALL } else { (1.0 / failing - 1e-9).ceil() as u64 }
    }

    /// True if `failed` of `count` is more than may fail.
    fn is_missed(&self, failed: u64, count: u64) -> bool {
        failed as f64 > (1.0 - self.min.get()) * count as f64 + 1e-9
    }
}

impl Expectation for Availability {
    fn judge(&self, _ledger: &Ledger, window: &View<'_>) -> Judged {
        let (mut count, mut failed) = (0u64, 0u64);
        let mut shown = Shown::default();
        for entry in window.entries().filter(|entry| counts(entry.exchange)) {
            count += 1;
            if !entry.exchange.succeeded() {
                failed += 1;
                shown.add(entry.exchange.tag, || ended(entry.exchange));
            }
        }
        let expected = format!("at least {} of requests succeed", self.min);
        if count == 0 {
            return Judged::inconclusive("no requests", expected, "no request was sent and answered");
        }
        let needed = self.needed();
        let verdict = if self.is_missed(failed, count.max(needed)) {
            Verdict::Fail
        } else if count < needed {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        };
        let share = percent(count - failed, count);
        Judged {
            verdict,
            summary: format!("{share} of requests succeeded"),
            observed: format!("{share}: {} of {count} succeeded", count - failed),
            expected,
            because: match verdict {
                Verdict::Fail => format!("{failed} of {count} requests failed"),
                Verdict::Inconclusive => {
                    format!("{count} requests are too few to tell {}: it takes {needed}", self.min)
                }
                Verdict::Pass => format!("{failed} of {count} requests failed, which {} allows", self.min),
            },
            observations: count,
            resolution: Some(percent(1, count)),
            witnesses: shown.into_vec(),
        }
    }
}

/// True if the exchange says something of the gateway.
fn counts(exchange: &Exchange) -> bool {
    !matches!(exchange.outcome, Outcome::Skipped | Outcome::ClientAbort | Outcome::Unfinished)
}

fn ended(exchange: &Exchange) -> String {
    match exchange.status {
        0 => format!("ended as {} without a status", exchange.outcome),
        status if exchange.outcome == Outcome::Complete => format!("answered {status}"),
        status => format!("answered {status}, then {}", exchange.outcome),
    }
}

/// `99.5 %`, cut and not rounded: 9 999 of 10 000 must not read as all.
fn percent(part: u64, whole: u64) -> String {
    let share = (part as f64 / whole as f64 * 1e4 + 1e-6).floor() / 1e4;
    Share::new(share).map_or_else(|| "more than 100 %".into(), |share| share.to_string())
}

#[cfg(test)]
mod tests {
    use evidence::{Method, Outcome};
    use reports::Verdict;
    use rstest::rstest;

    use crate::testing::{Call, Judging, Run, Try};

    /// So many requests, of which the first `failed` fail.
    fn steady(count: usize, failed: usize) -> Run {
        let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get);
        run.calls(count, move |n| {
            let answer = if n < failed { Try::ok("a").status(500) } else { Try::ok("a") };
            Call::due("reads", 10.0 + n as f64).attempt(answer)
        })
    }

    #[rstest]
    #[case::as_good_as_demanded(100, 1, Verdict::Pass)]
    #[case::worse(100, 2, Verdict::Fail)]
    #[case::too_few_to_tell(50, 0, Verdict::Inconclusive)]
    #[case::too_few_but_hopeless(50, 2, Verdict::Fail)]
    #[case::none(0, 0, Verdict::Inconclusive)]
    fn a_share_is_held_against_its_resolution(
        #[case] count: usize,
        #[case] failed: usize,
        #[case] verdict: Verdict,
    ) {
        let finding = steady(count, failed).finding("steady", "reads", "availability = { min = 0.99 }");
        assert_eq!(finding.verdict, verdict, "{}", finding.because);
    }

    #[test]
    fn a_truncated_answer_is_a_failure_although_its_status_is_200() {
        let truncated = Call::due("reads", 1.0)
            .attempt(Try::ok("a"))
            .row(|exchange| exchange.outcome = Outcome::EofInBody);
        let finding =
            steady(30, 0).call(truncated).finding("steady", "reads", "availability = { min = 1.0 }");
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_eq!(finding.witnesses[0].shows, "answered 200, then eof_in_body");
    }

    #[test]
    fn requests_that_were_never_sent_make_a_pass_inconclusive_and_no_failure() {
        let run = steady(100, 0).calls(10, |n| Call::due("reads", 500.0 + n as f64).skipped());
        let finding = run.finding("steady", "reads", "availability = { min = 0.99 }");
        assert_eq!((finding.verdict, finding.observations), (Verdict::Inconclusive, 100));
        assert!(finding.because.contains("10 of 110 requests"), "{}", finding.because);
    }
}
