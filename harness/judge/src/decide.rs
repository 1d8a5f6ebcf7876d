//! From claims to rulings, once for the whole scenario: no exposure, no pass; chance is corrected for over all findings.

use measure::aside::Why;
use reports::Verdict;
use units::plural::count;
use units::stats::{at_least, at_most, excluded_share, holm};

use crate::claim::{Basis, Claim};

/// The probability of any false failure in a whole scenario, as far as chance is at work.
pub(crate) const FAMILY: f64 = 1e-4;

/// The probability with which a pass may overlook the misbehaviour that it excludes.
pub(crate) const BETA: f64 = 0.05;

/// If more of the observations than this are not the gateway's, the rest proves nothing good.
const ASIDE_MAX: f64 = 0.1;

/// What follows from a claim.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ruling {
    /// The verdict.
    pub verdict: Verdict,
    /// Why the claim is left open; empty otherwise.
    pub open: String,
    /// The smallest share of misbehaviour that a pass excludes.
    pub excludes: Option<f64>,
    /// What to change to get an answer, where that is not the claim's own remedy.
    pub remedy: Option<String>,
}

impl Ruling {
    fn broken() -> Self {
        Ruling { verdict: Verdict::Fail, open: String::new(), excludes: None, remedy: None }
    }

    fn holds(excludes: Option<f64>) -> Self {
        Ruling { verdict: Verdict::Pass, open: String::new(), excludes, remedy: None }
    }

    pub(crate) fn open(why: impl Into<String>) -> Self {
        Ruling { verdict: Verdict::Inconclusive, open: why.into(), excludes: None, remedy: None }
    }
}

impl Ruling {
    /// The same with its own way out.
    pub(crate) fn with_remedy(self, remedy: impl Into<String>) -> Self {
        Ruling { remedy: Some(remedy.into()), ..self }
    }
}

/// Rules on all claims of a scenario.
pub(crate) fn decide(claims: &[&Claim]) -> Vec<Ruling> {
    let chance: Vec<Option<f64>> = claims.iter().map(|claim| p_broken(claim)).collect();
    let p: Vec<f64> = chance.iter().copied().flatten().collect();
    let mut rejected = holm(&p, FAMILY).into_iter();
    let broken: Vec<bool> = chance.iter().map(|p| p.is_some() && rejected.next().unwrap_or(false)).collect();
    claims.iter().zip(broken).map(|(claim, broken)| spared(claim, rule(claim, broken))).collect()
}

/// The probability of what was seen if the claim holds, where chance decides.
fn p_broken(claim: &Claim) -> Option<f64> {
    match &claim.basis {
        Basis::Mostly { bad, count, allowed, .. } if *allowed > 0.0 => Some(at_least(*bad, *count, *allowed)),
        Basis::Tested { p_broken, .. } => Some(*p_broken),
        _ => None,
    }
}

fn rule(claim: &Claim, broken: bool) -> Ruling {
    match &claim.basis {
        Basis::Never { violations, exposures, needed } => never(*violations, *exposures, *needed),
        Basis::Mostly { bad, allowed, .. } if broken || (*allowed <= 0.0 && *bad > 0) => Ruling::broken(),
        Basis::Mostly { bad, count, allowed, refuted } => kept(*bad, *count, *allowed, *refuted),
        Basis::Within { low, high, least, most, count, needed } => {
            within((*low, *high), (*least, *most), *count, *needed)
        }
        Basis::Tested { .. } if broken => Ruling::broken(),
        Basis::Tested { p_kept, count: seen, needed, .. } => match needed {
            _ if *p_kept <= BETA => Ruling::holds(None),
            Some(needed) if needed > seen => Ruling::open(format!(
                "{} tell neither that it holds nor that it does not; about {needed} would",
                count(*seen, "observation")
            )),
            _ => Ruling::open("what was seen lies too close to the bound for either verdict"),
        },
        Basis::Admitted { admitted: false, .. } => Ruling::broken(),
        Basis::Admitted { exposures: 0, .. } => {
            Ruling::open("no case came up in which another behaviour would have shown")
        }
        Basis::Admitted { neighbours, exposures, .. } if neighbours.is_empty() => {
            Ruling::holds(Some(excluded_share(*exposures, BETA)))
        }
        Basis::Admitted { neighbours, .. } => {
            Ruling::open(format!("what was seen fits as well: {}", neighbours.join("; ")))
        }
        Basis::Blind(why) => Ruling::open(why.clone()),
    }
}

fn never(violations: u64, exposures: u64, needed: u64) -> Ruling {
    match exposures {
        // Before the exposures: what was seen once was seen.
        _ if violations > 0 => Ruling::broken(),
        0 => Ruling::open("no case came up in which a gateway that breaks it would have shown it"),
        few if few < needed => Ruling::open(format!(
            "only {} in which a gateway that breaks it would have shown it, {needed} are needed",
            count(few, "case")
        )),
        enough => Ruling::holds(Some(excluded_share(enough, BETA))),
    }
}

/// Not broken: but do the cases exclude as much as a pass must?
fn kept(bad: u64, seen: u64, allowed: f64, refuted: f64) -> Ruling {
    if seen == 0 {
        return Ruling::open("no case came up in which a gateway that breaks it would have shown it");
    }
    if at_most(bad, seen, refuted) <= BETA {
        return Ruling::holds(Some(refuted));
    }
    let share = bad as f64 / seen as f64;
    if share >= refuted && allowed > refuted {
        return Ruling::open(format!(
            "{bad} of {} are off, and brownout's own machine stood still for so much of the time that a correct gateway may \
             be late as often",
            count(seen, "case")
        ))
        .with_remedy("run it on a quieter machine");
    }
    if share >= refuted {
        return Ruling::open(format!(
            "{bad} of {} are more than allowed, but no more than chance may bring",
            count(seen, "case")
        ));
    }
    let needed = needed_to_refute(share, refuted, seen);
    Ruling::open(format!("{} are too few: it takes about {needed}", count(seen, "case")))
}

/// How many cases it takes at this share of bad ones, within a factor of 1.25; at most 10 million.
pub(crate) fn needed_to_refute(share: f64, refuted: f64, at_least: u64) -> u64 {
    let mut cases = at_least.max(1) as f64;
    while at_most((share * cases).ceil() as u64, cases as u64, refuted) > BETA && cases < 1e7 {
        cases *= 1.25;
    }
    cases.ceil() as u64
}

fn within(interval: (f64, f64), bounds: (Option<f64>, Option<f64>), seen: u64, needed: u64) -> Ruling {
    let ((low, high), (least, most)) = (interval, bounds);
    if seen == 0 {
        return Ruling::open("nothing was seen that shows it");
    }
    // An interval that lies outside as a whole breaks it, however few the cases: it holds the true figure.
    if least.is_some_and(|least| high < least) || most.is_some_and(|most| low > most) {
        return Ruling::broken();
    }
    if seen < needed {
        return Ruling::open(format!("only {} show it, {needed} are needed", count(seen, "case")));
    }
    let inside = least.is_none_or(|least| low >= least) && most.is_none_or(|most| high <= most);
    if inside {
        Ruling::holds(None)
    } else {
        Ruling::open("the figure can't be told finely enough to lie on one side of the bound")
    }
}

/// A pass from which too much was set aside is none; neither is a failure of shares and lengths where stalls touched more than they
/// left: a gateway that got no processor for most of the time does otherwise in the rest of it as well. What may never be is a
/// breach whenever it is seen.
fn spared(claim: &Claim, ruling: Ruling) -> Ruling {
    // What the policy itself left no opportunity for is no hole in the evidence.
    let unavailable = claim.set_aside.count(Why::Unavailable);
    let (aside, exposures) = (claim.set_aside.total() - unavailable, claim.exposures());
    if ruling.verdict == Verdict::Pass && aside as f64 > ASIDE_MAX * (aside + exposures) as f64 {
        return Ruling::open(format!(
            "{} of {} say nothing of the gateway, more than a tenth",
            aside,
            count(aside + exposures, "observation")
        ))
        .with_remedy("run it on a quieter machine, with longer phases, or with clients that wait longer");
    }
    let stalled = claim.set_aside.count(Why::Stalled);
    let of_shares = matches!(claim.basis, Basis::Mostly { .. } | Basis::Within { .. } | Basis::Tested { .. });
    if ruling.verdict == Verdict::Fail && of_shares && stalled > exposures {
        let all = count(stalled + exposures, "observation");
        return Ruling::open(format!(
            "brownout's own machine stalled in {stalled} of {all}, and what the rest shows may come of that"
        ))
        .with_remedy("run it on a quieter machine");
    }
    ruling
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "claims are made where they are ruled on")]
    fn one(claim: Claim) -> Ruling {
        decide(&[&claim]).remove(0)
    }

    #[test]
    fn without_a_case_that_would_have_shown_it_nothing_passes() {
        assert_eq!(one(Claim::never(0, 0, None)).verdict, Verdict::Inconclusive);
        assert_eq!(one(Claim::never(0, 9, None)).verdict, Verdict::Inconclusive);
        assert_eq!(one(Claim::never(0, 10, None)).verdict, Verdict::Pass);
        assert_eq!(one(Claim::never(0, 10, Some(11))).verdict, Verdict::Inconclusive);
        assert_eq!(
            one(Claim::never(0, 10, Some(0))).verdict,
            Verdict::Pass,
            "nobody may ask for less than ten"
        );
        assert_eq!(one(Claim::never(1, 1, None)).verdict, Verdict::Fail);
    }

    #[test]
    fn a_pass_says_what_it_excludes() {
        let excludes = one(Claim::never(0, 300, None)).excludes.unwrap();
        assert!((excludes - 0.01).abs() < 1e-3, "{excludes}");
    }

    #[test]
    fn a_figure_passes_inside_fails_outside_and_is_open_across_a_bound() {
        let of = |low, high| {
            let bounds = (Some(270.0), Some(330.0));
            within((low, high), bounds, 20, 10).verdict
        };
        assert_eq!(of(295.0, 305.0), Verdict::Pass);
        assert_eq!(of(331.0, 340.0), Verdict::Fail);
        assert_eq!(of(320.0, 340.0), Verdict::Inconclusive);
        assert_eq!(of(100.0, 200.0), Verdict::Fail);
        assert_eq!(within((0.0, 1.0), (None, Some(2.0)), 3, 10).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn a_share_near_its_bound_is_left_open_with_the_number_that_would_tell() {
        let of = |bad, count| one(Claim::on(Basis::Mostly { bad, count, allowed: 0.01, refuted: 0.01 }));
        assert_eq!(of(20, 100).verdict, Verdict::Fail);
        assert_eq!(of(0, 300).verdict, Verdict::Pass);
        assert_eq!(of(1, 100).verdict, Verdict::Inconclusive);
        assert_eq!(of(0, 100).open, "100 cases are too few: it takes about 306");
    }

    #[test]
    fn what_is_set_aside_by_more_than_a_tenth_takes_a_pass_away_and_no_failure() {
        let mut aside = measure::aside::SetAside::default();
        let (_, ledger) = measure::testing::Run::new()
            .phase("p", 1.0)
            .class("reads", evidence::Method::Get)
            .calls(3, |n| measure::testing::Call::due("reads", n as f64))
            .build();
        for entry in ledger.entries() {
            aside.note(measure::aside::Why::Edge, entry.exchange);
        }
        assert_eq!(one(Claim::never(0, 20, None).aside(aside.clone())).verdict, Verdict::Inconclusive);
        assert_eq!(one(Claim::never(0, 40, None).aside(aside.clone())).verdict, Verdict::Pass);
        assert_eq!(one(Claim::never(1, 20, None).aside(aside)).verdict, Verdict::Fail);
    }

    proptest! {
        #[test]
        fn the_more_claims_there_are_the_stronger_each_failure_must_be(others in 0usize..50) {
            let mut claims = vec![Claim::on(Basis::Tested { p_broken: 5e-5, p_kept: 1.0, count: 10, needed: None })];
            claims.extend((0..others).map(|_| Claim::on(Basis::Tested { p_broken: 0.5, p_kept: 0.0, count: 10, needed: None })));
            let rulings = decide(&claims.iter().collect::<Vec<_>>());
            prop_assert_eq!(rulings[0].verdict == Verdict::Fail, others < 1 + usize::from(others == 1));
        }
    }
}
