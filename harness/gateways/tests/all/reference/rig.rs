//! A gateway with its backends, set up in one call.

use std::path::PathBuf;

use brownout_gateways::{Allowed, GatewaySettings, Launch, Running, Upstream, Upstreams};
use net::World;
use policy::Policy;
use serde_json::{Value, json};

use super::backend::{Act, Backend};
use super::client::{self, Got};

/// A running gateway before running backends.
pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) gateway: Running,
    pub(crate) backends: Vec<Backend>,
}

/// What to set up. Every backend has weight 1 and priority 0 unless said.
pub(crate) struct Setup {
    policy: Value,
    defects: Vec<&'static str>,
    seed: u64,
    ranks: Vec<(u32, u32)>,
}

/// A setup with this policy.
pub(crate) fn with(policy: Value) -> Setup {
    Setup { policy, defects: Vec::new(), seed: 7, ranks: Vec::new() }
}

impl Setup {
    pub(crate) fn defects(mut self, defects: &[&'static str]) -> Setup {
        self.defects = defects.to_vec();
        self
    }

    pub(crate) fn seed(mut self, seed: u64) -> Setup {
        self.seed = seed;
        self
    }

    /// Weight and priority of each backend.
    pub(crate) fn ranks(mut self, ranks: &[(u32, u32)]) -> Setup {
        self.ranks = ranks.to_vec();
        self
    }

    /// One backend with a script.
    pub(crate) async fn one(self, world: World, script: impl Fn(usize) -> Act + 'static) -> Rig {
        let backend = Backend::start(&world, script);
        self.before(world, vec![backend]).await
    }

    /// These backends. The epoch comes when the gateway is ready.
    pub(crate) async fn before(self, world: World, backends: Vec<Backend>) -> Rig {
        let policy: Policy = serde_json::from_value(self.policy).unwrap();
        assert_eq!(policy.problems(), []);
        let settings: GatewaySettings =
            serde_json::from_value(json!({ "reference": { "defects": self.defects } })).unwrap();
        let upstream = |(index, backend): (usize, &Backend)| {
            let (weight, priority) = self.ranks.get(index).copied().unwrap_or((1, 0));
            Upstream {
                name: format!("backend-{index}"),
                address: backend.address,
                weight,
                priority,
                tls: false,
            }
        };
        let launch = Launch {
            world: world.clone(),
            upstreams: Upstreams {
                backends: backends.iter().enumerate().map(upstream).collect(),
                policy,
                trust: None,
                base: PathBuf::new(),
                seed: self.seed,
            },
            dir: PathBuf::new(),
            allowed: Allowed::default(),
            acted_on: false,
        };
        let gateway = settings.contract().launch(&launch).await.unwrap();
        world.set_epoch_in(std::time::Duration::ZERO);
        Rig { world, gateway, backends }
    }
}

impl Rig {
    pub(crate) async fn get(&self) -> Got {
        client::ask(&self.world, self.gateway.address, "GET", "/orders", "").await
    }

    pub(crate) async fn post(&self, body: &str) -> Got {
        client::ask(&self.world, self.gateway.address, "POST", "/orders", body).await
    }

    /// So many requests, one after the other; their statuses.
    pub(crate) async fn gets(&self, count: usize) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(self.get().await.status);
        }
        statuses
    }

    pub(crate) async fn sleep(&self, millis: u64) {
        self.world.timer().sleep(std::time::Duration::from_millis(millis)).await;
    }

    /// How many requests have arrived at each backend.
    pub(crate) fn counts(&self) -> Vec<usize> {
        self.backends.iter().map(Backend::count).collect()
    }

    /// Whole milliseconds between the arrivals at the first backend.
    pub(crate) fn gaps(&self) -> Vec<u128> {
        let arrivals = self.backends[0].arrivals();
        arrivals.windows(2).map(|two| two[1].at.since(two[0].at).as_millis()).collect()
    }
}
