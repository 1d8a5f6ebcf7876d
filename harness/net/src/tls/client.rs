//! The side that connects.

use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::clock::WallClock;
use super::{ALPN, TlsError, pem, provider};
use crate::{Stream, World};

/// Whose certificates are believed.
pub enum Trust {
    /// Those that the system's authorities have signed.
    System,
    /// Those that these authorities have signed, in PEM form.
    Authorities(Vec<u8>),
    /// Any: no certificate is checked. Whoever is in between can be the server.
    Anyone,
}

/// A certificate of the client's own, with its key. It shows neither.
pub struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads the certificate, with those that it needs to be believed after it, and its key, both in PEM form.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Ok(Identity { chain: pem::certificates(chain)?, key: pem::key(key)? })
    }
}

/// How one server is talked to. Cheap to clone.
#[derive(Clone)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl ClientTls {
    /// For the server `name`, which is asked for (SNI, RFC 6066) and has to be in its certificate: a host, or an address.
    pub fn new(
        world: &World,
        name: &str,
        trust: Trust,
        identity: Option<Identity>,
    ) -> Result<Self, TlsError> {
        let provider = provider();
        let name = ServerName::try_from(name.to_owned()).map_err(|_| TlsError::Name(name.to_owned()))?;
        let builder =
            ClientConfig::builder_with_details(provider.clone(), Arc::new(WallClock(world.clone())))
                .with_safe_default_protocol_versions()?;
        let builder = match trust {
            Trust::System => builder.with_root_certificates(system()?),
            Trust::Authorities(text) => builder.with_root_certificates(roots(pem::certificates(&text)?)?),
            Trust::Anyone => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Unchecked(provider)))
            }
        };
        let mut config = match identity {
            Some(Identity { chain, key }) => builder.with_client_auth_cert(chain, key)?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(ClientTls { config: Arc::new(config), name })
    }

    /// Makes `stream` one under TLS. If that fails, the connection is closed. Waits as long as the server does: callers bound
    /// it with a timer.
    pub async fn connect(&self, stream: &mut Stream) -> io::Result<()> {
        let plain = stream.take_plain()?;
        let connector = TlsConnector::from(self.config.clone());
        stream.is_now(connector.connect(self.name.clone(), plain).await?);
        Ok(())
    }
}

/// A store with these authorities, each of which has to be one.
pub(super) fn roots(certificates: Vec<CertificateDer<'static>>) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store.add(certificate)?;
    }
    Ok(store)
}

fn system() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        let why = if errors.is_empty() { "none was found".to_owned() } else { errors.join("; ") };
        return Err(TlsError::NoRoots(why));
    }
    Ok(store)
}

/// Takes any certificate, and still has the server prove that it holds its key.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
