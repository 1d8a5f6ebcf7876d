//! The kinds of gateways that can be tested.
//!
//! A new kind is one file here (settings, configuration, launching, documentation, tests), its `mod` line, and its
//! line in the registry below.

mod reference;
mod url;

use crate::Gateway;

units::registry! {
    /// The gateway under test, chosen by its key in the scenario.
    GatewaySettings: Gateway {
        "reference" => reference::Reference,
        "url" => url::Url,
    }
}
