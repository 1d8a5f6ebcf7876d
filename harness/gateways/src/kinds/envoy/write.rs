//! Envoy's configuration for a policy that it can express: the listener and its routes.

use std::time::Duration;

use super::super::launched::{Machine, NONCE, READY_PATH, attempts, priorities, requests};
use super::cluster::{self, seconds};
use crate::Upstreams;
use policy::{Affinity, AffinityBy, Backoff, Policy, Retry, RetryOn};

/// "No wait" as near as Envoy comes to it: less is counted as 1 ms.
const NO_WAIT: Duration = Duration::from_millis(1);

pub(super) fn configuration(upstreams: &Upstreams, _: &Machine) -> String {
    format!(
        "# Made by brownout from the scenario's [policy] and backends. A line says which key it comes from.
{}{}{}",
        listener(),
        routes(upstreams),
        cluster::cluster(upstreams)
    )
}

fn listener() -> &'static str {
    "admin:
  address: {socket_address: {address: 127.0.0.1, port_value: 0}}
static_resources:
  listeners:
  - name: in
    enable_reuse_port: false  # a port that is taken is an error, and not shared with whoever has it
    address: {socket_address: {address: \"{{listen.host}}\", port_value: {{listen.port}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          codec_type: HTTP1
          generate_request_id: false
          stream_idle_timeout: 0s
          delayed_close_timeout: 0.05s  # its own default holds back the end of a body that was cut off for 1 s
          server_header_transformation: PASS_THROUGH
          access_log:
          - name: envoy.access_loggers.stdout
            filter: {response_flag_filter: {}}  # only what failed or was tried again
            typed_config:
              \"@type\": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              suppress_envoy_headers: true
"
}

fn routes(upstreams: &Upstreams) -> String {
    let policy = &upstreams.policy;
    let total = match policy.timeout.total {
        Some(total) => format!("timeout: {}  # policy.timeout.total", seconds(total.into())),
        None => "timeout: 0s  # no policy.timeout.total; its own default is 15 s".into(),
    };
    let hashed = policy.affinity.as_ref().map_or_else(String::new, hashed);
    let retried = policy.retry.as_ref().filter(|_| attempts(policy) > 1).map_or_else(String::new, |retry| {
        format!(
            "              - match:
                  prefix: /
                  headers:  # policy.retry.methods
                  - {{name: \":method\", string_match: {{safe_regex: {{regex: \"{}\"}}}}}}
                route:
                  cluster: pool
                  {total}
{hashed}{}",
            retry.methods.join("|"),
            retry_policy(retry, upstreams)
        )
    });
    let per_try = policy.timeout.per_try.map_or_else(String::new, |per_try| {
        format!(
            "                  # Nothing is retried here: the per-try timer is to be had as a part of this only.
                  retry_policy: {{retry_on: \"\", num_retries: 0, per_try_timeout: {}}}  # policy.timeout.per_try
",
            seconds(per_try.into())
        )
    });
    format!(
        "          route_config:
            virtual_hosts:
            - name: all
              domains: [\"*\"]
{}              routes:
              - match: {{path: {READY_PATH}}}
                direct_response: {{status: 200, body: {{inline_string: \"{NONCE}\"}}}}
{retried}              - match: {{prefix: /}}
                route:
                  cluster: pool
                  {total}
{hashed}{per_try}",
        headers(upstreams)
    )
}

/// The rules for headers of requests. They are applied once, and each attempt is sent what came of it. `%ENVIRONMENT%` reads a
/// variable.
fn headers(upstreams: &Upstreams) -> String {
    let add = |name: &str, value: &str, action: &str, key: &str| {
        let value = requests::written(value, |variable| format!("%ENVIRONMENT({variable})%"));
        format!(
            "              - {{header: {{key: \"{name}\", value: \"{value}\"}}, append_action: {action}}}  # {key}\n"
        )
    };
    let set = requests::set(upstreams)
        .into_iter()
        .map(|(name, value, key)| add(name, value, "OVERWRITE_IF_EXISTS_OR_ADD", key));
    let append = requests::append(upstreams)
        .map(|(name, value)| add(name, value, "APPEND_IF_EXISTS_OR_ADD", "policy.request_headers.append"));
    let mut text: String = set.chain(append).collect();
    if !text.is_empty() {
        text.insert_str(0, "              request_headers_to_add:\n");
    }
    let remove: Vec<String> = requests::remove(upstreams).map(|name| format!("\"{name}\"")).collect();
    if !remove.is_empty() {
        let names = remove.join(", ");
        text +=
            &["              request_headers_to_remove: [", &names, "]  # policy.request_headers.remove\n"]
                .concat();
    }
    text
}

/// What a request's place on the ring is made of.
fn hashed(affinity: &Affinity) -> String {
    let by = match &affinity.by {
        AffinityBy::Header(name) => format!("header: {{header_name: \"{name}\"}}"),
        AffinityBy::Path => "header: {header_name: \":path\"}".into(),
        AffinityBy::Cookie(name) => format!("cookie: {{name: \"{name}\"}}"),
        AffinityBy::Connection => return String::new(),
    };
    format!("                  hash_policy: [{{{by}}}]  # policy.affinity\n")
}

fn retry_policy(retry: &Retry, upstreams: &Upstreams) -> String {
    let policy = &upstreams.policy;
    let statuses: Vec<String> = retry.on.iter().copied().filter_map(status).collect();
    let mut text = format!(
        "                  retry_policy:
                    retry_on: \"{}\"  # policy.retry.on
",
        conditions(retry, policy).join(",")
    );
    let mut line = |words: String| text.extend(["                    ", &words, "\n"]);
    if !statuses.is_empty() {
        line(format!("retriable_status_codes: [{}]", statuses.join(", ")));
    }
    line(format!("num_retries: {}  # policy.retry.attempts, less the first one", retry.attempts - 1));
    if let Some(per_try) = policy.timeout.per_try {
        line(format!("per_try_timeout: {}  # policy.timeout.per_try", seconds(per_try.into())));
    }
    line(backoff(retry));
    if retry.retry_after.is_some() {
        // Seconds only, and up to half as long again; the longest that it takes is a day here, and 300 s without it.
        line("rate_limited_retry_back_off:  # policy.retry.retry_after".into());
        line("  reset_headers: [{name: retry-after, format: SECONDS}]".into());
        line("  max_interval: 86400s".into());
    }
    if retry.other_backend {
        line("retry_host_predicate:  # policy.retry.other_backend".into());
        line("- name: envoy.retry_host_predicates.previous_hosts".into());
        line("  typed_config: {\"@type\": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate}".into());
        line("host_selection_retry_max_attempts: 100".into());
    }
    let groups = priorities(&upstreams.backends);
    if groups.len() > 1 {
        let primaries = upstreams.backends.iter().filter(|backend| backend.priority == groups[0]).count();
        line("retry_priority:  # once a request has failed at every primary, the next group is tried".into());
        line("  name: envoy.retry_priorities.previous_priorities".into());
        line(format!(
            "  typed_config: {{\"@type\": type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig, update_frequency: {primaries}}}"
        ));
    }
    text
}

fn status(on: RetryOn) -> Option<String> {
    match on {
        RetryOn::Status(code) => Some(code.to_string()),
        _ => None,
    }
}

/// Envoy's words for the conditions; a timeout comes under `reset`.
fn conditions(retry: &Retry, policy: &Policy) -> Vec<&'static str> {
    let mut words = Vec::new();
    let on = |condition| retry.on.contains(&condition);
    if on(RetryOn::ConnectFailure) {
        words.push("connect-failure");
    }
    if on(RetryOn::Reset) || (on(RetryOn::Timeout) && policy.timeout.per_try.is_some()) {
        words.push("reset");
    }
    if retry.on.iter().any(|on| status(*on).is_some()) {
        words.push("retriable-status-codes");
    }
    words
}

fn backoff(retry: &Retry) -> String {
    let (base, max, from) = match &retry.backoff {
        None => (NO_WAIT, NO_WAIT, "no policy.retry.backoff: as short as it goes"),
        Some(backoff) => {
            let base = backoff.base.into();
            (base, longest(backoff, retry.attempts).max(base), "policy.retry.backoff")
        }
    };
    format!("retry_back_off: {{base_interval: {}, max_interval: {}}}  # {from}", seconds(base), seconds(max))
}

/// The longest wait. Where the policy names none it is the last one: Envoy's own bound of ten times the base would be
/// met before it.
fn longest(backoff: &Backoff, attempts: u16) -> Duration {
    let doublings = u32::from(attempts.saturating_sub(2)).min(30);
    let last = Duration::from(backoff.base).saturating_mul(1 << doublings);
    backoff.max.map_or(last, Duration::from)
}
