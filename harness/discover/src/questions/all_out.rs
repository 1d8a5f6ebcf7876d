//! What becomes of requests when every backend fails that gets traffic while all is well: whether the next group takes over and
//! gives back, or what clients get where there is none.

use std::time::Duration;

use units::Timespan;

use super::left_alone::tell_afterwards;
use super::outage::{RATE, Story, failing};
use super::target::Target;
use super::time;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// Fewer cases than this tell nothing.
const CASES_MIN: usize = 20;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let first = lab.backends[lab.victim()].priority;
    let has_spare = lab.backends.iter().any(|one| one.priority != first);
    let (_, fault) = failing(profile);
    let one = Experiment::new("all-out", RATE)
        .phase("before", Timespan::from_secs(1))
        .phase("outage", Timespan::from_secs(5))
        .fault(&Target::group(lab).place(lab), fault)
        .phase("after", Timespan::from_secs(6));
    let seen = lab.run(&one)?;
    if has_spare {
        tell_spare(&seen, lab, first, profile);
    } else {
        tell_turned_away(&seen, profile);
    }
    Ok(())
}

/// Whether later groups are used while the first one is out, and given back.
fn tell_spare(seen: &Seen, lab: &Lab<'_>, first: u32, profile: &mut Profile) {
    let view = seen.view("outage", None);
    let is_spare = |backend: u16| lab.backends[usize::from(backend)].priority != first;
    let late = view.phase().from + view.phase().length() / 2;
    let due = || view.entries().filter(|entry| entry.exchange.due >= late);
    let all = due().count();
    let at_spare = due().filter(|entry| entry.attempts.iter().any(|one| is_spare(one.backend))).count();
    if all < CASES_MIN {
        profile.cannot_tell("outage.next_group", "too few requests were sent", &seen.name);
    } else {
        let word = if at_spare * 2 > all { "takes over" } else { "is not used" };
        profile.know("outage.next_group", Value::word(word), all as u64, &seen.name);
    }
    tell_afterwards(seen, &Story::of(seen, &Target::victim(lab)), "outage.share_after_all_out", profile);
}

/// What clients get that reach no backend.
fn tell_turned_away(seen: &Seen, profile: &mut Profile) {
    let view = seen.view("outage", None);
    let away: Vec<(Duration, u16)> = view
        .entries()
        .filter(|entry| entry.exchange.was_sent() && entry.attempts.is_empty() && !view.is_at_edge(entry))
        .map(|entry| (entry.exchange.service_time(), entry.exchange.status))
        .collect();
    let opens = profile
        .fact
        .iter()
        .any(|(key, fact)| key.starts_with("breaker.opens_on.") && fact.value == Some(Value::word("yes")));
    let (Some((low, _)), Some((high, _))) = (away.iter().min(), away.iter().max()) else {
        let word = "sent to backends all the same";
        if opens {
            profile.know("breaker.all_out", Value::word(word), view.entries().count() as u64, &seen.name);
        }
        return;
    };
    let mut statuses: Vec<u16> = away.iter().map(|(_, status)| *status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    if away.len() < CASES_MIN {
        profile.cannot_tell("breaker.all_out", "too few requests were turned away", &seen.name);
        return;
    }
    let words: Vec<String> = statuses
        .iter()
        .map(|status| if *status == 0 { "no answer".to_owned() } else { status.to_string() })
        .collect();
    let cases = away.len() as u64;
    profile.know("breaker.all_out", Value::word(words.join(" or ")), cases, &seen.name);
    profile.know("breaker.all_out_takes", time(*low, *high), cases, &seen.name);
}
