//! Each fault as a raw client sees it and as the ledger records it, in the simulated world.

use std::time::Duration;

use crate::common::{Ended, always, get, inject, serve, spec};
use evidence::{ConnectionEnd, End, Evidence, Planned};
use net::simulate;
use units::Moment;

const MILLI: i64 = 1_000_000;

fn ends(evidence: &Evidence) -> Vec<End> {
    evidence.attempts.iter().map(|attempt| attempt.end).collect()
}

#[test]
fn a_healthy_answer_names_tag_backend_and_attempt_and_its_body_has_the_hash_that_it_says() {
    simulate(|world| async move {
        let served = serve(&world, spec(2, Vec::new()));
        let answer = served.ask(1, &get(42)).await;
        insta::assert_snapshot!(answer.head.replace("\r\n", "\n").trim_end(), @r#"
        HTTP/1.1 200 OK
        x-brownout-tag: 0000000000000007-42
        x-brownout-attempt: 1
        x-brownout-backend: 1
        x-brownout-body-hash: d956a75927f8ce56
        x-brownout-body: {"tag":"0000000000000007-42","backend":"orders-1","attempt":1,"pad":" 229 "}
        content-type: application/json
        content-length: 300
        "#);
        let hash = format!("{:016x}", evidence::body_hash(&answer.body));
        assert_eq!(answer.header("x-brownout-body-hash"), Some(hash.as_str()));
        assert_eq!(answer.body.len(), 300);
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((&body["tag"], &body["backend"]), (&"0000000000000007-42".into(), &"orders-1".into()));
        let (totals, evidence) = served.end().await;
        assert_eq!((totals.attempts, totals.connections), (1, 1));
        let attempt = &evidence.attempts[0];
        assert_eq!((attempt.tag.0, attempt.backend, attempt.number, attempt.nth), (42, 1, 1, 1));
        assert_eq!((attempt.status, attempt.end, attempt.injections), (200, End::Replied, 0));
        assert!(attempt.replied.is_some());
    });
}

#[test]
fn a_delay_is_kept_to_the_microsecond_and_recorded() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, always("latency = { fixed = '50ms' }")));
        let before = world.now();
        served.ask(0, &get(1)).await;
        assert_eq!(world.now().since(before), Duration::from_millis(50));
        let (_, evidence) = served.end().await;
        let attempt = &evidence.attempts[0];
        assert_eq!((attempt.delay, attempt.delay_error, attempt.injections), (50_000_000, 0, 1));
        assert_eq!(attempt.duration(), Duration::from_millis(50));
    });
}

#[test]
fn a_status_comes_with_its_headers_and_body_and_still_names_the_backend() {
    simulate(|world| async move {
        let fault = "status = { code = 503, headers = { retry-after = '1' }, body = 'tired' }";
        let served = serve(&world, spec(1, always(fault)));
        let answer = served.ask(0, &get(1)).await;
        assert_eq!((answer.status, answer.body.as_slice()), (503, b"tired".as_slice()));
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("x-brownout-backend"), Some("0"));
        let (_, evidence) = served.end().await;
        let attempt = &evidence.attempts[0];
        assert_eq!((attempt.planned, attempt.status, attempt.end), (Planned::Status, 503, End::Replied));
        assert!(attempt.failed());
    });
}

#[test]
fn a_script_is_counted_over_both_backends() {
    simulate(|world| async move {
        let injections = vec![inject(
            "fail_first = { script = ['503', 'reset', 'close', 'ok', '500'] }",
            &[0, 1],
            0,
            10_000,
        )];
        let served = serve(&world, spec(2, injections));
        assert_eq!(served.ask(0, &get(1)).await.status, 503);
        for (backend, expected) in [(1, Ended::Rst(String::new())), (0, Ended::Fin(String::new()))] {
            let mut client = served.connect(backend).await;
            client.send(&get(1)).await;
            assert_eq!(client.answer().await, Err(expected));
        }
        assert_eq!(served.ask(1, &get(1)).await.status, 200);
        assert_eq!(served.ask(0, &get(1)).await.status, 500);
        assert_eq!(served.ask(1, &get(1)).await.status, 200);
        assert_eq!(served.ask(1, &get(2)).await.status, 503, "another tag starts anew");
        let (_, evidence) = served.end().await;
        let numbers: Vec<u16> = evidence.attempts.iter().map(|attempt| attempt.number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 1]);
        assert_eq!(ends(&evidence)[1..3], [End::Reset, End::Closed]);
    });
}

#[test]
fn a_cut_answer_arrives_up_to_the_cut_and_ends_as_planned() {
    simulate(|world| async move {
        let cuts = ["request", "headers", "body', after = '10B"];
        for (fault, at) in cuts.iter().flat_map(|at| [("reset", at), ("close", at)]) {
            let served = serve(&world, spec(1, always(&format!("{fault} = {{ at = '{at}' }}"))));
            let mut client = served.connect(0).await;
            client.send(&get(1)).await;
            let (is_reset, seen) = match client.answer().await.unwrap_err() {
                Ended::Rst(seen) => (true, seen),
                Ended::Fin(seen) => (false, seen),
            };
            assert_eq!(is_reset, fault == "reset", "{fault} at {at}");
            match *at {
                "request" => assert_eq!(seen, ""),
                "headers" => {
                    assert!(seen.starts_with("HTTP/1.1 200 OK\r\n") && !seen.contains("\r\n\r\n"), "{seen}");
                }
                _ => assert_eq!(seen.split_once("\r\n\r\n").unwrap().1, r#"{"tag":"00"#),
            }
            let (_, evidence) = served.end().await;
            let attempt = &evidence.attempts[0];
            assert_eq!(attempt.end, if is_reset { End::Reset } else { End::Closed });
            assert_eq!(attempt.status, if at.starts_with("body") { 200 } else { 0 });
            assert_eq!(attempt.replied, None);
            let expected = if is_reset { ConnectionEnd::BackendRst } else { ConnectionEnd::BackendFin };
            assert_eq!(evidence.connections[0].end, expected);
        }
    });
}

#[test]
fn a_cut_at_accept_leaves_a_connection_and_no_attempt() {
    simulate(|world| async move {
        for (fault, end) in [("reset", ConnectionEnd::BackendRst), ("close", ConnectionEnd::BackendFin)] {
            let served = serve(&world, spec(1, always(&format!("{fault} = {{ at = 'accept' }}"))));
            let mut client = served.connect(0).await;
            let ended = client.answer().await.unwrap_err();
            assert_eq!(matches!(ended, Ended::Rst(_)), fault == "reset");
            drop(client);
            served.sleep(10).await;
            let (_, evidence) = served.end().await;
            assert!(evidence.attempts.is_empty());
            let connection = &evidence.connections[0];
            assert_eq!((connection.end, connection.requests, connection.injections), (end, 0, 1));
        }
    });
}

#[test]
fn a_gateway_that_gives_up_is_recorded_with_how_and_when() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, always("hang = {}")));
        let mut patient = served.connect(0).await;
        patient.send(&get(1)).await;
        let mut rude = served.connect(0).await;
        rude.send(&get(2)).await;
        served.sleep(300).await;
        drop(patient);
        served.sleep(200).await;
        rude.stream.reset();
        served.sleep(1).await;
        let (_, evidence) = served.end().await;
        assert_eq!(ends(&evidence), [End::AbandonedFin, End::AbandonedRst]);
        let lived: Vec<i64> =
            evidence.attempts.iter().map(|attempt| attempt.duration().as_millis() as i64).collect();
        assert_eq!(lived, [300, 500]);
        let closed: Vec<_> = evidence.connections.iter().map(|connection| connection.end).collect();
        assert_eq!(closed, [ConnectionEnd::GatewayFin, ConnectionEnd::GatewayRst]);
    });
}

#[test]
fn bytes_that_arrive_during_a_delay_are_the_next_request_and_no_end() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, always("latency = { fixed = '20ms' }")));
        let mut client = served.connect(0).await;
        client.send(&get(1)).await;
        served.sleep(10).await;
        client.send(&get(2)).await;
        assert_eq!(client.answer().await.unwrap().header("x-brownout-tag"), Some("0000000000000007-1"));
        assert_eq!(client.answer().await.unwrap().header("x-brownout-tag"), Some("0000000000000007-2"));
        let (_, evidence) = served.end().await;
        assert_eq!(ends(&evidence), [End::Replied, End::Replied]);
        assert_eq!(evidence.connections[0].end, ConnectionEnd::OpenAtEnd);
    });
}

#[test]
fn a_refused_port_is_closed_for_its_time_and_opens_again() {
    simulate(|world| async move {
        let injections = vec![
            inject("refuse = {}", &[0], 100, 200),
            inject("latency = { fixed = '50ms' }", &[0], 60, 100),
        ];
        let served = serve(&world, spec(2, injections));
        let mut idle = served.connect(0).await;
        idle.send(&get(1)).await;
        idle.answer().await.unwrap();
        served.sleep(80).await;
        let mut busy = served.connect(0).await;
        busy.send(&get(2)).await;
        assert_eq!(busy.answer().await, Err(Ended::Rst(String::new())));
        assert_eq!(world.now(), Moment(100 * MILLI));
        assert_eq!(idle.answer().await, Err(Ended::Fin(String::new())));
        let refused = world.connect(served.addresses[0]).await.err().expect("the port is closed");
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        assert_eq!(served.ask(1, &get(3)).await.status, 200, "the other backend is open");
        served.sleep(101).await;
        assert_eq!(served.ask(0, &get(4)).await.status, 200);
        let (totals, evidence) = served.end().await;
        assert_eq!(totals.not_reopened, 0);
        let firing = &evidence.firings[..];
        assert_eq!(firing.len(), 1);
        assert_eq!((firing[0].injection, firing[0].backend), (0, 0));
        assert_eq!((firing[0].from, firing[0].to), (Moment(100 * MILLI), Moment(200 * MILLI)));
        let reset = evidence.attempts.iter().find(|attempt| attempt.tag.0 == 2).unwrap();
        assert_eq!((reset.end, reset.injections), (End::Reset, 0b11));
        assert_eq!(reset.effective, 0b01, "the delay was not over");
        assert!(evidence.connections[..2].iter().all(|connection| connection.effective == 0b01));
        let closed: Vec<_> = evidence.connections.iter().map(|connection| connection.end).collect();
        assert_eq!(closed[..2], [ConnectionEnd::BackendFin, ConnectionEnd::BackendRst]);
    });
}

#[test]
fn a_port_that_is_closed_when_the_run_ends_fired_until_then() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, vec![inject("refuse = {}", &[0], 10, 5000)]));
        served.sleep(40).await;
        let (_, evidence) = served.end().await;
        assert_eq!(
            (evidence.firings[0].from, evidence.firings[0].to),
            (Moment(10 * MILLI), Moment(40 * MILLI))
        );
    });
}

#[test]
fn faults_of_one_moment_combine_in_the_order_of_the_plan() {
    simulate(|world| async move {
        let injections = vec![
            inject("latency = { fixed = '10ms' }", &[0], 0, 1000),
            inject("status = { code = 500 }", &[0], 0, 1000),
            inject("latency = { fixed = '5ms' }", &[0], 0, 1000),
            inject("status = { code = 503 }", &[0], 500, 1000),
            inject("hang = {}", &[1], 0, 1000),
        ];
        let served = serve(&world, spec(2, injections));
        assert_eq!(served.ask(0, &get(1)).await.status, 500);
        assert_eq!(world.now(), Moment(15 * MILLI));
        served.sleep(600).await;
        assert_eq!(served.ask(0, &get(2)).await.status, 503);
        served.sleep(600).await;
        assert_eq!(served.ask(0, &get(3)).await.status, 200, "all of them are over");
        let (_, evidence) = served.end().await;
        let hits: Vec<u64> = evidence.attempts.iter().map(|attempt| attempt.injections).collect();
        assert_eq!(hits, [0b0111, 0b1111, 0]);
        let given: Vec<u64> = evidence.attempts.iter().map(|attempt| attempt.effective).collect();
        assert_eq!(given, [0b0111, 0b1101, 0], "of two answers the last one was given");
    });
}

#[test]
fn two_runs_of_a_seed_are_equal_and_another_seed_hits_others() {
    let run = |seed| {
        simulate(|world| async move {
            let injections = vec![
                inject("status = { code = 503, share = 0.3 }", &[0, 1], 0, 60_000),
                inject(
                    "latency = { lognormal = { median = '20ms', sigma = 0.7 }, share = 0.5 }",
                    &[0, 1],
                    0,
                    60_000,
                ),
                inject("reset = { at = 'headers', share = 0.1 }", &[0], 0, 60_000),
            ];
            let mut spec = spec(2, injections);
            spec.seed = seed;
            let served = serve(&world, spec);
            for tag in 0..200 {
                let mut client = served.connect(tag as usize % 2).await;
                client.send(&get(tag)).await;
                let _ = client.answer().await;
            }
            let (_, evidence) = served.end().await;
            (evidence.attempts, evidence.connections)
        })
    };
    let first = run(1);
    assert_eq!(first.0.len(), 200);
    assert!(first == run(1), "two runs of a seed differ");
    assert!(first != run(2), "the seed changes nothing");
}
