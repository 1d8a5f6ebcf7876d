//! The handshake of TLS, and what the faults make of it.

use std::io::ErrorKind;

use evidence::ConnectionEnd;
use net::tls::hello;
use tokio::io::AsyncWriteExt;

use super::connection::{STALL, ServerConnection, Step};
use crate::fault::{Decided, Handshake};

/// A record that holds an alert, in the version that all versions write at the start (RFC 8446, sections 5.1 and 6).
const ALERT: [u8; 5] = [21, 3, 3, 0, 2];

/// The level of an alert after which the connection is over.
const FATAL: u8 = 2;

impl ServerConnection {
    /// Goes through the handshake, at a backend that speaks TLS.
    pub(super) async fn secure(&mut self, handshake: &Decided<Handshake>) -> Step<()> {
        let speaks_tls = self.server.spec.backends[usize::from(self.handle.backend)].tls.is_some();
        if !speaks_tls {
            return Ok(());
        }
        match handshake.what {
            Some(Handshake::Stall) => self.stall(handshake.by).await,
            Some(Handshake::Alert(code)) => self.alert(code, handshake.by).await,
            shown @ (None | Some(Handshake::Show(_) | Handshake::DemandCertificate)) => {
                self.shake_hands(shown, handshake.by).await
            }
        }
    }

    async fn shake_hands(&mut self, shown: Option<Handshake>, by: u64) -> Step<()> {
        let shown = self.server.certificates.as_ref().and_then(|certificates| certificates.shown(shown));
        let Some(shown) = shown else { return Err(ConnectionEnd::TlsFailed) };
        self.handle.extend_deadline(STALL);
        let hello = match hello(&mut self.stream).await {
            Ok(hello) => hello,
            // A bare connect, such as a health check of the port.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(ConnectionEnd::GatewayFin),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Err(ConnectionEnd::GatewayRst);
            }
            Err(_) => return Err(ConnectionEnd::TlsFailed),
        };
        // What is to be shown leaves with the answer to the hello, whatever the client makes of it.
        self.effective |= by;
        let accepted = hello.accept(&shown).await;
        accepted.map_err(|error| {
            tracing::debug!(backend = self.handle.backend, %error, "a handshake failed");
            ConnectionEnd::TlsFailed
        })
    }

    async fn stall(&mut self, by: u64) -> Step<()> {
        self.handle.no_deadline();
        loop {
            self.receive().await?;
            self.effective |= by;
            self.received.consume(self.received.bytes().len());
        }
    }

    async fn alert(&mut self, code: u8, by: u64) -> Step<()> {
        self.handle.extend_deadline(STALL);
        self.receive().await?;
        self.effective |= by;
        let mut record = ALERT.to_vec();
        record.extend([FATAL, code]);
        match self.stream.write_all(&record).await {
            Ok(()) => Err(ConnectionEnd::BackendFin),
            Err(_) => Err(ConnectionEnd::GatewayRst),
        }
    }
}
