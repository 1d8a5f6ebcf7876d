//! The run as planned, as far as measuring needs to know it: what evidence names by index, and what was to happen.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use evidence::{INJECTIONS_MAX, Method, RecordedHeader};
use policy::Policy;
use serde::{Deserialize, Serialize};
use units::{Moment, Share, Stretch, Timespan};

/// The run as planned.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Brief {
    /// The words at the top of the report.
    pub about: About,
    /// The phases, in order and without gaps.
    pub phases: Vec<PhaseBrief>,
    /// The traffic classes, by the index that evidence names them with.
    pub traffic: Vec<TrafficBrief>,
    /// The backends, by the index that evidence names them with.
    pub backends: Vec<BackendBrief>,
    /// The injections, by the index that evidence names them with.
    pub injections: Vec<InjectionBrief>,
    /// What is done to the gateway itself, by the index that evidence names it with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionBrief>,
    /// What the gateway is declared to do.
    #[serde(default)]
    pub policy: Policy,
    /// The hashes of the values that it puts into requests, by [`Policy::put_in`]'s keys; empty before the run, and where they
    /// are not on record.
    #[serde(skip)]
    pub declared_hashes: BTreeMap<String, u64>,
    /// The lines of the scenario file that declare it, by key: `retry.attempts`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policy_lines: BTreeMap<String, u32>,
    /// Present if the gateway's own metrics are scraped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<MetricsBrief>,
    /// The headers that are recorded, by the index that evidence names them with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<RecordedHeader>,
}

impl Brief {
    /// Why the brief can't be judged by, if an index in it points at nothing: it was edited, or cut off.
    pub fn problem(&self) -> Option<String> {
        if self.injections.len() > INJECTIONS_MAX {
            return Some(format!(
                "it has {} injections, the limit is {INJECTIONS_MAX}",
                self.injections.len()
            ));
        }
        let phases = self.phases.len();
        if let Some(stray) = self.actions.iter().find(|action| action.phase >= phases) {
            return Some(format!(
                "the action `{}` names phase {}, there are {phases}",
                stray.kind, stray.phase
            ));
        }
        let stray = self.injections.iter().find(|injection| injection.phase >= phases)?;
        Some(format!("the fault `{}` names phase {}, there are {phases}", stray.fault, stray.phase))
    }

    /// Says where the backends listen, in their order.
    pub fn found_at(&mut self, addresses: &[SocketAddr]) {
        for (backend, address) in self.backends.iter_mut().zip(addresses) {
            backend.address = Some(*address);
        }
    }

    /// The line that declares a key of the policy, or the table that it stands in: `retry.on` for `retry.on.503`.
    pub fn policy_line(&self, key: &str) -> Option<u32> {
        let mut key = key;
        loop {
            if let Some(line) = self.policy_lines.get(key) {
                return Some(*line);
            }
            key = key.rsplit_once('.')?.0;
        }
    }

    /// The name of a backend; a number in words for an index that the brief does not know.
    pub fn backend_name(&self, index: u16) -> Cow<'_, str> {
        let known = self.backends.get(usize::from(index));
        known.map_or_else(|| format!("backend {index}").into(), |backend| backend.name.as_str().into())
    }

    /// The share of the traffic that a backend gets by its weight within the first priority group, from 0 to 1.
    pub fn weight_share(&self, index: usize) -> f64 {
        let first = self.backends.iter().map(|backend| backend.priority).min();
        let of_first = |backend: &&BackendBrief| Some(backend.priority) == first;
        let total: u64 = self.backends.iter().filter(of_first).map(|backend| u64::from(backend.weight)).sum();
        let own = self.backends.get(index).filter(of_first).filter(|_| total > 0);
        own.map_or(0.0, |own| f64::from(own.weight) / total as f64)
    }

    /// A phase by its name.
    pub fn phase_named(&self, name: &str) -> Option<usize> {
        self.phases.iter().position(|phase| phase.name == name)
    }

    /// The name of a traffic class; a number in words for an index that the brief does not know.
    pub fn traffic_name(&self, index: u16) -> Cow<'_, str> {
        let known = self.traffic.get(usize::from(index));
        known.map_or_else(|| format!("class {index}").into(), |class| class.name.as_str().into())
    }
}

/// The words at the top of a report.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct About {
    /// The scenario's name.
    pub name: String,
    /// What it is for.
    pub why: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What to do when it fails.
    pub rollback: Option<String>,
}

/// A phase.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhaseBrief {
    /// Its name.
    pub name: String,
    /// When it is.
    pub during: Stretch,
}

/// A traffic class.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrafficBrief {
    /// Its name.
    pub name: String,
    /// Its method.
    pub method: Method,
    /// Method and path, for people.
    pub request: String,
    /// False for closed-loop traffic, which hides queueing.
    pub open_loop: bool,
    /// True if its requests come at random times, as many independent users send them, or as a trace has them, and not evenly.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub poisson: bool,
    /// Requests that are due in each phase, by its index. Absent for closed-loop traffic, which sends as many as the
    /// gateway answers, and in plans of older builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<Vec<u64>>,
    /// How long the client waits before it gives up; zero in plans of older builds.
    #[serde(default)]
    pub deadline: Timespan,
    /// Bytes of the request body.
    #[serde(default)]
    pub body: u64,
    /// How many keys there are, such as users, of which each request has one ([`evidence::Tag::key`]); 0 for none.
    #[serde(default)]
    pub keys: u32,
    /// Which of its clients leave by the clock, if any do; absent in plans of older builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<LeavingBrief>,
    /// The names of its headers, in lower case. Absent in plans of older builds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
}

impl TrafficBrief {
    /// Whether its requests have a header.
    pub fn sends(&self, header: &str) -> bool {
        let of_driver = ["host", "traceparent", evidence::TAG_HEADER];
        let mut all = self.headers.iter().map(String::as_str).chain(of_driver);
        all.any(|name| name.eq_ignore_ascii_case(header))
    }
}

/// Clients that leave by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeavingBrief {
    /// So long after the request was sent.
    pub after: Timespan,
    /// The part of the requests.
    pub share: Share,
}

/// A backend.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BackendBrief {
    /// Its name.
    pub name: String,
    /// Its share of the traffic, relative to the others of its priority.
    pub weight: u32,
    /// Its group; 0 is used first.
    pub priority: u32,
    /// Where it listens. `None` before the run, and where it is not on record.
    #[serde(skip)]
    pub address: Option<SocketAddr>,
    /// The names of the further headers of its answers, in lower case. Absent in plans of older builds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
    /// True if it listens where other machines can reach it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off_loopback: bool,
}

impl BackendBrief {
    /// Whether its answers have a header.
    pub fn sends(&self, header: &str) -> bool {
        let lower = header.to_ascii_lowercase();
        let own = ["content-type", "content-length"];
        own.contains(&&lower[..]) || lower.starts_with("x-brownout-") || self.headers.contains(&lower)
    }
}

/// A planned fault.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InjectionBrief {
    /// The phase that it belongs to, by its index.
    pub phase: usize,
    /// The fault's kind: `status`.
    pub fault: String,
    /// Its settings as the scenario words them: `{ code = 503, share = 0.5 }`.
    pub settings: String,
    /// The backends, by their index.
    pub backends: Vec<u16>,
    /// When it is in force.
    pub during: Stretch,
    /// True if attempts can't be counted while it is in force.
    pub hides_attempts: bool,
    /// True if it acts by closing the listener.
    pub closes_listener: bool,
    /// What it does to the attempts that it hits; absent in plans of older builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<FaultOutline>,
    /// The traffic classes that it may hit, by their index; absent if it may hit all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<u16>>,
    /// True if it may hit the gateway's own health checks only.
    #[serde(default)]
    pub on_probes: bool,
    /// True if whether an attempt is hit has to do with whether another one is, at another backend or of the same request: what
    /// a gateway that tries again makes of it can't be told before the run.
    #[serde(default)]
    pub correlated: bool,
}

impl InjectionBrief {
    /// Whether it may hit requests of a traffic class.
    pub fn may_hit(&self, class: u16) -> bool {
        self.classes.as_ref().is_none_or(|classes| classes.contains(&class))
    }
}

/// Something that is planned to be done to the gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActionBrief {
    /// The phase that it belongs to, by its index.
    pub phase: usize,
    /// Its kind: `reload`.
    pub kind: String,
    /// Its settings as the scenario words them: `{ backends = ["orders-b"] }`.
    pub settings: String,
    /// When it begins.
    pub at: Moment,
    /// The backends that the gateway has after it, by their index.
    pub backends: Vec<u16>,
    /// True if another process serves after it, so that no connection to a backend can outlive it.
    pub replaces: bool,
}

/// The gateway's own metrics, as far as they are known before the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricsBrief {
    /// The sums of series that count requests, by the documentation of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<String>,
    /// Those that count further attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<String>,
    /// Those that count answers with a status of 500 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<String>,
    /// The series of each backend that says whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<UpBrief>,
    /// The names of the metrics that are kept.
    pub kept: Vec<String>,
    /// True if the page is on the address that requests go to, so that a scrape may be counted as one.
    pub shared: bool,
    /// How late a request may be counted, by the demand that leaves most time.
    pub late: Timespan,
}

/// What says whether a backend is in use, by the documentation of a gateway's kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpBrief {
    /// The series, above 0 while it is in use, with [`crate::counters::states::NAME`] or `ADDRESS` in it.
    pub series: String,
    /// How old the word may be.
    pub late: Timespan,
}

/// What a fault does, in as few figures as it takes to tell before a run what it can show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultOutline {
    /// The part of the attempts that it hits.
    pub share: Share,
    /// If it hits only the first so many attempts of each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u16>,
    /// What becomes of an attempt that it hits.
    pub does: FaultDoes,
}

/// What becomes of an attempt that a fault hits, as the gateway meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultDoes {
    /// The answer comes late: by so much at the least, and at the most where it is bounded.
    Delays {
        /// The shortest delay.
        least: Timespan,
        /// The longest delay.
        most: Timespan,
    },
    /// It is answered with this status.
    Answers {
        /// The status.
        status: u16,
    },
    /// It is never answered.
    Hangs,
    /// The connection ends before a status line.
    Breaks,
    /// The connection ends within the body of the answer.
    Cuts,
    /// It can't connect, so that nothing of it is on record.
    Refuses,
}
