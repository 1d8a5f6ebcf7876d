//! Apache's configuration for a policy that it can express.

use std::fmt::Write;
use std::time::Duration;

use super::super::launched::{CONNECT, Machine, NONCE, READY_PATH, attempts, priorities};
use crate::{Upstream, Upstreams};
use policy::{FailureClass, Policy, RetryOn};

/// Each request under way has a thread of the one process, in which the turns of backends are counted exactly.
const THREADS: u32 = 1024;

/// What is loaded, as far as it is not built in: that differs from one packager to another.
const MODULES: [&str; 9] = [
    "mpm_event",
    "unixd",
    "authz_core",
    "rewrite",
    "proxy",
    "proxy_http",
    "slotmem_shm",
    "proxy_balancer",
    "lbmethod_byrequests",
];

pub(super) fn configuration(upstreams: &Upstreams, machine: &Machine) -> String {
    format!(
        "# Made by brownout from the scenario's [policy] and backends. A line says which key it comes from.
ServerRoot {{{{dir}}}}
ServerName localhost
PidFile {{{{dir}}}}/httpd.pid
ErrorLog /dev/stderr
LogLevel warn
{}{}Listen {{{{listen.address}}}}

# One process, so that turns are taken in strict order; the others are for those that finish after a reload.
ServerLimit 4
StartServers 1
ThreadLimit {THREADS}
ThreadsPerChild {THREADS}
MaxRequestWorkers {THREADS}
MinSpareThreads 1
MaxSpareThreads {THREADS}
ThreadStackSize 262144
AsyncRequestWorkerFactor 16
ListenBacklog 4096
# Clients are held to no timer and no limit of the gateway's own.
Timeout 3600
KeepAliveTimeout 3600
MaxKeepAliveRequests 0
LimitRequestBody 0

<VirtualHost *>
    RewriteEngine On
    RewriteRule ^{READY_PATH}$ - [R=200,L]
    <Location {READY_PATH}>
        ErrorDocument 200 {NONCE}
    </Location>
    AllowEncodedSlashes NoDecode
    ProxyPreserveHost On
    ProxyPass {READY_PATH} !
{}    ProxyPass / balancer://pool/ nocanon
</VirtualHost>
",
        modules(),
        // Started as root, it serves as nobody in particular.
        if machine.root { "User #65534\nGroup #65534\n" } else { "" },
        balancer(upstreams),
    )
}

fn modules() -> String {
    let line = |name: &&str| {
        format!(
            "<IfModule !{name}_module>\n    LoadModule {name}_module ${{MODULES}}/mod_{name}.so\n</IfModule>\n"
        )
    };
    MODULES.iter().map(line).collect()
}

fn balancer(upstreams: &Upstreams) -> String {
    let policy = &upstreams.policy;
    let mut text = String::from("    <Proxy balancer://pool>\n");
    let groups = priorities(&upstreams.backends);
    text.push_str(
        "        # backend.NAME.weight and .priority, policy.timeout.connect and .per_try, policy.breaker.open_for.\n",
    );
    for backend in &upstreams.backends {
        let _ = writeln!(text, "        {}", member(backend, &groups, policy));
    }
    text.push_str("        # Of all backends that are out, none is taken back before its time.\n");
    text.push_str("        ProxySet lbmethod=byrequests forcerecovery=Off\n");
    text.push_str("        # policy.retry.attempts, less the first one.\n");
    let _ = writeln!(text, "        ProxySet maxattempts={}", attempts(policy) - 1);
    text.push_str(&counted(policy));
    text + "    </Proxy>\n"
}

fn member(backend: &Upstream, groups: &[u32], policy: &Policy) -> String {
    let timeout = &policy.timeout;
    let connect = timeout.connect.map_or(CONNECT, Duration::from).as_millis();
    let per_try = timeout.per_try.map_or(Duration::from_hours(1), Duration::from).as_secs();
    // Without a breaker, a backend is asked again at once after a connection that could not be made.
    let out = policy.breaker.as_ref().map_or(0, |breaker| breaker.open_for.as_secs());
    let set = groups.iter().position(|group| *group == backend.priority).unwrap_or_default();
    format!(
        "BalancerMember http://{} loadfactor={} lbset={set} connectiontimeout={connect}ms timeout={per_try} retry={out} flushpackets=on",
        backend.address, backend.weight
    )
}

/// What counts as a failure beside a connection that could not be made.
fn counted(policy: &Policy) -> String {
    let fails = policy.breaker.as_ref().map_or(&[][..], |breaker| &breaker.fails[..]);
    let mut text = String::new();
    let statuses: Vec<String> = fails
        .iter()
        .filter_map(|class| match class {
            FailureClass::One(RetryOn::Status(code)) => Some(code.to_string()),
            FailureClass::Statuses(_) | FailureClass::One(_) => None,
        })
        .collect();
    if !statuses.is_empty() {
        let _ = writeln!(
            text,
            "        # policy.breaker.fails\n        ProxySet failonstatus={}",
            statuses.join(",")
        );
    }
    if fails.contains(&FailureClass::One(RetryOn::Timeout)) {
        text.push_str("        # policy.breaker.fails\n        ProxySet failontimeout=On\n");
    }
    text
}
