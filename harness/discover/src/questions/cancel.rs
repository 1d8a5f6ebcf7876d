//! How long after its client has left a backend goes on working for it.

use evidence::{Entry, Outcome};
use measure::view::{Sight, View};
use units::Timespan;

use super::time;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// Clients leave so long after they have sent their request.
const LEAVE: Timespan = Timespan::from_millis(100);

/// Fewer cases than this tell nothing.
const CASES_MIN: usize = 3;

pub(crate) fn experiment(lab: &Lab<'_>) -> Experiment {
    let longest = lab.site.longest;
    Experiment::new("clients-leave", 150.0)
        .traffic("get", "GET", 4.0)
        .leaving(LEAVE)
        .traffic("download", "GET", 4.0)
        .leaving(LEAVE)
        .calm("before", Timespan::from_secs(1), &["get", "download"])
        .phase("left", Timespan::from_secs(3))
        .fault("when = { traffic = \"get\" }", "hang = {}")
        .fault("when = { traffic = \"download\" }", &format!("slow_body = {{ over = \"{longest}\" }}"))
        .calm("after", longest, &["get", "download"])
}

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let longest = lab.site.longest;
    let seen = lab.run(&experiment(lab))?;
    tell(&seen, "get", "cancel.after", longest, profile);
    tell(&seen, "download", "cancel.in_body_after", longest, profile);
    Ok(())
}

fn tell(seen: &Seen, class: &str, key: &str, longest: Timespan, profile: &mut Profile) {
    let view = seen.view("left", Some(class));
    let lives: Vec<_> = view.entries().filter_map(|entry| after_leaving(&view, &entry)).collect();
    let (Some(low), Some(high)) = (lives.iter().min(), lives.iter().max()) else {
        profile.cannot_tell(key, "no client left while a backend worked for it", &seen.name);
        return;
    };
    let cases = lives.len() as u64;
    if lives.len() < CASES_MIN {
        profile.cannot_tell(key, "too few clients left while a backend worked for them", &seen.name);
    } else if *low >= *longest {
        profile.know(key, Value::Beyond(longest), cases, &seen.name);
    } else {
        profile.know(key, time(*low, *high), cases, &seen.name);
    }
}

/// From the client's leaving to the end of the attempt that was under way.
fn after_leaving(view: &View<'_>, entry: &Entry<'_>) -> Option<std::time::Duration> {
    let sound = view.why_apart(entry, Sight { client: false, ..Sight::COUNTS }).is_none();
    let left = entry.exchange.outcome == Outcome::ClientAbort && sound;
    let last = entry.attempts.last().filter(|last| left && last.ended >= entry.exchange.done)?;
    Some(last.ended.since(entry.exchange.done))
}
