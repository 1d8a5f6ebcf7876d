//! Traffic classes as the file words them.

use driver::{Abort, ExpectContinue, Framing, Read, Stall, Think, Upload};
use schemars::JsonSchema;
use serde::Deserialize;
use units::{Rate, Size, Timespan};

use super::{Located, Named};

/// Requests of one shape.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Traffic")]
pub(crate) struct TrafficTable {
    /// Method and path, such as `GET /orders/{n}`. Here, in `host`, in headers and in a body's `text`, `{n}` stands for the
    /// number of the request, `{uuid}` for a UUID of it, the same wherever it stands, `{tag}` for its tag, by which the
    /// backends know it where a gateway drops the header `x-brownout-tag`, `{key}` for its key (see `keys`), and `{{env.NAME}}` for the
    /// value of an environment variable, which is never written anywhere.
    pub(crate) request: Located<String>,
    /// One of the gateway's further addresses, by name: those of `[gateway.url] addresses`. Without it: the gateway's first one.
    pub(crate) target: Option<Located<String>>,
    /// How many keys there are, such as users or sessions, from 1 to 1 000 000: each request has one of them, drawn by its number,
    /// and `{key}` stands for it. For gateways that keep requests with the same key at one backend.
    pub(crate) keys: Option<Located<u32>>,
    /// Open loop: so many requests a second, whatever the gateway does. A phase may change it.
    pub(crate) rate: Option<Located<Rate>>,
    /// Closed loop: so many users, each of whom waits for the answer before asking again. It hides queueing.
    pub(crate) users: Option<Located<u32>>,
    /// How long each of the `users` thinks between an answer and the next request: `{ fixed = "1s" }`, `{ uniform = { from =
    /// "100ms", to = "2s" } }` or `{ exponential = { mean = "1s" } }`, which is cut at ten times its mean. It is drawn from the
    /// seed and the request's tag. Without it: not at all.
    pub(crate) think: Option<Located<Think>>,
    /// The mix that it belongs to, whose rate it shares with others, instead of a `rate` of its own.
    pub(crate) mix: Option<Located<String>>,
    /// Its part of the mix, relative to the others, from 1 to 1000. Without it: 1.
    pub(crate) weight: Option<Located<u32>>,
    /// How arrivals are spread over time (open loop only). Without it: `constant`.
    pub(crate) arrivals: Option<Located<ArrivalsWord>>,
    /// The `host` header, for a gateway with several virtual hosts. Without it: `brownout.test`.
    pub(crate) host: Option<Located<String>>,
    /// Further request headers. Each request also has its tag, and a `traceparent` made from it unless one is given here.
    #[serde(default)]
    pub(crate) headers: Named<Located<String>>,
    /// The request body, if it has one.
    pub(crate) body: Option<Located<BodyTable>>,
    /// Fields after the last chunk of a body with `framing = "chunked"`, as they are.
    #[serde(default)]
    pub(crate) trailers: Named<Located<String>>,
    /// After this long the client gives up. Without it: 10 s.
    pub(crate) deadline: Option<Located<Timespan>>,
    /// Whether connections are used again. Without it: true.
    pub(crate) keep_alive: Option<bool>,
    /// The client leaves some requests before their answer is whole. Where more than a tenth is set aside for that, a demand
    /// is inconclusive: give many such requests a class of their own.
    pub(crate) abort: Option<Located<Abort>>,
    /// The client sends some bodies slowly.
    pub(crate) upload: Option<Located<Upload>>,
    /// The client stops for a while in the middle of some bodies.
    pub(crate) stall: Option<Located<Stall>>,
    /// The client lets some answers wait before it reads them, or never does.
    pub(crate) read: Option<Located<Read>>,
    /// The client asks with `Expect: 100-continue` before it sends some bodies.
    pub(crate) expect_continue: Option<Located<ExpectContinue>>,
}

/// How arrivals are spread over time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "TrafficArrivals")]
pub(crate) enum ArrivalsWord {
    /// At even distances, at the class's `rate`.
    Constant,
    /// At random, independent of each other, as many users together arrive; at the class's `rate`.
    Poisson,
    /// As a file has them, which takes the place of `rate`: in each line one offset from the start of the run, in seconds, in
    /// order. Empty lines, lines that begin with `#`, and a first line of words are passed over. The file lies in the directory of
    /// the scenario or below it. What is after the last phase is not sent.
    Trace(Located<String>),
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
