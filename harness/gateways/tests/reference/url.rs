//! A gateway that runs already.

use std::path::PathBuf;

use brownout_gateways::{GatewaySettings, Handle, Launch, LaunchError, Running, Upstreams};
use net::World;
use policy::Policy;
use serde_json::json;
use tokio::task::LocalSet;

use super::backend::ok;
use super::rig::with;

fn settings(address: &str) -> Result<GatewaySettings, String> {
    serde_json::from_value(json!({ "url": { "address": address } })).map_err(|error| error.to_string())
}

async fn attach(world: &World, address: &str, allow_hosts: &[&str]) -> Result<Running, LaunchError> {
    let upstreams =
        Upstreams { backends: vec![], policy: Policy::default(), trust: None, base: PathBuf::new(), seed: 0 };
    let allow_hosts = allow_hosts.iter().map(ToString::to_string).collect();
    let launch = Launch { world: world.clone(), upstreams, dir: PathBuf::new(), allow_hosts };
    settings(address).unwrap().contract().launch(&launch).await
}

fn real<F: Future>(part: impl FnOnce(World) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async { part(World::real()).await });
}

#[test]
fn a_gateway_that_runs_already_is_attached_to_and_left_alone() {
    real(|world| async move {
        let rig = with(json!({})).one(world.clone(), |_| ok()).await;
        let port = rig.gateway.address.port();
        let attached = attach(&world, &format!("http://localhost:{port}"), &[]).await.unwrap();
        assert!(matches!(attached.handle, Handle::Attached));
        assert_eq!(attached.address.port(), port);
        attached.stop().await;
        assert_eq!(rig.get().await.status, 200);
        rig.gateway.stop().await;
    });
}

#[test]
fn a_gateway_on_another_machine_is_refused_before_a_byte_is_sent_to_it() {
    real(|world| async move {
        // An address for documentation (RFC 5737): nobody answers there.
        let error = attach(&world, "http://192.0.2.7:80", &[]).await.err().unwrap();
        insta::assert_snapshot!(error, @"gateway `url`: `192.0.2.7` is 192.0.2.7, which is not this machine; `--allow-host 192.0.2.7` allows it");
    });
}

#[test]
fn what_is_no_address_of_a_gateway_is_refused_in_words() {
    let refused = |address: &str| settings(address).unwrap_err();
    insta::assert_snapshot!(refused("127.0.0.1:8080"), @"`127.0.0.1:8080` is not the address of a gateway: expected one such as `http://127.0.0.1:8080`");
    insta::assert_snapshot!(refused("http://me:secret@127.0.0.1"), @"the gateway's address carries a user name: expected only a host and a port");
    insta::assert_snapshot!(refused("http://127.0.0.1/orders"), @"`http://127.0.0.1/orders` carries a path: each traffic class has its own, expected only a host and a port");
    insta::assert_snapshot!(refused("http://127.0.0.1:0"), @"`http://127.0.0.1:0` is not the address of a gateway: expected one such as `http://127.0.0.1:8080`");
    for odd in
        ["", "http://", "http://:80", "http://127.0.0.1:99999", "ftp://127.0.0.1", "http://[::1", "\u{0}"]
    {
        assert!(settings(odd).is_err(), "{odd}");
    }
    for fine in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80/", "https://shop.test"] {
        assert!(settings(fine).is_ok(), "{fine}");
    }
}
