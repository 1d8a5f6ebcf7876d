//! The kind `traefik`: Traefik, started as a child process.

mod refuse;
mod write;

use std::path::PathBuf;

use rustix::process::Signal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::launched::{Acting, Call, Logs, Product, Renewal, Tells, of_product};
use crate::{AccessLog, Counters, Metrics, Ready, Up};

/// Traefik 3.7 or later, started as a child process with a dynamic configuration that is made from the policy.
///
/// It has retries on statuses and on connections that could not be made, and passive health checks as its breaker: failures in a
/// row, all of them within `open_for`. It tries again after a reset only together with 502, and after a timeout only together with 504,
/// and takes whichever backend's turn it is, which under load may be the same one: write `other_backend = false`. What it lacks is
/// refused: waits that can be declared, and a deadline over all attempts.
///
/// Each request to a backend has a connection of its own. On one that is used again, Go's client would repeat a read by
/// itself when the connection breaks, which no setting of Traefik counts or bounds. With a configuration of your own it does so.
///
/// # Example
/// `[gateway.traefik]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Traefik {
    /// A dynamic configuration of your own (YAML, or TOML if it is called so), relative to the scenario: routers, services,
    /// middlewares. The entry point, `in`, is brownout's. In it `{{backend.NAME.address}}` (or `.host`, `.port`) and `{{dir}}` are
    /// filled in; where backends speak TLS, so are `{{ca}}`, the file of their authority, and `{{tls.name}}`, their name. The
    /// policy is then not translated: it only says what is expected.
    pub config: Option<PathBuf>,
    /// The program. Without it: the one that `BROWNOUT_TRAEFIK` names, or `traefik` in `.gateways/bin` here or above, on
    /// the `PATH`, or in `/usr/local/sbin` or `/usr/sbin`.
    pub binary: Option<PathBuf>,
    /// How it is asked whether it is ready. Without it: a backend has to answer `GET /` within 10 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<Ready>,
    /// Its own metrics, which are scraped during the run if this is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
    /// Its own access log, which is read after the run if this is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_log: Option<AccessLog>,
}

static PRODUCT: Product = Product {
    name: "traefik",
    programs: &["traefik"],
    variable: "BROWNOUT_TRAEFIK",
    install: "`bash tests/setup-gateways.sh`, or a release binary as .gateways/bin/traefik",
    config_key: "gateway.traefik.config",
    // Not `traefik.yaml`, which it would take for its static configuration.
    file: "dynamic.yaml",
    endings: &["yml", "yaml", "toml"],
    orphaned: "KILL",
    listens_by_argument: true,
    generate: |upstreams, _| refuse::unsupported(upstreams).into_result(|| write::configuration(upstreams)),
    serve,
    // It has no means to check a configuration: what it can't read is in its log, and no request is routed.
    check: None,
    tells: Some(TELLS),
    logs: Some(LOGS),
    acts: Acting { reload: None, restart: Some(Renewal::StopAndStart(Signal::TERM)) },
    ask_version: &["version"],
    version,
};

/// Traefik's documentation: "Metrics", "Prometheus". It has a port of its own for its metrics by arguments only.
const TELLS: Tells = Tells {
    add: |made| made,
    counters: Counters {
        path: "/metrics",
        requests: Some(r#"traefik_entrypoint_requests_total{entrypoint="in"}"#),
        // The documented `traefik_service_retries_total` is not told by 3.7.15, whatever is tried again.
        retries: None,
        errors: Some(r#"traefik_entrypoint_requests_total{entrypoint="in",code=~"5.."}"#),
        up: Some(Up {
            series: r#"traefik_service_server_up{service="pool@file",url="http://{{backend.address}}"} + traefik_service_server_up{service="pool@file",url="https://{{backend.address}}"}"#,
            late: Timespan::from_secs(0),
        }),
    },
};

/// Traefik's documentation: "Access logs", which arguments ask for. It leaves out how many retries there were where there were none.
const LOGS: Logs =
    Logs { add: |made| made, file: Some("access.log"), pattern: r#"<_>"DownstreamStatus":<status>,<_>"# };

fn serve(call: &Call<'_>) -> Vec<String> {
    let metrics = call.metrics.into_iter().flat_map(|address| {
        [format!("--entryPoints.metrics.address={address}"), "--metrics.prometheus.entryPoint=metrics".into()]
    });
    let logs = call.logs.then(|| {
        let file = format!("--accessLog.filePath={}", call.dir.join("access.log").display());
        let shown = [
            "--accessLog=true",
            "--accessLog.format=json",
            "--accessLog.fields.headers.names.X-Brownout-Tag=keep",
        ];
        shown.map(String::from).into_iter().chain([file])
    });
    let arguments = vec![
        format!("--entryPoints.in.address={}", call.address),
        format!("--providers.file.filename={}", call.dir.join(call.file).display()),
        "--providers.file.watch=false".into(),
        "--global.checkNewVersion=false".into(),
        "--global.sendAnonymousUsage=false".into(),
        "--log.level=ERROR".into(),
    ];
    arguments.into_iter().chain(metrics).chain(logs.into_iter().flatten()).collect()
}

fn version(said: &str) -> Option<String> {
    let number = said.split_once("Version:")?.1.split_whitespace().next()?;
    Some(format!("Traefik {number}"))
}

of_product!(Traefik, PRODUCT);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::launched::testing::{MACHINE, made, over_tls, part, refusals, upstreams};
    use super::*;
    use crate::Unsupported;

    fn configuration(ranks: &[(u32, u32)], policy: Value) -> Result<Option<String>, Vec<Unsupported>> {
        (PRODUCT.generate)(&upstreams(ranks, policy), &MACHINE).map(Some)
    }

    #[test]
    fn a_policy_with_everything_becomes_a_configuration() {
        let policy = json!({
            "timeout": { "connect": "500ms", "per_try": "1s", "total": "5s" },
            "retry": {
                "attempts": 3, "on": ["503", "502", "reset", "504", "timeout", "connect-failure"],
                "methods": ["GET", "POST"], "other_backend": false,
            },
            "breaker": { "trip": { "consecutive": 5 }, "open_for": "2s" },
        });
        insta::assert_snapshot!(made(configuration(&[(2, 0), (1, 0)], policy)), @r#"
        # Made by brownout from the scenario's [policy] and backends. A line says which key it comes from.
        http:
          routers:
            ready:                              # tells this gateway from an older one on the same port
              rule: "Path(`/__brownout/ready`)"
              priority: 3
              middlewares: [nonce]
              service: noop@internal
            again:
              rule: "Method(`GET`) || Method(`POST`)"  # policy.retry.methods
              priority: 2
              middlewares: [retry]
              service: pool
            all:
              rule: "PathPrefix(`/`)"
              priority: 1
              service: pool
          middlewares:
            nonce:
              headers:
                customResponseHeaders:
                  x-brownout-nonce: "{{nonce}}"
            retry:
              retry:
                attempts: 3  # policy.retry.attempts: the first one counts
                status: ["503", "502", "504"]  # policy.retry.on
                retryNonIdempotentMethod: true  # policy.retry.methods
          services:
            pool:
              loadBalancer:
                serversTransport: backends
                passiveHealthCheck:
                  maxFailedAttempts: 5  # policy.breaker.trip: so many in a row
                  failureWindow: 2000ms  # policy.breaker.open_for, within which they have to come as well
                servers:
                  - url: "http://127.0.0.1:9001"
                    weight: 2
                  - url: "http://127.0.0.1:9002"
                    weight: 1
          serversTransports:
            backends:
              maxIdleConnsPerHost: -1           # on a connection that is used again, Go repeats reads that nobody counts
              disableHTTP2: true
              forwardingTimeouts:
                dialTimeout: 500ms  # policy.timeout.connect
                responseHeaderTimeout: 1000ms  # policy.timeout.per_try
              # policy.timeout.total needs nothing: all attempts together can't take that long.
        "#);
    }

    #[test]
    fn without_a_policy_nothing_is_tried_again_or_left_alone() {
        let made = made(configuration(&[(1, 0), (1, 0)], json!({})));
        insta::assert_snapshot!(part(&made, "    all:", ""), @r#"
          all:
            rule: "PathPrefix(`/`)"
            priority: 1
            service: pool
        middlewares:
          nonce:
            headers:
              customResponseHeaders:
                x-brownout-nonce: "{{nonce}}"
        services:
          pool:
            loadBalancer:
              serversTransport: backends
              servers:
                - url: "http://127.0.0.1:9001"
                  weight: 1
                - url: "http://127.0.0.1:9002"
                  weight: 1
        serversTransports:
          backends:
            maxIdleConnsPerHost: -1           # on a connection that is used again, Go repeats reads that nobody counts
            disableHTTP2: true
            forwardingTimeouts:
              dialTimeout: 5000ms  # policy.timeout.connect
        "#);
    }

    #[test]
    fn a_status_is_tried_again_alone() {
        let policy = json!({ "retry": { "attempts": 2, "on": ["503"], "other_backend": false } });
        let made = made(configuration(&[(1, 0), (1, 0)], policy));
        insta::assert_snapshot!(part(&made, "    again:", "  services"), @r#"
          again:
            rule: "Method(`GET`) || Method(`HEAD`) || Method(`OPTIONS`)"  # policy.retry.methods
            priority: 2
            middlewares: [retry]
            service: pool
          all:
            rule: "PathPrefix(`/`)"
            priority: 1
            service: pool
        middlewares:
          nonce:
            headers:
              customResponseHeaders:
                x-brownout-nonce: "{{nonce}}"
          retry:
            retry:
              attempts: 2  # policy.retry.attempts: the first one counts
              status: ["503"]  # policy.retry.on
              disableRetryOnNetworkError: true  # policy.retry.on has no "connect-failure"
        "#);
    }

    #[test]
    fn backends_over_tls_are_checked_by_the_authority_of_the_run() {
        let over_tls = over_tls(upstreams(&[(1, 0)], json!({})));
        let made = made((PRODUCT.generate)(&over_tls, &MACHINE).map(Some));
        insta::assert_snapshot!(part(&made, "  services", ""), @r#"
        services:
          pool:
            loadBalancer:
              serversTransport: backends
              servers:
                - url: "https://127.0.0.1:9001"
                  weight: 1
        serversTransports:
          backends:
            maxIdleConnsPerHost: -1           # on a connection that is used again, Go repeats reads that nobody counts
            disableHTTP2: true
            forwardingTimeouts:
              dialTimeout: 5000ms  # policy.timeout.connect
            serverName: "backends.test"
            rootCAs: ["{{ca}}"]
        "#);
    }

    #[test]
    fn what_it_has_no_means_for_is_refused_by_its_key() {
        let policy = json!({
            "timeout": { "per_try": "1s", "total": "1s" },
            "retry": {
                "attempts": 3, "on": ["502", "timeout"], "backoff": { "base": "1s" }, "retry_after": {},
            },
            "breaker": {
                "trip": { "count": 5, "within": "2s" }, "open_for": "2s", "probes": 1, "tick": "1s", "way_back": "probe",
                "fails": ["5xx"], "workers": 2, "out_max": 0.5, "all_out": "panic", "open_grows": true,
            },
        });
        insta::assert_snapshot!(refusals(configuration(&[(0, 0), (1, 3)], policy).unwrap_err()), @r#"
        policy.retry.retry_after: traefik does not read `Retry-After`: remove retry.retry_after
        policy.timeout.total: traefik has no deadline over all attempts: remove timeout.total
        policy.retry.on: traefik turns a reset into a 502 before it looks whether to try again: list both "reset" and "502" in retry.on, or neither
        policy.retry.on: traefik turns a timeout into a 504 before it looks whether to try again: list both "timeout" and "504" in retry.on, or neither
        policy.retry.on: traefik turns a connection that could not be made into a 502 as well: list "connect-failure" in retry.on
        policy.retry.backoff: traefik draws its waits from half to one and a half times their length: remove retry.backoff
        policy.retry.other_backend: traefik tries again whichever backend's turn it is, which under load may be the same one: write other_backend = false
        policy.breaker.trip: traefik's passive health checks count failures in a row: write breaker.trip = { consecutive = … }
        policy.breaker.fails: traefik counts every status from 500 on and what it got no answer for: leave breaker.fails out
        policy.breaker.probes: traefik has no half-open state
        policy.breaker.way_back: traefik gives a backend all of its traffic back at once: write way_back = "all"
        policy.breaker.open_grows: traefik is out for the same time each time: remove open_grows
        policy.breaker.tick: traefik looks at no interval: remove breaker.tick
        policy.breaker.workers: traefik counts in one process: remove breaker.workers
        policy.breaker.out_max: traefik leaves any number of backends alone: leave breaker.out_max out
        policy.breaker.all_out: traefik answers 503 by itself when no backend is left: write all_out = "shed"
        backend.priority: traefik has no group of backups
        backend.weight: traefik takes weights from 1 on, and `a` has 0
        "#);
    }

    #[test]
    fn affinity_is_refused() {
        let policy = json!({
            "affinity": { "by": "path" },
        });
        insta::assert_snapshot!(refusals(configuration(&[(1, 0), (1, 0)], policy).unwrap_err()), @r"
        policy.affinity: traefik chooses by a cookie that it sets itself, and not by what the client sends: remove policy.affinity
        ");
    }

    #[test]
    fn its_version_is_read() {
        assert_eq!(version("Version:      3.7.15\nCodename:     x\n").as_deref(), Some("Traefik 3.7.15"));
        assert_eq!(version("usage"), None);
    }
}
