//! The kinds of gateways that can be tested.
//!
//! A new kind is one file here (settings, configuration, launching, documentation, tests), its `mod` line, and its
//! line in the registry below.

mod apache;
mod caddy;
mod command;
mod envoy;
mod haproxy;
mod launched;
mod nginx;
mod reference;
#[cfg(test)]
mod requests_tests;
mod traefik;
mod url;
mod url_tls;
mod varnish;

pub use launched::Program;
#[cfg(test)]
pub(crate) use launched::testing;
pub use launched::{Launched, backends_in};
pub(crate) use launched::{Values, on_path, secrets};

use crate::Gateway;

units::registry! {
    /// The gateway under test, chosen by its key in the scenario.
    GatewaySettings: Gateway {
        "reference" => Reference in reference,
        "haproxy" => Haproxy in haproxy,
        "nginx" => Nginx in nginx,
        "envoy" => Envoy in envoy,
        "caddy" => Caddy in caddy,
        "traefik" => Traefik in traefik,
        "apache" => Apache in apache,
        "varnish" => Varnish in varnish,
        "command" => Command in command,
        "url" => Url in url,
    }
}

impl GatewaySettings {
    /// A kind with nothing but its defaults; `None` for one that has to be told something.
    pub fn with_defaults(kind: &str) -> Option<Self> {
        serde_json::from_value(serde_json::json!({ kind: {} })).ok()
    }
}
