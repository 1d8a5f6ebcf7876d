//! When a request is tried again, how often, and after which wait.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use units::{Share, Timespan};

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
    /// Whether a `Retry-After` of the answer that is tried again after sets the wait. Without it: the header is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// How many further attempts may be under way at a time. Without it: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<RetryBudget>,
}

/// That a `Retry-After` is obeyed (RFC 9110, section 10.2.3): the next attempt comes once the time that it names is over. What
/// happens where the timer for the whole request ends before is left to the gateway; the reference gateway passes the answer
/// on at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryAfter {
    /// The longest wait: where the header asks for more, the next attempt comes after so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Timespan>,
}

/// How many further attempts may be under way at a time, over all backends: a share of the requests that are under way, and a few in
/// any case. What comes beyond that is not tried again. One counts from the decision to try again, its wait included, until its
/// answer begins. Envoy's `retry_budget`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryBudget {
    /// The share of the requests under way.
    pub share: Share,
    /// As many may be under way in any case. Envoy's default is 3 too.
    #[serde(default = "three")]
    pub min: u32,
}

fn three() -> u32 {
    3
}

impl Retry {
    /// So many arrivals for one request after these failures, and all else as in a file that says no more.
    pub fn new(attempts: u16, on: Vec<RetryOn>) -> Self {
        let (methods, other_backend) = (idempotent_methods(), yes());
        Retry { attempts, on, methods, backoff: None, other_backend, retry_after: None, budget: None }
    }
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
