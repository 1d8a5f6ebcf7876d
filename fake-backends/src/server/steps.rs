//! Sends an answer step by step: at a pace, in pieces, wrongly framed, changed or cut, as faults want it.

use std::time::Duration;

use evidence::{ConnectionEnd, End};
use tokio::io::AsyncWriteExt;
use units::Moment;

use super::connection::{STALL, ServerConnection, Step};
use super::events::EventStream;
use super::respond::Answering;
use crate::fault::{Content, Decided, Framing, Pace};

/// The most that is written at a time: little enough that a thousand connections that drip need no memory to speak of.
const STEP: u64 = 16 * 1024;

/// How often something is sent at a pace: a rate is kept to that.
const TICK: Duration = Duration::from_millis(10);

impl ServerConnection {
    /// Sends an answer whose stages are not all plain.
    pub(super) async fn send_by_steps(
        &mut self,
        answering: &Answering,
        status: u16,
        body: Option<&str>,
    ) -> Step<()> {
        let events = match &answering.content.what {
            Some(Content::Events(events)) => Some(EventStream::of(events, self.backend().name())),
            _ => None,
        };
        let body = events.as_ref().map(|events| events.text.as_str()).or(body);
        let response = answering.response(status, body);
        self.server.backends[usize::from(self.handle.backend)].write(&response, &mut self.written);
        let length = self.written.content_length();
        self.plan_pace(answering, events.as_ref(), length);
        self.written.begin_steps();
        let began = self.server.world.now();
        self.send_head(answering, began).await?;
        self.note_answer();
        if let Some(current) = &mut self.current {
            current.status(status);
            current.retry_after(&answering.fields, &self.server.world);
            current.given(answering.by | answering.framing.by);
            let is_changed = match answering.content.what {
                Some(Content::Corrupt(every)) => length >= u64::from(every),
                Some(Content::SaidToBe(_) | Content::Events(_)) | None => length > 0,
            };
            if is_changed {
                current.given(answering.content.by);
            }
        }
        // Never the last byte: the answer would be whole.
        let cut = answering.cut.what.map(|cut| (cut.after.min(length.saturating_sub(1)), cut.by));
        let end = cut.map_or(length, |(after, _)| after);
        self.send_content(answering, events.as_ref(), end, length).await?;
        if let Some((_, by)) = cut {
            self.pause_before(by).await;
            self.given(answering.cut.by);
            return Err(self.cut(by));
        }
        self.end_of_answer(answering, length).await
    }

    /// Notes how long the answer is to take.
    fn plan_pace(&mut self, answering: &Answering, events: Option<&EventStream>, length: u64) {
        let head =
            answering.head_pace.what.map_or(Duration::ZERO, |pace| pace.takes(self.written.head as u64));
        let body =
            answering.body_pace.what.map_or(Duration::ZERO, |pace| pace.for_length(length).takes(length));
        let events = events.map_or(Duration::ZERO, EventStream::takes);
        if let Some(current) = &mut self.current {
            current.paced(head.saturating_add(body).saturating_add(events));
        }
    }

    async fn send_head(&mut self, answering: &Answering, began: Moment) -> Step<()> {
        let (mut at, length) = (0, self.written.head as u64);
        let pace = &answering.head_pace;
        while at < length {
            let next = pace.what.map_or(length, |pace| pace.next(at, length, STEP));
            self.handle.extend_deadline(STALL);
            let piece = &self.written.first[at as usize..next as usize];
            if self.stream.write_all(piece).await.is_err() {
                return Err(self.settle(End::AbandonedRst, ConnectionEnd::GatewayRst));
            }
            at = next;
            self.pause(pace, at, length, began).await?;
        }
        self.written.head_was_sent();
        Ok(())
    }

    /// Sends the body, of `length` bytes, up to byte `end`.
    async fn send_content(
        &mut self,
        answering: &Answering,
        events: Option<&EventStream>,
        end: u64,
        length: u64,
    ) -> Step<()> {
        let framing = answering.framing.what.unwrap_or(Framing::Length);
        let chunk = framing.chunk(length);
        let pace = &Decided {
            what: answering.body_pace.what.map(|pace| pace.for_length(length)),
            by: answering.body_pace.by,
        };
        let began = self.server.world.now();
        let (mut at, mut chunks, mut piece) = (0, 0, Vec::new());
        self.pause(pace, 0, end, began).await?;
        while at < end {
            let most = chunk.unwrap_or(STEP).min(STEP);
            let mut next = pace.what.map_or(at + most, |pace| pace.next(at, end, most)).min(end);
            if let Some(events) = events {
                next = next.min(events.end_after(at));
            }
            chunks += 1;
            piece.clear();
            match chunk {
                // Of one byte there is no second chunk.
                Some(_) if framing == Framing::BadChunk && (chunks == 2 || length == 1) => {
                    piece.extend_from_slice(b"zz\r\n");
                }
                Some(_) => piece.extend_from_slice(format!("{:x}\r\n", next - at).as_bytes()),
                None => {}
            }
            let backend = &self.server.backends[usize::from(self.handle.backend)];
            self.written.content(backend, answering.content.what.as_ref(), at..next, &mut piece);
            if chunk.is_some() {
                piece.extend_from_slice(b"\r\n");
            }
            self.handle.extend_deadline(STALL);
            if self.stream.write_all(&piece).await.is_err() {
                return Err(self.settle(End::AbandonedRst, ConnectionEnd::GatewayRst));
            }
            at = next;
            self.pause(pace, at, end, began).await?;
            if let Some(events) = events.filter(|events| at < end && events.ends_at(at)) {
                let due = self.server.world.now() + events.every;
                self.wait_until(due, answering.content.by).await?;
            }
        }
        Ok(())
    }

    /// Waits until the byte at `at` may be sent; the attempt ends if the gateway leaves meanwhile. Only what was waited for
    /// was given: an answer that is short, or a rate that is high, meets no pace.
    async fn pause(&mut self, pace: &Decided<Pace>, at: u64, end: u64, began: Moment) -> Step<()> {
        let Some(wanted) = pace.what.filter(|_| at < end) else { return Ok(()) };
        let due = began + wanted.due(at);
        if due > self.server.world.now() { self.wait_until(due, pace.by).await } else { Ok(()) }
    }

    /// Ends a body as its framing says, or belies it.
    async fn end_of_answer(&mut self, answering: &Answering, length: u64) -> Step<()> {
        let framing = answering.framing.what.unwrap_or(Framing::Length);
        let is_chunked = framing.chunk(length).is_some() && framing != Framing::NoLastChunk;
        if is_chunked && self.written.has_body() && self.stream.write_all(b"0\r\n\r\n").await.is_err() {
            return Err(self.settle(End::AbandonedRst, ConnectionEnd::GatewayRst));
        }
        let is_spoiled = match framing {
            Framing::Length | Framing::Chunked(_) | Framing::UntilClose => false,
            Framing::LengthTooLong(_) | Framing::NoLastChunk => {
                return Err(self.settle(End::Closed, ConnectionEnd::BackendFin));
            }
            Framing::LengthTooShort(_)
            | Framing::BadChunk
            | Framing::TwoLengths
            | Framing::LengthAndChunks => true,
        };
        let now = self.server.world.now();
        if let Some(current) = self.current.as_mut().filter(|_| !is_spoiled) {
            current.replied(now);
        }
        self.settle(if is_spoiled { End::Spoiled } else { End::Replied }, ConnectionEnd::BackendFin);
        let closes = matches!(framing, Framing::UntilClose | Framing::BadChunk);
        if answering.keeps_alive && !closes { Ok(()) } else { Err(ConnectionEnd::BackendFin) }
    }
}

impl Pace {
    /// The same with a rate for the whole of so many bytes.
    fn for_length(mut self, length: u64) -> Self {
        if let Some(over) = self.over {
            let rate = length.saturating_sub(1) as f64 / over.as_secs_f64().max(1e-9);
            self.rate = Some((rate as u64).max(1));
        }
        self
    }

    /// How far to send next from byte `at` of `end`, at most `most` bytes.
    fn next(&self, at: u64, end: u64, most: u64) -> u64 {
        let step = self.rate.map_or(most, |rate| (rate as f64 * TICK.as_secs_f64()) as u64);
        let next = at + step.clamp(1, most);
        match self.stall {
            Some((stall, _)) if at < stall => next.min(stall),
            _ => next,
        }
        .min(end)
    }

    /// When the byte at `at` may be sent, from the beginning on.
    fn due(&self, at: u64) -> Duration {
        let by_rate = |rate: u64| Duration::from_secs_f64(at as f64 / rate.max(1) as f64);
        let stalled =
            self.stall.filter(|(stall, _)| at >= *stall).map_or(Duration::ZERO, |(_, length)| length);
        self.rate.map_or(Duration::ZERO, by_rate).saturating_add(stalled)
    }

    /// How long so many bytes take.
    fn takes(&self, length: u64) -> Duration {
        if length == 0 { Duration::ZERO } else { self.due(length - 1) }
    }
}

impl Framing {
    /// The longest chunk of a body of `length` bytes; `None` without chunks.
    fn chunk(self, length: u64) -> Option<u64> {
        match self {
            Framing::Chunked(most) => Some(u64::from(most.max(1))),
            // At least two, so that the second can be wrong.
            Framing::BadChunk | Framing::NoLastChunk | Framing::LengthAndChunks => Some((length / 2).max(1)),
            Framing::Length
            | Framing::UntilClose
            | Framing::LengthTooLong(_)
            | Framing::LengthTooShort(_)
            | Framing::TwoLengths => None,
        }
    }
}
