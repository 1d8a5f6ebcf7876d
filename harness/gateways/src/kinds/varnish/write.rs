//! Varnish's VCL for a policy that it can express.

use std::fmt::Write;
use std::time::Duration;

use super::super::launched::{CONNECT, NONCE, READY_PATH, attempts};
use crate::{Upstream, Upstreams};
use policy::{AffinityBy, HealthCheck, Policy, Retry, RetryOn};

pub(super) fn configuration(upstreams: &Upstreams) -> String {
    let policy = &upstreams.policy;
    let retry = policy.retry.as_ref().filter(|_| attempts(policy) > 1);
    let hint = hint(policy);
    format!(
        "# Made by brownout from the scenario's [policy] and backends. A line says which key it comes from.
vcl 4.1;

import directors;
import std;

{}{}
sub vcl_init {{
{}}}

sub vcl_recv {{
    if (req.url == \"{READY_PATH}\") {{
        return (synth(200, \"{NONCE}\"));
    }}
{}    set req.backend_hint = {hint};
    return (pass);
}}

sub vcl_synth {{
    set resp.body = resp.reason;
    return (deliver);
}}

sub vcl_backend_fetch {{
    # On a connection that was used before, Varnish repeats requests that nobody counts.
    set bereq.http.Connection = \"close\";
{}    return (fetch);
}}

sub vcl_backend_response {{
    set beresp.uncacheable = true;
{}    return (deliver);
}}

sub vcl_backend_error {{
{}    return (deliver);
}}
",
        policy.health_check.as_ref().map(probe).unwrap_or_default(),
        upstreams
            .backends
            .iter()
            .enumerate()
            .map(|(index, one)| backend(index, one, policy))
            .collect::<String>(),
        pool(upstreams),
        retry.map(keeps_body).unwrap_or_default(),
        retry.map(|_| again(policy)).unwrap_or_default(),
        retry.map(on_status).unwrap_or_default(),
        retry.map(on_error).unwrap_or_default(),
    )
}

fn backend(index: usize, backend: &Upstream, policy: &Policy) -> String {
    let timeout = &policy.timeout;
    let connect = seconds(timeout.connect.map_or(CONNECT, Duration::from));
    let per_try = match timeout.per_try {
        Some(length) => format!("{};  # policy.timeout.per_try", seconds(length.into())),
        None => "3600s;  # no policy.timeout.per_try: as good as none".into(),
    };
    let limit = policy.limit.as_ref().map_or_else(String::new, |limit| {
        format!("    .max_connections = {};  # policy.limit.in_flight\n", limit.in_flight)
    });
    let probe = if policy.health_check.is_some() { "    .probe = health;\n" } else { "" };
    format!(
        "backend b{index} {{  # {}
    .host = \"{}\";
    .port = \"{}\";
    .connect_timeout = {connect};  # policy.timeout.connect
    .first_byte_timeout = {per_try}
    .between_bytes_timeout = 3600s;
{limit}{probe}}}
",
        backend.name,
        backend.address.ip(),
        backend.address.port()
    )
}

/// Of the last `window` checks `threshold` must have been good: from all good to `fall` bad ones in a row, and from all bad to
/// `rise` good ones.
fn probe(check: &HealthCheck) -> String {
    let HealthCheck { path, every, fall, rise, .. } = check;
    format!(
        "probe health {{
    .url = \"{path}\";  # policy.health_check.path
    .interval = {};  # policy.health_check.every
    .timeout = {};  # policy.health_check.within
    .window = {};  # policy.health_check.fall and .rise
    .threshold = {rise};  # policy.health_check.rise
    .initial = {};
}}

",
        seconds(Duration::from(*every)),
        seconds(check.within().into()),
        fall + rise - 1,
        fall + rise - 1,
    )
}

fn pool(upstreams: &Upstreams) -> String {
    let names = (0..upstreams.backends.len()).map(|index| format!("b{index}"));
    let weights: Vec<u32> = upstreams.backends.iter().map(|backend| backend.weight).collect();
    let mut text = String::new();
    if upstreams.policy.affinity.is_some() {
        text.push_str("    new pool = directors.shard();  # policy.affinity\n");
        for name in names {
            let _ = writeln!(text, "    pool.add_backend({name});");
        }
        return text + "    pool.reconfigure();\n";
    }
    if weights.iter().all(|weight| *weight == weights[0]) {
        text.push_str("    new pool = directors.round_robin();\n");
        for name in names {
            let _ = writeln!(text, "    pool.add_backend({name});");
        }
        return text;
    }
    text.push_str("    new pool = directors.random();\n");
    for (name, weight) in names.zip(weights) {
        let _ = writeln!(text, "    pool.add_backend({name}, {weight});  # backend.NAME.weight");
    }
    text
}

fn hint(policy: &Policy) -> String {
    match policy.affinity.as_ref().map(|affinity| &affinity.by) {
        Some(AffinityBy::Header(name)) => format!("pool.backend(by=KEY, key=pool.key(req.http.{name}))"),
        Some(AffinityBy::Path) => "pool.backend(by=KEY, key=pool.key(req.url))".into(),
        _ => "pool.backend()".into(),
    }
}

fn keeps_body(_: &Retry) -> String {
    "    std.cache_req_body(1MB);  # a longer body is not sent a second time\n".into()
}

/// Each further attempt takes the next turn.
fn again(policy: &Policy) -> &'static str {
    if policy.affinity.is_some() {
        return "";
    }
    "    if (bereq.retries > 0) {
        set bereq.backend = pool.backend();
    }
"
}

fn on_status(retry: &Retry) -> String {
    let statuses = retry.on.iter().filter_map(|on| match on {
        RetryOn::Status(code) => Some(format!("beresp.status == {code}")),
        _ => None,
    });
    let statuses: Vec<String> = statuses.collect();
    if statuses.is_empty() {
        return String::new();
    }
    format!(
        "    if (({}) && {}) {{  # policy.retry.on
        return (retry);
    }}
",
        statuses.join(" || "),
        allowed(retry)
    )
}

fn on_error(retry: &Retry) -> String {
    if !retry.on.contains(&RetryOn::Reset) {
        return String::new();
    }
    format!("    if ({}) {{  # policy.retry.on\n        return (retry);\n    }}\n", allowed(retry))
}

fn allowed(retry: &Retry) -> String {
    format!("bereq.retries < {} && bereq.method ~ \"^({})$\"", retry.attempts - 1, retry.methods.join("|"))
}

fn seconds(length: Duration) -> String {
    format!("{}ms", length.as_millis())
}
