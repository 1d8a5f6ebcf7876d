//! The failure behaviour that a gateway is declared to have, in gateway-neutral words.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use units::{Share, Timespan};

/// What a gateway is declared to do when upstreams fail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The timers. Without them, the gateway's own defaults hold.
    pub timeout: Timeouts,
    /// When a request is tried again. Without it: never.
    pub retry: Option<Retry>,
    /// When a backend is left alone. Without it: never.
    pub breaker: Option<Breaker>,
}

/// The timers of a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// For making a connection to a backend.
    pub connect: Option<Timespan>,
    /// For one attempt, from sending it to the response headers.
    pub per_try: Option<Timespan>,
    /// For the request as a whole, over all attempts.
    pub total: Option<Timespan>,
}

/// When a request is tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Arrivals for one request in total, the first included.
    pub attempts: u16,
    /// What counts as a failure that is worth another attempt.
    #[serde(default = "retry_on_connect_failure")]
    pub on: Vec<RetryOn>,
    /// The methods that may be repeated.
    #[serde(default = "idempotent_methods")]
    pub methods: Vec<String>,
    /// How long to wait between attempts. Without it: not at all.
    #[serde(default)]
    pub backoff: Option<Backoff>,
    /// Whether a further attempt goes to another backend where there is one.
    #[serde(default = "yes")]
    pub other_backend: bool,
}

fn retry_on_connect_failure() -> Vec<RetryOn> {
    vec![RetryOn::ConnectFailure]
}

fn idempotent_methods() -> Vec<String> {
    ["GET", "HEAD", "OPTIONS"].map(String::from).to_vec()
}

fn yes() -> bool {
    true
}

/// A failure that is worth another attempt: `connect-failure`, `reset`, `timeout`, or a status such as `503`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RetryOn {
    /// The connection could not be made.
    ConnectFailure,
    /// The connection ended, by RST or FIN, before the response headers.
    Reset,
    /// The per-try timer fired.
    Timeout,
    /// The backend answered with this status.
    Status(u16),
}

impl FromStr for RetryOn {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "connect-failure" => Ok(RetryOn::ConnectFailure),
            "reset" => Ok(RetryOn::Reset),
            "timeout" => Ok(RetryOn::Timeout),
            code => match code.parse::<u16>() {
                Ok(code @ 400..=599) => Ok(RetryOn::Status(code)),
                _ => Err(format!(
                    "`{text}` is not a retry condition: expected `connect-failure`, `reset`, `timeout`, or a status from 400 to 599"
                )),
            },
        }
    }
}

impl fmt::Display for RetryOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RetryOn::ConnectFailure => f.write_str("connect-failure"),
            RetryOn::Reset => f.write_str("reset"),
            RetryOn::Timeout => f.write_str("timeout"),
            RetryOn::Status(code) => write!(f, "{code}"),
        }
    }
}

impl Serialize for RetryOn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RetryOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for RetryOn {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RetryOn".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A failure that is worth another attempt.",
            "anyOf": [
                { "enum": ["connect-failure", "reset", "timeout"] },
                { "type": "string", "pattern": "^[45][0-9][0-9]$" }
            ]
        })
    }
}

/// How long to wait before a further attempt: `base` before the second, then `factor` times as long each time, up to
/// `max`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backoff {
    /// The wait before the second attempt.
    pub base: Timespan,
    /// By how much each further wait is longer; 1 keeps it fixed.
    #[serde(default = "double")]
    pub factor: f64,
    /// The longest wait.
    #[serde(default)]
    pub max: Option<Timespan>,
    /// Whether each wait is drawn evenly between zero and its full length.
    #[serde(default)]
    pub jitter: bool,
}

fn double() -> f64 {
    2.0
}

/// When a backend is left alone, and for how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// What opens it.
    pub trip: Trip,
    /// How long it stays open before it probes.
    pub open_for: Timespan,
    /// How many requests it lets through at a time while half-open. Without it that is left to the gateway; the
    /// reference gateway lets one through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes: Option<u16>,
    /// Whether the backend's `Retry-After` header sets the open time instead.
    #[serde(default)]
    pub retry_after: bool,
}

/// What opens a breaker: one of `{ consecutive = 5 }`, `{ count = 5, within = "10s" }`,
/// `{ share = 0.5, within = "10s", min = 20 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trip {
    /// So many failures in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive: Option<u32>,
    /// So many failures within `within`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// So large a share of failures within `within`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// The length of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Timespan>,
    /// The fewest requests in the window for a share to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
}
