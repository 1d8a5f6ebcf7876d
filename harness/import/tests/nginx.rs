//! Configurations of nginx, from their files to a scenario.

mod common;

use common::{choices, imported, refused};
use import::{Choices, Import};
use policy::{FailureClass, RetryOn, Scope};

const SHOP: &str = include_str!("nginx.conf");

/// A location with these lines of its own that passes to an upstream with these, and what is told of it.
fn location(upstream: &str, lines: &str) -> (Import, String) {
    let text = format!(
        "upstream b {{ {upstream} }}\nserver {{ location / {{\n{lines}\nproxy_pass http://b;\n}} }}\n"
    );
    imported(&[("a.conf", &text)], &Choices::default())
}

const TWO: &str = "server 10.0.0.1:80; server 10.0.0.2:80;";

fn own(import: &Import) -> &str {
    &import.own.as_ref().unwrap().text
}

#[test]
fn a_location_becomes_a_scenario_with_the_place_of_each_line() {
    let (_, shown) = imported(&[("nginx.conf", SHOP)], &choices(&[], Some("orders")));
    insta::assert_snapshot!(shown);
}

#[test]
fn what_was_understood_is_copied_with_the_addresses_of_a_run() {
    let (import, _) = imported(&[("nginx.conf", SHOP)], &choices(&[], Some("orders")));
    insta::assert_snapshot!(own(&import));
}

#[test]
fn which_location_it_is_about_is_asked_for_where_there_are_several() {
    insta::assert_snapshot!(refused(&[("a.conf", SHOP)], &Choices::default()), @"
    a scenario is about one location, and there are shop.example/orders/ (to orders), shop.example~ ^/billing/ (to billing)
    help: name one: `--backend UPSTREAM`, `--backend /path`, or server and path as shown
    ");
    insta::assert_snapshot!(refused(&[("a.conf", SHOP)], &choices(&[], Some("shop"))), @"
    no location passes to `shop`, and none is `shop`
    help: there are shop.example/orders/ (to orders), shop.example~ ^/billing/ (to billing)
    ");
    for name in ["billing", "~ ^/billing/", "shop.example~ ^/billing/"] {
        let (import, _) = imported(&[("a.conf", SHOP)], &choices(&[], Some(name)));
        assert_eq!((import.subject.as_str(), import.members.len()), ("billing", 2), "{name}");
    }
}

#[test]
fn locations_that_agree_are_one() {
    let same = "server { location /a { proxy_pass http://b; } location /b { proxy_pass http://b; } }";
    let text = format!("upstream b {{ {TWO} }} {same}");
    let (_, shown) = imported(&[("a.conf", &text)], &Choices::default());
    assert!(shown.contains("1 other location with the same settings"), "{shown}");
    let other = text.replace("location /b {", "location /b { proxy_read_timeout 1s;");
    assert!(refused(&[("a.conf", &other)], &Choices::default()).contains("server/a (to b), server/b (to b)"));
}

#[test]
fn where_nothing_is_said_the_documented_defaults_hold_and_are_told() {
    let (import, shown) = location(TWO, "");
    let (_, told) = shown.split_once("Choice").unwrap();
    insta::assert_snapshot!(format!("Choice{told}"), @"
    Choice a.conf:2:10: `max_fails` and `fail_timeout` are not set: nginx's own defaults hold, and one failure takes a server out for 10 s
    Choice a.conf:2:10: `proxy_connect_timeout` is not set: nginx's own default of 60 s holds
    Choice a.conf:2:10: `proxy_next_upstream` is not set: nginx's own default of `error timeout` holds
    Choice a.conf:2:10: `proxy_read_timeout` is not set: nginx's own default of 60 s holds
    ");
    let breaker = import.policy.breaker.unwrap();
    assert_eq!((breaker.trip.count, breaker.open_for.as_secs(), breaker.workers), (Some(1), 10, 1));
    let retry = import.policy.retry.unwrap();
    assert_eq!(retry.attempts, 2);
    assert_eq!(retry.on, [RetryOn::ConnectFailure, RetryOn::Reset, RetryOn::Timeout]);
    assert_eq!(retry.methods, ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);
}

#[test]
fn a_directive_of_an_inner_level_takes_the_place_of_those_further_out() {
    let of = |http: &str, server: &str, location: &str| {
        let text = format!(
            "http {{ {http} upstream b {{ {TWO} }} server {{ {server} location / {{ {location} proxy_pass http://b; }} }} }}"
        );
        let (import, _) = imported(&[("a.conf", &text)], &Choices::default());
        (import.policy.timeout.per_try.unwrap().to_string(), own(&import).contains("X-A"))
    };
    assert_eq!(of("proxy_read_timeout 9s;", "", ""), ("9 s".into(), false));
    assert_eq!(of("proxy_read_timeout 9s;", "proxy_read_timeout 8;", ""), ("8 s".into(), false));
    assert_eq!(of("proxy_read_timeout 9s;", "proxy_read_timeout 8;", "proxy_read_timeout 7s;").0, "7 s");
    // Headers are taken over all together, or not at all.
    assert!(of("", "proxy_set_header X-A 1;", "").1);
    assert!(!of("", "proxy_set_header X-A 1;", "proxy_set_header X-B 1;").1);
}

#[test]
fn each_server_is_tried_once_and_no_more_often_than_the_tries_allow() {
    let attempts =
        |upstream: &str, lines: &str| location(upstream, lines).0.policy.retry.map(|retry| retry.attempts);
    let three = "server a:80; server b:80; server c:80 backup; server d:80 down;";
    assert_eq!(attempts(three, ""), Some(3));
    assert_eq!(attempts(three, "proxy_next_upstream_tries 2;"), Some(2));
    assert_eq!(attempts(three, "proxy_next_upstream_tries 9;"), Some(3));
    assert_eq!(attempts(three, "proxy_next_upstream_tries 0;"), Some(3));
    assert_eq!(attempts(three, "proxy_next_upstream_tries 1;"), None);
    assert_eq!(attempts(three, "proxy_next_upstream off;"), None);
    assert_eq!(attempts("server a:80;", ""), None);
}

#[test]
fn writes_are_tried_again_only_where_that_is_said_and_their_bodies_are_kept() {
    let methods = |lines: &str| location(TWO, lines).0.policy.retry.unwrap().methods.join(" ");
    let said = "proxy_next_upstream error non_idempotent;";
    assert_eq!(methods("proxy_next_upstream error;"), "GET HEAD PUT DELETE OPTIONS");
    assert_eq!(methods(said), "GET HEAD PUT DELETE OPTIONS POST PATCH");
    assert_eq!(methods(&format!("{said} proxy_request_buffering off;")), "GET HEAD DELETE OPTIONS");
}

#[test]
fn a_status_counts_as_a_failure_only_where_it_is_tried_again() {
    let fails = |lines: &str| {
        let breaker = location(TWO, lines).0.policy.breaker.unwrap();
        let status = |class: &FailureClass| matches!(class, FailureClass::One(RetryOn::Status(_)));
        breaker.fails.iter().filter(|class| status(class)).map(ToString::to_string).collect::<Vec<_>>()
    };
    let listed = "proxy_next_upstream http_503 http_404 http_429;";
    assert_eq!(fails(listed), ["503", "429"]);
    assert_eq!(fails(&format!("{listed} proxy_next_upstream_tries 1;")), Vec::<String>::new());
}

#[test]
fn workers_share_a_count_only_by_a_zone() {
    let workers = |main: &str, upstream: &str| {
        let text = format!(
            "{main} http {{ upstream b {{ {upstream} }} server {{ location / {{ proxy_pass http://b; }} }} }}"
        );
        let (import, shown) = imported(&[("a.conf", &text)], &Choices::default());
        (import.policy.breaker.as_ref().unwrap().workers, own(&import).contains("worker_processes 4;"), shown)
    };
    let (counting, running, _) = workers("worker_processes 4;", TWO);
    assert_eq!((counting, running), (4, true));
    let (counting, running, _) = workers("worker_processes 4;", &format!("zone b 64k; {TWO}"));
    assert_eq!((counting, running), (1, true));
    let (counting, _, shown) = workers("worker_processes auto;", TWO);
    assert!(counting == 1 && shown.contains("so many workers as there are processors"), "{shown}");
}

#[test]
fn limits_are_those_that_hold_for_all_requests_alike() {
    let each = "server a:80 max_conns=5; server b:80 max_conns=5;";
    let limit = location(each, "").0.policy.limit.unwrap();
    assert_eq!(
        (limit.in_flight, limit.queue, limit.status, limit.scope),
        (5, Some(0), Some(502), Scope::Backend)
    );
    let (import, shown) = location("server a:80 max_conns=5; server b:80;", "");
    assert!(import.policy.limit.is_none() && shown.contains("it is not the same for all servers"), "{shown}");
    let zoned = |key: &str| {
        let text = format!(
            "limit_conn_zone {key} zone=z:1m; upstream b {{ {TWO} }} server {{ location / {{ limit_conn z 7; proxy_pass http://b; }} }}"
        );
        imported(&[("a.conf", &text)], &Choices::default())
    };
    let (import, _) = zoned("$server_name");
    assert!(own(&import).contains("limit_conn requests 7;"));
    let limit = import.policy.limit.unwrap();
    assert_eq!((limit.in_flight, limit.status, limit.scope), (7, Some(503), Scope::Pool));
    let (import, shown) = zoned("$binary_remote_addr");
    assert!(
        import.policy.limit.is_none() && shown.contains("`limit_conn` by zone `z` is not rehearsed"),
        "{shown}"
    );
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let text = "
worker_processes auto;
http {
    nonsense 1;
    upstream b {
        ip_hash;
        server 10.0.0.1:80 max_fails=many speed=9;
        server 10.0.0.2:80 slow_start=30s;
        server 10.0.0.3:80 fail_timeout=soon;
        keepalive 8;
    }
    server {
        if ($http_x) { return 403; }
        location / {
            proxy_next_upstream error timeout maybe http_418 invalid_header non_idempotent;
            proxy_next_upstream_timeout 10s;
            proxy_read_timeout fast;
            proxy_send_timeout 5s;
            proxy_request_buffering off;
            proxy_cache shop;
            proxy_set_header X-User $user;
            proxy_pass https://b/v2/;
        }
    }
}
";
    let (_, shown) = imported(&[("a.conf", text)], &Choices::default());
    let (_, told) = shown.split_once("\nLint").unwrap();
    insta::assert_snapshot!(format!("Lint{told}"));
}

#[test]
fn one_server_is_never_left_alone_whatever_it_says() {
    let (import, shown) =
        location("server 10.0.0.1:80 max_fails=3;", "proxy_next_upstream error timeout http_503;");
    assert!(import.policy.breaker.is_none() && import.policy.retry.is_none());
    for words in
        ["`max_fails` and `fail_timeout` are not looked at", "with one server nothing is tried again"]
    {
        assert!(shown.contains(words), "{shown}");
    }
    let (import, _) = imported(
        &[("a.conf", "server { location / { proxy_pass http://10.0.0.1:80/; } }")],
        &Choices::default(),
    );
    assert_eq!((import.subject.as_str(), import.members.len()), ("10.0.0.1:80", 1));
}

#[test]
fn what_can_not_be_read_is_refused_at_its_place() {
    for (text, words) in [
        ("http {\n server {", "a.conf:2:2: the block of `server` is never closed"),
        ("http {\n a 'b\n}", "a.conf:2:4: the quote ' is never closed"),
        ("http { }\n }", "a.conf:2:2: found `}` where no block is open"),
        ("include a.conf;", "files include each other in a circle"),
        ("", "no location with a `proxy_pass`"),
        ("server { location / { proxy_pass http://$x; } }", "no location with a `proxy_pass`"),
        ("upstream b { } server { location / { proxy_pass http://b; } }", "no server of `b` gets traffic"),
    ] {
        let said = refused(&[("a.conf", text)], &Choices::default());
        assert!(said.contains(words), "{said}");
    }
    let said = refused(&[("a.conf", SHOP)], &choices(&[("X", "1")], Some("orders")));
    assert!(said.contains("nothing asks for the value of `X`"), "{said}");
}

#[test]
fn what_is_included_stands_in_its_place() {
    let main = "http { upstream b { include servers/*; } include conf.d/*.conf; }";
    let files = [
        ("etc/nginx.conf", main),
        ("etc/servers/one.conf", "server 10.0.0.1:80;"),
        ("etc/servers/two.conf", "server 10.0.0.2:80 max_fails=2;"),
        ("etc/conf.d/shop.conf", "server {\n location / { proxy_pass http://b; include timers.inc; } }"),
        ("etc/timers.inc", "proxy_read_timeout 3s;"),
    ];
    let (import, shown) = imported(&files, &Choices::default());
    assert_eq!(import.members.len(), 2);
    assert!(shown.contains("etc/timers.inc:1:20") && shown.contains("etc/servers/two.conf:1:8"), "{shown}");
}

#[test]
fn the_copy_reaches_no_file_no_program_and_no_other_host() {
    let lines = "proxy_ssl_certificate /etc/passwd; root /etc; access_log /var/log/x; mirror /m; auth_request /a; \
                 content_by_lua_block { os.execute('}') } proxy_set_header X \"{{env.SECRET}}\"; proxy_set_header Y $user; \
                 proxy_set_header Z \"a b;\"; proxy_cache c; proxy_store /tmp/x; proxy_bind 10.0.0.9; \
                 proxy_temp_path /etc; client_body_temp_path /etc; resolver 10.0.0.9; error_page 500 /x;";
    let (import, _) = location("zone /etc/passwd 1m; server 10.0.0.1:80; state /etc/passwd;", lines);
    insta::assert_snapshot!(own(&import));
}

#[test]
fn headers_without_variables_are_rules() {
    let text = "http { upstream p { server 1.2.3.4; } server { listen 80; location / { proxy_pass http://p;
        proxy_set_header Host $host; proxy_set_header Connection \"\"; proxy_set_header X-Plan gold; proxy_set_header X-Debug \"\";
        proxy_set_header X-Real-Ip $remote_addr; } } }";
    let (import, _) = imported(&[("nginx.conf", text)], &Choices::default());
    let rules = import.policy.request_headers.unwrap();
    assert_eq!(rules.set.iter().collect::<Vec<_>>(), [(&"x-plan".to_owned(), &"gold".to_owned())]);
    assert_eq!(rules.remove, ["x-debug"]);
    assert!(import.own.unwrap().text.contains("proxy_set_header X-Plan gold;"));
}
