//! What an import comes to: the backends, the declared policy, and where each key of it stands in the source.

use std::collections::BTreeMap;

use policy::Policy;

use crate::note::Note;
use crate::place::Place;
use crate::xml::Asked;

/// What the user chose for what the configuration leaves open.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// Values of parameters, named values and slots of templates, by name.
    pub values: BTreeMap<String, String>,
    /// The backend or pool that the scenario is about.
    pub backend: Option<String>,
    /// The route that the scenario is about, where the configuration has routes.
    pub route: Option<String>,
    /// The request that the scenario is about, where a policy decides by it. Without it what is decided so stays open.
    pub request: Option<Asked>,
}

/// A backend that gets traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name in the source.
    pub name: String,
    /// Its share of the traffic, relative to the others of its group.
    pub weight: u32,
    /// Its group: a lower number is used first.
    pub priority: u32,
    /// Where the source names it.
    pub place: Place,
}

/// What was understood of a configuration.
#[derive(Clone, Debug)]
pub struct Import {
    /// The importer's name, such as `azure-api-management`.
    pub importer: &'static str,
    /// What the gateway is called, at the beginning of a sentence.
    pub gateway: &'static str,
    /// The backend or pool that the scenario is about.
    pub subject: String,
    /// The backends.
    pub members: Vec<Member>,
    /// What the gateway is declared to do.
    pub policy: Policy,
    /// Where each key of the policy stands in the source: `retry.attempts`.
    pub sources: BTreeMap<String, Place>,
    /// Keys of the policy that the configuration is silent on, each with the default that holds.
    pub defaults: BTreeMap<String, String>,
    /// Whether the next group of backends gets a part of the traffic before all of the first one are out.
    pub gradual: bool,
    /// Whether a status of a backend counts for the breaker only where the request is tried again, as it does for nginx.
    pub counts_retried: bool,
    /// The status of what the gateway answers while no backend may be asked.
    pub shed: Option<u16>,
    /// Whether a further attempt brings the request's body; nothing if there is none.
    pub keeps_body: Option<bool>,
    /// The request that all of the scenario's traffic is, if that was said.
    pub request: Option<Asked>,
    /// A configuration with which the gateway itself can be started in a run; nothing where it can't be.
    pub own: Option<OwnFile>,
    /// Mistakes, what was not understood, what is not rehearsed, and which readings were taken.
    pub notes: Vec<Note>,
}

impl Import {
    /// A subject of which nothing is understood so far.
    pub(crate) fn of(importer: &'static str, gateway: &'static str, subject: impl Into<String>) -> Self {
        Import {
            importer,
            gateway,
            subject: subject.into(),
            members: Vec::new(),
            policy: Policy::default(),
            sources: BTreeMap::new(),
            defaults: BTreeMap::new(),
            gradual: false,
            counts_retried: false,
            shed: None,
            keeps_body: None,
            request: None,
            own: None,
            notes: Vec::new(),
        }
    }
}

/// A copy of the configuration, as far as it was understood, with placeholders for the addresses of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFile {
    /// The kind of gateway that reads it: `haproxy`.
    pub kind: &'static str,
    /// How the names of its files end: `cfg`.
    pub ending: &'static str,
    /// The text.
    pub text: String,
}

/// Why nothing could be made of the files.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{words}")]
pub struct Refused {
    /// Why.
    pub words: String,
    /// What to do about it.
    pub help: String,
    /// What else was noticed.
    pub notes: Vec<Note>,
}
