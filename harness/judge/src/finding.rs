//! From a demand to a finding: the claims of its kind, and the rules that hold for every kind around them.

use evidence::{Ledger, Outcome};
use measure::brief::Brief;
use measure::fired::Fired;
use measure::maintenance::not_carried_out;
use measure::stalls::Stalls;
use measure::view::View;
use rayon::prelude::*;
use reports::{Finding, PolicyRow, SetAside, Verdict};
use units::plural::count;

use crate::claim::{Basis, Claim, Proof};
use crate::decide::{Ruling, decide};
use crate::demand::Demand;
use crate::witness;

/// How many of the requests that were due may have been skipped without casting doubt on a pass.
const SKIPPED_SHARE_MAX: f64 = 0.01;

/// What helps where an action was not carried out.
const ACT: &str = "let the action be carried out: what was said of it tells what was in its way";

/// What helps where a planned fault met nothing.
const SEND_MORE: &str = "send more of this traffic to the backends that the fault is on";

/// Judges all demands, in their order. The ids are still bare of a number for repetitions.
pub(crate) fn find_all(brief: &Brief, demands: &[Demand], ledger: &Ledger) -> Vec<Finding> {
    let stalls = Stalls::of(ledger);
    // Demands know nothing of each other, and of a large ledger each takes its time.
    let drafts: Vec<Draft<'_>> = demands
        .par_iter()
        .map(|demand| Draft::of(demand, View::of(brief, ledger, &stalls, demand.place())))
        .collect();
    let claims: Vec<&Claim> = drafts.iter().flat_map(|draft| &draft.claims).collect();
    let mut rulings = decide(&claims).into_iter();
    drafts.iter().map(|draft| draft.finding(rulings.by_ref().take(draft.claims.len()).collect())).collect()
}

/// A demand with its claims, before anything is decided.
struct Draft<'a> {
    demand: &'a Demand,
    view: View<'a>,
    claims: Vec<Claim>,
    due: u64,
    skipped: u64,
}

impl<'a> Draft<'a> {
    fn of(demand: &'a Demand, view: View<'a>) -> Self {
        let (due, skipped) = view.entries().fold((0, 0), |(due, skipped), entry| {
            (due + 1, skipped + u64::from(entry.exchange.outcome == Outcome::Skipped))
        });
        let mut claims = demand.expectation.contract().claims(&view);
        if due == 0 {
            // What was not there at all is told in plain words, whatever the kind makes of it.
            let expected = join(claims.iter().map(|claim| claim.expected.as_str()));
            let blind =
                Claim::blind(nothing_due(&view), "send requests in this phase, or expect it of another one");
            claims = vec![blind.seen("no requests", expected)];
        }
        Draft { demand, view, claims, due, skipped }
    }

    fn finding(&self, rulings: Vec<Ruling>) -> Finding {
        let view = &self.view;
        let rulings: Vec<Ruling> =
            self.claims.iter().zip(rulings).map(|(claim, ruling)| self.doubted(claim, ruling)).collect();
        let policy = policy_rows(view.brief, &self.claims, &rulings);
        let plain = self.claims.iter().zip(&rulings).filter(|(claim, _)| claim.key.is_none());
        let verdicts = plain.map(|(_, ruling)| ruling.verdict).chain(policy.iter().map(|row| row.verdict));
        let verdict = verdicts.max().unwrap_or(Verdict::Inconclusive);
        // Of a key of the policy, only what its row says counts: a phase that could not show it takes nothing away.
        let counts = |claim: &Claim, ruling: &Ruling| {
            let row = claim.key.as_ref().and_then(|key| policy.iter().find(|row| row.key == key.key));
            row.is_none_or(|row| row.verdict == ruling.verdict)
        };
        let decisive: Vec<(&Claim, &Ruling)> = self
            .claims
            .iter()
            .zip(&rulings)
            .filter(|(claim, ruling)| ruling.verdict == verdict && counts(claim, ruling))
            .collect();
        let traffic = view.place.traffic.map(|class| view.brief.traffic_name(class).into_owned());
        let phase = view.phase_name().to_owned();
        let kind = self.demand.expectation.name();
        let expected = join(self.claims.iter().map(|claim| claim.expected.as_str()));
        let estimates = self.claims.iter().flat_map(|claim| claim.estimates.iter().cloned()).collect();
        let shown: Vec<_> = decisive.iter().flat_map(|(claim, _)| claim.witnesses.iter().cloned()).collect();
        Finding {
            id: format!("{phase}/{}/{kind}", traffic.as_deref().unwrap_or("all")),
            expectation: kind.to_owned(),
            line: self.demand.line,
            phase,
            traffic,
            from_s: view.stretch.from.seconds(),
            to_s: view.stretch.to.seconds(),
            verdict,
            summary: join(decisive.iter().map(|(claim, ruling)| summary(claim, ruling))),
            observed: if policy.is_empty() {
                join(self.claims.iter().map(|claim| claim.observed.as_str()))
            } else {
                policy_words(&policy)
            },
            expected: if policy.is_empty() { expected } else { "the declared policy".into() },
            because: join(decisive.iter().map(|(claim, ruling)| because(claim, ruling))),
            observations: self.claims.iter().map(Claim::exposures).max().unwrap_or(0),
            resolution: None,
            witnesses: witness::draw(view.brief, view.ledger, &shown),
            // The rows of a policy have their own.
            estimates: if policy.is_empty() { estimates } else { Vec::new() },
            exposures: decisive.iter().map(|(claim, _)| claim.exposures()).min().unwrap_or(0),
            excludes: decisive.iter().filter_map(|(_, ruling)| ruling.excludes).reduce(f64::max),
            set_aside: self.set_aside(),
            remedy: remedy(&decisive),
            policy,
        }
    }

    /// What was set aside, by reason. Claims of one demand look at the same exchanges, so that the largest count holds.
    fn set_aside(&self) -> Vec<SetAside> {
        let largest = self.claims.iter().max_by_key(|claim| claim.set_aside.total());
        let rows = largest.into_iter().flat_map(|claim| claim.set_aside.rows());
        rows.map(|(why, ended)| SetAside {
            why: why.words().into(),
            count: ended.values().sum(),
            ended: ended.iter().map(|(end, count)| (end.clone(), *count)).collect(),
        })
        .collect()
    }

    /// A pass that the common rules don't bear out is left open.
    fn doubted(&self, claim: &Claim, ruling: Ruling) -> Ruling {
        if ruling.verdict == Verdict::Inconclusive
            && claim.exposures() == 0
            && !matches!(claim.basis, Basis::Blind(_))
        {
            // Nothing came up because nothing was done: that is the plainer reason.
            return match self.without_proof(claim) {
                Some(doubt) => Ruling::open(doubt).with_remedy(SEND_MORE),
                None => ruling,
            };
        }
        if ruling.verdict != Verdict::Pass {
            return ruling;
        }
        let doubts: Vec<(String, &str)> = [
            (not_carried_out(&self.view), ACT),
            (self.without_proof(claim), SEND_MORE),
            (self.too_few(claim), "send more, make the phase longer, or ask for fewer"),
            (self.too_many_skipped(), "raise `limits.in_flight`, or lower the rate"),
            (self.unrecorded(), "let the run come to its end"),
        ]
        .into_iter()
        .filter_map(|(doubt, remedy)| Some((doubt?, remedy)))
        .collect();
        if doubts.is_empty() {
            return ruling;
        }
        let (doubts, remedies): (Vec<String>, Vec<&str>) = doubts.into_iter().unzip();
        Ruling::open(doubts.join("; ")).with_remedy(remedies.join("; "))
    }

    /// Why there is no proof that the planned faults took effect where the claim rests on them.
    fn without_proof(&self, claim: &Claim) -> Option<String> {
        let fired = match &claim.proof {
            Proof::Own(missing) => return missing.clone(),
            Proof::Phase => Fired::of(&self.view),
            Proof::Kind(kind) => {
                let of_kind = self.view.injections().filter(|(_, injection)| injection.fault == *kind);
                Fired::in_stretch(&self.view, self.view.phase(), of_kind.collect())
            }
        };
        if fired.nothing_planned() && self.demand.expectation.contract().needs_fault() {
            return Some(format!("no fault is planned in `{}`", self.view.phase_name()));
        }
        fired.problem(&self.view)
    }

    fn too_few(&self, claim: &Claim) -> Option<String> {
        let seen = claim.exposures();
        let asked = self.demand.samples_min.filter(|min| seen < *min)?;
        Some(format!("it rests on {}, the scenario asks for {asked}", count(seen, "observation")))
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

    fn unrecorded(&self) -> Option<String> {
        unrecorded(&self.view)
    }
}

/// Declared against observed, key by key: one that a phase shows to be broken is, one that a phase shows to hold does,
/// whatever other phases could not show.
fn policy_rows(brief: &Brief, claims: &[Claim], rulings: &[Ruling]) -> Vec<PolicyRow> {
    let mut rows: Vec<PolicyRow> = Vec::new();
    for (claim, ruling) in claims.iter().zip(rulings) {
        let Some(key) = &claim.key else { continue };
        // `retry.on, others` stands where `retry.on` does.
        let bare = key.key.split(',').next().unwrap_or_default();
        let row = PolicyRow {
            key: key.key.clone(),
            declared: key.declared.clone(),
            observed: claim.observed.clone(),
            estimates: claim.estimates.clone(),
            verdict: ruling.verdict,
            because: summary(claim, ruling).to_owned(),
            exposures: claim.exposures(),
            line: brief.policy_line(bare),
            source: brief.policy.source(bare).map(str::to_owned),
        };
        match rows.iter_mut().find(|earlier| earlier.key == row.key) {
            None => rows.push(row),
            Some(earlier) if says_more(&row, earlier) => *earlier = row,
            Some(_) => {}
        }
    }
    rows
}

/// How many keys hold, and which do not.
fn policy_words(rows: &[PolicyRow]) -> String {
    let of = |verdict: Verdict| -> Vec<&str> {
        rows.iter().filter(|row| row.verdict == verdict).map(|row| row.key.as_str()).collect()
    };
    let mut words = format!("{} of {} as declared", of(Verdict::Pass).len(), count(rows.len() as u64, "key"));
    for (verdict, what) in [(Verdict::Fail, "otherwise"), (Verdict::Inconclusive, "not told")] {
        let keys = of(verdict);
        if !keys.is_empty() {
            words.extend(["; ", what, ": ", &keys.join(", ")]);
        }
    }
    words
}

/// A failure before a pass, a pass before an open verdict, and among the same the one that rests on more.
fn says_more(row: &PolicyRow, than: &PolicyRow) -> bool {
    let rank = |row: &PolicyRow| match row.verdict {
        Verdict::Fail => 2,
        Verdict::Pass => 1,
        Verdict::Inconclusive => 0,
    };
    (rank(row), row.exposures) > (rank(than), than.exposures)
}

fn nothing_due(view: &View<'_>) -> String {
    let traffic = view.place.traffic.map(|class| format!(" of `{}`", view.brief.traffic_name(class)));
    let nothing = format!(
        "no request{} was due in the settled part of `{}`",
        traffic.unwrap_or_default(),
        view.phase_name()
    );
    unrecorded(view).iter().fold(nothing, |words, why| format!("{words}: {why}"))
}

/// Why the stretch was not recorded whole, if it was not.
fn unrecorded(view: &View<'_>) -> Option<String> {
    let rest = view.ledger.rest();
    (view.stretch.to < view.planned.to).then(|| {
        let how = if rest.cut { "was cut" } else { "ended early" };
        format!("the run {how} at {}, the window reaches to {}", rest.ended, view.planned.to)
    })
}

/// One sentence for an operator. What is left open is told by its reason: a success beside an open verdict misleads.
fn summary<'c>(claim: &'c Claim, ruling: &'c Ruling) -> &'c str {
    match ruling.verdict {
        Verdict::Pass => &claim.good,
        Verdict::Fail => &claim.bad,
        Verdict::Inconclusive => &ruling.open,
    }
}

/// What to change in the scenario; only where something is left open.
fn remedy(decisive: &[(&Claim, &Ruling)]) -> Option<String> {
    let open = decisive.iter().filter(|(_, ruling)| ruling.verdict == Verdict::Inconclusive);
    let remedies = join(open.map(|(claim, ruling)| ruling.remedy.as_deref().unwrap_or(&claim.remedy)));
    (!remedies.is_empty()).then_some(remedies)
}

fn because<'c>(claim: &'c Claim, ruling: &'c Ruling) -> &'c str {
    if ruling.verdict == Verdict::Inconclusive { &ruling.open } else { &claim.because }
}

/// What is said, each once.
fn join<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut distinct: Vec<&str> = Vec::new();
    for text in texts.filter(|text| !text.is_empty()) {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    distinct.join("; ")
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use insta::assert_snapshot;
    use reports::Verdict;

    use crate::testing::{Call, Judging, Run, Try, outline};

    const RETRIED: &str = "attempts = { min = 2 }";

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
        summary: no request of `writes` was due in the settled part of `outage`
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
        inconclusive: outage/reads/attempts, 10–20 s, 0 observations
        summary: the planned fault `status` on `a` never took effect on `reads`: on none of the 30 requests
        observed: up to 1 arrival for one request
        expected: at most 2 arrivals for one request
        because: the planned fault `status` on `a` never took effect on `reads`: on none of the 30 requests
        ");
    }

    #[test]
    fn a_fault_that_fired_on_other_traffic_proves_nothing_of_this_one() {
        let write =
            |n: usize| Call::due("writes", 10_015.0 + 10.0 * n as f64).attempt(Try::hit("a", "status"));
        let run = outage().calls(30, fine).calls(30, write);
        let finding = run.finding("outage", "reads", "attempts = { max = 2 }");
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert!(finding.because.contains("never took effect on `reads`"), "{}", finding.because);
        assert_eq!(run.finding("outage", "writes", "attempts = { max = 1 }").verdict, Verdict::Pass);
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
        assert_eq!(finding.because, "no fault is planned in `steady`");
    }

    #[test]
    fn fewer_observations_than_asked_for_prove_nothing() {
        let run = outage().calls(30, rescued);
        assert_eq!(run.clone().samples_min(30).finding("outage", "reads", RETRIED).verdict, Verdict::Pass);
        let finding = run.samples_min(31).finding("outage", "reads", RETRIED);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert!(finding.because.ends_with("31 are needed"), "{}", finding.because);
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
