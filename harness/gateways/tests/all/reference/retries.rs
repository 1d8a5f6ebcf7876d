//! Which failures are tried again, how often, where, and after how long.

use std::time::Duration;

use net::simulate;
use serde_json::json;

use super::backend::{Act, Backend, close, hang, ok, raw, reset, status};
use super::rig::with;

#[test]
fn each_condition_is_tried_again_when_it_is_named_and_not_when_it_is_not() {
    type Failure = (&'static str, fn() -> Act);
    let failures: [Failure; 4] =
        [("503", || status(503)), ("reset", reset), ("reset", close), ("timeout", hang)];
    for (index, (condition, failure)) in failures.into_iter().enumerate() {
        for named in ["503", "reset", "timeout", "connect-failure"] {
            let (status, arrivals) = simulate(move |world| async move {
                let policy =
                    json!({ "timeout": { "per_try": "100ms" }, "retry": { "attempts": 2, "on": [named] } });
                let script = move |n| if n == 0 { failure() } else { ok() };
                let rig = with(policy).one(world, script).await;
                (rig.get().await.status, rig.backends[0].count())
            });
            let expected = if named == condition { 2 } else { 1 };
            assert_eq!(arrivals, expected, "failure {index}, retry on {named}");
            assert_eq!(status == 200, named == condition, "failure {index}, retry on {named}");
        }
    }
}

#[test]
fn a_refused_connection_is_tried_again_at_another_backend() {
    simulate(|world| async move {
        let policy = json!({ "retry": { "attempts": 2, "on": ["connect-failure"] } });
        let backends = vec![Backend::start(&world, |_| ok()), Backend::start(&world, |_| ok())];
        let mut rig = with(policy).before(world, backends).await;
        rig.backends[0].shut().await;
        assert_eq!(rig.gets(4).await, [200; 4]);
        assert_eq!(rig.counts(), [0, 4]);
    });
}

#[test]
fn a_refused_connection_without_retries_is_a_502() {
    simulate(|world| async move {
        let mut rig = with(json!({})).one(world, |_| ok()).await;
        rig.backends[0].shut().await;
        assert_eq!(rig.get().await.status, 502);
    });
}

#[test]
fn attempts_are_arrivals_in_total_and_the_last_answer_is_passed_on() {
    simulate(|world| async move {
        let script = |n| raw(&format!("HTTP/1.1 503 No\r\ncontent-length: 1\r\n\r\n{n}"));
        let rig = with(json!({ "retry": { "attempts": 3, "on": ["503"] } })).one(world, script).await;
        let got = rig.get().await;
        assert_eq!((got.status, got.body.as_str()), (503, "2"));
        assert_eq!(rig.backends[0].count(), 3);
    });
}

#[test]
fn a_post_is_never_sent_twice() {
    simulate(|world| async move {
        let policy = json!({ "retry": { "attempts": 3, "on": ["503", "reset"] } });
        let rig = with(policy).one(world, |n| if n == 0 { reset() } else { status(503) }).await;
        assert_eq!(rig.post("one").await.status, 502);
        assert_eq!(rig.post("two").await.status, 503);
        assert_eq!(rig.backends[0].count(), 2);
    });
}

#[test]
fn a_post_that_may_be_repeated_carries_its_body_each_time() {
    simulate(|world| async move {
        let policy = json!({ "retry": { "attempts": 3, "on": ["503"], "methods": ["POST"] } });
        let rig = with(policy).one(world, |n| if n < 2 { status(503) } else { ok() }).await;
        assert_eq!(rig.post("an order").await.status, 200);
        let bodies: Vec<_> = rig.backends[0].arrivals().into_iter().map(|arrival| arrival.body).collect();
        assert_eq!(bodies, [b"an order"; 3]);
    });
}

#[test]
fn waits_grow_by_the_factor_up_to_the_longest() {
    simulate(|world| async move {
        let backoff = json!({ "base": "50ms", "factor": 2.0, "max": "150ms" });
        let policy = json!({ "retry": { "attempts": 5, "on": ["503"], "backoff": backoff } });
        let rig = with(policy).one(world, |_| status(503)).await;
        assert_eq!(rig.get().await.status, 503);
        assert_eq!(rig.gaps(), [50, 100, 150, 150]);
    });
}

#[test]
fn jitter_draws_each_wait_between_zero_and_its_full_length() {
    let gaps = |seed| {
        simulate(move |world| async move {
            let backoff = json!({ "base": "1s", "factor": 1.0, "jitter": true });
            let policy = json!({ "retry": { "attempts": 40, "on": ["503"], "backoff": backoff } });
            let rig = with(policy).seed(seed).one(world, |_| status(503)).await;
            rig.get().await;
            rig.gaps()
        })
    };
    let drawn = gaps(1);
    assert!(drawn.iter().all(|gap| *gap <= 1000), "{drawn:?}");
    assert!(drawn.iter().any(|gap| *gap < 300) && drawn.iter().any(|gap| *gap > 700), "{drawn:?}");
    assert_eq!(drawn, gaps(1), "the same seed draws the same");
    assert_ne!(drawn, gaps(2), "another seed draws otherwise");
}

#[test]
fn a_backoff_never_outlasts_the_total_timeout() {
    simulate(|world| async move {
        let retry = json!({ "attempts": 3, "on": ["503"], "backoff": { "base": "10s" } });
        let rig = with(json!({ "timeout": { "total": "300ms" }, "retry": retry }))
            .one(world, |_| status(503))
            .await;
        let got = rig.get().await;
        assert_eq!((got.status, got.took.as_millis()), (504, 300));
        assert_eq!(rig.backends[0].count(), 1);
    });
}

#[test]
fn a_further_attempt_meets_every_other_backend_before_one_again() {
    simulate(|world| async move {
        let backends = (0..3).map(|_| Backend::start(&world, |_| status(503))).collect();
        let rig = with(json!({ "retry": { "attempts": 4, "on": ["503"] } })).before(world, backends).await;
        rig.get().await;
        let mut counts = rig.counts();
        counts.sort_unstable();
        assert_eq!(counts, [1, 1, 2]);
    });
}

#[test]
fn a_response_that_is_tried_again_does_not_cost_its_connection() {
    simulate(|world| async move {
        let script = |n| if n % 2 == 0 { status(503) } else { ok() };
        let rig = with(json!({ "retry": { "attempts": 2, "on": ["503"], "backoff": { "base": "1ms" } } }))
            .one(world, script)
            .await;
        rig.get().await;
        let opened = rig.backends[0].connections();
        assert_eq!(rig.gets(5).await, [200; 5]);
        assert_eq!(rig.backends[0].connections(), opened);
    });
}

#[test]
fn an_idle_connection_that_the_backend_closed_costs_no_attempt() {
    simulate(|world| async move {
        let rig = with(json!({})).one(world, |_| ok().and_close()).await;
        assert_eq!(rig.gets(3).await, [200; 3]);
        assert_eq!(rig.backends[0].count(), 3);
    });
}

#[test]
fn what_is_not_http_is_a_502_and_never_tried_again() {
    simulate(|world| async move {
        let policy = json!({ "retry": { "attempts": 3, "on": ["reset", "502"] } });
        let rig = with(policy).one(world, |_| raw("SSH-2.0-OpenSSH\r\n\r\n")).await;
        assert_eq!(rig.get().await.status, 502);
        assert_eq!(rig.backends[0].count(), 1);
    });
}

#[test]
fn a_client_that_goes_away_takes_its_attempt_along() {
    simulate(|world| async move {
        let policy = json!({ "timeout": { "per_try": "5s" }, "retry": { "attempts": 3, "on": ["reset"] } });
        let rig = with(policy).one(world, |_| hang()).await;
        let timer = rig.world.timer();
        let gone = timer.until(timer.now() + Duration::from_millis(70), rig.get()).await;
        assert!(gone.is_none());
        rig.sleep(10_000).await;
        let abandoned: Vec<_> = rig.backends[0].abandoned().into_iter().map(|at| at.0 / 1_000_000).collect();
        assert_eq!((abandoned, rig.backends[0].count()), (vec![70], 1));
    });
}

#[test]
fn two_runs_of_a_seed_are_the_same_to_the_nanosecond() {
    let run = || {
        simulate(|world| async move {
            let backoff = json!({ "base": "7ms", "jitter": true });
            let policy = json!({
                "timeout": { "per_try": "20ms" },
                "retry": { "attempts": 4, "on": ["503", "reset", "timeout"], "backoff": backoff },
                "breaker": { "trip": { "share": 0.8, "within": "1s", "min": 10 }, "open_for": "50ms" },
            });
            let script = |n| match n % 5 {
                0 => status(503),
                1 => reset(),
                2 => hang(),
                _ => ok().after(Duration::from_micros(n as u64 * 37)),
            };
            let backends = (0..3).map(|_| Backend::start(&world, script)).collect();
            let rig = with(policy).before(world, backends).await;
            let clients = (0..50_u64).map(|number| {
                let rig = &rig;
                async move {
                    rig.sleep(number).await;
                    rig.get().await.status
                }
            });
            let statuses = futures_util::future::join_all(clients).await;
            let arrivals = rig.backends.iter().flat_map(Backend::arrivals).map(|arrival| arrival.at);
            (statuses, arrivals.collect::<Vec<_>>())
        })
    };
    let first = run();
    assert!(first.0.contains(&200) && first.1.len() > 100, "{first:?}");
    assert_eq!(first, run());
}
