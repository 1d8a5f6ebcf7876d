//! TLS over the connections of either world, and certificates that are made for one run.
//!
//! The bytes of a handshake are random, also in the simulated world: keys and signatures come from the system. When it
//! happens, and what becomes of it, is as deterministic there as all else. No private key is ever written to a file.

mod authority;
mod client;
mod clock;
mod error;
mod pem;
mod server;
#[cfg(test)]
mod tests;

pub use authority::{Authority, Issued};
pub use client::{ClientTls, Identity, Trust};
pub use error::TlsError;
pub use server::{Hello, ServerTls, hello};

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// The one protocol that is spoken over TLS, as ALPN calls it (RFC 7301).
const ALPN: &[u8] = b"http/1.1";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
