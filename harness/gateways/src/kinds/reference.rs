//! The kind `reference`: the gateway of ours that runs inside of this process, in either world.

use futures_util::future::LocalBoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::{self, Defect};
use crate::{Gateway, Launch, LaunchError, Running, Unsupported, Upstreams};

/// A gateway of brownout's own, that does what the policy says.
///
/// It has what the backend layer of an API gateway has: a pool (round robin, weights, priorities), connect, per-try
/// and total timeouts, retries with backoff, and a circuit breaker for each backend. It is what scenarios are tried
/// out on, and with `defects` it is what checks are tried out on: each defect breaks one part of the policy.
///
/// Where the policy is silent, it gives connections 5 s and requests 60 s.
///
/// # Example
/// `[gateway.reference]` with `defects = ["retries-post"]`
/// `[gateway.reference]` with `tls = {}`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reference {
    /// What it is to do wrong.
    pub defects: Vec<Defect>,
    /// Present if it speaks TLS to its clients, with a certificate that is made for the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ReferenceTls>,
}

/// TLS of the reference gateway, towards its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceTls {}

impl Gateway for Reference {
    fn configuration(&self, _: &Upstreams) -> Result<Option<String>, Vec<Unsupported>> {
        Ok(None)
    }

    fn launch<'a>(&'a self, launch: &'a Launch) -> LocalBoxFuture<'a, Result<Running, LaunchError>> {
        Box::pin(reference::launch(&launch.world, &launch.upstreams, &self.defects, self.tls.is_some()))
    }

    fn can_be_simulated(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_keys_are_refused_and_none_is_needed() {
        assert!(serde_json::from_value::<Reference>(json!({ "defect": [] })).is_err());
        assert_eq!(serde_json::from_value::<Reference>(json!({})).unwrap(), Reference::default());
    }
}
