//! The gateway and its policy, held against each other.

use std::net::SocketAddr;

use fake_backends::BackendSpec;
use gateways::{GatewaySettings, Trust, Unsupported, Upstream, Upstreams};
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
    if !contract.is_launched() {
        warn_of_authority(context, settings.name());
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

/// Backends over TLS show certificates that a gateway which runs already has no means to check.
fn warn_of_authority(context: &mut Context<'_>, gateway: &str) {
    let tables = &context.scenario.backend.0;
    let speaks = |table| context.scenario.tls_of(table).is_some();
    let Some((name, _)) = tables.iter().find(|(_, table)| speaks(table)) else { return };
    let message = format!(
        "backend `{}` shows a certificate of an authority that each run makes anew, and gateway `{gateway}` runs already",
        name.value
    );
    context.warning(&name.span, message).help = Some(
        "tell the gateway not to check the backends' certificates, or have brownout start it".to_owned(),
    );
}

fn check_policy(context: &mut Context<'_>, policy: &Policy) -> usize {
    let problems = policy.problems();
    for (key, problem) in &problems {
        let span = place(context.text, key).unwrap_or(0..0);
        context.error(&span, format!("`{key}`: {problem}"));
    }
    let known: Vec<&str> = context.scenario.backend.0.iter().map(|(name, _)| name.value.as_str()).collect();
    let strange = policy.credentials.keys().find(|name| !known.contains(&name.as_str()));
    let strange = strange
        .map(|name| (name.escape_debug().to_string(), format!("expected one of {}", known.join(", "))));
    let stray = usize::from(strange.is_some());
    if let Some((name, expected)) = strange {
        let span = place(context.text, "policy.credentials").unwrap_or(0..0);
        context.error(&span, format!("`policy.credentials`: there is no backend `{name}`")).help =
            Some(expected);
    }
    problems.len() + stray
}

fn report(context: &mut Context<'_>, gateway: &str, unsupported: &Unsupported) {
    let said = place(context.text, unsupported.key);
    let help = match said {
        Some(_) => "take it out of the scenario, or choose another gateway",
        None => "say it in the scenario, or choose another gateway",
    };
    let fallback = context.scenario.gateway.as_ref().map_or(0..0, |table| table.value.span.clone());
    // A key of the gateway's own table asks for nothing that another gateway could do.
    let is_own = unsupported.key.starts_with("gateway.");
    let message = if is_own {
        format!("`{}` can't be used", unsupported.key)
    } else {
        format!("gateway `{gateway}` can't express `{}`", unsupported.key)
    };
    let noted = context.error(&said.unwrap_or(fallback), message);
    noted.label = Some(unsupported.why.clone());
    noted.help = (!is_own).then(|| help.to_owned());
}

pub(super) fn listing(context: &Context<'_>, backends: &[BackendSpec], policy: &Policy) -> Upstreams {
    let tables = context.scenario.backend.0.iter();
    let weights = tables.map(|(_, table)| {
        (
            table.weight.as_ref().map_or(1, |weight| weight.value),
            table.priority.as_ref().map_or(0, |priority| priority.value),
        )
    });
    let trust = trust(backends);
    let backends = backends.iter().zip(weights).enumerate().map(|(index, (spec, (weight, priority)))| {
        let (name, tls) = (spec.name.clone(), spec.tls.is_some());
        Upstream { name, address: example(spec.listen, index), weight, priority, tls }
    });
    let (policy, base) = (policy.clone(), context.base.to_path_buf());
    Upstreams { backends: backends.collect(), policy, trust, base, seed: context.scenario.seed }
}

/// What is to be trusted, but for the authority, which there is only in a run.
fn trust(backends: &[BackendSpec]) -> Option<Trust> {
    let any = backends.iter().any(|backend| backend.tls.is_some());
    any.then(|| Trust { name: fake_backends::TLS_NAME.to_owned(), authority: String::new() })
}

fn example(listen: SocketAddr, index: usize) -> SocketAddr {
    match listen.port() {
        0 => SocketAddr::new(listen.ip(), EXAMPLE_PORT.saturating_add(index as u16)),
        _ => listen,
    }
}

/// What the gateway of a plan is told, with `addresses` for its backends.
pub(crate) fn upstreams(plan: &Plan, addresses: &[SocketAddr]) -> Upstreams {
    let named = plan.pool.backends.iter().zip(&plan.brief.backends).zip(addresses);
    let backends = named.map(|((spec, backend), address)| Upstream {
        name: backend.name.clone(),
        address: *address,
        weight: backend.weight,
        priority: backend.priority,
        tls: spec.tls.is_some(),
    });
    Upstreams {
        backends: backends.collect(),
        policy: plan.policy.clone(),
        trust: trust(&plan.pool.backends),
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
