//! `recovery`: how soon all is well again once a fault has ended.

mod requests;
mod returns;
#[cfg(test)]
mod tests;

use measure::aftermath::{Aftermath, Usual};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::stats::cases_to_exclude;
use units::{Share, Timespan};

use self::requests::Requests;
use super::Expectation;
use crate::claim::{CASES_MIN, Claim, Proof};
use crate::decide::BETA;
use crate::forecast::{Forecast, Outlook, is_failure};

/// After a fault, requests succeed again in time, and every backend gets its traffic again.
///
/// # What it checks
/// Placed in the healthy phase after a fault. From `within` after the last fault's end on, at least `share` of the
/// requests succeed, and in no stretch of the phase provably fewer. With `backends`, every backend that the fault was on
/// also gets four fifths at least of the first attempts that it got before the first fault (or that its weight
/// gives it), again in no stretch provably less: 15 of its 50 % are no return. The phase's settling time is not left
/// out: it is what is measured.
///
/// # Why it matters
/// An outage that is over for the upstream and not for the users is made by the gateway: a breaker that does not
/// close, a pool of dead connections, a backend that is never taken back.
///
/// # When it can't tell
/// Inconclusive if no fault ended before the phase, if one of them never took effect on this traffic, if a fault is still
/// in force, if the phase is not longer than `within`, or if too few requests are due after that: for 0.99 it takes 299
/// without a failure. A stall of brownout's own machine may move the end of `within` by its length; what fails in
/// that time is set aside. It sees success and arrivals; `stable_after` sees latency and amplification.
///
/// # Example
/// ```toml
/// [[expect]]
/// in       = "recovery"
/// recovery = { within = "1s", share = 0.99 }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// The longest time from the end of the fault.
    pub within: Timespan,
    /// The share of requests that succeed once it has recovered.
    #[serde(default = "nearly_all")]
    pub share: Share,
    /// Whether every backend that the fault was on must get its requests again, too.
    #[serde(default = "yes")]
    pub backends: bool,
}

fn nearly_all() -> Share {
    Share::new(0.99).unwrap_or_default()
}

fn yes() -> bool {
    true
}

/// Whoever demands less than half of the requests has probably meant another number.
const MEANT_MIN: f64 = 0.5;

impl Expectation for Recovery {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let expected = self.demanded();
        let after = match time_after(view.brief, view.place.phase, self.within) {
            Ok(after) => after,
            Err((why, remedy)) => return vec![Claim::blind(why, remedy).seen("", expected)],
        };
        let requests = Requests::of(view, &after, *self.within);
        let mut claims = vec![requests.claim(self, view)];
        if self.backends {
            let usual = Usual::of(view);
            claims.extend(returns::claims(self, view, &after, &usual));
        }
        let unproven = after.unproven(view);
        let proven = |claim: Claim| {
            let observed = claim.observed.clone();
            claim.seen(observed, expected.clone()).proof(Proof::Own(unproven.clone()))
        };
        claims.into_iter().map(proven).collect()
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let after = match time_after(outlook.brief, outlook.place.phase, self.within) {
            Ok(after) => after,
            Err((why, _)) => return vec![Forecast::CannotPass(why)],
        };
        let mut foreseen: Vec<Forecast> = self.met_by_the_outage(outlook, &after).into_iter().collect();
        if self.share.get() < MEANT_MIN {
            let share = self.share.get();
            foreseen.push(Forecast::Doubtful(format!(
                "`share = {share}` is content with a gateway of which most requests go on failing"
            )));
        }
        let allowed = 1.0 - self.share.get();
        let needed = if allowed > 0.0 { cases_to_exclude(allowed, BETA) } else { CASES_MIN };
        if let Some(requests) = due_in(outlook, after.judged(*self.within)) {
            let what = format!("requests later than {} after the fault", self.within);
            foreseen.push(Forecast::exposures(what, requests, needed));
        }
        for (_, injection) in &after.injections {
            let mut outage = *outlook;
            (outage.place.phase, outage.place.settle) = (injection.phase, Timespan::default());
            foreseen.extend(outage.takes_effect(injection));
        }
        foreseen
    }

    fn problem(&self) -> Option<String> {
        (self.share.get() == 0.0).then(|| "`share` must be above 0".into())
    }
}

impl Recovery {
    fn demanded(&self) -> String {
        let backends = if self.backends {
            ", and every backend that the fault was on gets its requests again"
        } else {
            ""
        };
        format!("{} of requests succeed from {} after the fault's end on{backends}", self.share, self.within)
    }

    /// A share that the outage itself reaches says nothing of what comes after it.
    fn met_by_the_outage(&self, outlook: &Outlook<'_>, after: &Aftermath<'_>) -> Option<Forecast> {
        let phase = after.injections.first()?.1.phase;
        let mut outage = *outlook;
        (outage.place.phase, outage.place.settle) = (phase, Timespan::default());
        let succeeding = 1.0 - outage.failing(1, is_failure)? / outage.requests().filter(|due| *due > 0.0)?;
        let (share, name) = (self.share, &outlook.brief.phases[phase].name);
        (succeeding >= share.get() && !self.backends).then(|| {
            Forecast::CannotFail(format!(
                "`share = {}` is met by a gateway that goes on as in `{name}`: {:.0} % succeed there",
                share.get(),
                succeeding * 100.0
            ))
        })
    }
}

/// The time after the fault, if it is longer than what is allowed for; otherwise why not, and what to change.
pub(super) fn time_after(
    brief: &measure::brief::Brief,
    phase: usize,
    within: Timespan,
) -> Result<Aftermath<'_>, (String, String)> {
    let name = &brief.phases[phase].name;
    let Some(after) = Aftermath::of(brief, phase) else {
        let why = format!("no fault ended before `{name}`, so there is nothing to recover from");
        return Err((why, "expect it of the phase after a fault".into()));
    };
    if after.healthy.length() <= *within {
        let length = Timespan(after.healthy.length());
        let why = format!("the time without faults in `{name}` lasts {length}, not longer than {within}");
        return Err((
            why,
            format!("make `{name}` longer than {within}, by the time that 300 requests take at least"),
        ));
    }
    Ok(after)
}

/// Requests that are due in a part of the phase, of the traffic that is looked at.
pub(super) fn due_in(outlook: &Outlook<'_>, stretch: units::Stretch) -> Option<f64> {
    let phase = outlook.brief.phases[outlook.place.phase].during;
    let whole =
        Outlook { place: measure::view::Place { settle: Timespan::default(), ..outlook.place }, ..*outlook };
    let part = stretch.length().as_secs_f64() / phase.length().as_secs_f64().max(1e-9);
    Some(whole.requests()? * part.min(1.0))
}
