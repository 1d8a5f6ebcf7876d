//! Answers a request that has arrived whole: the one place that acts on what faults decided about answers.

use std::time::Duration;

use evidence::{ConnectionEnd, End, Method, Tag};
use tokio::io::AsyncWriteExt;
use units::Moment;

use super::connection::{STALL, ServerConnection, Step, Unread};
use super::head::Head;
use super::output::write_parts;
use super::response::Response;
use crate::fault::{
    Admission, Admitted, After, Answer, Content, Cut, Decided, Ending, Framing, Incoming, Interim, Pace,
    Read, RetryAfter,
};

/// The pause between the last byte before a reset and the reset, so that the gateway sees the bytes first: a reset that
/// comes together with data makes many clients drop the data.
pub(super) const BEFORE_RESET: Duration = Duration::from_millis(2);

/// What rounds a time up that is then cut to whole seconds.
const ALMOST_A_SECOND: Duration = Duration::from_nanos(999_999_999);

/// What is to be answered, and how it is to be sent.
pub(super) struct Answering {
    pub(super) tag: Option<Tag>,
    pub(super) attempt: u16,
    pub(super) is_head: bool,
    pub(super) keeps_alive: bool,
    pub(super) fields: Vec<(String, String)>,
    pub(super) head_pace: Decided<Pace>,
    pub(super) framing: Decided<Framing>,
    pub(super) content: Decided<Content>,
    pub(super) body_pace: Decided<Pace>,
    pub(super) cut: Decided<Cut>,
    /// The injections that are given once the head was sent: of the status, of fields, of what becomes of the connection.
    pub(super) by: u64,
}

/// A request that was turned away before anybody worked on it.
pub(super) struct TurnedAway {
    pub(super) answer: Decided<Answer>,
    pub(super) fields: Vec<(String, String)>,
}

impl ServerConnection {
    /// Lets the request wait as is decided for it; from the whole request on, which is when a real service would begin to
    /// work on it. Or it is turned away.
    pub(super) async fn hold(
        &mut self,
        whole: Moment,
        admit: &Decided<Vec<Admission>>,
        wait: &Decided<Duration>,
    ) -> Step<Option<TurnedAway>> {
        let (mut delay, mut by) = (wait.what.unwrap_or_default(), wait.by);
        let mut turned_away = None;
        for (injection, admission) in bits(admit.by).zip(admit.what.iter().flatten()) {
            match self.server.admit(injection, self.handle.backend, admission, whole) {
                Admitted::After(more) if more.is_zero() => {}
                Admitted::After(more) => {
                    delay = delay.saturating_add(more);
                    by |= 1 << injection;
                }
                Admitted::TurnedAway(code, how, left) => {
                    turned_away = Some(TurnedAway {
                        answer: Decided {
                            what: Some(Answer::Status { code, body: None }),
                            by: 1 << injection,
                        },
                        fields: self.retry_after(how, left),
                    });
                    break;
                }
            }
        }
        if let Some(current) = &mut self.current {
            current.delayed(delay);
            if turned_away.is_some() {
                current.turned_away();
            }
        }
        if !delay.is_zero() {
            let due = whole + delay;
            self.wait_until(due, by).await?;
            let now = self.server.world.now();
            if let Some(current) = &mut self.current {
                current.delay_error(due, now);
            }
        }
        Ok(turned_away)
    }

    fn retry_after(&self, how: RetryAfter, left: Duration) -> Vec<(String, String)> {
        let value = match how {
            RetryAfter::Silent => return Vec::new(),
            RetryAfter::Seconds => left.as_secs_f64().ceil().to_string(),
            // Whole seconds as well: a date that is rounded down would come before the window is over.
            RetryAfter::Date => {
                httpdate::fmt_http_date(self.server.world.wall_clock() + left + ALMOST_A_SECOND)
            }
        };
        vec![("retry-after".to_owned(), value)]
    }

    /// Sends answers that are no final ones.
    pub(super) async fn send_interim(&mut self, interim: &Decided<Interim>) -> Step<()> {
        let Some(Interim { code, count, every, then_hang }) = interim.what else { return Ok(()) };
        let text = format!("HTTP/1.1 {code} \r\n\r\n");
        for _ in 0..count {
            if !every.is_zero() {
                let due = self.server.world.now() + every;
                self.wait_until(due, 0).await?;
            }
            self.handle.extend_deadline(STALL);
            if self.stream.write_all(text.as_bytes()).await.is_err() {
                return Err(self.abandoned(ConnectionEnd::GatewayRst));
            }
            self.given(interim.by);
        }
        if then_hang { self.hang(interim.by).await } else { Ok(()) }
    }

    async fn hang(&mut self, by: u64) -> Step<()> {
        self.held_by = by;
        self.wait_until(Moment::NEVER, by).await
    }

    /// Answers as a healthy backend does.
    pub(super) async fn answer_normally(&mut self, head: &Head, incoming: &Incoming) -> Step<()> {
        let response = Response {
            status: 200,
            fields: &[],
            body: None,
            content: None,
            framing: Framing::Length,
            tag: incoming.tag,
            attempt: incoming.number,
            is_head: head.method == Method::Head,
            keeps_alive: head.keeps_alive,
        };
        self.send_whole(&response, 0).await?;
        self.settle(End::Replied, ConnectionEnd::BackendFin);
        if head.keeps_alive { Ok(()) } else { Err(ConnectionEnd::BackendFin) }
    }

    /// Answers as the faults want it.
    pub(super) async fn respond(&mut self, mut answering: Answering, answer: &Decided<Answer>) -> Step<()> {
        let (status, body) = match &answer.what {
            None => (200, None),
            Some(Answer::Status { code, body }) => (*code, body.as_deref()),
            Some(Answer::Hang) => return self.hang(answer.by).await,
            Some(Answer::End(by)) => {
                self.given(answer.by);
                return Err(self.cut(*by));
            }
            Some(Answer::HalfAHead(by)) => {
                let response = answering.response(200, None);
                return self.send_half_a_head(&response, *by, answer.by).await;
            }
            Some(Answer::Garbage(bytes)) => return self.send_garbage(bytes, answer.by).await,
        };
        answering.by |= answer.by;
        if answering.is_plain() {
            self.send_whole(&answering.response(status, body), answering.by).await?;
            self.settle(End::Replied, ConnectionEnd::BackendFin);
            return if answering.keeps_alive { Ok(()) } else { Err(ConnectionEnd::BackendFin) };
        }
        self.send_by_steps(&answering, status, body).await
    }

    /// What is left to do once the answer was given.
    pub(super) async fn after_answer(
        &mut self,
        head: &Head,
        read: &Decided<Read>,
        after: &Decided<After>,
    ) -> Step<()> {
        if read.what == Some(Read::AfterTheAnswer) {
            // The record of the request is closed: what still comes of its body is only taken off the connection.
            let rest = self.read_body(head, self.server.world.now(), None).await;
            if let Err(Unread::End(end)) = rest {
                return Err(end);
            }
            rest.map_err(|_| ConnectionEnd::BackendFin)?;
        }
        match after.what {
            None => Ok(()),
            Some(After::CloseIdle(length)) => {
                self.injections |= after.by;
                self.close_idle = Some((length, after.by));
                Ok(())
            }
            Some(After::End(by)) => {
                self.injections |= after.by;
                self.effective |= after.by;
                if by == Ending::Rst {
                    self.server.timer.sleep(BEFORE_RESET).await;
                }
                Err(self.cut(by))
            }
        }
    }

    /// Refuses a request that can't be read, and closes: where the next one would start is not known.
    pub(super) async fn refuse(&mut self, status: u16, incoming: Option<&Incoming>) -> Step<()> {
        let tag = incoming.and_then(|incoming| incoming.tag);
        let response = Response {
            status,
            fields: &[],
            body: Some("this is not a request that a backend can read\n"),
            content: None,
            framing: Framing::Length,
            tag,
            attempt: incoming.filter(|_| tag.is_some()).map_or(0, |incoming| incoming.number),
            is_head: false,
            keeps_alive: false,
        };
        let sent = self.send(&response, usize::MAX, 0).await;
        let end = if sent.is_ok() { ConnectionEnd::BackendFin } else { ConnectionEnd::GatewayRst };
        Err(self.settle(End::Malformed, end))
    }

    /// Sends a whole answer at once. Once its head was sent, the injections in `by` have done what they were to do.
    async fn send_whole(&mut self, response: &Response<'_>, by: u64) -> Step<()> {
        match self.send(response, usize::MAX, by).await {
            Ok(()) => {
                let now = self.server.world.now();
                if let Some(current) = &mut self.current {
                    current.replied(now);
                }
                Ok(())
            }
            Err(_) => Err(self.settle(End::AbandonedRst, ConnectionEnd::GatewayRst)),
        }
    }

    async fn send_half_a_head(&mut self, response: &Response<'_>, cut: Ending, by: u64) -> Step<()> {
        self.server.backends[usize::from(self.handle.backend)].write(response, &mut self.written);
        let half = self.written.head / 2;
        if self.send(response, half, 0).await.is_err() {
            return Err(self.settle(End::AbandonedRst, ConnectionEnd::GatewayRst));
        }
        self.pause_before(cut).await;
        self.given(by);
        Err(self.cut(cut))
    }

    pub(super) async fn pause_before(&self, cut: Ending) {
        if cut == Ending::Rst {
            self.server.timer.sleep(BEFORE_RESET).await;
        }
    }

    async fn send_garbage(&mut self, bytes: &[u8], by: u64) -> Step<()> {
        self.handle.extend_deadline(STALL);
        if self.stream.write_all(bytes).await.is_err() {
            return Err(self.settle(End::AbandonedRst, ConnectionEnd::GatewayRst));
        }
        self.given(by);
        Err(self.settle(End::Spoiled, ConnectionEnd::BackendFin))
    }

    /// Sends the first `limit` bytes of an answer, and notes what of it that was.
    async fn send(&mut self, response: &Response<'_>, limit: usize, by: u64) -> std::io::Result<()> {
        let backend = &self.server.backends[usize::from(self.handle.backend)];
        let (written, handle) = (&mut self.written, &self.handle);
        backend.write(response, written);
        handle.extend_deadline(STALL);
        let parts = [&written.first[..], backend.filler(written.filler), &written.last[..]];
        let taken = &written.sent;
        let progressed = |count| {
            taken.set(taken.get() + count);
            handle.extend_deadline(STALL);
        };
        let sent = write_parts(&mut self.stream, parts, limit, progressed).await;
        if let Some(current) = &mut self.current
            && taken.get() >= written.head
        {
            current.status(response.status);
            current.retry_after(response.fields, &self.server.world);
            current.given(by);
            self.note_answer();
        }
        sent
    }
}

impl Answering {
    /// What a request is answered with if no fault says otherwise.
    pub(super) fn new(head: &Head, incoming: &Incoming) -> Self {
        Answering {
            tag: incoming.tag,
            attempt: incoming.number,
            is_head: head.method == Method::Head,
            keeps_alive: head.keeps_alive,
            fields: Vec::new(),
            head_pace: Decided::default(),
            framing: Decided::default(),
            content: Decided::default(),
            body_pace: Decided::default(),
            cut: Decided::default(),
            by: 0,
        }
    }

    /// True if it is sent at once, whole, and rightly framed by its length.
    fn is_plain(&self) -> bool {
        self.head_pace.what.is_none()
            && matches!(self.framing.what, None | Some(Framing::Length))
            && self.content.what.is_none()
            && self.body_pace.what.is_none()
            && self.cut.what.is_none()
    }

    pub(super) fn response<'a>(&'a self, status: u16, body: Option<&'a str>) -> Response<'a> {
        Response {
            status,
            fields: &self.fields,
            body,
            content: self.content.what.as_ref(),
            framing: self.framing.what.unwrap_or(Framing::Length),
            tag: self.tag,
            attempt: self.attempt,
            is_head: self.is_head,
            keeps_alive: self.keeps_alive,
        }
    }
}

/// The injections that are certain to have their way with the connection once an answer was given. Whether one comes to be
/// idle for long enough is up to the gateway.
pub(super) fn certain(after: &Decided<After>) -> u64 {
    match after.what {
        Some(After::End(_)) => after.by,
        Some(After::CloseIdle(_)) | None => 0,
    }
}

/// The indices of the bits that are set.
fn bits(mut of: u64) -> impl Iterator<Item = u16> {
    std::iter::from_fn(move || {
        let index = of.trailing_zeros();
        (index < 64).then(|| {
            of &= of - 1;
            index as u16
        })
    })
}
