//! Traffic: the classes, with what each sends and how.

use std::time::Duration;

use driver::Class;
use measure::brief::PhaseBrief;
use units::Timespan;

use super::mix::Mixes;
use super::mode::mode;
use super::{Context, hits, keys, request, trouble};
use crate::file::{Located, TrafficTable};

/// How long a client waits where the file says nothing.
const DEADLINE: Timespan = Timespan::from_secs(10);

/// The longest that a client may wait.
const DEADLINE_MAX: Timespan = Timespan::from_secs(3600);

/// Resolves `[traffic.NAME]` and `[phase.traffic]`.
pub(super) fn compile(context: &mut Context<'_>, phases: &[PhaseBrief], mixes: &Mixes) -> Vec<Class> {
    let tables = &context.scenario.traffic.0;
    if tables.is_empty() {
        let help = "add one: `[traffic.reads]` with `request = \"GET /orders/{n}\"` and `rate = \"100/s\"`";
        context.note(crate::Diagnostic::error("the scenario has no traffic").help(help));
    }
    check_overrides(context);
    tables.iter().map(|(name, table)| class(context, name, table, phases, mixes)).collect()
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
    mixes: &Mixes,
) -> Class {
    context.check_name("traffic class", name);
    let (method, path) = request::method_and_path(context, &table.request).unwrap_or_default();
    let target = table.target.as_ref().and_then(|target| further_address(context, target));
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
    let keys = keys::compile(context, table, (&path, &headers, body.as_ref()));
    let (mode, mix) =
        mixes.resolve(context, name, table).unwrap_or_else(|| (mode(context, name, table, phases), None));
    let keep_alive = table.keep_alive.unwrap_or(true);
    Class {
        name: name.value.clone(),
        target,
        method,
        path,
        keys,
        host,
        headers,
        body,
        trailers,
        trouble,
        deadline: *deadline,
        keep_alive,
        mode,
        mix,
    }
}

/// Which of the gateway's further addresses a class names.
fn further_address(context: &mut Context<'_>, target: &Located<String>) -> Option<u16> {
    let gateway = context.scenario.gateway.as_ref().map(|table| &table.kind);
    let known = gateway.map_or_else(Vec::new, |gateway| gateway.contract().further_addresses());
    if known.is_empty() {
        let name = gateway.map_or("reference", |gateway| gateway.name());
        context.error(&target.span, format!("gateway `{name}` has one address only")).help = Some(
            "remove `target`; a gateway that runs already can have more: `[gateway.url]` with `addresses = { admin = \"http://127.0.0.1:9090\" }`"
                .to_owned(),
        );
        return None;
    }
    let found = context.resolve("address of the gateway", "further addresses", target, &known);
    found.map(|index| index as u16)
}

/// The longest stretch that a rate holds for, for display.
pub(super) fn seconds(length: Duration) -> String {
    let text = format!("{:.3}", length.as_secs_f64());
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}
