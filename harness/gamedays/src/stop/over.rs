//! What conditions on the last seconds of traffic have in common.

use std::time::Duration;

use driver::{Class, Mode};
use scenario::nearest;
use units::{Moment, Stretch, Timespan};

use super::Cast;
use crate::tally::OVER_MAX;

/// How many exchanges have to be over before a share or a quantile of them says anything, where the file does not say.
pub(super) const AT_LEAST: u64 = 20;

/// Why a stretch can't be looked back over, if so.
pub(super) fn stretch_problem(over: Timespan) -> Option<String> {
    let fits = (Duration::from_secs(1)..=OVER_MAX).contains(&over.0);
    (!fits).then(|| format!("`over` is {over}, allowed are 1 s to 60 s"))
}

/// Why so many exchanges of a class can never be over in a stretch, if so: no run has the class, or none sends as many.
pub(super) fn exposure_problem(
    cast: &Cast<'_>,
    traffic: Option<&str>,
    over: Timespan,
    at_least: u64,
) -> Option<String> {
    if at_least == 0 {
        return Some("`at_least` is 0: a share of nothing says nothing".to_owned());
    }
    if let Some(problem) = traffic.and_then(|traffic| class_problem(cast, traffic)) {
        return Some(problem);
    }
    let most = cast.runs.iter().map(|run| most_in(&run.loaded.plan, traffic, over.0)).fold(0.0, f64::max);
    (most < at_least as f64).then(|| {
        format!(
            "no run has more than {most:.0} exchanges in {over}, and fewer than {at_least} say nothing: lower `at_least` or \
             lengthen `over`"
        )
    })
}

fn class_problem(cast: &Cast<'_>, traffic: &str) -> Option<String> {
    let names: Vec<&str> = cast
        .runs
        .iter()
        .flat_map(|run| run.loaded.plan.brief.traffic.iter().map(|class| class.name.as_str()))
        .collect();
    (!names.contains(&traffic)).then(|| {
        let near = nearest(traffic, names.iter().copied());
        let near = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
        format!("no run has the traffic `{traffic}`{near}")
    })
}

/// The most exchanges of a class, or of all, that the plan schedules in a stretch of its busiest time. Closed-loop traffic has
/// no schedule, so that any number may come.
fn most_in(plan: &scenario::Plan, traffic: Option<&str>, over: Duration) -> f64 {
    let classes = &plan.driver.classes;
    let counts_in = |class: &Class| traffic.is_none_or(|name| name == class.name);
    if classes.iter().any(|class| counts_in(class) && matches!(class.mode, Mode::Closed { .. })) {
        return f64::INFINITY;
    }
    let at = |second: u64| Moment::after_epoch(Duration::from_secs(second));
    let seconds = 0..plan.length.as_secs() + 1;
    let stretches: Vec<Stretch> = seconds.map(|from| Stretch { from: at(from), to: at(from + 1) }).collect();
    let counts = driver::counts(&plan.driver, &stretches);
    let of_second = |second: usize| -> u64 {
        let counted = classes.iter().zip(&counts).filter(|(class, _)| counts_in(class));
        counted.map(|(_, seconds)| seconds[second]).sum()
    };
    let each: Vec<u64> = (0..stretches.len()).map(of_second).collect();
    // A look falls into a second, so that one more than the stretch has can be seen.
    let seen = (over.as_secs_f64().ceil() as usize + 1).min(each.len());
    each.windows(seen).map(|window| window.iter().sum::<u64>()).max().unwrap_or(0) as f64
}
