//! The kinds of gateways that can be tested.
//!
//! A new kind is one file here (settings, configuration, launching, documentation, tests), its `mod` line, and its
//! line in the registry below.

mod command;
mod envoy;
mod haproxy;
mod launched;
mod nginx;
mod reference;
mod url;
mod url_tls;

pub(crate) use launched::on_path;

use crate::Gateway;

units::registry! {
    /// The gateway under test, chosen by its key in the scenario.
    GatewaySettings: Gateway {
        "reference" => Reference in reference,
        "haproxy" => Haproxy in haproxy,
        "nginx" => Nginx in nginx,
        "envoy" => Envoy in envoy,
        "command" => Command in command,
        "url" => Url in url,
    }
}
