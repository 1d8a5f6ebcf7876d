//! What is done to a gateway while it runs, by its own means.

use std::path::Path;

use brownout_gateways::NotDone;

use super::configurations::{ENVOY, HAPROXY, NGINX, own};
use super::*;

/// What a gateway before two backends makes of `part`, or nothing if it is not installed.
fn acting<F: Future<Output = ()>>(
    name: &str,
    gateway: impl FnOnce(&Path) -> Value,
    part: impl FnOnce(World, Running, Vec<Backend>) -> F,
) {
    let name = name.to_owned();
    real(|world, dir| async move {
        // One of the gateways forwards bytes, and leaves it to the backend to end the connection.
        let backends: Vec<Backend> = [0, 1].map(|_| Backend::start(&world, |_| ok().and_close())).into();
        let gateway = json!({ name: gateway(&dir) });
        let launched = launch(&world, &dir, &gateway, json!({}), &backends).await;
        if let Some(running) = unless_missing(launched) {
            part(world, running, backends).await;
        }
    });
}

/// How many of ten requests reach each backend.
async fn reached(world: &World, running: &Running, backends: &[Backend]) -> Vec<usize> {
    let count = || backends.iter().map(Backend::count).collect::<Vec<_>>();
    let before = count();
    for _ in 0..10 {
        assert_eq!(client::ask(world, running.address, "GET", "/x", "").await.status, 200);
    }
    count().iter().zip(before).map(|(after, before)| after - before).collect()
}

#[rstest]
fn a_reload_takes_a_backend_out_and_brings_it_back(
    #[values("haproxy", "nginx", "envoy", "apache")] name: &str,
) {
    acting(
        name,
        |_| json!({}),
        |world, running, backends| async move {
            assert!(!reached(&world, &running, &backends).await.contains(&0));
            running.acts().reload(None, &[1]).await.unwrap();
            assert_eq!(reached(&world, &running, &backends).await, [0, 10]);
            running.acts().reload(None, &[0, 1]).await.unwrap();
            assert!(!reached(&world, &running, &backends).await.contains(&0));
            let group = group(&running);
            running.stop().await;
            until_nobody_lives(&world, group).await;
        },
    );
}

#[rstest]
fn a_gateway_that_is_restarted_in_order_or_killed_routes_again(
    #[values("haproxy", "nginx", "envoy", "apache")] name: &str,
) {
    acting(
        name,
        |_| json!({}),
        |world, running, backends| async move {
            let first = group(&running);
            running.acts().reload(None, &[1]).await.unwrap();
            running.acts().restart().await.unwrap();
            assert_eq!(
                reached(&world, &running, &backends).await,
                [0, 10],
                "a restart changes no configuration"
            );
            running.acts().kill(Duration::from_millis(50)).await.unwrap();
            assert_eq!(reached(&world, &running, &backends).await, [0, 10]);
            until_nobody_lives(&world, first).await;
            let timer = world.timer();
            let soon = timer.now() + Duration::from_millis(50);
            assert_eq!(timer.until(soon, running.ended()).await, None, "an action is no end");
            let last = group(&running);
            running.stop().await;
            until_nobody_lives(&world, last).await;
        },
    );
}

#[rstest]
fn a_gateway_that_has_no_reload_is_restarted_in_order_or_killed(
    #[values("caddy", "traefik", "varnish")] name: &str,
) {
    acting(
        name,
        |_| json!({}),
        |world, running, backends| async move {
            let first = group(&running);
            let error = running.acts().reload(None, &[1]).await.unwrap_err();
            assert_eq!(error, NotDone::Failed("it has no means for that".into()));
            running.acts().restart().await.unwrap();
            until_nobody_lives(&world, first).await;
            assert_eq!(reached(&world, &running, &backends).await, [5, 5]);
            let second = group(&running);
            running.acts().kill(Duration::from_millis(50)).await.unwrap();
            until_nobody_lives(&world, second).await;
            assert_eq!(reached(&world, &running, &backends).await, [5, 5]);
            let last = group(&running);
            running.stop().await;
            until_nobody_lives(&world, last).await;
        },
    );
}

#[rstest]
fn a_gateway_that_is_paused_answers_when_it_goes_on(
    #[values("haproxy", "nginx", "envoy", "caddy", "traefik", "apache", "varnish")] name: &str,
) {
    acting(
        name,
        |_| json!({}),
        |world, running, _backends| async move {
            let (pause, asked) = tokio::join!(running.acts().pause(Duration::from_millis(300)), async {
                world.timer().sleep(Duration::from_millis(20)).await;
                client::ask(&world, running.address, "GET", "/x", "").await
            });
            pause.unwrap();
            assert_eq!(asked.status, 200);
            assert!(asked.took >= Duration::from_millis(250), "{:?}", asked.took);
            // A pause that is given up leaves nothing standing still.
            let timer = world.timer();
            let soon = timer.now() + Duration::from_millis(20);
            assert_eq!(timer.until(soon, running.acts().pause(Duration::from_mins(1))).await, None);
            assert_eq!(client::ask(&world, running.address, "GET", "/x", "").await.status, 200);
        },
    );
}

#[rstest]
#[case::haproxy("haproxy", "my.cfg", HAPROXY)]
#[case::nginx("nginx", "my.conf", NGINX)]
#[case::envoy("envoy", "my.json", ENVOY)]
fn another_configuration_of_the_users_own_is_taken_up(
    #[case] name: &str,
    #[case] file: &str,
    #[case] text: &str,
) {
    let write = |dir: &Path| {
        let moved = text.replace("orders-a", "orders-b");
        std::fs::write(dir.join(format!("moved-{file}")), moved).unwrap();
        std::fs::write(
            dir.join(format!("wrong-{file}")),
            text.replace("{{listen.port}}", "x{{listen.port}}").replace("bind", "bound"),
        )
        .unwrap();
        own(dir, name, file, text)[name].clone()
    };
    acting(name, write, |world, running, backends| async move {
        assert_eq!(reached(&world, &running, &backends).await, [10, 0]);
        let moved = format!("moved-{file}");
        running.acts().reload(Some(Path::new(&moved)), &[1]).await.unwrap();
        assert_eq!(reached(&world, &running, &backends).await, [0, 10]);
        let wrong = format!("wrong-{file}");
        let refused = running.acts().reload(Some(Path::new(&wrong)), &[0]).await.unwrap_err();
        assert!(matches!(&refused, NotDone::Failed(words) if words.contains("refuses it")), "{refused:?}");
        assert_eq!(reached(&world, &running, &backends).await, [0, 10], "it goes on with what it had");
    });
}
