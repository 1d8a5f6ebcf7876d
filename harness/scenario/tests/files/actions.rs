//! Actions: what is done to the gateway, when, and what it has then.

use std::path::Path;

use crate::common::{SOUND, said_of};
use brownout_scenario::{Overrides, describe, load_text};

/// The sound scenario with an action in its first phase.
fn acting(action: &str) -> String {
    SOUND.replacen("for = \"5s\"\n", &format!("for = \"5s\"\n[[phase.act]]\n{action}\n"), 1)
}

/// The first line of what is said of it.
fn said(action: &str) -> String {
    said_of(&acting(action)).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn what_the_gateway_has_after_an_action_is_what_it_had_before_with_the_change() {
    let text = acting(
        "at = \"3s\"\nin = { backends = [\"orders-a\"] }\n[[phase.act]]\nat = \"1s\"\nout = { backends = [\"orders-a\"] }",
    );
    let loaded = load_text("orders.toml", &text, Path::new("."), &Overrides::default());
    let plan = loaded.unwrap_or_else(|failure| panic!("{failure}")).plan;
    insta::assert_snapshot!(describe(&plan).phases[0].actions.join("\n"), @r#"
    out = { backends = ["orders-a"] } at 1.000 s; then its backends are orders-b
    in = { backends = ["orders-a"] } at 3.000 s; then its backends are orders-a, orders-b
    "#);
    assert_eq!(plan.actions.len(), 2);
    assert_eq!(plan.brief.actions[0].kind, plan.actions[0].name(), "both have the order of the run");
}

#[test]
fn what_makes_no_sense_is_refused() {
    assert_eq!(
        said("out = { backends = [\"orders-a\", \"orders-b\"] }"),
        "error: action `out` leaves the gateway without a backend"
    );
    assert_eq!(said("out = { backends = [\"order-a\"] }"), "error: unknown backend `order-a`");
    assert_eq!(
        said("out = { backends = [] }"),
        "error: action `out`: `backends` is empty: name at least one"
    );
    assert_eq!(said("at = \"5s\"\nrestart = {}"), "error: `at` of 5 s is after the end of a phase of 5 s");
    assert_eq!(said("restrat = {}"), "error: unknown action kind `restrat`");
    assert_eq!(said("at = \"1s\""), "error: this table has no action kind");
    assert_eq!(
        said("kill = { restart_after = \"1h\" }"),
        "error: action `kill`: `restart_after` is 60 min, allowed are up to 10 min"
    );
}

#[test]
fn what_a_gateway_has_no_means_for_is_refused_before_the_run() {
    let refused = |gateway: &str, action: &str| {
        let listen = |name: &str, port: u16| {
            (format!("[backend.{name}]"), format!("[backend.{name}]\nlisten = \"127.0.0.1:{port}\""))
        };
        let mut text = acting(action).replace("[gateway.reference]", gateway);
        for (bare, fixed) in [listen("orders-a", 9001), listen("orders-b", 9002)] {
            text = text.replace(&bare, &fixed);
        }
        said_of(&text)
    };
    let url = "[gateway.url]\naddress = \"http://127.0.0.1:8080\"";
    assert!(refused(url, "restart = {}").contains("gateway `url` can't do the action `restart`"));
    assert!(
        refused("[gateway.reference]", "pause = { for = \"1s\" }").contains("which can't stand still itself")
    );
    assert!(
        refused("[gateway.reference]", "reload = { config = \"x.cfg\" }")
            .contains("name the `backends` instead")
    );
    let nowhere = refused("[gateway.haproxy]", "reload = { config = \"nowhere.cfg\" }");
    assert!(nowhere.contains("nowhere.cfg: No such file"), "{nowhere}");
}

#[test]
fn more_actions_than_are_allowed_are_refused() {
    let many = vec!["restart = {}"; 65].join("\n[[phase.act]]\n");
    assert_eq!(said(&many), "error: 65 actions, allowed are 64");
}
