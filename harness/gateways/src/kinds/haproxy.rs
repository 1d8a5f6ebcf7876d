//! The kind `haproxy`: HAProxy, started as a child process.

mod refuse;
mod write;

use std::path::PathBuf;

use rustix::process::Signal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::launched::{Acting, Call, Logs, Product, Renewal, Tells, of_product};
use crate::{AccessLog, Counters, Metrics, Ready, Up};

/// HAProxy, started as a child process with a configuration that is made from the policy.
///
/// It has retries, and a breaker that counts failures in a row. What it lacks is refused: backoff, a deadline over all
/// attempts, half-open probes, and a breaker that sees attempts which are tried again. A spare backend is used only
/// while the breaker keeps all primary ones out. Requests of more than 15 KiB are never tried again.
///
/// # Example
/// `[gateway.haproxy]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Haproxy {
    /// A configuration of your own, relative to the scenario, in which `{{listen.address}}`,
    /// `{{backend.NAME.address}}` (or `.host`, `.port`) and `{{dir}}` are filled in; where backends speak TLS, so are
    /// `{{ca}}`, the file of their authority, and `{{tls.name}}`, their name. The policy is then not translated: it only
    /// says what is expected.
    pub config: Option<PathBuf>,
    /// The program. Without it: the one that `BROWNOUT_HAPROXY` names, or `haproxy` in `.gateways/bin` here or above, on
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
    name: "haproxy",
    programs: &["haproxy"],
    variable: "BROWNOUT_HAPROXY",
    install: "`apt-get install --no-install-recommends haproxy`",
    config_key: "gateway.haproxy.config",
    file: "haproxy.cfg",
    endings: &["cfg"],
    orphaned: "KILL",
    listens_by_argument: false,
    generate: |upstreams, machine| {
        refuse::unsupported(upstreams).into_result(|| write::configuration(upstreams, machine))
    },
    serve,
    check: Some(check),
    tells: Some(TELLS),
    logs: Some(LOGS),
    acts: Acting {
        reload: Some(Renewal::Signal(Signal::USR2)),
        restart: Some(Renewal::Signal(Signal::USR2)),
    },
    ask_version: &["-v"],
    version,
};

/// HAProxy's documentation: `addons/promex/README`. A further attempt at another server is counted as a redispatch as well.
const TELLS: Tells = Tells {
    add: |made| {
        made + "
frontend metrics
    bind {{metrics.address}}
    http-request use-service prometheus-exporter if { path /metrics }
"
    },
    counters: Counters {
        path: "/metrics",
        requests: Some(r#"haproxy_frontend_http_requests_total{proxy="in"}"#),
        retries: Some(r#"haproxy_backend_retry_warnings_total{proxy="pool"}"#),
        errors: Some(r#"haproxy_frontend_http_responses_total{proxy="in",code="5xx"}"#),
        up: Some(Up {
            series: r#"haproxy_server_status{proxy="pool",server="{{backend.name}}",state="UP"}"#,
            late: Timespan::from_secs(0),
        }),
    },
};

/// HAProxy's documentation: "Custom log format", "Session state at disconnection". It has no file of its own to write to.
const LOGS: Logs = Logs {
    add: |made| {
        let format = r#"    http-request capture req.hdr(x-brownout-tag) len 64
    log-format "%[capture.req.hdr(0)] %{+Q}r status=%ST server=%s retries=%rc reason=%ts"
"#;
        let made =
            made.replacen("    option dontlog-normal       # only what failed or was tried again\n", "", 1);
        made.replacen(
            "frontend in\n    bind {{listen.address}}\n",
            &format!("frontend in\n    bind {{{{listen.address}}}}\n{format}"),
            1,
        )
    },
    file: None,
    pattern: "<_> status=<status> server=<server> retries=<retries> reason=<reason>",
};

fn serve(call: &Call<'_>) -> Vec<String> {
    // In the foreground, whatever the configuration says. Only with a master, it can be reloaded by a signal to that.
    let master = call.generation.map(|_| "-W").into_iter();
    master.chain(["-db", "-f", call.file]).map(String::from).collect()
}

fn check(call: &Call<'_>) -> Vec<String> {
    ["-c", "-f", call.file].map(String::from).into()
}

fn version(said: &str) -> Option<String> {
    let number = said.split_once("version ")?.1.split_whitespace().next()?;
    Some(format!("HAProxy {number}"))
}

of_product!(Haproxy, PRODUCT);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::launched::testing::{MACHINE, made, over_tls, part, refusals, upstreams};
    use super::*;
    use crate::Unsupported;

    fn configuration(ranks: &[(u32, u32)], policy: Value) -> Result<Option<String>, Vec<Unsupported>> {
        (PRODUCT.generate)(&upstreams(ranks, policy), &MACHINE).map(Some)
    }

    fn refused(ranks: &[(u32, u32)], policy: Value) -> String {
        refusals(configuration(ranks, policy).unwrap_err())
    }

    #[test]
    fn a_policy_with_retries_becomes_a_configuration() {
        let policy = json!({
            "timeout": { "connect": "500ms", "per_try": "1s", "total": "5s" },
            "retry": { "attempts": 3, "on": ["503", "connect-failure", "reset", "timeout"], "methods": ["GET", "HEAD"] },
        });
        insta::assert_snapshot!(made(configuration(&[(2, 0), (1, 0)], policy)), @r#"
        # Made by brownout from the scenario's [policy] and backends. A directive says which key it comes from.

        global
            nbthread 1                  # one thread: turns are taken in strict order, and each breaker exists once
            maxconn 4000
            noreuseport                 # a port that is taken is an error, and not shared with whoever has it
            log stdout format raw local0

        defaults
            mode http
            log global
            option httplog
            option dontlog-normal       # only what failed or was tried again
            timeout connect 500ms  # policy.timeout.connect
            timeout server 1000ms  # policy.timeout.per_try
            # policy.timeout.total needs nothing: all attempts together can't take that long.
            timeout client 1h
            timeout http-request 1h
            timeout http-keep-alive 1h
            http-reuse safe
            retries 2                   # policy.retry.attempts, less the first one
            option redispatch 1         # policy.retry.other_backend
            retry-on 503 conn-failure empty-response response-timeout  # policy.retry.on

        frontend in
            bind {{listen.address}}
            http-request return status 200 content-type text/plain string "{{nonce}}" if { path /__brownout/ready }
            default_backend pool

        backend pool
            balance roundrobin
            http-request disable-l7-retry unless { method GET HEAD }  # policy.retry.methods; a connection that could not be made is retried for any
            server a 127.0.0.1:9001 weight 2
            server b 127.0.0.1:9002 weight 1
        "#);
    }

    #[test]
    fn a_breaker_and_backups_become_a_configuration() {
        let policy = json!({
            "timeout": { "per_try": "300ms" },
            "breaker": { "trip": { "consecutive": 5 }, "open_for": "2s" },
        });
        let text = made(configuration(&[(1, 0), (1, 7)], policy));
        insta::assert_snapshot!(part(&text, "backend pool", ""), @r#"
        backend pool

        backend pool
            balance roundrobin
            option allbackups           # backends of the second priority share the traffic when it comes
            # The breaker (policy.breaker): so many errors in a row mark a server down. The check that would bring it
            # back is a bare connect once a day, which an error pulls forward to `open_for` from then.
            server a 127.0.0.1:9001 weight 1 check inter 24h fastinter 2000ms downinter 2000ms rise 1 fall 1 observe layer7 error-limit 5 on-error mark-down
            server b 127.0.0.1:9002 weight 1 backup check inter 24h fastinter 2000ms downinter 2000ms rise 1 fall 1 observe layer7 error-limit 5 on-error mark-down
        "#);
    }

    #[test]
    fn affinity_is_consistent_hashing_and_a_connection_is_refused() {
        let of =
            |affinity: Value| configuration(&[(1, 0), (1, 0)], json!({ "affinity": { "by": affinity } }));
        for (affinity, words) in [
            (json!({ "header": "x-user" }), "balance hdr(x-user)"),
            (json!({ "cookie": "session" }), "balance hash req.cook(session)"),
            (json!("path"), "balance uri whole"),
        ] {
            let text = made(of(affinity));
            assert!(text.contains(words) && text.contains("hash-type consistent"), "{text}");
        }
        insta::assert_snapshot!(refused(&[(1, 0)], json!({ "affinity": { "by": "connection" } })), @r#"policy.affinity.by: haproxy knows a client by its address, and not by its connection: write affinity.by = { header = "…" } or { cookie = "…" }"#);
    }

    #[test]
    fn the_certificates_of_backends_over_tls_are_checked() {
        let mut upstreams = over_tls(upstreams(&[(1, 0), (1, 0)], json!({})));
        upstreams.backends[1].tls = false;
        let text = made((PRODUCT.generate)(&upstreams, &MACHINE).map(Some));
        insta::assert_snapshot!(part(&text, "    server", ""), @r#"
        server a 127.0.0.1:9001 weight 1 ssl verify required ca-file {{ca}} sni str(backends.test) verifyhost backends.test check-sni backends.test
        server b 127.0.0.1:9002 weight 1
        "#);
    }

    #[test]
    fn a_health_check_may_decide_when_a_server_comes_back() {
        let breaker =
            json!({ "trip": { "consecutive": 5 }, "open_for": "2s", "tick": "500ms", "way_back": "check" });
        let text = made(configuration(&[(1, 0)], json!({ "breaker": breaker })));
        assert!(text.contains("    option httpchk GET /        # policy.breaker.way_back\n"), "{text}");
        assert!(text.contains(" check inter 24h fastinter 2000ms downinter 500ms rise 1 "), "{text}");
    }

    #[test]
    fn what_of_a_breaker_is_no_marking_down_is_refused_by_its_key() {
        let keys = |more: Value| {
            let mut breaker = json!({ "trip": { "consecutive": 5 }, "open_for": "2s" });
            breaker.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let refused = configuration(&[(1, 0)], json!({ "breaker": breaker })).unwrap_err();
            refused.into_iter().map(|refusal| refusal.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(json!({ "way_back": "probe" })), ["policy.breaker.way_back"]);
        assert_eq!(keys(json!({ "fails": ["429"] })), ["policy.breaker.fails"]);
        assert_eq!(keys(json!({ "open_grows": true })), ["policy.breaker.open_grows"]);
        assert_eq!(keys(json!({ "tick": "1s" })), ["policy.breaker.tick"]);
        assert_eq!(keys(json!({ "scope": "pool" })), ["policy.breaker.scope"]);
        assert_eq!(keys(json!({ "workers": 2 })), ["policy.breaker.workers"]);
        assert_eq!(keys(json!({ "out_max": 0.5 })), ["policy.breaker.out_max"]);
        assert_eq!(keys(json!({ "all_out": "panic" })), ["policy.breaker.all_out"]);
        assert_eq!(keys(json!({ "shed_status": 429 })), ["policy.breaker.shed_status"]);
    }

    #[test]
    fn without_a_policy_its_own_retries_are_switched_off() {
        let text = made(configuration(&[(1, 0)], json!({})));
        insta::assert_snapshot!(part(&text, "defaults", ""), @r#"
        defaults
            mode http
            log global
            option httplog
            option dontlog-normal       # only what failed or was tried again
            timeout connect 5000ms  # policy.timeout.connect
            timeout server 1h  # no policy.timeout.per_try: as good as none
            timeout client 1h
            timeout http-request 1h
            timeout http-keep-alive 1h
            http-reuse safe
            retries 0                   # no policy.retry
            retry-on none

        frontend in
            bind {{listen.address}}
            http-request return status 200 content-type text/plain string "{{nonce}}" if { path /__brownout/ready }
            default_backend pool

        backend pool
            balance roundrobin
            server a 127.0.0.1:9001 weight 1
        "#);
    }

    #[test]
    fn everything_that_it_can_not_do_is_refused_at_once() {
        let policy = json!({
            "timeout": { "connect": "1500us", "per_try": "1s", "total": "2s" },
            "retry": { "attempts": 2, "on": ["429", "reset"], "methods": ["GET", "A'B"], "backoff": { "base": "25ms" }, "retry_after": { "max": "1s" } },
            "breaker": { "trip": { "count": 5, "within": "10s" }, "open_for": "600h", "probes": 2, "retry_after": true },
        });
        insta::assert_snapshot!(refused(&[(300, 0), (1, 1), (1, 2)], policy), @r#"
        policy.timeout.connect: haproxy counts time in whole milliseconds, which `1.5 ms` is not
        policy.retry.methods: `A'B` can't be written into haproxy's configuration: expected capital letters
        policy.retry.retry_after: haproxy does not read `Retry-After`: remove retry.retry_after
        policy.breaker.open_for: haproxy keeps no timer that is longer than 24 days
        policy.breaker.retry_after: haproxy's breaker does not read `Retry-After`
        policy.timeout.total: haproxy has no deadline over all attempts: remove timeout.total
        policy.retry.on: haproxy can't retry on status 429; it knows 401, 403, 404, 408, 425 and 500 to 504
        policy.retry.backoff: haproxy has no retry backoff: remove retry.backoff
        policy.breaker.trip: haproxy's breaker counts consecutive errors only: write breaker.trip = { consecutive = … }
        policy.breaker.probes: haproxy has no half-open state
        policy.breaker: haproxy's breaker does not see attempts that are retried: remove the breaker, or write retry.on = ["connect-failure"]
        backend.priority: haproxy has one group of backups, and the scenario has priorities 0, 1, 2
        backend.weight: haproxy takes weights from 1 to 256, and `a` has 300
        "#);
        let policy = json!({ "breaker": { "trip": { "share": 0.5, "within": "10s" }, "open_for": "1s" } });
        insta::assert_snapshot!(refused(&[(1, 0)], policy), @"policy.breaker.trip: haproxy has no error-share breaker: write breaker.trip = { consecutive = … }");
        insta::assert_snapshot!(refused(&[(1, 0), (1, 1)], json!({})), @"backend.priority: haproxy uses a backup only when the breaker has opened on every primary: add [policy.breaker]");
    }

    #[test]
    fn a_total_timeout_that_can_never_be_met_needs_no_directive() {
        let policy = |total: &str| {
            json!({
                "timeout": { "connect": "1s", "per_try": "1s", "total": total },
                "retry": { "attempts": 2, "on": ["503"], "other_backend": false },
            })
        };
        // Two attempts of 2 s, and a turn-around of 1 s between them.
        assert!(configuration(&[(1, 0), (1, 0)], policy("5s")).is_ok());
        assert!(configuration(&[(1, 0), (1, 0)], policy("4999ms")).is_err());
    }

    #[test]
    fn the_version_is_read_from_what_the_program_says() {
        assert_eq!(
            version("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/\nStatus: …")
                .as_deref(),
            Some("HAProxy 2.6.12-1+deb12u4")
        );
        assert_eq!(version("no idea"), None);
        assert_eq!(version("version"), None);
    }

    #[test]
    fn a_limit_is_maxconn_of_each_server_with_a_rule_for_the_queue() {
        let written = |limit: Value| {
            let text = made(configuration(&[(1, 0)], json!({ "limit": limit })));
            part(&text, "    http-request deny", "").to_owned()
        };
        insta::assert_snapshot!(written(json!({ "in_flight": 8, "queue": 0, "status": 429 })), @r"
        http-request deny deny_status 429 if { be_conn_free(pool) le 0 }  # policy.limit.queue, .status
        timeout queue 1ms  # policy.limit.wait
        server a 127.0.0.1:9001 weight 1 maxconn 8
        ");
        insta::assert_snapshot!(written(json!({ "in_flight": 8, "queue": 16, "wait": "80ms" })), @r"
        http-request deny deny_status 503 if { queue(pool) ge 16 }  # policy.limit.queue, .status
        timeout queue 80ms  # policy.limit.wait
        server a 127.0.0.1:9001 weight 1 maxconn 8
        ");
        let limit = json!({ "in_flight": 8, "scope": "pool", "queue": 4, "status": 429 });
        insta::assert_snapshot!(refused(&[(1, 0)], json!({ "limit": limit })), @r#"
        policy.limit.scope: haproxy's `maxconn` is of one server, never of the pool: write scope = "backend"
        policy.limit.status: haproxy answers 503 when the wait for a server is over: write status = 503, or queue = 0
        "#);
    }

    #[test]
    fn a_budget_for_retries_is_refused_by_its_key() {
        let retry = json!({ "attempts": 2, "on": ["503"], "budget": { "share": 0.2 } });
        let refused = refused(&[(1, 0), (1, 0)], json!({ "retry": retry }));
        assert_eq!(refused, "policy.retry.budget: haproxy has no budget for retries: remove retry.budget");
    }
}
