//! How a scenario asks for a gateway's access log: `[gateway.envoy.access_log]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::pattern::Pattern;

/// The gateway's own access log. It is read after the run: what it tells of each request is the table `access_log` of the evidence,
/// stands beside the witnesses of the report, and is held against what happened by the expectation `access_log`.
///
/// Where brownout makes the configuration, `access_log = {}` is enough for `envoy`, `haproxy`, `nginx`, `caddy`, `traefik`, `apache`
/// and `reference`. A gateway with a configuration of your own has to write the header `x-brownout-tag`, or the path that has the
/// tag in it, into each line; `pattern` says what else stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccessLog {
    /// The file, from the gateway's own directory (`{{dir}}` in its configuration), or, of a gateway that runs already, from the
    /// scenario's. Only what is written during the run is read. Without it: what the gateway prints, of which brownout keeps 8 MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// What a line looks like, as patterns of Loki are written: `<_> status=<status> retries=<retries> <_>`. `<status>` is the status
    /// of the answer; of `<attempts>`, `<retries>` (those after the first one) and `<upstreams>` (the addresses that were asked, as
    /// nginx writes `$upstream_addr`) one says how many attempts were made; a `<server>` of `-` or `<NOSRV>` says that there was none;
    /// `<reason>` is what the gateway says became of the request; `<_>` is anything.
    #[serde(deserialize_with = "pattern", skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match Pattern::parse(&text) {
        Ok(_) => Ok(Some(text)),
        Err(why) => Err(de::Error::custom(format!("this is not a pattern of a line: {why}"))),
    }
}
