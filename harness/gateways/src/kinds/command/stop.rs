//! The signals by which programs can be ended.

use rustix::process::Signal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A signal, by its name in signal(7) without `SIG`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Stop {
    /// What most programs end on, and `docker run` passes on.
    #[default]
    Term,
    /// What Ctrl-C sends.
    Int,
    /// A graceful end for nginx and what is built on it.
    Quit,
    /// HAProxy's graceful end.
    Usr1,
    /// Apache's graceful end.
    Winch,
    /// At once, for a program that ends on nothing else.
    Kill,
}

impl Stop {
    /// The signal.
    pub(super) fn signal(self) -> Signal {
        match self {
            Stop::Term => Signal::TERM,
            Stop::Int => Signal::INT,
            Stop::Quit => Signal::QUIT,
            Stop::Usr1 => Signal::USR1,
            Stop::Winch => Signal::WINCH,
            Stop::Kill => Signal::KILL,
        }
    }

    /// Its name, as `setpriv` takes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Stop::Term => "TERM",
            Stop::Int => "INT",
            Stop::Quit => "QUIT",
            Stop::Usr1 => "USR1",
            Stop::Winch => "WINCH",
            Stop::Kill => "KILL",
        }
    }
}
