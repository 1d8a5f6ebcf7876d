//! The three timers, exact to the simulated millisecond.

use std::time::Duration;

use net::simulate;
use serde_json::json;

use super::backend::{hang, in_parts, ok, raw_hang};
use super::rig::with;

#[test]
fn the_per_try_timer_answers_504_and_closes_the_backends_connection() {
    simulate(|world| async move {
        let rig = with(json!({ "timeout": { "per_try": "300ms" } })).one(world, |_| hang()).await;
        let got = rig.get().await;
        assert_eq!((got.status, got.took.as_millis()), (504, 300));
        rig.sleep(1).await;
        assert_eq!(rig.backends[0].abandoned()[0].0 / 1_000_000, 300);
    });
}

#[test]
fn an_answer_just_before_the_per_try_timer_is_passed_on() {
    simulate(|world| async move {
        let script = |_| ok().after(Duration::from_millis(299));
        let rig = with(json!({ "timeout": { "per_try": "300ms" } })).one(world, script).await;
        let got = rig.get().await;
        assert_eq!((got.status, got.took.as_millis()), (200, 299));
    });
}

#[test]
fn each_attempt_has_a_per_try_timer_of_its_own() {
    simulate(|world| async move {
        let policy =
            json!({ "timeout": { "per_try": "100ms" }, "retry": { "attempts": 3, "on": ["timeout"] } });
        let rig = with(policy).one(world, |_| hang()).await;
        let got = rig.get().await;
        assert_eq!((got.status, got.took.as_millis()), (504, 300));
        assert_eq!(rig.gaps(), [100, 100]);
    });
}

#[test]
fn the_total_timer_ends_the_request_in_the_middle_of_an_attempt() {
    simulate(|world| async move {
        let policy = json!({
            "timeout": { "per_try": "100ms", "total": "250ms" },
            "retry": { "attempts": 9, "on": ["timeout"] },
        });
        let rig = with(policy).one(world, |_| hang()).await;
        let got = rig.get().await;
        assert_eq!((got.status, got.took.as_millis(), rig.backends[0].count()), (504, 250, 3));
    });
}

#[test]
fn the_total_timer_cuts_a_response_body_off() {
    simulate(|world| async move {
        let script = |_| raw_hang("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
        let rig = with(json!({ "timeout": { "total": "250ms" } })).one(world, script).await;
        let got = rig.get().await;
        assert_eq!((got.status, got.body.as_str(), got.whole), (200, "hello", false));
        assert_eq!(got.took.as_millis(), 250);
    });
}

#[test]
fn the_per_try_timer_leaves_a_slow_response_body_alone() {
    simulate(|world| async move {
        let script = |_| in_parts(Duration::from_millis(500));
        let rig = with(json!({ "timeout": { "per_try": "100ms" } })).one(world, script).await;
        let got = rig.get().await;
        assert_eq!((got.status, got.body.as_str(), got.whole), (200, "helloworld", true));
    });
}

#[test]
fn without_timers_in_the_policy_a_request_has_a_minute() {
    simulate(|world| async move {
        let rig = with(json!({})).one(world, |_| hang()).await;
        let got = rig.get().await;
        assert_eq!((got.status, got.took.as_secs()), (504, 60));
    });
}
