//! The kind `caddy`: Caddy, started as a child process.

mod headers;
mod refuse;
mod write;

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::launched::{Acting, Call, Logs, Product, Renewal, Tells, of_product};
use crate::{AccessLog, Counters, Metrics, Ready, Up};

/// Caddy, started as a child process with a Caddyfile that is made from the policy.
///
/// It has retries with a fixed wait, and passive health checks as its breaker. It can't tell a reset from a timeout when it tries
/// again, never tries again on a status, and takes whichever backend's turn it is, which under load may be the same one: write
/// `other_backend = false`. It forgets each failure by itself, so that only a breaker which opens on the first one is open for a time
/// that can be declared. What it lacks is refused.
///
/// Each request to a backend has a connection of its own. On one that is used again, Go's client would repeat a read by
/// itself when the connection breaks, which no setting of Caddy counts or bounds. With a configuration of your own it does so.
///
/// # Example
/// `[gateway.caddy]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Caddy {
    /// A configuration of your own, relative to the scenario: a Caddyfile, or JSON if it is called so. In it `{{listen.address}}`,
    /// `{{backend.NAME.address}}` (or `.host`, `.port`) and `{{dir}}` are filled in; where backends speak TLS, so are
    /// `{{ca}}`, the file of their authority, and `{{tls.name}}`, their name. The policy is then not translated: it only
    /// says what is expected.
    pub config: Option<PathBuf>,
    /// The program. Without it: the one that `BROWNOUT_CADDY` names, or `caddy` in `.gateways/bin` here or above, on
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
    name: "caddy",
    programs: &["caddy"],
    variable: "BROWNOUT_CADDY",
    install: "`bash tests/setup-gateways.sh`, or a release binary as .gateways/bin/caddy",
    config_key: "gateway.caddy.config",
    file: "Caddyfile",
    endings: &["json"],
    orphaned: "KILL",
    listens_by_argument: false,
    generate: |upstreams, _| refuse::unsupported(upstreams).into_result(|| write::configuration(upstreams)),
    serve: |call| with_file("run", call),
    check: Some(|call| with_file("validate", call)),
    tells: Some(TELLS),
    logs: Some(LOGS),
    acts: Acting { reload: None, restart: Some(Renewal::StopAndStart(Signal::TERM)) },
    ask_version: &["version"],
    version,
};

/// Caddy's documentation: "Monitoring Caddy with Prometheus metrics". It does not count further attempts.
const TELLS: Tells = Tells {
    add: |made| made.replacen("    admin off\n", "    admin {{metrics.address}}\n    metrics\n", 1),
    counters: Counters {
        path: "/metrics",
        requests: Some(r#"caddy_http_requests_total{handler="reverse_proxy"}"#),
        retries: None,
        errors: Some(r#"caddy_http_request_duration_seconds_count{handler="reverse_proxy",code=~"5.."}"#),
        // It looks every 10 s, with 2.11 (`metricsUpstreamsHealthyUpdater`).
        up: Some(Up {
            series: r#"caddy_reverse_proxy_upstreams_healthy{upstream="{{backend.address}}"}"#,
            late: Timespan::from_secs(10),
        }),
    },
};

/// Caddy's documentation: "Caddyfile directives", `log`. It does not tell how many attempts there were.
const LOGS: Logs = Logs {
    add: |made| {
        let to_file = "    log {\n        output file {{dir}}/access.log\n        format json\n    }\n";
        let bind = "    bind {{listen.host}}\n";
        // The log of errors takes lines of this one as well, where it is not told otherwise.
        made.replacen("        level ERROR\n", "        level ERROR\n        exclude http.log.access\n", 1)
            .replacen(bind, &format!("{bind}{to_file}"), 1)
    },
    file: Some("access.log"),
    pattern: r#"<_>"status":<status>,<_>"#,
};

fn with_file(what: &str, call: &Call<'_>) -> Vec<String> {
    let file = [what, "--config", call.file].map(String::from);
    let is_json = Path::new(call.file).extension().is_some_and(|ending| ending == "json");
    let adapter = ["--adapter", "caddyfile"].map(String::from).into_iter().filter(|_| !is_json);
    file.into_iter().chain(adapter).collect()
}

fn version(said: &str) -> Option<String> {
    // `v2.11.7 h1:yj0Y4fYZ…`
    let number = said.split_whitespace().next()?.strip_prefix('v')?;
    Some(format!("Caddy {number}"))
}

of_product!(Caddy, PRODUCT);

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
                "attempts": 3, "on": ["connect-failure", "reset", "timeout"], "methods": ["GET", "PUT"],
                "backoff": { "base": "100ms", "factor": 1.0 },
            },
            "breaker": { "trip": { "consecutive": 1 }, "open_for": "2s", "fails": ["5xx", "429", "timeout", "reset", "connect-failure"] },
        });
        insta::assert_snapshot!(made(configuration(&[(2, 0), (1, 0)], policy)), @r#"
        # Made by brownout from the scenario's [policy] and backends. A directive says which key it comes from.
        {
            admin off
            auto_https off
            persist_config off
            grace_period 1s
            log {
                level ERROR
            }
            servers {
                protocols h1
            }
        }

        http://:{{listen.port}} {
            bind {{listen.host}}
            respond /__brownout/ready "{{nonce}}" 200
            reverse_proxy 127.0.0.1:9001 127.0.0.1:9002 {
                lb_policy weighted_round_robin 2 1  # backend.NAME.weight
                lb_retries 2  # policy.retry.attempts, less the first one
                lb_try_interval 100ms  # policy.retry.backoff
                # A connection that could not be made is tried again for any method.
                lb_retry_match {
                    method GET PUT  # policy.retry.methods
                }
                request_buffers 1MiB  # a longer body is not sent a second time
                fail_duration 2000ms  # policy.breaker.open_for
                max_fails 1  # policy.breaker.trip
                unhealthy_status 5xx 429  # policy.breaker.fails
                transport http {
                    versions 1.1
                    compression off
                    keepalive off  # on a connection that is used again, Go repeats reads that nobody counts
                    dial_timeout 500ms  # policy.timeout.connect
                    response_header_timeout 1000ms  # policy.timeout.per_try
                    # policy.timeout.total needs nothing: all attempts together can't take that long.
                }
            }
        }
        "#);
    }

    #[test]
    fn without_a_policy_nothing_is_tried_again_or_left_alone() {
        let made = made(configuration(&[(1, 0), (1, 0)], json!({})));
        insta::assert_snapshot!(part(&made, "http://", ""), @r#"
        http://:{{listen.port}} {
            bind {{listen.host}}
            respond /__brownout/ready "{{nonce}}" 200
            reverse_proxy 127.0.0.1:9001 127.0.0.1:9002 {
                lb_policy round_robin
                transport http {
                    versions 1.1
                    compression off
                    keepalive off  # on a connection that is used again, Go repeats reads that nobody counts
                    dial_timeout 5000ms  # policy.timeout.connect
                }
            }
        }
        "#);
    }

    #[test]
    fn a_connection_that_could_not_be_made_is_tried_again_alone() {
        let policy = json!({ "retry": { "attempts": 2, "on": ["connect-failure"], "other_backend": false } });
        let made = made(configuration(&[(1, 0), (1, 0)], policy));
        insta::assert_snapshot!(part(&made, "lb_retries", "transport"), @r"
        lb_retries 1  # policy.retry.attempts, less the first one
                # A connection that could not be made is tried again for any method.
                lb_retry_match {
                    not path *  # nothing else: policy.retry.on
                }
        ");
    }

    #[test]
    fn backends_over_tls_are_checked_by_the_authority_of_the_run() {
        let over_tls = over_tls(upstreams(&[(1, 0)], json!({})));
        let made = made((PRODUCT.generate)(&over_tls, &MACHINE).map(Some));
        insta::assert_snapshot!(part(&made, "reverse_proxy", ""), @r"
        reverse_proxy 127.0.0.1:9001 {
                lb_policy round_robin
                transport http {
                    versions 1.1
                    compression off
                    keepalive off  # on a connection that is used again, Go repeats reads that nobody counts
                    dial_timeout 5000ms  # policy.timeout.connect
                    tls
                    tls_server_name backends.test
                    tls_trust_pool file {{ca}}
                }
            }
        }
        ");
    }

    #[test]
    fn what_it_has_no_means_for_is_refused_by_its_key() {
        let policy = json!({
            "timeout": { "per_try": "1s", "total": "1s" },
            "retry": {
                "attempts": 3, "on": ["503", "reset"], "backoff": { "base": "1s" }, "retry_after": {},
            },
            "breaker": {
                "trip": { "consecutive": 5 }, "open_for": "2s", "probes": 1, "tick": "1s", "way_back": "probe", "fails": ["5xx"],
                "workers": 2, "out_max": 0.5, "all_out": "panic", "open_grows": true,
            },
        });
        insta::assert_snapshot!(refusals(configuration(&[(1, 0), (1, 3)], policy).unwrap_err()), @r#"
        policy.retry.retry_after: caddy does not read `Retry-After`: remove retry.retry_after
        policy.timeout.total: caddy can't cut an attempt when timeout.total is over, it only starts no further one: remove timeout.total
        policy.retry.on: caddy never tries again on a status, such as 503
        policy.retry.on: caddy always tries again when a connection could not be made: list "connect-failure" in retry.on
        policy.retry.on: caddy tries again after resets and timeouts alike: list both "reset" and "timeout" in retry.on, or neither
        policy.retry.backoff: caddy waits the same time before each attempt: write backoff.factor = 1, without jitter
        policy.breaker.trip: caddy forgets each failure `fail_duration` after it came, so that with several the open time depends on when they came: write breaker.trip = { consecutive = 1 }
        policy.breaker.fails: caddy always counts what it got no answer for: list "timeout", "reset" and "connect-failure" in breaker.fails
        policy.breaker.probes: caddy has no half-open state
        policy.breaker.way_back: caddy gives a backend all of its traffic back at once: write way_back = "all"
        policy.breaker.open_grows: caddy is out for the same time each time: remove open_grows
        policy.breaker.tick: caddy looks at no interval: remove breaker.tick
        policy.breaker.workers: caddy counts in one process: remove breaker.workers
        policy.breaker.out_max: caddy leaves any number of backends alone: leave breaker.out_max out
        policy.breaker.all_out: caddy answers 503 by itself when no backend is left: write all_out = "shed"
        backend.priority: caddy has no group of backups
        "#);
    }

    #[test]
    fn affinity_is_by_header_or_path_and_without_weights() {
        let of = |by: Value| configuration(&[(1, 0), (1, 0)], json!({ "affinity": { "by": by } }));
        assert!(made(of(json!({ "header": "x-user" }))).contains("lb_policy header x-user"));
        assert!(made(of(json!("path"))).contains("lb_policy uri_hash"));
        insta::assert_snapshot!(refusals(of(json!({ "cookie": "session" })).unwrap_err()), @r#"policy.affinity.by: caddy chooses by a cookie that it sets itself, and not by one of the client's: write affinity.by = { header = "…" }"#);
        let weighted = json!({ "affinity": { "by": "connection" } });
        insta::assert_snapshot!(refusals(configuration(&[(2, 0), (1, 0)], weighted).unwrap_err()), @r#"
        policy.affinity.by: caddy knows a client by its address, and not by its connection: write affinity.by = { header = "…" }
        policy.affinity: caddy hashes without weights: give all backends the same weight
        "#);
    }

    #[test]
    fn its_version_is_read() {
        assert_eq!(version("v2.11.7 h1:yj0Y=\n").as_deref(), Some("Caddy 2.11.7"));
        assert_eq!(version("usage"), None);
    }
}
