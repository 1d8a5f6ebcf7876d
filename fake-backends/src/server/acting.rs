//! The one place that acts on what the faults decided.

use std::future::pending;
use std::time::Duration;

use evidence::{ConnectionEnd, End, Method, Tag};
use units::Moment;

use super::connection::{Conversation, STALL, Step};
use super::head::Head;
use super::injected::Decision;
use super::output::write_parts;
use super::record::bytes_before;
use super::response::Response;
use crate::fault::{Answer, Effect, Incoming, Place};

/// The pause between the last byte before a reset and the reset, so that the gateway sees the bytes first: a reset that
/// comes together with data makes many clients drop the data.
const BEFORE_RESET: Duration = Duration::from_millis(2);

/// How the backend ends a connection by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Reset,
    Close,
}

impl Cut {
    fn ends(self) -> (End, ConnectionEnd) {
        match self {
            Cut::Reset => (End::Reset, ConnectionEnd::BackendRst),
            Cut::Close => (End::Closed, ConnectionEnd::BackendFin),
        }
    }
}

/// Acts on what was decided for a connection itself.
pub(super) fn on_accept(effect: &Effect) -> Step<()> {
    match effect.answer {
        Answer::Reset(Place::Accept) => Err(ConnectionEnd::BackendRst),
        Answer::Close(Place::Accept) => Err(ConnectionEnd::BackendFin),
        _ => Ok(()),
    }
}

impl Conversation {
    /// Answers the request that had arrived at `whole`, as was decided for it.
    pub(super) async fn act(
        &mut self,
        head: &Head,
        incoming: &Incoming,
        whole: Moment,
        decision: &Decision,
    ) -> Step<()> {
        let Decision { effect, delay, answer, .. } = decision;
        if !effect.delay.is_zero() {
            // Counted from the whole request: that is when a real service would begin to work on it.
            let due = whole + effect.delay;
            self.wait_until(due, *delay).await?;
            let now = self.server.world.now();
            if let Some(current) = &mut self.current {
                current.delay_error(due, now);
            }
        }
        let mut response = Response {
            status: 200,
            headers: &[],
            body: None,
            tag: incoming.tag,
            attempt: incoming.number,
            is_head: head.method == Method::Head,
            keeps_alive: head.keeps_alive,
        };
        match &effect.answer {
            Answer::Normal => self.answer(&response, *answer).await,
            Answer::Status { code, headers, body } => {
                (response.status, response.headers, response.body) = (*code, headers, body.as_deref());
                self.answer(&response, *answer).await
            }
            Answer::Hang => {
                self.held_by = *answer;
                self.wait_until(Moment::NEVER, *answer).await
            }
            Answer::Reset(place) => Err(self.cut(&response, *place, Cut::Reset, *answer).await),
            Answer::Close(place) => Err(self.cut(&response, *place, Cut::Close, *answer).await),
        }
    }

    /// Refuses a request that can't be read, and closes: where the next one would start is not known.
    pub(super) async fn refuse(&mut self, status: u16, tagged: Option<(Tag, u16)>) -> Step<()> {
        let response = Response {
            status,
            headers: &[],
            body: Some("this is not a request that a backend can read\n"),
            tag: tagged.map(|(tag, _)| tag),
            attempt: tagged.map_or(0, |(_, number)| number),
            is_head: false,
            keeps_alive: false,
        };
        let end = match self.send(&response, None, 0).await {
            Ok(()) => ConnectionEnd::BackendFin,
            Err(end) => end,
        };
        Err(self.settle(End::Malformed, end))
    }

    /// Sends a whole answer, which comes from the injections in `by`.
    async fn answer(&mut self, response: &Response<'_>, by: u64) -> Step<()> {
        if let Err(end) = self.send(response, None, by).await {
            return Err(self.settle(End::AbandonedRst, end));
        }
        self.settle(End::Replied, ConnectionEnd::BackendFin);
        if response.keeps_alive { Ok(()) } else { Err(ConnectionEnd::BackendFin) }
    }

    /// Sends an answer up to `place`, and ends the connection there, as the injections in `by` want it.
    async fn cut(&mut self, response: &Response<'_>, place: Place, cut: Cut, by: u64) -> ConnectionEnd {
        if matches!(place, Place::InHeaders | Place::Body(_)) {
            if let Err(end) = self.send(response, Some(place), 0).await {
                return self.settle(End::AbandonedRst, end);
            }
            if cut == Cut::Reset {
                self.server.timer.sleep(BEFORE_RESET).await;
            }
        }
        let (attempt, connection) = cut.ends();
        if let Some(current) = &mut self.current {
            current.given(by);
        }
        self.settle(attempt, connection)
    }

    /// Sends an answer, up to `place` if one is given, and notes what of it that was. Once its head was sent, the
    /// injections in `by` have done what they were to do.
    async fn send(&mut self, response: &Response<'_>, place: Option<Place>, by: u64) -> Step<()> {
        let backend = &self.server.backends[usize::from(self.handle.backend)];
        let (written, handle, taken) = (&mut self.written, &self.handle, &self.sent);
        backend.write(response, written);
        handle.grant(STALL);
        let parts = [&written.first[..], backend.filler(written.filler), &written.last[..]];
        let body = parts.iter().map(|part| part.len()).sum::<usize>() - written.head;
        let limit = place.map_or(usize::MAX, |place| bytes_before(place, written.head, body));
        let progressed = |count| {
            taken.set(taken.get() + count);
            handle.grant(STALL);
        };
        let sent = write_parts(&mut self.stream, parts, limit, progressed).await;
        let now = self.server.world.now();
        if let Some(current) = &mut self.current {
            if taken.get() >= written.head {
                current.status(response.status);
                current.given(by);
            }
            if place.is_none() && sent.is_ok() {
                current.replied(now);
            }
        }
        sent.map_err(|_| ConnectionEnd::GatewayRst)
    }

    /// Waits, and ends the attempt if the gateway leaves meanwhile: in both cases it has waited, as the injections in
    /// `by` want it. Bytes that the gateway sends are no end: they are kept.
    async fn wait_until(&mut self, moment: Moment, by: u64) -> Step<()> {
        self.handle.grant_all();
        let timer = self.server.timer.clone();
        let end = tokio::select! {
            biased;
            () = sleep_until(&timer, moment) => None,
            end = self.gateway_gone() => Some(end),
        };
        if let Some(current) = &mut self.current {
            current.given(by);
        }
        let Some(end) = end else { return Ok(()) };
        let attempt = if end == ConnectionEnd::GatewayFin { End::AbandonedFin } else { End::AbandonedRst };
        Err(self.settle(attempt, end))
    }

    async fn gateway_gone(&mut self) -> ConnectionEnd {
        loop {
            if self.input.is_full() {
                pending::<()>().await;
            }
            if let Err(end) = self.receive().await {
                return end;
            }
        }
    }
}

async fn sleep_until(timer: &net::Timer, moment: Moment) {
    if moment == Moment::NEVER {
        pending::<()>().await;
    } else {
        timer.sleep_until(moment).await;
    }
}
