//! The certificates of a pool, right ones and wrong ones: made when it is bound, and in memory only.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use net::World;
use net::tls::{Authority, Issued, ServerTls, TlsError};

use crate::PoolSpec;
use crate::fault::{Certificate, Handshake};

/// The host name in the certificates of all backends. The domain is reserved for tests (RFC 2606, section 2).
pub const TLS_NAME: &str = "backends.brownout.test";

/// A name that is not the backends'.
const ELSEWHERE: &str = "elsewhere.brownout.test";

/// How far the bounds of a certificate are from the moment at which it is made, where it is wrong by them.
const HOUR: Duration = Duration::from_hours(1);

/// How long before and after that moment a right certificate is valid: longer than any run.
const LONG: Duration = Duration::from_hours(30 * 24);

/// Renewed certificates that are kept, so that faults which renew at different times don't make each anew all the time.
const KEPT: usize = 16;

/// What the backends of a pool show.
pub(super) struct Certificates {
    world: World,
    authority: Authority,
    names: Vec<String>,
    right: ServerTls,
    demanding: ServerTls,
    wrong: BTreeMap<Certificate, ServerTls>,
    renewed: RefCell<BTreeMap<u64, ServerTls>>,
}

impl Certificates {
    /// Those of a pool whose backends listen at `addresses`; `None` if none of them speaks TLS.
    pub(super) fn of(
        world: &World,
        spec: &PoolSpec,
        addresses: &[SocketAddr],
    ) -> Result<Option<Self>, TlsError> {
        if spec.backends.iter().all(|backend| backend.tls.is_none()) {
            return Ok(None);
        }
        let mut names: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
        names.sort();
        names.dedup();
        names.insert(0, TLS_NAME.to_owned());
        let authority = Authority::new("brownout", world.wall_clock())?;
        let issued = || long(world, &authority, &names);
        let wrong = wrong(world, &authority, &names)?;
        Ok(Some(Certificates {
            right: ServerTls::new(world, issued()?)?,
            demanding: ServerTls::wanting_certificate(world, issued()?, &authority)?,
            wrong: wrong.into_iter().collect(),
            renewed: RefCell::default(),
            world: world.clone(),
            authority,
            names,
        }))
    }

    /// The certificate of the authority in PEM form.
    pub(super) fn authority(&self) -> String {
        self.authority.certificate_pem()
    }

    /// What a connection is shown; `None` for a handshake that is not gone through with.
    pub(super) fn shown(&self, handshake: Option<Handshake>) -> Option<ServerTls> {
        match handshake {
            None => Some(self.right.clone()),
            Some(Handshake::DemandCertificate) => Some(self.demanding.clone()),
            Some(Handshake::Show(Certificate::Renewed(number))) => self.renewed(number),
            Some(Handshake::Show(certificate)) => self.wrong.get(&certificate).cloned(),
            Some(Handshake::Stall | Handshake::Alert(_)) => None,
        }
    }

    /// `None` if it could not be made: showing the one before would be a renewal that never was.
    fn renewed(&self, number: u64) -> Option<ServerTls> {
        let mut renewed = self.renewed.borrow_mut();
        if let Some(known) = renewed.get(&number) {
            return Some(known.clone());
        }
        let made = long(&self.world, &self.authority, &self.names)
            .and_then(|issued| ServerTls::new(&self.world, issued))
            .inspect_err(|error| tracing::error!(%error, "the certificate could not be renewed"))
            .ok()?;
        if renewed.len() >= KEPT {
            renewed.pop_first();
        }
        renewed.insert(number, made.clone());
        Some(made)
    }
}

fn long(world: &World, authority: &Authority, names: &[String]) -> Result<Issued, TlsError> {
    let now = world.wall_clock();
    authority.issue(names, now - LONG, now + LONG)
}

fn wrong(
    world: &World,
    authority: &Authority,
    names: &[String],
) -> Result<Vec<(Certificate, ServerTls)>, TlsError> {
    let now = world.wall_clock();
    let elsewhere = [ELSEWHERE.to_owned()];
    let stranger = Authority::new("stranger", now)?;
    let issued = [
        (Certificate::Expired, authority.issue(names, now - LONG, now - HOUR)?),
        // Not within the longest run does it become valid.
        (Certificate::NotYetValid, authority.issue(names, now + LONG, now + 2 * LONG)?),
        (Certificate::WrongName, authority.issue(&elsewhere, now - LONG, now + LONG)?),
        (Certificate::UnknownIssuer, stranger.issue(names, now - LONG, now + LONG)?),
        (Certificate::WithoutChain, authority.issue(names, now - LONG, now + LONG)?.without_chain()),
    ];
    issued.into_iter().map(|(kind, issued)| Ok((kind, ServerTls::new(world, issued)?))).collect()
}
