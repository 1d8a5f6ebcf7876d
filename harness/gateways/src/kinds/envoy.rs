//! The kind `envoy`: Envoy, started as a child process.

mod cluster;
mod refuse;
mod write;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::launched::{Acting, Call, Logs, Product, Renewal, Tells, of_product};
use crate::{AccessLog, Counters, Metrics, Ready, Up};

/// Envoy, started as a child process with a configuration that is made from the policy.
///
/// It has retries with full jitter, hard deadlines, and outlier detection as its breaker: failures in a row, or a share
/// of failures. What it lacks is refused: retries on a reset but not on a timeout, backoff of a fixed length, and
/// half-open probes.
///
/// # Example
/// `[gateway.envoy]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Envoy {
    /// A configuration of your own, relative to the scenario, in which `{{listen.address}}`,
    /// `{{backend.NAME.address}}` (or `.host`, `.port`) and `{{dir}}` are filled in; where backends speak TLS, so are
    /// `{{ca}}`, the file of their authority, and `{{tls.name}}`, their name. The policy is then not translated: it only
    /// says what is expected.
    pub config: Option<PathBuf>,
    /// The program. Without it: the one that `BROWNOUT_ENVOY` names, or `envoy` in `.gateways/bin` here or above, on
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
    name: "envoy",
    programs: &["envoy"],
    variable: "BROWNOUT_ENVOY",
    install: "`bash tests/setup-gateways.sh`, or a release binary as .gateways/bin/envoy",
    config_key: "gateway.envoy.config",
    file: "envoy.yaml",
    endings: &["json", "yaml", "yml"],
    orphaned: "KILL",
    listens_by_argument: false,
    generate: |upstreams, machine| {
        refuse::unsupported(upstreams).into_result(|| write::configuration(upstreams, machine))
    },
    serve,
    check: Some(check),
    tells: Some(TELLS),
    logs: Some(LOGS),
    acts: Acting { reload: Some(HOT), restart: Some(HOT) },
    ask_version: &["--version"],
    version,
};

/// Envoy's documentation: "Administration interface" (`/stats/prometheus`), and the statistics of the HTTP connection manager
/// and of clusters, those of each endpoint among them. A further attempt is counted when it is decided, before its backoff.
const TELLS: Tells = Tells {
    add: |made| {
        made.replacen("port_value: 0}", "port_value: {{metrics.port}}}", 1).replacen(
            "    type: STATIC\n",
            "    type: STATIC\n    track_cluster_stats: {per_endpoint_stats: true}\n",
            1,
        )
    },
    counters: Counters {
        path: "/stats/prometheus",
        requests: Some(r#"envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="in"}"#),
        retries: Some(r#"envoy_cluster_upstream_rq_retry{envoy_cluster_name="pool"}"#),
        errors: Some(
            r#"envoy_http_downstream_rq_xx{envoy_response_code_class="5",envoy_http_conn_manager_prefix="in"}"#,
        ),
        // By health checks and outlier detection alike.
        up: Some(Up {
            series: r#"envoy_cluster_endpoint_healthy{envoy_cluster_name="pool",envoy_endpoint_address="{{backend.address}}"}"#,
            late: Timespan::from_secs(0),
        }),
    },
};

/// Envoy's documentation: "Access logging". An attempt is counted when it is decided, also one that no connection was made for.
const LOGS: Logs = Logs {
    add: |made| {
        let file = r#"          - name: envoy.access_loggers.file
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: "{{dir}}/access.log"
              log_format:
                text_format_source:
                  inline_string: "%REQ(X-BROWNOUT-TAG)% \"%REQ(:METHOD)% %REQ(:PATH)%\" status=%RESPONSE_CODE% attempts=%UPSTREAM_REQUEST_ATTEMPT_COUNT% reason=%RESPONSE_FLAGS%\n"
"#;
        made.replacen("          http_filters:\n", &format!("{file}          http_filters:\n"), 1)
    },
    file: Some("access.log"),
    pattern: "<_> status=<status> attempts=<attempts> reason=<reason>",
};

/// A hot restart, which is also how another static configuration is taken up (docs: "Hot restart Python wrapper").
const HOT: Renewal = Renewal::Successor { up: "starting workers" };

/// For how long the process before it closes connections little by little, and when it is ended, in seconds after a hot
/// restart. Its own defaults are 10 and 15 minutes.
const DRAINS: [&str; 2] = ["2", "3"];

fn serve(call: &Call<'_>) -> Vec<String> {
    let path = |name: &str| call.dir.join(name).display().to_string();
    let admin = path("admin.txt");
    let arguments = ["-c", call.file, "--concurrency", "1", "--admin-address-path", &admin].map(String::from);
    arguments.into_iter().chain(hot_restart(call.generation, &path("base-id"))).collect()
}

/// The first process picks a number that no other Envoy has, and writes it to a file; its successors are called with it.
fn hot_restart(generation: Option<u32>, base_id: &str) -> Vec<String> {
    let [drain, end] = DRAINS;
    let times = ["--drain-time-s", drain, "--parent-shutdown-time-s", end];
    let arguments = match generation {
        None => return ["-l", "warning", "--disable-hot-restart"].map(String::from).into(),
        Some(0) => {
            ["-l", "info", "--use-dynamic-base-id", "--base-id-path", base_id].map(String::from).into()
        }
        Some(number) => {
            // What can't be read is refused by the program.
            let id = std::fs::read_to_string(base_id).unwrap_or_default();
            let (id, number) = (id.trim().to_owned(), number.to_string());
            vec!["-l".into(), "info".into(), "--base-id".into(), id, "--restart-epoch".into(), number]
        }
    };
    arguments.into_iter().chain(times.map(String::from)).collect()
}

fn check(call: &Call<'_>) -> Vec<String> {
    ["--mode", "validate", "-l", "error", "-c", call.file].map(String::from).into()
}

fn version(said: &str) -> Option<String> {
    // `envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`
    let number = said.split_once("version: ")?.1.split('/').nth(1)?;
    Some(format!("envoy {number}"))
}

of_product!(Envoy, PRODUCT);

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
    #[expect(clippy::too_many_lines, reason = "the configuration is shown whole")]
    fn a_policy_with_everything_becomes_a_configuration() {
        let policy = json!({
            "timeout": { "connect": "500ms", "per_try": "1s", "total": "3s" },
            "retry": {
                "attempts": 3, "on": ["503", "connect-failure", "reset", "timeout"], "methods": ["GET", "HEAD"],
                "backoff": { "base": "25ms", "jitter": true },
            },
            "breaker": { "trip": { "consecutive": 5 }, "open_for": "2s" },
        });
        insta::assert_snapshot!(made(configuration(&[(2, 0), (1, 0), (1, 9)], policy)), @r#"
        # Made by brownout from the scenario's [policy] and backends. A line says which key it comes from.
        admin:
          address: {socket_address: {address: 127.0.0.1, port_value: 0}}
        static_resources:
          listeners:
          - name: in
            enable_reuse_port: false  # a port that is taken is an error, and not shared with whoever has it
            address: {socket_address: {address: "{{listen.host}}", port_value: {{listen.port}}}}
            filter_chains:
            - filters:
              - name: envoy.filters.network.http_connection_manager
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                  stat_prefix: in
                  codec_type: HTTP1
                  generate_request_id: false
                  stream_idle_timeout: 0s
                  delayed_close_timeout: 0.05s  # its own default holds back the end of a body that was cut off for 1 s
                  server_header_transformation: PASS_THROUGH
                  access_log:
                  - name: envoy.access_loggers.stdout
                    filter: {response_flag_filter: {}}  # only what failed or was tried again
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
                  http_filters:
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                      suppress_envoy_headers: true
                  route_config:
                    virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                      - match: {path: /__brownout/ready}
                        direct_response: {status: 200, body: {inline_string: "{{nonce}}"}}
                      - match:
                          prefix: /
                          headers:  # policy.retry.methods
                          - {name: ":method", string_match: {safe_regex: {regex: "GET|HEAD"}}}
                        route:
                          cluster: pool
                          timeout: 3s  # policy.timeout.total
                          retry_policy:
                            retry_on: "connect-failure,reset,retriable-status-codes"  # policy.retry.on
                            retriable_status_codes: [503]
                            num_retries: 2  # policy.retry.attempts, less the first one
                            per_try_timeout: 1s  # policy.timeout.per_try
                            retry_back_off: {base_interval: 0.025s, max_interval: 0.05s}  # policy.retry.backoff
                            retry_host_predicate:  # policy.retry.other_backend
                            - name: envoy.retry_host_predicates.previous_hosts
                              typed_config: {"@type": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate}
                            host_selection_retry_max_attempts: 100
                            retry_priority:  # once a request has failed at every primary, the next group is tried
                              name: envoy.retry_priorities.previous_priorities
                              typed_config: {"@type": type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig, update_frequency: 2}
                      - match: {prefix: /}
                        route:
                          cluster: pool
                          timeout: 3s  # policy.timeout.total
                          # Nothing is retried here: the per-try timer is to be had as a part of this only.
                          retry_policy: {retry_on: "", num_retries: 0, per_try_timeout: 1s}  # policy.timeout.per_try
          clusters:
          - name: pool
            type: STATIC
            connect_timeout: 0.5s  # policy.timeout.connect
            lb_policy: ROUND_ROBIN
            common_lb_config:
              healthy_panic_threshold: {value: 0}  # its own default sends traffic to backends that are out once half of them are
              update_merge_window: 0s  # its own default lets an opened breaker leak for 1 s
            circuit_breakers:  # its own defaults drop retries and requests under load: 3 retries at a time, 1024 requests
              thresholds:
              - {priority: DEFAULT, max_connections: 1000000, max_pending_requests: 1000000, max_requests: 1000000, max_retries: 1000000}
            outlier_detection:
              consecutive_5xx: 5  # policy.breaker.trip.consecutive
              enforcing_consecutive_5xx: 100
              enforcing_failure_percentage: 0
              interval: 0.05s
              enforcing_consecutive_gateway_failure: 0
              enforcing_success_rate: 0
              base_ejection_time: 2s  # policy.breaker.open_for, the second time as the first
              max_ejection_time: 2s
              max_ejection_time_jitter: 0s
              max_ejection_percent: 100
            load_assignment:
              cluster_name: pool
              policy: {overprovisioning_factor: 100000}  # a group keeps all of the traffic as long as one of it is in
              endpoints:
              - priority: 0
                lb_endpoints:
                - endpoint: {address: {socket_address: {address: "127.0.0.1", port_value: 9001}}}  # a
                  load_balancing_weight: 2
                - endpoint: {address: {socket_address: {address: "127.0.0.1", port_value: 9002}}}  # b
                  load_balancing_weight: 1
              - priority: 1
                lb_endpoints:
                - endpoint: {address: {socket_address: {address: "127.0.0.1", port_value: 9003}}}  # c
                  load_balancing_weight: 1
        "#);
    }

    #[test]
    fn affinity_is_a_hash_ring_and_with_an_ejection_it_is_refused() {
        let of =
            |affinity: Value| configuration(&[(1, 0), (1, 0)], json!({ "affinity": { "by": affinity } }));
        for (affinity, words) in [
            (json!({ "header": "x-user" }), r#"hash_policy: [{header: {header_name: "x-user"}}]"#),
            (json!({ "cookie": "session" }), r#"hash_policy: [{cookie: {name: "session"}}]"#),
            (json!("path"), r#"hash_policy: [{header: {header_name: ":path"}}]"#),
        ] {
            let text = made(of(affinity));
            assert!(text.contains(words) && text.contains("lb_policy: RING_HASH"), "{text}");
        }
        let ejecting = json!({
            "affinity": { "by": "connection" },
            "breaker": { "trip": { "consecutive": 5 }, "open_for": "2s", "way_back": "all" },
        });
        insta::assert_snapshot!(refused(&[(1, 0), (1, 0)], ejecting), @r#"
        policy.affinity.by: envoy knows a client by its address, and not by its connection: write affinity.by = { header = "…" } or { cookie = "…" }
        policy.affinity: envoy makes its hash ring anew when a host is ejected, which moves keys of the other hosts as well: remove policy.breaker or policy.affinity
        "#);
    }

    #[test]
    fn the_certificates_of_backends_over_tls_are_checked() {
        let mut upstreams = over_tls(upstreams(&[(1, 0), (1, 0)], json!({})));
        let text = made((PRODUCT.generate)(&upstreams, &MACHINE).map(Some));
        insta::assert_snapshot!(part(&text, "    transport_socket:", "    load_assignment"), @r#"
        transport_socket:  # backend.tls
          name: envoy.transport_sockets.tls
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
            sni: backends.test
            common_tls_context:
              validation_context:
                trusted_ca: {filename: "{{ca}}"}
                match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: backends.test}}]
        "#);
        upstreams.backends[1].tls = false;
        let refused = (PRODUCT.generate)(&upstreams, &MACHINE).unwrap_err();
        insta::assert_snapshot!(refusals(refused), @"backend.tls: envoy speaks TLS to all backends of a pool or to none");
    }

    #[test]
    fn a_breaker_by_share_becomes_outlier_detection() {
        let breaker =
            json!({ "trip": { "share": 0.5, "within": "1s", "min": 10 }, "open_for": "5s", "tick": "1s" });
        let text = made(configuration(&[(1, 0)], json!({ "breaker": breaker })));
        insta::assert_snapshot!(part(&text, "outlier_detection:", "    load_assignment"), @r#"
        outlier_detection:
              enforcing_consecutive_5xx: 0
              enforcing_failure_percentage: 100
              failure_percentage_threshold: 50  # policy.breaker.trip.share
              failure_percentage_minimum_hosts: 0
              failure_percentage_request_volume: 10  # policy.breaker.trip.min
              interval: 1s  # policy.breaker.trip.within, .tick
              enforcing_consecutive_gateway_failure: 0
              enforcing_success_rate: 0
              base_ejection_time: 5s  # policy.breaker.open_for, the second time as the first
              max_ejection_time: 5s
              max_ejection_time_jitter: 0s
              max_ejection_percent: 100
        "#);
    }

    #[test]
    fn ejection_in_its_own_terms_becomes_outlier_detection() {
        let breaker = json!({
            "trip": { "consecutive": 5 }, "fails": ["502", "503", "504", "timeout", "reset", "connect-failure"],
            "open_for": "2s", "open_grows": true, "open_max": "10s", "tick": "1s", "way_back": "all",
            "out_max": 0.5, "all_out": "panic",
        });
        let text = made(configuration(&[(1, 0), (1, 0)], json!({ "breaker": breaker })));
        for line in [
            "healthy_panic_threshold: {value: 1}  # policy.breaker.all_out",
            "consecutive_gateway_failure: 5  # policy.breaker.trip.consecutive",
            "enforcing_consecutive_gateway_failure: 100",
            "enforcing_consecutive_5xx: 0",
            "interval: 1s  # policy.breaker.tick",
            "base_ejection_time: 2s  # policy.breaker.open_for, times the number of ejections",
            "max_ejection_time: 10s",
            "max_ejection_percent: 50",
        ] {
            assert!(text.contains(&format!(" {line}\n")), "{line}\n{text}");
        }
    }

    #[test]
    fn what_of_a_breaker_is_no_ejection_is_refused_by_its_key() {
        let keys = |more: Value| {
            let mut breaker = json!({ "trip": { "consecutive": 5 }, "open_for": "2s" });
            breaker.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let refused = configuration(&[(1, 0)], json!({ "breaker": breaker })).unwrap_err();
            refused.into_iter().map(|refusal| refusal.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(json!({ "way_back": "probe" })), ["policy.breaker.way_back"]);
        assert_eq!(keys(json!({ "way_back": { "ramp": "1s" } })), ["policy.breaker.way_back"]);
        assert_eq!(keys(json!({ "fails": ["5xx", "429"] })), ["policy.breaker.fails"]);
        assert_eq!(keys(json!({ "open_grows": true })), ["policy.breaker.open_grows"]);
        assert_eq!(keys(json!({ "scope": "pool" })), ["policy.breaker.scope"]);
        assert_eq!(keys(json!({ "workers": 2 })), ["policy.breaker.workers"]);
        assert_eq!(keys(json!({ "out_max": 0.333 })), ["policy.breaker.out_max"]);
    }

    #[test]
    fn without_a_policy_nothing_is_retried_and_nothing_times_out() {
        let text = made(configuration(&[(1, 0)], json!({})));
        insta::assert_snapshot!(part(&text, "route_config:", ""), @r#"
        route_config:
                    virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                      - match: {path: /__brownout/ready}
                        direct_response: {status: 200, body: {inline_string: "{{nonce}}"}}
                      - match: {prefix: /}
                        route:
                          cluster: pool
                          timeout: 0s  # no policy.timeout.total; its own default is 15 s
          clusters:
          - name: pool
            type: STATIC
            connect_timeout: 5s  # policy.timeout.connect
            lb_policy: ROUND_ROBIN
            common_lb_config:
              healthy_panic_threshold: {value: 0}  # its own default sends traffic to backends that are out once half of them are
              update_merge_window: 0s  # its own default lets an opened breaker leak for 1 s
            circuit_breakers:  # its own defaults drop retries and requests under load: 3 retries at a time, 1024 requests
              thresholds:
              - {priority: DEFAULT, max_connections: 1000000, max_pending_requests: 1000000, max_requests: 1000000, max_retries: 1000000}
            load_assignment:
              cluster_name: pool
              policy: {overprovisioning_factor: 100000}  # a group keeps all of the traffic as long as one of it is in
              endpoints:
              - priority: 0
                lb_endpoints:
                - endpoint: {address: {socket_address: {address: "127.0.0.1", port_value: 9001}}}  # a
                  load_balancing_weight: 1
        "#);
    }

    #[test]
    fn everything_that_it_can_not_do_is_refused_at_once() {
        let policy = json!({
            "timeout": { "per_try": "1s" },
            "retry": { "attempts": 3, "on": ["reset"], "backoff": { "base": "25500us", "factor": 1.5 }, "retry_after": { "max": "1s" } },
            "breaker": { "trip": { "count": 5, "within": "10s" }, "open_for": "1s", "probes": 2, "retry_after": true },
        });
        insta::assert_snapshot!(refused(&[(0, 0), (1, 1)], policy), @r#"
        policy.breaker.retry_after: envoy's breaker does not read `Retry-After`
        policy.retry.on: envoy retries a timeout wherever it retries a reset: add "timeout" to retry.on, or leave "reset" out
        policy.retry.on: envoy retries a failed connect wherever it retries a reset: add "connect-failure" to retry.on, or leave "reset" out
        policy.retry.attempts: envoy can't go to another backend once it has tried them all: retry.attempts = 3 needs 3 backends, the pool has 2
        policy.retry.backoff.jitter: envoy always draws its waits at random: set backoff.jitter = true
        policy.retry.backoff.factor: envoy doubles each wait: backoff.factor = 1.5 can't be had
        policy.retry.backoff.base: envoy counts time in whole milliseconds, which `25.5 ms` is not
        policy.retry.retry_after.max: envoy takes a `Retry-After` above its longest for none, and waits by the backoff: remove retry_after.max
        policy.breaker.trip: envoy counts consecutive failures or a share: write breaker.trip = { consecutive = … } or { share = …, within = …, min = … }
        policy.breaker.probes: envoy has no half-open state
        backend.weight: envoy takes weights from 1 on, and `a` has 0
        "#);
        let policy = json!({
            "timeout": { "per_try": "1s" },
            "retry": { "attempts": 2, "on": ["timeout"] },
            "breaker": { "trip": { "share": 0.333, "within": "1s" }, "open_for": "1s" },
        });
        insta::assert_snapshot!(refused(&[(1, 0), (1, 0)], policy), @r#"
        policy.retry.on: envoy has no retry on timeouts only: add "reset" to retry.on
        policy.breaker.trip.share: envoy counts shares in whole percent, which a share of 0.333 is not
        policy.breaker.tick: envoy looks once in each window whether the share is reached, and whether the open time is over: make breaker.tick as long as breaker.trip.within
        "#);
    }

    #[test]
    fn a_backoff_without_a_longest_wait_may_double_up_to_its_last() {
        let policy = |max: Value| {
            json!({
                "retry": {
                    "attempts": 4, "on": ["503"],
                    "backoff": { "base": "100ms", "jitter": true, "max": max },
                },
            })
        };
        let waits = |max| {
            let text = made(configuration(&[(1, 0)], policy(max)));
            let (_, waits) = text.split_once("retry_back_off: ").unwrap();
            waits.split_once("  #").unwrap().0.to_owned()
        };
        assert_eq!(waits(Value::Null), "{base_interval: 0.1s, max_interval: 0.4s}");
        assert_eq!(waits(json!("1s")), "{base_interval: 0.1s, max_interval: 1s}");
    }

    #[test]
    fn the_version_is_read_from_what_the_program_says() {
        assert_eq!(
            version(
                "\nenvoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL\n"
            )
            .as_deref(),
            Some("envoy 1.40.0")
        );
        assert_eq!(version("no idea"), None);
        assert_eq!(version("version"), None);
    }

    #[test]
    fn a_limit_is_max_requests_of_the_pool() {
        let limit = json!({ "in_flight": 16, "scope": "pool", "queue": 0, "status": 503 });
        let text = made(configuration(&[(1, 0)], json!({ "limit": limit })));
        assert!(
            text.contains(
                "max_requests: 16, max_retries: 1000000}  # policy.limit.in_flight is max_requests\n"
            ),
            "{text}"
        );
        let limit = json!({ "in_flight": 8, "queue": 4, "status": 429 });
        insta::assert_snapshot!(refused(&[(1, 0)], json!({ "limit": limit })), @r#"
        policy.limit.scope: envoy limits the requests of a pool, never those of one backend: write scope = "pool"
        policy.limit.queue: envoy lets no request wait for its turn: write queue = 0
        policy.limit.status: envoy turns requests away with 503: write status = 503
        "#);
    }

    #[test]
    fn a_budget_for_retries_takes_the_place_of_their_largest_number() {
        let retry = json!({ "attempts": 2, "on": ["503"], "budget": { "share": 0.2, "min": 3 } });
        let text = made(configuration(&[(1, 0), (1, 0)], json!({ "retry": retry })));
        let budget = "retry_budget: {budget_percent: {value: 20}, min_retry_concurrency: 3}}";
        assert!(text.contains(budget) && !text.contains("max_retries: 1000000}"), "{text}");
    }
}
