//! Why TLS can't be set up.

use thiserror::Error;

/// Why TLS can't be set up. Nothing in it is a secret.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A text with certificates has none, or what stands there is none.
    #[error("it holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)")]
    NoCertificate,
    /// A text with a private key has none.
    #[error("it holds no private key in PEM form (`-----BEGIN PRIVATE KEY-----`)")]
    NoKey,
    /// The system has no certificate authorities.
    #[error("the system has no certificate authorities that could be read: {0}")]
    NoRoots(String),
    /// What can't be in a certificate or be asked for.
    #[error("`{0}` is neither a host name nor an address")]
    Name(String),
    /// rustls refuses it.
    #[error("{0}")]
    Refused(#[from] rustls::Error),
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    NotMade(#[from] rcgen::Error),
}
