//! Injections: which fault, on which backends, when.

use fake_backends::Injection;
use fake_backends::fault::FaultSettings;
use fake_backends::fault::{Does, Outline};
use measure::brief::{FaultDoes, FaultOutline, InjectionBrief, PhaseBrief};
use serde::Serialize;
use units::{Moment, Share, Stretch, Timespan};

use super::{Context, group, hits, moving};
use crate::file::{InjectOwn, Keyed, Located};

/// Resolves `[[phase.inject]]`: for the backends, and for the judge.
pub(super) fn compile(
    context: &mut Context<'_>,
    phases: &[PhaseBrief],
) -> (Vec<Injection>, Vec<InjectionBrief>) {
    let (mut injections, mut briefs) = (Vec::new(), Vec::new());
    for (index, (table, phase)) in context.scenario.phase.iter().zip(phases).enumerate() {
        for inject in &table.inject {
            let injection = injection(context, inject, phase);
            let classes = hits::classes(context.scenario, &injection.when);
            if classes.as_ref().is_some_and(Vec::is_empty)
                && !injection.when.is_of_probes()
                && let Some(when) = &inject.own.when
            {
                hits::nobody(context, when);
            }
            briefs.push(brief(&injection, index, classes));
            injections.push(injection);
        }
    }
    (injections, briefs)
}

fn injection(
    context: &mut Context<'_>,
    inject: &Keyed<InjectOwn, FaultSettings>,
    phase: &PhaseBrief,
) -> Injection {
    let fault = inject.kind.clone();
    if let Some(problem) = fault.contract().problem() {
        context.error(&inject.span, format!("fault `{}`: {problem}", fault.name()));
    }
    let backends = match &inject.own.on {
        Some(names) => targets(context, names),
        None => (0..context.scenario.backend.0.len()).map(|index| index as u16).collect(),
    };
    if fault.contract().needs_tls() {
        check_tls(context, inject, &backends);
    }
    let during = during(context, &inject.own, phase);
    let ramp = inject.own.ramp.as_ref().map(|ramp| moving::ramp(context, ramp, &inject.kind, during));
    let flap = inject.own.flap.as_ref().map(|flap| hits::flap(context, flap));
    let when =
        inject.own.when.as_ref().map(|when| hits::when(context, when, &inject.kind)).unwrap_or_default();
    let correlate = inject.own.correlate.as_ref();
    let injection = Injection { fault, ramp, backends, during, flap, correlate: None, when };
    let correlate = correlate.map(|correlate| group::correlate(context, correlate, &injection));
    Injection { correlate, ..injection }
}

/// A fault of TLS has something to act on only where TLS is spoken.
fn check_tls(context: &mut Context<'_>, inject: &Keyed<InjectOwn, FaultSettings>, backends: &[u16]) {
    let tables = &context.scenario.backend.0;
    let plain = backends.iter().find_map(|index| {
        let (name, table) = tables.get(usize::from(*index))?;
        context.scenario.tls_of(table).is_none().then_some(name)
    });
    if let Some(name) = plain {
        let message = format!("fault `{}`: backend `{}` speaks no TLS", inject.kind.name(), name.value);
        context.error(&inject.span, message).help = Some(format!(
            "write `tls = {{}}` under `[backend.{}]`, or under `[backends]` for all; or leave it out of `on`",
            name.value
        ));
    }
}

fn targets(context: &mut Context<'_>, names: &Located<Vec<Located<String>>>) -> Vec<u16> {
    if names.is_empty() {
        context.error(&names.span, "this injection hits no backend").help =
            Some("name at least one backend, or leave `on` out for all of them".to_owned());
    }
    let known = context.scenario.backend.names();
    let mut targets = Vec::new();
    for name in &names.value {
        let Some(index) = context.resolve("backend", "backends", name, &known) else {
            continue;
        };
        if targets.contains(&(index as u16)) {
            context.error(&name.span, format!("backend `{}` is named twice", name.value));
        } else {
            targets.push(index as u16);
        }
    }
    targets
}

fn during(context: &mut Context<'_>, own: &InjectOwn, phase: &PhaseBrief) -> Stretch {
    let length = Timespan(phase.during.length());
    let offset = own.from.as_ref().map(|from| from.value).unwrap_or_default();
    if let Some(from) = own.from.as_ref().filter(|from| from.value >= length) {
        let message = format!("the fault begins {} into a phase of {length}", from.value);
        context.error(&from.span, message).help =
            Some("`from` counts from the start of the phase".to_owned());
    }
    let from: Moment = phase.during.from + *offset;
    let Some(wanted) = &own.length else {
        return Stretch { from, to: phase.during.to };
    };
    if wanted.is_zero() {
        context.error(&wanted.span, "the fault is in force for 0 s");
    } else if offset.saturating_add(*wanted.value) > *length {
        let message =
            format!("the fault would outlast its phase: {offset} + {} is more than {length}", wanted.value);
        context.error(&wanted.span, message).help =
            Some("leave `for` out to keep it to the end of the phase".to_owned());
    }
    Stretch { from, to: (from + *wanted.value).min(phase.during.to) }
}

fn brief(injection: &Injection, phase: usize, classes: Option<Vec<u16>>) -> InjectionBrief {
    let fault = injection.fault.contract();
    // Of a header, nobody can tell before the run which requests have it at the backend.
    let outline = moving::outline(injection).filter(|_| injection.when.header.is_none());
    let duty = injection.flap.map_or(Share::ALL, |flap| flap.duty);
    InjectionBrief {
        phase,
        fault: injection.fault.name().to_owned(),
        settings: hits::described(injection),
        backends: injection.backends.clone(),
        during: injection.during,
        hides_attempts: fault.hides_attempts(),
        closes_listener: fault.listener().is_some(),
        outline: outline.map(|fault| self::outline(fault, duty)),
        classes,
        on_probes: injection.when.is_of_probes(),
        correlated: injection.correlate.is_some(),
    }
}

/// What a fault does, in the words of measuring; one that comes and goes hits a part of the attempts.
fn outline(fault: Outline, duty: Share) -> FaultOutline {
    let does = match fault.does {
        Does::Delays(least, most) => FaultDoes::Delays { least: Timespan(least), most: Timespan(most) },
        Does::Answers(status) => FaultDoes::Answers { status },
        Does::Hangs => FaultDoes::Hangs,
        Does::Breaks => FaultDoes::Breaks,
        Does::Cuts => FaultDoes::Cuts,
        Does::Refuses => FaultDoes::Refuses,
    };
    let share = Share::new(fault.share.get() * duty.get()).unwrap_or(fault.share);
    FaultOutline { share, first: fault.first, does }
}

/// The settings of a kind in the words of the file, without what is empty: `{ code = 503, share = 0.5 }`.
pub(crate) fn settings(kind: &impl Serialize) -> String {
    let tagged = toml::Value::try_from(kind).ok();
    let settings =
        tagged.and_then(|tagged| tagged.as_table().and_then(|table| table.values().next().cloned()));
    settings.map_or_else(|| "{}".to_owned(), |settings| inline(&settings))
}

/// A value in the words of the file, without what is empty.
pub(crate) fn inline(value: &impl Serialize) -> String {
    let Ok(toml::Value::Table(mut table)) = toml::Value::try_from(value) else {
        return "{}".to_owned();
    };
    table.retain(|_, value| match value {
        toml::Value::Table(table) => !table.is_empty(),
        toml::Value::Array(array) => !array.is_empty(),
        _ => true,
    });
    if table.is_empty() { "{}".to_owned() } else { toml::Value::Table(table).to_string() }
}
