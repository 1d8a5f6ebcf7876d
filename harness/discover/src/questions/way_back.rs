//! How a backend that was left alone gets its traffic back, where the traffic in the outage does not tell it: once the gateway's own
//! check succeeds, or little by little.

use std::time::Duration;

use evidence::Probe;
use units::{Moment, Timespan};

use super::outage::{OUTAGE, RATE, Story};
use super::target::Target;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::{Seen, Silence};
use crate::value::Value;

/// So many arrivals after a return tell whether they came as fast as before, and no fewer than this.
const ARRIVALS: usize = 50;
const ARRIVALS_MIN: usize = 20;

/// So much longer than at any time before must they take.
const SLOWER: f64 = 1.15;
const SLOWER_BY: Duration = Duration::from_millis(20);

/// Once in ten thousand times the first arrival of a ramp takes longer than until so many would be expected.
const FIRST: f64 = 9.2;

/// A ramp that may be there is thought to be no longer.
pub(super) const RAMP_MAX: Duration = Duration::from_secs(3);

/// A check decided on a return that came so soon after it, or with one of the next two requests.
const SOON: Duration = Duration::from_millis(20);

/// How traffic comes back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Return {
    /// As fast as it was before.
    AtOnce,
    /// Little by little, over about so long.
    Ramp(Duration),
    /// Too little was seen of it.
    Unclear,
}

impl Return {
    /// As the end of an outage shows it.
    pub(super) fn of(seen: &Seen, target: &Target) -> Self {
        let story = Story::of(seen, target);
        let after = seen.view("after", None).phase();
        let Some(last) = story.silences.iter().find(|one| one.ended && one.to >= after.from) else {
            return Return::Unclear;
        };
        let arrivals = seen.arrivals(&target.indices());
        let times: Vec<Moment> = arrivals.iter().map(|one| one.arrived).collect();
        let back: Vec<Moment> = times[last.last + 1..].iter().copied().filter(|at| *at < after.to).collect();
        let healthy = seen.view("before", None).phase().to;
        let before: Vec<Moment> = times.into_iter().filter(|at| *at < healthy).collect();
        let count = ARRIVALS.min(back.len().saturating_sub(1)).min(before.len().saturating_sub(1));
        let usual = before.windows(count + 1).map(|some| some[count].since(some[0])).max();
        let Some(usual) = usual.filter(|_| count >= ARRIVALS_MIN) else { return Return::Unclear };
        let took = back[count].since(back[0]);
        let rate = RATE * target.share(seen);
        let expected = Duration::from_secs_f64(count as f64 / rate);
        if took <= expected.mul_f64(SLOWER) + SLOWER_BY {
            return Return::AtOnce;
        }
        if took <= usual.mul_f64(SLOWER) + SLOWER_BY {
            return Return::Unclear;
        }
        // Either it was over by then, and half of it is missing, or it goes on.
        let over = took.saturating_sub(expected) * 2;
        let on = || Duration::from_secs_f64(rate * took.as_secs_f64().powi(2) / (2.0 * count as f64));
        Return::Ramp(if over <= took { over } else { on() })
    }
}

/// On a ramp of such a length the first arrival comes long after the backend was let in again: it may have been out for less.
pub(super) fn allow_for_ramp(seen: &Seen, target: &Target, ramp: Duration, profile: &mut Profile) {
    let key = "breaker.open_for";
    if let Some(Value::Time(low, high)) = profile.value(key).cloned() {
        let rate = RATE * target.share(seen);
        let late = Duration::from_secs_f64((2.0 * FIRST * ramp.as_secs_f64() / rate).sqrt());
        profile.know(key, Value::Time(super::whole(low.saturating_sub(late)), high), 1, &seen.name);
    }
}

/// Whether a check of the gateway's own decides, if one came just before each return: it is made to fail as well.
pub(super) fn ask_checks(
    lab: &mut Lab<'_>,
    profile: &mut Profile,
    seen: &Seen,
    target: &Target,
    fault: &str,
) -> Result<(), DiscoverError> {
    let story = Story::of(seen, target);
    let ended: Vec<&Silence> = story.silences.iter().filter(|one| one.ended).collect();
    let checks: Vec<&Probe> = target.indices().into_iter().flat_map(|backend| seen.checks(backend)).collect();
    let soon = SOON + Duration::from_secs_f64(2.0 / (RATE * target.share(seen)).max(1.0));
    let before = |one: &Silence, check: &Probe| check.arrived < one.to && one.to.since(check.arrived) <= soon;
    let decides = |one: &&Silence| checks.iter().any(|check| before(one, check));
    if !ended.iter().any(&decides) {
        return Ok(());
    }
    let key = "breaker.way_back";
    if !ended.iter().all(decides) {
        profile.fact.remove(key);
        profile.cannot_tell(
            key,
            "a check of the gateway's own came just before some returns, and not before others",
            &seen.name,
        );
        return Ok(());
    }
    let quiet = |at: Moment| story.silences.iter().any(|one| one.from <= at && at <= one.to);
    let deciding = checks.iter().find(|check| before(ended[0], check)).and_then(|check| check.path.clone());
    let elsewhere = checks.iter().any(|check| !quiet(check.arrived) && check.path == deciding);
    let Some(path) = deciding.filter(|_| !elsewhere) else {
        profile.fact.remove(key);
        let why =
            "a health check came just before each return, and others all the time: one may have decided";
        profile.cannot_tell(key, why, &seen.name);
        return Ok(());
    };
    let on = target.place(lab);
    let one = Experiment::new("outage-checked", RATE)
        .phase("before", Timespan::from_secs(1))
        .phase("outage", OUTAGE)
        .fault(&on, fault)
        .fault(&format!("{on}\nwhen = {{ probe = true, path = {path:?} }}"), fault)
        .phase("after", Timespan::from_secs(2));
    let seen = lab.run(&one)?;
    let story = Story::of(&seen, target);
    let outage = seen.view("outage", None).phase();
    if story.silences.first().is_some_and(|first| first.to >= outage.to) {
        profile.know(key, Value::word("check"), 1, &seen.name);
    }
    Ok(())
}
