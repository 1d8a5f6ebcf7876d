//! How many requests a breaker lets through to see whether its backend works again, while it does not know yet.
//!
//! The backend fails slowly, so that all come that may before the first is answered.

use std::time::Duration;

use units::Timespan;

use super::outage::{OUTAGE, RATE, Story};
use super::slow;
use super::target::Target;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::value::Value;

/// How long a failure takes.
const SLOW: Duration = Duration::from_millis(200);

/// A failure that is quicker tells nothing.
const SLOW_MIN: Duration = Duration::from_millis(60);

/// If so large a part of all requests of that time comes, nothing held any back; unless there are fewer than this, which may be as many as
/// there are probes.
const UNBOUND: f64 = 0.7;
const ENOUGH: f64 = 6.0;

pub(super) fn ask(
    lab: &mut Lab<'_>,
    profile: &mut Profile,
    target: &Target,
    fault: &str,
) -> Result<(), DiscoverError> {
    let key = "breaker.probes";
    if profile.value("breaker.way_back") != Some(&Value::word("probe")) {
        return Ok(());
    }
    let slow = slow(profile, 2, SLOW);
    if slow < SLOW_MIN {
        profile.cannot_tell(key, "a timer ends attempts before enough of them could come", "outage-probes");
        return Ok(());
    }
    let on = target.place(lab);
    let experiment = Experiment::new("outage-probes", RATE)
        .phase("before", Timespan::from_secs(1))
        .phase("outage", OUTAGE)
        .fault(&on, &format!("latency = {{ fixed = \"{}\" }}", Timespan(slow)))
        .fault(&on, fault)
        .phase("after", Timespan::from_secs(1));
    let seen = lab.run(&experiment)?;
    let story = Story::of(&seen, target);
    let bursts = story.bursts();
    let Some((fewest, most)) = bursts.iter().min().zip(bursts.iter().max()) else {
        profile.cannot_tell(key, "it came back no second time within the outage", &seen.name);
        return Ok(());
    };
    let all = RATE * target.share(&seen) * slow.as_secs_f64();
    let cases = bursts.len() as u64;
    if *most as f64 >= UNBOUND * all && story.is_uneven() {
        profile.fact.remove("breaker.way_back");
        let why = "as many came as would have, and they may be the probes of several instances";
        profile.cannot_tell("breaker.way_back", why, &seen.name);
    } else if *most as f64 >= UNBOUND * all && all < ENOUGH {
        profile.fact.remove("breaker.way_back");
        let why = "so few requests come until a failure is known that all of them may be probes";
        profile.cannot_tell("breaker.way_back", why, &seen.name);
    } else if *most as f64 >= UNBOUND * all {
        // It only opened sooner than the first time.
        profile.know("breaker.way_back", Value::word("all"), cases, &seen.name);
    } else {
        // Of several instances each may have let one through.
        let fewest = if story.is_uneven() { 1 } else { *fewest };
        profile.know(key, Value::Count(fewest, *most), cases, &seen.name);
    }
    Ok(())
}
