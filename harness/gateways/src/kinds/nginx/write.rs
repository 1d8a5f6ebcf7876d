//! nginx's configuration for a policy that it can express.

use std::time::Duration;

use super::super::launched::{CONNECT, Machine, NONCE, READY_PATH, attempts, priorities, requests};
use crate::{Trust, Upstreams};
use policy::{Affinity, AffinityBy, Limit, Policy, Retry, RetryOn, Scope};

/// The methods that nginx holds to be not idempotent, and tries again only when told so.
const NON_IDEMPOTENT: [&str; 3] = ["POST", "LOCK", "PATCH"];

pub(super) fn configuration(upstreams: &Upstreams, machine: &Machine) -> String {
    format!(
        "# Made by brownout from the scenario's [policy] and backends. A directive says which key it comes from.
{}
http {{
    access_log off;                     # what fails is in the error log
    # All that nginx writes stays in its directory.
    client_body_temp_path tmp-body;
    proxy_temp_path tmp-proxy;
    fastcgi_temp_path tmp-fastcgi;
    uwsgi_temp_path tmp-uwsgi;
    scgi_temp_path tmp-scgi;
    # Clients are held to no timer and no limit of the gateway's own.
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    client_max_body_size 0;
    client_header_timeout 1h;
    client_body_timeout 1h;
    send_timeout 1h;
    underscores_in_headers on;
    default_type application/octet-stream;
{}{}{}{}}}
",
        main(machine, upstreams.policy.breaker.as_ref().map_or(1, |breaker| breaker.workers)),
        appended(upstreams),
        upstream(upstreams),
        pool_limit(&upstreams.policy).map_or_else(String::new, zone),
        server(upstreams)
    )
}

fn main(machine: &Machine, workers: u32) -> String {
    let user = if machine.root {
        "user root;                              # the workers write into a directory that is the starting user's alone\n"
    } else {
        ""
    };
    let workers = if workers == 1 {
        "1;                     # one worker: turns are taken in strict order, and each breaker exists once"
            .into()
    } else {
        format!("{workers};                     # policy.breaker.workers: each counts failures for itself")
    };
    format!(
        "daemon off;
worker_processes {workers}
{user}pid nginx.pid;
error_log stderr notice;
worker_rlimit_nofile {};
events {{ worker_connections {}; }}
",
        machine.files,
        machine.connections()
    )
}

fn upstream(upstreams: &Upstreams) -> String {
    let policy = &upstreams.policy;
    let first = priorities(&upstreams.backends).first().copied();
    let breaker = match &policy.breaker {
        None => "max_fails=0".to_owned(),
        Some(breaker) => format!(
            "max_fails={} fail_timeout={}s",
            breaker.trip.count.unwrap_or(1),
            breaker.open_for.as_secs()
        ),
    };
    let what = match &policy.breaker {
        None => {
            "        # No policy.breaker: max_fails=0. nginx's own default would be a breaker that one failure opens.\n"
        }
        Some(_) => "        # policy.breaker.trip.count and policy.breaker.open_for.\n",
    };
    // nginx tries each entry once, so a lone backend has an entry for each attempt.
    let entries = if upstreams.backends.len() == 1 { attempts(policy) } else { 1 };
    let hashed = policy.affinity.as_ref().map_or_else(String::new, hashed);
    let most = policy.limit.as_ref().filter(|limit| limit.scope == Scope::Backend);
    let (most, why) = most.map_or((String::new(), ""), |limit| {
        (format!(" max_conns={}", limit.in_flight), "        # policy.limit.in_flight.\n")
    });
    let mut text = format!("\n    upstream pool {{\n{hashed}{what}{why}");
    for backend in &upstreams.backends {
        let spare = if first.is_some_and(|first| backend.priority > first) { " backup" } else { "" };
        let line = format!(
            "        server {} weight={} {breaker}{most}{spare};  # {}\n",
            backend.address, backend.weight, backend.name
        );
        for _ in 0..entries {
            text.push_str(&line);
        }
    }
    text.push_str(if keeps_alive(policy) {
        "        keepalive 256;
        keepalive_requests 1000000000;
        keepalive_timeout 1h;
    }
"
    } else {
        "        # No keep-alive to the backends: a reset on a connection that was used before does not count as a try for
        # nginx, so that requests would arrive more often than policy.retry.attempts allows.
    }
"
    });
    text
}

fn hashed(affinity: &Affinity) -> String {
    let key = match &affinity.by {
        AffinityBy::Header(name) => format!("$http_{}", name.to_ascii_lowercase().replace('-', "_")),
        AffinityBy::Cookie(name) => format!("$cookie_{name}"),
        AffinityBy::Path => "$request_uri".into(),
        AffinityBy::Connection => "$connection".into(),
    };
    format!(
        "        hash {key} consistent;  # policy.affinity; without `consistent` most keys would move when a server goes\n"
    )
}

/// The rules for headers of requests; an empty value removes one. They hold for each attempt.
fn headers(upstreams: &Upstreams) -> String {
    let remove = requests::remove(upstreams)
        .map(|name| format!("        proxy_set_header {name} \"\";  # policy.request_headers.remove\n"));
    let set = requests::set(upstreams)
        .into_iter()
        .map(|(name, value, key)| format!("        proxy_set_header {name} \"{value}\";  # {key}\n"));
    let append = requests::append(upstreams).enumerate().map(|(index, (name, _))| {
        format!("        proxy_set_header {name} $appended_{index};  # policy.request_headers.append\n")
    });
    remove.chain(set).chain(append).collect()
}

/// What becomes of the headers that are appended to.
fn appended(upstreams: &Upstreams) -> String {
    let one = |(index, (name, value)): (usize, (&str, &str))| {
        let sent = format!("$http_{}", name.to_ascii_lowercase().replace('-', "_"));
        format!(
            "
    map {sent} $appended_{index} {{  # policy.request_headers.append
        \"\" \"{value}\";
        default \"{sent}, {value}\";
    }}
"
        )
    };
    requests::append(upstreams).enumerate().map(one).collect()
}

/// The limit on the whole pool, if there is one.
fn pool_limit(policy: &Policy) -> Option<&Limit> {
    policy.limit.as_ref().filter(|limit| limit.scope == Scope::Pool)
}

/// Where all requests are counted together, by a key that is the same for all.
fn zone(_: &Limit) -> String {
    "
    limit_conn_zone $server_port zone=pool:64k;
"
    .into()
}

fn keeps_alive(policy: &Policy) -> bool {
    attempts(policy) == 1
}

fn server(upstreams: &Upstreams) -> String {
    let policy = &upstreams.policy;
    let connect = policy.timeout.connect.map_or(CONNECT, Duration::from).as_millis();
    let per_try = match policy.timeout.per_try {
        Some(length) => {
            let length = length.as_millis();
            format!(
                "proxy_read_timeout {length}ms;  # policy.timeout.per_try
        proxy_send_timeout {length}ms;"
            )
        }
        None => "proxy_read_timeout 1h;  # no policy.timeout.per_try: as good as none
        proxy_send_timeout 1h;"
            .into(),
    };
    let tls = upstreams.all_over_tls().map_or_else(String::new, tls);
    let scheme = if tls.is_empty() { "http" } else { "https" };
    let limit = pool_limit(policy).map_or_else(String::new, |limit| {
        format!(
            "        limit_conn pool {};  # policy.limit.in_flight
        limit_conn_status {};  # policy.limit.status
",
            limit.in_flight,
            limit.status.unwrap_or(503)
        )
    });
    let connection = if keeps_alive(policy) { "\"\"" } else { "close" };
    let retry = policy.retry.as_ref().filter(|_| attempts(policy) > 1);
    let rules = headers(upstreams);
    format!(
        "
    server {{
        listen {{{{listen.address}}}} backlog=4096;
        proxy_http_version 1.1;
        proxy_set_header Connection {connection};
        proxy_set_header Host $http_host;
{rules}        proxy_buffering off;            # a body that breaks off reaches the client as far as it came
        proxy_connect_timeout {connect}ms;  # policy.timeout.connect
        {per_try}
{tls}{limit}        location = {READY_PATH} {{ return 200 \"{NONCE}\"; }}
{}    }}
",
        retry.map_or_else(
            || {
                format!(
                    "        location / {{
            proxy_next_upstream off;    # no policy.retry
            proxy_pass {scheme}://pool;
        }}
"
                )
            },
            |retry| locations(retry, policy, scheme)
        )
    )
}

/// TLS to the backends, whose certificate is checked.
fn tls(trust: &Trust) -> String {
    let name = &trust.name;
    format!(
        "        # backend.tls
        proxy_ssl_verify on;            # its own default takes any certificate
        proxy_ssl_verify_depth 2;       # its own default knows no intermediate authority
        proxy_ssl_trusted_certificate {{{{ca}}}};
        proxy_ssl_name {name};
        proxy_ssl_server_name on;
"
    )
}

fn locations(retry: &Retry, policy: &Policy, scheme: &str) -> String {
    let total = policy.timeout.total.map_or(0, |total| total.as_millis());
    format!(
        "        location / {{
            error_page 418 = @once;     # policy.retry.methods: all others are sent once
            if ($request_method !~ ^({})$) {{ return 418; }}
            proxy_next_upstream {};  # policy.retry.on
            proxy_next_upstream_tries {};  # policy.retry.attempts
            proxy_next_upstream_timeout {total}ms;  # policy.timeout.total; 0 is none
            proxy_pass {scheme}://pool;
        }}
        location @once {{
            proxy_next_upstream off;
            proxy_pass {scheme}://pool;
        }}
",
        retry.methods.join("|"),
        conditions(retry),
        retry.attempts
    )
}

fn conditions(retry: &Retry) -> String {
    let mut words: Vec<String> = Vec::new();
    for on in &retry.on {
        let word = match on {
            // nginx has one word for both; a connection that is not made in time comes under `timeout`.
            RetryOn::ConnectFailure | RetryOn::Reset => "error".into(),
            RetryOn::Timeout => "timeout".into(),
            RetryOn::Status(code) => format!("http_{code}"),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if retry.methods.iter().any(|method| NON_IDEMPOTENT.contains(&method.as_str())) {
        words.push("non_idempotent".into());
    }
    words.join(" ")
}
