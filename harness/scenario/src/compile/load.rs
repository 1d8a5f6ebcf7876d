//! How much the plan sends, held against the limits.

use std::ops::Range;

use driver::{Class, Mode, Segment};
use measure::brief::PhaseBrief;
use units::Stretch;

use super::Context;
use super::traffic::seconds;

/// Requests a second that one sending thread is given.
const RATE_A_THREAD: f64 = 10_000.0;

/// The most threads that are started without being asked for.
const THREADS: usize = 4;

/// The most threads.
const THREADS_MAX: usize = 64;

/// The requests that a class is planned to send in a stretch, on average; `None` for closed-loop classes.
pub(super) fn planned_between(class: &Class, stretch: Stretch) -> Option<f64> {
    match &class.mode {
        // An empty sum of floats would be −0, which is shown.
        Mode::Open(segments) => {
            Some(segments.iter().map(|segment| requests(segment, stretch)).fold(0.0, |all, some| all + some))
        }
        Mode::Trace(trace) => Some(trace.due_in(stretch).len() as f64),
        Mode::Closed { .. } => None,
    }
}

/// The requests that a class is planned to send in the whole run, on average; nothing for closed-loop classes.
fn planned(class: &Class) -> Option<f64> {
    planned_between(class, Stretch { from: units::Moment::EPOCH, to: units::Moment::NEVER })
}

/// The requests that all open-loop classes are planned to send in the whole run, on average.
pub(super) fn planned_in_all(classes: &[Class]) -> f64 {
    classes.iter().filter_map(planned).sum()
}

/// The area under the part of a ramp that lies in a stretch.
fn requests(segment: &Segment, stretch: Stretch) -> f64 {
    let (from, to) = (segment.during.from.max(stretch.from), segment.during.to.min(stretch.to));
    if to <= from {
        return 0.0;
    }
    f64::midpoint(rate_at(segment, from.seconds()), rate_at(segment, to.seconds()))
        * to.since(from).as_secs_f64()
}

fn rate_at(segment: &Segment, seconds: f64) -> f64 {
    let length = segment.during.length().as_secs_f64();
    let part = if length > 0.0 { (seconds - segment.during.from.seconds()) / length } else { 0.0 };
    segment.from.get() + (segment.to.get() - segment.from.get()) * part
}

/// Holds the load against the limits, and says how many threads it takes.
pub(super) fn check(context: &mut Context<'_>, classes: &[Class], phases: &[PhaseBrief]) -> usize {
    check_exchanges(context, classes);
    let peak = check_rate(context, classes, phases);
    // Past the limit of the rate, what could be under way is no news.
    if peak <= context.scenario.limits.rate.get() {
        check_in_flight(context, classes);
    }
    let automatic = ((peak / RATE_A_THREAD).ceil() as usize).clamp(1, THREADS);
    let Some(threads) = &context.scenario.driver.threads else {
        return automatic;
    };
    if !(1..=THREADS_MAX).contains(&threads.value) {
        context.error(&threads.span, format!("{} threads, allowed are 1 to {THREADS_MAX}", threads.value));
    }
    threads.value
}

/// The place of what makes a class send: its rate, that of its mix, its trace, its users, or its name.
fn rate_place(context: &Context<'_>, class: usize) -> Range<usize> {
    let (name, table) = &context.scenario.traffic.0[class];
    let mix = table.mix.as_ref().and_then(|mix| context.scenario.mix.get(mix)).map(|mix| &mix.rate);
    let rate = table.rate.as_ref().or(mix).map(|rate| rate.span.clone());
    let rate = rate.or(table.arrivals.as_ref().map(|arrivals| arrivals.span.clone()));
    rate.or(table.users.as_ref().map(|users| users.span.clone())).unwrap_or_else(|| name.span.clone())
}

fn check_exchanges(context: &mut Context<'_>, classes: &[Class]) {
    let counts: Vec<f64> = classes.iter().map(|class| planned(class).unwrap_or(0.0)).collect();
    let total: f64 = counts.iter().sum();
    let limit = context.scenario.limits.exchanges;
    if total <= limit as f64 {
        return;
    }
    let largest = (0..classes.len()).max_by(|a, b| counts[*a].total_cmp(&counts[*b])).unwrap_or(0);
    let sums: Vec<String> = classes
        .iter()
        .zip(&counts)
        .filter(|(_, count)| **count > 0.0)
        .map(|(class, count)| sum(class, *count))
        .collect();
    let span = rate_place(context, largest);
    let noted = context.error(
        &span,
        format!("{} requests, over `limits.exchanges` = {}", grouped(total), grouped(limit as f64)),
    );
    noted.label = Some(sums.join("; "));
    noted.help = Some("lower the rate, shorten the phases, or raise `limits.exchanges`".to_owned());
}

/// `reads: 500/s × 20 s + (100/s to 400/s) × 5 s = 11250`.
fn sum(class: &Class, count: f64) -> String {
    let segments = match &class.mode {
        Mode::Open(segments) => segments,
        Mode::Trace(trace) => {
            return format!("{}: {} of {}", class.name, grouped(count), trace.file.escape_debug());
        }
        Mode::Closed { .. } => return String::new(),
    };
    let mut terms: Vec<(String, std::time::Duration)> = Vec::new();
    for segment in segments {
        let rate = if segment.from == segment.to {
            segment.from.to_string()
        } else {
            format!("({} to {})", segment.from, segment.to)
        };
        match terms.last_mut().filter(|(last, _)| *last == rate) {
            Some((_, length)) => *length += segment.during.length(),
            None => terms.push((rate, segment.during.length())),
        }
    }
    let shown = terms.len().min(4);
    let rest = if terms.len() > shown { " + …" } else { "" };
    let terms: Vec<String> =
        terms[..shown].iter().map(|(rate, length)| format!("{rate} × {}", seconds(*length))).collect();
    format!("{}: {}{rest} = {}", class.name, terms.join(" + "), grouped(count))
}

/// The highest total rate. Rates change linearly within a phase, so it is at one of its ends.
fn check_rate(context: &mut Context<'_>, classes: &[Class], phases: &[PhaseBrief]) -> f64 {
    let limit = context.scenario.limits.rate.get();
    let mut peak: f64 = 0.0;
    let mut noted = false;
    for phase in phases {
        let classes = classes.iter().enumerate();
        let rates = classes.filter_map(|(index, class)| Some((index, class.rates_in(phase.during)?)));
        let rates: Vec<(usize, (f64, f64))> = rates.collect();
        let start: f64 = rates.iter().map(|(_, (start, _))| start).sum();
        let end: f64 = rates.iter().map(|(_, (_, end))| end).sum();
        peak = peak.max(start).max(end);
        if peak > limit && !noted {
            noted = true;
            let most = |(_, (start, end)): &(usize, (f64, f64))| start.max(*end);
            let highest = rates.iter().max_by(|a, b| most(a).total_cmp(&most(b)));
            let span = rate_place(context, highest.map_or(0, |(index, _)| *index));
            let message = format!(
                "{} requests a second in phase `{}`, over `limits.rate` = {}/s",
                grouped(peak),
                phase.name,
                grouped(limit)
            );
            context.error(&span, message).help = Some("lower the rate, or raise `limits.rate`".to_owned());
        }
    }
    peak
}

/// What would be under way if nothing were answered.
fn check_in_flight(context: &mut Context<'_>, classes: &[Class]) {
    let limit = context.scenario.limits.in_flight;
    let total: f64 = classes.iter().map(Class::under_way_max).sum();
    let most = |index: &usize| classes[*index].under_way_max();
    let largest = (0..classes.len()).max_by(|a, b| most(a).total_cmp(&most(b)));
    if let Some(largest) = largest.filter(|_| total > limit as f64) {
        let span = rate_place(context, largest);
        let message = format!(
            "up to {} requests could be under way, over `limits.in_flight` = {}: what is over is skipped",
            grouped(total),
            grouped(limit as f64)
        );
        let noted = context.warning(&span, message);
        noted.label = Some("rate × deadline, if nothing is answered".to_owned());
        noted.help = Some("shorten `deadline`, lower the rate, or raise `limits.in_flight`".to_owned());
    }
}

/// A whole number with its thousands apart: `9 001 250`.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}
