//! The plan: everything resolved, names to indices, phases to stretches, rates to schedules.

use std::path::PathBuf;
use std::time::Duration;

use driver::DriverSpec;
use fake_backends::PoolSpec;
use gateways::{ActionSettings, GatewaySettings};
use judge::Demand;
use measure::brief::Brief;
use policy::Policy;
use serde::{Deserialize, Serialize};
use units::Size;

/// A scenario, resolved. It holds no address of the gateway and none of backends on free ports: those come with the
/// run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The scenario's name.
    pub name: String,
    /// The seed of every draw.
    pub seed: u64,
    /// The gateway under test.
    pub gateway: GatewaySettings,
    /// What it is declared to do.
    pub policy: Policy,
    /// The fake backends with their faults.
    pub pool: PoolSpec,
    /// What is done to the gateway during the run; the brief says when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionSettings>,
    /// The load.
    pub driver: DriverSpec,
    /// What is measured by.
    pub brief: Brief,
    /// What is demanded.
    pub demands: Vec<Demand>,
    /// From the epoch to the end of the last phase.
    pub length: Duration,
    /// How long after the last phase exchanges may take to finish.
    pub grace: Duration,
    /// The directory of the scenario file, from which paths in it are looked up.
    #[serde(skip)]
    pub base: PathBuf,
    /// The bounds that the plan was checked against.
    pub limits: Limits,
}

/// The bounds of a run. Each is checked when the plan is compiled, or counted while running.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Exchanges of a run, about 100 bytes each in memory while judging.
    pub exchanges: u64,
    /// Requests under way or waiting for a connection at a time.
    pub in_flight: usize,
    /// Connections from the driver to the gateway at a time.
    pub connections: usize,
    /// Connections that the backends hold at a time, over the whole pool.
    pub backend_connections: usize,
    /// Largest request or response body.
    pub body: Size,
    /// Requests a second, over all traffic classes.
    pub rate: units::Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            exchanges: 4_000_000,
            in_flight: 10_000,
            connections: 1_024,
            backend_connections: 20_000,
            body: Size(8 << 20),
            rate: units::Rate::per_second(50_000.0),
        }
    }
}
