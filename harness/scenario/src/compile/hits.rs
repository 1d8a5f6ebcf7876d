//! Which requests a fault may hit: `when` and `flap` of an injection.

use fake_backends::fault::FaultSettings;
use fake_backends::{Flap, Injection, When};
use units::Timespan;

use super::Context;
use super::faults::{inline, settings};
use super::group;
use crate::file::{Located, Scenario};
use crate::names::listed;

/// The shortest period of a fault that comes and goes: a listener is closed and opened as often.
const PERIOD_MIN: Timespan = Timespan::from_millis(10);

/// Checks `flap`.
pub(super) fn flap(context: &mut Context<'_>, flap: &Located<Flap>) -> Flap {
    if flap.period < PERIOD_MIN {
        let message = format!("a period of {}, allowed is {PERIOD_MIN} or more", flap.period);
        context.error(&flap.span, message);
    }
    if flap.on().is_zero() || flap.on() == flap.period.0 {
        context.error(&flap.span, "the fault would never come, or never go".to_owned()).help =
            Some("expected a `duty` between 0 and 1, such as `duty = 0.5`".to_owned());
    }
    flap.value
}

/// Checks `when`.
pub(super) fn when(context: &mut Context<'_>, when: &Located<When>, kind: &FaultSettings) -> When {
    if when.is_empty() {
        context.error(&when.span, "this says no condition".to_owned()).help =
            Some("expected `method`, `path`, `traffic`, `probe` or `header`; or leave `when` out".to_owned());
    }
    // What hides attempts acts before a request is read.
    if kind.contract().hides_attempts() {
        let message = format!("`{}` acts on connections, before there is a request to look at", kind.name());
        context.error(&when.span, message).help = Some("leave `when` out".to_owned());
    }
    if when.is_of_probes() && when.traffic.is_some() {
        context.error(&when.span, "health checks belong to no traffic class".to_owned()).help =
            Some("expected either `probe = true` or `traffic`".to_owned());
    }
    if let Some(traffic) = &when.traffic {
        let known = context.scenario.traffic.names();
        let name = Located { span: when.span.clone(), value: traffic.clone() };
        context.resolve("traffic class", "traffic classes", &name, &known);
    }
    if let Some(path) = when.path.as_ref().filter(|path| !path.starts_with(['/', '*'])) {
        context.error(&when.span, format!("`{path}` fits no path: a path begins with `/`")).help =
            Some(format!("did you mean `/{path}`?"));
    }
    when.value.clone()
}

/// The traffic classes whose requests meet the conditions, as far as method and path tell; `None` for all.
pub(super) fn classes(scenario: &Scenario, when: &When) -> Option<Vec<u16>> {
    if when.is_of_probes() {
        return Some(Vec::new());
    }
    if when.method.is_none() && when.path.is_none() && when.traffic.is_none() {
        return None;
    }
    let meets = |name: &str, request: &str| {
        let (method, path) = request.split_once(' ').unwrap_or((request, ""));
        let first = path.trim().replace("{n}", "0").replace("{uuid}", "00000000-0000-4000-8000-000000000000");
        // What an environment variable holds may fit anything.
        let is_known = !first.contains("{{env.");
        when.traffic.as_deref().is_none_or(|wanted| wanted == name)
            && (when.takes_target(method, &first)
                || !is_known && when.method.as_deref().is_none_or(|it| it == method))
    };
    let tables = scenario.traffic.0.iter().enumerate();
    let hit = tables.filter(|(_, (name, table))| meets(&name.value, &table.request.value));
    Some(hit.map(|(index, _)| index as u16).collect())
}

/// Says that no traffic class meets the conditions, unless something was said of them already.
pub(super) fn nobody(context: &mut Context<'_>, when: &Located<When>) {
    if context.is_blamed(&when.span) {
        return;
    }
    let requests: Vec<&str> =
        context.scenario.traffic.0.iter().map(|(_, table)| table.request.value.as_str()).collect();
    let help = match requests[..] {
        [only] => format!("the only request is `{only}`"),
        _ if requests.len() <= 9 => format!("the requests are {}", listed(requests)),
        _ => format!("{} traffic classes have other requests", requests.len()),
    };
    context.error(&when.span, "no traffic class has a request that this fault may hit").help = Some(help);
}

/// True if an injection of the scenario looks at the traffic class, so that requests have to say theirs.
pub(super) fn looks_at_traffic(scenario: &Scenario) -> bool {
    let injections = scenario.phase.iter().flat_map(|phase| &phase.inject);
    injections.into_iter().any(|inject| inject.own.when.as_ref().is_some_and(|when| when.traffic.is_some()))
}

/// The settings of a fault with its conditions, in the words of the file.
pub(super) fn described(injection: &Injection) -> String {
    let ramp = injection.ramp.as_ref().map(|ramp| format!(" ramp {}", inline(ramp))).unwrap_or_default();
    let flap = injection.flap.map(|flap| format!(" flap {}", inline(&flap))).unwrap_or_default();
    let group =
        injection.correlate.map(|how| format!(" correlate {}", group::described(how))).unwrap_or_default();
    let when = Some(&injection.when).filter(|when| !when.is_empty());
    let when = when.map(|when| format!(" when {}", inline(when))).unwrap_or_default();
    format!("{}{ramp}{flap}{group}{when}", settings(&injection.fault))
}
