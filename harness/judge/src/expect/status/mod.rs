//! `status`: what the client sees of a failure.

use std::collections::BTreeMap;

use evidence::{Entry, Exchange, Ledger, Outcome};
use reports::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Stretch};

use super::{Expectation, Judged};
use crate::witness::Shown;
use measure::brief::InjectionBrief;
use measure::view::View;

/// When a request meets a fault to the last, the client sees one of the given statuses.
///
/// # What it checks
/// The status that the client got, for every request whose *last* attempt was hit by a planned fault, or by one of
/// the kind `on`. Requests that were rescued by a further attempt don't count. Where a fault turns connections away
/// (`refuse`, a reset at accept) there is no attempt to be hit: then the requests count that reached no backend at
/// all while the fault was in force. Status 0 stands for no status line at all; a client that gave up waiting has
/// seen 0.
///
/// `gateway_made = true` demands that the gateway made the answer itself, `false` that it passed on the backend's.
///
/// # Why it matters
/// Clients decide by the status whether to try again, and operators whom to call: 502, 503 and 504 name different
/// culprits. Gateways disagree on which they send, and 400 for a timeout has been seen.
///
/// # When it can't tell
/// Inconclusive if no request ended on such a fault, or if no such fault is planned in the window.
///
/// # Example
/// ```toml
/// [[expect]]
/// in     = "outage"
/// status = { of = [502, 503], on = "reset", gateway_made = true }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The statuses that the client may see.
    pub of: Vec<u16>,
    /// The kind of fault that it is about; any planned one without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The smallest share of those requests that must see it.
    #[serde(default)]
    pub share_min: Share,
    /// Whether the gateway must have made the answer itself; either is fine without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_made: Option<bool>,
}

/// Different statuses that a finding lists.
const LISTED_MAX: usize = 6;

impl Expectation for Status {
    fn judge(&self, ledger: &Ledger, window: &View<'_>) -> Judged {
        let faults = Faults::of(self.on.as_deref(), ledger, window);
        let (mut count, mut kept) = (0u64, 0u64);
        let mut seen: BTreeMap<(u16, bool, Outcome), u64> = BTreeMap::new();
        let mut shown = Shown::default();
        let answered = window.entries().filter(|entry| tells(entry.exchange));
        for entry in answered.filter(|entry| faults.ended(entry)) {
            let exchange = entry.exchange;
            count += 1;
            *seen.entry((exchange.status, exchange.answered_by_backend(), exchange.outcome)).or_default() +=
                1;
            if self.allows(exchange) {
                kept += 1;
            } else {
                shown.add(exchange.tag, || {
                    words(exchange.status, exchange.answered_by_backend(), exchange.outcome)
                });
            }
        }
        let expected = self.expected();
        if count == 0 {
            let because = match (&self.on, faults.planned) {
                (Some(kind), false) => format!("no fault `{kind}` is planned in the window"),
                (Some(kind), true) => format!("no request ended on the fault `{kind}`"),
                (None, _) => "no request ended on a planned fault".into(),
            };
            return Judged::inconclusive("no requests", expected, because);
        }
        let failed = (kept as f64) < self.share_min.get() * count as f64 - 1e-9;
        Judged {
            verdict: if failed { Verdict::Fail } else { Verdict::Pass },
            summary: format!("on {}, clients saw {}", self.fault_words(), list(&seen, 2)),
            observed: list(&seen, LISTED_MAX),
            expected,
            because: format!(
                "{kept} of {count} requests that ended on {} saw what was demanded",
                self.fault_words()
            ),
            observations: count,
            resolution: None,
            witnesses: shown.into_vec(),
        }
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn faults(&self) -> Vec<&str> {
        self.on.iter().map(String::as_str).collect()
    }

    fn problem(&self) -> Option<String> {
        if self.of.is_empty() {
            return Some("`of` is empty: name at least one status".into());
        }
        let stray = self.of.iter().find(|status| **status != 0 && !(100..600).contains(*status))?;
        Some(format!("`{stray}` is not a status: expected 100 to 599, or 0 for none"))
    }
}

impl Status {
    fn allows(&self, exchange: &Exchange) -> bool {
        let made = self.gateway_made.is_none_or(|made| made != exchange.answered_by_backend());
        self.of.contains(&exchange.status) && made
    }

    fn fault_words(&self) -> String {
        self.on.as_ref().map_or_else(|| "a planned fault".into(), |kind| format!("`{kind}`"))
    }

    fn expected(&self) -> String {
        let statuses: Vec<String> = self.of.iter().map(ToString::to_string).collect();
        let by = match self.gateway_made {
            None => "",
            Some(true) => ", made by the gateway",
            Some(false) => ", passed on from the backend",
        };
        let share = if self.share_min == Share::ALL {
            String::new()
        } else {
            format!(", for at least {}", self.share_min)
        };
        format!("status {}{by}{share}", statuses.join(" or "))
    }
}

/// The faults that an expectation is about.
struct Faults {
    planned: bool,
    /// One bit each by their index.
    bits: u64,
    /// When one of them turned connections away.
    turning_away: Vec<Stretch>,
}

impl Faults {
    fn of(kind: Option<&str>, ledger: &Ledger, window: &View<'_>) -> Self {
        let meant = |injection: &InjectionBrief| kind.is_none_or(|kind| injection.fault == kind);
        let injections: Vec<_> = window.injections().filter(|(_, injection)| meant(injection)).collect();
        let mut turning_away = Vec::new();
        for (index, injection) in injections.iter().filter(|(_, injection)| injection.hides_attempts) {
            let firings = ledger.rest().firings.iter().filter(|firing| firing.injection == *index);
            turning_away.extend(firings.map(|firing| Stretch { from: firing.from, to: firing.to }));
            let connections = &ledger.rest().connections;
            if connections.iter().any(|connection| connection.injections & (1 << index) != 0) {
                turning_away.push(injection.during);
            }
        }
        let bits = injections.iter().fold(0, |bits, (index, _)| bits | 1 << index);
        Faults { planned: !injections.is_empty(), bits, turning_away }
    }

    /// True if the request ended on one of them.
    fn ended(&self, entry: &Entry<'_>) -> bool {
        match entry.attempts.last() {
            Some(last) => last.injections & self.bits != 0,
            None => self.turning_away.iter().any(|stretch| stretch.contains(entry.exchange.sent)),
        }
    }
}

/// True if what the client saw says something of the gateway.
fn tells(exchange: &Exchange) -> bool {
    !matches!(exchange.outcome, Outcome::Skipped | Outcome::Unfinished | Outcome::ClientAbort)
}

fn words(status: u16, by_backend: bool, outcome: Outcome) -> String {
    if status == 0 {
        return format!("no status ({outcome})");
    }
    let by = if by_backend { "backend" } else { "gateway" };
    match outcome {
        Outcome::Complete => format!("{status} from the {by}"),
        _ => format!("{status} from the {by} ({outcome})"),
    }
}

/// What was seen with its counts, most frequent first.
fn list(seen: &BTreeMap<(u16, bool, Outcome), u64>, listed_max: usize) -> String {
    let mut counts: Vec<_> = seen.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let listed = counts.iter().take(listed_max);
    let mut words: Vec<String> = listed
        .map(|((status, by, outcome), count)| format!("{} × {count}", words(*status, *by, *outcome)))
        .collect();
    if counts.len() > listed_max {
        words.push(format!("{} others", counts.len() - listed_max));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use evidence::{Method, Outcome};
    use insta::assert_snapshot;
    use reports::Verdict;
    use rstest::rstest;

    use crate::testing::{Call, Judging, Run, Try, settings};

    fn outage(fault: &str) -> Run {
        let run = Run::new().phase("outage", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.fault("outage", fault, &["a"])
    }

    fn reset(n: usize) -> Call {
        Call::due("reads", 10.0 + n as f64).attempt(Try::hit("a", "reset"))
    }

    #[rstest]
    #[case::the_status_demanded("of = [502], on = 'reset'", Verdict::Pass)]
    #[case::another_status("of = [504], on = 'reset'", Verdict::Fail)]
    #[case::made_by_the_gateway("of = [502], gateway_made = true", Verdict::Pass)]
    #[case::not_passed_on("of = [502], gateway_made = false", Verdict::Fail)]
    #[case::a_fault_that_is_not_planned("of = [502], on = 'hang'", Verdict::Inconclusive)]
    fn the_status_of_a_failure_is_held_against_what_is_demanded(
        #[case] bounds: &str,
        #[case] verdict: Verdict,
    ) {
        let finding =
            outage("reset").calls(30, reset).finding("outage", "reads", &format!("status = {{ {bounds} }}"));
        assert_eq!(finding.verdict, verdict, "{}", finding.because);
    }

    #[test]
    fn a_request_that_was_rescued_does_not_count() {
        let rescued = Call::due("reads", 5.0).attempt(Try::hit("a", "reset")).attempt(Try::ok("b"));
        let finding = outage("reset").calls(30, reset).call(rescued).finding(
            "outage",
            "reads",
            "status = { of = [502] }",
        );
        assert_eq!((finding.verdict, finding.observations), (Verdict::Pass, 30));
    }

    #[test]
    fn a_client_that_gave_up_has_seen_no_status() {
        let hung = |n: usize| {
            Call::due("reads", 10.0 + n as f64)
                .attempt(Try::hit("a", "hang"))
                .ends(Outcome::ClientTimeout, 900.0)
        };
        let finding =
            outage("hang").calls(3, hung).finding("outage", "reads", "status = { of = [504], on = 'hang' }");
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_snapshot!(finding.summary, @"on `hang`, clients saw no status (client_timeout) × 3");
    }

    #[test]
    fn refused_requests_count_while_the_listener_was_closed() {
        let run = outage("refuse").firing("refuse", "a", 0.0, 5_000.0);
        let run = run
            .call(Call::due("reads", 100.0).rejected(503, 1.0))
            .call(Call::due("reads", 7_000.0).rejected(500, 1.0));
        let finding = run.finding("outage", "reads", "status = { of = [503], on = 'refuse' }");
        assert_eq!((finding.verdict, finding.observations), (Verdict::Pass, 1));
    }

    #[test]
    fn requests_turned_away_at_accept_count_once_connections_were_seen_to_be() {
        let rejected = |n: usize| Call::due("reads", 100.0 + n as f64).rejected(502, 1.0);
        let run = outage("accept").calls(30, rejected);
        let demanded = "status = { of = [502], on = 'reset' }";
        assert_eq!(run.finding("outage", "reads", demanded).verdict, Verdict::Inconclusive);
        let finding = run.connection_hit("reset", "a", 100.5).finding("outage", "reads", demanded);
        assert_eq!((finding.verdict, finding.observations), (Verdict::Pass, 30), "{}", finding.because);
    }

    #[test]
    fn a_share_may_be_demanded() {
        let odd = |n: usize| reset(n + 100).rejected(500, 2.0);
        let run = outage("reset").calls(30, reset).calls(10, odd);
        assert_eq!(
            run.finding("outage", "reads", "status = { of = [502], share_min = 0.75 }").verdict,
            Verdict::Pass
        );
        assert_eq!(
            run.finding("outage", "reads", "status = { of = [502], share_min = 0.76 }").verdict,
            Verdict::Fail
        );
    }

    #[test]
    fn nothing_is_told_when_no_request_ended_on_the_fault() {
        let fine = |n: usize| Call::due("reads", n as f64).attempt(Try::ok("b"));
        assert_eq!(
            outage("reset").calls(30, fine).judged("outage", "reads", "status = { of = [502] }").verdict,
            Verdict::Inconclusive
        );
    }

    #[rstest]
    #[case("of = []")]
    #[case("of = [42]")]
    fn statuses_that_do_not_exist_are_refused(#[case] bounds: &str) {
        assert!(
            settings(&format!("status = {{ {bounds} }}"))
                .is_ok_and(|settings| settings.contract().problem().is_some())
        );
    }
}
