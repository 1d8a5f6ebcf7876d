//! Configurations of Envoy, from their files to a scenario.

mod common;

use common::{choices, imported, refused};
use import::{Choices, Import};
use policy::{AllOut, RetryOn};
use units::Share;

const SHOP: &str = include_str!("envoy.yaml");

fn route(name: &str) -> Choices {
    Choices { route: Some(name.to_owned()), ..Choices::default() }
}

fn own(import: &Import) -> &str {
    &import.own.as_ref().unwrap().text
}

/// A file with one route to one cluster, of which these are the settings.
fn file(route: &str, cluster: &str, hosts: u32) -> String {
    let manager = "\"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    let hosts: Vec<String> = (1..=hosts)
        .map(|host| {
            format!(
                "{{endpoint: {{address: {{socket_address: {{address: 10.0.0.{host}, port_value: 80}}}}}}}}"
            )
        })
        .collect();
    format!(
        "static_resources:
  listeners:
  - filter_chains:
    - filters:
      - typed_config:
          {manager}
          use_remote_address: true
          route_config:
            virtual_hosts:
            - name: all
              routes:
              - match: {{prefix: /}}
                route: {{cluster: pool, {route}}}
  clusters:
  - name: pool
    load_assignment: {{cluster_name: pool, endpoints: [{{lb_endpoints: [{}]}}]}}
    {cluster}
",
        hosts.join(", ")
    )
}

fn of(route: &str, cluster: &str, hosts: u32) -> (Import, String) {
    imported(&[("envoy.yaml", &file(route, cluster, hosts))], &Choices::default())
}

/// A retry whose limit of retries at a time is out of reach.
const MANY: &str = "circuit_breakers: {thresholds: [{max_retries: 100000}]}";

#[test]
fn a_route_becomes_a_scenario_with_the_place_of_each_line() {
    let (_, shown) = imported(&[("envoy.yaml", SHOP)], &route("orders"));
    insta::assert_snapshot!(shown);
}

#[test]
fn what_was_understood_is_written_anew_with_the_addresses_of_a_run() {
    let (import, _) = imported(&[("envoy.yaml", SHOP)], &route("orders"));
    insta::assert_snapshot!(own(&import));
}

#[test]
fn where_the_file_is_silent_the_defaults_of_envoy_hold() {
    let (import, shown) = imported(&[("envoy.yaml", SHOP)], &choices(&[], Some("billing")));
    assert_eq!(import.policy.timeout.connect.unwrap().to_string(), "5 s");
    assert_eq!(import.policy.timeout.total.unwrap().to_string(), "15 s");
    assert_eq!(import.policy.breaker, None);
    insta::assert_snapshot!(shown);
}

#[test]
fn which_route_it_is_about_is_asked_for_where_there_are_several() {
    let ask = |choices: &Choices| refused(&[("envoy.yaml", SHOP)], choices);
    insta::assert_snapshot!(ask(&Choices::default()), @r"
    a scenario is about one route, and there are `orders` to `orders`, `shop/billing` to `billing`
    help: name one: `--route NAME`, or its cluster: `--backend NAME`
    ");
    insta::assert_snapshot!(ask(&route("shop/none")), @r"
    no route is `--route shop/none`
    help: there are `orders` to `orders`, `shop/billing` to `billing`
    ");
    insta::assert_snapshot!(ask(&choices(&[], Some("shop"))), @r"
    no route is `--backend shop`
    help: there are `orders` to `orders`, `shop/billing` to `billing`
    ");
    let by_path = imported(&[("envoy.yaml", SHOP)], &route("shop/billing")).0;
    assert_eq!(by_path.subject, "billing");
}

#[test]
fn json_and_names_in_camel_case_say_the_same() {
    let json = r#"{"staticResources": {
        "listeners": [{"filterChains": [{"filters": [{"typedConfig": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "routeConfig": {"virtualHosts": [{"name": "all", "routes": [
                {"match": {"prefix": "/"}, "route": {"cluster": "pool", "timeout": "4s",
                 "retryPolicy": {"retryOn": "gateway-error", "numRetries": 2, "perTryTimeout": "1s"}}}]}]}}}]}]}],
        "clusters": [{"name": "pool", "connectTimeout": "2s", "outlierDetection": {"consecutive5xx": 3, "maxEjectionPercent": 100},
            "loadAssignment": {"endpoints": [{"lbEndpoints": [
                {"endpoint": {"address": {"socketAddress": {"address": "10.0.0.1", "portValue": 80}}}},
                {"endpoint": {"address": {"socketAddress": {"address": "10.0.0.1", "portValue": 81}}}}]}]}}]}}"#;
    let (import, _) = imported(&[("envoy.json", json)], &Choices::default());
    let retry = import.policy.retry.unwrap();
    assert_eq!(retry.attempts, 3);
    assert_eq!(
        retry.on,
        [
            RetryOn::Status(502),
            RetryOn::Status(503),
            RetryOn::Status(504),
            RetryOn::ConnectFailure,
            RetryOn::Reset,
            RetryOn::Timeout
        ]
    );
    assert_eq!(import.policy.breaker.unwrap().trip.consecutive, Some(3));
    let names: Vec<_> = import.members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["10.0.0.1:80", "10.0.0.1:81"]);
}

#[test]
fn resources_may_lie_in_several_files() {
    let listener = "resources:
- '@type': type.googleapis.com/envoy.config.listener.v3.Listener
  filter_chains: [{filters: [{typed_config: {'@type': x.HttpConnectionManager, rds: {route_config_name: local}}}]}]
";
    let routes = "resources:
- '@type': type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: local
  virtual_hosts: [{name: all, routes: [{match: {prefix: /}, route: {cluster: pool}}]}]
";
    let cluster = "resources:
- '@type': type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: pool
  type: EDS
  eds_cluster_config: {service_name: hosts}
";
    let endpoints = "resources:
- '@type': type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment
  cluster_name: hosts
  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: a, port_value: 1}}}}]}]
";
    let files =
        [("lds.yaml", listener), ("rds.yaml", routes), ("cds.yaml", cluster), ("eds.yaml", endpoints)];
    let (import, _) = imported(&files, &Choices::default());
    assert_eq!(import.members[0].name, "a");
    for (without, words) in [
        (3, "the endpoints of the cluster `pool` (EDS) are not in these files"),
        (2, "the cluster `pool` is not in these files"),
        (1, "no route to a cluster was found"),
        (0, ""),
    ] {
        let left: Vec<_> =
            files.iter().enumerate().filter(|(at, _)| *at != without).map(|(_, file)| *file).collect();
        if without > 0 {
            assert!(refused(&left, &Choices::default()).contains(words), "{without}");
        } else {
            assert_eq!(imported(&left, &Choices::default()).0.subject, "pool");
        }
    }
}

#[test]
fn conditions_of_a_retry_are_what_envoy_makes_of_them() {
    let on = |words: &str, more: &str| {
        let route = format!("retry_policy: {{retry_on: '{words}', num_retries: 1, {more}}}");
        let (import, shown) = of(&route, MANY, 2);
        let on = import.policy.retry.map(|retry| retry.on).unwrap_or_default();
        (on.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), shown)
    };
    assert_eq!(on("connect-failure", "").0, "connect-failure");
    assert_eq!(on("reset", "").0, "connect-failure reset");
    assert_eq!(on("reset", "per_try_timeout: 1s").0, "connect-failure reset timeout");
    assert_eq!(on("5xx", "").0, "500 502 503 504 connect-failure reset");
    assert_eq!(on("retriable-4xx,connect-failure", "").0, "409 connect-failure");
    assert_eq!(on("retriable-status-codes", "retriable_status_codes: [429, 503]").0, "429 503");
    let (none, shown) = on("refused-stream, 4xx, unavailable", "");
    assert_eq!(none, "");
    assert!(shown.contains("a retry on `refused-stream` is not rehearsed"), "{shown}");
    assert!(shown.contains("`4xx` is no condition that Envoy knows"), "{shown}");
    assert!(
        on("retriable-status-codes", "retriable_status_codes: [200]")
            .1
            .contains("expected a status from 400 to 599")
    );
}

#[test]
fn waits_and_budgets_of_a_retry_are_taken_over() {
    let retry = |policy: &str, cluster: &str| {
        let route = format!("retry_policy: {{retry_on: reset, {policy}}}");
        let (import, shown) = of(&route, cluster, 2);
        (import.policy.retry.unwrap(), shown)
    };
    let (usual, shown) = retry("", "");
    assert_eq!(usual.attempts, 2);
    let backoff = usual.backoff.unwrap();
    assert_eq!(
        (backoff.base.to_string(), backoff.max.unwrap().to_string()),
        ("25 ms".into(), "250 ms".into())
    );
    assert_eq!(usual.budget.unwrap().min, 3);
    assert!(shown.contains("no more than 3 retries are under way at a time"), "{shown}");
    let (set, shown) = retry(
        "retry_back_off: {base_interval: 0.1s}",
        "circuit_breakers: {thresholds: [{retry_budget: {budget_percent: {value: 25}}}]}",
    );
    assert_eq!(set.backoff.unwrap().max.unwrap().to_string(), "1 s");
    assert_eq!((set.budget.unwrap().share.get(), set.budget.unwrap().min), (0.25, 3));
    assert!(!shown.contains("no more than 3 retries"), "{shown}");
    let asked = "rate_limited_retry_back_off: {reset_headers: [{name: Retry-After, format: SECONDS}, {name: x-reset, format: UNIX_TIMESTAMP}]}";
    let (set, shown) = retry(asked, MANY);
    assert!(set.retry_after.is_some() && set.budget.is_none());
    assert!(shown.contains("only `retry-after` in seconds is rehearsed"), "{shown}");
}

#[test]
fn another_host_is_promised_only_where_it_is_sure_to_be_found() {
    let other = |policy: &str, cluster: &str| {
        let route = format!("retry_policy: {{retry_on: reset, {policy}}}");
        let (import, shown) = of(&route, &format!("{MANY}\n    {cluster}"), 2);
        (import.policy.retry.unwrap().other_backend, shown)
    };
    let previous = "retry_host_predicate: [{name: envoy.retry_host_predicates.previous_hosts}]";
    assert!(other(previous, "").0);
    assert!(other(&format!("{previous}, host_selection_retry_max_attempts: 10"), "lb_policy: RANDOM").0);
    let (is_other, shown) = other(previous, "lb_policy: RANDOM");
    assert!(!is_other && shown.contains("a host that has failed may be chosen again"), "{shown}");
    let (is_other, shown) = other("", "");
    assert!(!is_other && shown.contains("may go to the host that has just failed"), "{shown}");
}

#[test]
fn routes_of_one_path_that_differ_by_method_say_what_may_be_repeated() {
    let method = |matcher: &str| {
        let text = file("timeout: 3s", MANY, 2).replace(
            "              routes:\n",
            &format!(
                "              routes:
              - match: {{prefix: /, headers: [{{name: ':method', {matcher}}}]}}
                route: {{cluster: pool, timeout: 3s, retry_policy: {{retry_on: '5xx'}}}}
"
            ),
        );
        let (import, shown) = imported(&[("envoy.yaml", &text)], &Choices::default());
        (
            import.policy.retry.as_ref().map(|retry| retry.methods.join(" ")).unwrap_or_default(),
            own(&import).to_owned() + &shown,
        )
    };
    let (methods, shown) = method("string_match: {safe_regex: {regex: '^(GET|HEAD)$'}}");
    assert_eq!(methods, "GET HEAD");
    assert!(!shown.contains("repeats POST") && shown.contains("regex: \"GET|HEAD\""), "{shown}");
    assert_eq!(method("exact_match: GET").0, "GET");
    assert_eq!(
        method("string_match: {exact: POST}, invert_match: true").0,
        "GET HEAD PUT PATCH DELETE OPTIONS"
    );
    let (methods, shown) = method("string_match: {prefix: G}");
    assert!(
        methods.is_empty() && shown.contains("what this route asks of the method is not understood"),
        "{shown}"
    );
}

#[test]
fn ejection_that_never_acts_is_no_breaker_and_is_told() {
    let breaker = |detection: &str, more: &str, hosts: u32| {
        let (import, shown) = of("", &format!("outlier_detection: {{{detection}}}\n    {more}"), hosts);
        (import.policy.breaker, shown)
    };
    let (none, shown) = breaker("", "", 2);
    assert!(
        none.is_none() && shown.contains("no host is ever ejected: 10 % of 2 are less than one"),
        "{shown}"
    );
    let (one, _) = breaker("always_eject_one_host: true", "", 2);
    assert_eq!(one.unwrap().out_max, Share::new(0.5));
    let (some, shown) = breaker("max_ejection_percent: 50", "", 2);
    assert_eq!(some.unwrap().out_max, Share::new(0.5));
    assert!(!shown.contains("all-fail"), "{shown}");
    let (all, shown) = breaker("max_ejection_percent: 100", "", 2);
    let all = all.unwrap();
    assert_eq!(
        (all.open_for.to_string(), all.open_max.unwrap().to_string()),
        ("30 s".into(), "5 min".into())
    );
    assert_eq!((all.tick.unwrap().to_string(), all.all_out), ("10 s".into(), Some(AllOut::Panic)));
    assert!(shown.contains("may get requests for up to 1 s more"), "{shown}");
    let (none, shown) = breaker("max_ejection_percent: 100", "", 1);
    assert!(
        none.is_none() && shown.contains("a single host that is ejected gets its traffic all the same"),
        "{shown}"
    );
    let calm = "common_lb_config: {healthy_panic_threshold: {}, update_merge_window: 0s}";
    let (one, shown) = breaker("max_ejection_percent: 100", calm, 1);
    assert_eq!(one.unwrap().all_out, Some(AllOut::Shed));
    assert!(!shown.contains("update_merge_window"), "{shown}");
}

#[test]
fn of_several_detectors_one_is_rehearsed() {
    let breaker = |detection: &str| {
        let (import, shown) =
            of("", &format!("outlier_detection: {{max_ejection_percent: 100, {detection}}}"), 6);
        (import.policy.breaker.clone(), own(&import).to_owned() + &shown)
    };
    let (both, shown) = breaker("enforcing_consecutive_gateway_failure: 100, consecutive_gateway_failure: 2");
    assert_eq!(both.unwrap().trip.consecutive, Some(5));
    assert!(
        shown.contains("several detectors are enforced")
            && shown.contains("ejection by success rate is not rehearsed"),
        "{shown}"
    );
    assert!(
        shown.contains("enforcing_consecutive_gateway_failure: 0")
            && shown.contains("enforcing_success_rate: 0"),
        "{shown}"
    );
    let gateway = "enforcing_consecutive_5xx: 0, enforcing_consecutive_gateway_failure: 100, consecutive_gateway_failure: 2";
    let (gateway, _) = breaker(gateway);
    assert_eq!(gateway.unwrap().fails.len(), 6);
    let share =
        "enforcing_consecutive_5xx: 0, enforcing_failure_percentage: 100, failure_percentage_threshold: 40";
    let (share, _) = breaker(share);
    let trip = share.unwrap().trip;
    assert_eq!(
        (trip.share.unwrap().get(), trip.min, trip.within.unwrap().to_string()),
        (0.4, Some(50), "10 s".into())
    );
    let (none, shown) = breaker("enforcing_consecutive_5xx: 50");
    assert!(none.is_none() && shown.contains("enforced in 50 of 100 cases"), "{shown}");
}

#[test]
fn health_checks_are_taken_over_where_nothing_else_ejects() {
    let check = |checks: &str, more: &str| {
        let cluster = format!(
            "health_checks: [{{timeout: 1s, interval: 2s, healthy_threshold: 2, {checks}}}]\n    {more}"
        );
        let (import, shown) = of("", &cluster, 2);
        (import.policy.health_check.clone(), own(&import).to_owned() + &shown)
    };
    let (whole, shown) = check(
        "unhealthy_threshold: 3, http_health_check: {path: /healthz, retriable_statuses: [{start: 400, end: 600}]}",
        "",
    );
    assert_eq!(whole.unwrap().to_string(), "/healthz every 2 s, out after 3, back after 2");
    assert!(shown.contains("no_traffic_interval: 2s") && shown.contains("retriable_statuses"), "{shown}");
    let (at_once, shown) = check("unhealthy_threshold: 3, http_health_check: {path: /healthz}", "");
    assert_eq!(at_once.unwrap().fall, 1);
    assert!(shown.contains("takes a host out at once, whatever the threshold of 3"), "{shown}");
    for (checks, more, words) in [
        ("http_health_check: {path: /}", "", "there is no `unhealthy_threshold`"),
        ("unhealthy_threshold: 1, http_health_check: {path: /}, interval_jitter: 1s", "", "at several paces"),
        (
            "unhealthy_threshold: 1, http_health_check: {path: /}",
            "outlier_detection: {}",
            "beside outlier detection",
        ),
        (
            "unhealthy_threshold: 1, tcp_health_check: {}",
            "",
            "`tcp_health_check` of the health check is not rehearsed",
        ),
        ("unhealthy_threshold: 1, http_health_check: {path: 'a b'}", "", "is no path"),
    ] {
        let (none, shown) = check(checks, more);
        assert!(
            none.is_none() && shown.contains(words) && !shown.contains("health_checks:\n"),
            "{words}\n{shown}"
        );
    }
}

#[test]
fn a_limit_is_the_one_that_is_reached_first() {
    let limit = |thresholds: &str| {
        let (import, shown) = of("", &format!("circuit_breakers: {{thresholds: [{thresholds}]}}"), 2);
        (import.policy.limit.map(|limit| limit.in_flight), shown)
    };
    assert_eq!(limit("{max_requests: 40}").0, Some(40));
    assert_eq!(limit("{priority: HIGH, max_requests: 40}").0, None);
    let (none, shown) = limit("{max_requests: 40, max_connections: 10}");
    assert!(none.is_none() && shown.contains("limited before `max_requests` is"), "{shown}");
}

#[test]
fn groups_that_share_the_traffic_early_show_no_failover() {
    let text = |policy: &str| {
        let calm = "outlier_detection: {base_ejection_time: 8s, max_ejection_time: 8s, max_ejection_percent: 100}\n    \
                    common_lb_config: {healthy_panic_threshold: {}, update_merge_window: 0s}";
        let spare = "{priority: 1, lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.9.1, port_value: 80}}}}]}";
        let text =
            file("", calm, 2).replace("endpoints: [{lb", &format!("{policy} endpoints: [{spare}, {{lb"));
        imported(&[("envoy.yaml", &text)], &Choices::default()).1
    };
    let early = text("");
    assert!(
        early.contains("before all of the first one are out") && !early.contains("failover = {"),
        "{early}"
    );
    assert!(text("policy: {overprovisioning_factor: 1000},").contains("failover = {"));
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let text = file(
        "timeout: 2s, idle_timeout: 1h, hash_policy: [{header: {header_name: x}}], nonsense: 1, retry_policy_typed_config: {}, \
         retry_policy: {retry_on: '5xx,nonsense', num_retries: 5, per_try_timeout: 2s, retry_back_off: {base_interval: soon}}",
        "<<: {lb_policy: RING_HASH}
    connect_timeout: 250ms
    transport_socket: {name: envoy.transport_sockets.tls}
    outlier_detection: {consecutive_5xx: many, max_ejection_percent: 100, max_ejection_percent: 50}",
        3,
    );
    let (_, shown) = imported(&[("envoy.yaml", &text)], &Choices::default());
    let (_, told) = shown.split_once("\nLint").unwrap();
    insta::assert_snapshot!(format!("Lint{told}"));
}

#[test]
fn num_retries_without_retry_on_are_told() {
    let (import, shown) = of("retry_policy: {num_retries: 3}", "", 2);
    assert!(
        import.policy.retry.is_none() && shown.contains("without `retry_on` nothing is ever tried again"),
        "{shown}"
    );
    let (_, shown) = of("timeout: 0s", "", 2);
    assert!(shown.contains("a backend that never answers is waited for without end"), "{shown}");
    let (_, shown) =
        of("timeout: 3s, retry_policy: {retry_on: reset, num_retries: 4, per_try_timeout: 1s}", MANY, 2);
    assert!(shown.contains("of 5 attempts that take 1 s each, 3 fit into the 3 s"), "{shown}");
}

#[test]
fn the_copy_reaches_no_file_no_program_and_no_other_host() {
    let route = "retry_policy: {retry_on: '{{env.SECRET}}', per_try_idle_timeout: 1s, retry_options_predicates: [{name: x}], \
                 retry_host_predicate: [{name: x, typed_config: {'@type': x.Y, filename: /etc/passwd}}]}, \
                 request_mirror_policies: [{cluster: other}], idle_timeout: '{{env.SECRET}}', max_stream_duration: {filename: /etc/passwd}";
    let cluster = "lb_policy: '{{env.SECRET}}'
    common_http_protocol_options: {max_headers_count: 100, headers_with_underscores_action: '{{env.SECRET}}'}
    transport_socket: {typed_config: {common_tls_context: {tls_certificates: [{private_key: {filename: /etc/passwd}}]}}}
    upstream_bind_config: {source_address: {address: 10.9.9.9}}
    health_checks: [{timeout: 1s, interval: 1s, healthy_threshold: 1, unhealthy_threshold: 1, event_log_path: /etc/passwd, http_health_check: {path: /, host: other.example.com}}]";
    let (import, _) = of(route, cluster, 1);
    insta::assert_snapshot!(own(&import));
}

#[test]
fn files_that_can_not_be_read_are_refused_with_the_place() {
    let said = |text: &str| {
        let mut sources = import::Sources::default();
        sources.add("envoy.yaml", text.to_owned());
        let refused = import::import(&sources, &Choices::default()).unwrap_err();
        let notes: Vec<_> = refused
            .notes
            .iter()
            .map(|note| format!("{}: {}", sources.position(&note.place), note.words))
            .collect();
        format!("{}\n{}", refused.words, notes.join("\n"))
    };
    insta::assert_snapshot!(said("static_resources:\n\tlisteners: []\n"), @r"
    no route to a cluster was found in these files
    envoy.yaml:2:2: this is no YAML: tabs disallowed within this context (block indentation)
    ");
    assert!(said(&format!("static_resources: {}", "[".repeat(5_000))).contains("envoy.yaml:1:"));
    let bomb: Vec<String> = (1..30)
        .map(|at| format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 9].join(", ")))
        .collect();
    assert!(
        said(&format!("static_resources: 1\na0: &a0 [1, 2]\n{}", bomb.concat()))
            .contains("more than 200000 values")
    );
    let many = format!(
        "static_resources: {{}}\n{}",
        (0..50_000).map(|at| format!("k{at}: 1\n")).collect::<Vec<_>>().concat()
    );
    assert!(said(&many).contains("more than 1000 things are to be told"), "{}", said(&many).len());
    assert!(said("static_resources: {clusters: 5, listeners: x}").contains("no route to a cluster"));
}

#[test]
fn headers_that_are_added_and_removed_are_rules_and_are_copied() {
    let text = "static_resources:
  clusters:
  - name: p
    load_assignment: {cluster_name: p, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: a.test, port_value: 80}}}}]}]}
  listeners:
  - filter_chains: [{filters: [{name: h, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager,
      stat_prefix: s, route_config: {virtual_hosts: [{name: all, domains: [\"*\"], routes: [ROUTE]}]}}}]}]
";
    let route = "{match: {prefix: /}, route: {cluster: p}, request_headers_to_add: [
      {header: {key: x-plan, value: gold}, append_action: OVERWRITE_IF_EXISTS_OR_ADD},
      {header: {key: x-trail, value: edge}},
      {header: {key: x-peer, value: \"%DOWNSTREAM_REMOTE_ADDRESS%\"}},
      {header: {key: x-new, value: a}, append_action: ADD_IF_ABSENT}],
      request_headers_to_remove: [x-debug]}";
    let (import, shown) = imported(&[("envoy.yaml", &text.replace("ROUTE", route))], &Choices::default());
    let rules = import.policy.request_headers.unwrap();
    assert_eq!(
        (rules.set.len(), rules.append.len(), rules.remove.as_slice()),
        (1, 1, &["x-debug".to_owned()][..])
    );
    assert!(shown.contains("`x-peer` is worked out with each request"), "{shown}");
    assert!(shown.contains("`ADD_IF_ABSENT` of `x-new`"), "{shown}");
    let own = import.own.unwrap().text;
    for word in ["x-plan", "x-trail", "request_headers_to_remove", "OVERWRITE_IF_EXISTS_OR_ADD"] {
        assert!(own.contains(word), "{own}");
    }
    assert!(!own.contains("x-peer"));
}
