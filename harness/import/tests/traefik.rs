//! Configurations of Traefik, from their files to a scenario.

mod common;

use common::{choices, imported, refused};
use import::{Choices, Import};
use policy::{RetryOn, Scope};

const SHOP: &str = include_str!("traefik.toml");

/// The same in the other language.
const YAML: &str = include_str!("traefik.yaml");

/// A router with a middleware of these lines, and what is told of it.
fn routed(middleware: &str, balancer: &str) -> (Import, String) {
    let text = format!(
        "[http.routers.r]\nservice = 's'\nmiddlewares = ['m']\n[http.middlewares.m.{middleware}\n[http.services.s.loadBalancer]\n\
         servers = [{{ url = 'http://10.0.0.1:80' }}, {{ url = 'http://10.0.0.2:80' }}]\n{balancer}"
    );
    imported(&[("a.toml", &text)], &Choices::default())
}

fn own(import: &Import) -> &str {
    &import.own.as_ref().unwrap().text
}

#[test]
fn a_router_becomes_a_scenario_with_the_place_of_each_line() {
    let (_, shown) = imported(&[("dynamic.toml", SHOP)], &choices(&[], Some("orders")));
    insta::assert_snapshot!(shown);
}

#[test]
fn what_was_understood_is_copied_with_the_addresses_of_a_run() {
    let (import, _) = imported(&[("dynamic.toml", SHOP)], &choices(&[], Some("orders")));
    insta::assert_snapshot!(own(&import));
}

#[test]
fn yaml_and_toml_say_the_same() {
    let of = |name: &str, text: &str| imported(&[(name, text)], &choices(&[], Some("orders")));
    let ((toml, _), (yaml, shown)) = (of("a.toml", SHOP), of("a.yaml", YAML));
    assert_eq!((&toml.policy, own(&toml)), (&yaml.policy, own(&yaml)));
    assert_eq!(toml.sources.keys().collect::<Vec<_>>(), yaml.sources.keys().collect::<Vec<_>>());
    assert!(shown.contains("a.yaml:29:19"), "{shown}");
    let (_, shown) = of("a.yml", &YAML.replace("attempts: 3", "attempts: 3\n        attempts: 4"));
    assert!(shown.contains("this key stands in the mapping a second time"), "{shown}");
}

#[test]
fn which_router_it_is_about_is_asked_for_where_there_are_several() {
    insta::assert_snapshot!(refused(&[("a.toml", SHOP)], &Choices::default()), @"
    a scenario is about one router, and there are orders (to orders), billing (to billing)
    help: name one, or its service: `--backend NAME`
    ");
    insta::assert_snapshot!(refused(&[("a.toml", SHOP)], &choices(&[], Some("shop"))), @"
    there is no router or service `shop`
    help: there are orders (to orders), billing (to billing)
    ");
}

#[test]
fn without_statuses_only_connections_that_fail_are_tried_again() {
    let on = |lines: &str| {
        let (import, shown) = routed(&format!("retry]\nattempts = 2\n{lines}"), "");
        (import.policy.retry.map(|retry| (retry.on, retry.methods.len())), shown)
    };
    assert_eq!(on("").0, Some((vec![RetryOn::ConnectFailure], 5)));
    assert_eq!(on("disableRetryOnNetworkError = true").0, None);
    let (retry, shown) = on("retryNonIdempotentMethod = true\nstatus = ['504']");
    let expected = vec![RetryOn::ConnectFailure, RetryOn::Status(504), RetryOn::Timeout];
    assert_eq!(retry, Some((expected, 7)), "{shown}");
    assert!(shown.contains("this repeats POST"), "{shown}");
    let (retry, _) = on("status = ['500-502']\ndisableRetryOnNetworkError = true");
    let expected = vec![RetryOn::Status(500), RetryOn::Status(502), RetryOn::Reset, RetryOn::ConnectFailure];
    assert_eq!(retry.unwrap().0, expected);
}

#[test]
fn a_limit_is_one_that_all_requests_of_a_host_share() {
    let (import, _) = routed("inFlightReq]\namount = 7", "");
    let limit = import.policy.limit.as_ref().unwrap();
    assert_eq!((limit.in_flight, limit.status, limit.scope), (7, Some(429), Scope::Pool));
    assert!(own(&import).contains("requestHost: true"));
    let lines =
        "inFlightReq]\namount = 7\n[http.middlewares.m.inFlightReq.sourceCriterion.ipStrategy]\ndepth = 1";
    let (import, shown) = routed(lines, "");
    assert!(import.policy.limit.is_none() && shown.contains("counts each client for itself"), "{shown}");
}

#[test]
fn checks_are_rehearsed_where_nothing_else_takes_servers_out() {
    let check = "[http.services.s.loadBalancer.healthCheck]\npath = '/healthz'\ninterval = 7\n";
    let passive = "[http.services.s.loadBalancer.passiveHealthCheck]\nmaxFailedAttempts = 2\n";
    let (import, _) = routed("retry]\nattempts = 2", check);
    assert!(own(&import).contains("path: /healthz"));
    let check_of = import.policy.health_check.unwrap();
    assert_eq!(check_of.to_string(), "/healthz every 7 s, out after 1, back after 1");
    let (import, shown) = routed("retry]\nattempts = 2", &format!("{check}{passive}"));
    assert!(import.policy.health_check.is_none() && !own(&import).contains("healthz"), "{shown}");
    let breaker = import.policy.breaker.unwrap();
    assert_eq!((breaker.trip.consecutive, breaker.open_for.as_secs()), (Some(2), 10));
}

#[test]
fn the_default_transport_is_that_of_the_static_configuration() {
    let fixed = "[serversTransport.forwardingTimeouts]\ndialTimeout = 2\nresponseHeaderTimeout = '4s'\n";
    let service = "[http.services.s.loadBalancer]\nservers = [{ url = 'http://a:1' }]\n";
    let (import, shown) =
        imported(&[("traefik.toml", fixed), ("dynamic.toml", service)], &Choices::default());
    let timeout = import.policy.timeout;
    assert_eq!((timeout.connect.unwrap().as_secs(), timeout.per_try.unwrap().as_secs()), (2, 4));
    assert!(shown.contains("traefik.toml:2:15"), "{shown}");
    let (_, shown) = imported(&[("dynamic.toml", service)], &Choices::default());
    assert!(shown.contains("Traefik's own default of 30 s"), "{shown}");
    assert!(shown.contains("there is no `responseHeaderTimeout`"), "{shown}");
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let text = "
[http.routers.r]
service = 's'
middlewares = ['one', 'two', 'none@docker', 'chain']
[http.middlewares.one.retry]
attempts = 'many'
speed = 9
[http.middlewares.two.retry]
attempts = 3
status = ['200', '600-700', 'x']
initialInterval = '1s'
[http.middlewares.chain.chain]
middlewares = ['chain', 'three']
[http.middlewares.three.circuitBreaker]
expression = 'NetworkErrorRatio() > 0.3'
[http.middlewares.three.nonsense]
[http.services.s.loadBalancer]
strategy = 'p2c'
serversTransport = 'gone'
servers = [{ url = '10.0.0.1' }, { url = 'https://10.0.0.2' }, { weight = 2 }, { url = 'http://10.0.0.3', weight = 0 }, { url = 'http://10.0.0.4', fast = true }]
[http.services.s.loadBalancer.healthCheck]
path = '/a b'
interval = 'soon'
[http.services.s.loadBalancer.passiveHealthCheck]
maxFailedAttempts = 'x'
";
    let (_, shown) = imported(&[("a.toml", text)], &Choices::default());
    let (_, told) = shown.split_once("\nLint").unwrap();
    insta::assert_snapshot!(format!("Lint{told}"));
}

#[test]
fn what_can_not_be_read_is_refused_at_its_place() {
    for (text, words) in [
        ("[http\n", "a.toml:1:"),
        ("a = [[[", "this is no TOML"),
        ("", "no service with `loadBalancer.servers`"),
        ("[http.services.s.loadBalancer]\nservers = []", "no server of this service gets traffic"),
        ("[http.routers.r]\nservice = 'api@internal'", "no service with `loadBalancer.servers`"),
        ("[http.services.s.weighted]\n", "no service with `loadBalancer.servers`"),
    ] {
        let said = refused(&[("a.toml", text)], &Choices::default());
        assert!(said.contains(words), "{said}");
    }
    let said = refused(&[("a.yaml", "routers: [\n")], &Choices::default());
    assert!(said.starts_with("a.yaml:"), "{said}");
    let said = refused(&[("a.toml", SHOP)], &choices(&[("X", "1")], Some("orders")));
    assert!(said.contains("nothing asks for the value of `X`"), "{said}");
}
