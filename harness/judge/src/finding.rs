//! From a demand to a finding: the kind's own judgement, and the rules that hold for every kind around it.

use std::time::Duration;

use evidence::{Ledger, Outcome};
use reports::{Finding, Verdict};

use crate::proof::Proof;
use crate::words::count;
use crate::{Brief, Demand, Judged, Window, witness};

/// How many of the requests that were due may have been skipped without casting doubt on a pass.
const SKIPPED_SHARE_MAX: f64 = 0.01;

/// How much of a cut run's end is not looked at. Its tables were cut at different rows: there, an exchange can be on
/// record whose later attempts are not.
const CUT_MARGIN: Duration = Duration::from_secs(1);

/// Judges one demand. The finding's `id` is still bare of a number for repetitions.
pub(crate) fn find(brief: &Brief, demand: &Demand, ledger: &Ledger) -> Finding {
    let planned = Window::of(brief, demand);
    let window = recorded(planned, ledger);
    let case = Case::of(ledger, planned, window);
    let judged = case.judge(ledger);
    let traffic = demand.traffic.map(|class| brief.traffic_name(class).into_owned());
    let phase = brief.phases[demand.phase].name.clone();
    let kind = demand.expectation.name();
    Finding {
        id: format!("{phase}/{}/{kind}", traffic.as_deref().unwrap_or("all")),
        expectation: kind.to_owned(),
        line: demand.line,
        phase,
        traffic,
        from_s: window.stretch.from.seconds(),
        to_s: window.stretch.to.seconds(),
        verdict: judged.verdict,
        summary: judged.summary,
        observed: judged.observed,
        expected: judged.expected,
        because: judged.because,
        observations: judged.observations,
        resolution: judged.resolution,
        witnesses: witness::draw(brief, ledger, &judged.witnesses),
        ..Finding::default()
    }
}

/// The part of a window that was recorded.
fn recorded<'a>(mut window: Window<'a>, ledger: &Ledger) -> Window<'a> {
    let rest = ledger.rest();
    if rest.cut || rest.early.is_some() {
        let until = if rest.cut { rest.ended - CUT_MARGIN } else { rest.ended };
        window.stretch.to = window.stretch.to.min(until);
        window.stretch.from = window.stretch.from.min(window.stretch.to);
    }
    window
}

/// A demand with what the common rules need to know of its window.
struct Case<'a> {
    planned: Window<'a>,
    window: Window<'a>,
    proof: Proof<'a>,
    due: u64,
    skipped: u64,
    /// Why the window was not recorded whole.
    unrecorded: Option<String>,
}

impl<'a> Case<'a> {
    fn of(ledger: &Ledger, planned: Window<'a>, window: Window<'a>) -> Self {
        let (due, skipped) = window.entries(ledger).fold((0, 0), |(due, skipped), entry| {
            (due + 1, skipped + u64::from(entry.exchange.outcome == Outcome::Skipped))
        });
        let rest = ledger.rest();
        let unrecorded = (window.stretch.to < planned.stretch.to).then(|| {
            let how = if rest.cut { "was cut" } else { "ended early" };
            format!("the run {how} at {}, the window reaches to {}", rest.ended, planned.stretch.to)
        });
        Case { planned, window, proof: Proof::of(ledger, &window), due, skipped, unrecorded }
    }

    fn judge(&self, ledger: &Ledger) -> Judged {
        let judged = self.window.demand.expectation.contract().judge(ledger, &self.window);
        if self.due == 0 {
            let nothing =
                format!("no request{} was due in the settled part of `{}`", self.of_traffic(), self.phase());
            let because = self.unrecorded.iter().fold(nothing, |words, why| format!("{words}: {why}"));
            return Judged::inconclusive("no requests", judged.expected, because);
        }
        let doubts = self.doubts(&judged);
        if doubts.is_empty() { judged } else { doubted(judged, &doubts) }
    }

    /// Why the judgement does not hold although the kind came to it.
    fn doubts(&self, judged: &Judged) -> Vec<String> {
        let contract = self.window.demand.expectation.contract();
        let stands = judged.verdict == Verdict::Fail && contract.failure_is_proof();
        let mut doubts = Vec::new();
        if !stands {
            doubts.extend(self.without_fault(judged.verdict).or_else(|| self.too_few(judged.observations)));
        }
        if judged.verdict == Verdict::Pass {
            doubts.extend(self.too_many_skipped());
            doubts.extend(self.unrecorded.clone());
        }
        doubts
    }

    fn without_fault(&self, verdict: Verdict) -> Option<String> {
        if self.window.demand.expectation.contract().needs_fault() {
            let traffic = self.window.demand.traffic.map(|class| self.window.brief.traffic_name(class));
            let traffic = traffic.map_or_else(|| "any traffic".to_owned(), |name| format!("`{name}`"));
            let unplanned = format!("no fault is planned in the settled part of `{}`", self.phase());
            return self
                .proof
                .nothing_planned()
                .then_some(unplanned)
                .or_else(|| self.proof.missing_on(&traffic));
        }
        (verdict == Verdict::Pass).then(|| self.proof.missing_anywhere()).flatten()
    }

    fn too_few(&self, observations: u64) -> Option<String> {
        let min = self.window.demand.samples_min.filter(|min| observations < *min)?;
        Some(format!("it rests on {}, the scenario asks for {min}", count(observations, "observation")))
    }

    fn too_many_skipped(&self) -> Option<String> {
        let share = self.skipped as f64 / self.due as f64;
        (share > SKIPPED_SHARE_MAX).then(|| {
            format!(
                "{} of {} requests that were due were never sent: more were in flight than the driver may hold, so \
                 the gateway was spared a part of the load",
                self.skipped, self.due
            )
        })
    }

    fn phase(&self) -> &str {
        &self.planned.brief.phases[self.planned.demand.phase].name
    }

    fn of_traffic(&self) -> String {
        let name = self.planned.demand.traffic.map(|class| self.planned.brief.traffic_name(class));
        name.map(|name| format!(" of `{name}`")).unwrap_or_default()
    }
}

/// A judgement turned inconclusive: what was seen stays, what followed from it does not.
fn doubted(judged: Judged, doubts: &[String]) -> Judged {
    let summary = match judged.verdict {
        Verdict::Inconclusive => judged.summary,
        Verdict::Pass | Verdict::Fail => format!("not proven: {}", judged.summary),
    };
    Judged { verdict: Verdict::Inconclusive, summary, because: doubts.join("; "), ..judged }
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use insta::assert_snapshot;
    use reports::Verdict;

    use crate::testing::{Call, Run, Try, outline};

    const RETRIED: &str = "attempts = { exactly = 2 }";

    fn outage() -> Run {
        let run = Run::new().phase("steady", 10.0).phase("outage", 10.0).backend("a").backend("b");
        run.class("reads", Method::Get).class("writes", Method::Post).fault("outage", "status", &["a"])
    }

    fn rescued(n: usize) -> Call {
        Call::due("reads", 10_010.0 + 10.0 * n as f64).attempt(Try::hit("a", "status")).attempt(Try::ok("b"))
    }

    fn fine(n: usize) -> Call {
        Call::due("reads", 10_010.0 + 10.0 * n as f64).attempt(Try::ok("b"))
    }

    #[test]
    fn nothing_due_proves_nothing() {
        let finding = outage().calls(30, rescued).finding("outage", "writes", "no_replay = {}");
        assert_snapshot!(outline(&finding), @r"
        inconclusive: outage/writes/no_replay, 10–20 s, 0 observations
        summary: nothing can be told from what was seen
        observed: no requests
        expected: 0 POST requests delivered more than once
        because: no request of `writes` was due in the settled part of `outage`
        ");
    }

    #[test]
    fn a_request_in_the_settling_time_does_not_count() {
        let run = outage().calls(30, rescued).settle(100.0);
        assert_eq!(run.finding("outage", "reads", RETRIED).observations, 20 + 1);
        assert_eq!(
            run.settle(9_000.0).finding("outage", "reads", RETRIED).because,
            "no request of `reads` was due in the settled part of `outage`"
        );
    }

    #[test]
    fn a_fault_that_never_fired_proves_nothing() {
        let finding = outage().calls(30, fine).finding("outage", "reads", "attempts = { max = 2 }");
        assert_snapshot!(outline(&finding), @r"
        inconclusive: outage/reads/attempts, 10–20 s, 30 observations
        summary: no request reached the backends more than twice
        observed: up to 1 arrival for one request
        expected: at most 2 arrivals for one request
        because: the planned fault `status` never fired on `reads`: it was seen on none of the 30 requests
        ");
    }

    #[test]
    fn a_fault_that_fired_on_other_traffic_proves_nothing_of_this_one() {
        let write =
            |n: usize| Call::due("writes", 10_015.0 + 10.0 * n as f64).attempt(Try::hit("a", "status"));
        let run = outage().calls(30, fine).calls(30, write);
        let finding = run.finding("outage", "reads", "attempts = { max = 2 }");
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert!(finding.because.contains("never fired on `reads`"), "{}", finding.because);
        assert_eq!(run.finding("outage", "writes", "attempts = { max = 2 }").verdict, Verdict::Pass);
    }

    #[test]
    fn availability_in_an_outage_that_never_happened_proves_nothing() {
        let available = "availability = { min = 0.9 }";
        let finding = outage().calls(30, fine).finding("outage", "reads", available);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        let finding = outage().calls(30, fine).call(rescued(50)).finding("outage", "reads", available);
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    }

    #[test]
    fn a_write_that_was_delivered_twice_is_a_failure_without_any_fault() {
        let twice = Call::due("writes", 10_500.0).attempt(Try::ok("b")).attempt(Try::ok("b"));
        let finding = outage().call(twice).samples_min(50).finding("outage", "writes", "no_replay = {}");
        assert_eq!(finding.verdict, Verdict::Fail);
    }

    #[test]
    fn a_demand_in_a_phase_without_faults_is_told_so() {
        let run = outage().calls(30, |n| Call::due("reads", 10.0 * n as f64).attempt(Try::ok("b")));
        let finding = run.finding("steady", "reads", "attempts = { max = 2 }");
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert_eq!(finding.because, "no fault is planned in the settled part of `steady`");
    }

    #[test]
    fn fewer_observations_than_asked_for_prove_nothing() {
        let run = outage().calls(30, rescued);
        assert_eq!(run.clone().samples_min(30).finding("outage", "reads", RETRIED).verdict, Verdict::Pass);
        let finding = run.samples_min(31).finding("outage", "reads", RETRIED);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert_eq!(finding.because, "it rests on 30 observations, the scenario asks for 31");
    }

    #[test]
    fn one_skipped_request_in_a_hundred_is_borne_and_two_are_not() {
        let run = outage().calls(99, rescued).call(Call::due("reads", 11_005.0).skipped());
        assert_eq!(run.finding("outage", "reads", RETRIED).verdict, Verdict::Pass);
        let run = run.call(Call::due("reads", 11_006.0).skipped());
        let finding = run.finding("outage", "reads", RETRIED);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert!(finding.because.starts_with("2 of 101 requests"), "{}", finding.because);
    }

    #[test]
    fn a_window_beyond_the_end_of_a_cut_run_does_not_pass_and_its_failures_stand() {
        let run = outage().calls(30, rescued).cut(15_000.0);
        let finding = run.finding("outage", "reads", RETRIED);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert_snapshot!(finding.because, @"the run was cut at 15.000 s, the window reaches to 20.000 s");
        assert_eq!(run.finding("outage", "reads", "attempts = { max = 1 }").verdict, Verdict::Fail);
    }

    #[test]
    fn the_ragged_end_of_a_cut_run_is_not_looked_at() {
        let unretried = Call::due("reads", 14_500.0).attempt(Try::hit("a", "status"));
        let run = outage().calls(30, rescued).call(unretried);
        assert_eq!(
            run.clone().cut(15_000.0).finding("outage", "reads", RETRIED).verdict,
            Verdict::Inconclusive
        );
        assert_eq!(run.finding("outage", "reads", RETRIED).verdict, Verdict::Fail);
    }
}
