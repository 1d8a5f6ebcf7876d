//! `status`: what the client sees of a failure.

mod seen;
#[cfg(test)]
mod tests;

use evidence::Exchange;
use measure::brief::FaultDoes;
use measure::fates::Fates;
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::plural::count;
use units::stats::cases_to_exclude;
use units::{Share, Timespan};

use self::seen::Seen;
use super::Expectation;
use crate::against::{Bad, at_most_bad};
use crate::claim::{CASES_MIN, Claim, Proof};
use crate::decide::BETA;
use crate::estimates;
use crate::forecast::{Forecast, Outlook, is_failure};
use crate::settling::left_out;

/// When a request meets a fault to the last, the client sees one of the given statuses.
///
/// # What it checks
/// With `on`, the status that the client got for every request whose *last* attempt was really given a fault of that
/// kind; where a fault turns connections away (`refuse`, a reset at accept), for those that reached no backend at all
/// while it did. Without `on`, for every failed request that any planned fault ended, and for every request that
/// reached no backend (shed, or turned away): nothing that fails in the outage is left unseen. Requests that were rescued by a
/// further attempt don't count, and a slow answer is no failure. Status 0 stands for no status line at all; a client
/// that gave up waiting has seen 0.
///
/// `gateway_made = true` demands that the gateway made the answer itself, `false` that it passed on the backend's.
/// `share_min` allows some of them to see something else.
///
/// # Why it matters
/// Clients decide by the status whether to try again, and operators whom to call: 502, 503 and 504 name different
/// culprits. Gateways disagree on which they send, and 400 for a timeout has been seen.
///
/// # When it can't tell
/// Inconclusive if fewer than ten requests ended on such a fault, or if a share is too close to `share_min`. Set aside is
/// a request whose last attempt may have been turned away without a trace after the last visible one, one at the edge
/// of the phase, and one that saw another status in a stall of brownout's own machine.
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

impl Expectation for Status {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let fates = Fates::of(view, self.on.as_deref());
        let seen = Seen::of(view, &fates, |exchange| self.allows(exchange));
        let (all, expected) = (seen.count(), self.expected());
        let proof = self.on.clone().map_or(Proof::Phase, Proof::Kind);
        if all == 0 && seen.set_aside.total() == 0 {
            let because = match (&self.on, fates.are_planned()) {
                (Some(kind), false) => format!("no fault `{kind}` is planned in the window"),
                (Some(kind), true) => format!("no request ended on the fault `{kind}`"),
                (None, _) => "no request ended on a planned fault".into(),
            };
            let remedy =
                "plan a fault that the gateway can't hide by trying again: on all backends, or for longer";
            let observed = format!("no requests{}", seen.elsewhere_words());
            return vec![Claim::blind(because, remedy).seen(observed, expected)];
        }
        let (on, phase) = (self.fault_words(), view.phase_name());
        let list = seen.list(2);
        let claim = at_most_bad(
            Bad { bad: all - seen.kept, count: all },
            1.0 - self.share_min.get(),
            view.place.samples_min,
        );
        vec![
            claim
                .says(
                    format!("on {on}, clients saw in `{phase}` {list}"),
                    format!("on {on}, clients saw in `{phase}` {list}; demanded is {expected}"),
                )
                .because(format!(
                    "{} of {} that ended on {on} saw what was demanded{}{}",
                    seen.kept,
                    count(all, "request"),
                    seen.elsewhere_words(),
                    left_out(view)
                ))
                .seen(seen.list(LISTED_MAX), expected)
                .estimate(estimates::share("requests that saw what was demanded", seen.kept, all))
                .aside(seen.set_aside.clone())
                .shown(seen.witnesses())
                .proof(proof)
                .remedy("let more requests end on the fault: more traffic, a larger share, or all backends"),
        ]
    }

    fn rests_on_faults(&self) -> bool {
        self.on.is_none()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        if self.gateway_made.is_none() && (100..600).all(|status| self.of.contains(&status)) {
            return vec![Forecast::CannotFail("`of` has every status".into())];
        }
        let mut foreseen = self.outlived(outlook);
        let meant: Vec<FaultDoes> = outlook
            .injections()
            .filter(|injection| self.on.as_ref().is_none_or(|kind| injection.fault == *kind))
            .filter_map(|injection| Some(injection.outline?.does))
            .filter(|does| self.on.is_some() || is_failure(*does))
            .collect();
        let retried = !meant.is_empty() && meant.iter().all(|does| outlook.is_retried(*does));
        let retry = outlook.brief.policy.retry.as_ref().filter(|_| retried);
        let allowed = 1.0 - self.share_min.get();
        let needed = if allowed > 0.0 { cases_to_exclude(allowed, BETA) } else { CASES_MIN };
        // Class by class: what is not tried again ends on its first failure.
        let of_class = |class: usize| {
            let mut only = *outlook;
            only.place.traffic = Some(class as u16);
            let method = outlook.brief.traffic[class].method.word();
            let listed = retry.filter(|retry| retry.methods.iter().any(|listed| listed == method));
            only.failing(listed.map_or(1, |retry| retry.attempts.max(1)), |does| meant.contains(&does))
        };
        let expected: Option<f64> = outlook.classes().map(of_class).sum();
        let what = format!("requests that end on {}", self.fault_words());
        foreseen.extend(expected.map(|expected| Forecast::exposures(what, expected, needed)));
        foreseen
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
        if self.share_min.get() <= 0.0 {
            return Some("`share_min = 0` can't be missed: no share is lower".into());
        }
        let stray = self.of.iter().find(|status| **status != 0 && !(100..600).contains(*status))?;
        Some(format!("`{stray}` is not a status: expected 100 to 599, or 0 for none"))
    }
}

/// Different statuses that a finding lists.
const LISTED_MAX: usize = 6;

impl Status {
    /// Clients that leave before the gateway's timer fires see nothing of what it would have said.
    fn outlived(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let timers = &outlook.brief.policy.timeout;
        let Some(timer) = timers.per_try.or(timers.total).filter(|_| self.on.as_deref() == Some("hang"))
        else {
            return Vec::new();
        };
        let deadline = outlook.deadline();
        if self.of.contains(&0) || deadline.is_zero() || *deadline > *timer {
            return Vec::new();
        }
        let (deadline, timer) = (Timespan(*deadline), Timespan(*timer));
        vec![Forecast::CannotPass(format!(
            "clients leave after {deadline}, before the gateway's timer of {timer} fires: they see no status"
        ))]
    }

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
