//! Configurations of HAProxy, from their files to a scenario.

mod common;

use common::{choices, imported, refused};
use import::{Choices, Import};
use policy::{RetryOn, WayBack};

const ORDERS: &str = include_str!("haproxy.cfg");

const DEFAULTS: &str =
    "defaults\n mode http\n timeout connect 1s\n timeout server 2s\n retries 2\n option redispatch\n";

/// A backend with these lines of its own, and what is told of it.
fn backend(lines: &str) -> (Import, String) {
    imported(&[("a.cfg", &format!("{DEFAULTS}backend b\n{lines}\n"))], &Choices::default())
}

fn own(import: &Import) -> &str {
    &import.own.as_ref().unwrap().text
}

#[test]
fn a_backend_becomes_a_scenario_with_the_place_of_each_line() {
    let (_, shown) = imported(&[("haproxy.cfg", ORDERS)], &Choices::default());
    insta::assert_snapshot!(shown);
}

#[test]
fn what_was_understood_is_copied_with_the_addresses_of_a_run() {
    let (import, _) = imported(&[("haproxy.cfg", ORDERS)], &Choices::default());
    insta::assert_snapshot!(own(&import));
}

#[test]
fn which_backend_it_is_about_is_asked_for_where_there_are_several() {
    let (import, _) = imported(&[("haproxy.cfg", ORDERS)], &choices(&[], Some("billing")));
    assert_eq!(import.members.len(), 2);
    let undecided = ORDERS.replace("default_backend", "# default_backend");
    insta::assert_snapshot!(refused(&[("a.cfg", &undecided)], &Choices::default()), @"
    a scenario is about one backend, and there are orders, billing
    help: name one: `--backend NAME`
    ");
    insta::assert_snapshot!(refused(&[("a.cfg", ORDERS)], &choices(&[], Some("shop"))), @"
    there is no backend `shop`
    help: there are orders, billing
    ");
}

#[test]
fn what_is_no_http_and_what_has_no_server_is_refused() {
    for (text, words) in [
        ("backend a\n server s 1:1", "`a` is in mode `tcp`"),
        ("backend a\n mode http", "no `backend` or `listen` with a `server`"),
        ("backend a\n mode http\n server s 1:1 weight 0", "no server of this proxy gets traffic"),
        ("", "no `backend` or `listen` with a `server`"),
    ] {
        let said = refused(&[("a.cfg", text)], &Choices::default());
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let text = "
defaults
    mode http
    no option redispatch
backend a
    balance source
    retry-on all-retryable-errors 200 maybe
    nonsense 1
    .if defined(X)
    retries 9
    .endif
    default-server observe layer7 error-limit five speed 9
    server one 10.0.0.1:80
    server two 10.0.0.2:80 backup
";
    let (import, shown) = imported(&[("a.cfg", text)], &Choices::default());
    assert_eq!(import.policy.retry.unwrap().attempts, 4);
    let (_, told) = shown.split_once("recovery = {").unwrap_or(("", &shown));
    let told = told.split_once("Lint").map_or(told, |(_, rest)| rest);
    insta::assert_snapshot!(format!("Lint{told}"));
}

#[test]
fn defaults_hold_for_what_comes_behind_them_also_in_the_next_file_and_by_name() {
    let first =
        "defaults slow\n mode http\n timeout server 9s\ndefaults fast from slow\n timeout server 1s\n";
    let of = |head: &str| {
        let second = format!("backend b {head}\n server s 10.0.0.1:80\n");
        let (import, _) = imported(&[("a.cfg", first), ("b.cfg", &second)], &Choices::default());
        import.policy.timeout.per_try.unwrap().to_string()
    };
    assert_eq!(of(""), "1 s");
    assert_eq!(of("from slow"), "9 s");
}

#[test]
fn variables_are_those_that_were_given_or_their_defaults() {
    let wait = |values: &[(&str, &str)]| {
        let (import, _) = imported(&[("a.cfg", ORDERS)], &choices(values, None));
        import.policy.limit.unwrap().wait.unwrap().to_string()
    };
    assert_eq!(wait(&[]), "3 s");
    assert_eq!(wait(&[("QUEUE", "250")]), "250 ms");
    let (import, shown) = backend(" timeout server \"$SLOW\"\n server s 10.0.0.1:80");
    assert_eq!(import.policy.timeout.per_try, None);
    assert!(shown.contains("`--value SLOW=…`") && !own(&import).contains("timeout server \"$"), "{shown}");
    assert!(
        refused(&[("a.cfg", ORDERS)], &choices(&[("X", "1")], None))
            .contains("nothing asks for the value of `X`")
    );
}

#[test]
fn a_further_attempt_goes_to_another_server_where_redispatch_says_so() {
    let other = |lines: &str| {
        let (import, _) = backend(&format!("{lines}\n server s 10.0.0.1:80\n server t 10.0.0.2:80"));
        import.policy.retry.unwrap().other_backend
    };
    assert!(other("") && other(" balance random(3)") && other(" balance leastconn\n option redispatch 1"));
    assert!(other(" balance leastconn\n retries 1"));
    assert!(!other(" no option redispatch") && !other(" balance leastconn"));
}

#[test]
fn methods_are_those_that_no_rule_keeps_from_a_retry() {
    let methods = |rule: &str| {
        let lines = format!(" retry-on 503\n http-request disable-l7-retry {rule}\n server s 10.0.0.1:80");
        let (import, shown) = backend(&lines);
        (import.policy.retry.map(|retry| retry.methods.join(" ")).unwrap_or_default(), shown)
    };
    assert_eq!(methods("unless { method GET PUT }").0, "GET PUT");
    assert_eq!(methods("if METH_POST || { method PUT }").0, "GET HEAD POST PUT PATCH DELETE OPTIONS");
    assert_eq!(methods("if METH_POST or METH_PUT").0, "GET HEAD PATCH DELETE OPTIONS");
    assert_eq!(methods("unless METH_GET").0, "GET HEAD");
    assert!(methods("if is_write").1.contains("this condition on what is never tried again is not read"));
    assert_eq!(methods("").0, "GET HEAD POST PUT PATCH DELETE OPTIONS");
}

#[test]
fn how_long_a_server_is_left_alone_follows_from_its_checks() {
    let breaker = |checks: &str| {
        let (import, shown) =
            backend(&format!(" server s 10.0.0.1:80 check observe layer7 on-error mark-down {checks}"));
        let breaker = import.policy.breaker;
        (
            breaker.map(|breaker| (breaker.open_for.to_string(), breaker.tick.map(|tick| tick.to_string()))),
            shown,
        )
    };
    let is = |open: &str, tick: Option<&str>| Some((open.to_owned(), tick.map(str::to_owned)));
    assert_eq!(breaker("fastinter 500ms rise 1").0, is("500 ms", None));
    assert_eq!(breaker("fastinter 500ms rise 3").0, is("1.5 s", None));
    assert_eq!(breaker("inter 3s rise 2").0, is("3 s", Some("3 s")));
    let (none, shown) = breaker("rise 1");
    assert!(none.is_none() && shown.contains("how long it is left alone is not known"), "{shown}");
    assert!(shown.contains("health checks take this server out as well"), "{shown}");
}

#[test]
fn servers_that_are_marked_down_otherwise_than_the_others_have_no_breaker_together() {
    let down = "check observe layer7 on-error mark-down fastinter 1s rise 1";
    let (import, shown) =
        backend(&format!(" server s 10.0.0.1:80 {down}\n server t 10.0.0.2:80 {down} error-limit 3"));
    assert_eq!(import.policy.breaker, None);
    assert!(shown.contains("what marks down `t` is not what marks down `s`"), "{shown}");
    let (import, _) =
        backend(&format!(" option httpchk\n server s 10.0.0.1:80 {down}\n retry-on 503 empty-response"));
    assert_eq!(import.policy.breaker.unwrap().way_back, Some(WayBack::Check));
    assert_eq!(import.policy.retry.unwrap().on, [RetryOn::Status(503), RetryOn::Reset]);
}

#[test]
fn a_group_that_is_back_at_once_shows_no_failover() {
    let shown = |open: &str| {
        let down = format!("check inter 1d fastinter {open} rise 1 observe layer7 on-error mark-down");
        backend(&format!(" default-server {down}\n server s 10.0.0.1:80\n server t 10.0.0.2:80 backup")).1
    };
    assert!(shown("6s").contains("failover = {") && !shown("6s").contains("of the groups nothing is shown"));
    assert!(
        !shown("500ms").contains("failover = {") && shown("500ms").contains("of the groups nothing is shown")
    );
}

#[test]
fn checks_that_the_policy_has_no_words_for_are_not_in_the_copy() {
    let (import, shown) = backend(" default-server check inter 5s\n server s 10.0.0.1:80 check weight 3");
    assert!(!own(&import).contains(" check") && own(&import).contains("weight 3"), "{}", own(&import));
    assert!(shown.contains("only health checks take this server out"), "{shown}");
    let (import, _) =
        backend(" server s 10.0.0.1:80 check fastinter 1s rise 1 observe layer7 on-error mark-down");
    assert!(own(&import).contains(" check fastinter 1s"), "{}", own(&import));
}

#[test]
fn the_copy_reaches_no_file_no_program_and_no_other_host() {
    let (import, _) = backend(
        " errorfile 503 /etc/passwd\n http-request lua.run\n option httpchk GET {{env.SECRET}}\n external-check command /bin/sh\n \
         option external-check\n log 10.0.0.9 local0\n http-request set-header x {{env.SECRET}}\n source 10.0.0.9\n \
         server s 10.0.0.1:80 ca-file /etc/passwd addr 10.0.0.9 port 1 agent-check agent-addr 10.0.0.9 check maxconn \"{{env.SECRET}}\" \
         resolvers dns init-addr libc",
    );
    insta::assert_snapshot!(own(&import));
}

#[test]
fn many_lines_that_are_not_understood_come_to_an_end() {
    let (import, shown) = backend(&format!("{} server s 10.0.0.1:80", " nonsense 1\n".repeat(50_000)));
    assert_eq!(import.notes.len(), 1_000);
    assert!(
        shown.contains("more than 1000 things are to be told, and no more of them are"),
        "{}",
        shown.len()
    );
    let defaults: Vec<String> = (0..50_000).map(|at| format!("defaults d{} from d{at}\n", at + 1)).collect();
    let text = format!("defaults d0\n mode http\n{}backend b\n server s 10.0.0.1:80\n", defaults.concat());
    imported(&[("a.cfg", &text)], &Choices::default());
}

#[test]
fn a_body_is_looked_for_in_further_attempts_only_where_writes_are_tried_again() {
    let scenario = |methods: &str| {
        let text = format!(
            " retries 2\n retry-on 503\n http-request disable-l7-retry unless {{ method {methods} }}\n server s 10.0.0.1:80\n server t 10.0.0.2:80"
        );
        backend(&text).1
    };
    assert!(scenario("GET POST").contains("replay_body"));
    assert!(!scenario("GET").contains("replay_body"));
}

#[test]
fn checks_that_decide_alone_become_the_health_checks_of_the_policy() {
    let lines = " option httpchk GET /healthz\n timeout check 500ms\n default-server check inter 1s fall 4\n \
                 server a 10.0.0.1:80\n server b 10.0.0.2:80";
    let (import, shown) = backend(lines);
    let check = import.policy.health_check.clone().unwrap();
    assert_eq!(check.to_string(), "/healthz every 1 s, out after 4, back after 2");
    assert_eq!(check.within.unwrap().to_string(), "500 ms");
    assert!(own(&import).contains("option httpchk GET /healthz"), "{}", own(&import));
    assert!(own(&import).contains("check inter 1s fall 4"), "{}", own(&import));
    insta::assert_snapshot!(shown);
}

#[test]
fn checks_that_come_at_two_paces_or_not_alike_are_not_rehearsed() {
    let httpchk = " option httpchk /healthz\n server a 10.0.0.1:80 check inter 1s";
    for (rest, words) in [
        (" fastinter 200ms", "checks come at two paces"),
        ("\n server b 10.0.0.2:80 check inter 3s", "servers are not all checked alike"),
        (" inter 1ms", "1 ms is out of bounds"),
    ] {
        let (import, shown) = backend(&format!("{httpchk}{rest}"));
        assert!(import.policy.health_check.is_none() && shown.contains(words), "{shown}");
    }
}

#[test]
fn headers_with_values_that_are_words_are_rules_and_are_copied_and_others_are_told() {
    let lines = " server s 1:1\n http-request set-header X-Plan \"gold plan\"\n http-request add-header x-trail edge\n \
                 http-request del-header x-debug\n http-request set-header x-src %[src]\n \
                 http-request set-header x-when 1 if { path /a }\n http-request set-header x-b {{env.SECRET}}\n";
    let (import, shown) = backend(lines);
    let rules = import.policy.request_headers.clone().unwrap();
    assert_eq!(rules.set.get("x-plan").map(String::as_str), Some("gold plan"));
    assert_eq!(rules.append.get("x-trail").map(String::as_str), Some("edge"));
    assert_eq!(rules.remove, ["x-debug"]);
    let told: Vec<&str> = shown.lines().filter(|line| line.contains("is not read")).collect();
    assert_eq!(told.len(), 3, "{told:#?}");
    let copied: Vec<&str> = own(&import).lines().filter(|line| line.contains("-header")).collect();
    insta::assert_debug_snapshot!(copied, @r#"
[
    "    http-request set-header X-Plan \"gold plan\"",
    "    http-request add-header x-trail edge",
    "    http-request del-header x-debug",
]
"#);
}
