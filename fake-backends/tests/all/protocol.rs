//! HTTP/1.1 as the backends speak it, in the simulated world.

use std::time::Duration;

use crate::common::{Ended, always, get, serve, serve_before_epoch, spec};
use evidence::{ConnectionEnd, End, body_hash};
use net::simulate;
use units::Moment;

fn post(tag: u64, fields: &str, body: &str) -> String {
    format!(
        "POST /orders HTTP/1.1\r\nhost: a\r\nx-brownout-tag: 0000000000000007-{tag}\r\n{fields}\r\n{body}"
    )
}

#[test]
fn a_connection_carries_many_requests_and_counts_them() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, Vec::new()));
        let mut client = served.connect(0).await;
        for tag in 0..3 {
            client.send(&get(tag)).await;
            assert_eq!(client.answer().await.unwrap().status, 200);
        }
        client.send(&[get(3), get(4)].concat()).await;
        assert_eq!(client.answer().await.unwrap().header("x-brownout-tag"), Some("0000000000000007-3"));
        assert_eq!(client.answer().await.unwrap().header("x-brownout-tag"), Some("0000000000000007-4"));
        drop(client);
        served.sleep(1).await;
        let (_, evidence) = served.end().await;
        assert_eq!(evidence.attempts.iter().map(|attempt| attempt.nth).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        let connection = &evidence.connections[0];
        assert_eq!((connection.requests, connection.end), (5, ConnectionEnd::GatewayFin));
    });
}

#[test]
fn bodies_with_a_length_and_in_chunks_are_counted_and_hashed() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, Vec::new()));
        let mut client = served.connect(0).await;
        client.send(&post(1, "content-length: 11\r\n", "hello ")).await;
        served.sleep(30).await;
        client.send("world").await;
        client.answer().await.unwrap();
        client
            .send(&post(2, "transfer-encoding: chunked\r\n", "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"))
            .await;
        client.answer().await.unwrap();
        let (_, evidence) = served.end().await;
        let seen = |index: usize| (evidence.attempts[index].declared, evidence.attempts[index].received);
        assert_eq!((seen(0), seen(1)), ((Some(11), 11), (None, 11)));
        assert!(evidence.attempts.iter().all(|attempt| attempt.body_hash == body_hash(b"hello world")));
        let slow = &evidence.attempts[0];
        assert_eq!(slow.body_done.unwrap().since(slow.arrived), Duration::from_millis(30));
    });
}

#[test]
fn a_client_that_expects_it_is_told_to_continue() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, Vec::new()));
        let mut client = served.connect(0).await;
        client.send(&post(1, "content-length: 2\r\nexpect: 100-continue\r\n", "")).await;
        client.until("HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
        client.send("ok").await;
        assert_eq!(client.answer().await.unwrap().status, 200);
    });
}

#[test]
fn head_is_answered_without_a_body() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, Vec::new()));
        let mut client = served.connect(0).await;
        for _ in 0..2 {
            client.send(&get(1).replace("GET", "HEAD")).await;
            let answer = client.head_answer().await.unwrap();
            assert_eq!((answer.status, answer.header("content-length")), (200, Some("300")));
        }
    });
}

#[test]
fn a_connection_is_closed_after_an_old_request_and_when_it_is_asked_for() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, Vec::new()));
        for request in
            [get(1).replace("HTTP/1.1", "HTTP/1.0"), get(2).replace("host: a", "connection: close")]
        {
            let mut client = served.connect(0).await;
            client.send(&request).await;
            assert_eq!(client.answer().await.unwrap().header("connection"), Some("close"));
            assert_eq!(client.answer().await, Err(Ended::Fin(String::new())));
        }
    });
}

#[test]
fn a_request_whose_body_is_cut_is_recorded_as_such() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, Vec::new()));
        let mut client = served.connect(0).await;
        client.send(&post(1, "content-length: 10\r\n", "half")).await;
        served.sleep(5).await;
        drop(client);
        served.sleep(1).await;
        let (_, evidence) = served.end().await;
        let attempt = &evidence.attempts[0];
        assert_eq!((attempt.end, attempt.received, attempt.body_done), (End::RequestCut, 4, None));
        assert_eq!(attempt.body_hash, body_hash(b"half"));
    });
}

#[test]
fn what_is_no_request_is_refused_and_the_connection_closed() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, Vec::new()));
        let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(70_000));
        let cases = [
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), 400),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400),
            (long, 431),
            (post(1, "content-length: 5\r\ntransfer-encoding: chunked\r\n", ""), 400),
            (post(2, "content-length: 2000000\r\n", ""), 413),
            (post(3, "transfer-encoding: chunked\r\n", "zz\r\n"), 400),
        ];
        for (request, status) in &cases {
            let mut client = served.connect(0).await;
            client.send(request).await;
            assert_eq!(client.answer().await.unwrap().status, *status);
            assert!(matches!(client.answer().await, Err(Ended::Fin(_))));
        }
        served.sleep(1).await;
        let (_, evidence) = served.end().await;
        assert!(evidence.attempts.iter().all(|attempt| attempt.end == End::Malformed));
        assert_eq!((evidence.attempts.len(), evidence.probes.len()), (3, 3));
    });
}

#[test]
fn arrivals_before_the_epoch_are_answered_healthily_and_leave_no_trace() {
    simulate(|world| async move {
        let served = serve_before_epoch(&world, spec(1, always("status = { code = 503 }")));
        assert_eq!(served.ask(0, &get(1)).await.status, 200);
        let mut kept = served.connect(0).await;
        kept.send(&get(1)).await;
        kept.answer().await.unwrap();
        world.set_epoch_in(Duration::from_millis(20));
        served.sleep(10).await;
        assert_eq!(served.ask(0, &get(1)).await.status, 200);
        served.sleep(10).await;
        kept.send(&get(1)).await;
        assert_eq!(kept.answer().await.unwrap().status, 503);
        kept.send("GET /health HTTP/1.1\r\n\r\n").await;
        assert_eq!(kept.answer().await.unwrap().status, 503, "health checks see the outage");
        let (_, evidence) = served.end().await;
        assert_eq!((evidence.attempts.len(), evidence.probes.len()), (1, 1));
        assert_eq!(evidence.attempts[0].number, 1);
        assert_eq!(evidence.probes[0].status, 503);
        assert_eq!(evidence.connections.len(), 1);
        assert!(evidence.connections[0].accepted < Moment::EPOCH);
    });
}

#[test]
fn an_attempt_that_is_open_at_the_end_is_recorded_as_open() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, always("hang = {}")));
        let mut client = served.connect(0).await;
        client.send(&get(1)).await;
        served.sleep(100).await;
        let (_, evidence) = served.end().await;
        let attempt = &evidence.attempts[0];
        assert_eq!((attempt.end, attempt.ended), (End::OpenAtEnd, world.now()));
        assert_eq!(evidence.connections[0].end, ConnectionEnd::OpenAtEnd);
    });
}

#[test]
fn connections_past_the_limit_are_turned_away_and_counted() {
    simulate(|world| async move {
        let mut spec = spec(1, Vec::new());
        spec.connections_max = 2;
        let served = serve(&world, spec);
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(served.connect(0).await);
        }
        assert_eq!(clients[2].answer().await, Err(Ended::Rst(String::new())));
        let (totals, evidence) = served.end().await;
        assert_eq!((totals.turned_away, totals.connections, evidence.connections.len()), (1, 2, 2));
    });
}

#[test]
fn a_client_that_stops_in_mid_request_does_not_hold_the_connection_for_ever() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, Vec::new()));
        let mut client = served.connect(0).await;
        client.send(&post(1, "content-length: 10\r\n", "half")).await;
        assert_eq!(client.answer().await, Err(Ended::Rst(String::new())));
        let waited = world.now().seconds();
        assert!((300.0..301.0).contains(&waited), "{waited}");
        let (_, evidence) = served.end().await;
        assert_eq!(evidence.attempts[0].end, End::Malformed);
    });
}

#[test]
fn a_large_body_arrives_whole_from_the_shared_copy() {
    simulate(|world| async move {
        let mut spec = spec(1, Vec::new());
        spec.backends[0].body.0 = 300_000;
        let served = serve(&world, spec);
        let answer = served.ask(0, &get(1)).await;
        assert_eq!(answer.body.len(), 300_000);
        let hash = format!("{:016x}", body_hash(&answer.body));
        assert_eq!(answer.header("x-brownout-body-hash"), Some(hash.as_str()));
        assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok());
    });
}
