//! Health checks: requests of the gateway's own, by which it takes a backend out and brings it back.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

/// The gateway asks each backend for its health, apart from the traffic. A check fails by a status outside 200 to 399, or without
/// an answer in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// The path that it asks for with GET, such as `/healthz`.
    pub path: String,
    /// From one check of a backend to the next, from 50 ms to an hour.
    pub every: Timespan,
    /// So many failures in a row take a backend out, up to 100: HAProxy's `fall`, Envoy's `unhealthy_threshold`, Caddy's
    /// `health_fails`.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub fall: u32,
    /// So many successes in a row bring it back, up to 100: HAProxy's `rise`, Envoy's `healthy_threshold`, Caddy's `health_passes`.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub rise: u32,
    /// How long a check may take. Without it: as long as `every`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Timespan>,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_one(count: &u32) -> bool {
    *count == 1
}

/// The shortest time between two checks; a shorter one is a load of its own.
const EVERY_MIN: Timespan = Timespan::from_millis(50);

/// The longest.
const EVERY_MAX: Timespan = Timespan::from_secs(3600);

/// The most checks in a row.
const IN_A_ROW_MAX: u32 = 100;

/// The longest path, in bytes: as much as is kept of it.
const PATH_MAX: usize = 200;

impl HealthCheck {
    /// How long a check may take.
    pub fn within(&self) -> Timespan {
        self.within.unwrap_or(self.every)
    }

    /// What makes no sense, each with its key.
    pub(crate) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
        let path = &self.path;
        if !(path.starts_with('/') && path.len() <= PATH_MAX && path.bytes().all(fits)) {
            let shown: String = path.chars().take(PATH_MAX).collect();
            let what = format!(
                "`{}` is no path: expected `/` and up to {PATH_MAX} letters, digits, `/`, `-`, `_`, `.`, `~`",
                shown.escape_debug()
            );
            problems.push(("policy.health_check.path", what));
        }
        if !(EVERY_MIN..=EVERY_MAX).contains(&self.every) {
            let what = format!("{} is out of bounds: expected {EVERY_MIN} to {EVERY_MAX}", self.every);
            problems.push(("policy.health_check.every", what));
        }
        for (key, count) in [("policy.health_check.fall", self.fall), ("policy.health_check.rise", self.rise)]
        {
            if !(1..=IN_A_ROW_MAX).contains(&count) {
                problems.push((key, format!("`{count}` is out of bounds: expected 1 to {IN_A_ROW_MAX}")));
            }
        }
        if let Some(within) = self.within.filter(|within| within.is_zero() || *within > self.every) {
            let what = format!(
                "{within} for a check does not lie between nothing and the {} to the next",
                self.every
            );
            problems.push(("policy.health_check.within", what));
        }
        problems
    }
}

impl fmt::Display for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HealthCheck { path, every, fall, rise, .. } = self;
        write!(f, "{path} every {every}, out after {fall}, back after {rise}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn keys(changed: &Value) -> Vec<&'static str> {
        let mut check = json!({ "path": "/healthz", "every": "1s", "fall": 3, "rise": 2 });
        for (key, value) in changed.as_object().unwrap() {
            check[key] = value.clone();
        }
        let check: HealthCheck = serde_json::from_value(check).unwrap();
        check.problems().into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn what_makes_no_sense_is_told_by_its_key() {
        assert_eq!(keys(&json!({})), Vec::<&str>::new());
        for path in ["healthz", "/a b", "/a\n", ""] {
            assert_eq!(keys(&json!({ "path": path })), ["policy.health_check.path"], "{path}");
        }
        assert_eq!(keys(&json!({ "every": "1ms" })), ["policy.health_check.every"]);
        assert_eq!(
            keys(&json!({ "fall": 0, "rise": 101 })),
            ["policy.health_check.fall", "policy.health_check.rise"]
        );
        assert_eq!(keys(&json!({ "within": "2s" })), ["policy.health_check.within"]);
    }
}
