//! Traffic classes as the file words them.

use driver::{Arrivals, Framing};
use schemars::JsonSchema;
use serde::Deserialize;
use units::{Rate, Size, Timespan};

use super::{Located, Named};

/// Requests of one shape.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Traffic")]
pub(crate) struct TrafficTable {
    /// Method and path, such as `GET /orders/{n}`; `{n}` stands for the number of the request.
    pub(crate) request: Located<String>,
    /// Open loop: so many requests a second, whatever the gateway does. A phase may change it.
    pub(crate) rate: Option<Located<Rate>>,
    /// Closed loop: so many users, each of whom waits for the answer before asking again. It hides queueing.
    pub(crate) users: Option<Located<u32>>,
    /// How arrivals are spread over time (open loop only). Without it: `constant`.
    pub(crate) arrivals: Option<Located<Arrivals>>,
    /// Further request headers. `{{env.NAME}}` in a value is taken from the environment, and never written anywhere.
    #[serde(default)]
    pub(crate) headers: Named<Located<String>>,
    /// The request body, if it has one.
    pub(crate) body: Option<Located<BodyTable>>,
    /// After this long the client gives up. Without it: 10 s.
    pub(crate) deadline: Option<Located<Timespan>>,
    /// Whether connections are used again. Without it: true.
    pub(crate) keep_alive: Option<bool>,
}

/// A request body: `{ size = "2KiB" }` or `{ text = "…" }`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Body")]
pub(crate) struct BodyTable {
    /// So many bytes of the driver's own making.
    pub(crate) size: Option<Located<Size>>,
    /// These bytes.
    pub(crate) text: Option<Located<String>>,
    /// How its end is told. Without it: `content-length`.
    #[serde(default)]
    pub(crate) framing: Framing,
}
