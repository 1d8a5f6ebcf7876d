//! `failover`: how soon the traffic leaves backends that fail, where it goes, and how soon it is back.

mod claims;
#[cfg(test)]
mod tests;

use measure::failover::Outage;
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::stats::cases_to_exclude;
use units::{Share, Timespan};

use self::claims::early;
use super::Expectation;
use super::recovery::due_in;
use crate::claim::{CASES_MIN, Claim};
use crate::decide::BETA;
use crate::forecast::{Forecast, Outlook};

/// Traffic leaves backends that fail in time, goes to the right priority group, and comes back.
///
/// # What it checks
/// Placed in the phase with the fault. Looked at is where each request goes *first*: a gateway that tries the failing
/// backend each time and then another has not failed over.
///
/// - `within`: from so long after the fault's begin on, at most the share `left` of first attempts (0.05 by default) still
///   reach a backend that the fault is on: that is room for probes.
/// - `errors_max`: at most so many requests fail that are due from the fault's begin up to then.
/// - `back_within`: from so long after the fault's end on, in the next phase, at most the share `left` of first attempts
///   still go to the later priority groups that took over.
///
/// Where the backends have priorities, and the fault leaves one of an earlier group in order, no first attempt may go to a
/// later group while that one is in use: a group takes over only when all before it are out.
///
/// # Why it matters
/// A failover that takes a minute is an outage of a minute. One that comes too early puts the whole load on the spare, which
/// is smaller and dearer, and one that never goes back leaves it there.
///
/// # When it can't tell
/// It takes 59 requests later than `within` (for 0.05), and more if some go astray. A fault that turns connections away
/// (`refuse`) hides whether the backend is still asked: use `cut` or `status`. Inconclusive as well without another backend
/// to go to, or if the fault is over before `within` is. A stall of brownout's own machine may move the end of `within` by
/// its length; what goes astray in that time is set aside. Some gateways share the load out earlier by design: Envoy takes
/// from a group that is less than 72 % healthy.
///
/// # Example
/// ```toml
/// [[expect]]
/// in       = "outage"
/// failover = { within = "500ms", errors_max = 10, back_within = "2s" }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failover {
    /// The longest time from the fault's begin until the traffic has moved.
    pub within: Timespan,
    /// The most requests that may fail until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors_max: Option<u64>,
    /// The longest time from the fault's end until the traffic is back in its own priority group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_within: Option<Timespan>,
    /// The share of first attempts that may still go where they should not: probes, for example.
    #[serde(default = "a_twentieth")]
    pub left: Share,
}

fn a_twentieth() -> Share {
    Share::new(0.05).unwrap_or_default()
}

impl Expectation for Failover {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let found = Outage::of(view.brief, view.place.phase, view.place.traffic);
        let Some(outage) = found else {
            let why = format!("no fault of `{}` may hit this traffic", view.phase_name());
            return vec![Claim::blind(why, "expect it of a phase with a fault").seen("", self.demanded())];
        };
        let back = self.back_within.map(|within| self.back(view, &outage, within));
        let claims =
            [Some(self.moved(view, &outage)), self.errors(view, &outage), early(view, &outage), back];
        claims.into_iter().flatten().collect()
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let Some(outage) = Outage::of(outlook.brief, outlook.place.phase, outlook.place.traffic) else {
            return Vec::new();
        };
        if let Err((why, _)) = self.can_move(outlook.brief, &outage) {
            return vec![Forecast::CannotPass(why)];
        }
        let needed = cases_to_exclude(self.left.get(), BETA);
        let moved = due_in(outlook, outage.judged(*self.within)).map(|due| {
            Forecast::exposures(
                format!("requests later than {} after the fault's begin", self.within),
                due,
                needed,
            )
        });
        let errors = self.errors_max.and_then(|_| due_in(outlook, self.meanwhile(&outage))).map(|due| {
            Forecast::exposures(
                format!("requests within {} of the fault's begin", self.within),
                due,
                CASES_MIN,
            )
        });
        moved.into_iter().chain(errors).chain(self.back_foreseen(outlook, needed)).collect()
    }

    fn problem(&self) -> Option<String> {
        let left = self.left.get();
        (left <= 0.0 || left >= 0.5).then(|| {
            "`left` must lie above 0 and below 0.5: probes leave some, and half of the traffic is no failover".into()
        })
    }
}

impl Failover {
    /// Why it can't be seen that the traffic moves, and what to change.
    fn can_move(&self, brief: &measure::brief::Brief, outage: &Outage) -> Result<(), (String, String)> {
        if outage.out.len() >= brief.backends.len() {
            let why = "the fault is on every backend, so that there is none to go to".into();
            return Err((why, "leave a backend without a fault".into()));
        }
        if let Some(hidden) = outage.hidden.first() {
            let why = format!(
                "a fault turns connections to `{}` away, so that nobody sees whether it is still asked",
                brief.backend_name(*hidden)
            );
            return Err((why, "let it fail in sight, by `status`, `cut` or `hang`".into()));
        }
        let length = outage.during.length();
        if length <= *self.within {
            let why = format!("the fault lasts {}, not longer than {}", Timespan(length), self.within);
            return Err((why, format!("let the fault last longer than {}", self.within)));
        }
        Ok(())
    }

    fn back_foreseen(&self, outlook: &Outlook<'_>, needed: u64) -> Option<Forecast> {
        let within = self.back_within?;
        let after = match claims::time_back(outlook.brief, outlook.place.phase, within) {
            Ok((_, after)) => after,
            Err((why, _)) => return Some(Forecast::CannotPass(why)),
        };
        let mut next = *outlook;
        (next.place.phase, next.place.settle) = (outlook.place.phase + 1, Timespan::default());
        let due = due_in(&next, after.judged(*within))?;
        let what = format!("requests later than {within} after the fault's end");
        Some(Forecast::exposures(what, due, needed))
    }

    fn demanded(&self) -> String {
        let errors = self
            .errors_max
            .map_or_else(String::new, |most| format!(", at most {most} requests fail until then"));
        let back =
            self.back_within.map_or_else(String::new, |within| format!(", and back {within} after its end"));
        format!(
            "from {} after the fault's begin on, at most {} of first attempts reach a backend that fails{errors}{back}",
            self.within, self.left
        )
    }
}
