//! Whether the gateway asks backends for their health of its own accord: what for, how often, and how many answers in a row take one out
//! and bring it back. Only its checks fail, and the traffic is answered well.

use std::time::Duration;

use evidence::Probe;
use units::Timespan;

use super::outage::{RATE, Story};
use super::target::Target;
use super::time;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// Checks that come no more often than once in so long are not looked for.
const LOOKED: Timespan = Timespan::from_secs(5);

/// How long checks fail, and succeed again.
const SICK: Timespan = Timespan::from_secs(6);

/// That failed checks take nothing out is told from so many in a row on.
const FAILED_MIN: u64 = 10;

/// Fewer checks than this tell nothing of how often they come.
const CASES_MIN: usize = 4;

pub(crate) fn experiment(_: &Lab<'_>) -> Experiment {
    Experiment::new("checks", 20.0).phase("before", LOOKED)
}

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let seen = lab.run(&experiment(lab))?;
    let victim = Target::victim(lab);
    let found = checks(&seen, &victim);
    if let Some(why) = seen.strangers() {
        profile.cannot_tell("health.checks", why, &seen.name);
        return Ok(());
    }
    if found.is_empty() {
        profile.know("health.checks", Value::Beyond(LOOKED), 1, &seen.name);
        return Ok(());
    }
    let mut paths: Vec<&str> = found.iter().filter_map(|check| check.path.as_deref()).collect();
    paths.sort_unstable();
    paths.dedup();
    profile.know("health.path", Value::word(paths.join(", ")), found.len() as u64, &seen.name);
    let gaps = found.windows(2).map(|pair| pair[1].arrived.since(pair[0].arrived));
    match gaps.clone().min().zip(gaps.max()) {
        Some((low, high)) if found.len() >= CASES_MIN => {
            profile.know("health.every", time(low, high), found.len() as u64 - 1, &seen.name);
        }
        _ => profile.cannot_tell("health.every", "too few checks came", &seen.name),
    }
    let on = format!("{}\nwhen = {{ probe = true }}", victim.place(lab));
    let one = Experiment::new("checks-fail", RATE)
        .phase("before", Timespan::from_secs(1))
        .phase("outage", SICK)
        .fault_of_all(&on, "status = { code = 503 }")
        .phase("after", SICK);
    let seen = lab.run(&one)?;
    tell_outage(&seen, &victim, profile);
    Ok(())
}

fn checks<'a>(seen: &'a Seen, victim: &Target) -> Vec<&'a Probe> {
    victim.indices().into_iter().flat_map(|backend| seen.checks(backend)).collect()
}

/// How many checks in a row took the backend out, and brought it back.
fn tell_outage(seen: &Seen, victim: &Target, profile: &mut Profile) {
    let (story, found) = (Story::of(seen, victim), checks(seen, victim));
    // Requests come at such pauses, so that a check takes effect within a few of them.
    let soon = Duration::from_secs_f64(3.0 / (RATE * victim.share(seen)).max(1.0));
    let is_failed = |check: &&&Probe| check.status == 503;
    let failed = found.iter().filter(is_failed).count() as u64;
    let Some(out) = story.silences.first() else {
        if failed >= FAILED_MIN {
            profile.know("health.takes_out", Value::yes(false), failed, &seen.name);
        } else {
            let why = format!("only {failed} checks failed, and more may be needed");
            profile.cannot_tell("health.takes_out", why, &seen.name);
        }
        return;
    };
    profile.know("health.takes_out", Value::yes(true), failed, &seen.name);
    let failed_by = |at| found.iter().filter(is_failed).filter(|check| check.ended <= at).count() as u64;
    let (low, high) = (failed_by(out.from - super::TRANSIT) + 1, failed_by(out.from + soon));
    profile.know("health.fall", Value::Count(low.min(high.max(1)), high.max(1)), 1, &seen.name);
    let well = seen.view("after", None).phase().from;
    let good_by = |at| {
        let good = |check: &&&Probe| check.status < 400 && check.arrived >= well && check.ended <= at;
        found.iter().filter(good).count() as u64
    };
    if out.ended {
        let (low, high) = (good_by(out.to - soon) + 1, good_by(out.to));
        profile.know("health.rise", Value::Count(low.min(high.max(1)), high.max(1)), 1, &seen.name);
    } else {
        profile.know("health.rise", Value::AtLeast(good_by(out.to) + 1), 1, &seen.name);
    }
}
