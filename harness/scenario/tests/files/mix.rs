//! Several traffic classes at one rate.

use std::path::Path;

use crate::common::{SOUND, said_of};
use brownout_scenario::{Overrides, describe, load_text};
use insta::assert_snapshot;

/// The sound scenario, with its two classes in a mix.
fn mixed() -> String {
    let text = SOUND.replace("rate = \"200/s\"", "mix = \"shop\"\nweight = 7");
    text.replace("rate = \"50/s\"", "mix = \"shop\"\nweight = 3")
        .replace("[traffic.reads]", "[mix.shop]\nrate = \"500/s\"\n\n[traffic.reads]")
}

#[test]
fn classes_of_a_mix_share_its_rate_by_their_weights_and_phases_change_it() {
    let text = mixed()
        .replace("for = \"10s\"\n", "for = \"10s\"\nmix.shop = { from = \"500/s\", to = \"100/s\" }\n");
    let plan = load_text("orders.toml", &text, Path::new("."), &Overrides::default()).unwrap().plan;
    let description = describe(&plan);
    let traffic: Vec<_> = description.phases.iter().flat_map(|phase| &phase.traffic).cloned().collect();
    assert_snapshot!(traffic.join("\n"), @"
    reads: GET /orders/{n}, 350/s (7 of 10 in mix shop), constant, 1750 requests
    writes: POST /orders, 150/s (3 of 10 in mix shop), constant, 750 requests
    reads: GET /orders/{n}, 350/s to 70/s (7 of 10 in mix shop), constant, 2100 requests
    writes: POST /orders, 150/s to 30/s (3 of 10 in mix shop), constant, 900 requests
    ");
    assert_snapshot!(format!("{:?}", description.requests), @r#"[("reads", "3850"), ("writes", "1650"), ("scheduled in total", "5500")]"#);
}

#[test]
fn a_mix_that_is_too_fast_is_told_at_its_rate() {
    assert_snapshot!(said_of(&mixed().replace("500/s", "60000/s")), @r#"
    error: 60 000 requests a second in phase `steady`, over `limits.rate` = 50 000/s
      --> orders.toml:13:8
       |
    13 | rate = "60000/s"
       |        ^^^^^^^^^
       |
       = help: lower the rate, or raise `limits.rate`
    "#);
}

#[test]
fn what_a_class_of_a_mix_can_not_say_itself_is_refused() {
    let more = "mix = \"shop\"\nrate = \"200/s\"\narrivals = \"poisson\"";
    assert_snapshot!(said_of(&mixed().replacen("mix = \"shop\"", more, 1)), @r#"
    error: traffic `reads` has both `mix` and `rate`
      --> orders.toml:18:8
       |
    18 | rate = "200/s"
       |        ^^^^^^^
       |
       = help: the requests of a mix come as `[mix.shop]` says: remove one of both

    error: traffic `reads` has both `mix` and `arrivals`
      --> orders.toml:19:12
       |
    19 | arrivals = "poisson"
       |            ^^^^^^^^^
       |
       = help: the requests of a mix come as `[mix.shop]` says: remove one of both
    "#);
    assert_snapshot!(said_of(&mixed().replacen("for = \"5s\"", "for = \"5s\"\ntraffic.reads = { rate = \"1/s\" }", 1)), @r#"
    error: traffic `reads` has no rate of its own
      --> orders.toml:29:17
       |
    29 | traffic.reads = { rate = "1/s" }
       |                 ^^^^^^^^^^^^^^^^
       |
       = help: change the mix in this phase: `mix.shop = { rate = "200/s" }`
    "#);
}

#[test]
fn a_weight_of_nothing_is_refused_and_one_without_a_mix_too() {
    assert_snapshot!(said_of(&mixed().replace("weight = 7", "weight = 0")), @r#"
    error: a weight of 0, allowed are 1 to 1000
      --> orders.toml:18:10
       |
    18 | weight = 0
       |          ^
       |
       = help: a class that is to send nothing is left out of the mix
    "#);
    assert_snapshot!(said_of(&SOUND.replace("rate = \"200/s\"", "rate = \"200/s\"\nweight = 2")), @r#"
    error: `weight` is a part of a mix, and this class names none
      --> orders.toml:15:10
       |
    15 | weight = 2
       |          ^
       |
       = help: add `mix = "NAME"`, the name of a `[mix.NAME]` with a `rate`
    "#);
}

#[test]
fn a_mix_without_classes_and_classes_without_their_mix_are_told() {
    assert_snapshot!(said_of(&SOUND.replace("[traffic.reads]", "[mix.shop]\nrate = \"5/s\"\n\n[traffic.reads]")), @r#"
    error: no traffic belongs to mix `shop`
      --> orders.toml:12:6
       |
    12 | [mix.shop]
       |      ^^^^
       |
       = help: say so in traffic classes: `mix = "shop"` and `weight = 7`
    "#);
    assert_snapshot!(said_of(&mixed().replacen("mix = \"shop\"", "mix = \"shops\"", 1)), @r#"
    error: unknown mix `shops`
      --> orders.toml:17:7
       |
    17 | mix = "shops"
       |       ^^^^^^^ no mix has this name
       |
       = help: did you mean `shop`? the only mix is `shop`
    "#);
    assert_snapshot!(said_of(&mixed().replacen("for = \"5s\"", "for = \"5s\"\nmix.reads = { rate = \"1/s\" }", 1)), @r#"
    error: unknown mix `reads`
      --> orders.toml:29:5
       |
    29 | mix.reads = { rate = "1/s" }
       |     ^^^^^ no mix has this name
       |
       = help: the only mix is `shop`
    "#);
}
