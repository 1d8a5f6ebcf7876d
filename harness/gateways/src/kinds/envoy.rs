//! The kind `envoy`: Envoy, started as a child process.

mod cluster;
mod refuse;
mod write;

use std::path::PathBuf;

use futures_util::future::LocalBoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::launched::{self, Call, Product, Settings};
use crate::{Gateway, Launch, LaunchError, Running, Unsupported, Upstreams};

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
    /// `{{backend.NAME.address}}` (or `.host`, `.port`) and `{{dir}}` are filled in. The policy is then not
    /// translated: it only says what is expected.
    pub config: Option<PathBuf>,
    /// The program. Without it: the one that `BROWNOUT_ENVOY` names, or `envoy` in `.gateways/bin` here or above, on
    /// the `PATH`, or in `/usr/local/sbin` or `/usr/sbin`.
    pub binary: Option<PathBuf>,
}

static PRODUCT: Product = Product {
    name: "envoy",
    variable: "BROWNOUT_ENVOY",
    config_key: "gateway.envoy.config",
    file: "envoy.yaml",
    endings: &["json", "yaml", "yml"],
    orphaned: "KILL",
    generate: |upstreams, machine| {
        refuse::unsupported(upstreams).or_else_written(|| write::configuration(upstreams, machine))
    },
    serve,
    check,
    ask_version: &["--version"],
    version,
};

fn serve(call: &Call<'_>) -> Vec<String> {
    let admin = call.dir.join("admin.txt").display().to_string();
    let arguments = ["-c", call.file, "--concurrency", "1", "-l", "warning", "--disable-hot-restart"];
    let arguments = arguments.into_iter().chain(["--admin-address-path", &admin]);
    arguments.map(String::from).collect()
}

fn check(call: &Call<'_>) -> Vec<String> {
    ["--mode", "validate", "-l", "error", "-c", call.file].map(String::from).into()
}

fn version(said: &str) -> Option<String> {
    // `envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`
    let number = said.split_once("version: ")?.1.split('/').nth(1)?;
    Some(format!("envoy {number}"))
}

impl Envoy {
    fn settings(&self) -> Settings<'_> {
        Settings::new(self.config.as_ref(), self.binary.as_ref())
    }
}

impl Gateway for Envoy {
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

    use super::launched::testing::{MACHINE, made, refusals, upstreams};
    use super::*;

    fn configuration(ranks: &[(u32, u32)], policy: Value) -> Result<Option<String>, Vec<Unsupported>> {
        (PRODUCT.generate)(&upstreams(ranks, policy), &MACHINE).map(Some)
    }

    fn refused(ranks: &[(u32, u32)], policy: Value) -> String {
        refusals(configuration(ranks, policy).unwrap_err())
    }

    #[test]
    fn a_policy_with_everything_becomes_a_configuration() {
        let policy = json!({
            "timeout": { "connect": "500ms", "per_try": "1s", "total": "3s" },
            "retry": {
                "attempts": 3, "on": ["503", "connect-failure", "reset", "timeout"], "methods": ["GET", "HEAD"],
                "backoff": { "base": "25ms", "jitter": true },
            },
            "breaker": { "trip": { "consecutive": 5 }, "open_for": "2s" },
        });
        insta::assert_snapshot!(made(configuration(&[(2, 0), (1, 0), (1, 9)], policy)), @"");
    }

    #[test]
    fn a_breaker_by_share_becomes_outlier_detection() {
        let breaker = json!({ "trip": { "share": 0.5, "within": "1s", "min": 10 }, "open_for": "5s" });
        let text = made(configuration(&[(1, 0)], json!({ "breaker": breaker })));
        let (_, detection) = text.split_once("outlier_detection:").unwrap();
        insta::assert_snapshot!(detection.split_once("    load_assignment").unwrap().0, @"");
    }

    #[test]
    fn without_a_policy_nothing_is_retried_and_nothing_times_out() {
        let text = made(configuration(&[(1, 0)], json!({})));
        insta::assert_snapshot!(text.split_once("route_config:").unwrap().1, @"");
    }

    #[test]
    fn everything_that_it_can_not_do_is_refused_at_once() {
        let policy = json!({
            "timeout": { "per_try": "1s" },
            "retry": { "attempts": 3, "on": ["reset"], "backoff": { "base": "25500us", "factor": 1.5 } },
            "breaker": { "trip": { "count": 5, "within": "10s" }, "open_for": "1s", "probes": 2, "retry_after": true },
        });
        insta::assert_snapshot!(refused(&[(0, 0), (1, 1)], policy), @"");
        let policy = json!({
            "timeout": { "per_try": "1s" },
            "retry": { "attempts": 2, "on": ["timeout"] },
            "breaker": { "trip": { "share": 0.333, "within": "1s" }, "open_for": "1s" },
        });
        insta::assert_snapshot!(refused(&[(1, 0), (1, 0)], policy), @"");
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
}
