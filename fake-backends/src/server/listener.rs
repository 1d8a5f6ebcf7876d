//! Accepts the connections of one backend, and closes its port while a fault wants it closed.

use std::future::pending;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use net::{Listener, Stream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use units::{Moment, Stretch};

use super::connections::Shutdown;
use super::serve::serve_connection;
use super::shared::Server;
use super::windows::Windows;
use crate::fault::Listening;

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
    let refusing = Windows::of(&server.spec, backend, Listening::Refuses);
    let dropping = Windows::of(&server.spec, backend, Listening::Drops);
    loop {
        let bits = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            bits = until_in_force(&server, &refusing) => bits,
            () = serve_or_drop(&server, backend, &listener, &dropping, &tasks) => return,
        };
        drop(listener);
        let closed = server.world.now();
        server.open.shut_down(|handle| handle.backend == backend, Shutdown::Refuse(bits));
        let reopened = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            reopened = reopen(&server, &refusing, address) => reopened,
        };
        let closed = Stretch { from: closed, to: server.world.now() };
        for firing in refusing.firings(backend, closed) {
            server.books.firing(firing);
        }
        let Some(reopened) = reopened else { return };
        listener = reopened;
    }
}

/// Accepts connections, but for the times at which connects are to be dropped.
async fn serve_or_drop(
    server: &Rc<Server>,
    backend: u16,
    listener: &Listener,
    dropping: &Windows,
    tasks: &TaskTracker,
) {
    loop {
        tokio::select! {
            biased;
            _ = until_in_force(server, dropping) => {}
            () = accept_all(server, backend, listener, tasks) => return,
        }
        if let Err(error) = listener.block() {
            server.world.note_shortage(&error);
            tracing::error!(backend, %error, "the listener could not be made to drop connects");
            server.books.count(|totals| totals.not_blocked += 1);
        }
        // Written when it is dropped too: at the end of the run, or where the port is closed meanwhile.
        let blocked = Blocked { server, backend, dropping, since: server.world.now() };
        while let Some(end) = end_of(server.world.now(), dropping) {
            server.timer.sleep_until(end).await;
        }
        drop(blocked);
        if let Err(error) = listener.unblock() {
            tracing::error!(backend, %error, "the listener could not be made to accept again");
            server.books.count(|totals| totals.not_reopened += 1);
        }
    }
}

/// A time during which a listener drops connects; recorded when it is over.
struct Blocked<'a> {
    server: &'a Server,
    backend: u16,
    dropping: &'a Windows,
    since: Moment,
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        let blocked = Stretch { from: self.since, to: self.server.world.now() };
        for firing in self.dropping.firings(self.backend, blocked) {
            self.server.books.firing(firing);
        }
    }
}

/// Waits until an injection acts on the listener: the bits of those that do.
async fn until_in_force(server: &Server, windows: &Windows) -> u64 {
    loop {
        let now = server.world.now();
        let bits = windows.in_force(now);
        if bits != 0 {
            return bits;
        }
        match windows.next_start(now) {
            None => pending().await,
            Some(_) if !server.world.epoch_is_set() => server.timer.sleep(EPOCH_POLL).await,
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
        server.books.count(|totals| totals.turned_away += 1);
        return stream.reset();
    }
    server.books.count(|totals| totals.connections += 1);
    let handle = server.open.add(backend);
    tasks.spawn_local(serve_connection(server.clone(), handle, stream));
}

/// Waits until no injection keeps the port closed, and listens there again; nothing if the port was taken meanwhile.
async fn reopen(server: &Server, windows: &Windows, address: SocketAddr) -> Option<Listener> {
    while let Some(end) = end_of(server.world.now(), windows) {
        server.timer.sleep_until(end).await;
    }
    let deadline = server.world.now() + REOPEN_MAX;
    loop {
        match server.world.bind(address) {
            Ok(listener) => return Some(listener),
            Err(error) if server.world.now() >= deadline => {
                tracing::error!(%address, %error, "the backend could not listen again");
                server.books.count(|totals| totals.not_reopened += 1);
                return None;
            }
            Err(_) => server.timer.sleep(REOPEN_PAUSE).await,
        }
    }
}

/// When what acts on the listener now may be over; `None` if nothing does.
fn end_of(now: Moment, windows: &Windows) -> Option<Moment> {
    if windows.in_force(now) == 0 { None } else { windows.next_end(now) }
}
