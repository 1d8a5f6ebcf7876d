//! Each defect, next to the gateway without it.

use std::time::Duration;

use brownout_gateways::reference::Defect;
use net::simulate;
use serde_json::{Value, json};

use super::backend::{Act, Backend, hang, ok, raw, status};
use super::rig::{Rig, with};

/// Runs `measure` on a gateway without and with a defect, before two backends that play the same script.
fn compare<T>(
    defect: &'static str,
    policy: &Value,
    script: fn(usize) -> Act,
    measure: impl AsyncFn(Rig) -> T,
) -> (T, T) {
    assert!(Defect::all().any(|known| known.name() == defect));
    let run = |defects: &[&'static str]| {
        simulate(|world| async {
            let backends = vec![Backend::start(&world, script), Backend::start(&world, script)];
            measure(with(policy.clone()).defects(defects).before(world, backends).await).await
        })
    };
    (run(&[]), run(&[defect]))
}

async fn arrivals(rig: Rig) -> usize {
    rig.get().await;
    rig.counts().iter().sum()
}

fn retry(attempts: u16) -> Value {
    json!({ "retry": { "attempts": attempts, "on": ["503"] } })
}

fn breaker() -> Value {
    json!({ "breaker": { "trip": { "consecutive": 2 }, "open_for": "1s" } })
}

/// How long a request to a hanging backend takes; nothing if it takes more than two minutes.
async fn patience(rig: Rig) -> Option<u128> {
    let timer = rig.world.timer();
    let got = timer.until(timer.now() + Duration::from_mins(2), rig.get()).await;
    got.map(|got| got.took.as_millis())
}

#[test]
fn ignores_timeout() {
    let per_try = json!({ "timeout": { "per_try": "100ms" } });
    assert_eq!(compare("ignores-timeout", &per_try, |_| hang(), patience), (Some(100), None));
    let total = json!({ "timeout": { "total": "300ms" } });
    assert_eq!(compare("ignores-timeout", &total, |_| hang(), patience), (Some(300), None));
}

#[test]
fn doubles_timeout() {
    let per_try = json!({ "timeout": { "per_try": "100ms" } });
    assert_eq!(compare("doubles-timeout", &per_try, |_| hang(), patience), (Some(100), Some(200)));
    let total = json!({ "timeout": { "total": "300ms" } });
    assert_eq!(compare("doubles-timeout", &total, |_| hang(), patience), (Some(300), Some(600)));
}

#[test]
fn retries_post() {
    let measure = async |rig: Rig| {
        rig.post("order").await;
        rig.counts().iter().sum::<usize>()
    };
    assert_eq!(compare("retries-post", &retry(3), |_| status(503), measure), (1, 3));
}

#[test]
fn one_retry_too_many() {
    assert_eq!(compare("one-retry-too-many", &retry(2), |_| status(503), arrivals), (2, 3));
}

#[test]
fn no_retry() {
    assert_eq!(compare("no-retry", &retry(3), |_| status(503), arrivals), (3, 1));
}

#[test]
fn same_host_retry() {
    assert_eq!(compare("same-host-retry", &retry(2), |_| status(503), stuck), (0, 4));
}

/// Of four requests with two attempts each, how many met one backend only.
async fn stuck(rig: Rig) -> usize {
    let mut count = 0;
    for _ in 0..4 {
        let before = rig.counts();
        rig.get().await;
        count += usize::from(rig.counts().iter().zip(before).any(|(after, before)| after - before == 2));
    }
    count
}

#[test]
fn no_backoff() {
    let retry = json!({ "attempts": 3, "on": ["503"], "backoff": { "base": "100ms" } });
    let measure = async |rig: Rig| rig.get().await.took.as_millis();
    assert_eq!(compare("no-backoff", &json!({ "retry": retry }), |_| status(503), measure), (300, 0));
}

#[test]
fn breaker_never_trips() {
    let measure = async |rig: Rig| {
        rig.gets(20).await;
        rig.counts()
    };
    let (correct, defective) = compare("breaker-never-trips", &breaker(), |_| status(500), measure);
    assert_eq!((correct, defective), (vec![2, 2], vec![10, 10]));
}

#[test]
fn breaker_never_recovers() {
    let measure = async |rig: Rig| {
        rig.gets(4).await;
        rig.sleep(3_600_000).await;
        rig.get().await.status
    };
    let script = |n| if n < 2 { status(500) } else { ok() };
    assert_eq!(compare("breaker-never-recovers", &breaker(), script, measure), (200, 503));
}

#[test]
fn breaker_trips_late() {
    let measure = async |rig: Rig| {
        rig.gets(40).await;
        rig.counts()
    };
    let trips = [
        json!({ "consecutive": 2 }),
        json!({ "count": 2, "within": "10s" }),
        json!({ "share": 1.0, "within": "10s", "min": 2 }),
    ];
    for trip in trips {
        let policy = json!({ "breaker": { "trip": trip, "open_for": "1s" } });
        let (correct, defective) = compare("breaker-trips-late", &policy, |_| status(500), measure);
        assert_eq!((correct, defective), (vec![2, 2], vec![6, 6]));
    }
}

#[test]
fn global_breaker() {
    let statuses = |defects: &'static [&'static str]| {
        simulate(|world| async move {
            let trip = json!({ "count": 2, "within": "10s" });
            let policy = json!({ "breaker": { "trip": trip, "open_for": "1s" } });
            let backends = vec![Backend::start(&world, |_| status(500)), Backend::start(&world, |_| ok())];
            with(policy).defects(defects).before(world, backends).await.gets(8).await
        })
    };
    // The readiness probe took the first turn, so that the healthy backend is next.
    assert_eq!(statuses(&[]), [200, 500, 200, 500, 200, 200, 200, 200]);
    assert_eq!(statuses(&["global-breaker"]), [200, 500, 200, 500, 503, 503, 503, 503]);
}

#[test]
fn truncated_as_complete() {
    let measure = async |rig: Rig| {
        let got = rig.get().await;
        (got.whole, got.body.contains("hello"))
    };
    let short: fn(usize) -> Act = |_| raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
    let chunks: fn(usize) -> Act =
        |_| raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
    for script in [short, chunks] {
        let compared = compare("truncated-as-complete", &json!({}), script, measure);
        assert_eq!(compared, ((false, true), (true, true)));
    }
}
