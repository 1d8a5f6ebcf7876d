//! `isolation`: a fault leaves alone what it does not hit.

#[cfg(test)]
mod tests;

use measure::aftermath::calm_before;
use measure::brief::Brief;
use measure::bystanders::Bystanders;
use measure::fired::problem_with_any_traffic;
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::stats::cases_to_exclude;
use units::{Share, Stretch};

use super::Expectation;
use super::stable_after::{a_hundredth, a_tenth};
use crate::claim::{Claim, Proof};
use crate::compared::{Allowed, Compared};
use crate::decide::BETA;
use crate::forecast::{Forecast, Outlook};

/// Requests that a fault does not hit fare as they did before it.
///
/// # What it checks
/// The bystanders of the phase's faults: requests of classes that no fault there may hit (`when`), and requests that reached
/// only backends without a fault. One that reached no backend at all is a bystander, too, as long as there is one to which it
/// could have gone. While the faults are in force, against the same requests of the last phase without a fault before, or of
/// the phase `of`: the median and the 90th percentile of the response time are longer by at most the part `latency` (and 5
/// ms); at most the part `amplification` of them more than before arrives more often than is usual; and at most the part
/// `share` of them more than before fails. The first two are a tenth by default, `share` a hundredth.
///
/// # Why it matters
/// One slow service must not take the others with it. A gateway whose routes share a queue, a pool of connections or a breaker
/// makes an outage of everything out of the outage of one.
///
/// # When it can't tell
/// Both phases are counted, so both are uncertain: it takes some 300 bystanders in each. A fault that turns connections away
/// (`refuse`) leaves no trace of whom it met, so that only classes that it can't hit are bystanders. Inconclusive as well if
/// one of the faults never took effect on anybody, or if there is no phase without faults to compare with.
///
/// # Example
/// ```toml
/// [[expect]]
/// in        = "outage"
/// traffic   = "search"
/// isolation = { latency = 0.2, share = 0.02 }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Isolation {
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

impl Expectation for Isolation {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let (bystanders, usual) = match self.sides(view.brief, view.place.phase, view.place.traffic) {
            Ok(sides) => sides,
            Err((why, remedy)) => return vec![Claim::blind(why, remedy).seen("", self.demanded())],
        };
        let (faulty, looked_at) = (bystanders.during, view.stretch);
        let from = faulty.from.max(looked_at.from);
        let during = Stretch { from, to: faulty.to.min(looked_at.to).max(from) };
        let unproven = problem_with_any_traffic(view);
        let claims = Compared::of(&view.only(&bystanders), usual, during, self.allowed()).claims();
        claims.into_iter().map(|claim| claim.proof(Proof::Own(unproven.clone()))).collect()
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let (brief, place) = (outlook.brief, outlook.place);
        let (bystanders, usual) = match self.sides(brief, place.phase, place.traffic) {
            Ok(sides) => sides,
            Err((why, _)) => return vec![Forecast::CannotPass(why)],
        };
        let needed = cases_to_exclude(self.share.get(), BETA);
        let expected = |phase: usize| {
            let of_class = |class: usize| {
                let planned = *brief.traffic[class].planned.as_ref()?.get(phase)? as f64;
                let spared = bystanders.spared_at(class as u16).iter().enumerate();
                let shares =
                    spared.filter(|(_, spared)| **spared).map(|(backend, _)| outlook.share_of(backend));
                Some(planned * shares.sum::<f64>())
            };
            let name = &brief.phases[phase].name;
            let requests = outlook.classes().map(of_class).sum::<Option<f64>>()?;
            Some(Forecast::exposures(format!("bystanders in `{name}`"), requests, needed))
        };
        [place.phase, usual].into_iter().filter_map(expected).collect()
    }

    fn phases(&self) -> Vec<&str> {
        self.of.iter().map(String::as_str).collect()
    }

    fn problem(&self) -> Option<String> {
        self.allowed().problem()
    }
}

impl Isolation {
    /// The bystanders, and the phase that they are held against; why there are none, and what to change.
    fn sides(
        &self,
        brief: &Brief,
        phase: usize,
        traffic: Option<u16>,
    ) -> Result<(Bystanders, usize), (String, String)> {
        let name = &brief.phases[phase].name;
        let bystanders = Bystanders::of(brief, phase).ok_or_else(|| {
            (format!("no fault is planned in `{name}`"), "expect it of a phase with a fault".to_owned())
        })?;
        let classes = (0..brief.traffic.len() as u16).filter(|class| traffic.is_none_or(|one| one == *class));
        if !classes.flat_map(|class| bystanders.spared_at(class)).any(|spared| *spared) {
            let why = format!("the faults of `{name}` may hit every request that is looked at");
            let remedy = "leave a backend without a fault, or let it hit some requests only (`when`)";
            return Err((why, remedy.to_owned()));
        }
        let usual = match &self.of {
            Some(named) => brief.phase_named(named),
            None => calm_before(brief, brief.phases[phase].during.from),
        };
        let remedy = "add a phase without faults before the outage, or name one with `of`";
        let usual = usual.ok_or_else(|| {
            (format!("there is no phase without faults before `{name}` to compare with"), remedy.to_owned())
        })?;
        Ok((bystanders, usual))
    }

    fn allowed(&self) -> Allowed {
        Allowed {
            latency: self.latency,
            amplification: self.amplification,
            share: self.share,
            patience: None,
            demanded: self.demanded(),
            words: ("as usual", "not as usual"),
        }
    }

    fn demanded(&self) -> String {
        format!(
            "of requests that the fault does not hit: response time longer by at most {}, at most {} arrive more often, at most \
             {} more fail",
            self.latency, self.amplification, self.share
        )
    }
}
