//! Expectations, phase by phase: what is demanded of which window.

use std::ops::Range;

use driver::Class;
use fake_backends::fault::FaultSettings;
use judge::{Demand, ExpectationSettings};
use measure::brief::{InjectionBrief, PhaseBrief};
use units::{Stretch, Timespan};

use super::Context;
use super::load::planned_between;
use crate::file::{ExpectOwn, Keyed, Located};
use crate::names::listed;

/// The most demands: expectations times phases.
const DEMANDS_MAX: usize = 4096;

/// Resolves `[[expect]]`.
pub(super) fn compile(
    context: &mut Context<'_>,
    phases: &[PhaseBrief],
    injections: &[InjectionBrief],
    classes: &[Class],
) -> (Vec<Demand>, Vec<Range<usize>>) {
    let tables = &context.scenario.expect;
    if tables.is_empty() {
        let help = "add one: `[[expect]]` with `availability = { min = 0.99 }`";
        context.note(
            crate::Diagnostic::warning("nothing is expected, so the run can only be inconclusive").help(help),
        );
    }
    // What is wrong with phases or traffic leaves too little due: to say that as well would blame two places for one mistake.
    let is_load_known = !context.has_failed();
    let (mut demands, mut spans, mut count) = (Vec::new(), Vec::new(), 0);
    for table in tables {
        check_settings(context, table);
        check_names(context, table);
        let traffic = table.own.traffic.as_ref().and_then(|name| {
            let known = context.scenario.traffic.names();
            context.resolve("traffic class", "traffic classes", name, &known)
        });
        check_trouble(context, table, traffic, classes);
        let mut looked_at = looked_at(context, table, phases, injections);
        let whole_run = table.own.phases.is_none() && table.kind.contract().looks_at_whole_run();
        if whole_run {
            looked_at.truncate(1);
        }
        count += looked_at.len();
        if count > DEMANDS_MAX {
            continue; // What is said of the first ones is enough, and the rest is only counted.
        }
        for (phase, span) in looked_at {
            let expectation = table.kind.clone();
            let settle = settle(context, &table.own, phase, phases);
            let (phase_brief, at) = (&phases[phase], context.lines.at(table.span.start));
            let window = Stretch {
                from: (phase_brief.during.from + *settle).min(phase_brief.during.to),
                to: phase_brief.during.to,
            };
            check_window(context, table, &phase_brief.name, &span, window, injections);
            if is_load_known {
                check_traffic(context, table, &phase_brief.name, &span, window, traffic, classes);
            }
            let traffic = traffic.map(|class| class as u16);
            spans.push(span.clone());
            demands.push(Demand {
                expectation,
                phase,
                traffic,
                settle,
                samples_min: table.own.samples_min,
                whole_run,
                line: Some(at),
            });
        }
    }
    if let (true, Some(last)) = (count > DEMANDS_MAX, tables.last()) {
        context
            .error(&last.span, format!("{count} demands (expectations × phases), allowed are {DEMANDS_MAX}"));
    }
    (demands, spans)
}

fn check_settings(context: &mut Context<'_>, table: &Keyed<ExpectOwn, ExpectationSettings>) {
    if let Some(problem) = table.kind.contract().problem() {
        context.error(&table.span, format!("expectation `{}`: {problem}", table.kind.name()));
    }
    if table.own.samples_min == Some(0) {
        let message = "`samples_min = 0` changes nothing: a pass takes cases that would have shown a breach";
        context.warning(&table.span, message).help = Some("leave it out".to_owned());
    }
}

/// Expectations that bound how long a request takes, and do not tell what the client itself took.
const TIMED: [&str; 3] = ["shed", "freeze", "policy"];

/// What the client itself takes is not held against the gateway.
fn check_trouble(
    context: &mut Context<'_>,
    table: &Keyed<ExpectOwn, ExpectationSettings>,
    traffic: Option<usize>,
    classes: &[Class],
) {
    let kind = table.kind.name();
    let mut looked_at =
        classes.iter().enumerate().filter(|(index, _)| traffic.is_none_or(|class| class == *index));
    let slow = looked_at.find_map(|(_, class)| Some((class, class.trouble.slows()?)));
    if let (Some((class, key)), true) = (slow, TIMED.contains(&kind)) {
        let message = format!(
            "`{kind}` would hold against the gateway what the client takes itself: traffic `{}` has `{key}`",
            class.name
        );
        context.error(&table.span, message).help = Some(
            "give requests in trouble a class of their own, and expect this of the others by `traffic`"
                .to_owned(),
        );
    }
}

/// The phases of an expectation, with the place that names them.
fn looked_at(
    context: &mut Context<'_>,
    table: &Keyed<ExpectOwn, ExpectationSettings>,
    phases: &[PhaseBrief],
    injections: &[InjectionBrief],
) -> Vec<(usize, Range<usize>)> {
    let faulty = |phase: usize| injections.iter().any(|injection| injection.phase == phase);
    let needs_fault = table.kind.contract().needs_fault();
    let Some(names) = &table.own.phases else {
        let all = (0..phases.len()).filter(|phase| !needs_fault || faulty(*phase));
        let all: Vec<_> = all.map(|phase| (phase, table.span.clone())).collect();
        if all.is_empty() && !phases.is_empty() {
            let message = format!("`{}` needs a fault to show it, and no phase has one", table.kind.name());
            context.error(&table.span, message).help = Some("add a `[[phase.inject]]` to a phase".to_owned());
        }
        return all;
    };
    let known: Vec<&str> = phases.iter().map(|phase| phase.name.as_str()).collect();
    let mut found: Vec<(usize, Range<usize>)> = Vec::new();
    for name in &names.0 {
        let Some(phase) = context.resolve("phase", "phases", name, &known) else {
            continue;
        };
        if known.iter().filter(|known| **known == name.as_str()).count() > 1 {
            continue; // Which of them is meant can't be told, and the second one is an error already.
        }
        if found.iter().any(|(other, _)| *other == phase) {
            context.error(&name.span, format!("phase `{}` is named twice", name.value));
        } else {
            found.push((phase, name.span.clone()));
        }
    }
    found
}

fn settle(context: &mut Context<'_>, own: &ExpectOwn, phase: usize, phases: &[PhaseBrief]) -> Timespan {
    let Some(settle) = &own.settle else {
        return context.scenario.phase[phase].settle.as_ref().map(|settle| settle.value).unwrap_or_default();
    };
    let length = Timespan(phases[phase].during.length());
    if settle.value >= length && !length.is_zero() {
        let message = format!(
            "`settle` of {} leaves nothing of phase `{}`, which takes {length}",
            settle.value, phases[phase].name
        );
        context.error(&settle.span, message).help = Some("make it shorter than the phase".to_owned());
    }
    settle.value
}

/// An expectation that only a fault can show must look at a window with one.
fn check_window(
    context: &mut Context<'_>,
    table: &Keyed<ExpectOwn, ExpectationSettings>,
    phase: &str,
    span: &Range<usize>,
    window: Stretch,
    injections: &[InjectionBrief],
) {
    let kind = &table.kind;
    // An empty window is the fault of its settling time, which is told elsewhere.
    if !kind.contract().needs_fault()
        || window.length().is_zero()
        || injections.iter().any(|injection| injection.during.overlaps(&window))
    {
        return;
    }
    let mut faulty: Vec<&str> = Vec::new();
    for injection in injections {
        let name = context.scenario.phase[injection.phase].name.as_str();
        if !faulty.contains(&name) {
            faulty.push(name);
        }
    }
    let noted = context
        .error(span, format!("`{}` looks at phase `{phase}`, where no fault could show it", kind.name()));
    noted.label = Some("no injection is in force here".to_owned());
    noted.help = Some(match faulty.as_slice() {
        [] => "add a `[[phase.inject]]` to this phase".to_owned(),
        faulty => format!("faults are injected in {}", listed(faulty.iter().copied())),
    });
}

/// Without enough requests, an expectation can only be inconclusive.
fn check_traffic(
    context: &mut Context<'_>,
    table: &Keyed<ExpectOwn, ExpectationSettings>,
    phase: &str,
    span: &Range<usize>,
    window: Stretch,
    traffic: Option<usize>,
    classes: &[Class],
) {
    let looked_at =
        classes.iter().enumerate().filter(|(index, _)| traffic.is_none_or(|class| class == *index));
    // A closed-loop class sends as many requests as the gateway answers, so nothing can be said of it here.
    let planned: Option<f64> = looked_at.map(|(_, class)| planned_between(class, window)).sum();
    let (Some(planned), false) = (planned, classes.is_empty() || window.length().is_zero()) else {
        return;
    };
    let wanted = table.own.samples_min.unwrap_or(1).max(1);
    if planned < wanted as f64 {
        let message = format!(
            "`{}` can only be inconclusive in phase `{phase}`: about {planned:.0} requests are due, and it takes at least {wanted}",
            table.kind.name()
        );
        context.warning(span, message).help =
            Some("send more there, or expect it of another phase".to_owned());
    }
}

/// Backends and kinds of faults that an expectation names must be there.
fn check_names(context: &mut Context<'_>, table: &Keyed<ExpectOwn, ExpectationSettings>) {
    let known = context.scenario.backend.names();
    let kinds: Vec<&str> = FaultSettings::KINDS.iter().map(|kind| kind.name).collect();
    let contract = table.kind.contract();
    let named = contract.backends().into_iter().map(|name| ("backend", "backends", &known, name));
    let named =
        named.chain(contract.faults().into_iter().map(|name| ("fault kind", "fault kinds", &kinds, name)));
    let phases = context.scenario.phase.iter().map(|phase| phase.name.value.as_str());
    let phases: Vec<&str> = phases.collect();
    let named = named.chain(contract.phases().into_iter().map(|name| ("phase", "phases", &phases, name)));
    for (what, plural, known, name) in named {
        if !known.contains(&name) {
            let name =
                Located { value: name.to_owned(), span: word_after(context.text, table.span.start, name) };
            context.resolve(what, plural, &name, known);
        }
    }
}

/// The first place of a word from a place on: settings keep no places of their own.
fn word_after(text: &str, from: usize, word: &str) -> Range<usize> {
    let found = text.get(from..).and_then(|rest| rest.find(word)).map(|at| from + at);
    found.map_or(from..from, |start| start..start + word.len())
}
