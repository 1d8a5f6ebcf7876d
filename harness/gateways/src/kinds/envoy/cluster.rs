//! Envoy's configuration for a policy that it can express: the backends, and what keeps some of them out.

use std::time::Duration;

use super::super::launched::{CONNECT, priorities};
use super::write::seconds;
use crate::{Upstream, Upstreams};
use policy::Breaker;

/// How often it is looked whether a backend may come back: an open time is kept as exactly as that.
const LOOK: &str = "0.05s";

pub(super) fn cluster(upstreams: &Upstreams) -> String {
    let policy = &upstreams.policy;
    let connect = seconds(policy.timeout.connect.map_or(CONNECT, Duration::from));
    format!(
        "  clusters:
  - name: pool
    type: STATIC
    connect_timeout: {connect}  # policy.timeout.connect
    lb_policy: ROUND_ROBIN
    common_lb_config:
      healthy_panic_threshold: {{value: 0}}  # its own default sends traffic to backends that are out once half of them are
      update_merge_window: 0s  # its own default lets an opened breaker leak for 1 s
    circuit_breakers:  # its own defaults drop retries and requests under load: 3 retries at a time, 1024 requests
      thresholds:
      - {{priority: DEFAULT, max_connections: 1000000, max_pending_requests: 1000000, max_requests: 1000000, max_retries: 1000000}}
{}{}",
        policy.breaker.as_ref().map_or_else(String::new, outlier_detection),
        endpoints(&upstreams.backends)
    )
}

/// The breaker. Detectors that are not meant are switched off: most are on by themselves.
fn outlier_detection(breaker: &Breaker) -> String {
    let trip = breaker.trip;
    let open_for = seconds(breaker.open_for.into());
    let detector = match trip.share {
        None => format!(
            "      consecutive_5xx: {}  # policy.breaker.trip.consecutive
      enforcing_consecutive_5xx: 100
      enforcing_failure_percentage: 0
      interval: {LOOK}
",
            trip.consecutive.unwrap_or(1)
        ),
        Some(share) => format!(
            "      enforcing_consecutive_5xx: 0
      enforcing_failure_percentage: 100
      failure_percentage_threshold: {}  # policy.breaker.trip.share
      failure_percentage_minimum_hosts: 0
      failure_percentage_request_volume: {}  # policy.breaker.trip.min
      interval: {}  # policy.breaker.trip.within
",
            (share.get() * 100.0).round(),
            trip.min.unwrap_or(1),
            seconds(trip.within.map_or(Duration::from_secs(1), Duration::from))
        ),
    };
    format!(
        "    outlier_detection:
{detector}      enforcing_consecutive_gateway_failure: 0
      enforcing_success_rate: 0
      base_ejection_time: {open_for}  # policy.breaker.open_for, the second time as the first
      max_ejection_time: {open_for}
      max_ejection_time_jitter: 0s
      max_ejection_percent: 100
"
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
