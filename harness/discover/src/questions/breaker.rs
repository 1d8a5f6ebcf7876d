//! Whether a backend that fails is left alone, after how many failures, for how long, and how it gets its traffic back.

use std::time::Duration;

use units::Timespan;

use super::outage::{OUTAGE, RATE, Story, all_fail, outage, turned_away_together};
use super::target::Target;
use super::way_back::{self, Return};
use super::{left_alone, probes, refusals, rules, slow};
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// Failures of which one is in force on the first backend for all requests.
pub(crate) const BREAKING: [(&str, &str); 8] = [
    ("503", "status = { code = 503 }"),
    ("500", "status = { code = 500 }"),
    ("502", "status = { code = 502 }"),
    ("504", "status = { code = 504 }"),
    ("429", "status = { code = 429 }"),
    ("404", "status = { code = 404 }"),
    ("reset", "reset = {}"),
    ("timeout", "hang = {}"),
];

/// How long it is in force once a breaker has been seen, to see only whether a breaker opens: two hundred failures.
const SHORT: Timespan = Timespan::from_secs(3);

/// How long a backend works for clients that leave: so long, no longer than its timers allow, and no less.
const SLOW: Duration = Duration::from_millis(150);
const SLOW_MIN: Duration = Duration::from_millis(30);

/// That a breaker does not open is told from so many failures on.
const FAILURES_MIN: u64 = 50;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    if lab.backends.len() < 2 {
        let why =
            "with one backend nobody can see that it is left alone and the others are not: give two or more";
        profile.cannot_tell("breaker", why, "outage-503");
        return Ok(());
    }
    let victim = Target::victim(lab);
    let mut detailed = None;
    // Where no timer ends an attempt, none fails by it.
    let timed = matches!(profile.value("timeout.per_try"), Some(Value::Time(..)));
    let failing = || BREAKING.into_iter().filter(|(failure, _)| timed || *failure != "timeout");
    let mut beside = None;
    for (number, (failure, fault)) in failing().enumerate() {
        if number == 1 {
            let rest = failing().skip(1).map(|one| glimpse(lab, one, detailed.as_ref()));
            lab.ahead(rest.collect())?;
            beside.clone_from(&detailed);
        }
        let one = (failure, fault);
        // What was run beside others was planned when less was known.
        let planned = glimpse(lab, one, beside.as_ref());
        let seen = match number {
            0 => lab.run(&whole(lab, one))?,
            _ if lab.is_ready(&planned) => lab.run(&planned)?,
            _ => lab.run(&glimpse(lab, one, detailed.as_ref()))?,
        };
        let story = Story::of(&seen, &victim);
        tell_opens(&seen, &story, failure, profile);
        if failure == "503" {
            left_alone::tell_all(&seen, profile);
        }
        let opens = profile.value(&format!("breaker.opens_on.{failure}")) == Some(&Value::yes(true));
        if detailed.is_some() || !opens {
            continue;
        }
        // The first failure that opens it tells the rest.
        let takes_one = story.takes_one();
        let target = if takes_one { victim.clone() } else { Target::every(lab) };
        if takes_one {
            let seen = if number == 0 { seen } else { lab.run(&whole(lab, one))? };
            details(lab, profile, &seen, &victim, fault)?;
            left_alone::tell_shares(&seen, lab, &Story::of(&seen, &victim), profile);
        } else {
            // One breaker stands for all of them: what succeeds at the others would count as well.
            refusals::forget_failed(profile);
            let all =
                lab.run(&outage(lab, &format!("outage-all-{failure}"), RATE, OUTAGE, fault, &target))?;
            details(lab, profile, &all, &target, fault)?;
        }
        detailed = Some(target);
    }
    match detailed {
        Some(target) => clients_leave(lab, profile, &target),
        None => Ok(()),
    }
}

/// An outage of the first backend by a failure, and how it gets its traffic back; then one of all backends.
fn whole(lab: &Lab<'_>, (failure, fault): (&str, &str)) -> Experiment {
    let one = outage(lab, &format!("outage-{failure}"), RATE, OUTAGE, fault, &Target::victim(lab));
    all_fail(lab, one, fault)
}

/// The same without the way back: it shows whether a breaker opens. If it is known whom one takes out, a shorter one does.
fn glimpse(lab: &Lab<'_>, (failure, fault): (&str, &str), known: Option<&Target>) -> Experiment {
    let victim = Target::victim(lab);
    let length = if known.is_some() { SHORT } else { OUTAGE };
    let one = Experiment::new(format!("opens-on-{failure}"), RATE)
        .phase("before", Timespan::from_secs(1))
        .phase("outage", length)
        .fault(&victim.place(lab), fault)
        .phase("after", Timespan::from_secs(1));
    // One of each backend is no other for another failure.
    if known == Some(&victim) { one } else { all_fail(lab, one, fault) }
}

/// Whether a failure opens it.
fn tell_opens(seen: &Seen, story: &Story<'_>, failure: &str, profile: &mut Profile) {
    let key = format!("breaker.opens_on.{failure}");
    let alone = !story.silences.is_empty();
    // A backend that hangs is full where there is a limit, and gets nothing either.
    let limited = !matches!(profile.value("limit.in_flight"), Some(Value::AtLeast(_)));
    if failure == "timeout"
        && limited
        && !story.is_left_alone_when_empty()
        && (alone || turned_away_together(seen))
    {
        let why = "a limit of the requests under way may keep them from a backend that hangs";
        profile.cannot_tell(key, why, &seen.name);
        return;
    }
    let opens = alone || turned_away_together(seen);
    if opens || story.failures >= FAILURES_MIN {
        profile.know(key, Value::yes(opens), story.failures, &seen.name);
    } else {
        let why = format!("only {} requests failed as planned, which opens few breakers", story.failures);
        profile.cannot_tell(key, why, &seen.name);
    }
}

/// What can be told of one that opens.
fn details(
    lab: &mut Lab<'_>,
    profile: &mut Profile,
    seen: &Seen,
    target: &Target,
    fault: &str,
) -> Result<(), DiscoverError> {
    let story = Story::of(seen, target);
    story.tell(profile, &seen.name);
    // Two openings in the outage show the way back: it lasts so long that there are.
    let longer = story.longer_outage(*lab.site.longest).filter(|_| story.bursts().is_empty());
    let longer = match longer {
        Some(length) => Some(lab.run(&outage(lab, "outage-long", RATE, length, fault, target))?),
        None => None,
    };
    let seen = longer.as_ref().unwrap_or(seen);
    if longer.is_some() {
        Story::of(seen, target).tell_again(profile, &seen.name);
    }
    if story.thins_out() {
        tell_instances(profile, &seen.name);
        return Ok(());
    }
    let key = "breaker.way_back";
    let returns = Return::of(seen, target);
    let ramp = match returns {
        Return::Ramp(length) => {
            profile.know(key, Value::word("little by little"), 1, &seen.name);
            Some(length)
        }
        Return::Unclear if profile.value(key) != Some(&Value::word("probe")) => Some(way_back::RAMP_MAX),
        _ => None,
    };
    if let Some(ramp) = ramp {
        way_back::allow_for_ramp(seen, target, ramp, profile);
    }
    if !matches!(returns, Return::Ramp(_)) {
        way_back::ask_checks(lab, profile, seen, target, fault)?;
    }
    rules::ask(lab, profile, seen, target, ramp, fault)?;
    probes::ask(lab, profile, target, fault)?;
    // What looked like probes may come little by little.
    let is_probe = profile.value(key) == Some(&Value::word("probe"));
    if returns == Return::Unclear && ramp.is_none() && !is_probe {
        way_back::allow_for_ramp(seen, target, way_back::RAMP_MAX, profile);
    }
    if returns == Return::Unclear && profile.value(key) == Some(&Value::word("all")) {
        profile.fact.remove(key);
        profile.cannot_tell(key, "too little was seen of whether all comes back at once", &seen.name);
    }
    Ok(())
}

/// What can't be told where instances of a gateway count for themselves, and nobody says which one a request came to.
fn tell_instances(profile: &mut Profile, name: &str) {
    profile.know("breaker.instances", Value::word("more than one"), 1, name);
    for key in ["open_for", "rule", "way_back"] {
        let key = format!("breaker.{key}");
        profile.fact.remove(&key);
        let why = "instances of the gateway open one by one, each by what it has seen itself";
        profile.cannot_tell(key, why, name);
    }
}

/// Whether clients that leave count as failures of the backend that works for them.
fn clients_leave(lab: &mut Lab<'_>, profile: &mut Profile, target: &Target) -> Result<(), DiscoverError> {
    let key = "breaker.opens_on.clients_leaving";
    let slow = slow(profile, 2, SLOW);
    if slow < SLOW_MIN {
        profile.cannot_tell(key, "a timer ends attempts before clients could leave", "outage-clients-leave");
        return Ok(());
    }
    let one = Experiment::new("outage-clients-leave", 0.0)
        .traffic("leaving", "GET", RATE)
        .leaving(Timespan(slow * 2 / 5))
        .phase("before", Timespan::from_secs(1))
        .phase("outage", SHORT)
        .fault(&target.place(lab), &format!("latency = {{ fixed = \"{}\" }}", Timespan(slow)))
        .phase("after", Timespan::from_secs(1));
    let seen = lab.run(&one)?;
    let story = Story::of(&seen, target);
    let opens = !story.silences.is_empty();
    if opens || story.failures >= FAILURES_MIN {
        profile.know(key, Value::yes(opens), story.failures, &seen.name);
    } else {
        profile.cannot_tell(key, "too few clients left while the backend worked for them", &seen.name);
    }
    Ok(())
}
