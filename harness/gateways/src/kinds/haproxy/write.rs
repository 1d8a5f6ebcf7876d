//! HAProxy's configuration for a policy that it can express.

use std::time::Duration;

use super::super::launched::{CONNECT, Machine, NONCE, READY_PATH, attempts, priorities, requests};
use crate::{Trust, Upstream, Upstreams};
use policy::{Affinity, AffinityBy, Breaker, HealthCheck, Limit, Policy, RetryOn, WayBack};

pub(super) fn configuration(upstreams: &Upstreams, machine: &Machine) -> String {
    let policy = &upstreams.policy;
    let sections = [global(machine), defaults(policy), frontend(), backend(upstreams)];
    format!(
        "# Made by brownout from the scenario's [policy] and backends. A directive says which key it comes from.\n{}",
        sections.concat()
    )
}

fn global(machine: &Machine) -> String {
    // Each connection takes two files, and HAProxy refuses to start where that many can't be had.
    let connections = machine.connections().min(4000);
    format!(
        "
global
    nbthread 1                  # one thread: turns are taken in strict order, and each breaker exists once
    maxconn {connections}
    noreuseport                 # a port that is taken is an error, and not shared with whoever has it
    log stdout format raw local0
"
    )
}

fn defaults(policy: &Policy) -> String {
    let connect = millis(policy.timeout.connect.map_or(CONNECT, Duration::from));
    let per_try = match policy.timeout.per_try {
        Some(length) => format!("timeout server {}  # policy.timeout.per_try", millis(length.into())),
        None => "timeout server 1h  # no policy.timeout.per_try: as good as none".into(),
    };
    let total = match policy.timeout.total {
        Some(_) => "    # policy.timeout.total needs nothing: all attempts together can't take that long.\n",
        None => "",
    };
    format!(
        "
defaults
    mode http
    log global
    option httplog
    option dontlog-normal       # only what failed or was tried again
    timeout connect {connect}  # policy.timeout.connect
    {per_try}
{total}    timeout client 1h
    timeout http-request 1h
    timeout http-keep-alive 1h
    http-reuse safe
{}",
        retries(policy)
    )
}

fn retries(policy: &Policy) -> String {
    let attempts = attempts(policy);
    let Some(retry) = policy.retry.as_ref().filter(|_| attempts > 1) else {
        return "    retries 0                   # no policy.retry\n    retry-on none\n".into();
    };
    let on: Vec<String> = retry.on.iter().copied().map(condition).collect();
    let other = if retry.other_backend {
        "option redispatch 1         # policy.retry.other_backend"
    } else {
        "no option redispatch        # policy.retry.other_backend = false"
    };
    format!(
        "    retries {}                   # policy.retry.attempts, less the first one
    {other}
    retry-on {}  # policy.retry.on
",
        attempts - 1,
        on.join(" ")
    )
}

fn condition(on: RetryOn) -> String {
    match on {
        RetryOn::ConnectFailure => "conn-failure".into(),
        RetryOn::Reset => "empty-response".into(),
        RetryOn::Timeout => "response-timeout".into(),
        RetryOn::Status(code) => code.to_string(),
    }
}

fn frontend() -> String {
    format!(
        "
frontend in
    bind {{{{listen.address}}}}
    http-request return status 200 content-type text/plain string \"{NONCE}\" if {{ path {READY_PATH} }}
    default_backend pool
"
    )
}

fn backend(upstreams: &Upstreams) -> String {
    let policy = &upstreams.policy;
    let mut text = format!("\nbackend pool\n    balance {}\n", balancing(policy.affinity.as_ref()));
    if priorities(&upstreams.backends).len() > 1 {
        text.push_str("    option allbackups           # backends of the second priority share the traffic when it comes\n");
    }
    if let Some(retry) = policy.retry.as_ref().filter(|_| attempts(policy) > 1) {
        text.extend([format!(
            "    http-request disable-l7-retry unless {{ method {} }}  # policy.retry.methods; a connection that could \
             not be made is retried for any\n",
            retry.methods.join(" ")
        )]);
    }
    if policy.breaker.as_ref().is_some_and(|breaker| breaker.way_back == Some(WayBack::Check)) {
        text.push_str(
            "    # The breaker (policy.breaker): so many errors in a row mark a server down, and a check that succeeds brings\n\
             \x20   # it back: the first one `open_for` later, and then one each tick.\n\
             \x20   option httpchk GET /        # policy.breaker.way_back\n",
        );
    } else if policy.breaker.is_some() {
        text.push_str(
            "    # The breaker (policy.breaker): so many errors in a row mark a server down. The check that would bring it\n\
             \x20   # back is a bare connect once a day, which an error pulls forward to `open_for` from then.\n",
        );
    }
    if let Some(check) = &policy.health_check {
        text.extend([format!(
            "    option httpchk GET {}       # policy.health_check.path\n    timeout check {}  # policy.health_check.within\n",
            check.path,
            millis(check.within().into())
        )]);
    }
    if let Some(limit) = &policy.limit {
        text.push_str(&queue(limit));
    }
    text.push_str(&headers(upstreams));
    let first = priorities(&upstreams.backends).first().copied();
    for upstream in &upstreams.backends {
        let spare = first.is_some_and(|first| upstream.priority > first);
        let trust = upstreams.trust.as_ref().filter(|_| upstream.tls);
        text.push_str(&server(upstream, spare, policy, trust));
    }
    text
}

/// The rules for headers of requests. They are applied once, and each attempt is sent what came of it. `env` reads a variable when
/// HAProxy is started.
fn headers(upstreams: &Upstreams) -> String {
    let value = |value| requests::written(value, |name| format!("%[env({name})]"));
    let remove = requests::remove(upstreams)
        .map(|name| format!("    http-request del-header {name}  # policy.request_headers.remove\n"));
    let set = requests::set(upstreams).into_iter().map(|(name, text, key)| {
        format!("    http-request set-header {name} \"{}\"  # {key}\n", value(text))
    });
    let append = requests::append(upstreams).map(|(name, text)| {
        format!("    http-request add-header {name} \"{}\"  # policy.request_headers.append\n", value(text))
    });
    remove.chain(set).chain(append).collect()
}

fn balancing(affinity: Option<&Affinity>) -> String {
    let by = match affinity.map(|affinity| &affinity.by) {
        Some(AffinityBy::Header(name)) => format!("hdr({name})"),
        Some(AffinityBy::Cookie(name)) => format!("hash req.cook({name})"),
        Some(AffinityBy::Path) => "uri whole".into(),
        Some(AffinityBy::Connection) | None => return "roundrobin".into(),
    };
    format!(
        "{by}  # policy.affinity\n    hash-type consistent        # if a server goes, only its own keys move"
    )
}

/// Who waits for a server, and who is turned away. HAProxy has no bound on the queue of a pool, so that a rule sees to it before a
/// request comes there.
fn queue(limit: &Limit) -> String {
    let status = limit.status.unwrap_or(503);
    let full = limit.queue.map_or_else(String::new, |queue| {
        let condition = match queue {
            0 => "be_conn_free(pool) le 0".to_owned(),
            some => format!("queue(pool) ge {some}"),
        };
        format!(
            "    http-request deny deny_status {status} if {{ {condition} }}  # policy.limit.queue, .status
"
        )
    });
    let wait = match (limit.queue, limit.wait) {
        // What is tried again does not wait either.
        (Some(0), _) => "1ms".to_owned(),
        (_, Some(wait)) => millis(wait.into()),
        (_, None) => "1h".to_owned(),
    };
    format!(
        "{full}    timeout queue {wait}  # policy.limit.wait
"
    )
}

fn server(upstream: &Upstream, spare: bool, policy: &Policy, trust: Option<&Trust>) -> String {
    let mut line = format!("    server {} {} weight {}", upstream.name, upstream.address, upstream.weight);
    if spare {
        line.push_str(" backup");
    }
    if let Some(Trust { name, .. }) = trust {
        line.extend([format!(
            " ssl verify required ca-file {{{{ca}}}} sni str({name}) verifyhost {name} check-sni {name}"
        )]);
    }
    if let Some(limit) = &policy.limit {
        line.extend([format!(" maxconn {}", limit.in_flight)]);
    }
    if let Some(Breaker { trip, open_for, tick, .. }) = &policy.breaker
        && let Some(errors) = trip.consecutive
    {
        let open = millis(Duration::from(*open_for));
        let again = millis(Duration::from(tick.unwrap_or(*open_for)));
        line.extend([format!(
            " check inter 24h fastinter {open} downinter {again} rise 1 fall 1 observe layer7 error-limit {errors} \
             on-error mark-down"
        )]);
    }
    if let Some(HealthCheck { every, fall, rise, .. }) = &policy.health_check {
        line.extend([format!(" check inter {} fall {fall} rise {rise}", millis(Duration::from(*every)))]);
    }
    line.push('\n');
    line
}

fn millis(length: Duration) -> String {
    format!("{}ms", length.as_millis())
}
