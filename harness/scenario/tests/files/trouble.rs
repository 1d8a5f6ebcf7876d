//! Checks of requests in trouble, hosts, trailers and placeholders.

use crate::common::{said_of, with};
use insta::assert_snapshot;

/// What is said of the sound scenario with these lines added to its writes.
fn said_of_writes(lines: &str) -> String {
    said_of(&with("request = \"POST /orders\"", &format!("request = \"POST /orders\"\n{lines}")))
}

#[test]
fn a_client_that_leaves_does_so_by_one_rule_and_before_it_gives_up() {
    assert_snapshot!(said_of_writes("abort = { by = \"rst\" }"), @r#"
    error: an abort has neither `after` nor `after_bytes`
      --> orders.toml:18:9
       |
    18 | abort = { by = "rst" }
       |         ^^^^^^^^^^^^^^
       |
       = help: `after = "300ms"` leaves by the clock, `after_bytes = "1KiB"` in the middle of the answer
    "#);
    assert_snapshot!(said_of_writes("abort = { after = \"300ms\", after_bytes = \"1KiB\" }"), @r#"
    error: an abort has both `after` and `after_bytes`
      --> orders.toml:18:9
       |
    18 | abort = { after = "300ms", after_bytes = "1KiB" }
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: `after = "300ms"` leaves by the clock, `after_bytes = "1KiB"` in the middle of the answer
    "#);
    assert_snapshot!(said_of_writes("abort = { after = \"0s\" }"), @r#"
    error: a client that leaves after 0 s sends nothing
      --> orders.toml:18:9
       |
    18 | abort = { after = "0s" }
       |         ^^^^^^^^^^^^^^^^
       |
       = help: for example `abort = { after = "300ms" }`
    "#);
    assert_snapshot!(said_of_writes("abort = { after = \"12s\", share = 0.1 }"), @r#"
    error: the client leaves after 12 s, and gives up after 10 s: it never comes to that
      --> orders.toml:18:9
       |
    18 | abort = { after = "12s", share = 0.1 }
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: make it shorter, or raise `deadline`
    "#);
    assert_snapshot!(said_of_writes("abort = { after = \"1s\", by = \"half_close\" }"), @r#"
    error: unknown value `half_close`
      --> orders.toml:18:30
       |
    18 | abort = { after = "1s", by = "half_close" }
       |                              ^^^^^^^^^^^^ expected one of `fin`, `rst` or `half-close`
       |
       = help: did you mean `half-close`?
    "#);
    assert_snapshot!(said_of_writes("abort = { after = \"0s\", by = \"half-close\" }"), @"");
    assert_snapshot!(said_of_writes("abort = { after_bytes = \"1KiB\", share = 0.1 }"), @"");
}

#[test]
fn a_slow_or_stalled_upload_has_a_body_and_an_end() {
    assert_snapshot!(said_of_writes("upload = { rate = \"10KiB/s\" }\nstall = { at = \"1KiB\", for = \"2s\", share = 0.5 }"), @"");
    assert_snapshot!(said_of_writes("upload = { rate = \"100B/s\" }\nstall = { at = \"2KiB\", for = \"11s\" }"), @r#"
    error: the body takes 20.5 s at 100 B/s, and gives up after 10 s: it never comes to that
      --> orders.toml:18:10
       |
    18 | upload = { rate = "100B/s" }
       |          ^^^^^^^^^^^^^^^^^^^
       |
       = help: make it shorter, or raise `deadline`

    error: a stall at 2.0 KiB, and the body has 2.0 KiB
      --> orders.toml:19:9
       |
    19 | stall = { at = "2KiB", for = "11s" }
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: stall before the body's end

    error: the client goes on after 11 s, and gives up after 10 s: it never comes to that
      --> orders.toml:19:9
       |
    19 | stall = { at = "2KiB", for = "11s" }
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: make it shorter, or raise `deadline`
    "#);
    assert_snapshot!(said_of_writes("upload = { rate = \"fast\" }"), @r#"
    error: `fast` is not a rate of bytes: expected at least one byte a second, such as `10KiB/s`
      --> orders.toml:18:19
       |
    18 | upload = { rate = "fast" }
       |                   ^^^^^^
    "#);
    let reads = "request = \"GET /orders/{n}\"";
    let bodiless = "upload = { rate = \"1KiB/s\" }\nstall = { at = 1, for = \"1s\" }\nexpect_continue = {}";
    assert_snapshot!(said_of(&with(reads, &format!("{reads}\n{bodiless}"))), @r#"
    error: a slow upload needs a body, and these requests have none
      --> orders.toml:14:10
       |
    14 | upload = { rate = "1KiB/s" }
       |          ^^^^^^^^^^^^^^^^^^^
       |
       = help: for example `body = { size = "64KiB" }`

    error: a stall needs a body, and these requests have none
      --> orders.toml:15:9
       |
    15 | stall = { at = 1, for = "1s" }
       |         ^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: for example `body = { size = "64KiB" }`

    error: `expect_continue` needs a body, and these requests have none
      --> orders.toml:16:19
       |
    16 | expect_continue = {}
       |                   ^^
       |
       = help: for example `body = { size = "64KiB" }`
    "#);
}

#[test]
fn a_client_that_reads_late_or_asks_first_does_so_before_it_gives_up() {
    assert_snapshot!(said_of_writes("read = { after = \"10s\" }\nexpect_continue = { wait = \"1m\" }"), @r#"
    error: the client reads after 10 s, and gives up after 10 s: it never comes to that
      --> orders.toml:18:8
       |
    18 | read = { after = "10s" }
       |        ^^^^^^^^^^^^^^^^^
       |
       = help: make it shorter, or raise `deadline`

    error: the client sends the body after 60 s, and gives up after 10 s: it never comes to that
      --> orders.toml:19:19
       |
    19 | expect_continue = { wait = "1m" }
       |                   ^^^^^^^^^^^^^^^
       |
       = help: make it shorter, or raise `deadline`
    "#);
    assert_snapshot!(said_of_writes("read = {}\nexpect_continue = {}"), @"");
}

#[test]
fn what_the_client_takes_itself_is_not_held_against_the_gateway() {
    let timed = with("attempts = { min = 2 }", "policy = {}").replace("traffic = \"reads\"\n", "");
    let troubled =
        timed.replace("\"POST /orders\"", "\"POST /orders\"\nread = { after = \"2s\", share = 0.1 }");
    assert_snapshot!(said_of(&troubled), @r#"
    error: `policy` would hold against the gateway what the client takes itself: traffic `writes` has `read`
      --> orders.toml:35:1
       |
    35 | policy = {}
       | ^^^^^^
       |
       = help: give requests in trouble a class of their own, and expect this of the others by `traffic`
    "#);
    let latency = troubled.replace("policy = {}", "latency = { p99 = \"1s\" }");
    assert_snapshot!(said_of(&latency), @"");
}

#[test]
fn trailers_follow_a_body_in_chunks() {
    assert_snapshot!(said_of_writes("trailers = { x-sum = \"1\" }"), @r#"
    error: trailers follow a body in chunks only
      --> orders.toml:18:14
       |
    18 | trailers = { x-sum = "1" }
       |              ^^^^^
       |
       = help: for example `body = { size = "2KiB", framing = "chunked" }`
    "#);
    let chunked = with(
        "body = { size = \"2KiB\" }",
        "body = { size = \"2KiB\", framing = \"chunked\" }\ntrailers = { x-sum = \"1\", te = \"x\", \"a b\" = \"{{env.A}}\" }",
    );
    assert_snapshot!(said_of(&chunked), @r#"
    error: `te` can't be a trailer
      --> orders.toml:20:27
       |
    20 | trailers = { x-sum = "1", te = "x", "a b" = "{{env.A}}" }
       |                           ^^

    error: `a b` is not a header name
      --> orders.toml:20:37
       |
    20 | trailers = { x-sum = "1", te = "x", "a b" = "{{env.A}}" }
       |                                     ^^^^^
       |
       = help: header names have 1 to 128 letters, digits and `-`

    error: a trailer has no placeholders, and is sent as it is
      --> orders.toml:20:45
       |
    20 | trailers = { x-sum = "1", te = "x", "a b" = "{{env.A}}" }
       |                                             ^^^^^^^^^^^

    warning: the environment variable `A` is not set
      --> orders.toml:20:45
       |
    20 | trailers = { x-sum = "1", te = "x", "a b" = "{{env.A}}" }
       |                                             ^^^^^^^^^^^
       |
       = help: set it before the run: `export A=…`
    "#);
}

#[test]
fn a_host_is_a_name_or_an_address() {
    assert_snapshot!(said_of_writes("host = \"orders.example.com:8080\""), @"");
    assert_snapshot!(said_of_writes("host = \"tenant-{n}.example.com\""), @"");
    assert_snapshot!(said_of_writes("host = \"a b\""), @r#"
    error: `a b` is not a host
      --> orders.toml:18:8
       |
    18 | host = "a b"
       |        ^^^^^
       |
       = help: a name or an address, and a port where there is one: `orders.example.com:8080`
    "#);
    assert_snapshot!(said_of_writes("host = \"{tenant}.example.com\""), @r#"
    error: `{tenant}.example.com` is not a host
      --> orders.toml:18:8
       |
    18 | host = "{tenant}.example.com"
       |        ^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: a name or an address, and a port where there is one: `orders.example.com:8080`
    "#);
}

#[test]
fn keys_are_carried_by_requests_and_there_are_some() {
    assert_snapshot!(said_of_writes("keys = 50\nheaders = { x-user = \"user-{key}\" }"), @"");
    let said = [
        ("keys = 50", "no request carries its key"),
        ("keys = 0\nheaders = { x-user = \"{key}\" }", "0 keys, allowed are 1 to 1000000"),
        ("headers = { x-user = \"{key}\" }", "`{key}` stands for one of the `keys`, and there are none"),
    ];
    for (lines, words) in said {
        assert!(said_of_writes(lines).contains(words), "{lines}: {}", said_of_writes(lines));
    }
}

#[test]
fn placeholders_are_the_same_everywhere_and_an_unknown_one_is_told() {
    let body = "body = { size = \"2KiB\" }";
    assert_snapshot!(said_of(&with(body, "body = { text = '{\"n\":{n},\"id\":\"{uuid}\",\"x\":{}}' }")), @"");
    assert_snapshot!(said_of(&with(body, "body = { text = '{\"n\":\"{number}\"}' }\nheaders = { a = \"{m}\" }")), @r#"
    error: unknown placeholder `{number}`
      --> orders.toml:19:17
       |
    19 | body = { text = '{"n":"{number}"}' }
       |                 ^^^^^^^^^^^^^^^^^^
       |
       = help: placeholders are `{n}`, the number of the request, `{uuid}`, a UUID of it, `{tag}`, its tag, `{key}`, its key, and `{{env.NAME}}`, the value of an environment variable

    error: unknown placeholder `{m}`
      --> orders.toml:20:17
       |
    20 | headers = { a = "{m}" }
       |                 ^^^^^
       |
       = help: placeholders are `{n}`, the number of the request, `{uuid}`, a UUID of it, `{tag}`, its tag, `{key}`, its key, and `{{env.NAME}}`, the value of an environment variable
    "#);
    assert_snapshot!(said_of_writes("headers = { authorization = \"{{env.BROWNOUT_TEST_UNSET}}\" }"), @r#"
    warning: the environment variable `BROWNOUT_TEST_UNSET` is not set
      --> orders.toml:18:29
       |
    18 | headers = { authorization = "{{env.BROWNOUT_TEST_UNSET}}" }
       |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: set it before the run: `export BROWNOUT_TEST_UNSET=…`
    "#);
}
