//! One connection to the gateway: it carries request after request, and tells how each ended.

use std::future::poll_fn;
use std::task::{Context, Poll};

use evidence::{Outcome, RunNonce};
use net::{Stream, Timer, World};
use units::Moment;
use wire::{Limits, ReceivedBytes};

use super::deadline::Deadline;
use super::response::{Progress, ResponseReader};
use super::stream::ObservedStream;
use crate::job::Job;
use crate::template::Template;

/// Bytes that are read, and bytes that are written, before others have their turn: few enough that thousands of
/// connections keep the schedule, whatever the gateway sends.
const BYTES_A_TURN: usize = 64 * 1024;

/// An open connection.
pub(crate) struct ClientConnection {
    stream: ObservedStream,
    received: ReceivedBytes,
    response: ResponseReader,
    /// The present request: its head, and its body if that is small.
    request: Vec<u8>,
    /// Bytes of the present request, its body included, that the system has taken.
    written: usize,
    deadline: Deadline,
    number: u32,
    carried: u32,
}

/// How one request fared.
pub(crate) struct Carried {
    pub(crate) outcome: Outcome,
    /// When it was over.
    pub(crate) done: Moment,
    /// Until when the rest of the request may still be sent, for the connection to carry another one; `None` if it can't.
    pub(crate) usable_by: Option<Moment>,
}

/// How the reading of an answer ended.
enum Ended {
    /// The deadline passed.
    Late,
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
            request: Vec::new(),
            written: 0,
            deadline: Deadline::new(timer.clone()),
            number,
            carried: 0,
        }
    }

    /// Carries one request to its end, which comes at its deadline at the latest.
    pub(crate) async fn carry(&mut self, job: &mut Job, template: &Template) -> Carried {
        self.carried += 1;
        job.exchange.connection = self.number;
        job.exchange.nth = self.carried;
        self.request.clear();
        self.written = 0;
        template.write(job.exchange.tag, &mut self.request);
        self.response.begin(template.is_head);
        let begun = self.stream.now();
        let deadline = begun + template.deadline;
        let mut sending_at = Some(begun);
        let ended = poll_fn(|cx| {
            let at = sending_at.take();
            self.poll_exchange(cx, job, template, deadline, at)
        })
        .await;
        self.response.conclude(&mut job.exchange);
        match ended {
            Ended::Late => {
                Carried { outcome: Outcome::ClientTimeout, done: self.stream.now(), usable_by: None }
            }
            Ended::Broken(outcome) => {
                let last = self.stream.end().map(|_| self.stream.last_read());
                Carried { outcome, done: last.unwrap_or_else(|| self.stream.now()), usable_by: None }
            }
            Ended::Whole(outcome) => {
                // Bytes behind the answer belong to no request.
                let usable = template.keep_alive && self.response.keeps_alive() && self.received.is_empty();
                let usable = usable && self.stream.end().is_none();
                Carried { outcome, done: self.stream.last_read(), usable_by: usable.then_some(deadline) }
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
        if self.written < self.length(template) {
            let at = at.unwrap_or_else(|| self.stream.now());
            let before = self.written;
            let _ = self.poll_send(cx, template);
            if before == 0 && self.written > 0 {
                job.sent_at(at);
            }
        }
        let mut read = 0;
        while read < BYTES_A_TURN {
            let Poll::Ready(count) = self.stream.poll_read(cx, self.received.room()) else {
                return self.deadline.poll(cx, deadline).map(|()| Ended::Late);
            };
            self.received.received(count);
            read += count;
            let progress = match self.stream.end() {
                None => self.response.read(&mut self.received, self.stream.last_read(), &mut job.exchange),
                Some(end) => self.response.ended(&self.received, end),
            };
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
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Bytes of the present request.
    fn length(&self, template: &Template) -> usize {
        self.request.len() + template.large_body.len()
    }

    /// Sends as much of the request as the system takes, within a turn. Ready once all of it was sent, or nothing more can
    /// be.
    fn poll_send(&mut self, cx: &mut Context<'_>, template: &Template) -> Poll<()> {
        let mut sent = 0;
        while self.written < self.length(template) {
            if sent >= BYTES_A_TURN {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let rest = match self.request.get(self.written..) {
                Some(rest) if !rest.is_empty() => rest,
                _ => &template.large_body[self.written - self.request.len()..],
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
            if self.poll_send(cx, template).is_ready() {
                return Poll::Ready(self.written == self.length(template));
            }
            self.deadline.poll(cx, deadline).map(|()| false)
        })
        .await
    }

    /// Ready once an idle connection can carry nothing more: the gateway has ended it, or sent what nobody asked for.
    pub(crate) fn poll_unusable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.stream.poll_read(cx, self.received.room()).map(drop)
    }
}
