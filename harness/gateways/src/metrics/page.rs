//! One page of metrics: where it is, and fetching it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use net::World;
use net::tls::ClientTls;

use super::settings::{Metrics, parts};
use crate::address::{self, resolve, target};
use crate::kinds::{Values, secrets};
use crate::ready;
use crate::{Allowed, Launch, LaunchError, Running};

/// The longest page that is read. Envoy tells about 100 KiB for one cluster and 1 MiB for twenty.
const PAGE_MAX: usize = 8 * 1024 * 1024;

/// The text format of Prometheus, which every gateway has; without it some answer in another one.
const ACCEPT: &str = "text/plain;version=0.0.4";

/// Where a gateway tells its metrics.
// Not to be printed: its headers may hold secrets.
pub struct MetricsPage {
    address: SocketAddr,
    host: String,
    path: String,
    headers: HeaderMap,
    tls: Option<ClientTls>,
}

impl MetricsPage {
    /// The page as it is now, which has to come with a status of 200 and within `bound`; what was met instead, in words.
    pub async fn fetch(&self, world: &World, bound: Duration) -> Result<Bytes, String> {
        let accepted = |_: &HeaderMap, status: StatusCode| match status {
            StatusCode::OK => Ok(()),
            other => Err(format!("{other} instead of 200")),
        };
        let asked = async {
            let stream = world.connect(self.address).await;
            let mut stream = stream.map_err(|error| format!("connecting to {}: {error}", self.address))?;
            if let Some(tls) = &self.tls {
                tls.connect(&mut stream).await.map_err(|error| format!("the TLS handshake: {error}"))?;
            }
            ready::get(stream, &self.host, (&self.path, &self.headers), PAGE_MAX, accepted).await
        };
        let timer = world.timer();
        timer.until(timer.now() + bound, asked).await.unwrap_or_else(|| Err("no answer in time".into()))
    }
}

/// The page that a scenario asks for of a gateway that is up. `own` is where the gateway was told to have it on a port of its own,
/// and on which path.
pub(crate) async fn page(
    gateway: &'static str,
    metrics: &Metrics,
    own: Option<(SocketAddr, &str)>,
    running: &Running,
    launch: &Launch,
) -> Result<MetricsPage, LaunchError> {
    let headers = headers(gateway, metrics)?;
    let plain = |address: SocketAddr, host: String, path: &str| MetricsPage {
        address,
        host,
        path: path.to_owned(),
        headers: headers.clone(),
        tls: None,
    };
    if let Some((base, path)) = metrics.url.as_deref().and_then(parts) {
        let target = target(base).map_err(|why| refused(gateway, why))?;
        let address = resolve(gateway, launch, &target).await?;
        target.permit(gateway, address.ip(), &launch.allowed.hosts)?;
        return Ok(plain(address, target.authority, path));
    }
    match (&metrics.path, own) {
        (Some(path), _) => {
            let page = plain(running.address, running.address.to_string(), path);
            Ok(MetricsPage { tls: running.tls.clone(), ..page })
        }
        (None, Some((address, path))) => Ok(plain(address, address.to_string(), path)),
        (None, None) => Err(refused(gateway, address::NO_PAGE.to_owned())),
    }
}

impl Metrics {
    /// Refuses what nobody has allowed, and what is not there, as far as it can be told without asking anyone.
    pub fn permit(&self, gateway: &'static str, allowed: &Allowed) -> Result<(), LaunchError> {
        headers(gateway, self)?;
        let Some((base, _)) = self.url.as_deref().and_then(parts) else { return Ok(()) };
        let target = target(base).map_err(|why| refused(gateway, why))?;
        target.host.parse::<IpAddr>().map_or(Ok(()), |ip| target.permit(gateway, ip, &allowed.hosts))
    }
}

/// The headers of each scrape, with the secrets in them.
fn headers(gateway: &'static str, metrics: &Metrics) -> Result<HeaderMap, LaunchError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(ACCEPT));
    let values = Values { secrets: true, reveal: true, ..Values::none() };
    for (name, value) in &metrics.headers {
        if let Some(unset) = secrets(value).find_map(Result::err) {
            return Err(refused(gateway, unset));
        }
        let filled = values.fill(value).map_err(|unfilled| refused(gateway, unfilled.why))?;
        let name: Result<HeaderName, _> = name.parse();
        let value = HeaderValue::from_str(&filled.text);
        let (Ok(name), Ok(mut value)) = (name, value) else {
            return Err(refused(gateway, "a value of `headers` can't be sent in a header".into()));
        };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn refused(gateway: &'static str, why: String) -> LaunchError {
    let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, why);
    LaunchError::Io { gateway, what: "its metrics".into(), source }
}
