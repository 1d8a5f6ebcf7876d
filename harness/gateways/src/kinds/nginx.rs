//! The kind `nginx`: nginx, started as a child process.

mod refuse;
mod write;

use std::path::PathBuf;

use futures_util::future::LocalBoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::launched::{self, Call, Product, Settings};
use crate::{Gateway, Launch, LaunchError, Running, Unsupported, Upstreams};

/// nginx, started as a child process with a configuration that is made from the policy.
///
/// It tries each backend at most once for a request, and its breaker counts failures (`max_fails`) and lets one probe
/// through. What it lacks is refused: backoff, a deadline that cuts an attempt, and retries that tell a refused
/// connection from a reset one.
///
/// # Example
/// `[gateway.nginx]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Nginx {
    /// A configuration of your own, relative to the scenario, in which `{{listen.address}}`,
    /// `{{backend.NAME.address}}` (or `.host`, `.port`) and `{{dir}}` are filled in. The policy is then not
    /// translated: it only says what is expected.
    pub config: Option<PathBuf>,
    /// The program. Without it: the one that `BROWNOUT_NGINX` names, or `nginx` in `.gateways/bin` here or above, on
    /// the `PATH`, or in `/usr/local/sbin` or `/usr/sbin`.
    pub binary: Option<PathBuf>,
}

static PRODUCT: Product = Product {
    name: "nginx",
    variable: "BROWNOUT_NGINX",
    config_key: "gateway.nginx.config",
    file: "nginx.conf",
    endings: &[],
    orphaned: "TERM",
    generate: |upstreams, machine| {
        refuse::unsupported(upstreams).or_else_written(|| write::configuration(upstreams, machine))
    },
    serve,
    check,
    ask_version: &["-v"],
    version,
};

fn serve(call: &Call<'_>) -> Vec<String> {
    let dir = call.dir.display().to_string();
    // Without `-e`, it would open its built-in log before it reads where the log is to be.
    let mut arguments: Vec<String> =
        ["-p", &dir, "-e", "stderr", "-c", &format!("{dir}/{}", call.file)].map(String::from).into();
    let missing = globals(call);
    if !missing.is_empty() {
        arguments.extend(["-g".into(), missing]);
    }
    arguments
}

/// What keeps it a child of ours and within its directory, as far as the configuration does not say so itself: nginx
/// takes each of these only once.
fn globals(call: &Call<'_>) -> String {
    let wanted = [("daemon", "daemon off;"), ("pid", "pid nginx.pid;")];
    let said: Vec<&str> = call
        .text
        .lines()
        .flat_map(|line| line.split('#').next().unwrap_or_default().split([';', '{', '}']))
        .filter_map(|statement| statement.split_whitespace().next())
        .collect();
    let missing = wanted.iter().filter(|(directive, _)| !said.contains(directive));
    missing.map(|(_, text)| *text).collect::<Vec<_>>().join(" ")
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

impl Nginx {
    fn settings(&self) -> Settings<'_> {
        Settings::new(self.config.as_ref(), self.binary.as_ref())
    }
}

impl Gateway for Nginx {
    fn configuration(&self, upstreams: &Upstreams) -> Result<Option<String>, Vec<Unsupported>> {
        launched::configuration(&PRODUCT, self.settings(), upstreams)
    }

    fn launch<'a>(&'a self, launch: &'a Launch) -> LocalBoxFuture<'a, Result<Running, LaunchError>> {
        Box::pin(launched::launch(&PRODUCT, self.settings(), launch))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use std::path::Path;

    use super::launched::Machine;
    use super::launched::testing::{MACHINE, made, refusals, upstreams};
    use super::*;

    fn configuration(ranks: &[(u32, u32)], policy: Value) -> Result<Option<String>, Vec<Unsupported>> {
        (PRODUCT.generate)(&upstreams(ranks, policy), &MACHINE).map(Some)
    }

    fn refused(ranks: &[(u32, u32)], policy: Value) -> String {
        refusals(configuration(ranks, policy).unwrap_err())
    }

    #[test]
    fn a_policy_with_retries_and_a_breaker_becomes_a_configuration() {
        let policy = json!({
            "timeout": { "connect": "500ms", "per_try": "1s", "total": "3s" },
            "retry": { "attempts": 2, "on": ["503", "connect-failure", "reset", "timeout"], "methods": ["GET", "POST"] },
            "breaker": { "trip": { "count": 5, "within": "10s" }, "open_for": "10s" },
        });
        insta::assert_snapshot!(made(configuration(&[(2, 0), (1, 3)], policy)), @"");
    }

    #[test]
    fn without_a_policy_its_own_retries_and_its_own_breaker_are_switched_off() {
        let text = made(configuration(&[(1, 0)], json!({})));
        insta::assert_snapshot!(text.split_once("octet-stream;").unwrap().1, @"");
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
    fn everything_that_it_can_not_do_is_refused_at_once() {
        let policy = json!({
            "timeout": { "per_try": "1s", "total": "2s" },
            "retry": { "attempts": 5, "on": ["501", "reset"], "backoff": { "base": "25ms" } },
            "breaker": { "trip": { "consecutive": 5 }, "open_for": "1500ms", "probes": 2, "retry_after": true },
        });
        insta::assert_snapshot!(refused(&[(0, 0), (1, 1), (1, 2)], policy), @"");
        let policy = json!({ "breaker": { "trip": { "share": 0.5, "within": "10s" }, "open_for": "1s" } });
        insta::assert_snapshot!(refused(&[(1, 0)], policy), @"");
        let policy = json!({
            "retry": { "attempts": 2, "on": ["503"] },
            "breaker": { "trip": { "count": 5, "within": "5s" }, "open_for": "10s" },
        });
        insta::assert_snapshot!(refused(&[(1, 0), (1, 0)], policy), @"");
    }

    #[test]
    fn what_keeps_it_within_bounds_is_added_to_a_configuration_that_does_not_say_it() {
        let globals = |text| globals(&Call { dir: Path::new("/run"), file: "nginx.conf", text });
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
}
