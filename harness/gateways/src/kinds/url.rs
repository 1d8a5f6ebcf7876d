//! The kind `url`: a gateway that runs already.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use http::Uri;
use net::tls::ClientTls;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de};

use super::url_tls::UrlTls;
use crate::ready::{self, NotRouted};
use crate::{Allowed, Gateway, Handle, Launch, LaunchError, Ready, Running, Unsupported, Upstreams};

const NAME: &str = "url";

/// What plans and reports say of a gateway whose certificate is taken as it is.
const NOT_VERIFIED: &str = "certificate not verified";

/// The most further addresses: as many as a scenario may have traffic classes.
const ADDRESSES_MAX: usize = 32;

/// How long a name may take to be resolved.
const RESOLVE: Duration = Duration::from_secs(5);

/// A gateway that runs already, and is neither started nor stopped.
///
/// Its upstreams are the fake backends, which therefore need fixed addresses (`listen = "127.0.0.1:9001"`). Only
/// gateways on this machine are taken, unless `--allow-host` names the host: a crash test is nothing to start by
/// mistake against somebody else.
///
/// With `https://`, its certificate is checked: by the authorities in `tls.ca`, or else by the system's. `tls.verify = false`
/// leaves that out, and each report says so.
///
/// `addresses` names further addresses of the same gateway, such as another listener: traffic classes go there by `target`. Each
/// has to be allowed, and to route a request to a backend, before the run begins.
///
/// # Example
/// `[gateway.url]` with `address = "http://127.0.0.1:8080"`
/// `[gateway.url]` with `address = "https://localhost:8443"` and `tls = { ca = "ca.pem" }`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Url {
    /// Where it takes requests: `http://` or `https://`, a host, and a port if it is not 80 or 443.
    #[serde(deserialize_with = "checked")]
    #[schemars(regex(pattern = r"^https?://[^/?#@]+/?$"))]
    pub address: String,
    /// Further addresses of it, by name: `addresses = { admin = "http://127.0.0.1:9090" }`. `[traffic.NAME] target = "admin"` goes
    /// there.
    #[serde(default, deserialize_with = "all_checked", skip_serializing_if = "BTreeMap::is_empty")]
    pub addresses: BTreeMap<String, String>,
    /// How it is talked to over TLS. Without it, and with `https://`: its certificate is checked by the system's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<UrlTls>,
    /// How each address is asked whether it is ready. Without it: a backend has to answer `GET /` within 10 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Ready>,
}

/// The host as written, the port, and both as the `host` header says them.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    host: String,
    port: u16,
    authority: String,
    over_tls: bool,
}

fn checked<'de, D: de::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    target(&text).map(|_| text).map_err(de::Error::custom)
}

fn all_checked<'de, D: de::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let all = BTreeMap::<String, String>::deserialize(deserializer)?;
    if all.len() > ADDRESSES_MAX {
        let message = format!("{} further addresses, allowed are {ADDRESSES_MAX}", all.len());
        return Err(de::Error::custom(message));
    }
    all.values().try_for_each(|text| target(text).map(drop)).map_err(de::Error::custom)?;
    Ok(all)
}

fn target(text: &str) -> Result<Target, String> {
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

impl Gateway for Url {
    fn configuration(&self, _: &Upstreams) -> Result<Option<String>, Vec<Unsupported>> {
        let Some(tls) = &self.tls else { return Ok(None) };
        let plain = !self.all().any(|address| address.starts_with("https:"));
        let plain =
            plain.then(|| "the address is one without TLS: write `https://…`, or remove `tls`".to_owned());
        match plain.or_else(|| tls.problem()) {
            None => Ok(None),
            Some(why) => Err(vec![Unsupported { key: "gateway.url.tls", why }]),
        }
    }

    fn note(&self) -> Option<&'static str> {
        self.tls.as_ref().filter(|tls| !tls.verify).map(|_| NOT_VERIFIED)
    }

    fn launch<'a>(&'a self, launch: &'a Launch) -> LocalBoxFuture<'a, Result<Running, LaunchError>> {
        Box::pin(self.attach(launch))
    }

    fn is_launched(&self) -> bool {
        false
    }

    fn further_addresses(&self) -> Vec<&str> {
        self.addresses.keys().map(String::as_str).collect()
    }

    fn permit(&self, allowed: &Allowed) -> Result<(), LaunchError> {
        self.all().try_for_each(|address| {
            let target = known(address)?;
            target.host.parse().map_or(Ok(()), |ip| target.permit(ip, &allowed.hosts))
        })
    }
}

impl Target {
    fn permit(&self, address: IpAddr, allow_hosts: &[String]) -> Result<(), LaunchError> {
        let allowed = allow_hosts.iter().any(|host| host.eq_ignore_ascii_case(&self.host));
        if address.is_loopback() || allowed {
            return Ok(());
        }
        Err(LaunchError::NotAllowed { gateway: NAME, host: self.host.clone(), address })
    }
}

impl Url {
    /// All of its addresses as written, the first one first.
    fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.address).chain(self.addresses.values()).map(String::as_str)
    }

    async fn attach(&self, launch: &Launch) -> Result<Running, LaunchError> {
        let mut reached = Vec::new();
        for address in self.all() {
            reached.push(self.reach(launch, address).await?);
        }
        let (address, tls) = reached.remove(0);
        let version = self.note().map(str::to_owned);
        Ok(Running { address, version, tls, further: reached, handle: Handle::Attached })
    }

    /// Waits until one of its addresses routes, and says how it is reached.
    async fn reach(
        &self,
        launch: &Launch,
        address: &str,
    ) -> Result<(SocketAddr, Option<ClientTls>), LaunchError> {
        let target = known(address)?;
        let address = resolve(launch, &target).await?;
        target.permit(address.ip(), &launch.allowed.hosts)?;
        let tls = if target.over_tls {
            Some(self.tls.clone().unwrap_or_default().client(launch, &target.host)?)
        } else {
            None
        };
        let asked = ready::Target { address, host: &target.authority, tls: tls.as_ref() };
        let ready = self.ready.clone().unwrap_or_default();
        let routed = ready::wait_until_routed(&launch.world, asked, &ready).await;
        routed.map_err(|NotRouted { waited, last_probe }| LaunchError::NotReady {
            gateway: NAME,
            waited,
            last_probe,
            last_words: "not known, since it is not ours".into(),
            help: Ready::help(NAME),
        })?;
        Ok((address, tls))
    }
}

/// An address that was checked when it was read.
fn known(address: &str) -> Result<Target, LaunchError> {
    target(address).map_err(|why| {
        io_error("reading its address", std::io::Error::new(std::io::ErrorKind::InvalidInput, why))
    })
}

fn io_error(what: &str, source: std::io::Error) -> LaunchError {
    LaunchError::Io { gateway: NAME, what: what.to_owned(), source }
}

/// Resolves the host once, so that a name which moves does not move the run. IPv4 is preferred: it is what most
/// gateways listen on where `localhost` has both.
async fn resolve(launch: &Launch, target: &Target) -> Result<SocketAddr, LaunchError> {
    let what = format!("resolving `{}`", target.host);
    let timer = launch.world.timer();
    let lookup = tokio::net::lookup_host((target.host.as_str(), target.port));
    let found = timer.until(timer.now() + RESOLVE, lookup).await;
    let found = found.unwrap_or_else(|| Err(std::io::ErrorKind::TimedOut.into()));
    let found: Vec<SocketAddr> = found.map_err(|source| io_error(&what, source))?.collect();
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| io_error(&what, std::io::ErrorKind::NotFound.into()))
}
