//! The further members of the family of breakers: what counts, who counts, how a backend comes back, and who may be out.

use net::simulate;
use serde_json::{Value, json};

use super::backend::{Act, Backend, ok, status};
use super::rig::with;

fn breaker(more: &Value) -> Value {
    let mut breaker = json!({ "trip": { "consecutive": 2 }, "open_for": "1s" });
    breaker.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "breaker": breaker })
}

/// The statuses of so many requests to one backend, and how many of them reached it.
fn seen(more: &Value, script: fn(usize) -> Act, count: usize) -> (Vec<u16>, usize) {
    let policy = breaker(more);
    simulate(|world| async move {
        let rig = with(policy).one(world, script).await;
        (rig.gets(count).await, rig.counts()[0])
    })
}

#[test]
fn what_is_declared_a_failure_counts_and_nothing_else_does() {
    let of = |code: u16, fails: &Value| {
        let policy = breaker(&json!({ "fails": fails }));
        simulate(|world| async move { with(policy).one(world, move |_| status(code)).await.gets(3).await })
    };
    assert_eq!(of(429, &json!(["429"])), [429, 429, 503]);
    assert_eq!(of(500, &json!(["429"])), [500, 500, 500]);
    assert_eq!(of(404, &json!(["4xx"])), [404, 404, 503]);
    assert_eq!(of(429, &json!([])), [429, 429, 429]);
}

#[test]
fn in_a_panic_traffic_goes_on_as_if_nothing_had_happened() {
    let (statuses, reached) = seen(&json!({ "all_out": "panic" }), |_| status(500), 6);
    assert_eq!((statuses, reached), (vec![500; 6], 6));
    let (statuses, reached) = seen(&json!({ "all_out": "shed" }), |_| status(500), 6);
    assert_eq!((statuses, reached), (vec![500, 500, 503, 503, 503, 503], 2));
}

#[test]
fn each_instance_counts_for_itself() {
    let (_, reached) = seen(&json!({ "workers": 3 }), |_| status(500), 90);
    assert_eq!(reached, 6);
}

#[test]
fn a_health_check_that_succeeds_brings_a_backend_back_apart_from_the_traffic() {
    simulate(|world| async move {
        let policy = breaker(&json!({ "way_back": "check" }));
        let rig = with(policy).one(world, |n| if n < 2 { status(500) } else { ok() }).await;
        assert_eq!(rig.gets(3).await, [500, 500, 503]);
        rig.sleep(900).await;
        assert_eq!(rig.gets(1).await, [503], "the check is not yet due");
        rig.sleep(150).await;
        assert_eq!(rig.counts(), [2], "the check is no part of the traffic");
        assert_eq!(rig.gets(2).await, [200, 200]);
    });
}

#[test]
fn all_traffic_may_come_back_at_once() {
    simulate(|world| async move {
        let policy = breaker(&json!({ "way_back": "all" }));
        let rig = with(policy).one(world, |_| status(500)).await;
        assert_eq!(rig.gets(3).await, [500, 500, 503]);
        rig.sleep(1050).await;
        assert_eq!(rig.gets(3).await, [500, 500, 503], "as many fresh failures as the first time");
    });
}

#[test]
fn on_a_ramp_a_backend_has_a_part_of_its_turns() {
    simulate(|world| async move {
        let policy = breaker(&json!({ "way_back": { "ramp": "100s" } }));
        let bad = Backend::start(&world, |n| if n < 2 { status(500) } else { ok() });
        let backends = vec![bad, Backend::start(&world, |_| ok())];
        let rig = with(policy).before(world, backends).await;
        rig.gets(4).await;
        rig.sleep(51_000).await;
        let before = rig.counts()[0];
        rig.gets(400).await;
        let turns = rig.counts()[0] - before;
        assert!((60..180).contains(&turns), "half of 200, or less where it was left out of a round: {turns}");
    });
}

#[test]
fn no_more_backends_are_out_than_may_be() {
    simulate(|world| async move {
        let policy = breaker(&json!({ "out_max": 0.5 }));
        let backends = vec![Backend::start(&world, |_| status(500)), Backend::start(&world, |_| status(500))];
        let rig = with(policy).before(world, backends).await;
        assert_eq!(rig.gets(20).await, [500; 20]);
        assert_eq!(rig.counts().into_iter().min(), Some(2));
    });
}

#[test]
fn one_that_waits_for_its_probe_is_still_out_and_makes_no_room_for_another() {
    simulate(|world| async move {
        let policy = breaker(&json!({ "out_max": 0.5 }));
        let backends = vec![Backend::start(&world, |_| status(500)), Backend::start(&world, |_| status(500))];
        let rig = with(policy).before(world, backends).await;
        for _ in 0..4 {
            assert_eq!(rig.gets(21).await, [500; 21], "one of the two is always there");
            rig.sleep(51_000).await;
        }
    });
}
