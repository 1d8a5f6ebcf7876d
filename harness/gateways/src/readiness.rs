//! How a scenario says when its gateway is ready: `ready = { path = "/orders/0", host = "shop.test", within = "60s" }`.

use std::time::Duration;

use http::HeaderValue;
use http::uri::PathAndQuery;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use units::Timespan;

/// The longest time that a gateway may take to be ready.
const WITHIN_MAX: Duration = Duration::from_mins(10);

/// How a gateway is asked whether it is ready, before the run begins.
///
/// It is sent `GET` requests, one after the other, until one is answered by a backend, or with `status`. They carry no tag, are
/// sent while all backends are healthy, and their answers are read to the end, so that the gateway counts no failure of a
/// backend for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ready {
    /// The path that is asked for, which the gateway has to route, or to answer with `status`.
    #[serde(deserialize_with = "path")]
    #[schemars(regex(pattern = r"^/[!-~]*$"))]
    pub path: String,
    /// The status that says ready, from 200 to 599, whoever gives it: for a page of the gateway's own, such as `/healthz`. Choose
    /// one that comes only when routes are in place as well. Without it, a backend has to answer.
    #[serde(deserialize_with = "status", skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 200, max = 599))]
    pub status: Option<u16>,
    /// The `host` header. Without it: the gateway's address.
    #[serde(deserialize_with = "host", skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// How long it may take to be ready, up to 10 minutes.
    #[serde(deserialize_with = "within")]
    pub within: Timespan,
}

impl Default for Ready {
    fn default() -> Self {
        Ready { path: "/".into(), status: None, host: None, within: Timespan::from_secs(10) }
    }
}

impl Ready {
    /// What to do if a gateway of this kind did not get ready.
    pub(crate) fn help(gateway: &str) -> String {
        format!(
            "\nhelp: if it routes another path or host, answers itself, or needs longer, say so in `[gateway.{gateway}]`: \
             `ready = {{ path = \"/healthz\", host = \"shop.test\", status = 200, within = \"60s\" }}`"
        )
    }
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let path = String::deserialize(deserializer)?;
    let fits = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    if fits && path.parse::<PathAndQuery>().is_ok() {
        return Ok(path);
    }
    Err(de::Error::custom(format!("`{path}` is not a path: expected one such as `/healthz`")))
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let status = u16::deserialize(deserializer)?;
    if (200..=599).contains(&status) {
        return Ok(Some(status));
    }
    Err(de::Error::custom(format!("`{status}` is not the status of an answer: expected one from 200 to 599")))
}

fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let host = String::deserialize(deserializer)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    if !host.is_empty() && host.bytes().all(fits) && HeaderValue::from_str(&host).is_ok() {
        return Ok(Some(host));
    }
    let (host, expected) = (host.escape_debug(), "a name such as `shop.test`, and a port if it has one");
    let message = format!("`{host}` is not a host: expected {expected}");
    Err(de::Error::custom(message))
}

fn within<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timespan, D::Error> {
    let within = Timespan::deserialize(deserializer)?;
    if !within.is_zero() && within.0 <= WITHIN_MAX {
        return Ok(within);
    }
    Err(de::Error::custom(format!("`{within}` is no time to wait: expected more than 0, and at most 10m")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(settings: Value) -> Result<Ready, String> {
        serde_json::from_value(settings).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_is_a_routed_request_for_the_root_within_ten_seconds() {
        assert_eq!(read(json!({})), Ok(Ready::default()));
        let said =
            json!({ "path": "/healthz?full=1", "status": 204, "host": "shop.test:80", "within": "1m" });
        let ready = read(said.clone()).unwrap();
        assert_eq!((ready.within, ready.status), (Timespan::from_secs(60), Some(204)));
        assert_eq!(serde_json::to_value(ready).unwrap(), said);
    }

    #[test]
    fn what_can_not_be_asked_for_is_refused() {
        let wrong = [
            json!({ "path": "healthz" }),
            json!({ "path": "/a b" }),
            json!({ "status": 100 }),
            json!({ "host": "a\r\nb: c" }),
            json!({ "host": "" }),
            json!({ "within": "0s" }),
            json!({ "within": "11m" }),
        ];
        let errors: Vec<String> = wrong.into_iter().map(|settings| read(settings).unwrap_err()).collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        `healthz` is not a path: expected one such as `/healthz`
        `/a b` is not a path: expected one such as `/healthz`
        `100` is not the status of an answer: expected one from 200 to 599
        `a\r\nb: c` is not a host: expected a name such as `shop.test`, and a port if it has one
        `` is not a host: expected a name such as `shop.test`, and a port if it has one
        `0 ms` is no time to wait: expected more than 0, and at most 10m
        `11 min` is no time to wait: expected more than 0, and at most 10m
        ");
    }
}
