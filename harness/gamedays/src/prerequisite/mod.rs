//! What has to hold before a game day begins: one file a kind, its `mod` line, and its line in the registry.

mod contract;
mod doctor;
mod gateway_version;
mod last_verdict;
mod steady;
mod url;

pub(crate) use contract::{Checked, Prerequisite, Scene};
pub(crate) use steady::passes;

units::registry! {
    /// What has to hold before a game day begins, chosen by its key.
    PrerequisiteSettings: Prerequisite {
        "doctor" => Doctor in doctor,
        "gateway_version" => GatewayVersion in gateway_version,
        "last_verdict" => LastVerdict in last_verdict,
        "steady" => Steady in steady,
        "url" => Url in url,
    }
}

impl scenario::Kinds for PrerequisiteSettings {
    const WHAT: &'static str = "prerequisite kind";
    const LIST: &'static str = "prerequisite";
    const ALL: &'static [units::Kind] = PrerequisiteSettings::KINDS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_documented_under_the_headings() {
        for kind in PrerequisiteSettings::KINDS {
            let docs = (kind.docs)();
            for heading in ["What it checks", "When it is not met", "Example"] {
                assert!(units::chapter(&docs, heading).is_some(), "`{}` lacks {heading}", kind.name);
            }
        }
    }
}
