//! The registries whose kinds a file chooses from by key.

use fake_backends::fault::FaultSettings;
use gateways::{ActionSettings, GatewaySettings};
use judge::ExpectationSettings;
use units::Kind;

/// A registry of kinds.
pub trait Kinds: Sized {
    /// What one of them is called: `fault kind`.
    const WHAT: &'static str;
    /// The word by which `brownout list` shows them; for kinds of other files, the word before their names in `brownout explain`.
    const LIST: &'static str;
    /// All of them.
    const ALL: &'static [Kind];
}

impl Kinds for FaultSettings {
    const WHAT: &'static str = "fault kind";
    const LIST: &'static str = "faults";
    const ALL: &'static [Kind] = FaultSettings::KINDS;
}

impl Kinds for ExpectationSettings {
    const WHAT: &'static str = "expectation kind";
    const LIST: &'static str = "expectations";
    const ALL: &'static [Kind] = ExpectationSettings::KINDS;
}

impl Kinds for ActionSettings {
    const WHAT: &'static str = "action kind";
    const LIST: &'static str = "actions";
    const ALL: &'static [Kind] = ActionSettings::KINDS;
}

impl Kinds for GatewaySettings {
    const WHAT: &'static str = "gateway kind";
    const LIST: &'static str = "gateways";
    const ALL: &'static [Kind] = GatewaySettings::KINDS;
}
