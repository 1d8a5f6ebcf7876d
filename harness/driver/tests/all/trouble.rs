//! Clients that misbehave on purpose: what reaches the gateway, and what is on record.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::common::{OK, Peer, class, open, real, simulated, spec};
use brownout_driver::{
    Abort, AbortBy, Body, BodyContent, Class, ExpectContinue, Framing, Read, Stall, Trouble, Upload,
};
use evidence::{Exchange, Outcome};
use tokio::io::AsyncReadExt;
use units::{ByteRate, Moment, Share, Size, Timespan};

/// One request a second for a second, in this trouble.
fn troubled(trouble: Trouble) -> Class {
    Class { trouble, ..class(open(1.0, 1.0)) }
}

/// The same, with a body of a thousand bytes.
fn upload(trouble: Trouble) -> Class {
    let body = Body { content: BodyContent::Sized(Size(1000)), framing: Framing::ContentLength };
    Class { method: "POST".into(), body: Some(body), ..troubled(trouble) }
}

fn abort(after: Option<u64>, after_bytes: Option<u64>, by: AbortBy) -> Trouble {
    let after = after.map(Timespan::from_millis);
    let abort = Abort { after, after_bytes: after_bytes.map(Size), by, share: Share::ALL };
    Trouble { abort: Some(abort), ..Trouble::default() }
}

/// How the client's end of a connection ended, as the server saw it, and when.
async fn end(peer: &mut Peer) -> (&'static str, Moment) {
    let mut buffer = [0; 4096];
    loop {
        match peer.stream.read(&mut buffer).await {
            Ok(0) => return ("fin", peer.world.now()),
            Ok(_) => {}
            Err(_) => return ("rst", peer.world.now()),
        }
    }
}

/// What the server tells: one entry for each thing that it noticed.
type Told<T> = Rc<RefCell<Vec<T>>>;

fn millis(length: Duration) -> u128 {
    length.as_millis()
}

#[test]
fn a_client_that_leaves_by_the_clock_closes_or_resets_and_is_on_record_as_having_left() {
    for (by, expected) in [(AbortBy::Fin, "fin"), (AbortBy::Rst, "rst")] {
        let told = Told::default();
        let telling = told.clone();
        let mut class = troubled(abort(Some(30), None, by));
        class.mode = open(10.0, 1.0);
        let exchanges = real(spec(class), move |mut peer| {
            let telling = telling.clone();
            async move {
                peer.request().await;
                let end = end(&mut peer).await;
                telling.borrow_mut().push(end);
            }
        });
        for exchange in &exchanges {
            assert_eq!(
                (exchange.outcome, exchange.status, exchange.first_byte),
                (Outcome::ClientAbort, 0, None)
            );
            assert!(exchange.service_time() >= Duration::from_millis(30), "{:?}", exchange.service_time());
        }
        // What the last client did may come too late for the server to tell.
        let told = told.take();
        assert!(told.len() >= 9, "{told:?}");
        for ((how, when), exchange) in told.iter().zip(&exchanges) {
            assert!(
                *how == expected && *when >= exchange.sent + Duration::from_millis(30),
                "{how} at {when}"
            );
        }
    }
}

#[test]
fn a_client_that_leaves_by_the_clock_leaves_on_time() {
    let exchanges = simulated(spec(troubled(abort(Some(30), None, AbortBy::Fin))), |mut peer| async move {
        peer.request().await;
        assert!(peer.request().await.is_none());
    });
    assert_eq!((exchanges[0].outcome, millis(exchanges[0].service_time())), (Outcome::ClientAbort, 30));
}

/// What is on record of a client that leaves after 100 bytes of an answer of 1000, of which so many come at once.
fn leaves_after_100_of(first: usize, by: AbortBy) -> Exchange {
    let exchanges = real(spec(troubled(abort(None, Some(100), by))), move |mut peer| async move {
        peer.request().await;
        peer.say(&format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{}", "x".repeat(first))).await;
        peer.wait(20).await;
        peer.say(&"x".repeat(1000 - first)).await;
        end(&mut peer).await;
    });
    exchanges[0].clone()
}

#[test]
fn a_client_that_leaves_after_some_bytes_has_them_on_record() {
    for (first, outcome, bytes) in [
        (150, Outcome::ClientAbort, 150),
        (100, Outcome::ClientAbort, 100),
        (99, Outcome::ClientAbort, 1000),
        (1000, Outcome::ClientAbort, 1000),
    ] {
        let exchange = leaves_after_100_of(first, AbortBy::Rst);
        assert_eq!(
            (exchange.outcome, exchange.status, exchange.body_bytes),
            (outcome, 200, bytes),
            "{first}"
        );
    }
}

#[test]
fn an_answer_that_is_whole_before_the_client_would_leave_is_complete() {
    for trouble in [abort(Some(500), None, AbortBy::Rst), abort(None, Some(2), AbortBy::Fin)] {
        let exchanges = simulated(spec(troubled(trouble)), Peer::answer_all);
        assert_eq!((exchanges[0].outcome, exchanges[0].body_bytes), (Outcome::Complete, 2));
    }
}

#[test]
fn a_client_that_half_closes_still_gets_its_answer_and_uses_the_connection_no_more() {
    let mut class = upload(abort(Some(0), None, AbortBy::HalfClose));
    class.mode = open(10.0, 1.0);
    let exchanges = real(spec(class), |mut peer| async move {
        assert!(peer.request().await.is_some_and(|request| request.len() > 1000), "the request is whole");
        assert_eq!(end(&mut peer).await.0, "fin");
        peer.say(OK).await;
    });
    assert_eq!(exchanges.len(), 10);
    assert!(exchanges.iter().all(|exchange| (exchange.outcome, exchange.nth) == (Outcome::Complete, 1)));
}

#[test]
fn a_half_close_after_some_bytes_lets_the_rest_come() {
    let exchange = leaves_after_100_of(500, AbortBy::HalfClose);
    assert_eq!((exchange.outcome, exchange.body_bytes), (Outcome::Complete, 1000));
}

/// When bytes of the body arrived, with how many there were by then.
fn arrivals(class: Class) -> (Vec<(Moment, usize)>, Exchange) {
    let told = Told::default();
    let telling = told.clone();
    let exchanges = simulated(spec(class), move |mut peer| {
        let telling = telling.clone();
        async move {
            let (mut bytes, mut head) = (Vec::new(), None);
            while bytes.len() < head.map_or(usize::MAX, |head| head + 1000) {
                let mut buffer = [0; 4096];
                let count = peer.stream.read(&mut buffer).await.unwrap();
                bytes.extend_from_slice(&buffer[..count]);
                head = bytes.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4);
                telling.borrow_mut().push((peer.world.now(), bytes.len() - head.unwrap_or(bytes.len())));
            }
            peer.say(OK).await;
            peer.wait(10).await;
        }
    });
    (told.take(), exchanges[0].clone())
}

#[test]
fn a_slow_upload_comes_at_its_rate() {
    let rate = ByteRate::per_second(10_000).unwrap();
    let trouble = Trouble { upload: Some(Upload { rate, share: Share::ALL }), ..Trouble::default() };
    let (arrivals, exchange) = arrivals(upload(trouble));
    assert_eq!((exchange.outcome, millis(exchange.service_time())), (Outcome::Complete, 100));
    assert_eq!(arrivals[0], (exchange.sent, 0), "the head comes at once");
    assert_eq!(arrivals.len(), 6);
    for (at, bytes) in &arrivals[1..] {
        assert_eq!(millis(at.since(exchange.sent)) as usize * 10, *bytes);
    }
}

#[test]
fn an_upload_stalls_where_it_is_told_to_and_as_long() {
    let stall = Stall { at: Size(400), length: Timespan::from_millis(250), share: Share::ALL };
    let (arrivals, exchange) = arrivals(upload(Trouble { stall: Some(stall), ..Trouble::default() }));
    let seen: Vec<_> = arrivals.iter().map(|(at, bytes)| (millis(at.since(exchange.sent)), *bytes)).collect();
    assert_eq!(seen[seen.len() - 2..], [(0, 400), (250, 1000)]);
    assert_eq!((exchange.outcome, millis(exchange.service_time())), (Outcome::Complete, 250));
}

#[test]
fn an_answer_waits_for_a_client_that_reads_late_and_for_ever_for_one_that_never_does() {
    let read = |after: Option<u64>| {
        let read = Read { after: after.map(Timespan::from_millis), share: Share::ALL };
        let exchanges =
            real(spec(troubled(Trouble { read: Some(read), ..Trouble::default() })), |mut peer| async move {
                peer.request().await;
                peer.say(OK).await;
                end(&mut peer).await;
            });
        exchanges[0].clone()
    };
    let late = read(Some(60));
    assert_eq!(late.outcome, Outcome::Complete);
    assert!(late.first_byte.is_some_and(|first| first >= late.sent + Duration::from_millis(60)));
    let never = read(None);
    assert_eq!((never.outcome, never.first_byte), (Outcome::ClientAbort, None));
    assert!(never.service_time() >= Duration::from_secs(1), "it waits until its deadline");
}

/// The request as it had arrived when the server first answered, and all of it; and what is on record.
fn asked(wait: u64, answers: &'static str) -> (usize, usize, Exchange) {
    let expect = ExpectContinue { wait: Timespan::from_millis(wait), share: Share::ALL };
    let told = Told::default();
    let telling = told.clone();
    let class = upload(Trouble { expect_continue: Some(expect), ..Trouble::default() });
    let exchanges = simulated(spec(class), move |mut peer| {
        let telling = telling.clone();
        async move {
            let mut buffer = [0; 4096];
            let head = peer.stream.read(&mut buffer).await.unwrap();
            assert!(String::from_utf8_lossy(&buffer[..head]).contains("\r\nexpect: 100-continue\r\n"));
            assert!(buffer[..head].ends_with(b"\r\n\r\n"), "the body waits");
            peer.wait(50).await;
            peer.say(answers).await;
            let body = peer.stream.read(&mut buffer).await.unwrap();
            telling.borrow_mut().push((head, body));
            peer.say(OK).await;
            peer.wait(10).await;
        }
    });
    let (head, body) = told.borrow()[0];
    (head, body, exchanges[0].clone())
}

#[test]
fn a_body_that_was_asked_for_is_sent_then() {
    let (_, body, exchange) = asked(500, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!((body, exchange.outcome, exchange.status), (1000, Outcome::Complete, 200));
    assert_eq!(millis(exchange.service_time()), 50);
}

#[test]
fn a_body_that_nobody_asks_for_is_sent_after_the_wait() {
    let (_, body, exchange) = asked(20, "");
    assert_eq!((body, exchange.outcome), (1000, Outcome::Complete));
}

#[test]
fn a_body_that_was_turned_down_is_never_sent() {
    let (_, body, exchange) = asked(500, "HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n");
    assert_eq!((body, exchange.outcome, exchange.status), (0, Outcome::Complete, 417));
}

#[test]
fn trouble_meets_its_share_and_leaves_all_others_alone() {
    let mut class = troubled(abort(Some(5), None, AbortBy::Rst));
    class.mode = open(200.0, 1.0);
    class.trouble.abort.as_mut().unwrap().share = Share::new(0.25).unwrap();
    let answered_late = |mut peer: Peer| async move {
        while peer.request().await.is_some() {
            peer.wait(10).await;
            peer.say(OK).await;
        }
    };
    let run = || simulated(spec(class.clone()), answered_late);
    let exchanges = run();
    let left = |exchange: &&Exchange| exchange.outcome == Outcome::ClientAbort;
    let count = exchanges.iter().filter(left).count();
    assert!((30..70).contains(&count), "{count}");
    assert!(exchanges.iter().filter(|exchange| !left(exchange)).all(|it| it.outcome == Outcome::Complete));
    assert!(exchanges == run(), "the same requests every time");
}

#[test]
fn for_how_long_the_client_itself_held_an_exchange_up_is_on_record() {
    let share = Share::ALL;
    let at = |size, millis| Stall { at: Size(size), length: Timespan::from_millis(millis), share };
    let rate = ByteRate::per_second(10_000).unwrap();
    let read = Read { after: Some(Timespan::from_millis(300)), share };
    let wait = Timespan::from_millis(150);
    for (trouble, expected) in [
        (Trouble { stall: Some(at(500, 200)), ..Trouble::default() }, 200),
        (Trouble { upload: Some(Upload { rate, share }), ..Trouble::default() }, 100),
        (Trouble { read: Some(read), ..Trouble::default() }, 300),
        // The wait and the stall follow one after the other.
        (
            Trouble {
                expect_continue: Some(ExpectContinue { wait, share }),
                stall: Some(at(10, 200)),
                ..Trouble::default()
            },
            350,
        ),
        (abort(Some(400), None, AbortBy::Fin), 0),
        (Trouble::default(), 0),
    ] {
        let shown = format!("{trouble:?}");
        let exchanges = simulated(spec(upload(trouble)), |mut peer| async move {
            peer.request().await;
            peer.wait(50).await;
            peer.say(OK).await;
        });
        let (held, took) = (exchanges[0].held(), exchanges[0].service_time());
        assert_eq!(exchanges[0].outcome, Outcome::Complete, "{shown}");
        assert!((expected..=expected + 3).contains(&millis(held)), "{shown}: {held:?}");
        assert!(held <= took, "{shown}: {held:?} of {took:?}");
    }
}
