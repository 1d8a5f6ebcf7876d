//! Who listens where, and the way there.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::deliveries::{Cargo, Deliveries};
use super::hourglass::Hourglass;
use super::link::{Link, Side};
use super::listener::{Listener, Queue};
use super::stream::Stream;
use super::transit::Path;

/// The first port that is handed out for port 0.
const FIRST_PORT: u16 = 10_000;

/// After how many nanoseconds a SYN that nobody answered is sent again; then after twice as long (RFC 6298, section 2).
const SYN_AGAIN: i64 = 1_000_000_000;

type Ports = Arc<Mutex<BTreeMap<SocketAddr, Arc<Queue>>>>;

/// A network in memory.
pub(crate) struct Network {
    ports: Ports,
    deliveries: Arc<Deliveries>,
    /// What transit times are drawn from; absent where nothing takes any time.
    seed: Option<u64>,
    connections: AtomicU64,
}

impl Network {
    pub(crate) fn new(hourglass: Arc<Hourglass>, seed: Option<u64>) -> Self {
        let deliveries = Arc::new(Deliveries::new(hourglass));
        Network { ports: Ports::default(), deliveries, seed, connections: AtomicU64::new(0) }
    }

    /// What has to be polled for anything to arrive.
    pub(crate) fn deliveries(&self) -> Arc<Deliveries> {
        self.deliveries.clone()
    }

    fn ports(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, Arc<Queue>>> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn bind(&self, mut address: SocketAddr) -> io::Result<Listener> {
        let mut ports = self.ports();
        if address.port() == 0 {
            let free = (FIRST_PORT..=u16::MAX).find(|&port| {
                address.set_port(port);
                !ports.contains_key(&address)
            });
            free.ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        }
        if ports.contains_key(&address) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let queue = Arc::new(Queue::default());
        ports.insert(address, queue.clone());
        let ports = self.ports.clone();
        let close = move || {
            ports.lock().unwrap_or_else(PoisonError::into_inner).remove(&address);
        };
        Ok(Listener::new(address, queue, Box::new(close)))
    }

    /// Connects as TCP does: SYN there, SYN and ACK (or RST) back, and a last ACK there, upon which the listener has
    /// the connection.
    pub(crate) async fn connect(&self, address: SocketAddr) -> io::Result<Stream> {
        let link = self.link();
        let mut wait = SYN_AGAIN;
        loop {
            self.pass(&link, Side::Far).await;
            if !self.ports().get(&address).is_some_and(|queue| queue.is_blocked()) {
                break;
            }
            self.deliveries.wait_until(self.deliveries.now() + wait).await;
            wait *= 2;
        }
        let queue = self.ports().get(&address).filter(|queue| queue.has_room()).cloned();
        self.pass(&link, Side::Near).await;
        let queue = queue.ok_or(io::ErrorKind::ConnectionRefused)?;
        let end = |side| Stream::new(link.clone(), side, self.deliveries());
        let far = end(Side::Far);
        match link.arrival(&self.deliveries, Side::Far) {
            None => queue.push(far),
            Some(at) => self.deliveries.send(at, Cargo::Connection(queue, far)),
        }
        Ok(end(Side::Near))
    }

    fn link(&self) -> Arc<Link> {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let path = |side| self.seed.map_or_else(Path::instant, |seed| Path::drawn(seed, 2 * number + side));
        Link::new(path(0), path(1))
    }

    /// Waits until what is sent now has arrived at `side`.
    async fn pass(&self, link: &Link, side: Side) {
        if let Some(at) = link.arrival(&self.deliveries, side) {
            self.deliveries.wait_until(at).await;
        }
    }
}
