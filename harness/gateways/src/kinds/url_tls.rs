//! How a gateway that runs already is talked to over TLS.

use std::path::{Path, PathBuf};

use net::tls::{ClientTls, Identity, Trust};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::launched::read_text;
use crate::{Launch, LaunchError};

const NAME: &str = "url";

/// How a gateway is talked to over TLS. Files are named relative to the scenario; they are read when the run begins, and
/// nothing of them is written anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UrlTls {
    /// The file of the authorities (PEM) whose certificates are believed. Without it: the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// The file of the client's own certificate (PEM), with its chain, for a gateway that demands one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// The file of the key (PEM) of that certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// The name that is asked for (SNI) and has to be in the gateway's certificate. Without it: the host of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the gateway's certificate is checked. `false` takes any, of whomever answers; the report says so.
    pub verify: bool,
}

impl Default for UrlTls {
    fn default() -> Self {
        UrlTls { ca: None, certificate: None, key: None, name: None, verify: true }
    }
}

impl UrlTls {
    /// What makes no sense together.
    pub(super) fn problem(&self) -> Option<String> {
        match (&self.certificate, &self.key, &self.ca) {
            (Some(_), None, _) => Some("a certificate of the client needs its `key`".into()),
            (None, Some(_), _) => Some("a key of the client needs its `certificate`".into()),
            (_, _, Some(_)) if !self.verify => Some(
                "with `verify = false` no certificate is checked, so `ca` says nothing: remove one of them"
                    .into(),
            ),
            _ => None,
        }
    }

    /// How the gateway at `host` is talked to.
    pub(super) fn client(&self, launch: &Launch, host: &str) -> Result<ClientTls, LaunchError> {
        let base = &launch.upstreams.base;
        let trust = match &self.ca {
            _ if !self.verify => Trust::Anyone,
            Some(ca) => Trust::Authorities(text(ca, base)?.into_bytes()),
            None => Trust::System,
        };
        let identity = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Some(identity(certificate, key, base)?),
            _ => None,
        };
        let name = self.name.as_deref().unwrap_or(host);
        ClientTls::new(&launch.world, name, trust, identity).map_err(|error| {
            let what = self.ca.as_ref().map_or("its TLS".into(), |ca| base.join(ca).display().to_string());
            LaunchError::Tls { gateway: NAME, what, error }
        })
    }
}

fn text(named: &Path, base: &Path) -> Result<String, LaunchError> {
    let read = read_text(named, base);
    read.map(|(_, text)| text).map_err(|(path, why)| LaunchError::Configuration { path, why })
}

fn identity(certificate: &Path, key: &Path, base: &Path) -> Result<Identity, LaunchError> {
    let read = Identity::from_pem(text(certificate, base)?.as_bytes(), text(key, base)?.as_bytes());
    read.map_err(|error| {
        let what = format!("{} with {}", base.join(certificate).display(), base.join(key).display());
        LaunchError::Tls { gateway: NAME, what, error }
    })
}
