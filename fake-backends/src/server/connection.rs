//! One connection, from its accept to its end.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use evidence::{Attempt, Connection, ConnectionEnd, End, Planned, Probe, Stamp};
use net::Stream;
use tokio::io::AsyncWriteExt;
use units::Moment;

use super::acting;
use super::body::{Body, Refused};
use super::head::{self, Framing, Head};
use super::injected::{self, Decision};
use super::input::Input;
use super::open::{Handle, Order};
use super::record::Current;
use super::response::Written;
use super::shared::Server;
use crate::fault::{Dice, Incoming};

/// How long an idle connection is kept. Longer than gateways keep theirs, so that it is they who close it.
const IDLE: Duration = Duration::from_mins(15);

/// How long the gateway may take for the next piece of a request, or to make room for the next piece of an answer.
pub(super) const STALL: Duration = Duration::from_mins(5);

/// How long unread bytes are taken and thrown away after a FIN: closing on them would send a reset after it.
const LINGER: Duration = Duration::from_secs(2);

/// A connection and the request that it is busy with. It is whole at every await, so that an order can end it anywhere.
pub(super) struct Conversation {
    pub(super) server: Rc<Server>,
    pub(super) handle: Rc<Handle>,
    pub(super) stream: Stream,
    pub(super) input: Input,
    pub(super) written: Written,
    pub(super) current: Option<Current>,
    pub(super) body: Body,
    pub(super) requests: u32,
    /// Bytes of the answer in `written` that the system took so far.
    pub(super) sent: Cell<usize>,
    /// The injections whose hang the request is held by.
    pub(super) held_by: u64,
    accepted: Moment,
    injections: u64,
    effective: u64,
    /// How and when it was over, while its last bytes are still taken.
    over: Option<(ConnectionEnd, Moment)>,
}

/// What a step makes of the connection: it goes on, or it ends.
pub(super) type Step<T> = Result<T, ConnectionEnd>;

/// Holds a connection until either side or an order ends it.
pub(super) async fn hold(server: Rc<Server>, handle: Rc<Handle>, stream: Stream) {
    let mut conversation = Conversation {
        accepted: server.world.now(),
        stream,
        input: Input::new(),
        written: Written::default(),
        current: None,
        body: Body::new(Framing::Length(0), 0),
        requests: 0,
        sent: Cell::default(),
        held_by: 0,
        injections: 0,
        effective: 0,
        over: None,
        server: server.clone(),
        handle: handle.clone(),
    };
    let order = tokio::select! {
        biased;
        order = handle.order() => Err(order),
        end = conversation.run() => Ok(end),
    };
    conversation.end(order);
    server.open.remove(handle.number);
}

impl Conversation {
    async fn run(&mut self) -> ConnectionEnd {
        let end = match self.begin() {
            Ok(()) => loop {
                if let Err(end) = self.exchange().await {
                    break end;
                }
            },
            Err(end) => end,
        };
        if end == ConnectionEnd::BackendFin {
            self.linger().await;
        }
        end
    }

    /// Asks what the faults make of the connection itself.
    fn begin(&mut self) -> Step<()> {
        let (backend, number) = (self.handle.backend, self.handle.number);
        let incoming = injected::accepted(self.server.spec.seed, backend, number, self.accepted);
        let injections = &self.server.backends[usize::from(backend)].injections;
        let decision = injected::decide(&self.server.spec, injections, &incoming);
        self.injections = decision.planned;
        let accepted = acting::on_accept(&decision.effect);
        if accepted.is_err() {
            self.effective = decision.answer;
        }
        accepted
    }

    /// Takes one request and answers it.
    async fn exchange(&mut self) -> Step<()> {
        let head = match self.read_head().await? {
            Ok(head) => head,
            Err(status) => {
                self.requests += 1;
                self.begin_answer();
                self.current = Some(Current::Probe(self.probe(self.server.world.now(), Stamp::Untagged)));
                return self.refuse(status, None).await;
            }
        };
        self.input.consume(head.length);
        self.requests += 1;
        let arrived = self.server.world.now();
        let (decision, incoming) = self.arrive(&head, arrived);
        match self.read_body(&head, arrived).await? {
            Ok(whole) => self.act(&head, &incoming, whole, &decision).await,
            Err(Refused(status)) => self.refuse(status, incoming.tag.map(|tag| (tag, incoming.number))).await,
        }
    }

    /// Waits for a whole request head, or for a status that refuses it.
    async fn read_head(&mut self) -> Step<Result<Head, u16>> {
        self.handle.grant(if self.input.is_empty() { IDLE } else { STALL });
        let mut is_new = true;
        loop {
            // Some clients end a body with an empty line more (RFC 9112, section 2.2).
            let blank = self.input.bytes().iter().take_while(|byte| matches!(**byte, b'\r' | b'\n')).count();
            self.input.consume(blank);
            let spec = &self.server.spec;
            if is_new && !self.input.is_empty() {
                match head::parse(self.input.bytes(), spec.nonce, spec.exchanges_max) {
                    Ok(Some(head)) => return Ok(Ok(head)),
                    Ok(None) if self.input.is_full() => return Ok(Err(431)),
                    Ok(None) => {}
                    Err(status) => return Ok(Err(status)),
                }
            } else if self.input.is_full() {
                return Ok(Err(431));
            }
            let was_empty = self.input.is_empty();
            let count = self.receive().await?;
            // A head can only be whole after a line end; to look each time would cost the square of its length.
            is_new = self.input.bytes().iter().rev().take(count).any(|byte| *byte == b'\n');
            if was_empty {
                self.handle.grant(STALL);
            }
        }
    }

    /// Receives more, or ends as the gateway did.
    pub(super) async fn receive(&mut self) -> Step<usize> {
        match self.input.receive(&mut self.stream).await {
            Ok(0) => Err(ConnectionEnd::GatewayFin),
            Ok(count) => Ok(count),
            Err(_) => Err(ConnectionEnd::GatewayRst),
        }
    }

    /// Opens the record of a request, and asks what the faults make of it.
    fn arrive(&mut self, head: &Head, at: Moment) -> (Decision, Incoming) {
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
        let injections = &server.backends[usize::from(backend)].injections;
        let decision = injected::decide(&server.spec, injections, &incoming);
        let mut current = match tag {
            Some(_) => Current::Attempt(self.attempt(head, &incoming)),
            None => Current::Probe(self.probe(at, head.stamp)),
        };
        current.plan(&decision);
        self.body = Body::new(head.framing.unwrap_or(Framing::Length(0)), server.spec.request_body_max.0);
        self.begin_answer();
        self.current = Some(current);
        (decision, incoming)
    }

    /// Forgets the answer to the request before.
    fn begin_answer(&mut self) {
        self.sent.set(0);
        self.held_by = 0;
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
                Ok(Framing::Chunked) | Err(_) => None,
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
            replied: None,
            ended: incoming.at,
            end: End::OpenAtEnd,
        }
    }

    fn probe(&self, arrived: Moment, stamp: Stamp) -> Probe {
        Probe { backend: self.handle.backend, connection: self.handle.number, arrived, status: 0, stamp }
    }

    /// Takes the request body: when it had arrived, or the status that refuses it.
    async fn read_body(&mut self, head: &Head, arrived: Moment) -> Step<Result<Moment, Refused>> {
        let limit = self.server.spec.request_body_max.0;
        match head.framing {
            Err(status) => return Ok(Err(Refused(status))),
            Ok(Framing::Length(length)) if length > limit => return Ok(Err(Refused(413))),
            Ok(_) => {}
        }
        let mut asked = false;
        loop {
            match self.body.take(self.input.bytes()) {
                Ok(used) => self.input.consume(used),
                Err(refused) => return Ok(Err(refused)),
            }
            if self.body.is_whole() {
                let has_body = head.framing != Ok(Framing::Length(0));
                let whole = if has_body { self.server.world.now() } else { arrived };
                if let Some(current) = &mut self.current {
                    current.body_done(whole);
                }
                return Ok(Ok(whole));
            }
            if head.expects_continue && !asked && self.body.received() == 0 {
                asked = true;
                let sent = self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
                sent.map_err(|_| self.settle(End::RequestCut, ConnectionEnd::GatewayRst))?;
            }
            self.handle.grant(STALL);
            if let Err(end) = self.receive().await {
                return Err(self.settle(End::RequestCut, end));
            }
        }
    }

    /// Ends the request that is under way, if there is one.
    pub(super) fn settle(&mut self, end: End, connection: ConnectionEnd) -> ConnectionEnd {
        if let Some(mut current) = self.current.take() {
            let backend = &self.server.backends[usize::from(self.handle.backend)];
            if let Some((bytes, hash)) = backend.body_sent(&self.written, self.sent.get()) {
                current.answered(bytes, hash);
            }
            current.end(&self.server, &self.body, end, self.server.world.now());
        }
        connection
    }

    /// Sends FIN, and takes what the gateway still sends until it has ended too.
    async fn linger(&mut self) {
        self.over = Some((ConnectionEnd::BackendFin, self.server.world.now()));
        self.handle.grant(LINGER);
        let mut taken = self.stream.shutdown().await.is_ok();
        while taken {
            self.input.consume(self.input.bytes().len());
            taken = self.receive().await.is_ok();
        }
    }

    fn end(mut self, how: Result<ConnectionEnd, Order>) {
        let now = self.server.world.now();
        let (end, closed) = match (self.over, how) {
            (Some(over), _) => over,
            (None, Ok(end)) => (end, now),
            (None, Err(order)) => (self.obey(order), now),
        };
        if end == ConnectionEnd::BackendRst {
            self.stream.reset();
        } else {
            drop(self.stream);
        }
        self.server.record_connection(Connection {
            backend: self.handle.backend,
            connection: self.handle.number,
            accepted: self.accepted,
            closed,
            requests: self.requests,
            injections: self.injections,
            effective: self.effective,
            end,
        });
    }

    fn obey(&mut self, order: Order) -> ConnectionEnd {
        let is_idle = self.current.is_none() && self.input.is_empty();
        match order {
            Order::Stop => {
                // The gateway has waited for as long as there was a run: the hang is done. A delay would have had an end.
                let held_by = self.held_by;
                if let Some(current) = &mut self.current {
                    current.given(held_by);
                }
                self.settle(End::OpenAtEnd, ConnectionEnd::OpenAtEnd)
            }
            Order::Refuse(injections) => {
                self.injections |= injections;
                self.effective |= injections;
                if is_idle {
                    return ConnectionEnd::BackendFin;
                }
                if let Some(current) = &mut self.current {
                    current.hit(injections);
                }
                self.settle(End::Reset, ConnectionEnd::BackendRst)
            }
            Order::Stalled if is_idle => ConnectionEnd::BackendFin,
            Order::Stalled => {
                let arrived = self.current.as_ref().is_some_and(Current::has_arrived);
                self.settle(if arrived { End::Reset } else { End::Malformed }, ConnectionEnd::BackendRst)
            }
        }
    }
}
