//! Why a pool can't be set up.

use std::io;
use std::net::{IpAddr, SocketAddr};

use evidence::INJECTIONS_MAX;
use thiserror::Error;
use units::Size;

use crate::PoolSpec;

/// Exchanges of a pool; their counters take two bytes each, 200 MB at this number.
const EXCHANGES_MAX: u64 = 100_000_000;

/// The largest body of a normal answer; each backend holds one.
pub const BODY_MAX: Size = Size(64 << 20);

/// Why a pool can't be set up.
#[derive(Debug, Error)]
pub enum BindError {
    /// Another process, or another backend, listens there.
    #[error(
        "backend `{backend}`: {address} is in use already: stop what listens there, or give the backend another `listen` \
         (port 0 picks a free port)"
    )]
    InUse {
        /// The backend's name.
        backend: String,
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// Other machines could reach it there, and nobody has allowed that.
    #[error(
        "backend `{backend}`: other machines can reach {address}, and fake backends misbehave on purpose\nhelp: \
         `--allow-listen {address}` allows it"
    )]
    NotAllowed {
        /// The backend's name.
        backend: String,
        /// Where it was to listen.
        address: IpAddr,
    },
    /// The address is that of another machine, or of none.
    #[error(
        "backend `{backend}`: {address} is not an address of this machine: give `listen` one that it has (`ip addr` shows them)"
    )]
    Elsewhere {
        /// The backend's name.
        backend: String,
        /// Where it was to listen.
        address: IpAddr,
    },
    /// The system refuses the address for another reason.
    #[error("backend `{backend}`: can't listen on {address}: {source}")]
    Refused {
        /// The backend's name.
        backend: String,
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Its certificates could not be made.
    #[error("TLS of the backends: {0}")]
    Tls(#[from] net::tls::TlsError),
    /// The spec is over a limit, or makes no sense in itself.
    #[error("{0}")]
    Spec(String),
}

impl BindError {
    pub(super) fn new(backend: &str, address: SocketAddr, source: io::Error) -> Self {
        let backend = backend.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse { backend, address },
            io::ErrorKind::AddrNotAvailable if address.port() != 0 => {
                BindError::Elsewhere { backend, address: address.ip() }
            }
            _ => BindError::Refused { backend, address, source },
        }
    }

    /// The backend whose address is at fault, if one's is.
    pub fn backend(&self) -> Option<&str> {
        match self {
            BindError::InUse { backend, .. }
            | BindError::NotAllowed { backend, .. }
            | BindError::Elsewhere { backend, .. }
            | BindError::Refused { backend, .. } => Some(backend),
            BindError::Tls(_) | BindError::Spec(_) => None,
        }
    }
}

/// Checks what a spec that was not compiled from a scenario may get wrong.
pub(super) fn check(spec: &PoolSpec) -> Result<(), BindError> {
    let over = |what: &str, count: u64, limit: u64| {
        (count > limit).then(|| BindError::Spec(format!("the pool has {count} {what}, the limit is {limit}")))
    };
    let problems = [
        over("backends", spec.backends.len() as u64, u64::from(u16::MAX)),
        over("injections", spec.injections.len() as u64, INJECTIONS_MAX as u64),
        over("exchanges", spec.exchanges_max, EXCHANGES_MAX),
    ];
    if let Some(problem) = problems.into_iter().flatten().next() {
        return Err(problem);
    }
    if let Some(backend) = spec.backends.iter().find(|backend| backend.body > BODY_MAX) {
        let (name, size) = (&backend.name, backend.body);
        return Err(BindError::Spec(format!(
            "backend `{name}`: a body of {size} is over the limit of {BODY_MAX}"
        )));
    }
    for injection in &spec.injections {
        let fault = injection.fault.name();
        if let Some(problem) = injection.fault.contract().problem() {
            return Err(BindError::Spec(format!("fault `{fault}`: {problem}")));
        }
        // Made here, so that none is made under load.
        if let Some(ramp) = &injection.ramp
            && ramp.steps(&injection.fault).is_empty()
        {
            let problem = ramp.problem(&injection.fault).unwrap_or_default();
            return Err(BindError::Spec(format!("fault `{fault}`: `ramp`: {problem}")));
        }
        if let Some(index) =
            injection.backends.iter().find(|index| usize::from(**index) >= spec.backends.len())
        {
            return Err(BindError::Spec(format!("fault `{fault}`: there is no backend number {index}")));
        }
        let plain = |index: &&u16| spec.backends[usize::from(**index)].tls.is_none();
        if injection.fault.contract().needs_tls()
            && let Some(index) = injection.backends.iter().find(plain)
        {
            let name = &spec.backends[usize::from(*index)].name;
            return Err(BindError::Spec(format!(
                "fault `{fault}`: backend `{name}` speaks no TLS: give it `tls = {{}}`"
            )));
        }
    }
    Ok(())
}
