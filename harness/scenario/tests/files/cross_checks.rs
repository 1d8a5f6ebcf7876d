//! Cross-checks: what is well-formed, but does not fit together.

use std::path::Path;

use crate::common::{SOUND, said_of, with};
use brownout_scenario::{Overrides, load_text};
use insta::assert_snapshot;

#[test]
fn unknown_names_come_all_at_once_in_the_order_of_the_file() {
    let text = with("on = [\"orders-a\"]", "on = [\"order-a\", \"orders-b\"]")
        .replace("in = \"brownout\"", "in = [\"steady\", \"brown-out\"]")
        .replace("traffic = \"reads\"", "traffic = \"reeds\"");
    assert_snapshot!(said_of(&text), @r#"
    error: unknown backend `order-a`
      --> orders.toml:29:7
       |
    29 | on = ["order-a", "orders-b"]
       |       ^^^^^^^^^ no backend has this name
       |
       = help: did you mean `orders-a`? the backends are `orders-a` and `orders-b`

    error: `attempts` looks at phase `steady`, where no fault could show it
      --> orders.toml:33:7
       |
    33 | in = ["steady", "brown-out"]
       |       ^^^^^^^^ no injection is in force here
       |
       = help: faults are injected in `brownout`

    error: unknown phase `brown-out`
      --> orders.toml:33:17
       |
    33 | in = ["steady", "brown-out"]
       |                 ^^^^^^^^^^^ no phase has this name
       |
       = help: did you mean `brownout`? the phases are `steady` and `brownout`

    error: unknown traffic class `reeds`
      --> orders.toml:34:11
       |
    34 | traffic = "reeds"
       |           ^^^^^^^ no traffic class has this name
       |
       = help: did you mean `reads`? the traffic classes are `reads` and `writes`
    "#);
}

#[test]
fn a_phase_of_no_length_is_refused() {
    assert_snapshot!(said_of(&with("for = \"5s\"", "for = \"0s\"")), @r#"
    error: phase `steady` takes 0 s
      --> orders.toml:23:7
       |
    23 | for = "0s"
       |       ^^^^
       |
       = help: give it a length, such as `for = "5s"`, or leave it out
    "#);
}

#[test]
fn a_run_of_more_than_a_day_is_refused() {
    assert_snapshot!(said_of(&with("for = \"5s\"", "for = \"300d\"").replace("\"200/s\"", "\"1/h\"").replace("\"50/s\"", "\"1/h\"")), @r#"
    error: the run takes 432000 min up to the end of this phase, allowed are 24 h
      --> orders.toml:23:7
       |
    23 | for = "300d"
       |       ^^^^^^
    "#);
}

#[test]
fn two_phases_of_one_name_are_refused() {
    assert_snapshot!(said_of(&with("name = \"brownout\"", "name = \"steady\"").replace("in = \"brownout\"", "in = \"steady\"")), @r#"
    error: a second phase `steady`
      --> orders.toml:26:8
       |
    26 | name = "steady"
       |        ^^^^^^^^
       |
       = help: expectations name phases, so each needs its own name
    "#);
}

#[test]
fn a_scenario_without_backend_traffic_or_phase_says_what_to_add() {
    assert_snapshot!(said_of("name = \"empty\"\n"), @r#"
    error: the scenario has no backend
     |
     = help: add one: `[backend.orders-a]`

    error: the scenario has no phase
     |
     = help: add one: `[[phase]]` with `name = "steady"` and `for = "5s"`

    error: the scenario has no traffic
     |
     = help: add one: `[traffic.reads]` with `request = "GET /orders/{n}"` and `rate = "100/s"`

    warning: nothing is expected, so the run can only be inconclusive
     |
     = help: add one: `[[expect]]` with `availability = { min = 0.99 }`
    "#);
}

#[test]
fn the_sixty_fifth_injection_is_pointed_at() {
    let many = "[[phase.inject]]\nhang = { share = 0.01 }\n".repeat(64);
    assert_snapshot!(said_of(&format!("{}{many}{}", &SOUND[..SOUND.find("[[expect]]").unwrap()], &SOUND[SOUND.find("[[expect]]").unwrap()..])), @"
    error: 65 injections, allowed are 64
       --> orders.toml:159:1
        |
    159 | hang = { share = 0.01 }
        | ^^^^ the first one too many
    ");
}

#[test]
fn an_expectation_that_only_a_fault_can_show_needs_a_phase_with_one() {
    assert_snapshot!(said_of(&with("in = \"brownout\"", "in = \"steady\"")), @r#"
    error: `attempts` looks at phase `steady`, where no fault could show it
      --> orders.toml:33:6
       |
    33 | in = "steady"
       |      ^^^^^^^^ no injection is in force here
       |
       = help: faults are injected in `brownout`
    "#);
}

#[test]
fn an_expectation_without_requests_to_look_at_is_warned_of() {
    let quiet = "for = \"10s\"\n[phase.traffic]\nreads = { rate = \"0/s\" }";
    assert_snapshot!(said_of(&with("for = \"10s\"", quiet)), @r#"
    warning: `attempts` can only be inconclusive in phase `brownout`: about 0 requests are due, and it takes at least 1
      --> orders.toml:35:6
       |
    35 | in = "brownout"
       |      ^^^^^^^^^^
       |
       = help: send more there, or expect it of another phase
    "#);
}

#[test]
fn settings_that_make_no_sense_together_are_told_in_the_words_of_their_room() {
    let text = with("attempts = { min = 2 }", "attempts = { min = 3, max = 2 }")
        .replace("code = 503, share", "code = 42, share")
        .replace("attempts = 2,", "attempts = 0,");
    assert_snapshot!(said_of(&text), @r#"
    error: `policy.retry.attempts`: `0` would send nothing: attempts are arrivals in total, and 1 means never to try again
     --> orders.toml:7:11
      |
    7 | retry = { attempts = 0, on = ["503"], methods = ["GET"] }
      |           ^^^^^^^^

    error: fault `status`: `42` is not a final status: expected 200 to 599
      --> orders.toml:30:1
       |
    30 | status = { code = 42, share = 0.5 }
       | ^^^^^^

    error: expectation `attempts`: `min = 3` is more than `max = 2`
      --> orders.toml:35:1
       |
    35 | attempts = { min = 3, max = 2 }
       | ^^^^^^^^
    "#);
}

#[test]
fn a_settling_time_leaves_something_of_its_phase() {
    assert_snapshot!(said_of(&with("for = \"10s\"", "for = \"10s\"\nsettle = \"10s\"")), @r#"
    error: `settle` of 10 s leaves nothing of a phase of 10 s
      --> orders.toml:28:10
       |
    28 | settle = "10s"
       |          ^^^^^
       |
       = help: make it shorter than the phase
    "#);
    assert_snapshot!(said_of(&with("traffic = \"reads\"", "traffic = \"reads\"\nsettle = \"1m\"")), @r#"
    error: `settle` of 60 s leaves nothing of phase `brownout`, which takes 10 s
      --> orders.toml:35:10
       |
    35 | settle = "1m"
       |          ^^^^
       |
       = help: make it shorter than the phase
    "#);
}

#[test]
fn a_fault_stays_inside_its_phase() {
    assert_snapshot!(said_of(&with("on = [\"orders-a\"]", "on = [\"orders-a\"]\nfrom = \"8s\"\nfor = \"3s\"")), @r#"
    error: the fault would outlast its phase: 8 s + 3 s is more than 10 s
      --> orders.toml:31:7
       |
    31 | for = "3s"
       |       ^^^^
       |
       = help: leave `for` out to keep it to the end of the phase
    "#);
}

#[test]
fn backends_and_faults_that_an_expectation_names_must_be_there() {
    let text =
        format!("{SOUND}\n[[expect]]\nin = \"steady\"\nbalance = {{ shares = {{ orders-c = 0.5 }} }}\n");
    assert_snapshot!(said_of(&text), @"
    error: unknown backend `orders-c`
      --> orders.toml:39:24
       |
    39 | balance = { shares = { orders-c = 0.5 } }
       |                        ^^^^^^^^ no backend has this name
       |
       = help: did you mean `orders-a`? the backends are `orders-a` and `orders-b`
    ");
    let text = format!("{SOUND}\n[[expect]]\nin = \"brownout\"\nstatus = {{ of = [502], on = \"rest\" }}\n");
    assert_snapshot!(said_of(&text), @r#"
    error: unknown fault kind `rest`
      --> orders.toml:39:30
       |
    39 | status = { of = [502], on = "rest" }
       |                              ^^^^ no fault kind has this name
       |
       = help: did you mean `reset`? `brownout list` shows all kinds
    "#);
}

#[test]
fn a_scenario_that_expects_nothing_is_warned_of() {
    assert_snapshot!(said_of(&SOUND[..SOUND.find("[[expect]]").unwrap()]), @"
    warning: nothing is expected, so the run can only be inconclusive
     |
     = help: add one: `[[expect]]` with `availability = { min = 0.99 }`
    ");
}

#[test]
fn what_a_gateway_can_not_express_is_pointed_at_in_the_policy() {
    let backoff = with("methods = [\"GET\"] }", "methods = [\"GET\"], backoff = { base = \"10ms\" } }");
    assert_snapshot!(said_of(&backoff.replace("[gateway.reference]", "[gateway.nginx]")), @r#"
    error: gateway `nginx` can't express `policy.timeout.total`
     --> orders.toml:6:32
      |
    6 | timeout = { per_try = "300ms", total = "2s" }
      |                                ^^^^^ nginx can't cut an attempt when timeout.total is over, it only starts no further one: remove timeout.total
      |
      = help: take it out of the scenario, or choose another gateway

    error: gateway `nginx` can't express `policy.retry.backoff`
     --> orders.toml:7:58
      |
    7 | retry = { attempts = 2, on = ["503"], methods = ["GET"], backoff = { base = "10ms" } }
      |                                                          ^^^^^^^ nginx has no retry backoff: remove retry.backoff
      |
      = help: take it out of the scenario, or choose another gateway
    "#);
}

#[test]
fn a_fault_of_tls_needs_backends_that_speak_it() {
    let fault = "status = { code = 503, share = 0.5 }";
    let plain = said_of(&with(fault, "unknown_issuer = {}"));
    assert!(plain.contains("error: fault `unknown_issuer`: backend `orders-a` speaks no TLS"), "{plain}");
    assert!(plain.contains("help: write `tls = {}` under `[backend.orders-a]`"), "{plain}");
    let secured =
        with(fault, "unknown_issuer = {}").replace("[backend.orders-a]", "[backend.orders-a]\ntls = {}");
    assert!(!said_of(&secured).contains("error"), "{}", said_of(&secured));
}

#[test]
fn one_key_has_all_backends_speak_tls_and_is_not_mistaken_for_that_of_one() {
    let fault = "on = [\"orders-a\"]\nstatus = { code = 503, share = 0.5 }";
    let text = with(fault, "unknown_issuer = {}");
    let all = text.replace("[backend.orders-a]", "[backends]\ntls = {}\n\n[backend.orders-a]");
    let loaded = load_text("orders.toml", &all, Path::new("."), &Overrides::default());
    let loaded = loaded.unwrap_or_else(|failure| panic!("{}", failure.render(false)));
    assert!(loaded.plan.pool.backends.iter().all(|backend| backend.tls.is_some()));
    let said =
        said_of(&text.replace("[backend.orders-a]", "[backends.orders-a]\ntls = {}\n\n[backend.orders-a]"));
    assert!(said.contains("error: unknown key `orders-a`") && said.contains("expected `tls`"), "{said}");
}

#[test]
fn a_gateway_that_runs_already_can_not_know_the_authority_of_a_run() {
    let url = "[gateway.url]\naddress = \"https://localhost:8443\"\ntls = { verify = false }";
    let text = with("[gateway.reference]", url);
    let text =
        text.replace("[backend.orders-a]", "[backend.orders-a]\nlisten = \"127.0.0.1:9001\"\ntls = {}");
    let text = text.replace("[backend.orders-b]", "[backend.orders-b]\nlisten = \"127.0.0.1:9002\"");
    let said = said_of(&text);
    assert!(said.contains("warning: backend `orders-a` shows a certificate of an authority"), "{said}");
    assert!(!said.contains("error"), "{said}");
}
