//! Faults of connections.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use evidence::{ConnectionEnd, End};
use net::{Timer, World};
use units::Moment;

use super::raw::{Ended, PATIENCE, asked_all, attempt, faulty, millis, post};
use crate::common::{always, get, inject, serve, spec};

#[test]
fn accept_hang_takes_the_connection_and_reads_nothing() {
    let (seen, evidence) = faulty(&["accept_hang = { }"], get(1), 300);
    assert_eq!((seen.bytes.len(), seen.end), (0, Some(Ended::Open)));
    assert!(evidence.attempts.is_empty());
    let connection = &evidence.connections[0];
    assert_eq!((connection.requests, connection.effective, connection.end), (0, 1, ConnectionEnd::OpenAtEnd));
}

#[test]
fn connections_beyond_a_limit_are_ended_and_those_within_it_go_on() {
    let requests = (0..3).map(|tag| get(tag).into_bytes()).collect();
    let faults = ["latency = { fixed = '500ms' }", "connection_limit = { max = 2 }"];
    let (seen, evidence) = asked_all(&faults, requests, 2000);
    assert_eq!(seen.iter().filter(|seen| seen.status() == 200).count(), 2);
    assert_eq!(seen.iter().filter(|seen| seen.end == Some(Ended::Rst)).count(), 1);
    let ended: Vec<_> =
        evidence.connections.iter().filter(|connection| connection.effective == 0b10).collect();
    assert_eq!((ended.len(), ended[0].end, ended[0].requests), (1, ConnectionEnd::BackendRst, 0));
}

#[test]
fn a_cut_between_head_and_body_or_in_the_upload_is_where_it_was_asked_for() {
    let (seen, evidence) = faulty(&["cut = { at = 'head', by = 'rst' }"], get(1), 300);
    assert!(seen.text().ends_with("\r\n\r\n") && seen.status() == 200, "{}", seen.text());
    assert_eq!(seen.end, Some(Ended::Rst));
    assert_eq!(
        (attempt(&evidence).end, attempt(&evidence).status, attempt(&evidence).answer_bytes),
        (End::Reset, 200, 0)
    );

    let fault = "cut = { at = 'upload', after = '100B', by = 'fin' }";
    let mut request = post(1, 1000);
    request.truncate(request.len() - 800);
    let (seen, evidence) = faulty(&[fault], request, 300);
    assert_eq!((seen.bytes.len(), seen.end), (0, Some(Ended::Fin)));
    assert_eq!((attempt(&evidence).end, attempt(&evidence).body_done), (End::Closed, None));
    assert!(attempt(&evidence).received >= 100);
}

#[test]
fn a_half_close_ends_the_backends_own_direction_only() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let served = serve(&World::real(), spec(1, always("cut = { at = 'head', by = 'half-close' }")));
        let address = served.addresses[0];
        let (end, written) = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
            stream.write_all(get(1).as_bytes()).unwrap();
            let mut all = Vec::new();
            let end = stream.read_to_end(&mut all).map(|_| all.len());
            std::thread::park_timeout(Duration::from_millis(2500));
            // A side that was closed whole would have answered the first of these with a reset.
            let written = stream.write_all(b"still").and_then(|()| {
                std::thread::park_timeout(Duration::from_millis(50));
                stream.write_all(b"here")
            });
            (end, written.is_ok())
        })
        .await
        .unwrap();
        assert!(end.unwrap() > 0 && written, "the backend no longer reads");
        served.end().await;
    });
}

#[test]
fn a_status_and_a_cut_combine() {
    let faults = ["status = { code = 503 }", "cut = { at = 'body', after = '5B', by = 'fin' }"];
    let (seen, evidence) = faulty(&faults, get(1), 300);
    assert_eq!((seen.status(), seen.body().len(), seen.end), (503, 5, Some(Ended::Fin)));
    assert_eq!((attempt(&evidence).effective, attempt(&evidence).end), (0b11, End::Closed));
}

#[test]
fn an_idle_connection_is_closed_in_its_time_and_a_busy_one_is_not() {
    let (seen, evidence) = faulty(&["idle_close = { after = '100ms' }"], get(1), 2000);
    assert_eq!((seen.status(), seen.end), (200, Some(Ended::Fin)));
    let connection = &evidence.connections[0];
    assert_eq!((connection.effective, connection.end), (1, ConnectionEnd::BackendFin));
    assert!(connection.closed.since(attempt(&evidence).ended) >= millis(100));
    assert_eq!(attempt(&evidence).effective, 0, "its own answer was like any other");
    let (_, evidence) = faulty(&["idle_close = { after = '5s' }"], get(1), 300);
    assert_eq!(
        (attempt(&evidence).effective, evidence.connections[0].effective),
        (0, 0),
        "never idle enough"
    );

    let two = [get(1), get(2)].concat();
    let (seen, evidence) = faulty(&["idle_close = { after = '100ms' }"], two, 2000);
    assert_eq!(seen.text().matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(evidence.connections.len(), 1);

    let (seen, _) = faulty(&["idle_close = { after = '0ms' }"], get(1), 2000);
    assert_eq!((seen.status(), seen.end), (200, Some(Ended::Fin)));
}

#[test]
fn in_a_black_hole_connects_are_not_answered_and_open_connections_go_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let world = World::real();
        let served = serve(&world, spec(1, vec![inject("black_hole = {}", &[0], 200, 900)]));
        let mut open = served.connect(0).await;
        let timer: Timer = world.timer();
        timer.sleep_until(Moment(300_000_000)).await;
        open.send(&get(1)).await;
        assert_eq!(open.answer().await.unwrap().status, 200);
        // What the kernel still had room for may connect, and is not accepted; whoever comes then is not answered.
        let mut taken = Vec::new();
        for _ in 0..3 {
            taken.extend(timer.until(timer.now() + millis(60), world.connect(served.addresses[0])).await);
        }
        let late = timer.until(timer.now() + millis(100), world.connect(served.addresses[0])).await;
        assert!(late.is_none(), "a connect was answered");
        timer.sleep_until(Moment(950_000_000)).await;
        assert_eq!(served.ask(0, &get(2)).await.status, 200, "it accepts again");
        let (totals, evidence) = served.end().await;
        assert_eq!((totals.not_blocked, totals.not_reopened), (0, 0));
        let firing = &evidence.firings[0];
        assert!(firing.from >= Moment(200_000_000) && firing.to >= Moment(900_000_000), "{firing:?}");
        assert!(firing.from < Moment(290_000_000) && firing.to < Moment(1_100_000_000), "{firing:?}");
    });
}
