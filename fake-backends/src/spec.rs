//! What a pool of fake backends is to do.

use std::net::SocketAddr;

use evidence::{RecordedHeaders, RunNonce};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Moment, Size, Stretch};

use crate::correlate::Correlate;
use crate::fault::FaultSettings;
use crate::ramp::Ramp;
use crate::when::{Flap, When};

/// A pool of backends behind one gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PoolSpec {
    /// The backends; their order gives the index by which evidence names them.
    pub backends: Vec<BackendSpec>,
    /// What they do wrong, and when. At most 64, because an attempt notes its injections in 64 bits.
    pub injections: Vec<Injection>,
    /// The seed of every draw.
    pub seed: u64,
    /// Only tags of this run are counted as attempts.
    pub nonce: RunNonce,
    /// How many exchanges the plan has: tags from there on are foreign.
    pub exchanges_max: u64,
    /// Connections that the pool holds at a time; more are turned away and counted as lost.
    pub connections_max: usize,
    /// The largest request body that is read; a larger one ends the attempt as malformed.
    pub request_body_max: Size,
    /// The headers that are recorded of each attempt and its answer; without it, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordedHeaders>,
}

/// One backend.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BackendSpec {
    /// Its name in the scenario.
    pub name: String,
    /// Where it listens; port 0 of the loopback interface picks a free port.
    pub listen: SocketAddr,
    /// Bytes of a normal answer's body, at least those that the tag and the backend's name need.
    pub body: Size,
    /// Further headers of its answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Present if it speaks TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<BackendTls>,
}

/// TLS at a backend, with a certificate for [`TLS_NAME`](crate::TLS_NAME) and the backend's address, which an authority of
/// the run has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackendTls {}

/// A fault on some backends during some time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Injection {
    /// The kind of misbehaviour with its settings.
    pub fault: FaultSettings,
    /// If its settings are others at first, and move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Ramp>,
    /// The backends, by their index.
    pub backends: Vec<u16>,
    /// When it is in force.
    pub during: Stretch,
    /// If it comes and goes meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flap: Option<Flap>,
    /// What its hits on these backends have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlate: Option<Correlate>,
    /// The requests that it may hit.
    #[serde(default, skip_serializing_if = "When::is_empty")]
    pub when: When,
}

impl Injection {
    /// Whether it is in force at a backend at a moment.
    pub fn is_on(&self, backend: u16, at: Moment) -> bool {
        let since = || at.since(self.during.from);
        let has_turn = |how: Correlate| how.has_turn(self.place(backend), self.backends.len(), since());
        self.during.contains(at)
            && self.flap.is_none_or(|flap| flap.is_on(self.during.from, at))
            && self.correlate.is_none_or(has_turn)
    }

    /// Where a backend stands among its own.
    fn place(&self, backend: u16) -> usize {
        self.backends.iter().position(|own| *own == backend).unwrap_or(usize::MAX)
    }

    /// Its settings at a moment at which it is in force.
    pub(crate) fn settings(&self, at: Moment) -> &FaultSettings {
        let since = || at.since(self.during.from);
        self.ramp.as_ref().and_then(|ramp| ramp.at(&self.fault, since())).unwrap_or(&self.fault)
    }

    /// The stretches in which it is in force at a backend.
    pub(crate) fn stretches(&self, backend: u16) -> Vec<Stretch> {
        let stretches = match self.flap {
            None => vec![self.during],
            Some(flap) => {
                let begins =
                    std::iter::successors(Some(self.during.from), |begin| Some(*begin + *flap.period));
                let begins = begins.take_while(|begin| *begin < self.during.to);
                begins.map(|from| Stretch { from, to: (from + flap.on()).min(self.during.to) }).collect()
            }
        };
        match self.correlate {
            None => stretches,
            Some(how) => how.turns(self.place(backend), self.backends.len(), self.during, &stretches),
        }
    }
}
