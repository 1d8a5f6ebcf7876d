//! A certificate authority that lives as long as a run: a root, and an intermediate that signs what servers show.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

use super::{TlsError, client};

const DAY: Duration = Duration::from_hours(24);

/// Its keys are in memory only, and gone with it.
pub struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key and the intermediate that signed it.
pub struct Issued {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Authority {
    /// One of this name, whose own certificates are valid for a year before and after `at`.
    pub fn new(name: &str, at: SystemTime) -> Result<Self, TlsError> {
        let params = issuer(&format!("{name} root"), at)?;
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let mut params = issuer(&format!("{name} intermediate"), at)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let intermediate = CertifiedIssuer::signed_by(params, KeyPair::generate()?, &root)?;
        Ok(Authority { root, intermediate })
    }

    /// The root's certificate in PEM form: what has to be trusted.
    pub fn certificate_pem(&self) -> String {
        self.root.pem()
    }

    /// A certificate for these host names and addresses, valid from one moment to another.
    pub fn issue(&self, names: &[String], from: SystemTime, to: SystemTime) -> Result<Issued, TlsError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named(names.first().map_or("none", String::as_str));
        (params.not_before, params.not_after) = (moment(from), moment(to));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.intermediate)?;
        let chain = vec![leaf.der().clone(), self.intermediate.der().clone()];
        Ok(Issued { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() })
    }

    pub(super) fn store(&self) -> Result<RootCertStore, TlsError> {
        client::roots(vec![self.root.der().clone()])
    }
}

impl Issued {
    /// The same without the intermediate, which leaves nothing between it and a root that did not sign it.
    pub fn without_chain(mut self) -> Self {
        self.chain.truncate(1);
        self
    }
}

fn issuer(name: &str, at: SystemTime) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (moment(at - 365 * DAY), moment(at + 365 * DAY));
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut full = DistinguishedName::new();
    full.push(DnType::CommonName, name);
    full
}

/// To the second, as certificates count.
fn moment(at: SystemTime) -> OffsetDateTime {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    OffsetDateTime::from_unix_timestamp(seconds as i64).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
