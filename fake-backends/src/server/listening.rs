//! Accepts the connections of one backend, and closes its port while a fault wants it closed.

use std::future::pending;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use net::{Listener, Stream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use units::{Moment, Stretch};

use super::connection;
use super::open::Order;
use super::shared::{Server, epoch_is_known};
use super::windows::Windows;

/// How often to look whether the epoch was set, where a moment after it has to be met.
const EPOCH_POLL: Duration = Duration::from_millis(2);

/// The pause after a failed accept: the process is out of descriptors, and more of them would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// How often, and for how long, a port that is in use is tried again when the backend is to listen there again.
const REOPEN_PAUSE: Duration = Duration::from_millis(5);
const REOPEN_MAX: Duration = Duration::from_secs(10);

/// Serves one backend until `stop`.
pub(super) async fn listen(
    server: Rc<Server>,
    backend: u16,
    address: SocketAddr,
    mut listener: Listener,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let windows = Windows::of(&server.spec, backend);
    loop {
        let bits = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            bits = refusal(&server, &windows) => bits,
            () = accept_all(&server, backend, &listener, &tasks) => return,
        };
        drop(listener);
        let closed = server.world.now();
        server.open.command(|handle| handle.backend == backend, Order::Refuse(bits));
        let reopened = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            reopened = reopen(&server, &windows, address) => reopened,
        };
        let closed = Stretch { from: closed, to: server.world.now() };
        for firing in windows.firings(backend, closed) {
            server.record_firing(firing);
        }
        let Some(reopened) = reopened else { return };
        listener = reopened;
    }
}

/// Waits until an injection closes the listener: the bits of those that do.
async fn refusal(server: &Server, windows: &Windows) -> u64 {
    loop {
        let now = server.world.now();
        let bits = windows.in_force(now);
        if bits != 0 {
            return bits;
        }
        match windows.next_start(now) {
            None => pending().await,
            Some(_) if !epoch_is_known(now) => server.timer.sleep(EPOCH_POLL).await,
            Some(start) => server.timer.sleep_until(start).await,
        }
    }
}

async fn accept_all(server: &Rc<Server>, backend: u16, listener: &Listener, tasks: &TaskTracker) {
    loop {
        match listener.accept().await {
            Ok(stream) => admit(server, backend, stream, tasks),
            Err(error) => {
                server.world.note_shortage(&error);
                tracing::debug!(backend, %error, "accept failed");
                server.timer.sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn admit(server: &Rc<Server>, backend: u16, stream: Stream, tasks: &TaskTracker) {
    if server.open.count() >= server.spec.connections_max {
        server.count(|totals| totals.turned_away += 1);
        return stream.reset();
    }
    server.count(|totals| totals.connections += 1);
    let handle = server.open.add(backend);
    tasks.spawn_local(connection::hold(server.clone(), handle, stream));
}

/// Waits until no injection keeps the port closed, and listens there again; nothing if the port was taken meanwhile.
async fn reopen(server: &Server, windows: &Windows, address: SocketAddr) -> Option<Listener> {
    while let Some(end) = closed_until(server.world.now(), windows) {
        server.timer.sleep_until(end).await;
    }
    let deadline = server.world.now() + REOPEN_MAX;
    loop {
        match server.world.bind(address) {
            Ok(listener) => return Some(listener),
            Err(error) if server.world.now() >= deadline => {
                tracing::error!(%address, %error, "the backend could not listen again");
                server.count(|totals| totals.not_reopened += 1);
                return None;
            }
            Err(_) => server.timer.sleep(REOPEN_PAUSE).await,
        }
    }
}

fn closed_until(now: Moment, windows: &Windows) -> Option<Moment> {
    if windows.in_force(now) == 0 { None } else { windows.next_end(now) }
}
