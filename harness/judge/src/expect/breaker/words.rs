//! What a breaker did, in words.

use evidence::Tag;
use measure::automata::member::Rule;
use measure::automata::search::{Deviation, Opening, Why};
use units::plural::{count, times};
use units::{Moment, Timespan};

use super::inquiry::Inquiry;

/// Failures in a row, in words.
fn in_a_row(failures: u64) -> String {
    format!("{} in a row", count(failures, "failure"))
}

/// The failures that were known at a moment, as the demanded rule counts them: in a row, or in its window, and none from before
/// they were `forgotten`.
fn failures(inquiry: &Inquiry<'_>, forgotten: Moment, known: Moment) -> String {
    match Rule::of(&inquiry.demand.trips_after.trip()) {
        Rule::Count(_, within) | Rule::Share(_, within, _) => {
            let since = forgotten.max(known - within);
            let failed = count(inquiry.input.failures_in(since, known), "failure");
            format!("{failed} within {}", Timespan(known.since(since)))
        }
        Rule::InARow(_) | Rule::Never => in_a_row(inquiry.input.run_at(known)),
    }
}

/// The failures by which a breaker opened that should have `opened` before. Those in a row are counted from there on: at a breaker
/// that opens again and again, they are in a row over all of its openings.
fn late_by(inquiry: &Inquiry<'_>, opened: Moment, late: Moment) -> String {
    match Rule::of(&inquiry.demand.trips_after.trip()) {
        Rule::InARow(demanded) => {
            let more = inquiry.input.run_at(late).saturating_sub(inquiry.input.run_at(opened));
            in_a_row(u64::from(demanded) + more)
        }
        _ => failures(inquiry, inquiry.input.observed.from, late),
    }
}

/// What a run that fits shows.
pub(super) fn story(inquiry: &Inquiry<'_>, openings: &[Opening]) -> String {
    let name = inquiry.name;
    let Some(first) = openings.first() else {
        return format!("the breaker of {name} never opened");
    };
    let run = failures(inquiry, inquiry.input.observed.from, first.at);
    let end = first.until.unwrap_or(inquiry.input.observed.to);
    format!(
        "the breaker of {name} opened after {run}, {}, first for {}",
        times(openings.len()),
        Timespan(end.since(first.at))
    )
}

/// What fits no run, and why that follows.
pub(super) fn deviation(inquiry: &Inquiry<'_>, deviation: &Deviation) -> (String, String) {
    let (name, demanded) = (inquiry.name, inquiry.demand.open_for);
    let subject = inquiry.subject();
    let rule = Rule::of(&inquiry.demand.trips_after.trip()).words();
    match deviation.why {
        Why::Leaked { opened } => {
            let (leaked, late) = leaked(inquiry, opened);
            let then = match late {
                None => "its breaker never opened".to_owned(),
                Some(late) => {
                    format!("its breaker opened late, after about {}", late_by(inquiry, opened, late))
                }
            };
            let bad = format!("{subject} kept receiving requests: {leaked} arrived after {rule}; {then}");
            let after = Timespan(deviation.at.since(opened));
            (bad, format!("the first of them arrived {after} after the deciding failure was known"))
        }
        Why::Short { opened, until } => {
            let lasted = Timespan(until.since(opened));
            let bad = format!(
                "the breaker of {name} let requests through {lasted} after it had opened, {demanded} demanded"
            );
            (bad, "nothing had arrived since it opened, and then a request did, too soon".into())
        }
        Why::Long { opened } if deviation.tag.is_none() => {
            let lasted = Timespan(deviation.at.since(opened));
            let healthy = deviation.at.since(inquiry.input.fault_end);
            let though = if healthy.is_zero() {
                String::new()
            } else {
                format!(", although the fault had ended {} before", Timespan(healthy))
            };
            let bad = format!(
                "{subject} never returned: no request reached it for {lasted} after its breaker had opened, {demanded} \
                 demanded{though}"
            );
            (bad, "requests that would have gone there went on".into())
        }
        Why::Long { opened } => {
            let lasted = Timespan(deviation.at.since(opened));
            let bad = format!("the breaker of {name} stayed open for {lasted}, {demanded} demanded");
            (bad, "requests that would have gone there went on".into())
        }
        Why::Silent { from } => silent(inquiry, deviation, from, &rule),
        Why::Probes { first } => probes(inquiry, first),
    }
}

/// It opened without the declared reason.
fn silent(inquiry: &Inquiry<'_>, deviation: &Deviation, from: Moment, rule: &str) -> (String, String) {
    let name = inquiry.name;
    let input = inquiry.input;
    let last = input.arrivals.iter().rev().find(|arrival| arrival.at <= from);
    let known = last.map_or(from, |last| last.known);
    let known = known + input.blur_at(known);
    // Those before it opened the last time are forgotten.
    let forgotten = deviation.openings.last().and_then(|opening| opening.until);
    let run = failures(inquiry, forgotten.unwrap_or(input.observed.from), known);
    let lasted = Timespan(deviation.at.since(from));
    let wanted = if inquiry.demand.stays_closed { String::new() } else { format!(", before {rule}") };
    let bad = format!("the breaker of {name} opened after {run}{wanted}: nothing arrived for {lasted}");
    (bad, "requests that would have gone there went on, and chance does not explain the silence".into())
}

/// More than the allowed probes were let through.
fn probes(inquiry: &Inquiry<'_>, first: u32) -> (String, String) {
    let name = inquiry.name;
    let input = inquiry.input;
    let probe = &input.arrivals[first as usize];
    let at_once = input.arrivals[first as usize..].iter().take_while(|one| one.at < probe.known).count();
    let allowed = inquiry.demand.probes_max.unwrap_or(1) * inquiry.demand.workers;
    let bad = format!(
        "the breaker of {name} let {at_once} requests through before the first one's outcome was known, {allowed} \
         allowed"
    );
    (bad, "half-open, a breaker lets only its probes through".into())
}

/// How many arrived after a moment before the next silence, and when that began; nothing if there was none.
fn leaked(inquiry: &Inquiry<'_>, opened: Moment) -> (u64, Option<Moment>) {
    let input = inquiry.input;
    let from = input.arrivals.partition_point(|one| one.at <= opened + input.blur_at(opened));
    let here = &input.arrivals[from..];
    let silent = (0..here.len()).find(|index| {
        let next = here.get(index + 1).map_or(input.observed.to, |next| next.at);
        next.since(here[*index].at) >= *inquiry.demand.open_for / 4
            && input.expected(here[*index].at, next) >= 7.0
    });
    match silent {
        Some(index) => (index as u64 + 1, Some(here[index].known + input.blur_at(here[index].known))),
        None => (here.iter().filter(|one| one.at < input.fault_end).count() as u64, None),
    }
}

/// The requests that show it.
pub(super) fn witnesses(inquiry: &Inquiry<'_>, deviation: &Deviation) -> Vec<(Tag, String)> {
    let name = inquiry.name;
    if let Some(tag) = deviation.tag {
        let shows = match deviation.why {
            Why::Leaked { opened } | Why::Short { opened, .. } => {
                let late = Timespan(deviation.at.since(opened));
                format!("reached {name} {late} after its breaker had opened, or should have")
            }
            Why::Probes { .. } => format!("probed {name}, and was not the only one"),
            Why::Long { .. } | Why::Silent { .. } => format!("the first to reach {name} after the silence"),
        };
        return vec![(tag, shows)];
    }
    let begin = match deviation.why {
        Why::Long { opened } => opened + *inquiry.demand.open_for,
        Why::Silent { from } => from,
        _ => deviation.at,
    };
    let entries = inquiry.view.ledger.entries().filter(|entry| entry.exchange.due > begin);
    let elsewhere = entries.filter(|entry| inquiry.view.takes(entry.exchange.class)).take(5);
    elsewhere.map(|entry| (entry.exchange.tag, format!("went without a try at {name}"))).collect()
}
