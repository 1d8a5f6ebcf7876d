//! Caddy's configuration for a policy that it can express.

use std::fmt::Write;
use std::time::Duration;

use super::super::launched::{CONNECT, NONCE, READY_PATH, attempts};
use super::headers;
use crate::Upstreams;
use policy::{AffinityBy, Breaker, FailureClass, HealthCheck, Policy, RetryOn};

/// The methods whose requests have no body as a rule, so that none has to be kept for another attempt.
const WITHOUT_BODY: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

pub(super) fn configuration(upstreams: &Upstreams) -> String {
    let addresses: Vec<String> =
        upstreams.backends.iter().map(|backend| backend.address.to_string()).collect();
    format!(
        "# Made by brownout from the scenario's [policy] and backends. A directive says which key it comes from.
{{
    admin off
    auto_https off
    persist_config off
    grace_period 1s
    log {{
        level ERROR
    }}
    servers {{
        protocols h1
    }}
}}

http://:{{{{listen.port}}}} {{
    bind {{{{listen.host}}}}
    respond {READY_PATH} \"{NONCE}\" 200
{}    reverse_proxy {} {{
{}{}{}{}{}{}    }}
}}
",
        headers::credentials(upstreams),
        addresses.join(" "),
        balance(upstreams),
        headers::rules(upstreams),
        retries(&upstreams.policy),
        upstreams.policy.breaker.as_ref().map(passive).unwrap_or_default(),
        upstreams.policy.health_check.as_ref().map(active).unwrap_or_default(),
        transport(upstreams)
    )
}

fn balance(upstreams: &Upstreams) -> String {
    // Both choose by rendezvous hashing: if a backend goes, only its own keys move.
    match upstreams.policy.affinity.as_ref().map(|affinity| &affinity.by) {
        Some(AffinityBy::Header(name)) => {
            return format!("        lb_policy header {name}  # policy.affinity\n");
        }
        Some(AffinityBy::Path) => return "        lb_policy uri_hash  # policy.affinity\n".into(),
        _ => {}
    }
    let weights: Vec<u32> = upstreams.backends.iter().map(|backend| backend.weight).collect();
    if weights.iter().all(|weight| *weight == weights[0]) {
        return "        lb_policy round_robin\n".into();
    }
    let weights: Vec<String> = weights.iter().map(u32::to_string).collect();
    format!("        lb_policy weighted_round_robin {}  # backend.NAME.weight\n", weights.join(" "))
}

fn retries(policy: &Policy) -> String {
    let attempts = attempts(policy);
    let Some(retry) = policy.retry.as_ref().filter(|_| attempts > 1) else { return String::new() };
    let mut text =
        format!("        lb_retries {}  # policy.retry.attempts, less the first one\n", attempts - 1);
    if let Some(backoff) = &retry.backoff {
        let _ =
            writeln!(text, "        lb_try_interval {}  # policy.retry.backoff", millis(backoff.base.into()));
    }
    text.push_str("        # A connection that could not be made is tried again for any method.\n");
    // Without a matcher, all GET requests would be tried again.
    let matcher = if retry.on.contains(&RetryOn::Reset) {
        format!("method {}  # policy.retry.methods", retry.methods.join(" "))
    } else {
        "not path *  # nothing else: policy.retry.on".into()
    };
    let _ = writeln!(text, "        lb_retry_match {{\n            {matcher}\n        }}");
    if retry.methods.iter().any(|method| !WITHOUT_BODY.contains(&method.as_str())) {
        text.push_str("        request_buffers 1MiB  # a longer body is not sent a second time\n");
    }
    text
}

fn passive(breaker: &Breaker) -> String {
    let counted = if breaker.fails.is_empty() { &FailureClass::USUAL[..] } else { &breaker.fails };
    let statuses: Vec<String> = counted
        .iter()
        .filter_map(|class| match class {
            FailureClass::Statuses(hundred) => Some(format!("{hundred}xx")),
            FailureClass::One(RetryOn::Status(code)) => Some(code.to_string()),
            FailureClass::One(_) => None,
        })
        .collect();
    let mut text = format!(
        "        fail_duration {}  # policy.breaker.open_for\n        max_fails 1  # policy.breaker.trip\n",
        millis(breaker.open_for.into())
    );
    if !statuses.is_empty() {
        let _ = writeln!(text, "        unhealthy_status {}  # policy.breaker.fails", statuses.join(" "));
    }
    text
}

fn active(check: &HealthCheck) -> String {
    let HealthCheck { path, every, fall, rise, .. } = check;
    format!(
        "        health_uri {path}  # policy.health_check.path
        health_interval {}  # policy.health_check.every
        health_timeout {}  # policy.health_check.within
        health_fails {fall}  # policy.health_check.fall
        health_passes {rise}  # policy.health_check.rise
        health_status 2xx
",
        millis(Duration::from(*every)),
        millis(check.within().into())
    )
}

fn transport(upstreams: &Upstreams) -> String {
    let timeout = &upstreams.policy.timeout;
    let connect = millis(timeout.connect.map_or(CONNECT, Duration::from));
    let mut text = format!(
        "        transport http {{
            versions 1.1
            compression off
            keepalive off  # on a connection that is used again, Go repeats reads that nobody counts
            dial_timeout {connect}  # policy.timeout.connect
"
    );
    if let Some(per_try) = timeout.per_try {
        let per_try = millis(per_try.into());
        let _ = writeln!(text, "            response_header_timeout {per_try}  # policy.timeout.per_try");
    }
    if timeout.total.is_some() {
        text.push_str(
            "            # policy.timeout.total needs nothing: all attempts together can't take that long.\n",
        );
    }
    if let Some(trust) = upstreams.all_over_tls() {
        let _ = writeln!(
            text,
            "            tls\n            tls_server_name {}\n            tls_trust_pool file {{{{ca}}}}",
            trust.name
        );
    }
    text.push_str("        }\n");
    text
}

fn millis(length: Duration) -> String {
    format!("{}ms", length.as_millis())
}
