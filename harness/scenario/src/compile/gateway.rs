//! The gateway and its policy, held against each other.

use std::net::SocketAddr;

use fake_backends::BackendSpec;
use gateways::{GatewaySettings, Unsupported, Upstream, Upstreams};
use policy::Policy;

use super::Context;
use crate::document::place;
use crate::plan::Plan;

/// The first port that stands for a free one wherever a configuration is only shown or checked.
const EXAMPLE_PORT: u16 = 9001;

/// Resolves `[gateway.KIND]` and `[policy]`.
pub(super) fn compile(context: &mut Context<'_>, backends: &[BackendSpec]) -> (GatewaySettings, Policy) {
    let settings = context.scenario.gateway.as_ref().map_or_else(reference, |table| table.kind.clone());
    let policy = context.scenario.policy.clone().unwrap_or_default();
    let problems = check_policy(context, &policy);
    let contract = settings.contract();
    if !contract.is_launched() {
        for (name, table) in &context.scenario.backend.0 {
            if table.listen.is_none() {
                let message = format!(
                    "backend `{}` has no fixed address, and gateway `{}` runs already",
                    name.value,
                    settings.name()
                );
                let noted = context.error(&name.span, message);
                noted.help = Some(
                    "add `listen = \"127.0.0.1:9001\"`, the address that the gateway forwards to".to_owned(),
                );
            }
        }
    }
    // A policy that makes no sense would only be reported again in the gateway's own words.
    if problems == 0 && !backends.is_empty() {
        let upstreams = listing(context, backends, &policy);
        for unsupported in contract.configuration(&upstreams).err().unwrap_or_default() {
            report(context, settings.name(), &unsupported);
        }
    }
    (settings, policy)
}

/// The gateway of a scenario that names none.
fn reference() -> GatewaySettings {
    toml::from_str("reference = {}").expect("the reference gateway has a default for every setting")
}

fn check_policy(context: &mut Context<'_>, policy: &Policy) -> usize {
    let problems = policy.problems();
    for (key, problem) in &problems {
        let span = place(context.text, key).unwrap_or(0..0);
        context.error(&span, format!("`{key}`: {problem}"));
    }
    problems.len()
}

fn report(context: &mut Context<'_>, gateway: &str, unsupported: &Unsupported) {
    let said = place(context.text, unsupported.key);
    let help = match said {
        Some(_) => "take it out of the scenario, or choose another gateway",
        None => "say it in the scenario, or choose another gateway",
    };
    let fallback = context.scenario.gateway.as_ref().map_or(0..0, |table| table.value.span.clone());
    let noted = context
        .error(&said.unwrap_or(fallback), format!("gateway `{gateway}` can't express `{}`", unsupported.key));
    noted.label = Some(unsupported.why.clone());
    noted.help = Some(help.to_owned());
}

fn listing(context: &Context<'_>, backends: &[BackendSpec], policy: &Policy) -> Upstreams {
    let tables = context.scenario.backend.0.iter();
    let weights = tables.map(|(_, table)| {
        (
            table.weight.as_ref().map_or(1, |weight| weight.value),
            table.priority.as_ref().map_or(0, |priority| priority.value),
        )
    });
    let backends = backends.iter().zip(weights).enumerate().map(|(index, (spec, (weight, priority)))| {
        Upstream { name: spec.name.clone(), address: example(spec.listen, index), weight, priority }
    });
    let (policy, base) = (policy.clone(), context.base.to_path_buf());
    Upstreams { backends: backends.collect(), policy, base, seed: context.scenario.seed }
}

fn example(listen: SocketAddr, index: usize) -> SocketAddr {
    match listen.port() {
        0 => SocketAddr::new(listen.ip(), EXAMPLE_PORT.saturating_add(index as u16)),
        _ => listen,
    }
}

/// What the gateway of a plan is told, with `addresses` for its backends.
pub(crate) fn upstreams(plan: &Plan, addresses: &[SocketAddr]) -> Upstreams {
    let backends = plan.brief.backends.iter().zip(addresses).map(|(backend, address)| Upstream {
        name: backend.name.clone(),
        address: *address,
        weight: backend.weight,
        priority: backend.priority,
    });
    Upstreams {
        backends: backends.collect(),
        policy: plan.policy.clone(),
        base: plan.base.clone(),
        seed: plan.seed,
    }
}

/// The configuration that the gateway of a plan would be started with, with example ports.
pub(crate) fn configuration(plan: &Plan) -> Option<String> {
    let addresses = plan.pool.backends.iter().enumerate().map(|(index, spec)| example(spec.listen, index));
    let addresses: Vec<SocketAddr> = addresses.collect();
    plan.gateway.contract().configuration(&upstreams(plan, &addresses)).ok().flatten()
}
