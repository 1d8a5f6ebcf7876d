//! Envoy's configuration for a policy that it can express: the backends, and what keeps some of them out.

use std::time::Duration;

use super::super::launched::{CONNECT, priorities};
use super::refuse::is_gateway_failure;
use crate::{Trust, Upstream, Upstreams};
use policy::{AllOut, Breaker, HealthCheck};

/// How often it is looked whether a backend may come back: an open time is kept as exactly as that.
const LOOK: &str = "0.05s";

/// Where an open time grows and nothing bounds it.
const GROWS_TO: Duration = Duration::from_hours(24);

pub(super) fn cluster(upstreams: &Upstreams) -> String {
    let policy = &upstreams.policy;
    let connect = seconds(policy.timeout.connect.map_or(CONNECT, Duration::from));
    // Below so many percent of healthy backends all get traffic: 0 is never, and 1 once none is left.
    let panic = match policy.breaker.as_ref().and_then(|breaker| breaker.all_out) {
        Some(AllOut::Panic) => "{value: 1}  # policy.breaker.all_out",
        Some(AllOut::Shed) | None => {
            "{value: 0}  # its own default sends traffic to backends that are out once half of them are"
        }
    };
    let (most, whence) = match &policy.limit {
        Some(limit) => (limit.in_flight, "  # policy.limit.in_flight is max_requests"),
        None => (1_000_000, ""),
    };
    let budget = policy.retry.as_ref().and_then(|retry| retry.budget);
    let retries = budget.map_or_else(
        || "max_retries: 1000000".into(),
        |budget| {
            format!(
                "retry_budget: {{budget_percent: {{value: {}}}, min_retry_concurrency: {}}}",
                budget.share.get() * 100.0,
                budget.min
            )
        },
    );
    let balancing = if policy.affinity.is_some() { "RING_HASH  # policy.affinity" } else { "ROUND_ROBIN" };
    format!(
        "  clusters:
  - name: pool
    type: STATIC
    connect_timeout: {connect}  # policy.timeout.connect
    lb_policy: {balancing}
    common_lb_config:
      healthy_panic_threshold: {panic}
      update_merge_window: 0s  # its own default lets an opened breaker leak for 1 s
    circuit_breakers:  # its own defaults drop retries and requests under load: 3 retries at a time, 1024 requests
      thresholds:
      - {{priority: DEFAULT, max_connections: 1000000, max_pending_requests: 1000000, max_requests: {most}, {retries}}}{whence}
{}{}{}{}",
        upstreams.all_over_tls().map_or_else(String::new, transport_socket),
        policy.breaker.as_ref().map_or_else(String::new, outlier_detection),
        policy.health_check.as_ref().map_or_else(String::new, health_check),
        endpoints(&upstreams.backends)
    )
}

/// TLS to the backends, whose certificate is checked.
fn transport_socket(trust: &Trust) -> String {
    let name = &trust.name;
    format!(
        "    transport_socket:  # backend.tls
      name: envoy.transport_sockets.tls
      typed_config:
        \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
        sni: {name}
        common_tls_context:
          validation_context:
            trusted_ca: {{filename: \"{{{{ca}}}}\"}}
            match_typed_subject_alt_names: [{{san_type: DNS, matcher: {{exact: {name}}}}}]
"
    )
}

/// The health checks. Without `retriable_statuses` a status would take a backend out at once, whatever the threshold.
fn health_check(check: &HealthCheck) -> String {
    let HealthCheck { path, every, fall, rise, .. } = check;
    let every = seconds(Duration::from(*every));
    format!(
        "    health_checks:
    - timeout: {}  # policy.health_check.within
      interval: {every}  # policy.health_check.every
      no_traffic_interval: {every}
      unhealthy_threshold: {fall}  # policy.health_check.fall
      healthy_threshold: {rise}  # policy.health_check.rise
      http_health_check:
        path: {path}  # policy.health_check.path
        expected_statuses: [{{start: 200, end: 400}}]
        retriable_statuses: [{{start: 400, end: 600}}]
",
        seconds(check.within().into())
    )
}

/// The breaker. Detectors that are not meant are switched off: most are on by themselves.
fn outlier_detection(breaker: &Breaker) -> String {
    let longest = if breaker.open_grows {
        breaker.open_max.map_or(GROWS_TO, Duration::from)
    } else {
        *breaker.open_for
    };
    let growth =
        if breaker.open_grows { "times the number of ejections" } else { "the second time as the first" };
    let out_max = breaker.out_max.map_or(100.0, |share| (share.get() * 100.0).round());
    format!(
        "    outlier_detection:
{}      enforcing_success_rate: 0
      base_ejection_time: {}  # policy.breaker.open_for, {growth}
      max_ejection_time: {}
      max_ejection_time_jitter: 0s
      max_ejection_percent: {out_max}
",
        detector(breaker),
        seconds(breaker.open_for.into()),
        seconds(longest)
    )
}

fn detector(breaker: &Breaker) -> String {
    let trip = breaker.trip;
    if let Some(share) = trip.share {
        return format!(
            "      enforcing_consecutive_5xx: 0
      enforcing_failure_percentage: 100
      failure_percentage_threshold: {}  # policy.breaker.trip.share
      failure_percentage_minimum_hosts: 0
      failure_percentage_request_volume: {}  # policy.breaker.trip.min
      interval: {}  # policy.breaker.trip.within, .tick
      enforcing_consecutive_gateway_failure: 0
",
            (share.get() * 100.0).round(),
            trip.min.unwrap_or(1),
            seconds(trip.within.map_or(Duration::from_secs(1), Duration::from))
        );
    }
    let (counted, other) = if is_gateway_failure(&breaker.fails) {
        ("consecutive_gateway_failure", "consecutive_5xx")
    } else {
        ("consecutive_5xx", "consecutive_gateway_failure")
    };
    let interval = match breaker.tick {
        Some(tick) => format!("{}  # policy.breaker.tick", seconds(tick.into())),
        None => LOOK.into(),
    };
    format!(
        "      {counted}: {}  # policy.breaker.trip.consecutive
      enforcing_{counted}: 100
      enforcing_failure_percentage: 0
      interval: {interval}
      enforcing_{other}: 0
",
        trip.consecutive.unwrap_or(1)
    )
}

fn endpoints(backends: &[Upstream]) -> String {
    let mut text = String::from(
        "    load_assignment:
      cluster_name: pool
      policy: {overprovisioning_factor: 100000}  # a group keeps all of the traffic as long as one of it is in
      endpoints:
",
    );
    // Envoy wants its priorities without gaps.
    for (level, priority) in priorities(backends).into_iter().enumerate() {
        let group = backends.iter().filter(|backend| backend.priority == priority);
        text.extend([format!("      - priority: {level}\n        lb_endpoints:\n")]);
        text.extend(group.map(endpoint));
    }
    text
}

fn endpoint(backend: &Upstream) -> String {
    let (host, port) = (backend.address.ip(), backend.address.port());
    let address = format!("{{socket_address: {{address: \"{host}\", port_value: {port}}}}}");
    format!(
        "        - endpoint: {{address: {address}}}  # {}
          load_balancing_weight: {}
",
        backend.name, backend.weight
    )
}

/// Seconds with up to nine digits: the only unit that Envoy's files know.
pub(super) fn seconds(length: Duration) -> String {
    format!("{}s", length.as_secs_f64())
}
