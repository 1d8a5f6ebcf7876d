//! The whole file, and its smaller tables.

use fake_backends::BackendTls;
use gateways::GatewaySettings;
use judge::ExpectationSettings;
use policy::Policy;
use schemars::JsonSchema;
use serde::Deserialize;
use units::Size;

use super::{ExpectOwn, Keyed, Located, MixTable, Named, PhaseTable, TrafficTable};
use crate::Limits;

/// A scenario: fake backends that misbehave in phases, traffic through a gateway, and what is expected of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Brownout scenario")]
pub(crate) struct Scenario {
    /// What the scenario is called, in reports and in the name of the run directory.
    pub(crate) name: Located<String>,
    /// Why it exists: what would go wrong in production if it failed.
    pub(crate) why: Option<String>,
    /// Who answers for it.
    pub(crate) owner: Option<String>,
    /// What to do when it fails.
    pub(crate) rollback: Option<String>,
    /// The seed of every draw; the same file and seed plan the same faults and the same schedule.
    #[serde(default)]
    pub(crate) seed: u64,
    /// The gateway under test: one table, named by its kind. Without it: the reference gateway.
    pub(crate) gateway: Option<Located<GatewayTable>>,
    /// What the gateway is declared to do when upstreams fail.
    pub(crate) policy: Option<Policy>,
    /// What all fake backends have in common.
    #[serde(default)]
    pub(crate) backends: BackendsTable,
    /// The fake backends, by name.
    #[serde(default)]
    pub(crate) backend: Named<BackendTable>,
    /// The traffic classes, by name.
    #[serde(default)]
    pub(crate) traffic: Named<TrafficTable>,
    /// Mixes of traffic classes, by name.
    #[serde(default)]
    pub(crate) mix: Named<MixTable>,
    /// The phases, in order, each beginning when the one before it ends.
    #[serde(default)]
    pub(crate) phase: Vec<PhaseTable>,
    /// What is expected of the gateway.
    #[serde(default)]
    pub(crate) expect: Vec<Keyed<ExpectOwn, ExpectationSettings>>,
    /// Which headers are recorded. Those that expectations need are recorded without being listed.
    pub(crate) record: Option<RecordTable>,
    /// The bounds of the run.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// How the driver runs.
    #[serde(default)]
    pub(crate) driver: DriverTable,
}

/// The gateway's kind and settings.
pub(crate) type GatewayTable = Keyed<GatewayOwn, GatewaySettings>;

/// A gateway table has no keys beside the kind.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Gateway")]
pub(crate) struct GatewayOwn {}

/// A fake backend.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Backend")]
pub(crate) struct BackendTable {
    /// Where it listens, such as `127.0.0.1:9001`. An address that other machines can reach, such as `10.0.0.5:9001`, has to be allowed
    /// by `--allow-listen 10.0.0.5`; `0.0.0.0` and `[::]` stand for all addresses. Without it: any free port of 127.0.0.1.
    pub(crate) listen: Option<Located<String>>,
    /// Its share of the traffic, relative to the others of its priority, from 1 to 256. Without it: 1.
    pub(crate) weight: Option<Located<u32>>,
    /// Its group: backends of a higher number are used only when all of the lower ones are out. Without it: 0, first.
    pub(crate) priority: Option<Located<u32>>,
    /// Bytes of a normal answer's body. Without it: 1 KiB.
    pub(crate) body: Option<Located<Size>>,
    /// Further headers of its answers, such as `headers = { cache-control = "no-store" }`.
    #[serde(default)]
    pub(crate) headers: Named<Located<String>>,
    /// Present if it speaks TLS, with a certificate that an authority of the run signs. Without it: as `[backends]` says.
    pub(crate) tls: Option<BackendTls>,
}

/// What all fake backends have in common.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Backends")]
pub(crate) struct BackendsTable {
    /// Present if all of them speak TLS, each with a certificate that an authority of the run signs.
    pub(crate) tls: Option<BackendTls>,
}

impl Scenario {
    /// The TLS of a backend: its own, or that of all.
    pub(crate) fn tls_of(&self, backend: &BackendTable) -> Option<BackendTls> {
        backend.tls.or(self.backends.tls)
    }
}

/// The headers that are recorded of each request and each answer, at both ends of the gateway, with the path and query of
/// each request. What they hold is told by `brownout explain evidence/headers`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Record")]
pub(crate) struct RecordTable {
    /// Their names; at most 32, with those that expectations need. Values with `{{env.NAME}}`, and those of headers that carry
    /// credentials by their name (`authorization`, `cookie`, `x-api-key`, and the like), are recorded as hashes.
    #[serde(default)]
    pub(crate) headers: Vec<Located<String>>,
    /// The names of further headers, whose values are recorded as hashes too.
    #[serde(default)]
    pub(crate) secret: Vec<Located<String>>,
}

/// How the driver runs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Driver")]
pub(crate) struct DriverTable {
    /// Threads that send, from 1 to 64. Without it: one for each 10 000 requests a second.
    pub(crate) threads: Option<Located<usize>>,
}
