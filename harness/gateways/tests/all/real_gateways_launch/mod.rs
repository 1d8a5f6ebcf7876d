//! The gateways that are programs, started for real: they route, retry as the policy says, and are gone afterwards.
//!
//! A gateway that is not installed is skipped, visibly, unless `BROWNOUT_REQUIRE_GATEWAYS` is 1.

use std::path::{Path, PathBuf};
use std::time::Duration;

use brownout_gateways::{
    Allowed, GatewaySettings, Handle, Launch, LaunchError, Running, Upstream, Upstreams,
};
use net::World;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::LocalSet;

mod acting;
mod command;
mod configurations;

use crate::reference::backend::{Act, Backend, ok, reset, status};
use crate::reference::client;

/// Runs `part` in the real world, in a directory of its own, for a minute at the most.
fn real<F: Future>(part: impl FnOnce(World, PathBuf) -> F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let world = World::real();
        let timer = world.timer();
        let limit = timer.now() + Duration::from_mins(1);
        let done = timer.until(limit, part(world, dir.path().to_owned())).await;
        done.expect("something was waited for in vain")
    })
}

/// Starts a gateway before two backends.
async fn launch(
    world: &World,
    dir: &Path,
    gateway: &Value,
    policy: Value,
    backends: &[Backend],
) -> Result<Running, LaunchError> {
    launch_with(world, dir, gateway, policy, backends, [0, 0]).await
}

/// Starts a gateway before two backends of these priorities.
async fn launch_with(
    world: &World,
    dir: &Path,
    gateway: &Value,
    policy: Value,
    backends: &[Backend],
    priorities: [u32; 2],
) -> Result<Running, LaunchError> {
    let settings: GatewaySettings = serde_json::from_value(gateway.clone()).unwrap();
    let upstream = |((backend, name), priority): ((&Backend, &str), u32)| Upstream {
        name: name.into(),
        address: backend.address,
        weight: 3,
        priority,
        tls: false,
    };
    let launch = Launch {
        world: world.clone(),
        upstreams: Upstreams {
            backends: backends.iter().zip(["orders-a", "orders-b"]).zip(priorities).map(upstream).collect(),
            policy: serde_json::from_value(policy).unwrap(),
            trust: None,
            base: dir.to_owned(),
            seed: 1,
        },
        dir: dir.join("gateway"),
        allowed: Allowed { commands: true, ..Allowed::default() },
        acted_on: true,
    };
    settings.contract().launch(&launch).await
}

/// Nothing if the gateway is not installed and need not be.
fn unless_missing(launched: Result<Running, LaunchError>) -> Option<Running> {
    match launched {
        Ok(running) => Some(running),
        Err(LaunchError::Missing { gateway, .. }) if !required() => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "skipped: {gateway} is not installed");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn required() -> bool {
    std::env::var_os("BROWNOUT_REQUIRE_GATEWAYS").is_some_and(|value| value == "1")
}

fn two(world: &World, first: fn(usize) -> Act) -> Vec<Backend> {
    vec![Backend::start(world, first), Backend::start(world, |_| ok())]
}

/// The number of the gateway's process group.
fn group(running: &Running) -> u32 {
    match &running.handle {
        Handle::Launched(program) => program.id().unwrap(),
        _ => panic!("not a process"),
    }
}

/// The processes of a group, without those that only wait to be reaped.
fn living(group: u32) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let Some((_, fields)) = stat.rsplit_once(')') else { continue };
        let fields: Vec<&str> = fields.split_whitespace().collect();
        if fields[2] == group.to_string() && fields[0] != "Z" {
            found.push(stat);
        }
    }
    found
}

async fn until_nobody_lives(world: &World, group: u32) {
    let timer = world.timer();
    let limit = timer.now() + Duration::from_secs(10);
    while !living(group).is_empty() {
        assert!(timer.now() < limit, "{:?}", living(group));
        timer.sleep(Duration::from_millis(5)).await;
    }
}

/// A policy of which much can be said to this gateway.
fn much(name: &str) -> Value {
    let on = match name {
        "caddy" => json!(["connect-failure", "reset", "timeout"]),
        "traefik" => json!(["503", "502", "504", "connect-failure", "reset", "timeout"]),
        "apache" => json!(["connect-failure"]),
        _ => json!(["503", "connect-failure", "reset", "timeout"]),
    };
    let other_backend = !["caddy", "traefik", "apache", "varnish"].contains(&name);
    json!({
        "timeout": { "connect": "1s", "per_try": "2s" },
        "retry": { "attempts": 2, "on": on, "methods": ["GET"], "other_backend": other_backend },
    })
}

#[rstest]
#[case::haproxy("haproxy", "HAProxy ")]
#[case::nginx("nginx", "nginx ")]
#[case::envoy("envoy", "envoy ")]
#[case::caddy("caddy", "Caddy ")]
#[case::traefik("traefik", "Traefik ")]
#[case::apache("apache", "Apache ")]
#[case::varnish("varnish", "Varnish ")]
fn a_gateway_routes_in_turns_says_its_version_and_is_gone_when_stopped(
    #[case] name: &str,
    #[case] version: &str,
    #[values(false, true)] with_policy: bool,
) {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok());
        let policy = if with_policy { much(name) } else { json!({}) };
        let launched = launch(&world, &dir, &json!({ name: {} }), policy, &backends).await;
        let Some(running) = unless_missing(launched) else { return };
        for _ in 0..10 {
            assert_eq!(client::ask(&world, running.address, "GET", "/orders", "").await.status, 200);
        }
        assert_eq!([backends[0].count(), backends[1].count()], [5, 5]);
        let said = running.version.clone().unwrap();
        let number = said.strip_prefix(version).unwrap();
        assert!(number.starts_with(|first: char| first.is_ascii_digit()), "{said}");
        let (group, address) = (group(&running), running.address);
        assert!(!living(group).is_empty());
        running.stop().await;
        until_nobody_lives(&world, group).await;
        assert!(world.connect(address).await.is_err(), "a stopped gateway listens no longer");
    });
}

#[rstest]
fn a_read_that_was_reset_is_tried_again_and_a_write_is_not(
    #[values("haproxy", "nginx", "envoy", "caddy", "traefik", "varnish")] name: &str,
) {
    real(|world, dir| async move {
        let backends = two(&world, |_| reset());
        let launched = launch(&world, &dir, &json!({ name: {} }), much(name), &backends).await;
        let Some(running) = unless_missing(launched) else { return };
        for _ in 0..10 {
            assert_eq!(client::ask(&world, running.address, "GET", "/orders", "").await.status, 200);
        }
        assert_eq!(backends[1].count(), 10);
        let before = backends[0].count() + backends[1].count();
        let mut lost = 0;
        for _ in 0..10 {
            let got = client::ask(&world, running.address, "POST", "/orders", "one").await;
            lost += usize::from(got.status != 200);
        }
        assert_eq!(backends[0].count() + backends[1].count() - before, 10, "one arrival for each write");
        assert_eq!(lost, 5);
        running.stop().await;
    });
}

#[rstest]
#[case::haproxy("haproxy", json!({ "breaker": { "trip": { "consecutive": 3 }, "open_for": "30s" } }))]
#[case::nginx("nginx", json!({
    "timeout": { "connect": "1s", "per_try": "1s", "total": "4s" },
    "retry": { "attempts": 2, "on": ["503", "connect-failure", "reset", "timeout"], "methods": ["GET", "POST"] },
    "breaker": { "trip": { "count": 3, "within": "30s" }, "open_for": "30s", "tick": "1s" },
}))]
#[case::envoy("envoy", json!({
    "timeout": { "connect": "1s", "per_try": "1s", "total": "4s" },
    "retry": {
        "attempts": 2, "on": ["503", "connect-failure", "reset", "timeout"], "methods": ["GET"],
        "backoff": { "base": "2ms", "jitter": true },
    },
    "breaker": { "trip": { "consecutive": 3 }, "open_for": "30s" },
}))]
#[case::envoy_by_share("envoy", json!({
    "breaker": { "trip": { "share": 0.5, "within": "200ms", "min": 2 }, "open_for": "30s", "tick": "200ms" },
}))]
fn a_breaker_opens_on_the_primary_and_the_backup_takes_over(#[case] name: &str, #[case] policy: Value) {
    real(|world, dir| async move {
        let backends = two(&world, |_| status(503));
        let gateway = json!({ name: {} });
        let launched = launch_with(&world, &dir, &gateway, policy, &backends, [0, 5]).await;
        let Some(running) = unless_missing(launched) else { return };
        let timer = world.timer();
        let limit = timer.now() + Duration::from_secs(20);
        // Until as many requests in a row as a breaker of any kind would notice have not reached the primary.
        let mut silent = 0;
        while silent < 50 {
            assert!(timer.now() < limit, "the primary is still used");
            let before = backends[0].count();
            let got = client::ask(&world, running.address, "GET", "/orders", "").await;
            silent = if backends[0].count() == before && got.status == 200 { silent + 1 } else { 0 };
        }
        assert!(backends[0].count() >= 2, "the primary was never used");
        running.stop().await;
    });
}

#[rstest]
fn a_gateway_that_is_dropped_is_gone_with_all_its_processes(
    #[values("haproxy", "nginx", "envoy", "caddy", "traefik", "apache", "varnish")] name: &str,
) {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok());
        let launched = launch(&world, &dir, &json!({ name: {} }), json!({}), &backends).await;
        let Some(running) = unless_missing(launched) else { return };
        let group = group(&running);
        drop(running);
        until_nobody_lives(&world, group).await;
    });
}

/// What a brownout that is killed leaves behind is what a thread leaves behind that ends without stopping anything.
#[rstest]
fn a_gateway_does_not_outlive_the_thread_that_started_it(
    #[values("haproxy", "nginx", "envoy", "caddy", "traefik", "apache", "varnish")] name: &str,
) {
    real(|world, dir| async move {
        if !Path::new("/usr/bin/setpriv").exists() {
            return;
        }
        let name = name.to_owned();
        let started = std::thread::spawn(move || {
            real(|world, _| async move {
                let backends = two(&world, |_| ok());
                let launched = launch(&world, &dir, &json!({ name: {} }), json!({}), &backends).await;
                let running = unless_missing(launched)?;
                let group = group(&running);
                assert!(!living(group).is_empty());
                std::mem::forget(running);
                Some(group)
            })
        });
        if let Some(group) = started.join().unwrap() {
            until_nobody_lives(&world, group).await;
        }
    });
}

fn script(dir: &Path, text: &str) -> Value {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join("program");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    json!({ "haproxy": { "binary": path } })
}

/// What a launch is refused with; the directory reads as `DIR`, an address as `ADDRESS`.
fn refused(gateway: impl FnOnce(&Path) -> Value) -> String {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok());
        let launched = launch(&world, &dir, &gateway(&dir), json!({}), &backends).await;
        launched.err().unwrap().to_string().replace(&dir.display().to_string(), "DIR")
    })
}

#[test]
fn a_program_that_is_missing_is_named_with_where_it_was_looked_for() {
    insta::assert_snapshot!(refused(|_| json!({ "haproxy": { "binary": "/nowhere/haproxy" } })), @"gateway `haproxy`: the program `/nowhere/haproxy` was not found (searched in the place that `binary` names)");
    insta::assert_snapshot!(refused(|_| json!({ "envoy": { "binary": "no-such-envoy" } })), @"gateway `envoy`: the program `no-such-envoy` was not found (searched in PATH, /usr/local/sbin, /usr/sbin)");
    insta::assert_snapshot!(refused(|_| json!({ "nginx": { "binary": "bin/nginx" } })), @"gateway `nginx`: the program `DIR/bin/nginx` was not found (searched in the place that `binary` names)");
}

#[test]
fn a_program_that_ends_at_once_is_told_with_its_last_words() {
    insta::assert_snapshot!(refused(|_| json!({ "haproxy": { "binary": "/bin/false" } })), @"gateway `haproxy` ended before it was ready (exit status: 1); its last words: none");
    insta::assert_snapshot!(refused(|dir| script(dir, "#!/bin/sh\necho 'no licence'; exit 7\n")), @"gateway `haproxy` ended before it was ready (exit status: 7); its last words: no licence");
}

#[test]
fn a_program_that_never_gets_ready_is_given_up_after_ten_seconds() {
    let text = "#!/bin/sh\n[ \"$1\" = -v ] && exit\necho 'one moment'\nexec sleep 100\n";
    let error = refused(|dir| script(dir, text));
    insta::with_settings!({ filters => [(r"127\.0\.0\.1:\d+", "ADDRESS")] }, {
        insta::assert_snapshot!(error, @r#"
        gateway `haproxy` was not ready after 10 s; last probe: GET http://ADDRESS/: connecting to ADDRESS: Connection refused (os error 111); its last words: one moment
        help: if it routes another path or host, answers itself, or needs longer, say so in `[gateway.haproxy]`: `ready = { path = "/healthz", host = "shop.test", status = 200, within = "60s" }`
        "#);
    });
}
