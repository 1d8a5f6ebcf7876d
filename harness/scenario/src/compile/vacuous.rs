//! Expectations that can't fail, that can't pass, or that will see too few cases: all told before anything runs, from what
//! the plan will bring about.

use std::ops::Range;

use judge::Demand;
use judge::forecast::{Forecast, Outlook};
use measure::brief::Brief;

use super::Context;

/// The most demands that are looked into: each looks at every injection.
const DEMANDS_MAX: usize = 512;

/// Notes what is foreseen of each demand, at the place that makes it.
pub(super) fn check(context: &mut Context<'_>, brief: &Brief, demands: &[Demand], spans: &[Range<usize>]) {
    for (demand, span) in demands.iter().zip(spans).take(DEMANDS_MAX) {
        let outlook = Outlook { brief, place: demand.place() };
        if outlook.requests().is_some_and(|requests| requests < 1.0) {
            continue; // Nothing at all is due there, which is told elsewhere.
        }
        let foreseen = demand.foreseen(brief);
        let phase = &brief.phases[demand.phase].name;
        let kind = demand.expectation.name();
        for forecast in foreseen {
            note(context, span, &format!("`{kind}` in phase `{phase}`"), forecast);
        }
    }
}

fn note(context: &mut Context<'_>, span: &Range<usize>, what: &str, forecast: Forecast) {
    match forecast {
        Forecast::CannotFail(why) => {
            context.error(span, format!("{what} can't fail: {why}")).help =
                Some("set a bound that a gateway could break, or leave it out".into());
        }
        Forecast::CannotPass(why) => {
            context.error(span, format!("{what} can't pass: {why}")).help =
                Some("plan what it takes, or expect it of another phase".into());
        }
        Forecast::Doubtful(why) => {
            context.warning(span, format!("{what} says little: {why}"));
        }
        Forecast::Exposures { what: cases, expected, needed, remedy } if expected < needed => {
            let message = format!(
                "{what} will probably be inconclusive: it will see about {expected:.0} {cases}, and needs {:.0}",
                needed.ceil()
            );
            context.warning(span, message).help = Some(remedy);
        }
        Forecast::Exposures { .. } => {}
    }
}

/// What will be seen of a demand, in a few words for `plan`; None if nothing can be told before.
pub(crate) fn exposures(brief: &Brief, demand: &Demand) -> Option<String> {
    let foreseen = demand.expectation.contract().forecast(&Outlook { brief, place: demand.place() });
    let words: Vec<String> = foreseen
        .iter()
        .filter_map(|forecast| match forecast {
            Forecast::Exposures { what, expected, needed, .. } => {
                Some(format!("about {expected:.0} {what} (it takes {:.0})", needed.ceil()))
            }
            Forecast::CannotFail(_) | Forecast::CannotPass(_) | Forecast::Doubtful(_) => None,
        })
        .collect();
    (!words.is_empty()).then(|| words.join("; "))
}
