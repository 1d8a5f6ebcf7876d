//! Reads requests: heads, and bodies as a fault wants them read.

use std::time::Duration;

use evidence::{Attempt, ConnectionEnd, End, Planned, Probe, Stamp};
use tokio::io::AsyncWriteExt;
use units::Moment;
use wire::Framing;

use super::connection::{STALL, ServerConnection, Step, Unread};
use super::decide::decide;
use super::head::{self, Head};
use super::record::Current;
use crate::fault::{Decided, Decision, Dice, Incoming, Read};

/// How long an idle connection is kept. Longer than gateways keep theirs, so that it is they who close it.
const IDLE: Duration = Duration::from_mins(15);

/// How often a body that is to be read slowly is read on.
const SLOW_STEP: Duration = Duration::from_millis(10);

impl ServerConnection {
    /// Waits for a whole request head.
    pub(super) async fn read_head(&mut self) -> Result<Head, Unread> {
        self.handle.extend_deadline(if self.received.is_empty() { IDLE } else { STALL });
        self.heads.restart();
        loop {
            let was_empty = self.received.is_empty();
            if !was_empty {
                let (bytes, spec) = (self.received.bytes(), &self.server.spec);
                let backend = &self.server.backends[usize::from(self.handle.backend)];
                match head::read(&mut self.heads, bytes, &self.limits, spec, &backend.injections) {
                    Ok(Some(head)) => return Ok(head),
                    Ok(None) => {}
                    Err(status) => return Err(Unread::Refused(status)),
                }
            }
            if was_empty {
                self.receive_unless_idle().await?;
                self.handle.extend_deadline(STALL);
            } else {
                self.receive().await?;
            }
        }
    }

    /// Receives the first bytes of a request, unless a fault closes the idle connection before.
    async fn receive_unless_idle(&mut self) -> Step<usize> {
        let Some((length, by)) = self.close_idle.take() else { return self.receive().await };
        let timer = self.server.timer.clone();
        let end = self.server.world.now() + length;
        tokio::select! {
            // What has arrived in time is served.
            biased;
            received = self.receive() => received,
            () = timer.sleep_until(end) => {
                self.effective |= by;
                Err(ConnectionEnd::BackendFin)
            }
        }
    }

    /// Opens the record of a request, and asks what the faults make of it.
    pub(super) fn arrive(&mut self, head: &mut Head) -> (Incoming, Option<Decision>) {
        self.requests += 1;
        let at = self.server.world.now();
        let server = &self.server;
        let (seed, backend) = (server.spec.seed, self.handle.backend);
        let tag = head.tag.filter(|_| at.is_in_run());
        let incoming = if let Some(tag) = tag {
            let number = server.number(tag, backend);
            Incoming { dice: Dice::of_attempt(seed, backend, tag, number), tag: Some(tag), number, at }
        } else {
            let dice = Dice::of_probe(seed, backend, self.handle.number, self.requests);
            let number = self.requests.min(u32::from(u16::MAX)) as u16;
            Incoming { dice, tag: None, number, at }
        };
        let decision = decide(&server.spec, backend, &self.backend().injections, head.may_hit, &incoming);
        let mut current = match tag {
            Some(_) => Current::Attempt(self.attempt(head, &incoming)),
            None => Current::Probe(self.probe(at, head.stamp, head.path.take())),
        };
        if let Some(decision) = &decision {
            current.plan(decision);
        }
        self.note_request(&current, head.length);
        self.received.consume(head.length);
        self.body.begin(head.framing.unwrap_or(Framing::Bodiless), &self.limits);
        self.begin(current);
        (incoming, decision)
    }

    /// Makes a request the one that the connection is busy with.
    pub(super) fn begin(&mut self, current: Current) {
        self.written.forget();
        self.held_by = 0;
        self.current = Some(current);
        let under_way = &self.backend().under_way;
        under_way.set(under_way.get() + 1);
    }

    fn attempt(&self, head: &Head, incoming: &Incoming) -> Attempt {
        Attempt {
            tag: incoming.tag.unwrap_or_default(),
            backend: self.handle.backend,
            number: incoming.number,
            connection: self.handle.number,
            nth: self.requests,
            method: head.method,
            arrived: incoming.at,
            body_done: None,
            declared: match head.framing {
                Ok(Framing::Length(length)) => Some(length),
                Ok(Framing::Bodiless) => Some(0),
                Ok(Framing::Chunked | Framing::UntilClose) | Err(_) => None,
            },
            received: 0,
            body_hash: 0,
            injections: 0,
            effective: 0,
            planned: Planned::Answer,
            delay: 0,
            delay_error: 0,
            paced: 0,
            status: 0,
            answer_bytes: 0,
            answer_hash: None,
            retry_after: None,
            retry_at: None,
            replied: None,
            ended: incoming.at,
            end: End::OpenAtEnd,
        }
    }

    pub(super) fn probe(&self, arrived: Moment, stamp: Stamp, path: Option<Box<str>>) -> Probe {
        Probe { stamp, path, ..Probe::new(self.handle.backend, self.handle.number, arrived) }
    }

    /// Reads the request as a fault wants it: when it had arrived.
    pub(super) async fn read(
        &mut self,
        head: &Head,
        arrived: Moment,
        read: &Decided<Read>,
    ) -> Result<Moment, Unread> {
        match read.what {
            None => self.read_body(head, arrived, None).await,
            Some(Read::Slowly(rate)) => self.read_body(head, arrived, Some((rate, read.by))).await,
            Some(Read::AfterTheAnswer) => Ok(arrived),
            Some(Read::Until(bytes, by)) => {
                while self.take_body()? < bytes && !self.body.is_whole() {
                    self.receive_body().await?;
                }
                self.given(read.by);
                Err(Unread::End(self.cut(by)))
            }
        }
    }

    /// The injections that have a request answered early, if there is a body that it is too early for.
    pub(super) fn early(&self, read: &Decided<Read>) -> u64 {
        if read.what == Some(Read::AfterTheAnswer) && !self.body.is_whole() { read.by } else { 0 }
    }

    /// Takes the request body, at so many bytes a second if some injections want it read slowly: when it had arrived.
    pub(super) async fn read_body(
        &mut self,
        head: &Head,
        arrived: Moment,
        slowly: Option<(u64, u64)>,
    ) -> Result<Moment, Unread> {
        match head.framing {
            Err(status) => return Err(Unread::Refused(status)),
            Ok(Framing::Length(length)) if length > self.limits.body_bytes => {
                return Err(Unread::Refused(413));
            }
            Ok(_) => {}
        }
        let mut asked = false;
        loop {
            self.take_body()?;
            if self.body.is_whole() {
                break;
            }
            if head.expects_continue && !asked && self.body.received() == 0 {
                asked = true;
                let sent = self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
                sent.map_err(|_| self.settle(End::RequestCut, ConnectionEnd::GatewayRst))?;
            }
            if let Some((rate, by)) = slowly {
                self.wait_for_pace(arrived, rate, by).await;
            }
            self.receive_body().await?;
        }
        let has_body = head.framing != Ok(Framing::Bodiless);
        let whole = if has_body { self.server.world.now() } else { arrived };
        if let Some(current) = &mut self.current {
            current.body_done(whole);
        }
        Ok(whole)
    }

    /// Takes what has arrived of the body: how many bytes that are by now.
    fn take_body(&mut self) -> Result<u64, Unread> {
        let used = self.body.take(self.received.bytes()).map_err(Unread::Refused)?;
        self.received.consume(used);
        Ok(self.body.received())
    }

    /// Waits until so many bytes as have arrived may have at this rate. Nothing is read meanwhile, so that the gateway meets
    /// a full window.
    async fn wait_for_pace(&mut self, since: Moment, rate: u64, by: u64) {
        let took = Duration::from_secs_f64(self.body.received() as f64 / rate.max(1) as f64);
        let due = since + took;
        if self.server.world.now() < due {
            self.given(by);
            self.handle.no_deadline();
            self.server.timer.sleep_until(due.max(self.server.world.now() + SLOW_STEP)).await;
        }
    }

    async fn receive_body(&mut self) -> Step<()> {
        self.handle.extend_deadline(STALL);
        match self.receive().await {
            Ok(_) => Ok(()),
            Err(end) => Err(self.settle(End::RequestCut, end)),
        }
    }
}
