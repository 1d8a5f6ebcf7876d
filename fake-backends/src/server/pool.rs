//! A pool from its listeners to its totals.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use evidence::Recorder;
use net::{Listener, World};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::arrivals::Arrivals;
use super::certificates::Certificates;
use super::connections::{Shutdown, TICK};
use super::errors::{self, BindError};
use super::listener;
use super::shared::Server;
use super::totals::PoolTotals;
use crate::PoolSpec;

/// How long connections may take to end when the pool is stopped; none waits for its peer then.
const ENDING: Duration = Duration::from_secs(5);

/// Backends that listen, and do not serve yet.
pub struct Pool {
    world: World,
    listeners: Vec<Listener>,
    addresses: Vec<SocketAddr>,
    arrivals: Arc<Arrivals>,
    certificates: Option<Certificates>,
}

/// Listens for all backends of `spec`. The real world's sockets belong to the tokio runtime in which this is called: it
/// should be the one that serves, and must outlive it.
///
/// # Panics
/// Outside of a tokio runtime, in the real world.
pub fn bind(world: &World, spec: &PoolSpec) -> Result<Pool, BindError> {
    errors::check(spec)?;
    let mut listeners = Vec::new();
    let mut addresses = Vec::new();
    for backend in &spec.backends {
        let failed = |source| BindError::new(&backend.name, backend.listen, source);
        let listener = world.bind(backend.listen).map_err(failed)?;
        addresses.push(listener.local_addr().map_err(failed)?);
        listeners.push(listener);
    }
    let arrivals = Arc::new(Arrivals::of(addresses.len()));
    let certificates = Certificates::of(world, spec, &addresses)?;
    Ok(Pool { world: world.clone(), listeners, addresses, arrivals, certificates })
}

impl Pool {
    /// Where the backends listen, in the order of the spec, with the ports that were picked.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The certificate of the authority that signs those of the backends, in PEM form; `None` if no backend speaks TLS.
    pub fn authority(&self) -> Option<String> {
        self.certificates.as_ref().map(Certificates::authority)
    }

    /// What is counted while it serves.
    pub fn arrivals(&self) -> Arc<Arrivals> {
        self.arrivals.clone()
    }

    /// Serves until `stop` is cancelled; then ends all connections, records what was still open as such, and drops its
    /// recorders. `spec` is the one that was bound.
    ///
    /// # Panics
    /// Outside of a tokio `LocalSet`: it serves on one thread and shares nothing with others.
    pub async fn serve(self, spec: PoolSpec, recorder: Recorder, stop: CancellationToken) -> PoolTotals {
        let server = Rc::new(Server::new(self.world, spec, &recorder, self.arrivals, self.certificates));
        drop(recorder);
        let tasks = TaskTracker::new();
        for (backend, (listener, address)) in self.listeners.into_iter().zip(self.addresses).enumerate() {
            let listening = listener::listen(
                server.clone(),
                backend as u16,
                address,
                listener,
                tasks.clone(),
                stop.clone(),
            );
            tasks.spawn_local(listening);
        }
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = server.timer.sleep(TICK) => {
                    server.books.flush();
                    server.open.tick();
                }
            }
        }
        server.open.shut_down(|_| true, Shutdown::Stop);
        tasks.close();
        let deadline = server.world.now() + ENDING;
        if server.timer.until(deadline, tasks.wait()).await.is_none() {
            tracing::warn!(open = server.open.count(), "backend connections were left open at the end");
        }
        server.books.close()
    }
}
