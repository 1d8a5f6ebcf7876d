//! The side that accepts.

use std::io;
use std::sync::Arc;

use rustls::server::{Acceptor, NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

use super::authority::{Authority, Issued};
use super::clock::WallClock;
use super::{ALPN, TlsError, provider};
use crate::plain::Plain;
use crate::{Stream, World};

/// What a server shows, and whom it lets in. Cheap to clone.
///
/// It resumes no session, so that each connection sees the certificate that is shown at its time.
#[derive(Clone)]
pub struct ServerTls(Arc<ServerConfig>);

impl ServerTls {
    /// Shows `issued`, and asks for no certificate of the client.
    pub fn new(world: &World, issued: Issued) -> Result<Self, TlsError> {
        Self::of(world, issued, None)
    }

    /// Shows `issued`, and wants a certificate of the client that `authority` has signed.
    pub fn wanting_certificate(
        world: &World,
        issued: Issued,
        authority: &Authority,
    ) -> Result<Self, TlsError> {
        Self::of(world, issued, Some(authority.store()?))
    }

    fn of(world: &World, issued: Issued, clients: Option<RootCertStore>) -> Result<Self, TlsError> {
        let provider = provider();
        let builder =
            ServerConfig::builder_with_details(provider.clone(), Arc::new(WallClock(world.clone())))
                .with_safe_default_protocol_versions()?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                let verifier = verifier.map_err(|error| rustls::Error::General(error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_single_cert(issued.chain, issued.key)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(ServerTls(Arc::new(config)))
    }
}

/// A client that has begun a handshake, and waits for the server's part of it.
pub struct Hello<'a> {
    stream: &'a mut Stream,
    handshake: StartHandshake<Plain>,
}

/// Waits for the client's first word of a handshake. If what comes is none, or the connection ends, it is closed. Waits as
/// long as the client does: callers bound it.
pub async fn hello(stream: &mut Stream) -> io::Result<Hello<'_>> {
    let plain = stream.take_plain()?;
    let handshake = LazyConfigAcceptor::new(Acceptor::default(), plain).await?;
    Ok(Hello { stream, handshake })
}

impl Hello<'_> {
    /// Goes through with the handshake. If that fails, the connection is closed, with an alert where one is due.
    pub async fn accept(self, tls: &ServerTls) -> io::Result<()> {
        let accepted = self.handshake.into_stream(tls.0.clone()).await?;
        self.stream.is_now(accepted);
        Ok(())
    }
}
