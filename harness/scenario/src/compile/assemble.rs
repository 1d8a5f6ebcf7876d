//! Puts the parts that the topics resolved together into a plan.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use driver::{Abort, AbortBy, Class, DriverSpec, Mix};
use evidence::{RecordedHeaders, RunNonce};
use fake_backends::{BackendSpec, Injection, PoolSpec};
use gateways::{ActionSettings, GatewaySettings};
use judge::Demand;
use measure::brief::{
    About, ActionBrief, BackendBrief, Brief, InjectionBrief, LeavingBrief, MetricsBrief, PhaseBrief,
    TrafficBrief,
};
use policy::Policy;

use super::{
    Context, access_log, actions, backends, demands, faults, gateway, limits, load, metrics, mix, phases,
    record, sizes, traffic, vacuous,
};
use crate::diagnostic::Diagnostic;
use crate::document::Lines;
use crate::document::lines_under;
use crate::file::{Located, Scenario};
use crate::plan::Plan;

/// The `host` header of every request. The domain is reserved for tests (RFC 2606, section 2).
const HOST: &str = "brownout.test";

/// How long after the last deadline a run waits for what is still under way.
const GRACE: Duration = Duration::from_secs(1);

/// What the topics resolved.
struct Parts {
    backends: Vec<BackendSpec>,
    phases: Vec<PhaseBrief>,
    classes: Vec<Class>,
    mixes: Vec<Mix>,
    threads: usize,
    injections: Vec<Injection>,
    injection_briefs: Vec<InjectionBrief>,
    actions: Vec<ActionSettings>,
    action_briefs: Vec<ActionBrief>,
    demands: Vec<Demand>,
    /// The place of each demand in the file.
    spans: Vec<Range<usize>>,
    record: Option<RecordedHeaders>,
    metrics: Option<MetricsBrief>,
    gateway: GatewaySettings,
    policy: Policy,
}

/// Resolves a scenario. The plan is there if nothing is an error.
pub(crate) fn compile(scenario: &Scenario, text: &str, base: &Path) -> (Option<Plan>, Vec<Diagnostic>) {
    let lines = Lines::of(text);
    let mut context = Context { scenario, text, lines: &lines, base, wrong: Vec::new() };
    if !sizes::check(&mut context) {
        return (None, context.wrong);
    }
    let parts = resolve(&mut context);
    if context.has_failed() {
        return (None, context.wrong);
    }
    let spans = parts.spans.clone();
    let plan = assemble(scenario, text, base, parts);
    vacuous::check(&mut context, &plan.brief, &plan.demands, &spans);
    ((!context.has_failed()).then_some(plan), context.wrong)
}

fn resolve(context: &mut Context<'_>) -> Parts {
    check_title(context);
    let limits_sound = limits::check(context);
    let backends = backends::compile(context);
    let phases = phases::compile(context);
    let mixes = mix::compile(context, &phases);
    let classes = traffic::compile(context, &phases, &mixes);
    let threads = if limits_sound { load::check(context, &classes, &phases) } else { 1 };
    let (injections, injection_briefs) = faults::compile(context, &phases);
    let (demands, spans) = demands::compile(context, &phases, &injection_briefs, &classes);
    let record = record::compile(context, &backends, &classes, &demands, &spans);
    let (gateway, policy) = gateway::compile(context, &backends);
    let metrics = metrics::compile(context, &gateway, &demands, &spans);
    access_log::check(context, &gateway, &demands, &spans);
    let (actions, action_briefs) =
        actions::compile(context, &phases, &gateway, &gateway::listing(context, &backends, &policy));
    Parts {
        backends,
        phases,
        classes,
        mixes: mixes.all,
        threads,
        injections,
        injection_briefs,
        actions,
        action_briefs,
        demands,
        spans,
        record,
        metrics,
        gateway,
        policy,
    }
}

fn assemble(scenario: &Scenario, text: &str, base: &Path, parts: Parts) -> Plan {
    let (seed, limits, nonce) = (scenario.seed, scenario.limits, nonce_of(scenario.seed));
    let length =
        parts.phases.last().map(|phase| phase.during.to.since(units::Moment::EPOCH)).unwrap_or_default();
    let longest = parts.classes.iter().map(|class| class.deadline).max().unwrap_or_default();
    let mut driver = DriverSpec {
        target: backends::ANY_PORT,
        further_targets: Vec::new(),
        host: HOST.to_owned(),
        classes: parts.classes,
        mixes: parts.mixes,
        seed,
        nonce,
        connections_max: limits.connections,
        in_flight_max: limits.in_flight,
        response_body_max: limits.body,
        exchanges_max: limits.exchanges,
        threads: parts.threads,
        record: parts.record.clone(),
        backends: Vec::new(),
    };
    let brief = Brief {
        about: about(scenario),
        traffic: traffic_briefs(&driver, &parts.phases),
        phases: parts.phases,
        backends: backend_briefs(scenario),
        injections: parts.injection_briefs,
        actions: parts.action_briefs,
        policy: parts.policy.clone(),
        declared_hashes: BTreeMap::new(),
        policy_lines: lines_under(text, "policy"),
        metrics: parts.metrics,
        headers: parts.record.iter().flat_map(|record| record.headers.clone()).collect(),
    };
    let pool = PoolSpec {
        backends: parts.backends,
        injections: parts.injections,
        seed,
        nonce,
        exchanges_max: bound_exchanges(&mut driver),
        connections_max: limits.backend_connections,
        request_body_max: limits.body,
        record: parts.record,
    };
    let (name, base) = (scenario.name.value.clone(), base.to_path_buf());
    let (gateway, policy, grace) = (parts.gateway, parts.policy, longest + GRACE);
    let (demands, actions) = (parts.demands, parts.actions);
    Plan { name, seed, gateway, policy, pool, actions, driver, brief, demands, length, grace, base, limits }
}

/// The exchanges of a plan: those of the schedule, and what it leaves of the limit to closed-loop classes.
fn bound_exchanges(driver: &mut DriverSpec) -> u64 {
    let scheduled = driver::scheduled(driver);
    driver.exchanges_max = driver.exchanges_max.saturating_sub(scheduled);
    let closed = driver.classes.iter().any(|class| matches!(class.mode, driver::Mode::Closed { .. }));
    if closed { scheduled + driver.exchanges_max } else { scheduled }
}

fn check_title(context: &mut Context<'_>) {
    let name = &context.scenario.name;
    if name.trim().is_empty() || name.len() > 120 || name.chars().any(char::is_control) {
        context.error(&name.span, "the scenario's name must be one line of 1 to 120 bytes");
    }
}

fn about(scenario: &Scenario) -> About {
    About {
        name: scenario.name.value.clone(),
        why: scenario.why.clone(),
        owner: scenario.owner.clone(),
        rollback: scenario.rollback.clone(),
    }
}

fn traffic_briefs(driver: &DriverSpec, phases: &[PhaseBrief]) -> Vec<TrafficBrief> {
    let stretches: Vec<_> = phases.iter().map(|phase| phase.during).collect();
    let planned = driver::counts(driver, &stretches);
    driver.classes.iter().zip(planned).map(|(class, planned)| traffic_brief(class, planned)).collect()
}

fn traffic_brief(class: &Class, planned: Vec<u64>) -> TrafficBrief {
    let is_poisson = |segment: &driver::Segment| segment.arrivals == driver::Arrivals::Poisson;
    let (open_loop, poisson) = match &class.mode {
        driver::Mode::Open(segments) => (true, segments.iter().any(is_poisson)),
        // Those of a trace may come as close to each other as any.
        driver::Mode::Trace(_) => (true, true),
        driver::Mode::Closed { .. } => (false, false),
    };
    TrafficBrief {
        name: class.name.clone(),
        method: evidence::Method::parse(&class.method),
        request: format!("{} {}", class.method, class.path),
        open_loop,
        poisson,
        planned: open_loop.then_some(planned),
        deadline: units::Timespan(class.deadline),
        body: class.body.as_ref().map_or(0, driver::Body::size),
        leaving: class.trouble.abort.and_then(leaving),
        headers: class.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect(),
        keys: class.keys,
    }
}

/// Who half closes waits for the answer, and when so many bytes have come depends on the gateway.
fn leaving(abort: Abort) -> Option<LeavingBrief> {
    let after = abort.after.filter(|_| abort.by != AbortBy::HalfClose)?;
    Some(LeavingBrief { after, share: abort.share })
}

fn backend_briefs(scenario: &Scenario) -> Vec<BackendBrief> {
    let brief = |(name, table): &(Located<String>, crate::file::BackendTable)| BackendBrief {
        name: name.value.clone(),
        weight: table.weight.as_ref().map_or(1, |weight| weight.value),
        priority: table.priority.as_ref().map_or(0, |priority| priority.value),
        address: None,
        headers: table.headers.names().iter().map(|name| name.to_ascii_lowercase()).collect(),
        off_loopback: table.listen.as_ref().is_some_and(|listen| {
            listen.parse().is_ok_and(|address| fake_backends::is_off_loopback(&address))
        }),
    };
    scenario.backend.0.iter().map(brief).collect()
}

/// A nonce that depends on the seed alone, so that a plan is the same every time. A real run chooses its own.
fn nonce_of(seed: u64) -> RunNonce {
    // The finalizer of SplitMix64 (Steele, Lea, Flood 2014), so that neighbouring seeds have unlike nonces.
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    RunNonce(mixed ^ (mixed >> 31))
}
