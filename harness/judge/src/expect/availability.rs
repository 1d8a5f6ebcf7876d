//! `availability`: the share of requests that succeed, and the longest burst of those that don't.

mod burst;
#[cfg(test)]
mod tests;

use evidence::Tag;
use measure::outcomes::{Outcomes, words};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;
use units::plural::count;
use units::stats::{at_most, cases_to_exclude};

use self::burst::BurstMax;
use super::Expectation;
use crate::against::{Bad, at_most_bad, no_worse};
use crate::claim::{Basis, CASES_MIN, Claim};
use crate::decide::BETA;
use crate::estimates;
use crate::forecast::{Forecast, Outlook};
use crate::settling::left_out;

/// At least a given share of the requests succeed, and no burst of failures is longer than a given one.
///
/// # What it checks
/// The share of requests that were answered whole with a status below 400, among those that were due in the window
/// and sent, against `min`. An answer that is cut off, altered or late past the client's deadline is a failure.
/// `burst_max` bounds the longest burst of failures in a row, as a number of requests (`20`) or as a time (`"2s"`).
/// `of = "steady"` with `drop_max = 0.01` holds the share against that of another phase: it may be lower by so much.
///
/// It fails if the share is proven to be lower, and passes if that is excluded with 95 %. Requests at the edge of the
/// phase, in a stall of brownout's own machine, never sent, or broken off by the client on purpose are set aside.
///
/// # Why it matters
/// It is what users see of everything else: retries, failover and breakers are there to keep it up. A mean hides an
/// outage of two seconds; a burst does not.
///
/// # When it can't tell
/// A share is told only from enough requests: for `min = 0.99` it takes 299 without any failure, for `min = 1` ten. It is
/// inconclusive if the share lies so close to the bound that chance may have put it on either side, if a window is
/// not longer than the burst, or if more than a tenth of the requests had to be set aside.
///
/// # Example
/// ```toml
/// [[expect]]
/// in           = "brownout"
/// traffic      = "reads"
/// availability = { min = 0.99, burst_max = "2s" }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Availability {
    /// The smallest share of requests that succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Share>,
    /// The longest burst of failures: requests in a row, or a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst_max: Option<BurstMax>,
    /// The phase that `drop_max` is held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// By how much the share may be lower than in the phase `of`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop_max: Option<Share>,
}

impl Expectation for Availability {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let here = Outcomes::of(view);
        let mut claims: Vec<Claim> = Vec::new();
        claims.extend(self.min.map(|min| floor(min, &here, view)));
        claims.extend(self.burst_max.map(|most| most.claim(&here, view)));
        if let (Some(of), Some(most)) = (&self.of, self.drop_max) {
            claims.push(drop(of, most, &here, view));
        }
        let failures = witnesses(&here, view);
        let settled = left_out(view);
        let finish = |claim: Claim| {
            let because = format!("{}{settled}", claim.because);
            claim.because(because).aside(here.set_aside.clone()).shown(failures.clone())
        };
        claims.into_iter().map(finish).collect()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let mut foreseen = Vec::new();
        if let Some(requests) = outlook.requests() {
            let allowed = self.min.map(|min| 1.0 - min.get()).into_iter();
            let least = allowed.chain(self.drop_max.map(Share::get)).reduce(f64::min);
            let needed =
                least.filter(|least| *least > 0.0).map_or(CASES_MIN, |least| cases_to_exclude(least, BETA));
            foreseen.push(Forecast::exposures("requests", requests, needed));
        }
        foreseen.extend(self.burst_max.and_then(|most| most.forecast(outlook)));
        foreseen
    }

    fn phases(&self) -> Vec<&str> {
        self.of.iter().map(String::as_str).collect()
    }

    fn problem(&self) -> Option<String> {
        let zero = |share: Option<Share>| share.is_some_and(|share| share.get() <= 0.0);
        let problem = if self.min.is_none() && self.burst_max.is_none() && self.drop_max.is_none() {
            "it has no bound: set one of `min`, `burst_max`, `drop_max`"
        } else if zero(self.min) {
            "`min = 0` can't be missed: no share is lower"
        } else if self.of.is_some() != self.drop_max.is_some() {
            "`of` and `drop_max` belong together: the phase, and by how much the share may be lower than there"
        } else if zero(self.drop_max) {
            "`drop_max` is 0: no finite number of requests proves that two shares are equal"
        } else if self.drop_max == Some(Share::ALL) {
            "`drop_max = 1` can't be missed: no share drops by more"
        } else {
            return self.burst_max.and_then(BurstMax::problem);
        };
        Some(problem.into())
    }
}

/// The share against a smallest one.
fn floor(min: Share, here: &Outcomes, view: &View<'_>) -> Claim {
    let (failed, all) = (here.failed, here.count());
    let (share, phase) = (percent(here.succeeded, all), view.phase_name());
    let (allowed, stalled) = (1.0 - min.get(), here.failed_in_stalls);
    let holds = |failed, all| if allowed > 0.0 { at_most(failed, all, allowed) <= BETA } else { failed == 0 };
    if stalled > 0 && holds(failed, all) && !holds(failed + stalled, all + stalled) {
        let why = format!(
            "{} failed while brownout's own machine stood still: without them {min} of the others succeeded, with them it is not \
             certain",
            count(stalled, "request")
        );
        return Claim::blind(why, "run it on a quieter machine").seen(
            format!("{share}: {} of {all} succeeded", here.succeeded),
            format!("at least {min} of requests succeed"),
        );
    }
    at_most_bad(Bad { bad: failed, count: all }, allowed, view.place.samples_min)
        .says(
            format!("{share} of requests succeeded in `{phase}`, {min} are demanded"),
            format!("only {share} of requests succeeded in `{phase}`, {min} are demanded"),
        )
        .because(format!("{failed} of {} failed", count(all, "request")))
        .seen(
            format!("{share}: {} of {all} succeeded", here.succeeded),
            format!("at least {min} of requests succeed"),
        )
        .estimate(estimates::share("requests that succeed", here.succeeded, all))
}

/// The share against that of another phase.
fn drop(of: &str, most: Share, here: &Outcomes, view: &View<'_>) -> Claim {
    let expected = format!("the share of successes is lower than in `{of}` by at most {most}");
    let Some(phase) = view.brief.phase_named(of) else {
        return Claim::blind(format!("there is no phase `{of}`"), "name a phase of the scenario")
            .seen("", expected);
    };
    let usual = Outcomes::of(&view.at_phase(phase));
    let bad = |outcomes: &Outcomes| Bad { bad: outcomes.failed, count: outcomes.count() };
    let (there, now) = (percent(usual.succeeded, usual.count()), percent(here.succeeded, here.count()));
    let phase = view.phase_name();
    Claim::on(no_worse(bad(here), bad(&usual), most.get()))
        .says(
            format!("{now} of requests succeeded in `{phase}`, {there} in `{of}`"),
            format!("only {now} of requests succeeded in `{phase}`, {there} in `{of}`"),
        )
        .because(format!(
            "{} of {} failed, in `{of}` {} of {}",
            here.failed,
            count(here.count(), "request"),
            usual.failed,
            usual.count()
        ))
        .seen(format!("{now} in `{phase}`, {there} in `{of}`"), expected)
        .estimate(estimates::share(
            format!("requests that succeed in `{phase}`"),
            here.succeeded,
            here.count(),
        ))
        .estimate(estimates::share(
            format!("requests that succeed in `{of}`"),
            usual.succeeded,
            usual.count(),
        ))
        .remedy(format!("send more requests in `{phase}` and in `{of}`: both shares are uncertain"))
}

/// How the first few failures ended.
fn witnesses(here: &Outcomes, view: &View<'_>) -> Vec<(Tag, String)> {
    let entries = here.failures.iter().filter_map(|tag| view.ledger.entry(*tag));
    entries.map(|entry| (entry.exchange.tag, format!("ended as {}", words(entry.exchange)))).collect()
}

/// `99.5 %`, cut and not rounded: 9 999 of 10 000 must not read as all.
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "none".into();
    }
    let share = (part as f64 / whole as f64 * 1e4 + 1e-6).floor() / 1e4;
    Share::new(share).map_or_else(|| "more than 100 %".into(), |share| share.to_string())
}

/// What the bound of a burst is held against.
fn burst_basis(low: f64, high: f64, most: f64, all: u64, needed: u64) -> Basis {
    Basis::Within { low, high, least: None, most: Some(most), count: all, needed: needed.max(CASES_MIN) }
}
