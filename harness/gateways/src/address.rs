//! Where servers are that run already: their addresses as a scenario writes them, and whether they may be reached.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::Uri;

use crate::{Launch, LaunchError};

/// How long a name may take to be resolved.
const RESOLVE: Duration = Duration::from_secs(5);

/// What is said where nobody knows where a gateway tells its metrics.
pub(crate) const NO_PAGE: &str =
    "where they are is not known: say it by `path`, on the gateway's address, or by `url`";

/// An address of a server: the host as written, the port, and both as the `host` header says them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) authority: String,
    pub(crate) over_tls: bool,
}

/// Reads the address of a server: `http://` or `https://`, a host, and a port.
pub(crate) fn target(text: &str) -> Result<Target, String> {
    let wrong =
        || format!("`{text}` is not the address of a gateway: expected one such as `http://127.0.0.1:8080`");
    if text.contains('@') {
        // Not quoted, since a password may stand there.
        return Err("the gateway's address carries a user name: expected only a host and a port".into());
    }
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let over_tls = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => return Err(wrong()),
    };
    let authority = uri.authority().ok_or_else(wrong)?;
    if uri.path_and_query().is_some_and(|path| path.as_str() != "/") {
        return Err(format!(
            "`{text}` carries a path: each traffic class has its own, expected only a host and a port"
        ));
    }
    let written = authority.host();
    let host = written.trim_matches(['[', ']']);
    // A port that is out of bounds reads as none at all.
    let port_is_wrong = authority.as_str() != written && authority.port_u16().is_none_or(|port| port == 0);
    if host.is_empty() || port_is_wrong {
        return Err(wrong());
    }
    let port = authority.port_u16().unwrap_or(if over_tls { 443 } else { 80 });
    Ok(Target { host: host.to_owned(), port, authority: authority.as_str().to_owned(), over_tls })
}

impl Target {
    /// Refuses a host beyond this machine that nobody has allowed.
    pub(crate) fn permit(
        &self,
        gateway: &'static str,
        address: IpAddr,
        allow_hosts: &[String],
    ) -> Result<(), LaunchError> {
        let allowed = allow_hosts.iter().any(|host| host.eq_ignore_ascii_case(&self.host));
        if address.is_loopback() || allowed {
            return Ok(());
        }
        Err(LaunchError::NotAllowed { gateway, host: self.host.clone(), address })
    }
}

/// Resolves the host once, so that a name which moves does not move the run. IPv4 is preferred: it is what most
/// gateways listen on where `localhost` has both.
pub(crate) async fn resolve(
    gateway: &'static str,
    launch: &Launch,
    target: &Target,
) -> Result<SocketAddr, LaunchError> {
    let what = format!("resolving `{}`", target.host);
    let timer = launch.world.timer();
    let lookup = tokio::net::lookup_host((target.host.as_str(), target.port));
    let found = timer.until(timer.now() + RESOLVE, lookup).await;
    let found = found.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()));
    let found: Vec<SocketAddr> = found.map_err(|source| io_error(gateway, &what, source))?.collect();
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| io_error(gateway, &what, io::ErrorKind::NotFound.into()))
}

fn io_error(gateway: &'static str, what: &str, source: io::Error) -> LaunchError {
    LaunchError::Io { gateway, what: what.to_owned(), source }
}
