//! Connections to backends, kept for further requests.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper_util::rt::TokioIo;
use net::tls::ClientTls;
use net::{Timer, World};
use tokio_util::task::AbortOnDropHandle;
use units::Moment;

use super::settings::{Settings, Slip};

/// Idle connections that are kept for each backend; more are closed.
const IDLE_MAX: usize = 1024;

/// After this long without a request a connection is not used again. nginx's upstream `keepalive_timeout`.
const IDLE: Duration = Duration::from_mins(1);

/// The largest response head.
const HEAD_MAX: usize = 64 * 1024;

/// One connection to a backend. Dropping it closes it, whatever is under way on it.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    _driving: AbortOnDropHandle<()>,
    home: Home,
    /// True if it carried a request before.
    pub(crate) reused: bool,
}

/// Where a backend is, and how it is talked to over TLS, if it is.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<ClientTls>,
}

type Idle = Rc<RefCell<Vec<(Moment, Connection)>>>;

/// Where an idle connection waits. It must not own the list, which owns the connection.
struct Home {
    idle: Weak<RefCell<Vec<(Moment, Connection)>>>,
    timer: Timer,
}

/// The connections to one backend.
pub(crate) struct Connections {
    world: World,
    timer: Timer,
    backend: Backend,
    idle: Idle,
    /// Whether idle ones are used again, and whether there are any: only defects say no.
    reuses: bool,
    keeps: bool,
}

impl Connections {
    pub(crate) fn new(world: &World, timer: &Timer, backend: Backend, settings: &Settings) -> Self {
        Connections {
            world: world.clone(),
            timer: timer.clone(),
            backend,
            idle: Idle::default(),
            reuses: !settings.slips(Slip::ForgetsConnections),
            keeps: !settings.slips(Slip::ClosesConnections),
        }
    }

    /// Closes those that carry no request.
    pub(crate) fn close_idle(&self) {
        // Taken out first: what is dropped must not find the list borrowed.
        drop(self.idle.take());
    }

    /// Where the backend is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.backend.address
    }

    /// A connection that can take a request: the one that was used last, or a new one.
    pub(crate) async fn take(&self) -> Result<Connection, String> {
        while let Some((since, mut connection)) = self.idle_one() {
            let fresh = self.timer.now().since(since) < IDLE;
            if fresh && connection.sender.ready().await.is_ok() {
                connection.reused = true;
                return Ok(connection);
            }
        }
        self.open().await
    }

    fn idle_one(&self) -> Option<(Moment, Connection)> {
        if self.reuses { self.idle.borrow_mut().pop() } else { None }
    }

    async fn open(&self) -> Result<Connection, String> {
        let mut stream = self.world.connect(self.backend.address).await.map_err(|error| {
            self.world.note_shortage(&error);
            error.to_string()
        })?;
        if let Some(tls) = &self.backend.tls {
            tls.connect(&mut stream).await.map_err(|error| error.to_string())?;
        }
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD_MAX);
        let (sender, connection) =
            builder.handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        // How it ends is told to whoever waits for a response on it.
        let driving = tokio::task::spawn_local(async move { drop(connection.await) });
        let idle = if self.keeps { Rc::downgrade(&self.idle) } else { Weak::new() };
        let home = Home { idle, timer: self.timer.clone() };
        Ok(Connection { sender, _driving: AbortOnDropHandle::new(driving), home, reused: false })
    }
}

impl Connection {
    /// Sends a request. The error holds the request if not a byte of it was sent.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        self.sender.try_send_request(request).await
    }

    /// Keeps it for a further request, when its response has been read to the end.
    pub(crate) fn keep(self) {
        let Some(idle) = self.home.idle.upgrade() else {
            return;
        };
        let now = self.home.timer.now();
        // A connection that has ended is dropped here; one that ends later is found out when it is taken.
        if !self.sender.is_closed() && idle.borrow().len() < IDLE_MAX {
            idle.borrow_mut().push((now, self));
        }
    }
}
