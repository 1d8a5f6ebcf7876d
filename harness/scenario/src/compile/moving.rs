//! Faults whose settings move: `ramp` of an injection, and what can be told of such a fault before a run.

use fake_backends::fault::{Does, FaultSettings, Outline};
use fake_backends::{Injection, Ramp};
use units::{Share, Stretch, Timespan};

use super::Context;
use crate::file::Located;

/// Checks `ramp`; one that says nothing else takes as long as its fault is in force.
pub(super) fn ramp(
    context: &mut Context<'_>,
    ramp: &Located<Ramp>,
    fault: &FaultSettings,
    during: Stretch,
) -> Ramp {
    if let Some(problem) = ramp.problem(fault) {
        context.error(&ramp.span, format!("fault `{}`: `ramp`: {problem}", fault.name()));
    }
    let length = Timespan(during.length());
    let over = ramp.over.unwrap_or(length);
    if over.is_zero() || over > length {
        let message = format!("a ramp over {over}, of a fault that is in force for {length}");
        context.error(&ramp.span, message).help =
            Some("leave `over` out to have it take all of that time".to_owned());
    }
    Ramp::new(ramp.from.clone(), over)
}

/// What a fault does, on the average of its way where its settings move; `None` if that depends on the gateway, or is one
/// thing first and another one later.
pub(super) fn outline(injection: &Injection) -> Option<Outline> {
    let own = injection.fault.contract().outline()?;
    let Some(ramp) = &injection.ramp else { return Some(own) };
    let steps = ramp.steps(&injection.fault);
    let outlines = steps.iter().map(|step| step.contract().outline());
    let outlines: Vec<Outline> = outlines.collect::<Option<_>>()?;
    let way = ramp.over.unwrap_or_default().as_secs_f64() / injection.during.length().as_secs_f64().max(1e-9);
    let mean = outlines.iter().map(|outline| outline.share.get()).sum::<f64>() / outlines.len().max(1) as f64;
    let share = Share::new(mean * way + own.share.get() * (1.0 - way)).unwrap_or(own.share);
    let merged = outlines.iter().try_fold(own, |all, one| {
        let does = match (all.does, one.does) {
            (Does::Delays(least, most), Does::Delays(from, to)) => {
                Does::Delays(least.min(from), most.max(to))
            }
            (all, one) => (all == one).then_some(all)?,
        };
        (all.first == one.first).then_some(Outline { does, ..all })
    })?;
    Some(Outline { share, ..merged })
}
