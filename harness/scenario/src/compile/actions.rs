//! Actions: what is done to the gateway, when, and which backends it has afterwards.

use std::ops::Range;

use gateways::{ActionSettings, GatewaySettings, Means, Upstreams, backends_in};
use measure::brief::{ActionBrief, PhaseBrief};
use units::Timespan;

use super::{Context, faults};
use crate::file::{ActOwn, Keyed, Located};

/// The most actions of a scenario.
const ACTIONS_MAX: usize = 64;

/// One action, resolved.
struct Resolved {
    settings: ActionSettings,
    brief: ActionBrief,
    span: Range<usize>,
}

/// Resolves `[[phase.act]]`: for the run, and for the judge.
pub(super) fn compile(
    context: &mut Context<'_>,
    phases: &[PhaseBrief],
    gateway: &GatewaySettings,
    upstreams: &Upstreams,
) -> (Vec<ActionSettings>, Vec<ActionBrief>) {
    let mut all = Vec::new();
    for (index, (table, phase)) in context.scenario.phase.iter().zip(phases).enumerate() {
        for act in &table.act {
            if let Some(resolved) = action(context, act, (index, phase), gateway, upstreams) {
                all.push(resolved);
            }
        }
    }
    if let Some(beyond) = all.get(ACTIONS_MAX) {
        let message = format!("{} actions, allowed are {ACTIONS_MAX}", all.len());
        context.error(&beyond.span, message);
    }
    // In the order of the run, whatever the order of the file: what the gateway has after one is what it had after those before.
    all.sort_by_key(|one| one.brief.at);
    let mut had: Vec<usize> = (0..context.scenario.backend.0.len()).collect();
    for one in &mut all {
        let named: Vec<usize> = one.brief.backends.iter().map(|backend| usize::from(*backend)).collect();
        had = one.settings.contract().leaves(&had, &named);
        if had.is_empty() {
            let message = format!("action `{}` leaves the gateway without a backend", one.settings.name());
            context.error(&one.span, message).help = Some("leave it one at least".to_owned());
        }
        one.brief.backends = had.iter().map(|backend| *backend as u16).collect();
    }
    all.into_iter().map(|one| (one.settings, one.brief)).unzip()
}

/// One action; in its brief, the backends are those that it names, as yet.
fn action(
    context: &mut Context<'_>,
    act: &Keyed<ActOwn, ActionSettings>,
    (index, phase): (usize, &PhaseBrief),
    gateway: &GatewaySettings,
    upstreams: &Upstreams,
) -> Option<Resolved> {
    let (settings, kind) = (act.kind.clone(), act.kind.name());
    let contract = settings.contract();
    if let Some(problem) = contract.problem() {
        context.error(&act.span, format!("action `{kind}`: {problem}"));
        return None;
    }
    let means = contract.means();
    if let Some(why) = means.and_then(|means| gateway.contract().refuses(&means, upstreams)) {
        context
            .error(&act.span, format!("gateway `{}` can't do the action `{kind}`", gateway.name()))
            .label = Some(why);
        return None;
    }
    let known = context.scenario.backend.names();
    let named = contract.names().iter().filter_map(|name| {
        // Settings of a kind have no place of their own in the file.
        let name = Located { value: name.clone(), span: act.span.clone() };
        context.resolve("backend", "backends", &name, &known)
    });
    let mut named: Vec<usize> = named.collect();
    if let (true, Some(Means::Reload { config: Some(config), .. })) = (named.is_empty(), means) {
        named = backends_in(config, upstreams).unwrap_or_default();
    }
    let at = act.own.at.as_ref().map_or(Timespan::default(), |at| at.value);
    if let Some(written) = act.own.at.as_ref().filter(|_| *at >= phase.during.length()) {
        let message =
            format!("`at` of {at} is after the end of a phase of {}", Timespan(phase.during.length()));
        context.error(&written.span, message).help = Some("make it earlier, or the phase longer".to_owned());
        return None;
    }
    let brief = ActionBrief {
        phase: index,
        kind: kind.to_owned(),
        settings: faults::settings(&settings),
        at: phase.during.from + *at,
        backends: named.iter().map(|backend| *backend as u16).collect(),
        replaces: contract.replaces(),
    };
    Some(Resolved { settings, brief, span: act.span.clone() })
}
