//! Checks the spec, makes the schedule, and shares both out among the threads that send.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use evidence::{RecordedHeaders, RunNonce};
use net::tls::ClientTls;
use units::{Moment, Stretch};
use wire::Limits;

use crate::prepare_error::PrepareError;
use crate::schedule::schedule;
use crate::source::Due;
use crate::spec::{Class, DriverSpec, Mode};
use crate::template::Template;
use crate::think::Think;

/// The load of one run, ready to be sent.
#[derive(Clone)]
pub struct Load {
    prepared: Arc<Prepared>,
    tls: Vec<Option<ClientTls>>,
    end: Moment,
    threads: usize,
}

/// What one thread sends: every n-th request of the schedule, and every n-th user.
#[derive(Clone)]
pub struct Part {
    pub(crate) prepared: Arc<Prepared>,
    /// How the gateway is talked to over TLS, by target; `None`, or nothing at all, where it is not.
    tls: Vec<Option<ClientTls>>,
    /// When what is still under way is given up.
    pub(crate) end: Moment,
    pub(crate) index: usize,
    /// How many parts there are.
    pub(crate) of: usize,
}

/// Everything that the threads share; none of it changes while they send.
pub(crate) struct Prepared {
    /// The gateway's addresses.
    targets: Vec<SocketAddr>,
    pub(crate) templates: Vec<Template>,
    pub(crate) schedule: Vec<Due>,
    pub(crate) closed: Vec<ClosedClass>,
    pub(crate) closed_exchanges_max: u64,
    pub(crate) nonce: RunNonce,
    pub(crate) seed: u64,
    /// How much of an answer is read.
    pub(crate) limits: Limits,
    /// The headers that are recorded, if any are.
    pub(crate) record: Option<RecordedHeaders>,
    /// The addresses of the backends, as errors could tell them.
    pub(crate) backends: Arc<[String]>,
    connections_max: usize,
    in_flight_max: usize,
}

/// The users of one closed-loop class.
pub(crate) struct ClosedClass {
    pub(crate) class: u16,
    pub(crate) users: u32,
    pub(crate) during: Vec<Stretch>,
    pub(crate) think: Option<Think>,
}

/// Checks the spec and makes the schedule.
pub fn prepare(spec: &DriverSpec) -> Result<Load, PrepareError> {
    if spec.classes.len() > usize::from(u16::MAX) {
        return Err(PrepareError::Classes(spec.classes.len()));
    }
    let no_target =
        |class: &&Class| class.target.is_some_and(|it| usize::from(it) >= spec.further_targets.len());
    if let Some(class) = spec.classes.iter().find(no_target) {
        return Err(PrepareError::Target { class: class.name.clone() });
    }
    let templates = spec.classes.iter().map(|class| Template::new(class, &spec.host, spec.nonce));
    let closed = spec.classes.iter().zip(0u16..).filter_map(|(class, index)| match &class.mode {
        Mode::Closed { users, during, think } => {
            Some(ClosedClass { class: index, users: *users, during: during.clone(), think: *think })
        }
        Mode::Open(_) | Mode::Trace(_) => None,
    });
    let prepared = Prepared {
        targets: std::iter::once(spec.target).chain(spec.further_targets.iter().copied()).collect(),
        templates: templates.collect::<Result<_, _>>()?,
        schedule: schedule(spec),
        closed: closed.collect(),
        closed_exchanges_max: spec.exchanges_max,
        nonce: spec.nonce,
        seed: spec.seed,
        limits: Limits { body_bytes: spec.response_body_max.0, ..Limits::default() },
        record: spec.record.clone(),
        backends: spec.backends.iter().map(ToString::to_string).collect(),
        connections_max: spec.connections_max.max(1),
        in_flight_max: spec.in_flight_max.max(1),
    };
    // Every thread needs a connection and a place in flight of its own.
    let threads = spec.threads.min(prepared.connections_max).min(prepared.in_flight_max).max(1);
    Ok(Load { prepared: Arc::new(prepared), tls: Vec::new(), end: last_moment(spec), threads })
}

/// The end of the last segment, and after it the longest deadline.
fn last_moment(spec: &DriverSpec) -> Moment {
    let ends = spec.classes.iter().flat_map(|class| match &class.mode {
        Mode::Open(segments) => segments.iter().map(|segment| segment.during.to).collect::<Vec<_>>(),
        // The request that is due at the last moment is still sent.
        Mode::Trace(trace) => {
            trace.due.last().map(|last| *last + Duration::from_nanos(1)).into_iter().collect()
        }
        Mode::Closed { during, .. } => during.iter().map(|stretch| stretch.to).collect(),
    });
    let deadline = spec.classes.iter().map(|class| class.deadline).max().unwrap_or(Duration::ZERO);
    ends.max().unwrap_or_default() + deadline
}

impl Load {
    /// Gives up at `end` what is still under way then, and records it as unfinished. Without it, that is the end of
    /// the last segment and the longest deadline after it.
    pub fn ending_at(mut self, end: Moment) -> Self {
        self.end = end;
        self
    }

    /// Talks to the gateway over TLS where `tls` says how: at its first address, and then at its further ones. The handshake
    /// counts against the deadline of the request that opens the connection.
    pub fn over_tls(mut self, tls: Vec<Option<ClientTls>>) -> Self {
        self.tls = tls;
        self
    }

    /// How many parts there are: the threads that the spec asks for, or fewer if its limits don't suffice for them.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// How many requests the schedule has.
    pub fn scheduled(&self) -> u64 {
        self.prepared.schedule.len() as u64
    }

    /// The part of thread `index`, counted from 0.
    ///
    /// # Panics
    /// If there is no such thread.
    pub fn part(&self, index: usize) -> Part {
        assert!(index < self.threads, "part {index} of {}", self.threads);
        Part {
            prepared: self.prepared.clone(),
            tls: self.tls.clone(),
            end: self.end,
            index,
            of: self.threads,
        }
    }

    /// All parts, for one thread each.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = Part> + '_ {
        (0..self.threads).map(|index| self.part(index))
    }
}

impl Part {
    /// What the requests of a class are made from.
    pub(crate) fn template(&self, class: u16) -> &Template {
        &self.prepared.templates[usize::from(class)]
    }

    /// Where requests for `target` go, and how they are talked to over TLS, if they are.
    pub(crate) fn target(&self, target: usize) -> (SocketAddr, Option<&ClientTls>) {
        (self.prepared.targets[target], self.tls.get(target).and_then(Option::as_ref))
    }

    /// Connections that this part may hold at a time.
    pub(crate) fn connections_max(&self) -> usize {
        self.share(self.prepared.connections_max)
    }

    /// Requests that this part may have in flight.
    pub(crate) fn in_flight_max(&self) -> usize {
        self.share(self.prepared.in_flight_max)
    }

    /// This part's share of a limit: the shares differ by one at the most and add up to the limit.
    fn share(&self, limit: usize) -> usize {
        limit / self.of + usize::from(self.index < limit % self.of)
    }
}
