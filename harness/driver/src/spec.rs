//! What the driver is to send.

use std::net::SocketAddr;
use std::time::Duration;

use evidence::{RecordedHeaders, RunNonce, Tag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Moment, Rate, Size, Stretch};

use crate::pieces::{Pieces, Values};
use crate::think::Think;
use crate::trouble::Trouble;

/// The load of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DriverSpec {
    /// The gateway. Set by the run once the gateway is up.
    pub target: SocketAddr,
    /// Further addresses of the gateway, which classes name by their place here. Set by the run, too.
    #[serde(default)]
    pub further_targets: Vec<SocketAddr>,
    /// The `host` header.
    pub host: String,
    /// The traffic classes; their order gives the index by which evidence names them.
    pub classes: Vec<Class>,
    /// Mixes of classes.
    #[serde(default)]
    pub mixes: Vec<Mix>,
    /// The seed of every draw.
    pub seed: u64,
    /// Tells this run's tags from those of others.
    pub nonce: RunNonce,
    /// Connections to the gateway at a time, over all threads.
    pub connections_max: usize,
    /// Requests under way or waiting for a connection at a time, over all threads; past it they are skipped.
    pub in_flight_max: usize,
    /// The largest response body that is read; a larger one ends the exchange as beyond its bounds.
    pub response_body_max: Size,
    /// Exchanges that closed-loop classes may make at the most, over all of them.
    pub exchanges_max: u64,
    /// Threads that send.
    pub threads: usize,
    /// The headers that are recorded of each request and its answer; without it, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordedHeaders>,
    /// The backends, for which the bodies of errors are searched. Set by the run, like the gateway.
    #[serde(skip)]
    pub backends: Vec<SocketAddr>,
}

/// One traffic class: requests of one shape.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Class {
    /// Its name in the scenario.
    pub name: String,
    /// Which of the gateway's [further addresses](DriverSpec::further_targets) its requests go to; `None` for its first one.
    #[serde(default)]
    pub target: Option<u16>,
    /// The method, upper case.
    pub method: String,
    /// The path and query. Here, in header values and in bodies `{n}` stands for the tag's number, `{tag}` for the tag,
    /// `{uuid}` for a UUID of the request, and `{key}` for its key.
    pub path: String,
    /// How many keys there are, such as users: each request has one of them ([`Tag::key`]). 0 for none.
    #[serde(default)]
    pub keys: u32,
    /// The `host` header, if it is another one than that of the [spec](DriverSpec::host).
    #[serde(default)]
    pub host: Option<String>,
    /// Further request headers.
    pub headers: Vec<(String, String)>,
    /// The request body, if it has one.
    pub body: Option<Body>,
    /// Fields after the body's last chunk.
    #[serde(default)]
    pub trailers: Vec<(String, String)>,
    /// What the client does to some of the requests on purpose.
    #[serde(default)]
    pub trouble: Trouble,
    /// After this long the client gives up, counted from when the request was sent.
    pub deadline: Duration,
    /// Whether connections are used again.
    pub keep_alive: bool,
    /// How requests arrive.
    pub mode: Mode,
    /// The mix that it belongs to, which then decides when its requests arrive.
    #[serde(default)]
    pub mix: Option<Member>,
}

/// Several classes at one rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mix {
    /// Its name in the scenario.
    pub name: String,
    /// Its rate over time, for all of its classes together.
    pub segments: Vec<Segment>,
}

/// The place of a class in a mix. The class's own segments say its average rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The mix, by its index in the spec.
    pub mix: u16,
    /// How many requests the class has of as many as all weights of the mix add up to; at least 1.
    pub weight: u32,
}

impl DriverSpec {
    /// Connections to the gateway that can be open at a time: one for each request under way, if nothing is answered.
    pub fn connections_needed(&self) -> u64 {
        let under_way: f64 = self.classes.iter().map(Class::under_way_max).sum();
        (under_way.ceil() as u64).min(self.in_flight_max as u64).min(self.connections_max as u64)
    }
}

impl DriverSpec {
    /// The URL of the request of `class` with this tag. What comes from the environment stays a placeholder.
    pub fn url_of(&self, class: &Class, tag: Tag) -> String {
        let given = class.headers.iter().rfind(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = given.map(|(_, host)| host).or(class.host.as_ref()).unwrap_or(&self.host);
        let text = format!("http://{host}{}", class.path);
        let mut url = Vec::new();
        Pieces::of(text.as_bytes())
            .write(&Values { nonce: self.nonce, tag, length: 0, keys: class.keys }, &mut url);
        String::from_utf8(url).unwrap_or(text)
    }
}

impl Class {
    /// A class named `reads` with `GET` requests to `path`, without anything that is not needed.
    pub fn get(path: &str, mode: Mode) -> Self {
        Class {
            name: "reads".to_owned(),
            target: None,
            method: "GET".to_owned(),
            path: path.to_owned(),
            keys: 0,
            host: None,
            headers: Vec::new(),
            body: None,
            trailers: Vec::new(),
            trouble: Trouble::default(),
            deadline: Duration::from_secs(1),
            keep_alive: true,
            mode,
            mix: None,
        }
    }

    /// Requests that are under way at a time, at most: those of a deadline at the highest rate, if nothing is answered.
    pub fn under_way_max(&self) -> f64 {
        match &self.mode {
            Mode::Open(segments) => {
                let rates = segments.iter().map(|segment| segment.from.get().max(segment.to.get()));
                rates.fold(0.0, f64::max) * self.deadline.as_secs_f64()
            }
            Mode::Trace(trace) => most_within(&trace.due, self.deadline) as f64,
            Mode::Closed { users, .. } => f64::from(*users),
        }
    }

    /// Requests a second at the start and at the end of a phase, between which the rate changes linearly; of a trace, twice
    /// those of its busiest second there. `None` if none is due in the phase, and for a closed loop.
    pub fn rates_in(&self, phase: Stretch) -> Option<(f64, f64)> {
        match &self.mode {
            Mode::Open(segments) => {
                let segment = segments.iter().find(|segment| segment.during == phase)?;
                Some((segment.from.get(), segment.to.get()))
            }
            Mode::Trace(trace) => {
                let most = most_within(trace.due_in(phase), Duration::from_secs(1));
                (most > 0).then_some((most as f64, most as f64))
            }
            Mode::Closed { .. } => None,
        }
    }
}

impl Trace {
    /// What is due in a stretch.
    pub fn due_in(&self, stretch: Stretch) -> &[Moment] {
        let before = |moment: Moment| self.due.partition_point(|due| *due < moment);
        &self.due[before(stretch.from)..before(stretch.to).max(before(stretch.from))]
    }
}

/// The most of some moments, which are in order, that any stretch of this length has.
fn most_within(moments: &[Moment], length: Duration) -> usize {
    let mut first = 0;
    let counts = moments.iter().enumerate().map(|(last, moment)| {
        while moment.since(moments[first]) >= length && first < last {
            first += 1;
        }
        last + 1 - first
    });
    counts.max().unwrap_or(0)
}

/// A request body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Its bytes; the driver repeats or cuts its own text to get a size.
    pub content: BodyContent,
    /// How its end is told.
    pub framing: Framing,
}

impl Body {
    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        match &self.content {
            BodyContent::Text(text) => text.len() as u64,
            BodyContent::Sized(size) => size.0,
        }
    }
}

/// Where the bytes of a request body come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyContent {
    /// These bytes.
    Text(String),
    /// So many bytes of the driver's own making, the same for every request.
    Sized(Size),
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// By a `content-length` header.
    #[default]
    ContentLength,
    /// By chunked transfer coding.
    Chunked,
}

/// How requests of a class arrive.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// On schedule, whatever the gateway does.
    Open(Vec<Segment>),
    /// On schedule, at the moments of a trace.
    Trace(Trace),
    /// A fixed number of users, each of whom waits for its answer before it asks again. It hides queueing: a slow
    /// gateway is sent fewer requests.
    Closed {
        /// How many users.
        users: u32,
        /// When, stretch by stretch.
        during: Vec<Stretch>,
        /// How long each of them waits between an answer and the next request; `None` for not at all.
        #[serde(default)]
        think: Option<Think>,
    },
}

/// Arrivals as a file has them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Trace {
    /// The file, as the scenario names it.
    pub file: String,
    /// When requests are due, in order.
    pub due: Vec<Moment>,
    /// How many further ones the file has, which are after the last phase and are not sent.
    pub later: u64,
}

/// A stretch of the schedule.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Segment {
    /// When.
    pub during: Stretch,
    /// The rate at its start.
    pub from: Rate,
    /// The rate at its end; in between it changes linearly.
    pub to: Rate,
    /// How arrivals are spread.
    pub arrivals: Arrivals,
}

/// How arrivals are spread over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// At even distances.
    #[default]
    Constant,
    /// At random, independent of each other, as many users together arrive.
    Poisson,
}
