//! Cross-checks: what is well-formed, but does not fit together.

mod common;

use common::{SOUND, said_of, with};
use insta::assert_snapshot;

#[test]
fn unknown_names_come_all_at_once_in_the_order_of_the_file() {
    let text = with("on = [\"orders-a\"]", "on = [\"order-a\", \"orders-b\"]")
        .replace("in = \"brownout\"", "in = [\"steady\", \"brown-out\"]")
        .replace("traffic = \"reads\"", "traffic = \"reeds\"");
    assert_snapshot!(said_of(&text), @"");
}

#[test]
fn a_phase_of_no_length_is_refused() {
    assert_snapshot!(said_of(&with("for = \"5s\"", "for = \"0s\"")), @"");
}

#[test]
fn a_run_of_more_than_a_day_is_refused() {
    assert_snapshot!(said_of(&with("for = \"5s\"", "for = \"300d\"").replace("\"200/s\"", "\"1/h\"").replace("\"50/s\"", "\"1/h\"")), @"");
}

#[test]
fn an_absurd_rate_is_held_against_the_limit() {
    assert_snapshot!(said_of(&with("\"200/s\"", "\"9000000/s\"")), @"");
}

#[test]
fn too_many_requests_are_shown_with_the_arithmetic() {
    assert_snapshot!(said_of(&with("for = \"10s\"", "for = \"10h\"")), @"");
}

#[test]
fn a_load_that_may_exceed_what_can_be_in_flight_is_warned_of() {
    assert_snapshot!(said_of(&with("\"200/s\"", "\"2000/s\"")), @"");
}

#[test]
fn two_phases_of_one_name_are_refused() {
    assert_snapshot!(said_of(&with("name = \"brownout\"", "name = \"steady\"").replace("in = \"brownout\"", "in = \"steady\"")), @"");
}

#[test]
fn a_scenario_without_backend_traffic_or_phase_says_what_to_add() {
    assert_snapshot!(said_of("name = \"empty\"\n"), @"");
}

#[test]
fn the_sixty_fifth_injection_is_pointed_at() {
    let many = "[[phase.inject]]\nhang = { share = 0.01 }\n".repeat(64);
    assert_snapshot!(said_of(&format!("{}{many}{}", &SOUND[..SOUND.find("[[expect]]").unwrap()], &SOUND[SOUND.find("[[expect]]").unwrap()..])), @"");
}

#[test]
fn an_expectation_that_only_a_fault_can_show_needs_a_phase_with_one() {
    assert_snapshot!(said_of(&with("in = \"brownout\"", "in = \"steady\"")), @"");
}

#[test]
fn an_expectation_without_requests_to_look_at_is_warned_of() {
    let quiet = "for = \"10s\"\n[phase.traffic]\nreads = { rate = \"0/s\" }";
    assert_snapshot!(said_of(&with("for = \"10s\"", quiet)), @"");
}

#[test]
fn settings_that_make_no_sense_together_are_told_in_the_words_of_their_room() {
    let text = with("attempts = { max = 2 }", "attempts = { min = 3, max = 2 }")
        .replace("code = 503, share", "code = 42, share")
        .replace("attempts = 2,", "attempts = 0,");
    assert_snapshot!(said_of(&text), @"");
}

#[test]
fn a_gateway_that_runs_already_needs_backends_with_addresses() {
    let url = "[gateway.url]\nurl = \"http://127.0.0.1:8080\"";
    assert_snapshot!(said_of(&with("[gateway.reference]", url)), @"");
}

#[test]
fn a_backend_listens_on_loopback_only_and_alone() {
    let text = with("[backend.orders-a]", "[backend.orders-a]\nlisten = \"192.168.0.1:9001\"");
    assert_snapshot!(said_of(&text.replace("[backend.orders-b]", "[backend.orders-b]\nlisten = \"localhost\"")), @"");
    let text = with("[backend.orders-a]", "[backend.orders-a]\nlisten = \"127.0.0.1:9001\"");
    assert_snapshot!(said_of(&text.replace("[backend.orders-b]", "[backend.orders-b]\nlisten = \"127.0.0.1:9001\"")), @"");
}

#[test]
fn a_request_that_no_client_could_send_is_refused() {
    assert_snapshot!(said_of(&with("\"GET /orders/{n}\"", "\"/orders\"")), @"");
    assert_snapshot!(said_of(&with("\"GET /orders/{n}\"", "\"get /orders\"")), @"");
    assert_snapshot!(said_of(&with("\"GET /orders/{n}\"", "\"GET http://orders\"")), @"");
    assert_snapshot!(said_of(&with("\"GET /orders/{n}\"", "\"GET /orders/{id}\"")), @"");
    let headers = "headers = { \"x y\" = \"1\", Host = \"a\", x = \"a\\nb\", y = \"{{secret}}\" }\nrate = \"50/s\"";
    assert_snapshot!(said_of(&with("rate = \"50/s\"", headers)), @"");
}

#[test]
fn a_body_larger_than_the_limit_is_refused() {
    assert_snapshot!(said_of(&with("size = \"2KiB\"", "size = \"2GiB\"")), @"");
    assert_snapshot!(said_of(&with("body = { size = \"2KiB\" }", "body = {}")), @"");
}

#[test]
fn a_settling_time_leaves_something_of_its_phase() {
    assert_snapshot!(said_of(&with("for = \"10s\"", "for = \"10s\"\nsettle = \"10s\"")), @"");
    assert_snapshot!(said_of(&with("traffic = \"reads\"", "traffic = \"reads\"\nsettle = \"1m\"")), @"");
}

#[test]
fn a_fault_stays_inside_its_phase() {
    assert_snapshot!(said_of(&with("on = [\"orders-a\"]", "on = [\"orders-a\"]\nfrom = \"8s\"\nfor = \"3s\"")), @"");
}

#[test]
fn traffic_is_open_or_closed_loop() {
    assert_snapshot!(said_of(&with("rate = \"50/s\"", "rate = \"50/s\"\nusers = 5")), @"");
    assert_snapshot!(said_of(&with("rate = \"50/s\"\n", "")), @"");
    assert_snapshot!(said_of(&with("rate = \"50/s\"", "users = 50000")), @"");
}

#[test]
fn a_phase_changes_traffic_in_one_way() {
    let both = "for = \"10s\"\n[phase.traffic]\nreads = { rate = \"1/s\", to = \"5/s\" }\nwrite = { users = 1 }";
    assert_snapshot!(said_of(&with("for = \"10s\"", both)), @"");
}

#[test]
fn limits_have_limits() {
    assert_snapshot!(said_of(&format!("{SOUND}\n[limits]\nexchanges = 0\nin_flight = 99999999\n")), @"");
}

#[test]
fn names_that_no_file_or_configuration_could_carry_are_refused() {
    assert_snapshot!(said_of(&with("[backend.orders-b]", "[backend.\"orders b\"]")), @"");
}

#[test]
fn backends_and_faults_that_an_expectation_names_must_be_there() {
    let text = format!("{SOUND}\n[[expect]]\nin = \"steady\"\nbalance = {{ shares = {{ orders-c = 0.5 }} }}\n");
    assert_snapshot!(said_of(&text), @"");
    let text = format!("{SOUND}\n[[expect]]\nin = \"brownout\"\nstatus = {{ of = [502], on = \"rest\" }}\n");
    assert_snapshot!(said_of(&text), @"");
}

#[test]
fn a_scenario_that_expects_nothing_is_warned_of() {
    assert_snapshot!(said_of(&SOUND[..SOUND.find("[[expect]]").unwrap()]), @"");
}
