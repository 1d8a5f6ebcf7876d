//! Requests and arrivals as tests word them.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use evidence::{Attempt, BodyCheck, End, Exchange, NO_BACKEND, Outcome, Planned, TagEcho};
use units::Moment;

use super::at;

type Changing<T> = dyn Fn(&mut T);

/// A change to a finished row, if there is one.
pub(super) struct Change<T>(Option<Rc<Changing<T>>>);

impl<T: 'static> Change<T> {
    fn none() -> Self {
        Change(None)
    }

    fn then(self, further: impl Fn(&mut T) + 'static) -> Self {
        Change(Some(Rc::new(move |row: &mut T| {
            self.apply(row);
            further(row);
        })))
    }

    pub(super) fn apply(&self, row: &mut T) {
        if let Some(change) = &self.0 {
            change(row);
        }
    }
}

impl<T> Clone for Change<T> {
    fn clone(&self) -> Self {
        Change(self.0.clone())
    }
}

impl<T> fmt::Debug for Change<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "changed" } else { "unchanged" })
    }
}

/// One request, as the client lived it.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) class: String,
    pub(super) due: Moment,
    pub(super) lag: Duration,
    pub(super) attempts: Vec<Try>,
    pub(super) sends: Vec<(String, String)>,
    pub(super) got: Vec<(String, Option<String>)>,
    pub(super) change: Change<Exchange>,
}

impl Call {
    /// A request that is due `ms` milliseconds after the epoch.
    pub fn due(class: &str, ms: f64) -> Self {
        Call {
            class: class.into(),
            due: at(ms),
            lag: Duration::ZERO,
            attempts: vec![],
            sends: vec![],
            got: vec![],
            change: Change::none(),
        }
    }

    pub fn lag(mut self, ms: f64) -> Self {
        self.lag = length(ms);
        self
    }

    /// The client sends a header.
    pub fn sends(mut self, name: &str, value: &str) -> Self {
        self.sends.push((name.into(), value.into()));
        self
    }

    /// A header of the answer arrives at the client otherwise than the backend sent it; `None` does not arrive.
    pub fn got(mut self, name: &str, value: Option<&str>) -> Self {
        self.got.push((name.into(), value.map(str::to_owned)));
        self
    }

    pub fn attempt(mut self, attempt: Try) -> Self {
        self.attempts.push(attempt);
        self
    }

    /// The gateway answers by itself, `ms` milliseconds after the request was sent.
    pub fn rejected(self, status: u16, ms: f64) -> Self {
        self.row(move |exchange| {
            (exchange.status, exchange.backend, exchange.attempt) = (status, NO_BACKEND, 0);
            (exchange.echo, exchange.body) = (TagEcho::Absent, BodyCheck::Unknown);
            exchange.done = exchange.sent + length(ms);
            exchange.first_byte = Some(exchange.done);
        })
    }

    /// It ends without a status, `ms` milliseconds after it was sent.
    pub fn ends(self, outcome: Outcome, ms: f64) -> Self {
        self.row(move |exchange| {
            (exchange.outcome, exchange.status, exchange.backend) = (outcome, 0, NO_BACKEND);
            (exchange.echo, exchange.body) = (TagEcho::Absent, BodyCheck::Unknown);
            (exchange.first_byte, exchange.attempt) = (None, 0);
            exchange.done = exchange.sent + length(ms);
        })
    }

    /// It was due and never sent.
    pub fn skipped(self) -> Self {
        self.ends(Outcome::Skipped, 0.0)
    }

    /// Changes the finished row.
    pub fn row(mut self, change: impl Fn(&mut Exchange) + 'static) -> Self {
        self.change = self.change.then(change);
        self
    }
}

/// One arrival at a backend.
#[derive(Clone, Debug)]
pub struct Try {
    pub(super) backend: String,
    pub(super) after: Duration,
    pub(super) takes: Duration,
    pub(super) status: u16,
    pub(super) end: End,
    pub(super) fault: Option<String>,
    pub(super) planned: Planned,
    pub(super) path: Option<String>,
    pub(super) gets: Vec<(String, Option<String>)>,
    pub(super) answers: Vec<(String, String)>,
    pub(super) change: Change<Attempt>,
}

impl Try {
    /// Answered with 200 after 2 ms.
    pub fn ok(backend: &str) -> Self {
        Try {
            backend: backend.into(),
            after: length(0.2),
            takes: length(2.0),
            status: 200,
            end: End::Replied,
            fault: None,
            planned: Planned::Answer,
            path: None,
            gets: vec![],
            answers: vec![],
            change: Change::none(),
        }
    }

    /// It arrives with another path and query than the client sent.
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.into());
        self
    }

    /// A header arrives otherwise than the client sent it; `None` does not arrive.
    pub fn gets(mut self, name: &str, value: Option<&str>) -> Self {
        self.gets.push((name.into(), value.map(str::to_owned)));
        self
    }

    /// The backend answers with a header.
    pub fn answers(mut self, name: &str, value: &str) -> Self {
        self.answers.push((name.into(), value.into()));
        self
    }

    /// Hit by the planned fault of this kind, and ended as that fault makes it.
    pub fn hit(backend: &str, fault: &str) -> Self {
        let mut attempt = Try { fault: Some(fault.into()), ..Try::ok(backend) };
        (attempt.planned, attempt.end, attempt.status, attempt.takes) = match fault {
            "latency" => (Planned::Answer, End::Replied, 200, length(50.0)),
            "hang" => (Planned::Hang, End::AbandonedFin, 0, length(300.0)),
            "reset" => (Planned::Reset, End::Reset, 0, length(1.0)),
            "close" => (Planned::Close, End::Closed, 0, length(1.0)),
            _ => (Planned::Status, End::Replied, 503, length(1.0)),
        };
        attempt
    }

    /// Arrives so long after the attempt before ended, or after the request was sent.
    pub fn after(mut self, ms: f64) -> Self {
        self.after = length(ms);
        self
    }

    /// Ends so long after it arrived.
    pub fn takes(mut self, ms: f64) -> Self {
        self.takes = length(ms);
        self
    }

    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Ends otherwise than by an answer.
    pub fn ends(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// Changes the finished row.
    pub fn row(mut self, change: impl Fn(&mut Attempt) + 'static) -> Self {
        self.change = self.change.then(change);
        self
    }
}

pub(super) fn length(ms: f64) -> Duration {
    Duration::from_nanos((ms * 1e6).round() as u64)
}
