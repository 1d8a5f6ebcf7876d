//! One connection to the gateway: it carries request after request, and tells how each ended.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use evidence::{Outcome, RunNonce};
use net::{Stream, Timer, World};
use units::Moment;
use wire::{Limits, ReceivedBytes};

use super::course::Course;
use super::deadline::Deadline;
use super::headers::{SharedHeaderLog, note_request};
use super::response::{Progress, ResponseReader};
use super::stream::ObservedStream;
use crate::job::Job;
use crate::template::{Request, Template};
use crate::trouble::Conduct;

/// Bytes that are read, and bytes that are written, before others have their turn: few enough that thousands of
/// connections keep the schedule, whatever the gateway sends.
const BYTES_A_TURN: usize = 32 * 1024;

/// Ends a turn: the task is polled again once sockets and timers were looked at. A mere wake would have it polled up to sixty
/// times more before that, as tasks of a `LocalSet` are.
fn let_others_go(cx: &mut Context<'_>) {
    let _ = std::pin::pin!(tokio::task::yield_now()).poll(cx);
}

/// An open connection.
pub(crate) struct ClientConnection {
    pub(super) stream: ObservedStream,
    received: ReceivedBytes,
    pub(super) response: ResponseReader,
    request: Request,
    /// Bytes of the present request, its body included, that the system has taken.
    pub(super) written: usize,
    /// Of a request in trouble.
    pub(super) course: Option<Course>,
    pub(super) deadline: Deadline,
    number: u32,
    carried: u32,
    headers: SharedHeaderLog,
    /// The addresses of the backends, if anybody looks for them.
    backends: Arc<[String]>,
}

/// How one request fared.
pub(crate) struct Carried {
    pub(crate) outcome: Outcome,
    /// When it was over.
    pub(crate) done: Moment,
    /// Until when the rest of the request may still be sent, for the connection to carry another one; `None` if it can't.
    pub(crate) usable_by: Option<Moment>,
}

/// How an exchange ended on its connection.
#[derive(Clone, Copy)]
pub(super) enum Ended {
    /// The deadline passed.
    Late,
    /// The client left on purpose.
    Left,
    Whole(Outcome),
    Broken(Outcome),
}

impl ClientConnection {
    /// A connection that was made, with its number within the run.
    pub(crate) fn new(
        stream: Stream,
        world: &World,
        timer: &Timer,
        limits: Limits,
        nonce: RunNonce,
        number: u32,
    ) -> Self {
        ClientConnection {
            stream: ObservedStream::new(stream, world.clone()),
            received: ReceivedBytes::new(limits.head_bytes),
            response: ResponseReader::new(limits, nonce),
            request: Request::default(),
            written: 0,
            course: None,
            deadline: Deadline::new(timer.clone()),
            number,
            carried: 0,
            headers: None,
            backends: Arc::default(),
        }
    }

    /// The same, with a log of the headers that pass, and the addresses that no error is to tell.
    pub(crate) fn recording(mut self, headers: SharedHeaderLog, backends: Arc<[String]>) -> Self {
        self.response.record(headers.clone());
        ClientConnection { headers, backends, ..self }
    }

    /// Carries one request to its end, which comes at its deadline at the latest. `conduct` is what the client does to a
    /// request in trouble.
    pub(crate) async fn carry(
        &mut self,
        job: &mut Job,
        template: &Template,
        conduct: Option<Conduct>,
    ) -> Carried {
        self.carried += 1;
        job.exchange.connection = self.number;
        job.exchange.nth = self.carried;
        self.written = 0;
        let expects = conduct.is_some_and(|conduct| conduct.expect.is_some());
        if let Some((bytes, hash)) = template.write(job.exchange.tag, expects, &mut self.request) {
            (job.exchange.request_bytes, job.exchange.request_hash) = (bytes, Some(hash));
        }
        self.response.begin(template.is_head);
        let begun = self.stream.now();
        self.course = conduct.map(|conduct| Course::new(conduct, begun, self.request.head));
        let deadline = begun + template.deadline;
        let mut at = Some(begun);
        let ended = poll_fn(|cx| match self.course {
            None => self.poll_exchange(cx, job, template, deadline, at.take()),
            Some(_) => self.poll_in_trouble(cx, job, template, deadline),
        })
        .await;
        self.response.conclude(&mut job.exchange);
        if let Some(log) = &self.headers
            && self.written >= self.request.head
        {
            let head = &self.request.bytes[..self.request.head];
            note_request(log, job.exchange.tag, head);
            job.exchange.disclosed = self.response.error.disclosed(head, log, &self.backends);
        }
        let carried = self.fared(ended, template, deadline);
        let held = self.course.as_ref().map_or(Duration::ZERO, |course| course.held_until(carried.done));
        job.exchange.held = held.as_nanos() as u64;
        carried
    }

    fn fared(&self, ended: Ended, template: &Template, deadline: Moment) -> Carried {
        let over = |outcome, done| Carried { outcome, done, usable_by: None };
        match ended {
            Ended::Late => over(Outcome::ClientTimeout, self.stream.now()),
            Ended::Left => over(Outcome::ClientAbort, self.stream.now()),
            Ended::Broken(outcome) => {
                let last = self.stream.end().map(|_| self.stream.last_read());
                over(outcome, last.unwrap_or_else(|| self.stream.now()))
            }
            Ended::Whole(outcome) => {
                // Bytes behind the answer belong to no request, and a body that nobody asked for is not sent.
                let usable = template.keep_alive && self.response.keeps_alive() && self.received.is_empty();
                let usable = usable && self.stream.end().is_none();
                let sendable = self.course.as_ref().is_none_or(|course| {
                    !course.is_half_closed() && (!course.expects() || self.written == self.length(template))
                });
                let usable_by = (usable && sendable).then_some(deadline);
                Carried { outcome, done: self.stream.last_read(), usable_by }
            }
        }
    }

    /// Sends what is left of the request and reads what has arrived of the answer. `at` is the time, if it is known.
    fn poll_exchange(
        &mut self,
        cx: &mut Context<'_>,
        job: &mut Job,
        template: &Template,
        deadline: Moment,
        at: Option<Moment>,
    ) -> Poll<Ended> {
        let length = self.length(template);
        if self.written < length {
            let at = at.unwrap_or_else(|| self.stream.now());
            self.send(cx, job, template, length, at);
        }
        match self.poll_answer(cx, job, deadline) {
            Poll::Ready(ended) => Poll::Ready(ended),
            Poll::Pending => self.deadline.poll(cx, deadline).map(|()| Ended::Late),
        }
    }

    /// Reads what has arrived of the answer, within a turn.
    pub(super) fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
        job: &mut Job,
        deadline: Moment,
    ) -> Poll<Ended> {
        let mut read = 0;
        while read < BYTES_A_TURN {
            let Poll::Ready(count) = self.stream.poll_read(cx, self.received.room()) else {
                return Poll::Pending;
            };
            self.received.received(count);
            read += count;
            let progress = match self.stream.end() {
                None => self.response.read(&mut self.received, self.stream.last_read(), &mut job.exchange),
                Some(end) => self.response.ended(&self.received, end),
            };
            if let (Some(course), Some(_)) = (&self.course, job.exchange.first_byte)
                && course.leaves_after(job.exchange.body_bytes, progress != Progress::Partial)
            {
                return Poll::Ready(self.leave(cx));
            }
            match progress {
                Progress::Partial => {}
                Progress::Whole(outcome) => return Poll::Ready(Ended::Whole(outcome)),
                Progress::Broken(outcome) => return Poll::Ready(Ended::Broken(outcome)),
            }
        }
        // An answer without an end never lets the timer be asked.
        if self.stream.last_read() >= deadline {
            return Poll::Ready(Ended::Late);
        }
        let_others_go(cx);
        Poll::Pending
    }

    /// Bytes of the present request.
    pub(super) fn length(&self, template: &Template) -> usize {
        self.request.bytes.len() + template.large_body().len()
    }

    /// Sends bytes of the request up to `end`, as many as the system takes; `at` is the time.
    pub(super) fn send(
        &mut self,
        cx: &mut Context<'_>,
        job: &mut Job,
        template: &Template,
        end: usize,
        at: Moment,
    ) {
        let before = self.written;
        let _ = self.poll_send(cx, template, end);
        if before == 0 && self.written > 0 {
            job.sent_at(at);
        }
    }

    /// Sends as much of the request up to `end` as the system takes, within a turn. Ready once all of it was sent, or nothing
    /// more can be.
    fn poll_send(&mut self, cx: &mut Context<'_>, template: &Template, end: usize) -> Poll<()> {
        let (bytes, mut sent) = (&self.request.bytes, 0);
        while self.written < end {
            if sent >= BYTES_A_TURN {
                let_others_go(cx);
                return Poll::Pending;
            }
            let rest = match bytes.get(self.written..end.min(bytes.len())) {
                Some(rest) if !rest.is_empty() => rest,
                _ => &template.large_body()[self.written - bytes.len()..end - bytes.len()],
            };
            let piece = &rest[..rest.len().min(BYTES_A_TURN)];
            match self.stream.poll_write(cx, piece) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Ready(Some(count)) => {
                    self.written += count;
                    sent += count;
                }
            }
        }
        Poll::Ready(())
    }

    /// Sends the rest of a request that was answered early, until `deadline`. True if the connection can carry another one.
    pub(crate) async fn finish_sending(&mut self, template: &Template, deadline: Moment) -> bool {
        poll_fn(|cx| {
            if self.poll_unusable(cx).is_ready() {
                return Poll::Ready(false);
            }
            let length = self.length(template);
            if self.poll_send(cx, template, length).is_ready() {
                return Poll::Ready(self.written == length);
            }
            self.deadline.poll(cx, deadline).map(|()| false)
        })
        .await
    }

    /// Gives back the memory that large messages took.
    pub(crate) fn becomes_idle(&mut self) {
        self.received.release();
    }

    /// Ready once an idle connection can carry nothing more: the gateway has ended it, or sent what nobody asked for.
    pub(crate) fn poll_unusable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.stream.poll_read(cx, self.received.room()).map(drop)
    }
}
