//! Whether a backend that was left alone has its traffic again, in time and in full.

use reports::Estimate;
use units::stats::{at_least, at_most};
use units::{Moment, Timespan};

use super::inquiry::Inquiry;
use crate::claim::{Basis, Claim};

/// A backend that has less than this part of its share again is not back.
const BACK_SHARE: f64 = 0.5;

/// How much longer chance may make the wait for the first request: one in a thousand waits longer than so many mean gaps.
const GAPS: u32 = 7;

/// What is claimed of the return.
pub(super) fn claim(inquiry: &Inquiry<'_>, within: Timespan) -> Claim {
    let (input, name, subject) = (inquiry.input, inquiry.name, inquiry.subject());
    let (end, to) = (input.fault_end, input.observed.to);
    let expected = format!("back within {within} of the fault's end, with at least half of its share");
    let gap = input.mean_gap().unwrap_or_default() * GAPS;
    let latest = end + within.saturating_add(gap) + input.blur_at(end + *within);
    if to < latest {
        let seen = Timespan(to.since(end));
        let why = format!(
            "the evidence ends {seen} after the fault, too early to tell whether {name} is back within {within}"
        );
        return Claim::blind(why, "make the phase after the fault longer").seen("", expected);
    }
    let offered = input.expected(end, to);
    let needed = measure::silence::missed_min(input.arrivals.len());
    if offered < needed {
        let why =
            format!("about {offered:.0} requests for {name} come after the fault, {needed:.0} are needed");
        return Claim::blind(why, "send more requests after the fault").seen("", expected);
    }
    let Some(back) = returned(inquiry) else {
        let bad = format!(
            "{subject} had not got its requests again {} after the fault had ended, {within} demanded",
            Timespan(to.since(end))
        );
        let basis = Basis::Never { violations: 1, exposures: 1, needed: 1 };
        return Claim::on(basis)
            .says("", bad.clone())
            .because("nothing arrived to the end")
            .seen(bad, expected);
    };
    let took = back.since(end);
    let words = format!("{name} was back {} after the fault had ended", Timespan(took));
    let estimate = Estimate {
        what: format!("time until the backend is back, {name}"),
        value: Some(took.as_secs_f64() * 1e3),
        low: took.saturating_sub(gap).as_secs_f64() * 1e3,
        high: took.as_secs_f64() * 1e3,
        unit: "ms".into(),
        confidence: 0.999,
    };
    if back > latest {
        let bad = format!(
            "{subject} got its requests again {} after the fault had ended, {within} demanded",
            Timespan(took)
        );
        let basis = Basis::Never { violations: 1, exposures: 1, needed: 1 };
        let claim = Claim::on(basis).says("", bad.clone()).because("nothing arrived before");
        return claim.seen(bad, expected).estimate(estimate);
    }
    share(inquiry, latest.max(back), words, expected).estimate(estimate)
}

/// Whether at least half of its share arrives once it should be back.
fn share(inquiry: &Inquiry<'_>, from: Moment, words: String, expected: String) -> Claim {
    let input = inquiry.input;
    let seen =
        input.arrivals.iter().filter(|one| one.at >= from && one.at < input.observed.to).count() as u64;
    let offered = (input.expected(from, input.observed.to) / input.share().max(1e-9)).round() as u64;
    let half = input.share() * BACK_SHARE;
    let basis = Basis::Tested {
        p_broken: at_most(seen, offered.max(seen), half),
        p_kept: at_least(seen, offered.max(seen), half),
        count: offered,
        needed: None,
    };
    let normal = input.share() * offered as f64;
    let bad = format!(
        "{} got {seen} requests after the fault, about {normal:.0} would be its share",
        inquiry.subject()
    );
    Claim::on(basis)
        .says(words.clone(), bad)
        .because(format!("{seen} requests reached it from then on, about {normal:.0} are its share"))
        .seen(words, expected)
        .remedy("make the phase after the fault longer, or send more requests")
}

/// The first arrival after the fault from which on traffic stayed; nothing if it never came, or went for good.
fn returned(inquiry: &Inquiry<'_>) -> Option<Moment> {
    let input = inquiry.input;
    let after = input.arrivals.partition_point(|one| one.at < input.fault_end);
    let here = &input.arrivals[after..];
    let long = |from: Moment, to: Moment| {
        to.since(from) >= *inquiry.demand.open_for / 2
            && input.expected(from, to) >= measure::silence::missed_min(input.arrivals.len())
    };
    let last = here.last()?;
    if long(last.at, input.observed.to) {
        return None;
    }
    let again = (1..here.len()).rev().find(|index| long(here[index - 1].at, here[*index].at));
    Some(here[again.unwrap_or(0)].at)
}
