//! Errors in the shape of a file: each points at the exact word, in the words of the project.

mod common;

use common::{SOUND, said_of, with};
use insta::assert_snapshot;

#[test]
fn nothing_is_said_of_a_sound_scenario() {
    assert_eq!(said_of(SOUND), "");
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_one() {
    assert_snapshot!(said_of(&with("request = \"GET", "reqest = \"GET")), @"");
}

#[test]
fn an_unknown_key_at_the_top_lists_what_there_is() {
    assert_snapshot!(said_of(&with("name = \"one", "title = \"one")), @"");
}

#[test]
fn an_unknown_fault_kind_lists_all_kinds_and_the_nearest() {
    assert_snapshot!(said_of(&with("status = {", "statsu = {")), @"");
}

#[test]
fn a_key_that_is_nearly_one_of_the_injection_is_not_taken_for_a_fault() {
    assert_snapshot!(said_of(&with("on = [\"orders-a\"]", "onn = [\"orders-a\"]")), @"");
}

#[test]
fn an_unknown_expectation_kind_lists_all_kinds_and_the_nearest() {
    assert_snapshot!(said_of(&with("attempts = { max = 2 }", "atempts = { max = 2 }")), @"");
}

#[test]
fn an_unknown_gateway_kind_lists_all_kinds_and_the_nearest() {
    assert_snapshot!(said_of(&with("[gateway.reference]", "[gateway.refrence]")), @"");
}

#[test]
fn an_injection_without_a_fault_says_what_is_missing() {
    assert_snapshot!(said_of(&with("status = { code = 503, share = 0.5 }\n", "")), @"");
}

#[test]
fn two_faults_in_one_injection_are_told_apart() {
    assert_snapshot!(said_of(&with("status = { code = 503, share = 0.5 }", "status = { code = 503 }\nhang = {}")), @"");
}

#[test]
fn an_unknown_setting_of_a_fault_is_pointed_at() {
    assert_snapshot!(said_of(&with("share = 0.5", "sahre = 0.5")), @"");
}

#[test]
fn a_missing_setting_of_a_fault_is_named() {
    assert_snapshot!(said_of(&with("code = 503, ", "")), @"");
}

#[test]
fn a_wrong_type_says_what_was_expected_and_what_was_found() {
    assert_snapshot!(said_of(&with("for = \"5s\"", "for = 5")), @"");
    assert_snapshot!(said_of(&with("code = 503", "code = \"503\"")), @"");
    assert_snapshot!(said_of(&with("status = { code = 503, share = 0.5 }", "status = 503")), @"");
}

#[test]
fn values_of_the_right_type_that_make_no_sense_are_pointed_at() {
    assert_snapshot!(said_of(&with("\"200/s\"", "\"-200/s\"")), @"");
    assert_snapshot!(said_of(&with("\"200/s\"", "\"fast\"")), @"");
    assert_snapshot!(said_of(&with("\"5s\"", "\"5 parsecs\"")), @"");
    assert_snapshot!(said_of(&with("share = 0.5", "share = 1.5")), @"");
    assert_snapshot!(said_of(&with("rate = \"50/s\"", "rate = \"50/s\"\narrivals = \"poison\"")), @"");
    assert_snapshot!(said_of(&with("in = \"brownout\"", "in = []")), @"");
}

#[test]
fn text_that_is_no_toml_is_pointed_at() {
    assert_snapshot!(said_of(&with("rate = \"200/s\"", "rate = 200/s")), @"");
    assert_snapshot!(said_of(&with("[[phase.inject]]", "[[phase.inject]")), @"");
    assert_snapshot!(said_of(&with("[backend.orders-b]", "[backend.orders-a]")), @"");
}
