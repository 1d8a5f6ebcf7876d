//! The kinds of misbehaviour. A fault decides, it does not act: it returns an [`Effect`], and one place acts on it.
//!
//! A new kind is one file here (settings, behaviour, documentation, tests), its `mod` line, and its line in the
//! registry below.

mod close;
mod cut;
mod dice;
mod effect;
mod fail_first;
mod hang;
mod latency;
mod outline;
mod refuse;
mod reset;
mod status;

pub use dice::Dice;
pub use effect::{Answer, Effect, Incoming, Place};
pub use outline::{Does, Outline};

units::registry! {
    /// A kind of misbehaviour with its settings, chosen by its key in the scenario.
    FaultSettings: Fault {
        "latency" => Latency in latency,
        "status" => Status in status,
        "fail_first" => FailFirst in fail_first,
        "hang" => Hang in hang,
        "reset" => Reset in reset,
        "close" => Close in close,
        "refuse" => Refuse in refuse,
    }
}

/// A kind of misbehaviour.
pub trait Fault {
    /// What it does to what arrives. A pure function of the incoming request or connection and the settings.
    fn effect(&self, incoming: &Incoming) -> Effect;

    /// What it does, in few figures, so that it can be told before a run what it can show.
    fn outline(&self) -> Outline;

    /// True if it hides attempts from the backend, so that arrivals can't be counted while it is in force.
    fn hides_attempts(&self) -> bool {
        false
    }

    /// True if it acts by closing the listener.
    fn closes_listener(&self) -> bool {
        false
    }

    /// What is wrong with settings that are well-formed but make no sense together.
    fn problem(&self) -> Option<String> {
        None
    }
}
