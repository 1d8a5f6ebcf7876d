//! Checks of traffic, backends and limits: what can be sent, and how much of it.

use crate::common::{SOUND, said_of, with};
use insta::assert_snapshot;

#[test]
fn an_absurd_rate_is_held_against_the_limit() {
    assert_snapshot!(said_of(&with("\"200/s\"", "\"9000000/s\"")), @r#"
    error: 135 000 750 requests, over `limits.exchanges` = 4 000 000
      --> orders.toml:14:8
       |
    14 | rate = "9000000/s"
       |        ^^^^^^^^^^^ reads: 9000000/s × 15 s = 135 000 000; writes: 50/s × 15 s = 750
       |
       = help: lower the rate, shorten the phases, or raise `limits.exchanges`

    error: 9 000 050 requests a second in phase `steady`, over `limits.rate` = 50 000/s
      --> orders.toml:14:8
       |
    14 | rate = "9000000/s"
       |        ^^^^^^^^^^^
       |
       = help: lower the rate, or raise `limits.rate`
    "#);
}

#[test]
fn too_many_requests_are_shown_with_the_arithmetic() {
    assert_snapshot!(said_of(&with("for = \"10s\"", "for = \"10h\"")), @r#"
    error: 9 001 250 requests, over `limits.exchanges` = 4 000 000
      --> orders.toml:14:8
       |
    14 | rate = "200/s"
       |        ^^^^^^^ reads: 200/s × 36005 s = 7 201 000; writes: 50/s × 36005 s = 1 800 250
       |
       = help: lower the rate, shorten the phases, or raise `limits.exchanges`
    "#);
}

#[test]
fn a_load_that_may_exceed_what_can_be_in_flight_is_warned_of() {
    assert_snapshot!(said_of(&with("\"200/s\"", "\"2000/s\"")), @r#"
    warning: up to 20 500 requests could be under way, over `limits.in_flight` = 10 000: what is over is skipped
      --> orders.toml:14:8
       |
    14 | rate = "2000/s"
       |        ^^^^^^^^ rate × deadline, if nothing is answered
       |
       = help: shorten `deadline`, lower the rate, or raise `limits.in_flight`
    "#);
}

#[test]
fn a_gateway_that_runs_already_needs_backends_with_addresses() {
    let url = "[gateway.url]\naddress = \"http://127.0.0.1:8080\"";
    assert_snapshot!(said_of(&with("[gateway.reference]", url)), @r#"
    error: backend `orders-a` has no fixed address, and gateway `url` runs already
      --> orders.toml:10:10
       |
    10 | [backend.orders-a]
       |          ^^^^^^^^
       |
       = help: add `listen = "127.0.0.1:9001"`, the address that the gateway forwards to

    error: backend `orders-b` has no fixed address, and gateway `url` runs already
      --> orders.toml:11:10
       |
    11 | [backend.orders-b]
       |          ^^^^^^^^
       |
       = help: add `listen = "127.0.0.1:9001"`, the address that the gateway forwards to
    "#);
}

#[test]
fn a_backend_listens_at_one_address_and_alone() {
    let text = with("[backend.orders-a]", "[backend.orders-a]\nlisten = \"224.0.0.1:9001\"");
    assert_snapshot!(said_of(&text.replace("[backend.orders-b]", "[backend.orders-b]\nlisten = \"localhost\"")), @r#"
    error: 224.0.0.1 is the address of many machines
      --> orders.toml:10:10
       |
    10 | listen = "224.0.0.1:9001"
       |          ^^^^^^^^^^^^^^^^
       |
       = help: expected an address of this machine, such as `127.0.0.1`

    error: `localhost` is not an address
      --> orders.toml:12:10
       |
    12 | listen = "localhost"
       |          ^^^^^^^^^^^ expected an address of this machine with a port
       |
       = help: for example `127.0.0.1:9001`
    "#);
    let text = with("[backend.orders-a]", "[backend.orders-a]\nlisten = \"127.0.0.1:9001\"");
    assert_snapshot!(said_of(&text.replace("[backend.orders-b]", "[backend.orders-b]\nlisten = \"127.0.0.1:9001\"")), @r#"
    error: the address 127.0.0.1:9001 is already that of backend `orders-a`
      --> orders.toml:12:10
       |
    12 | listen = "127.0.0.1:9001"
       |          ^^^^^^^^^^^^^^^^
    "#);
    // `0.0.0.0` stands for each address of IPv4, `[::]` for all.
    for (one, other, fits) in [
        ("0.0.0.0:9001", "127.0.0.1:9001", false),
        ("[::]:9001", "127.0.0.1:9001", false),
        ("127.0.0.1:9001", "[::]:9001", false),
        ("0.0.0.0:9001", "[::1]:9001", true),
        ("0.0.0.0:9001", "127.0.0.1:9002", true),
    ] {
        let text = with("[backend.orders-a]", &format!("[backend.orders-a]\nlisten = \"{one}\""));
        let both = text.replace("[backend.orders-b]", &format!("[backend.orders-b]\nlisten = \"{other}\""));
        let is_refused = said_of(&both).contains("is already that of backend");
        assert_eq!(is_refused, !fits, "{one} and {other}");
    }
}

#[test]
fn a_request_that_no_client_could_send_is_refused() {
    assert_snapshot!(said_of(&with("\"GET /orders/{n}\"", "\"/orders\"")), @r#"
    error: `/orders` is not a request
      --> orders.toml:13:11
       |
    13 | request = "/orders"
       |           ^^^^^^^^^ expected a method and a path
       |
       = help: for example `GET /orders/{n}`
    "#);
    assert_snapshot!(said_of(&with("\"GET /orders/{n}\"", "\"get /orders\"")), @r#"
    error: `get` is not a method: methods are upper case
      --> orders.toml:13:11
       |
    13 | request = "get /orders"
       |           ^^^^^^^^^^^^^
       |
       = help: for example `GET`, `POST` or `DELETE`
    "#);
    assert_snapshot!(said_of(&with("\"GET /orders/{n}\"", "\"GET http://orders\"")), @r#"
    error: `http://orders` is not a path: it must begin with `/`; the gateway's address is not part of it
      --> orders.toml:13:11
       |
    13 | request = "GET http://orders"
       |           ^^^^^^^^^^^^^^^^^^^
       |
       = help: for example `/orders/{n}?full=1`
    "#);
    assert_snapshot!(said_of(&with("\"GET /orders/{n}\"", "\"GET /orders/{id}\"")), @r#"
    error: `/orders/{id}` is not a path: placeholders are `{n}`, the number of the request, `{uuid}`, a UUID of it, `{tag}`, its tag, `{key}`, its key, and `{{env.NAME}}`, the value of an environment variable
      --> orders.toml:13:11
       |
    13 | request = "GET /orders/{id}"
       |           ^^^^^^^^^^^^^^^^^^
       |
       = help: for example `/orders/{n}?full=1`
    "#);
}

#[test]
fn headers_that_no_client_could_send_are_refused() {
    let headers =
        "headers = { \"x y\" = \"1\", Host = \"a\", x = \"a\\nb\", y = \"{{secret}}\" }\nrate = \"50/s\"";
    assert_snapshot!(said_of(&with("rate = \"50/s\"", headers)), @r#"
    error: `x y` is not a header name
      --> orders.toml:18:13
       |
    18 | headers = { "x y" = "1", Host = "a", x = "a\nb", y = "{{secret}}" }
       |             ^^^^^
       |
       = help: header names have 1 to 128 letters, digits and `-`

    error: the header `Host` is set by the driver
      --> orders.toml:18:26
       |
    18 | headers = { "x y" = "1", Host = "a", x = "a\nb", y = "{{secret}}" }
       |                          ^^^^
       |
       = help: give it beside `request`: `host = "…"`

    error: this is not a header value
      --> orders.toml:18:42
       |
    18 | headers = { "x y" = "1", Host = "a", x = "a\nb", y = "{{secret}}" }
       |                                          ^^^^^^
       |
       = help: one line of at most 4096 bytes, without spaces at its ends

    error: unknown placeholder `{{secret}}`
      --> orders.toml:18:54
       |
    18 | headers = { "x y" = "1", Host = "a", x = "a\nb", y = "{{secret}}" }
       |                                                      ^^^^^^^^^^^^
       |
       = help: placeholders are `{n}`, the number of the request, `{uuid}`, a UUID of it, `{tag}`, its tag, `{key}`, its key, and `{{env.NAME}}`, the value of an environment variable
    "#);
}

#[test]
fn a_body_larger_than_the_limit_is_refused() {
    assert_snapshot!(said_of(&with("size = \"2KiB\"", "size = \"2GiB\"")), @r#"
    error: a body of 2.0 GiB, over `limits.body` = 8.0 MiB
      --> orders.toml:19:17
       |
    19 | body = { size = "2GiB" }
       |                 ^^^^^^
       |
       = help: make it smaller, or raise `limits.body`
    "#);
    assert_snapshot!(said_of(&with("body = { size = \"2KiB\" }", "body = {}")), @r#"
    error: a body needs either `size` or `text`
      --> orders.toml:19:8
       |
    19 | body = {}
       |        ^^
       |
       = help: for example `body = { size = "2KiB" }`
    "#);
}

#[test]
fn traffic_is_open_or_closed_loop() {
    assert_snapshot!(said_of(&with("rate = \"50/s\"", "rate = \"50/s\"\nusers = 5")), @r#"
    error: traffic `writes` has both `rate` and `users`
      --> orders.toml:16:10
       |
    16 | [traffic.writes]
       |          ^^^^^^
       |
       = help: `rate = "100/s"` sends on schedule (open loop), `users = 20` waits for answers (closed loop)
    "#);
    assert_snapshot!(said_of(&with("rate = \"50/s\"\n", "")), @r#"
    error: traffic `writes` has neither `rate` nor `users`
      --> orders.toml:16:10
       |
    16 | [traffic.writes]
       |          ^^^^^^
       |
       = help: `rate = "100/s"` sends on schedule (open loop), `users = 20` waits for answers (closed loop)
    "#);
    assert_snapshot!(said_of(&with("rate = \"50/s\"", "users = 50000")), @"
    error: 50000 users, over `limits.connections` = 1024
      --> orders.toml:18:9
       |
    18 | users = 50000
       |         ^^^^^

    warning: up to 52 000 requests could be under way, over `limits.in_flight` = 10 000: what is over is skipped
      --> orders.toml:18:9
       |
    18 | users = 50000
       |         ^^^^^ rate × deadline, if nothing is answered
       |
       = help: shorten `deadline`, lower the rate, or raise `limits.in_flight`
    ");
}

#[test]
fn a_phase_changes_traffic_in_one_way() {
    let both =
        "for = \"10s\"\n[phase.traffic]\nreads = { rate = \"1/s\", to = \"5/s\" }\nwrite = { users = 1 }";
    assert_snapshot!(said_of(&with("for = \"10s\"", both)), @r#"
    error: a phase changes traffic by `rate`, or by `from` and `to`
      --> orders.toml:29:9
       |
    29 | reads = { rate = "1/s", to = "5/s" }
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: for example `{ rate = "200/s" }` or `{ from = "100/s", to = "400/s" }`

    error: unknown traffic class `write`
      --> orders.toml:30:1
       |
    30 | write = { users = 1 }
       | ^^^^^ no traffic class has this name
       |
       = help: did you mean `writes`? the traffic classes are `reads` and `writes`
    "#);
}

#[test]
fn limits_have_limits() {
    assert_snapshot!(said_of(&format!("{SOUND}\n[limits]\nexchanges = 0\nin_flight = 99999999\n")), @"
    error: `limits.exchanges` is 0, allowed are 1 to 200000000
      --> orders.toml:38:1
       |
    38 | exchanges = 0
       | ^^^^^^^^^

    error: `limits.in_flight` is 99999999, allowed are 1 to 1000000
      --> orders.toml:39:1
       |
    39 | in_flight = 99999999
       | ^^^^^^^^^
    ");
}

#[test]
fn names_that_no_file_or_configuration_could_carry_are_refused() {
    assert_snapshot!(said_of(&with("[backend.orders-b]", "[backend.\"orders b\"]")), @r#"
    error: `orders b` can't be the name of a backend
      --> orders.toml:10:10
       |
    10 | [backend."orders b"]
       |          ^^^^^^^^^^
       |
       = help: names have 1 to 64 letters, digits, `-`, `_` and `.`
    "#);
}
