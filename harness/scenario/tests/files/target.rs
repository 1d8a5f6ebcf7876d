//! Traffic classes that go to another address of the gateway.

use std::path::Path;

use crate::common::{SOUND, said_of};
use brownout_scenario::{Overrides, describe, load_text};
use insta::assert_snapshot;

/// The sound scenario through a gateway that runs already and has two addresses; writes go to `target`.
fn two_addresses(target: &str) -> String {
    let gateway = "[gateway.url]\naddress = \"http://127.0.0.1:8080\"\naddresses = { admin = \"http://127.0.0.1:9090\" }";
    SOUND
        .replace("[gateway.reference]", gateway)
        .replace("rate = \"50/s\"", &format!("rate = \"50/s\"\ntarget = \"{target}\""))
        .replace("[backend.orders-a]", "[backend.orders-a]\nlisten = \"127.0.0.1:9001\"")
        .replace("[backend.orders-b]", "[backend.orders-b]\nlisten = \"127.0.0.1:9002\"")
}

#[test]
fn a_class_goes_to_the_address_that_it_names_and_others_to_the_first_one() {
    let text = two_addresses("admin");
    let loaded = load_text("orders.toml", &text, Path::new("."), &Overrides::default());
    let plan = loaded.unwrap_or_else(|failure| panic!("{failure}")).plan;
    let targets: Vec<_> = plan.driver.classes.iter().map(|class| class.target).collect();
    assert_eq!(targets, [None, Some(0)]);
    assert_snapshot!(describe(&plan).phases[0].traffic.join("\n"), @"
    reads: GET /orders/{n}, 200/s, constant, 1000 requests
    writes: POST /orders to admin, 50/s, constant, 250 requests
    ");
}

#[test]
fn an_address_that_the_gateway_does_not_have_is_refused() {
    assert_snapshot!(said_of(&two_addresses("admn")), @r#"
    error: unknown address of the gateway `admn`
      --> orders.toml:23:10
       |
    23 | target = "admn"
       |          ^^^^^^ no address of the gateway has this name
       |
       = help: did you mean `admin`? the only address of the gateway is `admin`
    "#);
    assert_snapshot!(said_of(&SOUND.replace("rate = \"50/s\"", "rate = \"50/s\"\ntarget = \"admin\"")), @r#"
    error: gateway `reference` has one address only
      --> orders.toml:19:10
       |
    19 | target = "admin"
       |          ^^^^^^^
       |
       = help: remove `target`; a gateway that runs already can have more: `[gateway.url]` with `addresses = { admin = "http://127.0.0.1:9090" }`
    "#);
}
