//! Errors in the shape of a file: each points at the exact word, in the words of the project.

use crate::common::{SOUND, said_of, with};
use insta::assert_snapshot;

#[test]
fn nothing_is_said_of_a_sound_scenario() {
    assert_eq!(said_of(SOUND), "");
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_one() {
    assert_snapshot!(said_of(&with("request = \"GET", "reqest = \"GET")), @r#"
    error: unknown key `reqest`
      --> orders.toml:13:1
       |
    13 | reqest = "GET /orders/{n}"
       | ^^^^^^ expected one of `request`, `target`, `keys`, `rate`, `users`, `think`, `mix`, `weight`, `arrivals`, `host`, `headers`, `body`, `trailers`, `deadline`, `keep_alive`, `abort`, `upload`, `stall`, `read` or `expect_continue`
       |
       = help: did you mean `request`?
    "#);
}

#[test]
fn an_unknown_key_at_the_top_lists_what_there_is() {
    assert_snapshot!(said_of(&with("name = \"one", "title = \"one")), @r#"
    error: unknown key `title`
     --> orders.toml:1:1
      |
    1 | title = "one backend answers 503"
      | ^^^^^ expected one of `name`, `why`, `owner`, `rollback`, `seed`, `gateway`, `policy`, `backends`, `backend`, `traffic`, `mix`, `phase`, `expect`, `record`, `limits` or `driver`
    "#);
}

#[test]
fn an_unknown_fault_kind_names_the_nearest_and_what_lists_all() {
    assert_snapshot!(said_of(&with("status = {", "statsu = {")), @"
    error: unknown fault kind `statsu`
      --> orders.toml:30:1
       |
    30 | statsu = { code = 503, share = 0.5 }
       | ^^^^^^ no fault kind has this name
       |
       = help: did you mean `status`? `brownout list faults` shows all kinds
    ");
}

#[test]
fn a_key_that_is_nearly_one_of_the_injection_is_not_taken_for_a_fault() {
    assert_snapshot!(said_of(&with("on = [\"orders-a\"]", "onn = [\"orders-a\"]")), @r#"
    error: unknown key `onn`
      --> orders.toml:29:1
       |
    29 | onn = ["orders-a"]
       | ^^^ expected one of `on`, `from`, `for`, `flap`, `ramp`, `correlate` or `when`
       |
       = help: did you mean `on`?
    "#);
}

#[test]
fn an_unknown_expectation_kind_is_told_with_the_nearest() {
    assert_snapshot!(said_of(&with("attempts = { min = 2 }", "atempts = { max = 2 }")), @"
    error: unknown expectation kind `atempts`
      --> orders.toml:35:1
       |
    35 | atempts = { max = 2 }
       | ^^^^^^^ no expectation kind has this name
       |
       = help: did you mean `attempts`? `brownout list expectations` shows all kinds
    ");
}

#[test]
fn an_unknown_gateway_kind_lists_all_kinds_and_the_nearest() {
    assert_snapshot!(said_of(&with("[gateway.reference]", "[gateway.refrence]")), @"
    error: unknown gateway kind `refrence`
     --> orders.toml:3:10
      |
    3 | [gateway.refrence]
      |          ^^^^^^^^ expected one of ALL GATEWAYS
      |
      = help: did you mean `reference`? `brownout list gateways` shows all kinds
    ");
}

#[test]
fn an_injection_without_a_fault_says_what_is_missing() {
    assert_snapshot!(said_of(&with("status = { code = 503, share = 0.5 }\n", "")), @"
    error: this table has no fault kind
      --> orders.toml:28:1
       |
    28 | [[phase.inject]]
       | ^^^^^^^^^^^^^^^^ a fault kind belongs here
       |
       = help: add one key that names a kind, such as `status = { code = 503 }`; `brownout list faults` shows all kinds
    ");
}

#[test]
fn two_faults_in_one_injection_are_told_apart() {
    assert_snapshot!(said_of(&with("status = { code = 503, share = 0.5 }", "status = { code = 503 }\nhang = {}")), @"
    error: a second fault kind, `status`
      --> orders.toml:30:1
       |
    30 | status = { code = 503 }
       | ^^^^^^ only one fits in a table
       |
       = help: give each fault its own `[[phase.inject]]`
    ");
}

#[test]
fn an_unknown_setting_of_a_fault_is_pointed_at() {
    assert_snapshot!(said_of(&with("share = 0.5", "sahre = 0.5")), @"
    error: unknown key `sahre`
      --> orders.toml:30:24
       |
    30 | status = { code = 503, sahre = 0.5 }
       |                        ^^^^^ expected one of `code`, `codes`, `share`, `headers` or `body`
       |
       = help: did you mean `share`?
    ");
}

#[test]
fn a_missing_setting_of_a_fault_is_named() {
    assert_snapshot!(said_of(&with("status = { code = 503, share = 0.5 }", "throttle = { share = 0.5 }")), @"
    error: missing key `rate`
      --> orders.toml:30:12
       |
    30 | throttle = { share = 0.5 }
       |            ^^^^^^^^^^^^^^^ `rate` belongs here
       |
       = help: add `rate = …`
    ");
}

#[test]
fn a_wrong_type_says_what_was_expected_and_what_was_found() {
    assert_snapshot!(said_of(&with("for = \"5s\"", "for = 5")), @r#"
    error: expected a length of time with its unit, such as "250ms" or "2s", found the number `5`
      --> orders.toml:23:7
       |
    23 | for = 5
       |       ^ expected a length of time with its unit, such as "250ms" or "2s"
    "#);
    assert_snapshot!(said_of(&with("code = 503", "code = \"503\"")), @r#"
    error: expected a whole number, found the string "503"
      --> orders.toml:30:19
       |
    30 | status = { code = "503", share = 0.5 }
       |                   ^^^^^ expected a whole number
    "#);
    assert_snapshot!(said_of(&with("status = { code = 503, share = 0.5 }", "status = 503")), @"
    error: expected a table, found the number `503`
      --> orders.toml:30:10
       |
    30 | status = 503
       |          ^^^ expected a table
    ");
}

#[test]
fn values_of_the_right_type_that_make_no_sense_are_pointed_at() {
    assert_snapshot!(said_of(&with("\"200/s\"", "\"-200/s\"")), @r#"
    error: `-200/s` is not a rate: it can't be negative or infinite
      --> orders.toml:14:8
       |
    14 | rate = "-200/s"
       |        ^^^^^^^^
    "#);
    assert_snapshot!(said_of(&with("\"200/s\"", "\"fast\"")), @r#"
    error: `fast` is not a rate: expected events per unit of time, such as `500/s` or `30/m`
      --> orders.toml:14:8
       |
    14 | rate = "fast"
       |        ^^^^^^
    "#);
    assert_snapshot!(said_of(&with("\"5s\"", "\"5 parsecs\"")), @r#"
    error: `5 parsecs` is not a length of time: expected a number with a unit, such as `250ms`, `2s` or `1m 30s`
      --> orders.toml:23:7
       |
    23 | for = "5 parsecs"
       |       ^^^^^^^^^^^
    "#);
    assert_snapshot!(said_of(&with("share = 0.5", "share = 1.5")), @"
    error: `1.5` is not a share: expected a number from 0 to 1
      --> orders.toml:30:32
       |
    30 | status = { code = 503, share = 1.5 }
       |                                ^^^
    ");
    assert_snapshot!(said_of(&with("rate = \"50/s\"", "rate = \"50/s\"\narrivals = \"poison\"")), @r#"
    error: unknown value `poison`
      --> orders.toml:19:12
       |
    19 | arrivals = "poison"
       |            ^^^^^^^^ expected one of `constant`, `poisson` or `trace`
       |
       = help: did you mean `poisson`?
    "#);
    assert_snapshot!(said_of(&with("in = \"brownout\"", "in = []")), @"
    error: an empty list of phases, expected at least one
      --> orders.toml:33:6
       |
    33 | in = []
       |      ^^
    ");
}

#[test]
fn text_that_is_no_toml_is_pointed_at() {
    assert_snapshot!(said_of(&with("rate = \"200/s\"", "rate = 200/s")), @"
    error: this is not TOML that can be read: string values must be quoted, expected literal string
      --> orders.toml:14:8
       |
    14 | rate = 200/s
       |        ^^^^^
    ");
    assert_snapshot!(said_of(&with("[[phase.inject]]", "[[phase.inject]")), @"
    error: this is not TOML that can be read: unclosed array table, expected `]`
      --> orders.toml:28:16
       |
    28 | [[phase.inject]
       |                ^
    ");
    assert_snapshot!(said_of(&with("[backend.orders-b]", "[backend.orders-a]")), @"
    error: this is not TOML that can be read: duplicate key
      --> orders.toml:10:10
       |
    10 | [backend.orders-a]
       |          ^^^^^^^^
    ");
}
