//! The kind `haproxy`: HAProxy, started as a child process.

mod refuse;
mod write;

use std::path::PathBuf;

use futures_util::future::LocalBoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::launched::{self, Call, Product, Settings};
use crate::{Gateway, Launch, LaunchError, Running, Unsupported, Upstreams};

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
    /// `{{backend.NAME.address}}` (or `.host`, `.port`) and `{{dir}}` are filled in. The policy is then not
    /// translated: it only says what is expected.
    pub config: Option<PathBuf>,
    /// The program. Without it: the one that `BROWNOUT_HAPROXY` names, or `haproxy` in `.gateways/bin` here or above, on
    /// the `PATH`, or in `/usr/local/sbin` or `/usr/sbin`.
    pub binary: Option<PathBuf>,
}

static PRODUCT: Product = Product {
    name: "haproxy",
    variable: "BROWNOUT_HAPROXY",
    config_key: "gateway.haproxy.config",
    file: "haproxy.cfg",
    endings: &["cfg"],
    orphaned: "KILL",
    generate: |upstreams, machine| {
        refuse::unsupported(upstreams).or_else_written(|| write::configuration(upstreams, machine))
    },
    serve,
    check,
    ask_version: &["-v"],
    version,
};

fn serve(call: &Call<'_>) -> Vec<String> {
    // In the foreground, whatever the configuration says.
    ["-db", "-f", call.file].map(String::from).into()
}

fn check(call: &Call<'_>) -> Vec<String> {
    ["-c", "-f", call.file].map(String::from).into()
}

fn version(said: &str) -> Option<String> {
    let number = said.split_once("version ")?.1.split_whitespace().next()?;
    Some(format!("HAProxy {number}"))
}

impl Haproxy {
    fn settings(&self) -> Settings<'_> {
        Settings::new(self.config.as_ref(), self.binary.as_ref())
    }
}

impl Gateway for Haproxy {
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
    fn a_policy_with_retries_becomes_a_configuration() {
        let policy = json!({
            "timeout": { "connect": "500ms", "per_try": "1s", "total": "5s" },
            "retry": { "attempts": 3, "on": ["503", "connect-failure", "reset", "timeout"], "methods": ["GET", "HEAD"] },
        });
        insta::assert_snapshot!(made(configuration(&[(2, 0), (1, 0)], policy)), @"");
    }

    #[test]
    fn a_breaker_and_backups_become_a_configuration() {
        let policy = json!({
            "timeout": { "per_try": "300ms" },
            "breaker": { "trip": { "consecutive": 5 }, "open_for": "2s" },
        });
        let text = made(configuration(&[(1, 0), (1, 7)], policy));
        insta::assert_snapshot!(text.split_once("backend pool").unwrap().1, @"");
    }

    #[test]
    fn without_a_policy_its_own_retries_are_switched_off() {
        let text = made(configuration(&[(1, 0)], json!({})));
        insta::assert_snapshot!(text.split_once("defaults").unwrap().1, @"");
    }

    #[test]
    fn everything_that_it_can_not_do_is_refused_at_once() {
        let policy = json!({
            "timeout": { "connect": "1500us", "per_try": "1s", "total": "2s" },
            "retry": { "attempts": 2, "on": ["429", "reset"], "methods": ["GET", "A'B"], "backoff": { "base": "25ms" } },
            "breaker": { "trip": { "count": 5, "within": "10s" }, "open_for": "600h", "probes": 2, "retry_after": true },
        });
        insta::assert_snapshot!(refused(&[(300, 0), (1, 1), (1, 2)], policy), @"");
        let policy = json!({ "breaker": { "trip": { "share": 0.5, "within": "10s" }, "open_for": "1s" } });
        insta::assert_snapshot!(refused(&[(1, 0)], policy), @"");
        insta::assert_snapshot!(refused(&[(1, 0), (1, 1)], json!({})), @"");
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
}
