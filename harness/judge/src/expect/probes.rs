//! `probes`: the gateway's own health checks, and whether its traffic follows them.

mod claims;
#[cfg(test)]
mod tests;

use measure::probes::{Checked, Turns};
use measure::strangers::Strangers;
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;
use units::stats::cases_to_exclude;

use super::Expectation;
use crate::claim::Claim;
use crate::decide::BETA;
use crate::forecast::{Forecast, Outlook};

/// The gateway asks each backend for its health as often as it should, and its traffic follows the answers.
///
/// # What it checks
/// A health check is a request that reaches a backend without a tag of the run. One is good if it was answered with a status from
/// 200 to 399.
///
/// - `every = "1s"`: from one check of a backend to the next it takes so long, give or take a tenth, or 20 ms; longer by as much as
///   the earlier check took, after which some gateways begin to count. Every backend is asked.
/// - `path = "/healthz"`: that is what all of them ask for.
/// - `fall = 3` and `rise = 2`: once so many in a row have failed, a backend gets no more requests, and not before; once so many in a
///   row were good it gets its share again, and not before.
///
/// # Why it matters
/// Checks that come seldom leave a dead backend in use for all that time; ones that come too often are a load of their own, times
/// the instances of the gateway. A path that answers without asking the application says that all is well while it is not. A gateway
/// that goes by another number of them, or goes on to send traffic to what it knows to be out, fails requests for nothing.
///
/// # When it can't tell
/// `every` needs 29 pauses between checks, `path` 10 checks. `fall` and `rise` need 10 requests that would have come to a backend
/// after its last failed check, and 10 that came to it before; likewise on its way back. Whether a backend was left alone too early
/// shows only where at least 14 requests of its own are missing between two checks, and no breaker and no affinity is declared: they
/// may be the reason. Nothing is held against the gateway while all other backends are out, too. Checks that only connect, or that
/// meet a closed listener, leave no trace.
///
/// # Example
/// ```toml
/// [[expect]]
/// probes = { every = "500ms", path = "/healthz", fall = 3, rise = 2 }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probes {
    /// From one check of a backend to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Timespan>,
    /// What they ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// So many failed ones in a row take a backend out; it goes with `rise`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fall: Option<u32>,
    /// So many good ones in a row bring it back; it goes with `fall`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rise: Option<u32>,
}

/// The words of a health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Every,
    Path,
    FallAtMost,
    FallAtLeast,
    RiseAtMost,
    RiseAtLeast,
}

impl Probes {
    /// What it says, word by word.
    pub(crate) fn words(&self, view: &View<'_>) -> Vec<(Word, Claim)> {
        let strangers = Strangers::of(view.brief, view.ledger);
        if !strangers.arrivals.is_empty() {
            return self.blind(view, &strangers);
        }
        let checked = Checked::of(view);
        let mut claims = Vec::new();
        claims.extend(self.every.map(|every| (Word::Every, claims::every(every, view, &checked))));
        claims.extend(self.path.as_ref().map(|path| (Word::Path, claims::path(path, view, &checked))));
        if let (Some(fall), Some(rise)) = (self.fall, self.rise) {
            let turns = Turns::of(view, fall, rise);
            claims.push((Word::FallAtMost, claims::out_late(fall, view, &turns)));
            claims.extend((fall > 1).then(|| (Word::FallAtLeast, claims::out_early(fall, view, &turns))));
            claims.push((Word::RiseAtMost, claims::back_late(rise, view, &turns)));
            claims.extend((rise > 1).then(|| (Word::RiseAtLeast, claims::back_early(rise, view, &turns))));
        }
        claims
    }

    /// The same where anybody may have asked.
    fn blind(&self, view: &View<'_>, strangers: &Strangers) -> Vec<(Word, Claim)> {
        let mut words = Vec::new();
        words.extend(self.every.map(|_| Word::Every));
        words.extend(self.path.as_ref().map(|_| Word::Path));
        if self.fall.is_some() && self.rise.is_some() {
            words.extend([Word::FallAtMost, Word::FallAtLeast, Word::RiseAtMost, Word::RiseAtLeast]);
        }
        let why = strangers.told(view.brief).unwrap_or_default();
        let remedy =
            "let these backends listen on loopback, or keep everybody but the gateway from reaching them";
        words.into_iter().map(|word| (word, Claim::blind(why.clone(), remedy))).collect()
    }
}

impl Expectation for Probes {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        self.words(view).into_iter().map(|(_, claim)| claim).collect()
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let Some(every) = self.every.filter(|every| !every.is_zero()) else { return Vec::new() };
        let each = (outlook.stretch().length().as_secs_f64() / every.as_secs_f64() - 1.0).max(0.0);
        let backends = outlook.brief.backends.len() as f64;
        let needed = outlook.place.samples_min.unwrap_or(0).max(cases_to_exclude(claims::OFF_REFUTED, BETA));
        vec![Forecast::exposures("pauses between health checks", each * backends, needed)]
    }

    fn problem(&self) -> Option<String> {
        let Probes { every, path, fall, rise } = self;
        if every.is_none() && path.is_none() && fall.is_none() {
            return Some("it demands nothing: set `every`, `path`, or `fall` and `rise`".into());
        }
        if every.is_some_and(|every| every.is_zero()) {
            return Some("`every = \"0s\"` can't be kept".into());
        }
        if fall.is_some() != rise.is_some() {
            return Some("`fall` and `rise` go together: what is out depends on both".into());
        }
        (*fall == Some(0) || *rise == Some(0)).then(|| "`fall` and `rise` are 1 or more".into())
    }
}
