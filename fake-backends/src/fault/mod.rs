//! The kinds of misbehaviour, by family. A fault decides, it does not act: it returns an [`Effect`], and one place acts on it.
//!
//! A new kind is one file in a family (settings, behaviour, documentation, tests), its `mod` line there, and its line in the
//! registry below.

mod answers;
mod connection;
mod dice;
mod effect;
mod outline;
mod time;

pub use dice::Dice;
pub use effect::{Answer, Effect, Incoming, Place};
pub use outline::{Does, Outline};

units::registry! {
    /// A kind of misbehaviour with its settings, chosen by its key in the scenario.
    FaultSettings: Fault {
        "latency" => Latency in time::latency,
        "status" => Status in answers::status,
        "fail_first" => FailFirst in answers::fail_first,
        "hang" => Hang in answers::hang,
        "reset" => Reset in connection::reset,
        "close" => Close in connection::close,
        "refuse" => Refuse in connection::refuse,
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
