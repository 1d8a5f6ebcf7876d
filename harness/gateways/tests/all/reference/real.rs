//! The gateway on real sockets, on a thread of its own.

use std::path::PathBuf;
use std::time::Duration;

use brownout_gateways::{Allowed, GatewaySettings, Launch, Upstreams};
use net::World;
use policy::Policy;
use serde_json::json;
use tokio::task::LocalSet;

use super::backend::{Backend, hang, ok, reset};
use super::client;
use super::rig::with;

/// Runs `part` in the real world.
fn real<F: Future>(part: impl FnOnce(World) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async { part(World::real()).await });
}

#[test]
fn real_requests_are_routed_retried_and_timed_out_until_the_gateway_is_stopped() {
    real(|world| async move {
        let policy = json!({
            "timeout": { "per_try": "200ms" },
            "retry": { "attempts": 2, "on": ["reset"] },
        });
        let script = |n| match n {
            0 => reset(),
            1 => ok(),
            _ => hang(),
        };
        let rig = with(policy).one(world.clone(), script).await;
        assert_eq!(rig.get().await.status, 200);
        assert_eq!(rig.backends[0].count(), 2);
        let got = rig.get().await;
        assert_eq!(got.status, 504);
        // The machine may be busy: only that it is not early is certain.
        assert!(got.took >= Duration::from_millis(200), "{:?}", got.took);
        let address = rig.gateway.address;
        rig.gateway.stop().await;
        assert!(world.connect(address).await.is_err(), "a stopped gateway listens no longer");
    });
}

#[test]
fn a_backend_that_takes_no_connections_is_met_by_the_connect_timeout() {
    real(|world| async move {
        let policy = json!({ "timeout": { "connect": "150ms" } });
        let backends = vec![Backend::start(&world, |_| ok())];
        let mut rig = with(policy).before(world.clone(), backends).await;
        let address = rig.backends[0].address;
        rig.backends[0].shut().await;
        // A listener with an accept queue of one place that is taken: Linux drops further SYNs.
        let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        full.set_reuse_address(true).unwrap();
        full.bind(&address.into()).unwrap();
        full.listen(0).unwrap();
        let _waiting = world.connect(address).await.unwrap();
        let got = client::ask(&world, rig.gateway.address, "GET", "/orders", "").await;
        assert_eq!(got.status, 502);
        assert!(got.took >= Duration::from_millis(150), "{:?}", got.took);
        rig.gateway.stop().await;
    });
}

#[test]
fn a_gateway_that_nobody_wants_any_more_stops_by_itself() {
    real(|world| async move {
        let rig = with(json!({})).one(world.clone(), |_| ok()).await;
        let (address, timer) = (rig.gateway.address, world.timer());
        drop(rig.gateway);
        let limit = timer.now() + Duration::from_secs(10);
        while world.connect(address).await.is_ok() {
            assert!(timer.now() < limit, "it listens still");
            timer.sleep(Duration::from_millis(5)).await;
        }
    });
}

#[test]
fn a_gateway_before_no_backend_is_never_ready() {
    net::simulate(|world| async move {
        let launch = Launch {
            world,
            upstreams: Upstreams {
                backends: vec![],
                policy: Policy::default(),
                trust: None,
                base: PathBuf::new(),
                seed: 0,
            },
            dir: PathBuf::new(),
            allowed: Allowed::default(),
            acted_on: false,
        };
        let settings: GatewaySettings = serde_json::from_value(json!({ "reference": {} })).unwrap();
        let error = settings.contract().launch(&launch).await.err().unwrap().to_string();
        // The port is whichever was free.
        insta::with_settings!({ filters => [(r"127\.0\.0\.1:\d+", "ADDRESS")] }, {
            insta::assert_snapshot!(error, @"gateway `reference` was not ready after 10 s; last probe: GET http://ADDRESS/: 503 Service Unavailable without `x-brownout-backend`: no backend answered; its last words: none");
        });
    });
}
