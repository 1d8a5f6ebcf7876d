//! Configurations of the user's own, filled in and used, or refused in the gateway's words.

use super::*;

/// The user's own file, with this text.
pub(super) fn own(dir: &Path, name: &str, file: &str, text: &str) -> Value {
    std::fs::write(dir.join(file), text).unwrap();
    json!({ name: { "config": file } })
}

pub(super) const HAPROXY: &str = "\
defaults
    mode http
    timeout connect 1s
    timeout server 1s
    timeout client 1s
listen all
    bind {{listen.address}}
    server a {{backend.orders-a.address}}
";

pub(super) const NGINX: &str = "\
events {}
http {
    access_log off;
    client_body_temp_path {{dir}}/1; proxy_temp_path {{dir}}/2; fastcgi_temp_path {{dir}}/3;
    uwsgi_temp_path {{dir}}/4; scgi_temp_path {{dir}}/5;
    server {
        listen {{listen.port}};
        location / { proxy_pass http://{{backend.orders-a.host}}:{{backend.orders-a.port}}; }
    }
}
";

pub(super) const ENVOY: &str = r#"{ "static_resources": { "listeners": [ {
  "address": { "socket_address": { "address": "{{listen.host}}", "port_value": {{listen.port}} } },
  "filter_chains": [ { "filters": [ {
    "name": "tcp", "typed_config": {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
      "stat_prefix": "in", "cluster": "a"
  } } ] } ] } ], "clusters": [ { "name": "a", "load_assignment": {
  "cluster_name": "a", "endpoints": [ { "lb_endpoints": [ { "endpoint": { "address": { "socket_address": {
    "address": "{{backend.orders-a.host}}", "port_value": {{backend.orders-a.port}} } } } } ] } ] } } ] } }"#;

const CADDY: &str = "\
{
    admin off
    auto_https off
    persist_config off
}
http://:{{listen.port}} {
    bind {{listen.host}}
    reverse_proxy {{backend.orders-a.address}}
}
";

const TRAEFIK: &str = r#"
http:
  routers: { all: { rule: "PathPrefix(`/`)", service: a } }
  services: { a: { loadBalancer: { servers: [ { url: "http://{{backend.orders-a.address}}" } ] } } }
"#;

#[rstest]
#[case::haproxy("haproxy", "my.cfg", HAPROXY)]
#[case::nginx("nginx", "my.conf", NGINX)]
#[case::envoy("envoy", "my.json", ENVOY)]
#[case::caddy("caddy", "my.caddyfile", CADDY)]
#[case::traefik("traefik", "my.yml", TRAEFIK)]
fn the_users_own_configuration_is_filled_in_and_used(
    #[case] name: &str,
    #[case] file: &str,
    #[case] text: &str,
) {
    real(|world, dir| async move {
        // One of the gateways forwards bytes here, and leaves it to the backend to end the connection.
        let backends = two(&world, |_| ok().and_close());
        let gateway = own(&dir, name, file, text);
        // A policy that none of them can express: it is not translated here.
        let policy = json!({ "retry": { "attempts": 9, "on": ["418"], "backoff": { "base": "1s" } } });
        let launched = launch(&world, &dir, &gateway, policy, &backends).await;
        let Some(running) = unless_missing(launched) else { return };
        for _ in 0..4 {
            assert_eq!(client::ask(&world, running.address, "GET", "/orders", "").await.status, 200);
        }
        assert_eq!([backends[0].count(), backends[1].count()], [4, 0]);
        let group = group(&running);
        running.stop().await;
        until_nobody_lives(&world, group).await;
    });
}

#[rstest]
#[case::haproxy("haproxy", HAPROXY.replace("mode http", "mode htttp"), "htttp")]
#[case::nginx("nginx", NGINX.replace("proxy_pass", "proxy_pas"), "unknown directive \"proxy_pas\"")]
#[case::nginx_as_a_daemon("nginx", format!("daemon on; {NGINX}"), "daemon")]
#[case::envoy("envoy", ENVOY.replace("stat_prefix", "stat_prefixx"), "stat_prefixx")]
#[case::caddy("caddy", CADDY.replace("reverse_proxy", "reverse_prox"), "reverse_prox")]
fn a_configuration_that_the_gateway_refuses_is_told_in_the_gateways_own_words(
    #[case] name: &str,
    #[case] text: String,
    #[case] word: &str,
) {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok());
        let file = if name == "envoy" { "my.json" } else { "my.conf" };
        let gateway = own(&dir, name, file, &text);
        match launch(&world, &dir, &gateway, json!({}), &backends).await {
            Err(LaunchError::Configuration { path, why }) => {
                assert!(path.ends_with(file), "{}", path.display());
                assert!(why.contains(word), "{why}");
            }
            other => assert!(unless_missing(other).is_none(), "it was not refused"),
        }
    });
}

#[test]
fn a_file_that_is_not_there_or_has_an_unknown_placeholder_is_refused() {
    insta::assert_snapshot!(refused(|_| json!({ "nginx": { "config": "none.conf" } })), @"DIR/none.conf: No such file or directory (os error 2)");
    let text = HAPROXY.replace("orders-a", "orders-c");
    insta::assert_snapshot!(refused(|dir| own(dir, "haproxy", "my.cfg", &text)), @"DIR/my.cfg: line 8: unknown placeholder `{{backend.orders-c.address}}`: did you mean `{{backend.orders-a.address}}`?");
}

#[test]
fn a_port_that_stays_taken_is_told() {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok());
        let text = format!("{HAPROXY}    bind {}\n", backends[1].address);
        let gateway = own(&dir, "haproxy", "my.cfg", &text);
        match launch(&world, &dir, &gateway, json!({}), &backends).await {
            Err(LaunchError::Ended { last_words, .. }) => {
                assert!(last_words.contains("Address already in use"), "{last_words}");
            }
            other => assert!(unless_missing(other).is_none(), "it was started"),
        }
    });
}

/// HAProxy asks for its listeners with `SO_REUSEPORT`, so that a second one gets half of the connections of the first.
#[test]
fn a_listener_that_another_run_has_as_well_is_refused() {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok());
        let taken = world.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let fixed = taken.local_addr().unwrap();
        drop(taken);
        let text = format!("{HAPROXY}    bind {fixed}\n");
        own(&dir, "haproxy", "my.cfg", &text);
        let gateway = json!({ "haproxy": { "config": dir.join("my.cfg") } });
        let [one, other] = ["one", "other"].map(|name| dir.join(name));
        std::fs::create_dir(&one).and_then(|()| std::fs::create_dir(&other)).unwrap();
        let first = launch(&world, &one, &gateway, json!({}), &backends).await;
        let Some(running) = unless_missing(first) else { return };
        match launch(&world, &other, &gateway, json!({}), &backends).await {
            Err(error @ LaunchError::Shared { .. }) => {
                assert!(
                    error.to_string().contains(&format!("another process listens at {fixed} as well")),
                    "{error}"
                );
            }
            other => panic!("it was not refused: {:?}", other.err()),
        }
        running.stop().await;
    });
}

/// Traefik has no check: what it says of a configuration is in its last words.
#[test]
fn a_configuration_that_traefik_refuses_is_told_in_its_own_words() {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok());
        let mut gateway = own(&dir, "traefik", "my.yml", &TRAEFIK.replace("rule", "rulee"));
        gateway["traefik"]["ready"] = json!({ "within": "2s" });
        match launch(&world, &dir, &gateway, json!({}), &backends).await {
            Err(LaunchError::NotReady { last_words, .. }) => {
                assert!(last_words.contains("rulee"), "{last_words}");
            }
            other => assert!(unless_missing(other).is_none(), "it was not refused"),
        }
    });
}

/// Routes one host and one path only, and has a page of its own.
fn picky(dir: &Path, ready: Value) -> Value {
    let text = HAPROXY.replace(
        "    server",
        "    http-request return status 204 if { path /healthz }\n    \
         http-request deny unless { hdr(host) shop.test } { path_beg /orders }\n    server",
    );
    let mut gateway = own(dir, "haproxy", "my.cfg", &text);
    gateway["haproxy"]["ready"] = ready;
    gateway
}

#[rstest]
#[case::by_a_route(json!({ "path": "/orders/0", "host": "shop.test" }), 1)]
#[case::by_a_page_of_its_own(json!({ "path": "/healthz", "status": 204 }), 0)]
fn a_gateway_that_routes_only_some_is_ready_as_the_scenario_says(
    #[case] ready: Value,
    #[case] arrivals: usize,
) {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok());
        let launched = launch(&world, &dir, &picky(&dir, ready), json!({}), &backends).await;
        let Some(running) = unless_missing(launched) else { return };
        assert_eq!(backends[0].count(), arrivals, "what readiness leaves at a backend");
        running.stop().await;
    });
}

#[test]
fn a_gateway_that_is_not_ready_in_the_time_that_the_scenario_gives_is_told_with_what_to_do() {
    real(|world, dir| async move {
        let backends = two(&world, |_| ok());
        let gateway = picky(&dir, json!({ "path": "/orders/0", "within": "500ms" }));
        let Err(error) = launch(&world, &dir, &gateway, json!({}), &backends).await else {
            panic!("it was ready");
        };
        if matches!(error, LaunchError::Missing { .. }) && !required() {
            return;
        }
        let filters = [(r"127\.0\.0\.1:\d+", "ADDRESS"), (r"words: [^h]*\n", "words: …\n")];
        insta::with_settings!({ filters => filters }, {
            insta::assert_snapshot!(error, @r#"
            gateway `haproxy` was not ready after 500 ms; last probe: GET http://ADDRESS/orders/0: 403 Forbidden without `x-brownout-backend`: no backend answered; its last words: …
            help: if it routes another path or host, answers itself, or needs longer, say so in `[gateway.haproxy]`: `ready = { path = "/healthz", host = "shop.test", status = 200, within = "60s" }`
            "#);
        });
    });
}
