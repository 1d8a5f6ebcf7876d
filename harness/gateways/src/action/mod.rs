//! What can be done to the gateway itself during a run: one file a kind, its `mod` line, and its line in the registry.

mod back;
mod contract;
mod kill;
mod out;
mod pause;
mod reload;
mod restart;

pub use contract::{Action, Scene};

units::registry! {
    /// Something that is done to the gateway at a moment of a phase, chosen by its key in the scenario.
    ActionSettings: Action {
        "reload" => Reload in reload,
        "restart" => Restart in restart,
        "kill" => Kill in kill,
        "pause" => Pause in pause,
        "out" => Out in out,
        "in" => In in back,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_documented_under_the_headings() {
        for kind in ActionSettings::KINDS {
            let docs = (kind.docs)();
            for heading in ["What it does", "What it stands for", "When it fails", "Example"] {
                assert!(units::chapter(&docs, heading).is_some(), "`{}` lacks {heading}", kind.name);
            }
        }
    }
}
