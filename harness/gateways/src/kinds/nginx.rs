//! The kind `nginx`: nginx, started as a child process.

mod refuse;
mod write;

use std::path::PathBuf;

use rustix::process::Signal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::launched::{Acting, Call, Logs, Machine, Product, Renewal, of_product};
use crate::{AccessLog, Metrics, Ready};

/// nginx, started as a child process with a configuration that is made from the policy.
///
/// It tries each backend at most once for a request, and its breaker counts failures (`max_fails`), is open for up to a
/// second longer than `fail_timeout` says (`tick = "1s"`), and lets one probe through. What it lacks is refused: backoff, a deadline that cuts an attempt, and retries that tell a refused
/// connection from a reset one.
///
/// # Example
/// `[gateway.nginx]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Nginx {
    /// A configuration of your own, relative to the scenario, in which `{{listen.address}}`,
    /// `{{backend.NAME.address}}` (or `.host`, `.port`) and `{{dir}}` are filled in; where backends speak TLS, so are
    /// `{{ca}}`, the file of their authority, and `{{tls.name}}`, their name. The policy is then not translated: it only
    /// says what is expected.
    pub config: Option<PathBuf>,
    /// The program. Without it: the one that `BROWNOUT_NGINX` names, or `nginx` in `.gateways/bin` here or above, on
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
    name: "nginx",
    programs: &["nginx"],
    variable: "BROWNOUT_NGINX",
    install: "`apt-get install --no-install-recommends nginx`",
    config_key: "gateway.nginx.config",
    file: "nginx.conf",
    endings: &[],
    orphaned: "TERM",
    listens_by_argument: false,
    generate: |upstreams, machine| {
        refuse::unsupported(upstreams).into_result(|| write::configuration(upstreams, machine))
    },
    serve,
    check: Some(check),
    tells: None,
    logs: Some(LOGS),
    acts: Acting {
        reload: Some(Renewal::Signal(Signal::HUP)),
        restart: Some(Renewal::StopAndStart(Signal::QUIT)),
    },
    ask_version: &["-v"],
    version,
};

/// nginx's documentation: `ngx_http_log_module`, and `$upstream_addr` of `ngx_http_upstream_module`.
const LOGS: Logs = Logs {
    add: |made| {
        let format = r#"    log_format told '$http_x_brownout_tag "$request" status=$status upstreams=$upstream_addr';
    access_log access.log told;
"#;
        made.replacen("    access_log off;                     # what fails is in the error log\n", format, 1)
    },
    file: Some("access.log"),
    pattern: "<_> status=<status> upstreams=<upstreams>",
};

fn serve(call: &Call<'_>) -> Vec<String> {
    let dir = call.dir.display().to_string();
    // Without `-e`, it would open its built-in log before it reads where the log is to be.
    let mut arguments: Vec<String> =
        ["-p", &dir, "-e", "stderr", "-c", &format!("{dir}/{}", call.file)].map(String::from).into();
    let missing = globals(call, Machine::here().root);
    if !missing.is_empty() {
        arguments.extend(["-g".into(), missing]);
    }
    arguments
}

/// What keeps it a child of ours and within its directory, as far as the configuration does not say so itself: nginx
/// takes each of these only once, and refuses a configuration that says otherwise. Started by root, its workers would be of a user who
/// can't write into that directory.
fn globals(call: &Call<'_>, root: bool) -> String {
    let lines = call.text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let statements: Vec<Vec<&str>> = lines
        .flat_map(|line| line.split([';', '{', '}']))
        .map(|statement| statement.split_whitespace().collect())
        .collect();
    let mut missing = Vec::new();
    if !statements.iter().any(|words| words == &["daemon", "off"]) {
        missing.push("daemon off;");
    }
    if !statements.iter().any(|words| words.first() == Some(&"pid")) {
        missing.push("pid nginx.pid;");
    }
    if root && !statements.iter().any(|words| words.first() == Some(&"user")) {
        missing.push("user root;");
    }
    missing.join(" ")
}

fn check(call: &Call<'_>) -> Vec<String> {
    let mut arguments = serve(call);
    arguments.insert(0, "-t".into());
    arguments
}

fn version(said: &str) -> Option<String> {
    let number = said.split_once("nginx/")?.1.split_whitespace().next()?;
    Some(format!("nginx {number}"))
}

of_product!(Nginx, PRODUCT);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use std::path::Path;

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
    fn a_policy_with_retries_and_a_breaker_becomes_a_configuration() {
        let policy = json!({
            "timeout": { "connect": "500ms", "per_try": "1s", "total": "3s" },
            "retry": { "attempts": 2, "on": ["503", "connect-failure", "reset", "timeout"], "methods": ["GET", "POST"] },
            "breaker": { "trip": { "count": 5, "within": "10s" }, "open_for": "10s", "tick": "1s" },
        });
        insta::assert_snapshot!(made(configuration(&[(2, 0), (1, 3)], policy)), @r#"
        # Made by brownout from the scenario's [policy] and backends. A directive says which key it comes from.
        daemon off;
        worker_processes 1;                     # one worker: turns are taken in strict order, and each breaker exists once
        user root;                              # the workers write into a directory that is the starting user's alone
        pid nginx.pid;
        error_log stderr notice;
        worker_rlimit_nofile 16384;
        events { worker_connections 8142; }

        http {
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

            upstream pool {
                # policy.breaker.trip.count and policy.breaker.open_for.
                server 127.0.0.1:9001 weight=2 max_fails=5 fail_timeout=10s;  # a
                server 127.0.0.1:9002 weight=1 max_fails=5 fail_timeout=10s backup;  # b
                # No keep-alive to the backends: a reset on a connection that was used before does not count as a try for
                # nginx, so that requests would arrive more often than policy.retry.attempts allows.
            }

            server {
                listen {{listen.address}} backlog=4096;
                proxy_http_version 1.1;
                proxy_set_header Connection close;
                proxy_set_header Host $http_host;
                proxy_buffering off;            # a body that breaks off reaches the client as far as it came
                proxy_connect_timeout 500ms;  # policy.timeout.connect
                proxy_read_timeout 1000ms;  # policy.timeout.per_try
                proxy_send_timeout 1000ms;
                location = /__brownout/ready { return 200 "{{nonce}}"; }
                location / {
                    error_page 418 = @once;     # policy.retry.methods: all others are sent once
                    if ($request_method !~ ^(GET|POST)$) { return 418; }
                    proxy_next_upstream http_503 error timeout non_idempotent;  # policy.retry.on
                    proxy_next_upstream_tries 2;  # policy.retry.attempts
                    proxy_next_upstream_timeout 3000ms;  # policy.timeout.total; 0 is none
                    proxy_pass http://pool;
                }
                location @once {
                    proxy_next_upstream off;
                    proxy_pass http://pool;
                }
            }
        }
        "#);
    }

    #[test]
    fn affinity_is_a_hash_that_moves_no_other_keys_and_takes_no_backup() {
        let of =
            |affinity: Value| configuration(&[(1, 0), (1, 0)], json!({ "affinity": { "by": affinity } }));
        for (affinity, key) in [
            (json!({ "header": "X-User" }), "$http_x_user"),
            (json!({ "cookie": "session" }), "$cookie_session"),
            (json!("path"), "$request_uri"),
            (json!("connection"), "$connection"),
        ] {
            assert!(made(of(affinity)).contains(&format!("hash {key} consistent;")));
        }
        insta::assert_snapshot!(refused(&[(1, 0), (1, 1)], json!({ "affinity": { "by": { "cookie": "a-b" } } })), @r"
        policy.affinity: nginx takes no `backup` servers where it hashes: give all backends the same priority, or leave affinity out
        policy.affinity.by: nginx has no variable for a cookie with `-` in its name: choose another name
        ");
    }

    #[test]
    fn the_certificates_of_backends_over_tls_are_checked() {
        let mut upstreams = over_tls(upstreams(&[(1, 0), (1, 0)], json!({})));
        let text = made((PRODUCT.generate)(&upstreams, &MACHINE).map(Some));
        insta::assert_snapshot!(part(&text, "        # backend.tls", ""), @r#"
                # backend.tls
                proxy_ssl_verify on;            # its own default takes any certificate
                proxy_ssl_verify_depth 2;       # its own default knows no intermediate authority
                proxy_ssl_trusted_certificate {{ca}};
                proxy_ssl_name backends.test;
                proxy_ssl_server_name on;
                location = /__brownout/ready { return 200 "{{nonce}}"; }
                location / {
                    proxy_next_upstream off;    # no policy.retry
                    proxy_pass https://pool;
                }
            }
        }
        "#);
        upstreams.backends[1].tls = false;
        assert_eq!(
            refusals((PRODUCT.generate)(&upstreams, &MACHINE).unwrap_err()),
            "backend.tls: nginx speaks TLS to all backends of a pool or to none"
        );
    }

    #[test]
    fn without_a_policy_its_own_retries_and_its_own_breaker_are_switched_off() {
        let text = made(configuration(&[(1, 0)], json!({})));
        insta::assert_snapshot!(part(&text, "upstream pool", ""), @r#"
        upstream pool {
                # No policy.breaker: max_fails=0. nginx's own default would be a breaker that one failure opens.
                server 127.0.0.1:9001 weight=1 max_fails=0;  # a
                keepalive 256;
                keepalive_requests 1000000000;
                keepalive_timeout 1h;
            }

            server {
                listen {{listen.address}} backlog=4096;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $http_host;
                proxy_buffering off;            # a body that breaks off reaches the client as far as it came
                proxy_connect_timeout 5000ms;  # policy.timeout.connect
                proxy_read_timeout 1h;  # no policy.timeout.per_try: as good as none
                proxy_send_timeout 1h;
                location = /__brownout/ready { return 200 "{{nonce}}"; }
                location / {
                    proxy_next_upstream off;    # no policy.retry
                    proxy_pass http://pool;
                }
            }
        }
        "#);
    }

    #[test]
    fn workers_that_count_for_themselves_are_worker_processes() {
        let policy = json!({
            "retry": { "attempts": 2, "on": ["503"] },
            "breaker": {
                "trip": { "count": 5, "within": "2s" }, "fails": ["503"], "open_for": "2s", "way_back": "probe",
                "workers": 2, "tick": "1s", "all_out": "shed",
            },
        });
        let text = made(configuration(&[(1, 0), (1, 0)], policy));
        assert!(text.contains("worker_processes 2;  "), "{text}");
    }

    #[test]
    fn what_of_a_breaker_max_fails_has_no_means_for_is_refused_by_its_key() {
        let keys = |more: Value| {
            let mut breaker =
                json!({ "trip": { "count": 5, "within": "2s" }, "open_for": "2s", "tick": "1s" });
            breaker.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let policy = json!({ "retry": { "attempts": 2, "on": ["503"] }, "breaker": breaker });
            let refused = configuration(&[(1, 0), (1, 0)], policy).unwrap_err();
            refused.into_iter().map(|refusal| refusal.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(json!({ "way_back": "all" })), ["policy.breaker.way_back"]);
        assert_eq!(keys(json!({ "fails": ["5xx"] })), ["policy.breaker.fails"]);
        assert_eq!(keys(json!({ "open_grows": true })), ["policy.breaker.open_grows"]);
        assert_eq!(keys(json!({ "tick": "500ms" })), ["policy.breaker.tick"]);
        assert_eq!(keys(json!({ "scope": "pool" })), ["policy.breaker.scope"]);
        assert_eq!(keys(json!({ "workers": 200 })), ["policy.breaker.workers"]);
        assert_eq!(keys(json!({ "out_max": 0.5 })), ["policy.breaker.out_max"]);
        assert_eq!(keys(json!({ "all_out": "panic" })), ["policy.breaker.all_out"]);
        assert_eq!(keys(json!({ "shed_status": 429 })), ["policy.breaker.shed_status"]);
    }

    #[test]
    fn a_lone_backend_has_an_entry_for_each_attempt() {
        let policy = json!({ "retry": { "attempts": 3, "on": ["503"] } });
        let text = made(configuration(&[(1, 0)], policy));
        assert_eq!(text.matches("server 127.0.0.1:9001").count(), 3);
    }

    #[test]
    fn a_machine_that_grants_less_is_asked_for_less() {
        let machine = Machine { files: 1024, root: false };
        let text = (PRODUCT.generate)(&upstreams(&[(1, 0)], json!({})), &machine).unwrap();
        assert!(!text.contains("user root"));
        assert!(
            text.contains("worker_rlimit_nofile 1024;") && text.contains("worker_connections 462;"),
            "{text}"
        );
    }

    #[test]
    fn a_breaker_that_counts_no_status_goes_with_a_retry_on_none() {
        let failures = ["connect-failure", "reset", "timeout"];
        let policy = |on: &[&str]| {
            json!({
                "retry": { "attempts": 2, "on": on },
                "breaker": {
                    "trip": { "count": 1, "within": "10s" }, "open_for": "10s", "tick": "1s", "fails": failures,
                },
            })
        };
        let text = made(configuration(&[(1, 0), (1, 0)], policy(&failures)));
        assert!(
            text.contains("max_fails=1 fail_timeout=10s")
                && text.contains("proxy_next_upstream error timeout;")
        );
        let why = refused(&[(1, 0), (1, 0)], policy(&failures[..2]));
        assert!(why.starts_with("policy.breaker.fails: nginx counts exactly what it retries"), "{why}");
    }

    #[test]
    fn everything_that_it_can_not_do_is_refused_at_once() {
        let policy = json!({
            "timeout": { "per_try": "1s", "total": "2s" },
            "retry": { "attempts": 5, "on": ["501", "reset"], "backoff": { "base": "25ms" }, "retry_after": { "max": "1s" } },
            "breaker": { "trip": { "consecutive": 5 }, "open_for": "1500ms", "probes": 2, "retry_after": true },
        });
        insta::assert_snapshot!(refused(&[(0, 0), (1, 1), (1, 2)], policy), @r#"
        policy.retry.retry_after: nginx does not read `Retry-After`: remove retry.retry_after
        policy.breaker.retry_after: nginx's breaker does not read `Retry-After`
        policy.timeout.total: nginx can't cut an attempt when timeout.total is over, it only starts no further one: remove timeout.total
        policy.retry.attempts: nginx tries every backend at most once: retry.attempts = 5 needs 5 backends, the pool has 3
        policy.retry.on: nginx can't retry on status 501; it knows 403, 404, 429, 500, 502, 503 and 504
        policy.retry.on: nginx retries refused and reset connections alike: list both "connect-failure" and "reset" in retry.on, or neither
        policy.retry.backoff: nginx has no retry backoff: remove retry.backoff
        policy.breaker.trip: nginx counts failures, not consecutive ones: write breaker.trip = { count = 5, within = breaker.open_for }
        policy.breaker.open_for: nginx counts time in whole seconds here, which breaker.open_for = `1.5 s` is not
        policy.breaker.probes: nginx probes with exactly one request
        policy.breaker.tick: nginx reads a clock of whole seconds, so that an open time lasts up to 1 s longer: write breaker.tick = "1s"
        backend.priority: nginx has one group of backups, and the scenario has priorities 0, 1, 2
        backend.weight: nginx takes weights from 1 on, and `a` has 0
        "#);
        let policy = json!({ "breaker": { "trip": { "share": 0.5, "within": "10s" }, "open_for": "1s" } });
        insta::assert_snapshot!(refused(&[(1, 0)], policy), @r#"
        policy.breaker.trip: nginx has no error-share breaker: write breaker.trip = { count = …, within = breaker.open_for }
        policy.breaker.tick: nginx reads a clock of whole seconds, so that an open time lasts up to 1 s longer: write breaker.tick = "1s"
        policy.breaker: nginx has no breaker for a pool of one backend
        policy.breaker: nginx counts a status as a failure only when it retries it: add "503" or whichever it is to retry.on, with at least 2 attempts
        "#);
        let policy = json!({
            "retry": { "attempts": 2, "on": ["503"] },
            "breaker": { "trip": { "count": 5, "within": "5s" }, "open_for": "10s", "tick": "1s" },
        });
        insta::assert_snapshot!(refused(&[(1, 0), (1, 0)], policy), @"policy.breaker.trip.within: nginx uses one time for the window and for open_for: make breaker.trip.within equal to breaker.open_for");
    }

    #[test]
    fn what_keeps_it_within_bounds_is_added_to_a_configuration_that_does_not_say_it() {
        let (dir, address) = (Path::new("/run"), "127.0.0.1:8080".parse().unwrap());
        let of = |text, root| {
            globals(
                &Call {
                    dir,
                    file: "nginx.conf",
                    address,
                    text,
                    metrics: None,
                    logs: false,
                    generation: None,
                },
                root,
            )
        };
        assert_eq!(of("daemon off; pid p;", true), "user root;");
        assert_eq!(of("daemon off; pid p; user www-data;", true), "");
        let globals = |text| of(text, false);
        assert_eq!(globals("events {}\n# daemon off;"), "daemon off; pid nginx.pid;");
        assert_eq!(globals("daemon off; pid p;"), "");
        assert_eq!(globals("worker_processes 1; pid logs/p;"), "daemon off;");
        assert_eq!(
            globals("daemon on;"),
            "daemon off; pid nginx.pid;",
            "nginx then refuses it as a duplicate"
        );
    }

    #[test]
    fn the_version_is_read_from_what_the_program_says() {
        assert_eq!(version("nginx version: nginx/1.22.1\n").as_deref(), Some("nginx 1.22.1"));
        assert_eq!(version("no idea"), None);
        assert_eq!(version("version"), None);
    }

    #[test]
    fn a_limit_is_max_conns_of_each_server_or_limit_conn_of_the_pool() {
        let written = |limit: Value| {
            let text = made(configuration(&[(1, 0), (1, 0)], json!({ "limit": limit })));
            let about = |line: &&str| {
                ["max_conns", "limit_conn", "policy.limit"].iter().any(|word| line.contains(word))
            };
            text.lines().filter(about).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(written(json!({ "in_flight": 8, "queue": 0, "status": 502 })), @r"
        # policy.limit.in_flight.
        server 127.0.0.1:9001 weight=1 max_fails=0 max_conns=8;  # a
        server 127.0.0.1:9002 weight=1 max_fails=0 max_conns=8;  # b
        ");
        insta::assert_snapshot!(written(json!({ "in_flight": 8, "scope": "pool", "status": 429 })), @r"
        limit_conn_zone $server_port zone=pool:64k;
            limit_conn pool 8;  # policy.limit.in_flight
            limit_conn_status 429;  # policy.limit.status
        ");
        let limit = json!({ "in_flight": 8, "queue": 4, "status": 503 });
        insta::assert_snapshot!(refused(&[(1, 0), (1, 0)], json!({ "limit": limit })), @r#"
        policy.limit.queue: nginx lets no request wait for a backend: write queue = 0
        policy.limit.status: nginx answers 502 when no backend may get more: write status = 502, or scope = "pool"
        "#);
    }

    #[test]
    fn a_budget_for_retries_is_refused_by_its_key() {
        let retry = json!({ "attempts": 2, "on": ["503"], "budget": { "share": 0.2 } });
        let refused = refused(&[(1, 0), (1, 0)], json!({ "retry": retry }));
        assert_eq!(refused, "policy.retry.budget: nginx has no budget for retries: remove retry.budget");
    }
}
