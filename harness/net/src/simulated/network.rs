//! Who listens where.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::listener::{Listener, Queue};
use super::stream::{Stream, pair};

/// The first port that is handed out for port 0.
const FIRST_PORT: u16 = 10_000;

type Ports = Arc<Mutex<BTreeMap<SocketAddr, Arc<Queue>>>>;

/// A network in memory.
#[derive(Default)]
pub(crate) struct Network {
    ports: Ports,
}

impl Network {
    pub(crate) fn bind(&self, mut address: SocketAddr) -> io::Result<Listener> {
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
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

    pub(crate) fn connect(&self, address: SocketAddr) -> io::Result<Stream> {
        let ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = ports.get(&address).ok_or(io::ErrorKind::ConnectionRefused)?;
        let (near, far) = pair();
        queue.push(far)?;
        Ok(near)
    }
}
