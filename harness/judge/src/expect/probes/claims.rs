//! What `probes` says of each of its words.

use std::time::Duration;

use evidence::Tag;
use measure::probes::{Checked, Gap, Missed, Turns};
use measure::view::View;
use units::Timespan;
use units::plural::count;
use units::stats::cases_to_exclude;

use crate::claim::{Claim, Proof};
use crate::decide::BETA;
use crate::late::hardly_any;
use crate::tolerance;

/// A pass excludes that one in ten is.
pub(super) const OFF_REFUTED: f64 = 0.1;

/// Of the shortest pauses, as much more or less is borne: what a check takes on its way, and ticks of a gateway's clock.
const BORNE: Duration = Duration::from_millis(20);

/// Witnesses that are shown.
const SHOWN: usize = 5;

pub(super) fn every(every: Timespan, view: &View<'_>, checked: &Checked) -> Claim {
    let borne = tolerance::of(None, *every).max(BORNE);
    let is_off = |gap: &&Gap| {
        let borne = borne.saturating_add(gap.disturbance);
        gap.length.saturating_add(borne) < *every
            || gap.length > every.saturating_add(borne).saturating_add(gap.check)
    };
    let off: Vec<&Gap> = checked.gaps.iter().filter(is_off).collect();
    let shown = off.iter().filter_map(|gap| {
        Some((
            gap.next?,
            format!("came when the next check was {} after the one before", Timespan(gap.length)),
        ))
    });
    let shown: Vec<(Tag, String)> = shown.take(SHOWN).collect();
    let off = off.len() as u64;
    // Where nobody asked, as many pauses were too long as there should have been.
    let (length, never) = (view.stretch.length(), checked.never_asked.len() as u64);
    let due = (length.as_secs_f64() / every.as_secs_f64()) as u64;
    let (bad, all) = (off + never * due, checked.gaps.len() as u64 + never * due);
    let lengths = || checked.gaps.iter().map(|gap| gap.length);
    let mut seen = match (lengths().min(), lengths().max()) {
        (Some(least), Some(most)) => format!(
            "{} of {} to {}",
            count(checked.gaps.len() as u64, "pause"),
            Timespan(least),
            Timespan(most)
        ),
        _ => "no pause between two checks".to_owned(),
    };
    let names = checked.never_asked.iter().map(|backend| format!("`{}`", view.brief.backend_name(*backend)));
    let names: Vec<String> = names.collect();
    if !names.is_empty() {
        seen = format!("{seen}; no check came to {} in {}", names.join(", "), Timespan(length));
    }
    let needed = view.place.samples_min.unwrap_or(0).max(cases_to_exclude(OFF_REFUTED, BETA));
    Claim::on(hardly_any(view, 0, bad, all, OFF_REFUTED))
        .says(
            format!("each backend was asked every {every}"),
            format!("not every {every} was each backend asked: {seen}"),
        )
        .because(seen.clone())
        .seen(seen, format!("each backend is asked every {every}"))
        .shown(shown)
        .remedy(format!(
            "make the phase longer: {} more pauses between checks are needed",
            needed.saturating_sub(all).max(1)
        ))
        .proof(Proof::Own(None))
}

pub(super) fn path(path: &str, view: &View<'_>, checked: &Checked) -> Claim {
    let known: u64 = checked.paths.values().map(|asked| asked.count).sum();
    let others = || checked.paths.iter().filter(|(other, _)| &***other != path);
    let bad: u64 = others().map(|(_, asked)| asked.count).sum();
    let names: Vec<String> =
        others().take(SHOWN).map(|(other, _)| format!("`{}`", other.escape_debug())).collect();
    let shown = others().flat_map(|(other, asked)| {
        asked.next.iter().map(move |tag| (*tag, format!("came after a check for `{}`", other.escape_debug())))
    });
    let more = others().count().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} others") } else { String::new() };
    let seen = if bad == 0 {
        format!("{} for `{path}`", count(known, "check"))
    } else {
        format!("{bad} of {} for {}{more}", count(known, "check"), names.join(", "))
    };
    Claim::never(bad, known, view.place.samples_min)
        .says(format!("every check asked for `{path}`"), format!("checks did not ask for `{path}`: {seen}"))
        .because(seen.clone())
        .seen(seen, format!("every check asks for `{path}`"))
        .shown(shown.take(SHOWN).collect())
        .remedy("make the phase longer, so that more checks come")
        .proof(Proof::Own(None))
}

/// A backend gets nothing once so many checks in a row have failed.
pub(super) fn out_late(fall: u32, view: &View<'_>, turns: &Turns) -> Claim {
    let after = format!("after {} in a row", count(u64::from(fall), "failed check"));
    let follows = Follows {
        bad: turns.still_used.len() as u64,
        cases: turns.while_down,
        held: format!("no backend got a request {after}"),
        broken: format!("backends got requests {after}"),
        what: "requests that would have come to a backend that is out",
        remedy: "have a backend fail its checks for longer, or send more requests",
    };
    follows.claim(view).shown(shown(&turns.still_used, "came to a backend that is out"))
}

/// And not before.
pub(super) fn out_early(fall: u32, view: &View<'_>, turns: &Turns) -> Claim {
    let follows = Follows {
        bad: missed(&turns.out_early),
        cases: turns.before_fall,
        held: format!("backends got requests up to the last of {}", count(u64::from(fall), "failed check")),
        broken: places(view, &turns.out_early, "was left alone before its checks had failed so often"),
        what: "requests that came, or were missing, before the last failed check",
        remedy: MORE_REQUESTS,
    };
    follows.claim(view).shown(elsewhere(&turns.out_early))
}

/// A backend gets its share again once so many checks in a row were good.
pub(super) fn back_late(rise: u32, view: &View<'_>, turns: &Turns) -> Claim {
    let follows = Follows {
        bad: missed(&turns.back_late),
        cases: turns.after_rise,
        held: format!("backends got requests again after {} in a row", count(u64::from(rise), "good check")),
        broken: places(view, &turns.back_late, "was still left alone when its checks had been good so often"),
        what: "requests that came, or were missing, after the last good check",
        remedy: MORE_REQUESTS,
    };
    follows.claim(view).shown(elsewhere(&turns.back_late))
}

/// And not before.
pub(super) fn back_early(rise: u32, view: &View<'_>, turns: &Turns) -> Claim {
    let before = format!("before {} in a row", count(u64::from(rise), "good check"));
    let follows = Follows {
        bad: turns.back_early.len() as u64,
        cases: turns.before_rise,
        held: format!("no backend got a request {before}"),
        broken: format!("backends got requests {before}"),
        what: "requests that would have come to a backend on its way back",
        remedy: "send more requests, or let the backend fail and come back more often (`flap`)",
    };
    follows.claim(view).shown(shown(&turns.back_early, "came to a backend that is not back"))
}

const MORE_REQUESTS: &str = "send more requests: between two checks each backend must get 14 or more; declare neither a breaker nor an \
                             affinity beside the health checks";

/// Requests that must not be where the checks say otherwise.
struct Follows {
    bad: u64,
    cases: u64,
    held: String,
    broken: String,
    what: &'static str,
    remedy: &'static str,
}

impl Follows {
    fn claim(self, view: &View<'_>) -> Claim {
        let Follows { bad, cases, held, broken, what, remedy } = self;
        let seen = format!("{bad} of {cases} {what}");
        Claim::never(bad, cases, view.place.samples_min)
            .says(held.clone(), format!("{broken}: {seen}"))
            .because(seen.clone())
            .seen(seen, held)
            .remedy(remedy)
            .proof(Proof::Own(None))
    }
}

fn missed(places: &[Missed]) -> u64 {
    places.iter().map(|missed| missed.expected as u64).sum()
}

fn places(view: &View<'_>, places: &[Missed], what: &str) -> String {
    let Some(first) = places.first() else { return format!("a backend {what}") };
    let name = view.brief.backend_name(first.backend);
    let more = places.len() - 1;
    let more = if more > 0 { format!(", and {more} more times") } else { String::new() };
    format!("`{name}` {what}, from {} to {}{more}", first.during.from, first.during.to)
}

fn elsewhere(places: &[Missed]) -> Vec<(Tag, String)> {
    let tags = places.iter().flat_map(|missed| missed.elsewhere.iter());
    tags.take(SHOWN).map(|tag| (*tag, "came to another backend meanwhile".to_owned())).collect()
}

fn shown(tags: &[Tag], what: &str) -> Vec<(Tag, String)> {
    tags.iter().take(SHOWN).map(|tag| (*tag, what.to_owned())).collect()
}
