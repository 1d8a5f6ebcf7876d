//! The kind `reference`: the gateway of ours that runs inside of this process, in either world.

use std::collections::BTreeMap;

use futures_util::future::LocalBoxFuture;
use http::HeaderName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::channel;

use crate::access_log::{LINES_MAX, LogReader, Pattern, Source};
use crate::reference::{self, Defect, Setup};
use crate::{
    AccessLog, Counters, Gateway, Launch, LaunchError, Means, Metrics, Running, Unsupported, Upstreams,
};

/// A gateway of brownout's own, that does what the policy says.
///
/// It has what the backend layer of an API gateway has: a pool (round robin, weights, priorities), connect, per-try
/// and total timeouts, retries with backoff, and a circuit breaker for each backend. It is what scenarios are tried
/// out on, and with `defects` it is what checks are tried out on: each defect breaks one part of the policy.
///
/// Where the policy is silent, it gives connections 5 s, and requests 60 s or as long as all of their declared attempts may take.
///
/// # Example
/// `[gateway.reference]` with `defects = ["retries-post"]`
/// `[gateway.reference]` with `tls = {}`
/// `[gateway.reference]` with `withhold = { images = ["authorization"] }`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reference {
    /// What it is to do wrong.
    pub defects: Vec<Defect>,
    /// Headers of requests that a backend does not get, by the backend's name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub withhold: BTreeMap<String, Vec<String>>,
    /// Present if it speaks TLS to its clients, with a certificate that is made for the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ReferenceTls>,
    /// Its own metrics, which are scraped during the run if this is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
    /// Its own access log, which is read after the run if this is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_log: Option<AccessLog>,
}

/// TLS of the reference gateway, towards its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceTls {}

impl Gateway for Reference {
    fn configuration(&self, upstreams: &Upstreams) -> Result<Option<String>, Vec<Unsupported>> {
        let is_known = |name: &str| upstreams.backends.iter().any(|backend| backend.name == name);
        let unknown = self.withhold.keys().filter(|name| !is_known(name));
        let wrong = unknown.map(|name| format!("there is no backend `{name}`"));
        let names = self.withhold.values().flatten().filter(|name| name.parse::<HeaderName>().is_err());
        let wrong = wrong.chain(names.map(|name| format!("`{}` is not a header name", name.escape_debug())));
        let wrong: Vec<_> = wrong.map(|why| Unsupported { key: "gateway.reference.withhold", why }).collect();
        if wrong.is_empty() { Ok(None) } else { Err(wrong) }
    }

    fn launch<'a>(&'a self, launch: &'a Launch) -> LocalBoxFuture<'a, Result<Running, LaunchError>> {
        let (log, lines) = self.access_log.is_some().then(|| channel(LINES_MAX)).unzip();
        let setup = Setup {
            defects: self.defects.clone(),
            withhold: self.withhold.clone(),
            over_tls: self.tls.is_some(),
            tells: self.metrics.is_some(),
            log,
        };
        Box::pin(async move {
            let (mut running, page) = reference::launch(&launch.world, &launch.upstreams, &setup).await?;
            let pattern = Pattern::parse(reference::LOG_PATTERN).ok();
            running.access_log =
                lines.zip(pattern).map(|(lines, pattern)| LogReader::new(Source::Lines(lines), pattern));
            let own = page.map(|address| (address, reference::COUNTERS.path));
            running.telling("reference", self.metrics.as_ref(), own, launch).await
        })
    }

    fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_ref()
    }

    fn access_log(&self) -> Option<&AccessLog> {
        self.access_log.as_ref()
    }

    fn knows_access_log(&self) -> bool {
        true
    }

    fn counters(&self) -> Option<&'static Counters> {
        Some(&reference::COUNTERS)
    }

    fn refuses(&self, means: &Means<'_>, _: &Upstreams) -> Option<String> {
        match means {
            Means::Reload { config: None, .. } | Means::Restart | Means::Kill => None,
            Means::Reload { config: Some(_), .. } => {
                Some("the reference gateway has no configuration file: name the `backends` instead".into())
            }
            Means::Pause => {
                Some("the reference gateway runs inside of brownout, which can't stand still itself".into())
            }
        }
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
    fn what_can_not_be_withheld_is_refused() {
        let upstreams = Upstreams {
            backends: Vec::new(),
            policy: policy::Policy::default(),
            trust: None,
            base: std::path::PathBuf::new(),
            seed: 1,
        };
        let of = |settings| serde_json::from_value::<Reference>(settings).unwrap().configuration(&upstreams);
        assert_eq!(of(json!({})), Ok(None));
        let refused = of(json!({ "withhold": { "a": ["x y"] } })).unwrap_err();
        let why: Vec<&str> = refused.iter().map(|one| one.why.as_str()).collect();
        assert_eq!(why, ["there is no backend `a`", "`x y` is not a header name"]);
    }

    #[test]
    fn unknown_keys_are_refused_and_none_is_needed() {
        assert!(serde_json::from_value::<Reference>(json!({ "defect": [] })).is_err());
        assert_eq!(serde_json::from_value::<Reference>(json!({})).unwrap(), Reference::default());
    }
}
