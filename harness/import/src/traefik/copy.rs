//! A copy of what was understood, with which Traefik can be started in a run.
//!
//! It is written anew from what was understood, so that nothing in it reaches a file, a program or another host. The addresses of the
//! servers are placeholders; where to listen is told by arguments.

use std::fmt::Write;

use policy::{Policy, RequestHeaders, Retry, RetryOn};
use units::Timespan;

use crate::import::{Member, OwnFile};
use crate::write::of_members;

/// The copy: one router, its middlewares, one service with its transport.
pub(super) fn file(policy: &Policy, members: &[Member], keeps_connections: bool) -> OwnFile {
    let retry = policy.retry.as_ref();
    let mut text = String::from(
        "# Made by `brownout import`: the settings that were understood, with the addresses of a run in place of yours.\n\
         # What was left out is told in `import.json`.\nhttp:\n  routers:\n    all:\n      rule: \"PathPrefix(`/`)\"\n      service: pool\n",
    );
    let limit = policy.limit.as_ref();
    let rules = policy.request_headers.as_ref();
    let names = [rules.map(|_| "headers"), limit.map(|_| "limit"), retry.map(|_| "retry")];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    if !names.is_empty() {
        let _ = writeln!(text, "      middlewares: [{}]\n  middlewares:", names.join(", "));
    }
    if let Some(rules) = rules {
        headers(rules, &mut text);
    }
    if let Some(limit) = limit {
        let _ = writeln!(text, "    limit:\n      inFlightReq:\n        amount: {}", limit.in_flight);
        text.push_str("        sourceCriterion:\n          requestHost: true\n");
    }
    if let Some(retry) = retry {
        again(retry, &mut text);
    }
    text.push_str("  services:\n    pool:\n      loadBalancer:\n        serversTransport: servers\n");
    if let Some(breaker) = &policy.breaker {
        let _ = writeln!(
            text,
            "        passiveHealthCheck:\n          maxFailedAttempts: {}\n          failureWindow: {}",
            breaker.trip.consecutive.unwrap_or(1),
            millis(breaker.open_for)
        );
    }
    if let Some(check) = &policy.health_check {
        let _ = writeln!(
            text,
            "        healthCheck:\n          path: {}\n          interval: {}\n          timeout: {}",
            check.path,
            millis(check.every),
            millis(check.within())
        );
    }
    text.push_str("        servers:\n");
    for (member, name) in members.iter().zip(of_members(members)) {
        let _ = writeln!(
            text,
            "          - url: \"http://{{{{backend.{name}.address}}}}\"\n            weight: {}",
            member.weight
        );
    }
    text.push_str("  serversTransports:\n    servers:\n      disableHTTP2: true\n");
    if !keeps_connections {
        text.push_str("      maxIdleConnsPerHost: -1\n");
    }
    text.push_str("      forwardingTimeouts:\n");
    let timers = [("dialTimeout", policy.timeout.connect), ("responseHeaderTimeout", policy.timeout.per_try)];
    for (key, length) in timers {
        if let Some(length) = length {
            let _ = writeln!(text, "        {key}: {}", millis(length));
        }
    }
    OwnFile { kind: "traefik", ending: "yaml", text }
}

/// The middleware that sets headers, and takes those out that it sets to nothing.
fn headers(rules: &RequestHeaders, text: &mut String) {
    text.push_str("    headers:\n      headers:\n        customRequestHeaders:\n");
    let removed = rules.remove.iter().map(|name| (name.as_str(), ""));
    for (name, value) in rules.set.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(removed)
    {
        let _ = writeln!(text, "          {}: {}", quoted(name), quoted(value));
    }
}

/// A text of YAML: no escape is needed but for the quote itself.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn again(retry: &Retry, text: &mut String) {
    let _ = writeln!(text, "    retry:\n      retry:\n        attempts: {}", retry.attempts);
    let status = |on: &RetryOn| match on {
        RetryOn::Status(code) => Some(format!("\"{code}\"")),
        _ => None,
    };
    let statuses: Vec<String> = retry.on.iter().filter_map(status).collect();
    if !statuses.is_empty() {
        let _ = writeln!(text, "        status: [{}]", statuses.join(", "));
    }
    if !retry.on.contains(&RetryOn::ConnectFailure) {
        text.push_str("        disableRetryOnNetworkError: true\n");
    }
    if retry.methods.iter().any(|method| method == "POST") {
        text.push_str("        retryNonIdempotentMethod: true\n");
    }
}

fn millis(length: Timespan) -> String {
    format!("{}ms", length.as_millis())
}
