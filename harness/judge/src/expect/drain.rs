//! `drain`: planned maintenance costs no request.

#[cfg(test)]
mod tests;

use evidence::Carried;
use measure::maintenance::{CarriedOut, Cost, Leftovers, carried_out, not_carried_out};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::plural::count;
use units::{Share, Timespan};

use super::Expectation;
use crate::against::{Bad, at_most_bad};
use crate::claim::{CASES_MIN, Claim, Proof};
use crate::estimates;
use crate::forecast::{Forecast, Outlook};

/// How long after an action its cost is still looked for, where nothing is said.
const AFTER: Timespan = Timespan::from_secs(1);

/// Planned maintenance costs no request, and what was taken out is left alone.
///
/// # What it checks
/// The requests that were under way at any moment from the beginning of an action of the phase until `after` its end (1 s, without
/// it): at most `failed_max` of them may fail as the client sees it (none, without it), or at most the share `failed_share_max`.
/// A failure that a fault of a backend explains by itself is set aside. `within` bounds the time from the beginning of an action
/// to the last attempt that comes to a backend which it took out, or on a connection of a process which it replaced (`restart`,
/// `kill`). A gateway that did not come back from an action fails it.
///
/// # Why it matters
/// Gateways are reloaded and restarted many times a day, and all of them promise that it costs nothing. What is under way is broken
/// off all the same, the listener is gone for a moment, idle connections are closed as a request comes in, or an old process goes on
/// to send traffic to what has been switched off.
///
/// # When it can't tell
/// Inconclusive with fewer than 10 requests under way while the actions were carried out: send more, or have backends that take a
/// while to answer (`latency`). `within` takes as many attempts that would have come to what was taken out. An action that was not
/// carried out leaves everything open, and so does a phase without one.
///
/// # Example
/// ```toml
/// [[expect]]
/// in    = "moving"
/// drain = { within = "1s" }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drain {
    /// How many requests may fail. Without it, and without `failed_share_max`: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_max: Option<u64>,
    /// The share of the requests around the actions that may fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_share_max: Option<Share>,
    /// The time from the beginning of an action until what it takes out or replaces gets no new attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Timespan>,
    /// How long after the end of an action a failure counts. Without it: 1 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timespan>,
}

impl Expectation for Drain {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let actions = carried_out(view);
        let cost = Cost::of(view, &actions, self.after());
        let mut claims = vec![self.cost(&actions, &cost, view)];
        claims.extend(self.within.map(|within| alone(within, &actions, view)));
        let missing = not_carried_out(view).or_else(|| {
            actions.is_empty().then(|| format!("no action is planned in `{}`", view.phase_name()))
        });
        // A number rests on the requests under way meanwhile, a share on all around.
        let aside = if self.failed_share_max.is_some() { &cost.set_aside } else { &cost.aside_amid };
        let finish = |claim: Claim| claim.aside(aside.clone()).proof(Proof::Own(missing.clone()));
        claims.into_iter().map(finish).collect()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let actions = outlook.brief.actions.iter().filter(|action| action.phase == outlook.place.phase);
        let count = actions.count();
        if count == 0 {
            let phase = &outlook.brief.phases[outlook.place.phase].name;
            return vec![Forecast::CannotPass(format!("no action is planned in `{phase}`"))];
        }
        let Some(requests) = outlook.requests() else { return Vec::new() };
        let length = outlook.stretch().length().as_secs_f64().max(1e-9);
        let around = self.after().as_secs_f64() * count as f64;
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let what = "requests around its actions";
        vec![Forecast::exposures(what, requests * (around / length).min(1.0), needed)]
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn problem(&self) -> Option<String> {
        let problem = if self.failed_max.is_some() && self.failed_share_max.is_some() {
            "`failed_max` and `failed_share_max` exclude each other: a number, or a share"
        } else if self.failed_share_max == Some(Share::ALL) {
            "`failed_share_max = 1` can't be missed: no share is larger"
        } else {
            return None;
        };
        Some(problem.into())
    }
}

impl Drain {
    fn after(&self) -> Timespan {
        self.after.unwrap_or(AFTER)
    }

    /// How many requests it cost.
    fn cost(&self, actions: &[CarriedOut<'_>], cost: &Cost, view: &View<'_>) -> Claim {
        let down = actions.iter().filter(|action| action.row.outcome == Carried::Down);
        let down: Vec<&str> = down.map(|action| action.brief.kind.as_str()).collect();
        let (failed, around, amid) = (cost.failed, cost.around, cost.amid);
        let asked = view.place.samples_min;
        let (claim, demanded) = match self.failed_share_max.filter(|share| share.get() > 0.0) {
            // A gateway that is not there fails whatever is allowed.
            _ if !down.is_empty() => {
                (Claim::never(failed.max(1), amid, asked), "the gateway comes back".into())
            }
            Some(share) => (
                at_most_bad(Bad { bad: failed, count: around }, share.get(), asked),
                format!("at most {share} fail"),
            ),
            None => {
                let most = self.failed_max.unwrap_or(0);
                let demanded = if most == 0 { "none fails".into() } else { format!("at most {most} fail") };
                (Claim::never(failed.saturating_sub(most), amid, asked), demanded)
            }
        };
        let names: Vec<String> = actions.iter().map(|action| format!("`{}`", action.brief.kind)).collect();
        let what = names.join(", ");
        let bad = if down.is_empty() {
            format!("{what} in `{}` cost {}", view.phase_name(), count(failed, "request"))
        } else {
            format!("the gateway did not come back from `{}`", down.join("`, `"))
        };
        claim
            .says(format!("{what} in `{}` cost {}", view.phase_name(), count(failed, "request")), bad)
            .because(format!(
                "{} under way while it was done, {} up to {} after it",
                count(amid, "request"),
                count(around, "request"),
                self.after()
            ))
            .seen(format!("{failed} of {} around {what} failed", count(around, "request")), demanded)
            .estimate(estimates::counted("requests that it cost", failed as f64, "requests"))
            .shown(cost.failures.clone())
            .remedy("send more requests, or have backends that take longer to answer (`latency`), so that more of them are under way at the time")
    }
}

/// What was taken out or replaced is left alone in time.
fn alone(within: Timespan, actions: &[CarriedOut<'_>], view: &View<'_>) -> Claim {
    let left = Leftovers::of(view, actions, within);
    let remedy = if left.actions == 0 {
        "plan an action that takes backends out or replaces the process, or leave `within` out"
    } else {
        "send more requests after the action, or make the phase longer"
    };
    let last = match left.longest {
        none if none.is_zero() => "no attempt came there any more".to_owned(),
        longest => format!("the last attempt there came {longest} after the beginning"),
    };
    Claim::never(left.late, left.exposures.floor() as u64, view.place.samples_min)
        .says(
            format!("what was taken out or replaced was left alone within {within}"),
            format!(
                "{} still came to what was taken out or replaced, later than {within}",
                count(left.late, "attempt")
            ),
        )
        .because(last.clone())
        .seen(last, format!("what is taken out or replaced gets no new attempt after {within}"))
        .estimate(estimates::counted("time until it was left alone", left.longest.as_secs_f64() * 1e3, "ms"))
        .shown(left.shown)
        .remedy(remedy)
}
