//! How a scenario asks for a gateway's own metrics: `[gateway.envoy.metrics]`.

use std::collections::BTreeMap;

use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use units::Timespan;

/// How often the page is asked for.
pub const SCRAPED_EVERY: Timespan = Timespan::from_secs(1);

/// The most headers, and the most metrics that are kept by name.
const ENTRIES_MAX: usize = 32;

/// The gateway's own metrics, in the text format of Prometheus. They are scraped once a second, from before the first request
/// to after the last one, into the table `metrics` of the evidence: what expectations look at, and what `keep` names.
///
/// Where brownout makes the configuration, `metrics = {}` is enough for `envoy`, `haproxy`, `traefik`, `caddy` and `reference`: the
/// page is on a port of its own. A configuration of your own has to tell them at `{{metrics.address}}` (or `.host`, `.port`); or
/// say by `path` or `url` where they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// The path of the page, on the address that requests go to. The gateway may then count each scrape as a request.
    #[serde(deserialize_with = "path", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^/[!-~]*$"))]
    pub path: Option<String>,
    /// The whole address of the page: `http://127.0.0.1:9901/stats/prometheus`. A host beyond this machine has to be allowed by
    /// `--allow-host`, as that of a gateway has.
    #[serde(deserialize_with = "url", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^http://[^/?#@]+/[!-~]*$"))]
    pub url: Option<String>,
    /// Headers of each scrape, by name. `{{env.NAME}}` in a value is the variable `NAME` of brownout's own environment, which is
    /// never written down: `headers = { authorization = "Bearer {{env.SCRAPE_TOKEN}}" }`.
    #[serde(deserialize_with = "headers", skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The names of further metrics that are kept, at most 32: `keep = ["envoy_cluster_upstream_rq_pending_active"]`.
    #[serde(deserialize_with = "keep", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub keep: Vec<String>,
}

impl Metrics {
    /// Whether it says itself where the page is.
    pub fn has_place(&self) -> bool {
        self.path.is_some() || self.url.is_some()
    }

    /// What makes no sense together.
    pub fn problem(&self) -> Option<&'static str> {
        (self.path.is_some() && self.url.is_some())
            .then_some("`path` is on the gateway's address and `url` anywhere: remove one of them")
    }
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let path = String::deserialize(deserializer)?;
    if is_path(&path) {
        return Ok(Some(path));
    }
    Err(de::Error::custom(format!(
        "`{}` is not a path: expected one such as `/metrics`",
        path.escape_debug()
    )))
}

fn is_path(path: &str) -> bool {
    let visible = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    visible && path.parse::<PathAndQuery>().is_ok()
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.contains('@') {
        // Not quoted, since a password may stand there.
        return Err(de::Error::custom(
            "the address carries a user name: write an `authorization` in `headers`",
        ));
    }
    match parts(&text) {
        Some(_) => Ok(Some(text)),
        None => Err(de::Error::custom(format!(
            "`{}` is not the address of a page: expected one such as `http://127.0.0.1:9901/stats/prometheus`, without TLS",
            text.escape_debug()
        ))),
    }
}

/// The address before the path, and the path.
pub(super) fn parts(url: &str) -> Option<(&str, &str)> {
    let uri: Uri = url.parse().ok()?;
    let rest = url.strip_prefix("http://")?;
    let at = "http://".len() + rest.find('/')?;
    let (address, path) = url.split_at(at);
    (uri.host().is_some_and(|host| !host.is_empty()) && is_path(path)).then_some((address, path))
}

fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let headers = BTreeMap::<String, String>::deserialize(deserializer)?;
    if headers.len() > ENTRIES_MAX {
        return Err(de::Error::custom(format!("{} headers, allowed are {ENTRIES_MAX}", headers.len())));
    }
    let fits = |(name, value): &(&String, &String)| {
        name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(value).is_ok()
    };
    match headers.iter().find(|header| !fits(header)) {
        None => Ok(headers),
        Some((name, _)) => {
            Err(de::Error::custom(format!("`{}` or its value can't be a header", name.escape_debug())))
        }
    }
}

fn keep<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    if names.len() > ENTRIES_MAX {
        return Err(de::Error::custom(format!("{} metrics, allowed are {ENTRIES_MAX}", names.len())));
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_:".contains(&byte);
    match names.iter().find(|name| name.is_empty() || !name.bytes().all(fits)) {
        None => Ok(names),
        Some(name) => Err(de::Error::custom(format!(
            "`{}` is not the name of a metric: expected one such as `requests_total`, without labels",
            name.escape_debug()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(settings: Value) -> Result<Metrics, String> {
        serde_json::from_value(settings).map_err(|error| error.to_string())
    }

    #[test]
    fn a_page_is_anywhere_or_on_the_gateway_s_address() {
        assert_eq!(read(json!({})), Ok(Metrics::default()));
        let said = json!({
            "url": "http://[::1]:9901/stats?format=prometheus",
            "headers": { "authorization": "Bearer {{env.TOKEN}}" },
            "keep": ["up"],
        });
        assert_eq!(serde_json::to_value(read(said.clone()).unwrap()).unwrap(), said);
        assert_eq!(parts("http://a:1/b?c"), Some(("http://a:1", "/b?c")));
        assert!(read(json!({ "path": "/a", "url": "http://a/b" })).unwrap().problem().is_some());
    }

    #[test]
    fn what_is_no_page_is_refused() {
        let wrong = [
            json!({ "path": "metrics" }),
            json!({ "url": "https://a/b" }),
            json!({ "url": "http://a" }),
            json!({ "url": "http:///b" }),
            json!({ "url": "http://me:secret@a/b" }),
            json!({ "headers": { "a b": "c" } }),
            json!({ "keep": ["a{b=\"c\"}"] }),
        ];
        let errors: Vec<String> = wrong.into_iter().map(|settings| read(settings).unwrap_err()).collect();
        insta::assert_snapshot!(errors.join("\n"));
    }
}
