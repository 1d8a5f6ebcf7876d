//! Circuit breakers as clients and backends see them.

use std::time::Duration;

use net::simulate;
use serde_json::json;

use super::backend::{Backend, hang, ok, reset, status, status_with};
use super::rig::with;

#[test]
fn a_breaker_opens_after_failures_in_a_row_probes_and_closes() {
    simulate(|world| async move {
        let policy = json!({ "breaker": { "trip": { "consecutive": 3 }, "open_for": "1s" } });
        let rig = with(policy).one(world, |n| if n < 4 { status(500) } else { ok() }).await;
        assert_eq!(rig.gets(5).await, [500, 500, 500, 503, 503]);
        rig.sleep(999).await;
        assert_eq!(rig.gets(1).await, [503]);
        rig.sleep(1).await;
        assert_eq!(rig.gets(2).await, [500, 503], "the probe fails, so that it opens again");
        rig.sleep(1000).await;
        assert_eq!(rig.gets(3).await, [200; 3]);
    });
}

#[test]
fn a_breaker_works_in_the_second_outage_as_in_the_first() {
    simulate(|world| async move {
        let policy = json!({ "breaker": { "trip": { "consecutive": 2 }, "open_for": "1s" } });
        let rig = with(policy).one(world, |n| if n % 4 < 2 { status(500) } else { ok() }).await;
        for _ in 0..3 {
            assert_eq!(rig.gets(3).await, [500, 500, 503]);
            rig.sleep(1000).await;
            assert_eq!(rig.gets(2).await, [200, 200]);
        }
    });
}

#[test]
fn a_success_in_between_starts_the_row_again_but_not_the_window() {
    let statuses = |trip: serde_json::Value| {
        simulate(|world| async move {
            let policy = json!({ "breaker": { "trip": trip, "open_for": "1s" } });
            let rig = with(policy).one(world, |n| if n % 2 == 0 { status(500) } else { ok() }).await;
            rig.gets(6).await
        })
    };
    assert_eq!(statuses(json!({ "consecutive": 2 })), [500, 200, 500, 200, 500, 200]);
    assert_eq!(statuses(json!({ "count": 2, "within": "1s" })), [500, 200, 500, 503, 503, 503]);
    assert_eq!(statuses(json!({ "share": 0.5, "within": "1s", "min": 4 })), [500, 200, 500, 200, 500, 503]);
}

#[test]
fn a_reset_and_a_timeout_count_as_failures() {
    simulate(|world| async move {
        let policy = json!({
            "timeout": { "per_try": "10ms" },
            "breaker": { "trip": { "consecutive": 2 }, "open_for": "1s" },
        });
        let rig = with(policy).one(world, |n| if n == 0 { reset() } else { hang() }).await;
        assert_eq!(rig.gets(3).await, [502, 504, 503]);
    });
}

#[test]
fn retry_after_sets_the_open_time_where_the_policy_obeys_it() {
    let reached = |obeys: bool| {
        simulate(move |world| async move {
            let trip = json!({ "consecutive": 1 });
            let policy = json!({ "breaker": { "trip": trip, "open_for": "1s", "retry_after": obeys } });
            let script = |n| {
                if n == 0 { status_with(503, "retry-after: 7\r\n") } else { ok() }
            };
            let rig = with(policy).one(world, script).await;
            rig.gets(1).await;
            rig.sleep(1000).await;
            let after_one = rig.gets(1).await;
            rig.sleep(6000).await;
            (after_one[0], rig.gets(1).await[0])
        })
    };
    assert_eq!(reached(true), (503, 200));
    assert_eq!(reached(false), (200, 200));
}

#[test]
fn no_more_probes_than_allowed_are_under_way_at_a_time() {
    simulate(|world| async move {
        let policy = json!({ "breaker": { "trip": { "consecutive": 1 }, "open_for": "1s", "probes": 2 } });
        let script = |n| {
            if n == 0 { status(500) } else { ok().after(Duration::from_millis(100)) }
        };
        let rig = with(policy).one(world, script).await;
        rig.gets(1).await;
        rig.sleep(1000).await;
        let gets = futures_util::future::join_all((0..5).map(|_| rig.get())).await;
        let mut statuses: Vec<_> = gets.iter().map(|got| got.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 503, 503, 503]);
        assert_eq!(rig.backends[0].count(), 3);
    });
}

#[test]
fn a_probe_whose_client_goes_away_makes_room_for_another() {
    simulate(|world| async move {
        let policy = json!({ "breaker": { "trip": { "consecutive": 1 }, "open_for": "1s" } });
        let script = |n| match n {
            0 => status(500),
            1 => hang(),
            _ => ok(),
        };
        let rig = with(policy).one(world, script).await;
        rig.gets(1).await;
        rig.sleep(1000).await;
        let timer = rig.world.timer();
        assert!(timer.until(timer.now() + Duration::from_millis(50), rig.get()).await.is_none());
        rig.sleep(1).await;
        assert_eq!(rig.gets(2).await, [200, 200]);
    });
}

#[test]
fn an_open_breaker_leaves_the_other_backends_alone() {
    simulate(|world| async move {
        let policy = json!({ "breaker": { "trip": { "consecutive": 2 }, "open_for": "10s" } });
        let backends = vec![Backend::start(&world, |_| status(500)), Backend::start(&world, |_| ok())];
        let rig = with(policy).before(world, backends).await;
        rig.gets(10).await;
        assert_eq!(rig.counts(), [2, 8]);
    });
}

#[test]
fn the_answer_that_trips_the_last_breaker_is_passed_on_though_it_would_be_tried_again() {
    simulate(|world| async move {
        let policy = json!({
            "retry": { "attempts": 5, "on": ["500"] },
            "breaker": { "trip": { "consecutive": 2 }, "open_for": "10s" },
        });
        let rig = with(policy).one(world, |_| status(500)).await;
        let got = rig.get().await;
        assert_eq!((got.status, got.body.as_str(), rig.backends[0].count()), (500, "hello", 2));
        assert_eq!(rig.get().await.status, 503);
    });
}
