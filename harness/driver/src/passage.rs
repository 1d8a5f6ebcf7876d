//! One connection to the gateway as its task drives it: hyper's connection and its sender, polled together.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use evidence::Outcome;
use http_body::Body as _;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use net::Stream;
use units::Moment;

use crate::bell::Bell;
use crate::job::Job;
use crate::outcome::without_head;
use crate::reply::Reply;
use crate::request_body::RequestBody;
use crate::slot::Slot;
use crate::turns::Turns;
use crate::wire::{Notes, Wire};
use crate::worker::Worker;

/// The largest response head in bytes, and the most that is read ahead of a body.
const HEAD_MAX: usize = 64 * 1024;

/// Pieces of a body that are taken in one turn, and the bytes after which it ends: few enough that thousands of
/// connections keep the schedule on time, whatever the gateway sends.
const PIECES_A_TURN: u32 = 64;
const BYTES_A_TURN: usize = 128 * 1024;

/// An open connection.
pub(crate) struct Passage {
    /// Absent once it has ended.
    connection: Option<Connection<TokioIo<Wire>, RequestBody>>,
    sender: SendRequest<RequestBody>,
    notes: Rc<Notes>,
    bell: Bell,
    turns: Turns,
    number: u32,
    carried: u32,
    response_body_max: u64,
}

/// Why a response did not come whole.
enum Broken {
    /// The deadline passed.
    Late,
    /// The exchange ended in this way.
    As(Outcome),
}

/// What an idle connection was woken for.
pub(crate) enum Idle {
    /// To carry this.
    Job(Job),
    /// It ended, or is to end; with a job that was given to it at the same time, and not begun.
    Ended(Option<Job>),
}

impl Passage {
    pub(crate) async fn new(worker: &Worker, stream: Stream) -> hyper::Result<Self> {
        let notes = Rc::new(Notes::default());
        let wire = Wire::new(stream, worker.world.clone(), notes.clone());
        let (sender, connection) =
            Builder::new().max_buf_size(HEAD_MAX).handshake(TokioIo::new(wire)).await?;
        Ok(Passage {
            connection: Some(connection),
            sender,
            notes,
            bell: Bell::new(worker.timer.clone()),
            turns: Turns::default(),
            number: worker.number_connection(),
            carried: 0,
            response_body_max: worker.part.prepared.response_body_max,
        })
    }

    /// Lets bytes move. True while the connection lives.
    fn poll_connection(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(connection) = &mut self.connection else {
            return false;
        };
        if Pin::new(connection).poll(cx).is_ready() {
            // Dropped at once: requests that it still holds then fail, instead of waiting for ever.
            self.connection = None;
        }
        self.connection.is_some()
    }

    /// Waits for what `step` waits for, which moves the connection itself.
    async fn turns<T>(&mut self, mut step: impl FnMut(&mut Self, &mut Context<'_>) -> Poll<T>) -> T {
        poll_fn(|cx| {
            let mut turns = std::mem::take(&mut self.turns);
            let result = turns.poll(cx, |cx| step(self, cx));
            self.turns = turns;
            result
        })
        .await
    }

    /// Waits until the next request can be sent; false if the connection ended, or `deadline` passed first.
    pub(crate) async fn settle(&mut self, deadline: Moment) -> bool {
        self.turns(|passage, cx| {
            if !passage.poll_connection(cx) {
                return Poll::Ready(false);
            }
            match passage.sender.poll_ready(cx) {
                Poll::Ready(ready) => Poll::Ready(ready.is_ok()),
                Poll::Pending => passage.bell.poll(cx, deadline).map(|()| false),
            }
        })
        .await
    }

    /// Waits for a job, and for the end of the connection meanwhile.
    pub(crate) async fn idle(&mut self, slot: &Slot) -> Idle {
        self.turns(|passage, cx| {
            // First, so that a connection that is known to be closed gets no request.
            let alive = passage.poll_connection(cx);
            let job = slot.take();
            if !alive || slot.is_leaving() {
                return Poll::Ready(Idle::Ended(job));
            }
            if let Some(job) = job {
                return Poll::Ready(Idle::Job(job));
            }
            slot.watch(cx);
            Poll::Pending
        })
        .await
    }

    /// Carries one request to its end. Returns how it ended, when, and whether the connection may carry another one,
    /// which then has until the moment given to settle.
    pub(crate) async fn carry(
        &mut self,
        worker: &Worker,
        job: &mut Job,
    ) -> (Outcome, Moment, Option<Moment>) {
        self.carried += 1;
        job.exchange.connection = self.number;
        job.exchange.nth = self.carried;
        self.notes.expect_write();
        worker.sending();
        let deadline = worker.now() + job.template().deadline;
        let ended = self.exchange(job, deadline).await;
        let done = match (&ended, self.notes.end()) {
            (Err(Broken::Late), _) | (Err(_), None) => worker.now(),
            (Ok(_), _) | (Err(_), Some(_)) => self.notes.last_read(),
        };
        match ended {
            Ok(outcome) if self.connection.is_some() && job.template().keep_alive => {
                (outcome, done, Some(deadline))
            }
            Ok(outcome) | Err(Broken::As(outcome)) => (outcome, done, None),
            Err(Broken::Late) => (Outcome::ClientTimeout, done, None),
        }
    }

    async fn exchange(&mut self, job: &mut Job, deadline: Moment) -> Result<Outcome, Broken> {
        let tag = job.template().tag_value(job.exchange.tag);
        let request = job.template().request(job.exchange.tag, tag.clone());
        let mut response = std::pin::pin!(self.sender.send_request(request));
        let response = self
            .turns(|passage, cx| {
                passage.poll_connection(cx);
                if let Some(sent) = passage.notes.first_write() {
                    job.sent_at(sent);
                }
                match response.as_mut().poll(cx) {
                    Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
                    Poll::Ready(Err(error)) => {
                        Poll::Ready(Err(Broken::As(without_head(&error, passage.notes.end()))))
                    }
                    Poll::Pending => passage.bell.poll(cx, deadline).map(|()| Err(Broken::Late)),
                }
            })
            .await?;
        job.exchange.first_byte = Some(self.notes.last_read());
        let method = &job.template().method.clone();
        let mut reply = Reply::read(response, method, &tag, &mut job.exchange);
        let read = self.turns(|passage, cx| passage.poll_body(cx, &mut reply, job, deadline)).await;
        job.exchange.body_hash = Some(reply.body_hash());
        job.exchange.body = match read {
            Ok(()) => reply.whole_check(),
            Err(_) => reply.broken_check(job.exchange.body_bytes),
        };
        read?;
        Ok(reply.framing.whole(job.exchange.body != evidence::BodyCheck::Altered))
    }

    /// Reads the body as far as it has arrived, but no more at a time than others can wait for.
    fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
        reply: &mut Reply,
        job: &mut Job,
        deadline: Moment,
    ) -> Poll<Result<(), Broken>> {
        let mut moved = false;
        let (mut pieces, mut bytes) = (0, 0);
        loop {
            if reply.body.is_end_stream() {
                return Poll::Ready(Ok(()));
            }
            if pieces >= PIECES_A_TURN || bytes >= BYTES_A_TURN {
                // A body without an end never lets the bell be asked.
                if self.bell.now() >= deadline {
                    return Poll::Ready(Err(Broken::Late));
                }
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match Pin::new(&mut reply.body).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(Ok(frame))) => {
                    (moved, pieces) = (false, pieces + 1);
                    let Some(data) = frame.data_ref() else { continue };
                    bytes += data.len();
                    job.exchange.body_bytes += data.len() as u64;
                    reply.received(data);
                    if job.exchange.body_bytes > self.response_body_max {
                        return Poll::Ready(Err(Broken::As(Outcome::BeyondBounds)));
                    }
                }
                Poll::Ready(Some(Err(_))) => {
                    return Poll::Ready(Err(Broken::As(reply.framing.broken(self.notes.end()))));
                }
                // hyper reads on only after the body was asked for: so once more after bytes may have moved.
                Poll::Pending if !moved => {
                    self.poll_connection(cx);
                    moved = true;
                }
                Poll::Pending => return self.bell.poll(cx, deadline).map(|()| Err(Broken::Late)),
            }
        }
    }
}
