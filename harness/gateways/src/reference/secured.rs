//! TLS of the reference gateway: what it trusts of the backends, and what it shows to its clients.

use std::time::Duration;

use net::World;
use net::tls::{Authority, ClientTls, ServerTls, TlsError, Trust};

use crate::Upstreams;

/// The host name in the gateway's own certificate. The domain is reserved for tests (RFC 2606, section 2).
const GATEWAY: &str = "gateway.brownout.test";

/// How long before and after its making the certificate is valid: longer than any run.
const LONG: Duration = Duration::from_hours(30 * 24);

/// How the gateway talks over TLS, on each of its sides; `None` where it does not.
pub(super) struct Secured {
    /// To backends.
    pub(super) backends: Option<ClientTls>,
    /// What it shows to clients.
    pub(super) own: Option<ServerTls>,
    /// How clients talk to it.
    pub(super) clients: Option<ClientTls>,
}

impl Secured {
    pub(super) fn of(world: &World, upstreams: &Upstreams, over_tls: bool) -> Result<Self, TlsError> {
        let backends = upstreams.trust.as_ref().map(|trust| {
            let authority = Trust::Authorities(trust.authority.clone().into_bytes());
            ClientTls::new(world, &trust.name, authority, None)
        });
        let (own, clients) = if over_tls {
            front(world).map(|(own, clients)| (Some(own), Some(clients)))?
        } else {
            (None, None)
        };
        Ok(Secured { backends: backends.transpose()?, own, clients })
    }
}

/// A certificate of an authority that only this gateway and its clients know.
fn front(world: &World) -> Result<(ServerTls, ClientTls), TlsError> {
    let now = world.wall_clock();
    let authority = Authority::new("reference gateway", now)?;
    let issued = authority.issue(&[GATEWAY.to_owned()], now - LONG, now + LONG)?;
    let trust = Trust::Authorities(authority.certificate_pem().into_bytes());
    Ok((ServerTls::new(world, issued)?, ClientTls::new(world, GATEWAY, trust, None)?))
}
