//! Which headers are recorded: what the file lists, and what is wrong with it.

use std::path::Path;

use crate::common::{SOUND, said_of, with};
use brownout_scenario::{Overrides, load_text};
use evidence::RecordedHeaders;
use insta::assert_snapshot;

fn recorded(text: &str) -> Option<RecordedHeaders> {
    let loaded = load_text("orders.toml", text, Path::new("."), &Overrides::default());
    let plan = loaded.unwrap_or_else(|failure| panic!("{failure}")).plan;
    assert_eq!(plan.driver.record, plan.pool.record, "both ends record the same");
    plan.pool.record
}

fn listing(record: &str) -> String {
    with("[backend.orders-a]", &format!("[record]\n{record}\n\n[backend.orders-a]"))
}

fn shown(text: &str) -> String {
    let record = recorded(text).unwrap_or_default();
    let headers = record.headers.iter();
    let all =
        headers.map(|header| format!("{}{}", header.name, if header.secret { " (hashed)" } else { "" }));
    all.collect::<Vec<_>>().join(", ")
}

#[test]
fn nothing_is_recorded_that_nobody_asks_for() {
    assert_eq!(recorded(SOUND), None);
    assert_eq!(recorded(&listing("headers = []")), None);
}

#[test]
fn each_header_is_recorded_once_and_secrets_as_hashes() {
    let text = listing("headers = [\"Via\", \"authorization\", \"via\"]\nsecret = [\"x-tenant\"]");
    assert_snapshot!(shown(&text), @"via, authorization (hashed), x-tenant (hashed)");
}

#[test]
fn what_comes_from_the_environment_is_a_secret_wherever_it_stands() {
    let request = "request = \"GET /orders/{n}\"";
    let text = listing("headers = [\"x-plan\", \"via\"]")
        .replace(request, "request = \"GET /{{env.HOME}}/orders\"\nheaders = { x-plan = \"{{env.HOME}}\" }");
    assert_snapshot!(shown(&text), @"x-plan (hashed), via");
    assert!(
        recorded(&text).unwrap().secret_target
            && !recorded(&listing("headers = [\"via\"]")).unwrap().secret_target
    );
}

#[test]
fn what_the_connection_header_names_is_recorded_with_it() {
    let text = listing("headers = [\"connection\"]")
        .replace("rate = \"200/s\"", "rate = \"200/s\"\nheaders = { connection = \"x-hop, X-Step\" }")
        .replace("[backend.orders-b]", "[backend.orders-b]\nheaders = { connection = \"x-back\" }");
    assert_snapshot!(shown(&text), @"connection, x-hop, x-step, x-back");
}

#[test]
fn what_can_not_be_recorded_is_refused_at_its_place() {
    assert_snapshot!(said_of(&listing("headers = [\"a b\"]")), @r#"
    error: `a b` is not a header name
      --> orders.toml:10:12
       |
    10 | headers = ["a b"]
       |            ^^^^^
       |
       = help: header names have 1 to 128 letters, digits and `-`
    "#);
    let many: Vec<String> = (0..33).map(|n| format!("\"x-{n}\"")).collect();
    let many = listing(&format!("headers = [{}]", many.join(", ")));
    let long = listing("headers = [\"via\", \"x-request-id\"]").replace("for = \"10s\"", "for = \"4h\"");
    for (text, expected) in [
        (many, "error: 33 headers to record, allowed are 32\n  --> orders.toml:10:12"),
        (listing("header = [\"via\"]"), "error: unknown key `header`\n  --> orders.toml:10:1"),
        (long, "error: about 43215000 recorded headers, allowed are 40000000\n  --> orders.toml:10:12"),
    ] {
        let said = said_of(&text);
        assert!(said.contains(expected) && said.contains("help: "), "{said}");
    }
}

#[test]
fn headers_of_answers_are_those_that_a_backend_does_not_set_itself() {
    for line in [
        "headers = { content-length = \"3\" }",
        "headers = { x-brownout-tag = \"3\" }",
        "headers = { connection = \"close\" }",
        "headers = { x-token = \"{{env.HOME}}\" }",
    ] {
        let text = with("[backend.orders-b]", &format!("[backend.orders-b]\n{line}"));
        let said = said_of(&text);
        assert!(
            said.starts_with("error: ") && said.contains("help: ") || said.contains("set by the backend"),
            "{said}"
        );
    }
}
