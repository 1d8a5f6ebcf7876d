//! A gateway that runs already.

use std::path::{Path, PathBuf};
use std::time::Duration;

use brownout_gateways::{Allowed, GatewaySettings, Handle, Launch, LaunchError, Running, Upstreams};
use net::World;
use net::tls::{Authority, ServerTls, hello};
use policy::Policy;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;

use super::backend::ok;
use super::rig::with;

fn settings(address: &str) -> Result<GatewaySettings, String> {
    serde_json::from_value(json!({ "url": { "address": address } })).map_err(|error| error.to_string())
}

async fn attach(world: &World, address: &str, allow_hosts: &[&str]) -> Result<Running, LaunchError> {
    let upstreams =
        Upstreams { backends: vec![], policy: Policy::default(), trust: None, base: PathBuf::new(), seed: 0 };
    let allowed =
        Allowed { hosts: allow_hosts.iter().map(ToString::to_string).collect(), ..Allowed::default() };
    let launch = Launch { world: world.clone(), upstreams, dir: PathBuf::new(), allowed, acted_on: false };
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
fn further_addresses_are_reached_by_their_names_and_each_has_to_be_allowed() {
    real(|world| async move {
        let rigs = [
            with(json!({})).one(world.clone(), |_| ok()).await,
            with(json!({})).one(world.clone(), |_| ok()).await,
        ];
        let [first, second] = rigs.each_ref().map(|rig| rig.gateway.address);
        let attach = async |further: &str| {
            let url = json!({ "address": format!("http://{first}"), "addresses": { "admin": further } });
            let settings: GatewaySettings = serde_json::from_value(json!({ "url": url })).unwrap();
            assert_eq!(settings.contract().further_addresses(), ["admin"]);
            let upstreams = Upstreams {
                backends: vec![],
                policy: Policy::default(),
                trust: None,
                base: PathBuf::new(),
                seed: 0,
            };
            let launch = Launch {
                world: world.clone(),
                upstreams,
                dir: PathBuf::new(),
                allowed: Allowed::default(),
                acted_on: false,
            };
            let permitted =
                settings.contract().permit(&Allowed::default()).map_err(|error| error.to_string());
            (permitted, settings.contract().launch(&launch).await.map_err(|error| error.to_string()))
        };
        let (permitted, attached) = attach(&format!("http://{second}")).await;
        assert_eq!(permitted, Ok(()));
        let attached = attached.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(attached.address, first);
        assert!(matches!(&attached.further[..], [(address, None)] if *address == second));
        let (permitted, attached) = attach("http://192.0.2.7:80").await;
        let refused = permitted.unwrap_err();
        assert!(refused.contains("`192.0.2.7` is 192.0.2.7, which is not this machine"), "{refused}");
        assert_eq!(attached.err(), Some(refused));
        for rig in rigs {
            rig.gateway.stop().await;
        }
    });
}

#[test]
fn what_is_no_address_of_a_gateway_is_refused_in_words() {
    let refused = |address: &str| settings(address).unwrap_err();
    insta::assert_snapshot!(refused("127.0.0.1:8080"), @"`127.0.0.1:8080` is not the address of a gateway: expected one such as `http://127.0.0.1:8080`");
    insta::assert_snapshot!(refused("http://me:secret@127.0.0.1"), @"the gateway's address carries a user name: expected only a host and a port");
    insta::assert_snapshot!(refused("http://127.0.0.1/orders"), @"`http://127.0.0.1/orders` carries a path: each traffic class has its own, expected only a host and a port");
    insta::assert_snapshot!(refused("http://127.0.0.1:0"), @"`http://127.0.0.1:0` is not the address of a gateway: expected one such as `http://127.0.0.1:8080`");
    let url =
        json!({ "url": { "address": "http://localhost", "addresses": { "admin": "http://localhost/a" } } });
    let further = serde_json::from_value::<GatewaySettings>(url).unwrap_err();
    insta::assert_snapshot!(further, @"`http://localhost/a` carries a path: each traffic class has its own, expected only a host and a port");
    for odd in
        ["", "http://", "http://:80", "http://127.0.0.1:99999", "ftp://127.0.0.1", "http://[::1", "\u{0}"]
    {
        assert!(settings(odd).is_err(), "{odd}");
    }
    for fine in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80/", "https://shop.test"] {
        assert!(settings(fine).is_ok(), "{fine}");
    }
}

/// A server over TLS that answers as a backend would: its port, and its authority in a file.
fn over_tls(world: &World, dir: &Path) -> u16 {
    let now = world.wall_clock();
    let (hour, names) = (Duration::from_hours(1), ["localhost".to_owned()]);
    let authority = Authority::new("test", now).unwrap();
    let tls = ServerTls::new(world, authority.issue(&names, now - hour, now + hour).unwrap()).unwrap();
    std::fs::write(dir.join("ca.pem"), authority.certificate_pem()).unwrap();
    let listener = world.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        while let Ok(mut stream) = listener.accept().await {
            let shaken = async { hello(&mut stream).await?.accept(&tls).await }.await;
            if shaken.is_ok() && stream.read(&mut [0; 4096]).await.is_ok() {
                let answer = b"HTTP/1.1 200 OK\r\nx-brownout-backend: 0\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(answer).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        }
    });
    port
}

async fn attach_over_tls(world: &World, dir: &Path, port: u16, tls: Value) -> Result<Running, LaunchError> {
    let upstreams =
        Upstreams { backends: vec![], policy: Policy::default(), trust: None, base: dir.to_owned(), seed: 0 };
    let launch = Launch {
        world: world.clone(),
        upstreams,
        dir: PathBuf::new(),
        allowed: Allowed::default(),
        acted_on: false,
    };
    let url = json!({ "url": { "address": format!("https://localhost:{port}"), "tls": tls } });
    let settings: GatewaySettings = serde_json::from_value(url).unwrap();
    settings.contract().launch(&launch).await
}

#[test]
fn a_gateway_is_reached_by_https_with_an_authority_from_a_file_or_unchecked_and_says_so() {
    real(|world| async move {
        let dir = tempfile::tempdir().unwrap();
        let port = over_tls(&world, dir.path());
        let attached = attach_over_tls(&world, dir.path(), port, json!({ "ca": "ca.pem" })).await.unwrap();
        assert!(attached.tls.is_some() && attached.version.is_none());
        let unchecked = attach_over_tls(&world, dir.path(), port, json!({ "verify": false })).await.unwrap();
        assert_eq!(unchecked.version.as_deref(), Some("certificate not verified"));
    });
}

#[test]
fn what_is_wrong_with_files_of_tls_is_told_with_their_path_and_without_their_content() {
    real(|world| async move {
        let dir = tempfile::tempdir().unwrap();
        let port = over_tls(&world, dir.path());
        std::fs::write(dir.path().join("own.key"), "very secret").unwrap();
        let refused = async |tls: Value| {
            let error = attach_over_tls(&world, dir.path(), port, tls).await.err().unwrap().to_string();
            error.replace(&dir.path().display().to_string(), "DIR")
        };
        insta::assert_snapshot!(refused(json!({ "ca": "none.pem" })).await, @"DIR/none.pem: No such file or directory (os error 2)");
        insta::assert_snapshot!(refused(json!({ "ca": "own.key" })).await, @"gateway `url`: DIR/own.key: it holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)");
        let own = json!({ "ca": "ca.pem", "certificate": "ca.pem", "key": "own.key" });
        insta::assert_snapshot!(refused(own).await, @"gateway `url`: DIR/ca.pem with DIR/own.key: it holds no private key in PEM form (`-----BEGIN PRIVATE KEY-----`)");
    });
}

#[test]
fn settings_of_tls_that_make_no_sense_together_are_refused() {
    let upstreams =
        Upstreams { backends: vec![], policy: Policy::default(), trust: None, base: PathBuf::new(), seed: 0 };
    let refused = |url: Value| {
        let settings: GatewaySettings = serde_json::from_value(json!({ "url": url })).unwrap();
        let refused = settings.contract().configuration(&upstreams).unwrap_err().remove(0);
        format!("{}: {}", refused.key, refused.why)
    };
    insta::assert_snapshot!(refused(json!({ "address": "http://localhost", "tls": {} })), @"gateway.url.tls: the address is one without TLS: write `https://…`, or remove `tls`");
    insta::assert_snapshot!(refused(json!({ "address": "https://localhost", "tls": { "key": "a" } })), @"gateway.url.tls: a key of the client needs its `certificate`");
    insta::assert_snapshot!(refused(json!({ "address": "https://localhost", "tls": { "verify": false, "ca": "a" } })), @"gateway.url.tls: with `verify = false` no certificate is checked, so `ca` says nothing: remove one of them");
}
