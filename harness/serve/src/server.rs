//! The server: opens the data directory and the office, listens, and ends in order.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::office::{Clock, Office};
use crate::practice::Practice;
use crate::store::{ServerLock, Store, StoreError};
use crate::tls::{TlsFiles, acceptor};
use crate::web::{Site, router};

/// The connections that may be open. Of more than these, the oldest gives way.
const CONNECTIONS_MAX: usize = 256;

/// How long a connection may last: a bundle of a long run takes its time.
const CONNECTION_MAX: Duration = Duration::from_mins(30);

/// How long the head of a request may take, a handshake, and the last answers when the server ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// The bytes of a head that are held at most; a browser's has about 1 KiB.
const HEAD_MAX: usize = 32 << 10;

/// How long nothing is accepted after the system refused to: when it lacks descriptors, asking again at once is no use.
const PAUSE: Duration = Duration::from_millis(100);

/// Threads that may wait for the disk at a time.
const WAITING_MAX: usize = 16;

/// What a server is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data directory.
    pub data: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// How browsers reach it by TLS.
    pub tls: Option<TlsFiles>,
    /// A proxy stands before it, which speaks TLS and says whose requests it passes on (`X-Forwarded-For`).
    pub behind_proxy: bool,
}

/// Why a server can't be started.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The data directory can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Other machines could read tokens on their way.
    #[error(
        "{0} can be reached by other machines, and tokens would pass in clear text\nhelp: listen on 127.0.0.1, give \
         `--tls-certificate` and `--tls-key`, or say `--behind-proxy` if a proxy before it speaks TLS"
    )]
    Exposed(SocketAddr),
    /// The certificate or the key can't be used.
    #[error("{}: {why}\nhelp: `--tls-certificate` and `--tls-key` take files in PEM form", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The address can't be listened on.
    #[error("{address}: {source}\nhelp: choose another address by `--listen`; port 0 takes any")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system did not grant a thread or a runtime.
    #[error("the server can't be started: {0}")]
    System(#[from] io::Error),
}

/// Serves until `stop`, then ends in order what runs. `ready` is told the address that is listened at.
#[expect(clippy::disallowed_methods, reason = "the server is for people, in the real world")]
pub fn serve(
    options: &Options,
    practice: Arc<dyn Practice>,
    clock: Arc<dyn Clock>,
    ready: impl FnOnce(SocketAddr),
    stop: &CancellationToken,
) -> Result<(), ServeError> {
    let address = options.listen;
    if !address.ip().to_canonical().is_loopback() && options.tls.is_none() && !options.behind_proxy {
        return Err(ServeError::Exposed(address));
    }
    let tls = options.tls.as_ref().map(acceptor).transpose()?;
    let _lock = ServerLock::take(&options.data)?;
    let store = Arc::new(Store::open(&options.data)?);
    let in_error = |source| ServeError::Listen { address, source };
    let listener = std::net::TcpListener::bind(address).map_err(in_error)?;
    listener.set_nonblocking(true).map_err(in_error)?;
    let bound = listener.local_addr().map_err(in_error)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).max_blocking_threads(WAITING_MAX).thread_name("pages");
    let runtime = runtime.enable_all().build()?;
    let keeper = Office::open(store, practice, clock, options.data.clone())?;
    let is_secure = tls.is_some() || options.behind_proxy;
    let site = Arc::new(Site::new(keeper.office().clone(), is_secure, options.behind_proxy));
    ready(bound);
    let accepted = runtime.block_on(async {
        let listener = TcpListener::from_std(listener).map_err(in_error)?;
        stop.run_until_cancelled(accept(listener, &site, tls.as_ref())).await;
        Ok(())
    });
    site.closing.cancel();
    // Whoever watches sees how it ends.
    keeper.close();
    runtime.shutdown_timeout(PATIENCE);
    accepted
}

#[expect(clippy::disallowed_methods, reason = "as above")]
async fn accept(listener: TcpListener, site: &Arc<Site>, tls: Option<&TlsAcceptor>) {
    let pages = router(site);
    let mut youngest: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let pages = TowerToHyperService::new(pages.clone().layer(Extension(ConnectInfo(peer))));
                youngest.push_back(tokio::spawn(connection(stream, pages, tls.cloned())).abort_handle());
            }
            Err(error) => {
                tracing::warn!(%error, "a connection can't be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
        youngest.retain(|connection| !connection.is_finished());
        if youngest.len() > CONNECTIONS_MAX {
            youngest.pop_front().inspect(AbortHandle::abort);
            tokio::task::yield_now().await;
        }
    }
}

type Pages = TowerToHyperService<axum::Router>;

#[expect(clippy::disallowed_methods, reason = "as above")]
async fn connection(stream: TcpStream, pages: Pages, tls: Option<TlsAcceptor>) {
    match tls {
        None => exchange(stream, pages).await,
        // Who can't speak TLS, or does not in time, concerns nobody else.
        Some(tls) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
                exchange(stream, pages).await;
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "as above")]
async fn exchange(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, pages: Pages) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(HEAD_MAX);
    let exchange = server.serve_connection(TokioIo::new(stream), pages);
    // Neither a broken request nor a slow reader concerns anybody else.
    let _ = tokio::time::timeout(CONNECTION_MAX, exchange).await;
}
