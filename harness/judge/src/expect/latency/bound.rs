//! One percentile with its bound.

use std::time::Duration;

use evidence::Tag;
use measure::response::{Against, Times};
use measure::view::View;
use units::Timespan;
use units::plural::count;
use units::stats::cases_to_exclude;

use crate::against::{Bad, at_most_bad};
use crate::claim::{CASES_MIN, Claim};
use crate::decide::BETA;
use crate::estimates;
use crate::forecast::{Forecast, Outlook};

/// One percentile with its bound.
pub(super) struct Bound {
    /// As the settings name it: `p99`.
    pub(super) name: &'static str,
    /// From 0 to 1; 1 for the largest time.
    pub(super) quantile: f64,
    /// The bound.
    pub(super) longest: Duration,
}

impl Bound {
    /// The claim that no more requests take longer than may.
    pub(super) fn claim(&self, word: &str, times: &Times, against: &Against, view: &View<'_>) -> Claim {
        let (name, longest, phase) = (self.name, Timespan(self.longest), view.phase_name());
        let (value, low, high) = times.quantile(self.quantile);
        let shown = Timespan(value);
        let allowed = 1.0 - self.quantile;
        let of = format!("{} of {}", against.over, count(against.count, "request"));
        let slow: Vec<(Tag, String)> =
            against.slowest.iter().map(|(took, tag)| (*tag, format!("took {}", Timespan(*took)))).collect();
        let estimate = match self.quantile {
            1.0 => estimates::millis(format!("largest {word}"), value, Some(value), Some(value)),
            _ => estimates::millis(format!("{name} of {word}"), value, low, high),
        };
        at_most_bad(Bad { bad: against.over, count: against.count }, allowed, view.place.samples_min)
            .says(
                format!("{name} of {word} was {shown} in `{phase}`, {longest} is allowed"),
                format!("{name} of {word} was {shown} in `{phase}`, only {longest} is allowed"),
            )
            .because(match against.count {
                0 => "no request tells on which side of the bound it lies".into(),
                _ => format!("{of} took longer than {longest}"),
            })
            .seen(format!("{name} {shown}; {of} over {longest}"), format!("{name} of {word} ≤ {longest}"))
            .estimate(estimate)
            .aside(against.set_aside.clone())
            .shown(slow)
            .remedy(format!(
                "send at least {} requests in `{phase}`, with a deadline beyond {longest}",
                self.needed()
            ))
    }

    /// Requests that it takes to pass, if none is over the bound.
    fn needed(&self) -> u64 {
        if self.quantile >= 1.0 { CASES_MIN } else { cases_to_exclude(1.0 - self.quantile, BETA) }
    }

    pub(super) fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let deadline = outlook.deadline();
        if !deadline.is_zero() && self.longest >= *deadline {
            let (name, longest) = (self.name, Timespan(self.longest));
            return vec![Forecast::CannotFail(format!(
                "`{name} = {longest}` is not below the client's deadline of {deadline}: no request takes longer"
            ))];
        }
        let requests = outlook.requests();
        let what = format!("requests for `{}`", self.name);
        requests.map(|requests| Forecast::exposures(what, requests, self.needed())).into_iter().collect()
    }
}
