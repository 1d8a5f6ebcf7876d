//! The live state of a run over HTTP. Its own thread, off the load path; few connections for a short time, so that
//! whoever is at the other end, the run keeps its descriptors.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Progress, RunError};

mod hosts;
mod pages;

pub use pages::live_state;

/// The connections that may be open. Of more than these, the oldest gives way: one that asks and reads is over in
/// milliseconds, and one that does not may be closed.
const CONNECTIONS_MAX: usize = 16;

/// How long a connection may last, from its first byte to the last of its answer.
const CONNECTION_MAX: Duration = Duration::from_secs(5);

/// The bytes of a request that are held at most; a browser's head has about 1 KiB.
const REQUEST_MAX: usize = 16 << 10;

/// How long nothing is accepted after the system refused to: when it lacks descriptors, asking again at once is no use.
const PAUSE: Duration = Duration::from_millis(100);

/// Where the live state is served, and for whom.
#[derive(Clone, Debug)]
pub struct StatusPage {
    /// The address that is listened at.
    pub address: SocketAddr,
    /// Names by which other machines may ask for it. An address that they can reach must have one at least.
    pub hosts: Vec<String>,
}

impl StatusPage {
    /// Fails for an address that other machines can reach, unless it is said who they may ask for.
    pub(crate) fn permit(&self) -> Result<(), RunError> {
        if self.address.ip().to_canonical().is_loopback() || !self.hosts.is_empty() {
            return Ok(());
        }
        Err(RunError::StatusExposed { address: self.address })
    }
}

/// Serves until the guard is dropped.
#[expect(clippy::disallowed_methods, reason = "the status page is for people, also of a simulated run")]
pub(crate) fn serve(page: &StatusPage, progress: Arc<Progress>) -> Result<DropGuard, RunError> {
    let address = page.address;
    let in_error = |source| RunError::Status { address, source };
    let listener = std::net::TcpListener::bind(address).map_err(in_error)?;
    listener.set_nonblocking(true).map_err(in_error)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(in_error)?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let hosts: Arc<[String]> = page.hosts.clone().into();
    let pages = pages::pages(progress).layer(from_fn_with_state(hosts, hosts::known_only));
    let accepting = async {
        match TcpListener::from_std(listener) {
            Ok(listener) => accept(listener, &TowerToHyperService::new(pages)).await,
            Err(error) => tracing::warn!(%error, "the status page can't be served"),
        }
    };
    let body = move || runtime.block_on(stopped.run_until_cancelled(accepting));
    std::thread::Builder::new().name("status".into()).spawn(body).map_err(in_error)?;
    Ok(stop.drop_guard())
}

type Pages = TowerToHyperService<axum::Router>;

#[expect(clippy::disallowed_methods, reason = "as above")]
async fn accept(listener: TcpListener, pages: &Pages) {
    let mut youngest: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => youngest.push_back(tokio::spawn(answer(stream, pages.clone())).abort_handle()),
            Err(error) => {
                tracing::warn!(%error, "the status page can't accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
        if youngest.len() > CONNECTIONS_MAX {
            youngest.pop_front().inspect(AbortHandle::abort);
            // What is aborted is closed when its task is next looked at: before another is accepted.
            tokio::task::yield_now().await;
        }
    }
}

/// One request and its answer.
#[expect(clippy::disallowed_methods, reason = "as above")]
async fn answer(stream: TcpStream, pages: Pages) {
    let mut server = http1::Builder::new();
    server.keep_alive(false).max_buf_size(REQUEST_MAX);
    let exchange = server.serve_connection(TokioIo::new(stream), pages);
    // Neither a broken request nor a slow reader concerns anybody else.
    let _ = tokio::time::timeout(CONNECTION_MAX, exchange).await;
}
