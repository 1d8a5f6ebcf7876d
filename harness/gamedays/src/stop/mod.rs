//! What ends a game day while it runs: one file a kind, its `mod` line, and its line in the registry.

mod arrivals;
mod contract;
mod error_share;
mod file;
mod latency;
mod metric;
mod over;
pub(crate) mod url;

#[cfg(test)]
pub(crate) mod testing;

pub use contract::Reading;
pub(crate) use contract::{Cast, Look, Seen, Stop, Watch};

units::registry! {
    /// What ends a game day while it runs, chosen by its key.
    StopSettings: Stop {
        "error_share" => ErrorShare in error_share,
        "latency" => Latency in latency,
        "arrivals" => Arrivals in arrivals,
        "metric" => Metric in metric,
        "url" => Url in url,
        "file" => File in file,
    }
}

impl scenario::Kinds for StopSettings {
    const WHAT: &'static str = "stop condition kind";
    const LIST: &'static str = "stop";
    const ALL: &'static [units::Kind] = StopSettings::KINDS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_documented_under_the_headings() {
        for kind in StopSettings::KINDS {
            let docs = (kind.docs)();
            for heading in ["What it watches", "When it can't tell", "Example"] {
                assert!(units::chapter(&docs, heading).is_some(), "`{}` lacks {heading}", kind.name);
            }
        }
    }
}
