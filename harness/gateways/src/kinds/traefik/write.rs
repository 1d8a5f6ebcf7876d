//! Traefik's dynamic configuration for a policy that it can express.

use std::fmt::Write;
use std::time::Duration;

use super::super::launched::{CONNECT, NONCE, READY_PATH, attempts, requests};
use crate::Upstreams;
use crate::ready::NONCE_HEADER;
use policy::{Breaker, HealthCheck, Policy, Retry, RetryOn};

/// The methods that Traefik holds to be not idempotent, and tries again only when told so.
const NON_IDEMPOTENT: [&str; 3] = ["POST", "LOCK", "PATCH"];

pub(super) fn configuration(upstreams: &Upstreams) -> String {
    let policy = &upstreams.policy;
    let retry = policy.retry.as_ref().filter(|_| attempts(policy) > 1);
    let rules = headers(upstreams);
    format!(
        "# Made by brownout from the scenario's [policy] and backends. A line says which key it comes from.
http:
  routers:
    ready:                              # tells this gateway from an older one on the same port
      rule: \"Path(`{READY_PATH}`)\"
      priority: 3
      middlewares: [nonce]
      service: noop@internal
{}    all:
      rule: \"PathPrefix(`/`)\"
      priority: 1
{}      service: pool
  middlewares:
    nonce:
      headers:
        customResponseHeaders:
          {NONCE_HEADER}: \"{NONCE}\"
{}{}  services:
    pool:
      loadBalancer:
        serversTransport: backends
{}{}        servers:
{}  serversTransports:
    backends:
{}",
        retry.map(|retry| router(retry, !rules.is_empty())).unwrap_or_default(),
        if rules.is_empty() { "" } else { "      middlewares: [headers]\n" },
        retry.map(|retry| middleware(retry, policy)).unwrap_or_default(),
        rules,
        policy.breaker.as_ref().map(passive).unwrap_or_default(),
        policy.health_check.as_ref().map(active).unwrap_or_default(),
        servers(upstreams),
        transport(upstreams),
    )
}

/// The rules for headers of requests; an empty value removes one. They are applied once, before the first attempt. The file is a
/// template of Traefik's, by which a variable is read when it is loaded.
fn headers(upstreams: &Upstreams) -> String {
    let value =
        |text| requests::written(text, |name| format!("{{{{ env \"{name}\" | replace \"'\" \"''\" }}}}"));
    let set = requests::set(upstreams)
        .into_iter()
        .map(|(name, text, key)| format!("          \"{name}\": '{}'  # {key}\n", value(text)));
    let remove = requests::remove(upstreams)
        .map(|name| format!("          \"{name}\": ''  # policy.request_headers.remove\n"));
    let lines: String = set.chain(remove).collect();
    if lines.is_empty() {
        return lines;
    }
    format!("    headers:\n      headers:\n        customRequestHeaders:\n{lines}")
}

fn router(retry: &Retry, has_rules: bool) -> String {
    let methods: Vec<String> = retry.methods.iter().map(|method| format!("Method(`{method}`)")).collect();
    format!(
        "    again:
      rule: \"{}\"  # policy.retry.methods
      priority: 2
      middlewares: [{}retry]
      service: pool
",
        methods.join(" || "),
        if has_rules { "headers, " } else { "" }
    )
}

fn middleware(retry: &Retry, policy: &Policy) -> String {
    let mut text = format!(
        "    retry:\n      retry:\n        attempts: {}  # policy.retry.attempts: the first one counts\n",
        attempts(policy)
    );
    let statuses: Vec<String> = retry
        .on
        .iter()
        .filter_map(|on| match on {
            RetryOn::Status(code) => Some(format!("\"{code}\"")),
            _ => None,
        })
        .collect();
    if !statuses.is_empty() {
        let _ = writeln!(text, "        status: [{}]  # policy.retry.on", statuses.join(", "));
    }
    if !retry.on.contains(&RetryOn::ConnectFailure) {
        text.push_str(
            "        disableRetryOnNetworkError: true  # policy.retry.on has no \"connect-failure\"\n",
        );
    }
    if retry.methods.iter().any(|method| NON_IDEMPOTENT.contains(&method.as_str())) {
        text.push_str("        retryNonIdempotentMethod: true  # policy.retry.methods\n");
    }
    text
}

fn passive(breaker: &Breaker) -> String {
    let failures = breaker.trip.consecutive.unwrap_or(1);
    format!(
        "        passiveHealthCheck:
          maxFailedAttempts: {failures}  # policy.breaker.trip: so many in a row
          failureWindow: {}  # policy.breaker.open_for, within which they have to come as well
",
        millis(breaker.open_for.into())
    )
}

fn active(check: &HealthCheck) -> String {
    format!(
        "        healthCheck:
          path: {}  # policy.health_check.path
          interval: {}  # policy.health_check.every
          timeout: {}  # policy.health_check.within
",
        check.path,
        millis(check.every.into()),
        millis(check.within().into())
    )
}

fn servers(upstreams: &Upstreams) -> String {
    let line = |backend: &crate::Upstream| {
        let scheme = if backend.tls { "https" } else { "http" };
        let (address, weight) = (backend.address, backend.weight);
        format!("          - url: \"{scheme}://{address}\"\n            weight: {weight}\n")
    };
    upstreams.backends.iter().map(line).collect()
}

fn transport(upstreams: &Upstreams) -> String {
    let timeout = &upstreams.policy.timeout;
    let connect = millis(timeout.connect.map_or(CONNECT, Duration::from));
    let mut text = format!(
        "      maxIdleConnsPerHost: -1           # on a connection that is used again, Go repeats reads that nobody counts
      disableHTTP2: true
      forwardingTimeouts:
        dialTimeout: {connect}  # policy.timeout.connect
"
    );
    if let Some(per_try) = timeout.per_try {
        let _ = writeln!(
            text,
            "        responseHeaderTimeout: {}  # policy.timeout.per_try",
            millis(per_try.into())
        );
    }
    if timeout.total.is_some() {
        text.push_str(
            "      # policy.timeout.total needs nothing: all attempts together can't take that long.\n",
        );
    }
    if let Some(trust) = upstreams.all_over_tls() {
        let _ = writeln!(text, "      serverName: \"{}\"\n      rootCAs: [\"{{{{ca}}}}\"]", trust.name);
    }
    text
}

fn millis(length: Duration) -> String {
    format!("{}ms", length.as_millis())
}
