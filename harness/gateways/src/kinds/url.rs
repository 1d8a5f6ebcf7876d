//! The kind `url`: a gateway that runs already.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use futures_util::future::LocalBoxFuture;
use net::tls::ClientTls;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de};

use super::url_tls::UrlTls;
use crate::access_log::{LogReader, Pattern, Source};
use crate::address::{Target, resolve, target};
use crate::ready::{self, NotRouted};
use crate::{
    AccessLog, Allowed, Gateway, Handle, Launch, LaunchError, Metrics, Ready, Running, Unsupported, Upstreams,
};

const NAME: &str = "url";

/// What plans and reports say of a gateway whose certificate is taken as it is.
const NOT_VERIFIED: &str = "certificate not verified";

/// The most further addresses: as many as a scenario may have traffic classes.
const ADDRESSES_MAX: usize = 32;

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
    /// Its own metrics, which are scraped during the run if this is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
    /// Its own access log, which is read after the run if this is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log: Option<AccessLog>,
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

    fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_ref()
    }

    fn access_log(&self) -> Option<&AccessLog> {
        self.access_log.as_ref()
    }

    fn shares_page(&self) -> bool {
        let Some(metrics) = &self.metrics else { return false };
        let is_own =
            |url: &String| self.all().any(|own| url.starts_with(&format!("{}/", own.trim_end_matches('/'))));
        metrics.path.is_some() || metrics.url.as_ref().is_some_and(is_own)
    }

    fn further_addresses(&self) -> Vec<&str> {
        self.addresses.keys().map(String::as_str).collect()
    }

    fn permit(&self, allowed: &Allowed) -> Result<(), LaunchError> {
        self.all().try_for_each(|address| {
            let target = known(address)?;
            target.host.parse().map_or(Ok(()), |ip| target.permit(NAME, ip, &allowed.hosts))
        })
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
        let handle = Handle::Attached;
        let access_log = self.log_from_now_on(launch);
        let running = Running { address, version, tls, further: reached, metrics: None, access_log, handle };
        running.telling(NAME, self.metrics.as_ref(), None, launch).await
    }

    /// Its access log, from here on.
    fn log_from_now_on(&self, launch: &Launch) -> Option<LogReader> {
        let AccessLog { file, pattern } = self.access_log.as_ref()?;
        let path = launch.upstreams.base.join(file.as_ref()?);
        Some(LogReader::new(Source::end_of(path, false), Pattern::parse(pattern.as_ref()?).ok()?))
    }

    /// Waits until one of its addresses routes, and says how it is reached.
    async fn reach(
        &self,
        launch: &Launch,
        address: &str,
    ) -> Result<(SocketAddr, Option<ClientTls>), LaunchError> {
        let target = known(address)?;
        let address = resolve(NAME, launch, &target).await?;
        target.permit(NAME, address.ip(), &launch.allowed.hosts)?;
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
