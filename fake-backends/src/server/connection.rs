//! One connection of a backend, and the request that it is busy with: what is known of both, and how they end.

use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use evidence::{Connection, ConnectionEnd, End};
use net::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use units::Moment;
use wire::{HeadReader, Limits, ReceivedBytes};

use super::body::RequestBody;
use super::connections::{Handle, Shutdown};
use super::record::Current;
use super::response::{Backend, Written};
use super::shared::Server;
use crate::fault::Ending;

/// How long the gateway may take for the next piece of a request, or to make room for the next piece of an answer.
pub(super) const STALL: Duration = Duration::from_mins(5);

/// Bytes that are held: a request head, and requests that were sent before their turn.
const RECEIVED_MAX: usize = 64 * 1024;

/// How long unread bytes are taken and thrown away after a FIN: closing on them would send a reset after it.
const LINGER: Duration = Duration::from_secs(2);

/// A connection and the request that it is busy with. It is whole at every await, so that a shutdown can end it anywhere.
pub(super) struct ServerConnection {
    pub(super) server: Rc<Server>,
    pub(super) handle: Rc<Handle>,
    pub(super) stream: Stream,
    pub(super) received: ReceivedBytes,
    /// Finds the head of the next request.
    pub(super) heads: HeadReader,
    pub(super) limits: Limits,
    pub(super) written: Written,
    pub(super) current: Option<Current>,
    pub(super) body: RequestBody,
    pub(super) requests: u32,
    /// The injections that hold the request for ever.
    pub(super) held_by: u64,
    /// The connection is closed once it was idle for so long, as these injections want it.
    pub(super) close_idle: Option<(Duration, u64)>,
    pub(super) accepted: Moment,
    pub(super) injections: u64,
    pub(super) effective: u64,
    /// Only its own direction was closed: it reads on for as long as the gateway likes.
    pub(super) is_half_closed: bool,
    /// How and when it was over, while its last bytes are still taken.
    over: Option<(ConnectionEnd, Moment)>,
}

/// What a step makes of the connection: it goes on, or it ends.
pub(super) type Step<T> = Result<T, ConnectionEnd>;

/// Why a request was not read to its end.
pub(super) enum Unread {
    /// The connection ends.
    End(ConnectionEnd),
    /// It is refused with this status.
    Refused(u16),
}

impl From<ConnectionEnd> for Unread {
    fn from(end: ConnectionEnd) -> Self {
        Unread::End(end)
    }
}

impl ServerConnection {
    pub(super) fn new(server: Rc<Server>, handle: Rc<Handle>, stream: Stream) -> Self {
        ServerConnection {
            accepted: server.world.now(),
            stream,
            received: ReceivedBytes::new(RECEIVED_MAX),
            heads: HeadReader::new(),
            limits: Limits { body_bytes: server.spec.request_body_max.0, ..Limits::default() },
            written: Written::default(),
            current: None,
            body: RequestBody::none(),
            requests: 0,
            held_by: 0,
            close_idle: None,
            injections: 0,
            effective: 0,
            is_half_closed: false,
            over: None,
            server,
            handle,
        }
    }

    pub(super) fn backend(&self) -> &Backend {
        &self.server.backends[usize::from(self.handle.backend)]
    }

    /// Receives more, or ends as the gateway did. Loses nothing when it is dropped while it waits.
    pub(super) async fn receive(&mut self) -> Step<usize> {
        match self.stream.read(self.received.room()).await {
            Ok(0) => Err(ConnectionEnd::GatewayFin),
            Ok(count) => {
                self.received.received(count);
                Ok(count)
            }
            // A FIN without a word of TLS before it, which many clients leave out.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(ConnectionEnd::GatewayFin),
            Err(error) if error.kind() == ErrorKind::InvalidData => Err(ConnectionEnd::TlsFailed),
            Err(_) => Err(ConnectionEnd::GatewayRst),
        }
    }

    /// Waits, and ends the attempt if the gateway leaves meanwhile: in both cases it has waited, as the injections in
    /// `by` want it. Bytes that the gateway sends are no end: they are kept.
    pub(super) async fn wait_until(&mut self, moment: Moment, by: u64) -> Step<()> {
        self.handle.no_deadline();
        let timer = self.server.timer.clone();
        let end = tokio::select! {
            biased;
            () = sleep_until(&timer, moment) => None,
            end = self.gateway_gone() => Some(end),
        };
        self.given(by);
        match end {
            None => Ok(()),
            Some(end) => Err(self.abandoned(end)),
        }
    }

    async fn gateway_gone(&mut self) -> ConnectionEnd {
        loop {
            if self.received.is_full() {
                std::future::pending::<()>().await;
            }
            if let Err(end) = self.receive().await {
                return end;
            }
        }
    }

    /// Notes that the request was given what the injections in `by` want.
    pub(super) fn given(&mut self, by: u64) {
        if let Some(current) = &mut self.current {
            current.given(by);
        }
    }

    /// Ends the request because the gateway did.
    pub(super) fn abandoned(&mut self, end: ConnectionEnd) -> ConnectionEnd {
        let attempt = if end == ConnectionEnd::GatewayFin { End::AbandonedFin } else { End::AbandonedRst };
        self.settle(attempt, end)
    }

    /// Ends the request because the backend ends the connection.
    pub(super) fn cut(&mut self, by: Ending) -> ConnectionEnd {
        match by {
            Ending::Rst => self.settle(End::Reset, ConnectionEnd::BackendRst),
            Ending::Fin => self.settle(End::Closed, ConnectionEnd::BackendFin),
            Ending::HalfClose => {
                self.is_half_closed = true;
                self.settle(End::Closed, ConnectionEnd::BackendFin)
            }
        }
    }

    /// Ends the request that is under way, if there is one. Gives back what becomes of the connection.
    pub(super) fn settle(&mut self, end: End, connection: ConnectionEnd) -> ConnectionEnd {
        if let Some(mut current) = self.current.take() {
            let backend = &self.server.backends[usize::from(self.handle.backend)];
            backend.under_way.set(backend.under_way.get().saturating_sub(1));
            if let Some((bytes, hash)) = self.written.body_sent(backend) {
                current.answered(bytes, hash);
            }
            current.end(&self.server.books, &self.body, end, self.server.world.now());
        }
        connection
    }

    /// Sends FIN, and takes what the gateway still sends until it has ended too: for a while, or after a half close for as
    /// long as the gateway likes.
    pub(super) async fn linger(&mut self) {
        self.over = Some((ConnectionEnd::BackendFin, self.server.world.now()));
        if self.is_half_closed {
            self.handle.no_deadline();
        } else {
            self.handle.extend_deadline(LINGER);
        }
        let mut taken = self.stream.shutdown().await.is_ok();
        while taken {
            self.received.consume(self.received.bytes().len());
            taken = self.receive().await.is_ok();
        }
    }

    /// Ends the connection, and hands in its row.
    pub(super) fn end(mut self, how: Result<ConnectionEnd, Shutdown>) {
        let now = self.server.world.now();
        let (end, closed) = match (self.over, how) {
            (Some(over), _) => over,
            (None, Ok(end)) => (end, now),
            (None, Err(why)) => (self.on_shutdown(why), now),
        };
        if end == ConnectionEnd::BackendRst {
            self.stream.reset();
        } else {
            drop(self.stream);
        }
        self.server.books.connection(Connection {
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

    fn on_shutdown(&mut self, why: Shutdown) -> ConnectionEnd {
        let is_idle = self.current.is_none() && self.received.is_empty();
        match why {
            Shutdown::Stop => {
                // The gateway has waited for as long as there was a run: the hang is done. A delay would have had an end.
                self.given(self.held_by);
                self.settle(End::OpenAtEnd, ConnectionEnd::OpenAtEnd)
            }
            Shutdown::Refuse(injections) => {
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
            Shutdown::Stalled if is_idle => ConnectionEnd::BackendFin,
            Shutdown::Stalled => {
                let arrived = self.current.as_ref().is_some_and(Current::has_arrived);
                self.settle(if arrived { End::Reset } else { End::Malformed }, ConnectionEnd::BackendRst)
            }
        }
    }
}

async fn sleep_until(timer: &net::Timer, moment: Moment) {
    if moment == Moment::NEVER {
        std::future::pending::<()>().await;
    } else {
        timer.sleep_until(moment).await;
    }
}
