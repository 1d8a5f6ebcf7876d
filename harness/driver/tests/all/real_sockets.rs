//! The same on real sockets of the loopback interface.

use std::time::Duration;

use crate::common::{Peer, all_parts, class, open, real, recorded, spec};
use brownout_driver::Mode;
use evidence::{Exchange, Outcome};
use net::World;
use tokio_util::sync::CancellationToken;
use units::{Moment, Stretch};

#[test]
fn hundreds_of_requests_are_all_answered_in_the_order_of_their_times() {
    let mut spec = spec(class(open(500.0, 1.0)));
    let mut fresh = class(open(100.0, 1.0));
    fresh.keep_alive = false;
    spec.classes.push(fresh);
    let during = Stretch { from: Moment::EPOCH, to: Moment(500_000_000) };
    spec.classes.push(class(Mode::Closed { users: 4, during: vec![during], think: None }));
    (spec.threads, spec.exchanges_max) = (2, 400);
    let exchanges = real(spec, Peer::answer_all);
    assert_eq!(exchanges.len(), 1000);
    for exchange in exchanges {
        assert_eq!((exchange.outcome, exchange.status, exchange.body_bytes), (Outcome::Complete, 200, 2));
        let first_byte = exchange.first_byte.unwrap();
        assert!(exchange.due <= exchange.sent && exchange.sent <= first_byte && first_byte <= exchange.done);
    }
}

#[test]
fn fin_and_rst_are_told_apart_before_the_head_and_inside_the_body() {
    const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123";
    let exchanges = real(spec(class(open(200.0, 1.0))), |mut peer| async move {
        peer.request().await;
        if peer.number % 4 > 1 {
            peer.say(HALF).await;
            // The client is to read this before the end comes: a reset may overtake what was sent.
            peer.wait(20).await;
        }
        if peer.number % 2 == 1 {
            peer.stream.reset();
        }
    });
    let of = |outcome| exchanges.iter().filter(|exchange| exchange.outcome == outcome).count();
    let all = [Outcome::EofNoStatus, Outcome::RstNoStatus, Outcome::EofInBody, Outcome::RstInBody].map(of);
    assert_eq!(all, [50; 4]);
}

#[test]
fn an_answer_before_a_large_request_body_was_read_is_complete_and_the_reset_after_it_hides_nothing() {
    let mut class = class(open(50.0, 1.0));
    class.method = "POST".into();
    class.body = Some(brownout_driver::Body {
        content: brownout_driver::BodyContent::Sized(units::Size(8 << 20)),
        framing: brownout_driver::Framing::ContentLength,
    });
    let exchanges = real(spec(class), |mut peer| async move {
        tokio::io::AsyncReadExt::read_exact(&mut peer.stream, &mut [0; 100]).await.unwrap();
        peer.say("HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
        peer.wait(20).await;
    });
    assert_eq!(exchanges.len(), 50);
    assert!(exchanges.iter().all(|exchange| (exchange.outcome, exchange.status) == (Outcome::Complete, 413)));
}

#[test]
fn a_closed_port_refuses_and_nobody_waits_for_the_deadline() {
    let world = World::real();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let free =
        runtime.block_on(async { world.bind(([127, 0, 0, 1], 0).into()).unwrap().local_addr().unwrap() });
    let mut spec = spec(class(open(100.0, 0.5)));
    spec.target = free;
    spec.classes[0].deadline = Duration::from_mins(10);
    let exchanges = recorded(|recorder| {
        tokio::task::LocalSet::new().block_on(&runtime, async {
            world.set_epoch_in(Duration::ZERO);
            all_parts(&world, &spec, recorder, CancellationToken::new()).await
        })
    });
    assert_eq!(exchanges.len(), 50);
    assert!(exchanges.iter().all(|exchange| exchange.outcome == Outcome::ConnectRefused));
}

/// Answers `/flood` with one-byte chunks without end, as fast as they are taken, and all else at once.
#[expect(
    clippy::disallowed_methods,
    reason = "a gateway on a thread of its own, which no event loop holds up"
)]
fn flood() -> std::net::SocketAddr {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = |mut stream: std::net::TcpStream| {
        let mut head = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut head) {
            if head[..count].starts_with(b"GET /flood") {
                let chunks = b"1\r\nx\r\n".repeat(2048);
                let mut written = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
                while written.is_ok() {
                    written = stream.write_all(&chunks);
                }
                return;
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
    };
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || answer(stream.unwrap()));
        }
    });
    address
}

#[test]
fn an_answer_without_end_neither_outlives_its_deadline_nor_holds_up_the_schedule() {
    let (mut endless, ordinary) = (class(open(4.0, 1.0)), class(open(100.0, 1.0)));
    endless.path = "/flood".into();
    endless.deadline = Duration::from_millis(250);
    let mut spec = spec(ordinary);
    spec.classes.push(endless);
    spec.response_body_max = units::Size(1 << 40);
    spec.target = flood();
    let exchanges = recorded(|recorder| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let world = World::real();
            world.set_epoch_in(Duration::ZERO);
            all_parts(&world, &spec, recorder, CancellationToken::new()).await
        })
    });
    assert_eq!(exchanges.len(), 104);
    for exchange in &exchanges {
        let wanted = [Outcome::Complete, Outcome::ClientTimeout][usize::from(exchange.class)];
        assert_eq!(exchange.outcome, wanted, "{exchange:?}");
        // Four endless answers in turn would take all the time there is; how late a timer is on a busy machine is
        // not what this test is about.
        assert!(exchange.service_time() < Duration::from_secs(2), "{exchange:?}");
    }
    // Told by order and not by a clock, since the endless answers and this test's neighbours keep the cores busy: had
    // an endless answer held up the loop, nothing due meanwhile would have been sent before that answer's end.
    let (endless, ordinary): (Vec<&Exchange>, Vec<&Exchange>) =
        exchanges.iter().partition(|exchange| exchange.class == 1);
    for endless in endless {
        let meanwhile =
            || ordinary.iter().filter(|ordinary| ordinary.due > endless.sent && ordinary.due < endless.done);
        let in_time = meanwhile().filter(|ordinary| ordinary.sent < endless.done).count();
        assert!(in_time > 0 && 2 * in_time >= meanwhile().count(), "{endless:?}");
    }
}
