//! Which requests an injection hits, and when.

use net::World;
use units::Moment;

use crate::common::{get, inject, serve, spec};

#[test]
fn only_requests_that_meet_the_conditions_are_hit() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut injection = inject("status = { code = 503 }", &[0], 0, 60_000);
        injection.when = toml::from_str(
            "method = 'GET'\npath = '/orders/*'\ntraffic = 'reads'\nheader = { name = 'x-tenant', value = 'a' }",
        )
        .unwrap();
        let served = serve(&World::real(), spec(1, vec![injection]));
        let mut tag = 0;
        let mut ask = async |method: &str, path: &str, traffic: &str, tenant: &str| {
            tag += 1;
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: a\r\nx-brownout-tag: 0000000000000007-{tag}\r\n\
                 X-Brownout-Traffic: {traffic}\r\nX-Tenant: {tenant}\r\n\r\n"
            );
            served.ask(0, &request).await.status
        };
        assert_eq!(ask("GET", "/orders/7?x=1", "reads", "a").await, 503);
        assert_eq!(ask("POST", "/orders/7", "reads", "a").await, 200);
        assert_eq!(ask("GET", "/items/7", "reads", "a").await, 200);
        assert_eq!(ask("GET", "/orders/7", "writes", "a").await, 200);
        assert_eq!(ask("GET", "/orders/7", "reads", "b").await, 200);
        let (_, evidence) = served.end().await;
        let hits: Vec<u64> = evidence.attempts.iter().map(|attempt| attempt.injections).collect();
        assert_eq!(hits, [1, 0, 0, 0, 0]);
    });
}

#[test]
fn a_fault_that_flaps_comes_and_goes() {
    net::simulate(|world| async move {
        let flap: fake_backends::Flap = toml::from_str("period = '100ms'\nduty = 0.5").unwrap();
        let mut status = inject("status = { code = 503 }", &[0], 0, 1000);
        let mut refuse = inject("refuse = {}", &[1], 0, 1000);
        (status.flap, refuse.flap) = (Some(flap), Some(flap));
        let served = serve(&world, spec(2, vec![status, refuse]));
        let mut seen = Vec::new();
        for tag in 0..10 {
            served.timer.sleep_until(Moment(10_000_000 + tag * 50_000_000)).await;
            seen.push((
                served.ask(0, &get(tag as u64)).await.status,
                world.connect(served.addresses[1]).await.is_ok(),
            ));
        }
        let expected: Vec<(u16, bool)> =
            (0..10).map(|nth| if nth % 2 == 0 { (503, false) } else { (200, true) }).collect();
        assert_eq!(seen, expected);
        let (_, evidence) = served.end().await;
        assert_eq!(evidence.firings.len(), 5);
    });
}

#[test]
fn settings_move_from_where_they_begin_to_their_own_on_real_sockets_as_well() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut late = inject("latency = { fixed = '300ms' }", &[0], 0, 60_000);
        late.ramp = Some(toml::from_str("from = { fixed = '100ms' }\nover = '1s'").unwrap());
        let served = serve(&World::real(), spec(1, vec![late]));
        for (tag, millis) in [(0, 0), (1, 500), (2, 1_100)] {
            served.timer.sleep_until(Moment(millis * 1_000_000)).await;
            assert_eq!(served.ask(0, &get(tag)).await.status, 200);
        }
        let (_, evidence) = served.end().await;
        for attempt in &evidence.attempts {
            // What was planned follows from the moment of the arrival alone, and is what was waited.
            let part = (attempt.arrived.0 / 10_000_000).clamp(0, 100) as u64;
            assert_eq!(attempt.delay, 100_000_000 + part * 2_000_000, "{attempt:?}");
            assert!(attempt.duration().as_nanos() >= u128::from(attempt.delay), "{attempt:?}");
        }
        assert_eq!(evidence.attempts.last().unwrap().delay, 300_000_000);
    });
}

#[test]
fn a_share_that_grows_hits_more_and_more() {
    net::simulate(|world| async move {
        let mut status = inject("status = { code = 503 }", &[0], 0, 10_000);
        status.ramp = Some(toml::from_str("from = { share = 0 }\nover = '10s'").unwrap());
        let served = serve(&world, spec(1, vec![status]));
        let mut hits = [0; 4];
        for tag in 0..1000 {
            served.timer.sleep_until(Moment(tag as i64 * 10_000_000)).await;
            hits[tag as usize / 250] += u32::from(served.ask(0, &get(tag)).await.status == 503);
        }
        // An eighth, three, five and seven eighths of 250 each, by five standard deviations.
        for (hits, expected) in hits.into_iter().zip([31, 94, 156, 219]) {
            assert!(i32::abs(hits as i32 - expected) < 38, "{hits} of {expected}");
        }
    });
}

#[test]
fn a_request_that_is_hit_is_hit_at_every_backend_and_however_often_it_is_tried() {
    net::simulate(|world| async move {
        let mut status = inject("status = { code = 503, share = 0.5 }", &[0, 1], 0, 100_000);
        status.correlate = Some(fake_backends::Correlate::Requests);
        let served = serve(&world, spec(2, vec![status]));
        let mut hits = 0;
        for tag in 0..200 {
            let first = served.ask(0, &get(tag)).await.status;
            hits += u32::from(first == 503);
            for backend in [1, 0, 1] {
                assert_eq!(served.ask(backend, &get(tag)).await.status, first);
            }
        }
        assert!((60..140).contains(&hits), "{hits}");
    });
}

#[test]
fn backends_that_take_turns_are_down_one_at_a_time() {
    net::simulate(|world| async move {
        let mut refuse = inject("refuse = {}", &[2, 0], 0, 400);
        refuse.correlate = Some(fake_backends::Correlate::Turns(units::Timespan::from_millis(100)));
        let served = serve(&world, spec(3, vec![refuse]));
        for turn in 0..5 {
            served.timer.sleep_until(Moment(50_000_000 + turn * 100_000_000)).await;
            let mut down = Vec::new();
            for (backend, address) in served.addresses.iter().enumerate() {
                if world.connect(*address).await.is_err() {
                    down.push(backend);
                }
            }
            assert_eq!(down, [vec![2], vec![0], vec![2], vec![0], vec![]][turn as usize]);
        }
        let (_, evidence) = served.end().await;
        assert_eq!(evidence.firings.len(), 4);
    });
}

#[test]
fn health_checks_alone_are_lied_to_or_all_but_these() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let lie = |probe: &str, backend| {
            let mut lie = inject("status = { code = 503 }", &[backend], 0, 60_000);
            lie.when = toml::from_str(&format!("probe = {probe}")).unwrap();
            lie
        };
        let served = serve(&World::real(), spec(2, vec![lie("true", 0), lie("false", 1)]));
        let check = "GET /health HTTP/1.1\r\nhost: a\r\n\r\n";
        assert_eq!(served.ask(0, check).await.status, 503);
        assert_eq!(served.ask(0, &get(1)).await.status, 200);
        assert_eq!(served.ask(1, check).await.status, 200);
        assert_eq!(served.ask(1, &get(2)).await.status, 503);
        let (_, evidence) = served.end().await;
        let probes: Vec<(u16, u64)> =
            evidence.probes.iter().map(|probe| (probe.status, probe.effective)).collect();
        assert_eq!(probes, [(503, 0b01), (200, 0)]);
        let attempts: Vec<u64> = evidence.attempts.iter().map(|attempt| attempt.effective).collect();
        assert_eq!(attempts, [0, 0b10]);
    });
}
