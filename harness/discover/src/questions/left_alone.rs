//! Where the traffic goes of a backend that fails or is left alone, and whether all is as before when it is well again.

use std::time::Duration;

use evidence::Entry;
use measure::freezes::Freezes;
use measure::view::View;
use units::{Moment, Share, stats};

use super::outage::Story;
use crate::lab::Lab;
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// The probability with which a share lies within its bounds.
const CONFIDENCE: f64 = 0.999;

/// So long before the end of the last phase all is as it will be.
const LAST: Duration = Duration::from_millis(1_500);

/// A gateway that does nothing for so long although requests come in stands still.
const STILL: Duration = Duration::from_millis(100);

/// By so much the median may be longer afterwards than before.
const SLOWER: Duration = Duration::from_millis(10);

/// Fewer requests than this tell nothing.
const CASES_MIN: u64 = 30;

/// What is told of any outage: whether the gateway stood still, or is slower afterwards.
pub(super) fn tell_all(seen: &Seen, profile: &mut Profile) {
    let phases = ["before", "outage", "after"];
    let found = phases.map(|phase| Freezes::of(&seen.view(phase, None), STILL));
    let still = found.iter().any(|freezes| !freezes.found.is_empty());
    let windows = found.iter().map(|freezes| freezes.windows).sum();
    profile.know("outage.stands_still", Value::yes(still), windows, &seen.name);
    let before = seen.view("before", None);
    let (mut usual, mut late) = (times(&before, before.phase().from), times(&after(seen), from(seen)));
    let cases = usual.len().min(late.len()) as u64;
    match (stats::quantile(&mut usual, 0.5), stats::quantile(&mut late, 0.5)) {
        (Some(usual), Some(late)) if cases >= CASES_MIN => {
            profile.know("outage.slower_afterwards", Value::yes(late > usual + SLOWER), cases, &seen.name);
        }
        _ => profile.cannot_tell("outage.slower_afterwards", "too few requests succeeded", &seen.name),
    }
}

fn after(seen: &Seen) -> View<'_> {
    seen.view("after", None)
}

fn from(seen: &Seen) -> Moment {
    after(seen).phase().to - LAST
}

/// How long requests took that succeeded and were due from a moment on.
fn times(view: &View<'_>, from: Moment) -> Vec<Duration> {
    let due = view.entries().filter(|entry| entry.exchange.due >= from && entry.exchange.succeeded());
    due.map(|entry| entry.exchange.service_time()).collect()
}

/// What is told of an outage in which a backend was left alone: who gets its traffic meanwhile, and afterwards.
pub(super) fn tell_shares(seen: &Seen, lab: &Lab<'_>, story: &Story<'_>, profile: &mut Profile) {
    let out = |entry: &Entry<'_>| {
        story.silences.iter().any(|one| one.from <= entry.exchange.sent && entry.exchange.sent < one.to)
    };
    let victim = lab.victim() as u16;
    let counts = counts(seen, &seen.view("outage", None), |entry| out(entry) && first(entry) != Some(victim));
    say(seen, &counts, "outage.share", profile, |index| index != usize::from(victim));
    tell_afterwards(seen, story, "outage.share_afterwards", profile);
}

/// Who gets how much at the end, when no backend fails any more.
pub(super) fn tell_afterwards(seen: &Seen, story: &Story<'_>, key: &str, profile: &mut Profile) {
    let (view, late) = (after(seen), from(seen));
    // One that is left alone for three times as long as breakers are open, and still is, won't be back.
    let gone = match (profile.value("breaker.open_for"), story.silences.last()) {
        (Some(Value::Time(_, longest)), Some(last)) => {
            !last.ended && last.to.since(last.from) > **longest * 3
        }
        _ => false,
    };
    let away = story.silences.last().is_some_and(|last| last.to > late);
    if away && !gone {
        profile.cannot_tell(key, "it was left alone until the end", &seen.name);
        return;
    }
    let counts = counts(seen, &view, |entry| entry.exchange.due >= late);
    say(seen, &counts, key, profile, |_| true);
}

fn first(entry: &Entry<'_>) -> Option<u16> {
    entry.attempts.first().map(|first| first.backend)
}

/// First attempts at each backend, of some requests.
fn counts(seen: &Seen, view: &View<'_>, wanted: impl Fn(&Entry<'_>) -> bool) -> Vec<u64> {
    let mut counts = vec![0; seen.brief.backends.len()];
    for backend in view.entries().filter(wanted).filter_map(|entry| first(&entry)) {
        counts[usize::from(backend)] += 1;
    }
    counts
}

fn say(seen: &Seen, counts: &[u64], key: &str, profile: &mut Profile, named: impl Fn(usize) -> bool) {
    let all: u64 = counts.iter().sum();
    if all < CASES_MIN {
        profile.cannot_tell(key, "too few requests went elsewhere", &seen.name);
        return;
    }
    for (index, (backend, count)) in seen.brief.backends.iter().zip(counts).enumerate() {
        let (low, high) = stats::share_interval(*count, all, CONFIDENCE);
        let bounds = Share::new(low.max(0.0)).zip(Share::new(high.min(1.0)));
        if let Some((low, high)) = bounds.filter(|_| named(index)) {
            profile.know(format!("{key}.{}", backend.name), Value::Share(low, high), all, &seen.name);
        }
    }
}
