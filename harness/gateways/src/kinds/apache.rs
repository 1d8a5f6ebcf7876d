//! The kind `apache`: Apache httpd with `mod_proxy_balancer`, started as a child process.

mod refuse;
mod write;

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::launched::{Acting, Call, Logs, Product, Renewal, of_product};
use crate::{AccessLog, Metrics, Ready};

/// Apache httpd 2.4.41 or later, started as a child process with a configuration that is made from the policy: `mod_proxy_balancer`
/// with as many further attempts as the policy says.
///
/// It tries again when a connection could not be made, and for no other reason, and leaves a backend alone for a time after the first
/// one. What it lacks is refused.
///
/// It answers a client whose connection was used before by closing it, and not with 502, when a backend resets
/// (`mod_proxy_http`: "to trigger a retry by the client if allowed").
///
/// # Example
/// `[gateway.apache]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Apache {
    /// A configuration of your own, relative to the scenario, in which `{{listen.address}}`,
    /// `{{backend.NAME.address}}` (or `.host`, `.port`) and `{{dir}}` are filled in; where backends speak TLS, so are
    /// `{{ca}}`, the file of their authority, and `{{tls.name}}`, their name. `${MODULES}` is where the program's modules
    /// lie. The policy is then not translated: it only says what is expected.
    pub config: Option<PathBuf>,
    /// The program. Without it: the one that `BROWNOUT_APACHE` names, or `apache2` or `httpd` in `.gateways/bin` here or
    /// above, on the `PATH`, or in `/usr/local/sbin` or `/usr/sbin`.
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
    name: "apache",
    programs: &["apache2", "httpd"],
    variable: "BROWNOUT_APACHE",
    install: "`apt-get install --no-install-recommends apache2`",
    config_key: "gateway.apache.config",
    file: "httpd.conf",
    endings: &[],
    orphaned: "TERM",
    listens_by_argument: false,
    generate: |upstreams, machine| {
        refuse::unsupported(upstreams).into_result(|| write::configuration(upstreams, machine))
    },
    serve: |call| called("FOREGROUND", call),
    check: Some(|call| {
        let mut arguments = called("FOREGROUND", call);
        arguments.push("-t".into());
        arguments
    }),
    tells: None,
    logs: Some(LOGS),
    // Apache's documentation: "Stopping and Restarting Apache HTTP Server".
    acts: Acting {
        reload: Some(Renewal::Signal(Signal::USR1)),
        restart: Some(Renewal::StopAndStart(Signal::WINCH)),
    },
    ask_version: &["-v"],
    version,
};

/// Apache's documentation: `mod_log_config`. It does not tell how many attempts there were.
const LOGS: Logs = Logs {
    add: |made| {
        let format = r#"<IfModule !log_config_module>
    LoadModule log_config_module ${MODULES}/mod_log_config.so
</IfModule>
CustomLog {{dir}}/access.log "%{x-brownout-tag}i \"%r\" status=%>s reason=%X"
"#;
        made.replacen("Listen {{listen.address}}\n", &format!("{format}Listen {{{{listen.address}}}}\n"), 1)
    },
    file: Some("access.log"),
    pattern: "<_> status=<status> reason=<reason>",
};

/// Where the modules of a packaged program lie: Debian, Fedora, the program's own default, Arch, Alpine.
const MODULES: [&str; 5] = [
    "/usr/lib/apache2/modules",
    "/usr/lib64/httpd/modules",
    "/usr/local/apache2/modules",
    "/usr/lib/httpd/modules",
    "/usr/lib/apache2",
];

fn called(what: &str, call: &Call<'_>) -> Vec<String> {
    let dir = call.dir.display().to_string();
    // Its own words name the path that is not there, if none of them is.
    let modules = MODULES.into_iter().find(|dir| Path::new(dir).is_dir()).unwrap_or(MODULES[0]);
    let define = format!("Define MODULES {modules}");
    let file = call.dir.join(call.file).display().to_string();
    ["-D", what, "-d", &dir, "-C", &define, "-f", &file].map(String::from).into()
}

fn version(said: &str) -> Option<String> {
    // `Server version: Apache/2.4.66 (Debian)`
    let number = said.split_once("Apache/")?.1.split_whitespace().next()?;
    Some(format!("Apache {number}"))
}

of_product!(Apache, PRODUCT);

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
            "retry": { "attempts": 3, "on": ["connect-failure"] },
            "breaker": {
                "trip": { "consecutive": 1 }, "open_for": "2s", "way_back": "all",
                "fails": ["connect-failure", "503", "502", "timeout"],
            },
        });
        insta::assert_snapshot!("apache", made(configuration(&[(2, 0), (1, 0), (1, 3)], policy)));
    }

    #[test]
    fn without_a_policy_nothing_is_tried_again_or_left_alone() {
        let made = made(configuration(&[(1, 0), (1, 0)], json!({})));
        insta::assert_snapshot!(part(&made, "    <Proxy", "    ProxyPass / "), @r"
        <Proxy balancer://pool>
            # backend.NAME.weight and .priority, policy.timeout.connect and .per_try, policy.breaker.open_for.
            BalancerMember http://127.0.0.1:9001 loadfactor=1 lbset=0 connectiontimeout=5000ms timeout=3600 retry=0 flushpackets=on
            BalancerMember http://127.0.0.1:9002 loadfactor=1 lbset=0 connectiontimeout=5000ms timeout=3600 retry=0 flushpackets=on
            # Of all backends that are out, none is taken back before its time.
            ProxySet lbmethod=byrequests forcerecovery=Off
            # policy.retry.attempts, less the first one.
            ProxySet maxattempts=0
        </Proxy>
        ");
    }

    #[test]
    fn what_it_has_no_means_for_is_refused_by_its_key() {
        let policy = json!({
            "timeout": { "per_try": "1500ms", "total": "2s" },
            "retry": { "attempts": 3, "on": ["503", "reset"], "backoff": { "base": "1s" }, "retry_after": {} },
            "breaker": {
                "trip": { "consecutive": 5 }, "open_for": "2500ms", "probes": 1, "tick": "1s", "way_back": "probe", "fails": ["5xx"],
                "workers": 2, "out_max": 0.5, "all_out": "panic", "open_grows": true,
            },
            "limit": { "in_flight": 5 },
            "affinity": { "by": "path" },
            "health_check": { "path": "/healthz", "every": "1s" },
        });
        let over_tls = over_tls(upstreams(&[(0, 0), (1, 3)], policy));
        insta::assert_snapshot!(refusals((PRODUCT.generate)(&over_tls, &MACHINE).unwrap_err()), @r#"
        policy.retry.retry_after: apache does not read `Retry-After`: remove retry.retry_after
        policy.limit: apache bounds the connections of each process, and lets what is over wait for one: write a configuration of your own
        policy.affinity: apache keeps a client at one backend by a route that the backend's cookie names: write a configuration of your own
        policy.health_check: apache's checks (`mod_proxy_hcheck`) are not written by brownout: write a configuration of your own
        backend.tls: apache checks a backend's certificate for the name that the client asked for: write a configuration of your own
        policy.timeout.per_try: apache counts `timeout` in whole seconds: make timeout.per_try a whole number of them
        policy.timeout.total: apache has no deadline over all attempts: remove timeout.total
        policy.retry.on: apache tries again when a connection could not be made, and for no other reason: write retry.on = ["connect-failure"]
        policy.retry.backoff: apache waits for nothing before it tries again: remove retry.backoff
        policy.breaker.trip: apache leaves a backend alone after its first failure: write breaker.trip = { consecutive = 1 }
        policy.breaker.open_for: apache counts `retry` in whole seconds: make breaker.open_for a whole number of them
        policy.breaker.fails: apache always counts a connection that could not be made, never a reset, and statuses one by one: write breaker.fails = ["connect-failure", "503"], with "timeout" and other statuses as you like
        policy.breaker.probes: apache has no half-open state
        policy.breaker.way_back: apache gives a backend all of its traffic back at once: write way_back = "all"
        policy.breaker.open_grows: apache is out for the same time each time: remove open_grows
        policy.breaker.tick: apache looks at no interval: remove breaker.tick
        policy.breaker.workers: apache counts in one process: remove breaker.workers
        policy.breaker.out_max: apache leaves any number of backends alone: leave breaker.out_max out
        policy.breaker.all_out: apache answers 503 by itself when no backend is left: write all_out = "shed"
        backend.weight: apache takes weights from 1 to 100, and `a` has 0
        "#);
    }

    #[test]
    fn its_version_is_read() {
        assert_eq!(version("Server version: Apache/2.4.66 (Debian)\n").as_deref(), Some("Apache 2.4.66"));
        assert_eq!(version("usage"), None);
    }
}
