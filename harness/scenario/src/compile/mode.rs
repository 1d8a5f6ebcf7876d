//! How a class sends: from rates and users, phase by phase, to the schedule's segments.

use driver::{Arrivals, Mode, Segment, Think};
use measure::brief::PhaseBrief;
use units::{Rate, Stretch, Timespan};

use super::{Context, trace};
use crate::file::{ArrivalsWord, Located, PhaseTable, PhaseTraffic, TrafficTable};

/// Resolves `rate` or `users` of a class that belongs to no mix.
pub(super) fn mode(
    context: &mut Context<'_>,
    name: &Located<String>,
    table: &TrafficTable,
    phases: &[PhaseBrief],
) -> Mode {
    let arrivals = match table.arrivals.as_ref().map(|arrivals| &arrivals.value) {
        None | Some(ArrivalsWord::Constant) => Arrivals::Constant,
        Some(ArrivalsWord::Poisson) => Arrivals::Poisson,
        Some(ArrivalsWord::Trace(file)) => return traced(context, name, table, file, phases),
    };
    if let (Some(think), None) = (&table.think, &table.users) {
        context.error(&think.span, "`think` is for closed-loop traffic, and this class has no `users`");
    }
    match (&table.rate, &table.users) {
        (Some(rate), None) => {
            Mode::Open(segments(context, rate.value, arrivals, phases, |phase| phase.traffic.get(name)))
        }
        (None, Some(users)) => closed(context, name, table, users, phases),
        (rate, users) => {
            let both = if rate.is_some() && users.is_some() {
                "has both `rate` and `users`"
            } else {
                "has neither `rate` nor `users`"
            };
            context.error(&name.span, format!("traffic `{}` {both}", name.value)).help =
                Some("`rate = \"100/s\"` sends on schedule (open loop), `users = 20` waits for answers (closed loop)".to_owned());
            Mode::Open(Vec::new())
        }
    }
}

/// A class that sends when a file says so, and not when a rate does.
fn traced(
    context: &mut Context<'_>,
    name: &Located<String>,
    table: &TrafficTable,
    file: &Located<String>,
    phases: &[PhaseBrief],
) -> Mode {
    let own = [
        ("rate", table.rate.as_ref().map(|rate| &rate.span)),
        ("users", table.users.as_ref().map(|users| &users.span)),
        ("think", table.think.as_ref().map(|think| &think.span)),
    ];
    for (key, span) in own {
        if let Some(span) = span {
            let message = format!("traffic `{}` has both `{key}` and a trace", name.escape_debug());
            context.error(span, message).help =
                Some("a trace says when each request is due: remove one of both".to_owned());
        }
    }
    for phase in &context.scenario.phase {
        if let Some(load) = phase.traffic.get(name) {
            let message = format!("traffic `{}` has a trace, which no phase can change", name.escape_debug());
            context.error(&load.span, message).help =
                Some("write it in the trace, or use another class".to_owned());
        }
    }
    Mode::Trace(trace::compile(context, file, phases))
}

/// The segments of a rate that phases may change.
pub(super) fn segments<'a>(
    context: &mut Context<'a>,
    own: Rate,
    arrivals: Arrivals,
    phases: &[PhaseBrief],
    changed: impl Fn(&'a PhaseTable) -> Option<&'a Located<PhaseTraffic>>,
) -> Vec<Segment> {
    let mut segments = Vec::new();
    for (phase, brief) in context.scenario.phase.iter().zip(phases) {
        let (from, to) = changed(phase).map_or((own, own), |load| rates(context, load, own));
        // A phase without traffic gets no segment, rather than one that never sends.
        if from.get() > 0.0 || to.get() > 0.0 {
            segments.push(Segment { during: brief.during, from, to, arrivals });
        }
    }
    segments
}

/// The rates at the start and at the end of a phase.
fn rates(context: &mut Context<'_>, load: &Located<PhaseTraffic>, own: Rate) -> (Rate, Rate) {
    if let Some(users) = &load.users {
        context.error(&users.span, "`users` is for closed-loop traffic, and this has a `rate`");
    }
    let value = |rate: &Option<Located<Rate>>| rate.as_ref().map(|rate| rate.value);
    match (value(&load.rate), value(&load.from), value(&load.to)) {
        (Some(rate), None, None) => (rate, rate),
        (None, from, to) if from.or(to).is_some() => (from.unwrap_or(own), to.unwrap_or(own)),
        (None, ..) if load.users.is_some() => (own, own),
        _ => {
            let noted = context.error(&load.span, "a phase changes traffic by `rate`, or by `from` and `to`");
            noted.help = Some(
                "for example `{ rate = \"200/s\" }` or `{ from = \"100/s\", to = \"400/s\" }`".to_owned(),
            );
            (own, own)
        }
    }
}

fn closed(
    context: &mut Context<'_>,
    name: &Located<String>,
    table: &TrafficTable,
    users: &Located<u32>,
    phases: &[PhaseBrief],
) -> Mode {
    let limits = context.scenario.limits;
    let (limit, bound) = [("in_flight", limits.in_flight), ("connections", limits.connections)]
        .into_iter()
        .min_by_key(|(_, bound)| *bound)
        .unwrap_or(("in_flight", limits.in_flight));
    if users.value == 0 {
        context.error(&users.span, "a closed loop of 0 users sends nothing");
    } else if users.value as usize > bound {
        context.error(&users.span, format!("{} users, over `limits.{limit}` = {bound}", users.value));
    }
    if let Some(arrivals) = &table.arrivals {
        context.error(&arrivals.span, "`arrivals` is for open-loop traffic, and this class has `users`");
    }
    let mut during: Vec<Stretch> = Vec::new();
    for (phase, brief) in context.scenario.phase.iter().zip(phases) {
        if phase.traffic.get(name).is_some_and(|load| silenced(context, load, users.value)) {
            continue;
        }
        match during.last_mut().filter(|last| last.to == brief.during.from) {
            Some(last) => last.to = brief.during.to,
            None => during.push(brief.during),
        }
    }
    let think = table.think.as_ref().map(|think| thinking(context, think));
    Mode::Closed { users: users.value, during, think }
}

/// The longest that a user may think.
const THINK_MAX: Timespan = Timespan::from_secs(3600);

fn thinking(context: &mut Context<'_>, think: &Located<Think>) -> Think {
    if let Think::Uniform { from, to } = think.value
        && from > to
    {
        context.error(&think.span, format!("a think time from {from} to {to} has no length")).help =
            Some("give the shorter one first".to_owned());
    }
    let longest = think.longest();
    if longest.is_zero() || longest > THINK_MAX {
        let message = format!("a think time of up to {longest}, allowed is more than 0 s, up to 1 h");
        context.error(&think.span, message);
    }
    think.value
}

/// Whether a phase silences a closed-loop class.
fn silenced(context: &mut Context<'_>, load: &Located<PhaseTraffic>, own: u32) -> bool {
    match (&load.users, load.rate.is_some() || load.from.is_some() || load.to.is_some()) {
        (Some(users), false) if users.value == 0 => true,
        (Some(users), false) if users.value == own => false,
        _ => {
            let noted =
                context.error(&load.span, "a phase can only silence a closed-loop class, by `users = 0`");
            noted.help = Some("use another class for another number of users".to_owned());
            false
        }
    }
}
