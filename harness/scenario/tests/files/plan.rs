//! What a scenario is compiled to, and how it is described.

use std::path::Path;

use crate::common::{SOUND, with};
use brownout_scenario::{Overrides, Plan, describe, load_text};
use driver::{Mode, Segment};
use units::{Moment, Rate, Timespan};

fn plan(text: &str) -> Plan {
    load_text("orders.toml", text, Path::new("."), &Overrides::default())
        .unwrap_or_else(|failure| panic!("{failure}"))
        .plan
}

fn segments(plan: &Plan, class: usize) -> &[Segment] {
    match &plan.driver.classes[class].mode {
        Mode::Open(segments) => segments,
        Mode::Trace(_) | Mode::Closed { .. } => panic!("the class has no rate"),
    }
}

#[test]
fn a_plan_is_described_phase_by_phase() {
    insta::assert_snapshot!(describe(&plan(SOUND)), @r#"
    one backend answers 503 — 15 s, seed 0
      gateway   reference
      policy    { retry = { attempts = 2, methods = ["GET"], on = ["503"], other_backend = true }, timeout = { per_try = "300ms", total = "2s" } }
      backends  orders-a (a free port, weight 1, priority 0, 1.0 KiB bodies), orders-b (a free port, weight 1, priority 0, 1.0 KiB bodies)

    phase steady (0.0–5.0 s)
      send    reads: GET /orders/{n}, 200/s, constant, 1000 requests
      send    writes: POST /orders, 50/s, constant, 250 requests

    phase brownout (5.0–15.0 s)
      send    reads: GET /orders/{n}, 200/s, constant, 2000 requests
      send    writes: POST /orders, 50/s, constant, 500 requests
      inject  status = { code = 503, share = 0.5 } on orders-a, 5.0–15.0 s
      expect  attempts = { min = 2 } of reads; will see about 500 requests whose first attempt fails (it takes 10)

    requests
      reads               3000
      writes              750
      scheduled in total  3750

    at the most
      at the gateway       250/s requests, open loop, in the busiest phase
      at the backends      500/s attempts, if every request is tried 2 time(s)
      under way at a time  10000 requests on 1024 connections
      over after           26 s at the latest
    "#);
}

#[test]
fn phases_follow_each_other_without_a_gap() {
    let phases = plan(SOUND).brief.phases;
    assert_eq!(phases[0].during.from, Moment::EPOCH);
    assert_eq!(phases[0].during.to, phases[1].during.from);
    assert_eq!(phases[1].during.to, Moment::EPOCH + *Timespan::from_secs(15));
}

#[test]
fn a_phase_without_traffic_of_a_class_gets_no_segment() {
    let quiet = "for = \"5s\"\n[phase.traffic]\nreads = { rate = \"0/s\" }\nwrites = { to = \"100/s\" }";
    let plan = plan(&with("for = \"5s\"", quiet));
    assert_eq!(segments(&plan, 0).len(), 1);
    assert_eq!(segments(&plan, 0)[0].during, plan.brief.phases[1].during);
    assert_eq!(
        (segments(&plan, 1)[0].from, segments(&plan, 1)[0].to),
        (Rate::per_second(50.0), Rate::per_second(100.0))
    );
}

#[test]
fn the_users_of_a_closed_loop_are_silent_where_the_phase_says_so() {
    let closed = with("rate = \"50/s\"", "users = 20")
        .replace("for = \"5s\"", "for = \"5s\"\n[phase.traffic]\nwrites = { users = 0 }");
    let plan = plan(&closed);
    let Mode::Closed { users, during, .. } = &plan.driver.classes[1].mode else {
        panic!("not a closed loop")
    };
    assert_eq!((*users, during.as_slice()), (20, [plan.brief.phases[1].during].as_slice()));
    assert!(!plan.brief.traffic[1].open_loop);
    assert_eq!(plan.pool.exchanges_max, plan.limits.exchanges);
}

#[test]
fn an_injection_is_the_same_for_backends_and_judge() {
    let plan = plan(&with("on = [\"orders-a\"]", "on = [\"orders-b\"]\nfrom = \"2s\"\nfor = \"3s\""));
    let (injection, brief) = (&plan.pool.injections[0], &plan.brief.injections[0]);
    assert_eq!(injection.backends, [1]);
    assert_eq!(injection.backends, brief.backends);
    assert_eq!(injection.during, brief.during);
    assert_eq!(
        (brief.during.from, brief.during.length()),
        (Moment::EPOCH + *Timespan::from_secs(7), *Timespan::from_secs(3))
    );
    assert_eq!((brief.fault.as_str(), brief.settings.as_str()), ("status", "{ code = 503, share = 0.5 }"));
}

#[test]
fn an_expectation_keeps_the_line_that_it_has_in_the_file_whatever_is_overridden() {
    let line = |overrides: &Overrides| {
        let loaded = load_text("orders.toml", SOUND, Path::new("."), overrides).unwrap();
        loaded.plan.demands[0].line
    };
    let own = line(&Overrides::default());
    assert!(SOUND.lines().nth(own.unwrap() as usize - 1).unwrap().starts_with("attempts"));
    let set =
        ["gateway.reference.defects=[]", "seed=4", "expect.0.samples_min=9"].map(str::to_owned).to_vec();
    assert_eq!(line(&Overrides { set, ..Overrides::default() }), own);
    assert_eq!(line(&Overrides { gateway: Some("envoy".to_owned()), ..Overrides::default() }), own);
}

#[test]
fn a_key_of_the_policy_keeps_its_line_and_one_that_is_overridden_in_has_that_of_its_table() {
    let set = ["gateway.reference.defects=[\"retries-post\"]", "policy.timeout.connect=\"1s\""];
    let overrides = Overrides { set: set.map(str::to_owned).to_vec(), ..Overrides::default() };
    let loaded = load_text("orders.toml", SOUND, Path::new("."), &overrides).unwrap();
    let starts = |key: &str| {
        let line = loaded.plan.brief.policy_line(key).unwrap() as usize;
        SOUND.lines().nth(line - 1).unwrap().split(' ').next().unwrap()
    };
    assert_eq!((starts("retry.methods"), starts("timeout.connect")), ("retry", "timeout"));
}

#[test]
fn an_expectation_becomes_one_demand_a_phase_and_keeps_its_line() {
    let text = format!("{SOUND}\n[[expect]]\nintegrity = {{}}\n");
    let demands = plan(&text).demands;
    assert_eq!(demands.iter().map(|demand| demand.phase).collect::<Vec<_>>(), [1, 0, 1]);
    assert_eq!((demands[0].traffic, demands[1].traffic), (Some(0), None));
    let line = demands[0].line.unwrap() as usize;
    assert!(text.lines().nth(line - 1).unwrap().starts_with("attempts"), "line {line}");
}

#[test]
fn without_a_phase_an_expectation_that_needs_a_fault_looks_where_there_is_one() {
    let demands = plan(&with("in = \"brownout\"\n", "")).demands;
    assert_eq!(demands.iter().map(|demand| demand.phase).collect::<Vec<_>>(), [1]);
}

#[test]
fn backends_and_classes_keep_the_order_of_the_file() {
    let text = with("[backend.orders-a]\n[backend.orders-b]", "[backend.z]\n[backend.orders-a]\n[backend.b]");
    let names: Vec<String> = plan(&text).pool.backends.iter().map(|backend| backend.name.clone()).collect();
    assert_eq!(names, ["z", "orders-a", "b"]);
}

#[test]
fn the_same_text_gives_the_same_plan_and_a_plan_can_be_kept() {
    let json = |plan: &Plan| serde_json::to_string(plan).unwrap();
    assert_eq!(json(&plan(SOUND)), json(&plan(SOUND)));
    let kept: Plan = serde_json::from_str(&json(&plan(SOUND))).unwrap();
    assert_eq!(json(&kept), json(&plan(SOUND)));
}

#[test]
fn a_secret_stays_a_placeholder_in_the_plan_and_in_what_is_shown_of_it() {
    let secret = "headers = { authorization = \"Bearer {{env.BROWNOUT_TEST_TOKEN}}\" }\nrate = \"200/s\"";
    let plan = plan(&with("rate = \"200/s\"", secret));
    let json = serde_json::to_string(&plan).unwrap();
    assert!(json.contains("Bearer {{env.BROWNOUT_TEST_TOKEN}}"));
}
