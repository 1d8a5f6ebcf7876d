//! The kind `varnish`: Varnish with its cache out of the way, started as a child process.

mod refuse;
mod write;

use std::path::PathBuf;

use rustix::process::Signal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::launched::{Acting, Call, Product, Renewal, of_product};
use crate::{AccessLog, Metrics, Ready};

/// Varnish 6 or later, started as a child process with a VCL that is made from the policy and caches nothing.
///
/// It can't tell a reset from a timeout or a refused connection when it tries again, and takes whichever backend's turn it is.
/// It has no breaker: what takes a backend out are its probes. What it lacks is refused.
///
/// Each request to a backend has a connection of its own: on one that was used before, Varnish repeats a request by itself when the
/// connection breaks, which no setting counts or bounds. With a VCL of your own it does so. It compiles its VCL, for which it
/// needs a C compiler.
///
/// # Example
/// `[gateway.varnish]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Varnish {
    /// A VCL of your own, relative to the scenario, in which `{{backend.NAME.address}}` (or `.host`, `.port`) and `{{dir}}` are
    /// filled in. The policy is then not translated: it only says what is expected.
    pub config: Option<PathBuf>,
    /// The program. Without it: the one that `BROWNOUT_VARNISH` names, or `varnishd` in `.gateways/bin` here or above, on
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
    name: "varnish",
    programs: &["varnishd"],
    variable: "BROWNOUT_VARNISH",
    install: "`apt-get install --no-install-recommends varnish`",
    config_key: "gateway.varnish.config",
    file: "varnish.vcl",
    endings: &[],
    orphaned: "TERM",
    listens_by_argument: true,
    generate: |upstreams, _| refuse::unsupported(upstreams).into_result(|| write::configuration(upstreams)),
    serve,
    check: Some(check),
    tells: None,
    logs: None,
    acts: Acting { reload: None, restart: Some(Renewal::StopAndStart(Signal::TERM)) },
    ask_version: &["-V"],
    version,
};

/// What it may do with threads and time: no client is held to a timer of its own, and as many requests may be under way as there
/// are threads.
const PARAMETERS: [&str; 6] = [
    "thread_pools=1",
    "thread_pool_min=100",
    "thread_pool_max=5000",
    "timeout_idle=3600",
    "idle_send_timeout=3600",
    // Of a policy's attempts, the VCL keeps account.
    "max_retries=1000",
];

fn serve(call: &Call<'_>) -> Vec<String> {
    let (address, dir) = (call.address.to_string(), call.dir.display().to_string());
    let file = call.dir.join(call.file).display().to_string();
    let own =
        ["-F", "-n", &format!("{dir}/varnish"), "-a", &address, "-f", &file, "-j", "none", "-T", "none"];
    let memory = ["-s", "malloc,16m"];
    let parameters = PARAMETERS.into_iter().flat_map(|parameter| ["-p", parameter]);
    own.into_iter().chain(memory).chain(parameters).map(String::from).collect()
}

fn check(call: &Call<'_>) -> Vec<String> {
    let file = call.dir.join(call.file).display().to_string();
    let beside = call.dir.join("varnish-check").display().to_string();
    ["-C", "-n", &beside, "-j", "none", "-f", &file].map(String::from).into()
}

fn version(said: &str) -> Option<String> {
    // `varnishd (varnish-7.1.1 revision 7cee1c5…)`
    let number = said.split_once("(varnish-")?.1.split_whitespace().next()?;
    Some(format!("Varnish {number}"))
}

of_product!(Varnish, PRODUCT);

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
            "timeout": { "connect": "500ms", "per_try": "1s" },
            "retry": {
                "attempts": 3, "on": ["503", "502", "connect-failure", "reset", "timeout"], "methods": ["GET", "PUT"],
                "other_backend": false,
            },
            "health_check": { "path": "/healthz", "every": "1s", "fall": 3, "rise": 2 },
        });
        insta::assert_snapshot!("varnish", made(configuration(&[(2, 0), (1, 0)], policy)));
    }

    #[test]
    fn without_a_policy_nothing_is_tried_again() {
        let made = made(configuration(&[(1, 0), (1, 0)], json!({})));
        insta::assert_snapshot!(part(&made, "sub vcl_init", ""), @r#"
        sub vcl_init {
            new pool = directors.round_robin();
            pool.add_backend(b0);
            pool.add_backend(b1);
        }

        sub vcl_recv {
            if (req.url == "/__brownout/ready") {
                return (synth(200, "{{nonce}}"));
            }
            set req.backend_hint = pool.backend();
            return (pass);
        }

        sub vcl_synth {
            set resp.body = resp.reason;
            return (deliver);
        }

        sub vcl_backend_fetch {
            # On a connection that was used before, Varnish repeats requests that nobody counts.
            set bereq.http.Connection = "close";
            return (fetch);
        }

        sub vcl_backend_response {
            set beresp.uncacheable = true;
            return (deliver);
        }

        sub vcl_backend_error {
            return (deliver);
        }
        "#);
    }

    #[test]
    fn a_limit_and_affinity_are_said_to_backends_and_to_the_director() {
        let policy = json!({ "limit": { "in_flight": 5, "scope": "backend", "status": 503 }, "affinity": { "by": { "header": "x-user" } } });
        let made = made(configuration(&[(1, 0), (1, 0)], policy));
        assert!(made.contains(".max_connections = 5;  # policy.limit.in_flight"), "{made}");
        assert!(
            made.contains("set req.backend_hint = pool.backend(by=KEY, key=pool.key(req.http.x-user));"),
            "{made}"
        );
    }

    #[test]
    fn what_it_has_no_means_for_is_refused_by_its_key() {
        let policy = json!({
            "timeout": { "per_try": "1s", "total": "1s" },
            "retry": { "attempts": 3, "on": ["503", "reset"], "backoff": { "base": "1s" }, "retry_after": {}, "budget": { "share": 0.2 } },
            "breaker": { "trip": { "consecutive": 5 }, "open_for": "2s" },
            "limit": { "in_flight": 5, "queue": 3, "status": 429 },
            "affinity": { "by": { "cookie": "session" } },
            "health_check": { "path": "/healthz", "every": "1s", "fall": 60, "rise": 60 },
        });
        let over_tls = over_tls(upstreams(&[(2, 0), (1, 3)], policy));
        insta::assert_snapshot!(refusals((PRODUCT.generate)(&over_tls, &MACHINE).unwrap_err()), @r#"
        policy.retry.retry_after: varnish does not read `Retry-After`: remove retry.retry_after
        policy.retry.budget: varnish has no budget for retries: remove retry.budget
        backend.tls: varnish speaks no TLS to backends
        policy.timeout.total: varnish has no deadline over all attempts: remove timeout.total
        policy.retry.on: varnish does not tell why it got no answer: list all of "connect-failure", "reset" and "timeout" in retry.on, or none
        policy.retry.backoff: varnish waits for nothing before it tries again: remove retry.backoff
        policy.retry.other_backend: varnish tries again whichever backend's turn it is, which under load may be the same one: write other_backend = false
        policy.breaker: varnish leaves no backend alone after failures of requests: remove the table, or write [policy.health_check]
        policy.health_check.fall: varnish looks at the last 64 checks: make fall and rise at most 65 together
        policy.limit.queue: varnish lets no request wait for a backend: write queue = 0
        policy.limit.status: varnish answers 503 when a backend may get no more: write status = 503
        policy.limit: varnish tries again what a limit turned away: remove the table, or retry
        policy.affinity.by: varnish has no name for a single cookie or for the client's connection: write affinity.by = { header = "…" }
        policy.affinity: varnish's `shard` is used without weights here: give all backends the same weight
        backend.priority: varnish has no group of backups
        "#);
    }

    #[test]
    fn its_version_is_read() {
        assert_eq!(version("varnishd (varnish-7.1.1 revision 7cee1c5)\n").as_deref(), Some("Varnish 7.1.1"));
        assert_eq!(version("usage"), None);
    }
}
