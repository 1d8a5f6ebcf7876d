//! `stable_after`: whether a gateway is itself again after a fault, and not only answering.

#[cfg(test)]
mod tests;

use measure::aftermath::Aftermath;
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Stretch, Timespan};

use super::Expectation;
use super::recovery::{due_in, time_after};
use crate::claim::{Claim, Proof};
use crate::compared::{Allowed, Compared};
use crate::forecast::{Forecast, Outlook};

/// After a fault, latency, amplification and successes are back to what they were before it.
///
/// # What it checks
/// Placed in the healthy phase after a fault. From `within` after the last fault's end on, against the last phase without a
/// fault before it, or the phase `of`: the median and the 90th percentile of the response time are longer by at most
/// the part `latency` (and 5 ms); at most the part `amplification` of the requests more than before arrives more often
/// than is usual; and at most the part `share` of the requests more than before fails. All three are a tenth by
/// default, `share` a hundredth. The phase's settling time is not left out: it is what is measured.
///
/// # Why it matters
/// An outage may leave a state behind that keeps itself alive: retries that feed on their own load, queues that never drain.
/// Every request succeeds, and each takes three seconds. `recovery` does not see that.
///
/// # When it can't tell
/// Both phases are counted, so both are uncertain: it takes some 300 requests in each. Inconclusive as well if no
/// fault ended before the phase, if one of them never took effect on this traffic, if the phase is not longer than
/// `within`, or if there is no phase without faults to compare with.
///
/// # Example
/// ```toml
/// [[expect]]
/// in           = "recovery"
/// stable_after = { within = "2s", latency = 0.1, amplification = 0.1, share = 0.02 }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StableAfter {
    /// The longest time from the end of the fault.
    pub within: Timespan,
    /// The phase that it is held against; the last one without a fault before the outage without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// By which part the response time may be longer.
    #[serde(default = "a_tenth")]
    pub latency: Share,
    /// Which part of the requests may arrive more often than before.
    #[serde(default = "a_tenth")]
    pub amplification: Share,
    /// By how much the share of successes may be lower.
    #[serde(default = "a_hundredth")]
    pub share: Share,
}

pub(super) fn a_tenth() -> Share {
    Share::new(0.1).unwrap_or_default()
}

pub(super) fn a_hundredth() -> Share {
    Share::new(0.01).unwrap_or_default()
}

impl Expectation for StableAfter {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let found = time_after(view.brief, view.place.phase, self.within);
        let found = found.and_then(|after| Ok((self.usual(view.brief, &after)?, after)));
        let (usual, after) = match found {
            Ok(found) => found,
            Err((why, remedy)) => return vec![Claim::blind(why, remedy).seen("", self.demanded())],
        };
        let from = after.blurred(view, *self.within).to;
        let later = Stretch { from, to: after.healthy.to.max(from) };
        let unproven = after.unproven(view);
        let claims = Compared::of(view, usual, later, self.allowed()).claims();
        claims.into_iter().map(|claim| claim.proof(Proof::Own(unproven.clone()))).collect()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let found = time_after(outlook.brief, outlook.place.phase, self.within);
        let found = found.and_then(|after| Ok((self.usual(outlook.brief, &after)?, after)));
        let (usual, after) = match found {
            Ok(found) => found,
            Err((why, _)) => return vec![Forecast::CannotPass(why)],
        };
        let needed = units::stats::cases_to_exclude(self.share.get(), crate::decide::BETA);
        let mut before = *outlook;
        (before.place.phase, before.place.settle) = (usual, Timespan::default());
        let counts = [
            (
                format!("requests later than {} after the fault", self.within),
                due_in(outlook, after.judged(*self.within)),
            ),
            (format!("requests in `{}`", outlook.brief.phases[usual].name), before.requests()),
        ];
        let counts = counts.into_iter().filter_map(|(what, requests)| Some((what, requests?)));
        counts.map(|(what, requests)| Forecast::exposures(what, requests, needed)).collect()
    }

    fn phases(&self) -> Vec<&str> {
        self.of.iter().map(String::as_str).collect()
    }

    fn problem(&self) -> Option<String> {
        self.allowed().problem()
    }
}

impl StableAfter {
    /// The phase that is held against, by its index.
    fn usual(&self, brief: &measure::brief::Brief, after: &Aftermath<'_>) -> Result<usize, (String, String)> {
        let found = match &self.of {
            Some(name) => brief.phase_named(name),
            None => after.before,
        };
        found.ok_or_else(|| {
            let remedy = "add a phase without faults before the outage, or name one with `of`";
            ("there is no phase without faults before the outage to compare with".into(), remedy.into())
        })
    }

    fn allowed(&self) -> Allowed {
        Allowed {
            latency: self.latency,
            amplification: self.amplification,
            share: self.share,
            patience: Some(*self.within),
            demanded: self.demanded(),
            words: ("back", "not back"),
        }
    }

    fn demanded(&self) -> String {
        format!(
            "from {} after the fault's end on: response time longer by at most {}, at most {} of requests arrive more often, at \
             most {} more fail",
            self.within, self.latency, self.amplification, self.share
        )
    }
}
