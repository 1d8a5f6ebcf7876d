//! The gateway on real sockets, on a thread of its own.

use std::time::Duration;

use net::World;
use serde_json::json;
use tokio::task::LocalSet;

use super::backend::{Backend, hang, ok, reset};
use super::client;
use super::rig::with;

/// Runs `part` in the real world.
fn real<F: Future>(part: impl FnOnce(World) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
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
        assert!(
            world.connect(address).await.is_err(),
            "a stopped gateway listens no longer"
        );
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
