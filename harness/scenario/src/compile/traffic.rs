//! Traffic: from rates, phase by phase, to the schedule's segments.

use std::time::Duration;

use driver::{Class, Mode, Segment};
use measure::brief::PhaseBrief;
use units::{Rate, Stretch, Timespan};

use super::{Context, hits, request, trouble};
use crate::file::{Located, PhaseTraffic, TrafficTable};

/// How long a client waits where the file says nothing.
const DEADLINE: Timespan = Timespan::from_secs(10);

/// The longest that a client may wait.
const DEADLINE_MAX: Timespan = Timespan::from_secs(3600);

/// Resolves `[traffic.NAME]` and `[phase.traffic]`.
pub(super) fn compile(context: &mut Context<'_>, phases: &[PhaseBrief]) -> Vec<Class> {
    let tables = &context.scenario.traffic.0;
    if tables.is_empty() {
        let help = "add one: `[traffic.reads]` with `request = \"GET /orders/{n}\"` and `rate = \"100/s\"`";
        context.note(crate::Diagnostic::error("the scenario has no traffic").help(help));
    }
    check_overrides(context);
    tables.iter().map(|(name, table)| class(context, name, table, phases)).collect()
}

/// Every name in `[phase.traffic]` must be that of a class.
fn check_overrides(context: &mut Context<'_>) {
    let known = context.scenario.traffic.names();
    for phase in &context.scenario.phase {
        for (name, _) in &phase.traffic.0 {
            context.resolve("traffic class", "traffic classes", name, &known);
        }
    }
}

fn class(
    context: &mut Context<'_>,
    name: &Located<String>,
    table: &TrafficTable,
    phases: &[PhaseBrief],
) -> Class {
    context.check_name("traffic class", name);
    let (method, path) = request::method_and_path(context, &table.request).unwrap_or_default();
    let host = table.host.as_ref().map(|host| request::host(context, host));
    let mut headers = request::headers(context, &table.headers);
    if hits::looks_at_traffic(context.scenario) {
        headers.push((fake_backends::TRAFFIC_HEADER.to_owned(), name.value.clone()));
    }
    let body = table.body.as_ref().and_then(|body| request::body(context, body));
    let deadline = table.deadline.as_ref().map_or(DEADLINE, |deadline| deadline.value);
    if let Some(place) = table.deadline.as_ref().filter(|it| it.is_zero() || it.value > DEADLINE_MAX) {
        context.error(&place.span, format!("a deadline of {deadline}, allowed is more than 0 s, up to 1 h"));
    }
    let trailers = request::trailers(context, &table.trailers, body.as_ref());
    let trouble = trouble::compile(context, table, body.as_ref(), deadline);
    let mode = mode(context, name, table, phases);
    let keep_alive = table.keep_alive.unwrap_or(true);
    Class {
        name: name.value.clone(),
        method,
        path,
        host,
        headers,
        body,
        trailers,
        trouble,
        deadline: *deadline,
        keep_alive,
        mode,
    }
}

fn mode(
    context: &mut Context<'_>,
    name: &Located<String>,
    table: &TrafficTable,
    phases: &[PhaseBrief],
) -> Mode {
    match (&table.rate, &table.users) {
        (Some(rate), None) => Mode::Open(segments(context, name, table, rate.value, phases)),
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

fn segments(
    context: &mut Context<'_>,
    name: &Located<String>,
    table: &TrafficTable,
    own: Rate,
    phases: &[PhaseBrief],
) -> Vec<Segment> {
    let arrivals = table.arrivals.as_ref().map(|arrivals| arrivals.value).unwrap_or_default();
    let mut segments = Vec::new();
    for (phase, brief) in context.scenario.phase.iter().zip(phases) {
        let changed = phase.traffic.0.iter().find(|(class, _)| class.value == name.value);
        let (from, to) = changed.map_or((own, own), |(_, load)| rates(context, load, own));
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
        context.error(&users.span, "`users` is for closed-loop traffic, and this class has a `rate`");
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
        let changed = phase.traffic.0.iter().find(|(class, _)| class.value == name.value);
        if changed.is_some_and(|(_, load)| silenced(context, load, users.value)) {
            continue;
        }
        match during.last_mut().filter(|last| last.to == brief.during.from) {
            Some(last) => last.to = brief.during.to,
            None => during.push(brief.during),
        }
    }
    Mode::Closed { users: users.value, during }
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

/// The longest stretch that a rate holds for, for display.
pub(super) fn seconds(length: Duration) -> String {
    let text = format!("{:.3}", length.as_secs_f64());
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}
