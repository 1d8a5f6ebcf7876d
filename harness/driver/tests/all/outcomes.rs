//! Every way in which an exchange can end is told from every other.

use std::time::Duration;

use crate::common::{OK, Peer, class, open, simulated, spec};
use brownout_driver::{Body, BodyContent, Framing};
use evidence::{BODY_FILLER, BodyCheck, Exchange, KnownBody, NO_BACKEND, Outcome, TagEcho, body_hash};
use rstest::rstest;
use units::Moment;

/// What the server does after its words.
#[derive(Clone, Copy)]
enum Then {
    Stays,
    Fin,
    Rst,
}

async fn react(mut peer: Peer, words: String, then: Then) {
    while peer.request().await.is_some() {
        peer.say(&words).await;
        match then {
            Then::Stays => {}
            Then::Fin => return,
            Then::Rst => return peer.stream.reset(),
        }
    }
}

/// The one exchange with a server that says this.
fn exchange(method: &str, words: &str, then: Then) -> Exchange {
    let mut class = class(open(1.0, 1.0));
    class.method = method.into();
    let words = words.to_owned();
    let exchanges = simulated(spec(class), move |peer| react(peer, words.clone(), then));
    assert_eq!(exchanges.len(), 1);
    exchanges[0].clone()
}

const LENGTH: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const UNTIL_CLOSE: &str = "HTTP/1.1 200 OK\r\n\r\n";

#[rstest]
#[case::a_declared_length(format!("{LENGTH}0123456789"), Then::Stays, Outcome::Complete, 10)]
#[case::a_last_chunk(format!("{CHUNKED}3\r\nabc\r\n0\r\n\r\n"), Then::Stays, Outcome::Complete, 3)]
#[case::an_empty_body("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Then::Stays, Outcome::Complete, 0)]
#[case::no_content("HTTP/1.1 204 No Content\r\n\r\n", Then::Stays, Outcome::Complete, 0)]
#[case::an_interim_answer_first(format!("HTTP/1.1 103 Early Hints\r\n\r\n{LENGTH}0123456789"), Then::Stays, Outcome::Complete, 10)]
#[case::whole_and_then_fin(format!("{LENGTH}0123456789"), Then::Fin, Outcome::Complete, 10)]
#[case::fin_at_once("", Then::Fin, Outcome::EofNoStatus, 0)]
#[case::fin_inside_the_head("HTTP/1.1 200 OK\r\ncontent-le", Then::Fin, Outcome::EofNoStatus, 0)]
#[case::rst_at_once("", Then::Rst, Outcome::RstNoStatus, 0)]
#[case::rst_inside_the_head("HTTP/1.1 200 OK\r\ncontent-le", Then::Rst, Outcome::RstNoStatus, 0)]
#[case::fin_inside_a_declared_length(format!("{LENGTH}0123"), Then::Fin, Outcome::EofInBody, 4)]
#[case::fin_before_the_body(LENGTH, Then::Fin, Outcome::EofInBody, 0)]
#[case::rst_inside_a_declared_length(format!("{LENGTH}0123"), Then::Rst, Outcome::RstInBody, 4)]
#[case::rst_inside_a_chunk(format!("{CHUNKED}5\r\nab"), Then::Rst, Outcome::RstInBody, 2)]
#[case::fin_inside_a_chunk(format!("{CHUNKED}5\r\nab"), Then::Fin, Outcome::EofInChunk, 2)]
#[case::fin_between_chunks(format!("{CHUNKED}2\r\nab\r\n"), Then::Fin, Outcome::EofInChunk, 2)]
#[case::a_body_until_fin(format!("{UNTIL_CLOSE}abc"), Then::Fin, Outcome::CloseDelimited, 3)]
#[case::http_1_0_until_fin("HTTP/1.0 200 OK\r\n\r\nabc", Then::Fin, Outcome::CloseDelimited, 3)]
#[case::a_body_until_rst(format!("{UNTIL_CLOSE}abc"), Then::Rst, Outcome::RstInBody, 3)]
#[case::no_http("SSH-2.0-OpenSSH_9.2\r\n", Then::Stays, Outcome::InvalidHttp, 0)]
#[case::no_http_and_then_fin("what?\r\n", Then::Fin, Outcome::InvalidHttp, 0)]
#[case::two_lengths(
    "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    Then::Stays,
    Outcome::InvalidHttp,
    0
)]
#[case::a_chunk_size_that_is_no_number(format!("{CHUNKED}zz\r\nab"), Then::Stays, Outcome::InvalidHttp, 0)]
#[case::more_headers_than_are_read(
    format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200)),
    Then::Stays,
    Outcome::BeyondBounds,
    0
)]
#[case::a_head_without_end(format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(100_000)), Then::Stays, Outcome::BeyondBounds, 0)]
#[case::silence("", Then::Stays, Outcome::ClientTimeout, 0)]
#[case::silence_inside_the_body(format!("{LENGTH}0123"), Then::Stays, Outcome::ClientTimeout, 4)]
#[case::silence_inside_a_chunk(format!("{CHUNKED}5\r\nab"), Then::Stays, Outcome::ClientTimeout, 2)]
fn an_exchange_ends_as(
    #[case] words: impl AsRef<str>,
    #[case] then: Then,
    #[case] outcome: Outcome,
    #[case] bytes: u64,
) {
    let exchange = exchange("GET", words.as_ref(), then);
    assert_eq!((exchange.outcome, exchange.body_bytes), (outcome, bytes));
    assert_eq!((exchange.connection, exchange.nth), (1, 1));
    let deadline = Moment(1_500_000_000);
    assert_eq!(exchange.done >= deadline, outcome == Outcome::ClientTimeout, "done at {}", exchange.done);
    assert!(exchange.done < deadline + Duration::from_millis(1), "done at {}", exchange.done);
}

#[test]
fn the_answer_to_head_has_no_body_whatever_it_declares() {
    let exchange = exchange("HEAD", LENGTH, Then::Stays);
    assert_eq!((exchange.outcome, exchange.body_bytes), (Outcome::Complete, 0));
}

#[test]
fn a_refused_connection_was_never_sent_on() {
    let exchanges = crate::common::recorded(|recorder| {
        net::simulate(|world| async move {
            world.set_epoch_in(Duration::ZERO);
            let stop = tokio_util::sync::CancellationToken::new();
            crate::common::all_parts(&world, &spec(class(open(10.0, 1.0))), recorder, stop).await
        })
    });
    assert_eq!(exchanges.len(), 10);
    for exchange in exchanges {
        assert_eq!(exchange.outcome, Outcome::ConnectRefused);
        assert_eq!((exchange.sent, exchange.connection, exchange.nth), (exchange.due, 0, 0));
    }
}

#[test]
fn a_body_that_is_not_what_the_backend_sent_is_a_mismatch() {
    let words = |hash: u64, head: &str| {
        format!("HTTP/1.1 200 OK\r\nx-brownout-body-hash: {hash:016x}\r\n{head}\r\nok")
    };
    let (right, wrong, length) = (body_hash(b"ok"), body_hash(b"no"), "content-length: 2\r\n");
    for (words, then, outcome, check) in [
        (words(right, length), Then::Stays, Outcome::Complete, BodyCheck::Intact),
        (words(wrong, length), Then::Stays, Outcome::BodyMismatch, BodyCheck::Altered),
        (words(right, ""), Then::Fin, Outcome::CloseDelimited, BodyCheck::Intact),
        (words(wrong, ""), Then::Fin, Outcome::BodyMismatch, BodyCheck::Altered),
        (OK.into(), Then::Stays, Outcome::Complete, BodyCheck::Unknown),
    ] {
        let exchange = exchange("GET", &words, then);
        assert_eq!((exchange.outcome, exchange.body), (outcome, check));
    }
}

/// A backend's answer of 1000 bytes, of which these arrive before the connection ends.
fn broken_answer(arrived: &[u8], then: Then) -> Exchange {
    let mut head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\nx-brownout-body: ".to_vec();
    KnownBody::write_header(&mut head, b"{\"pad\":\"", 990, b"\"}");
    let head = String::from_utf8(head).unwrap();
    exchange("GET", &format!("{head}\r\n\r\n{}", String::from_utf8(arrived.to_vec()).unwrap()), then)
}

#[test]
fn of_a_body_that_broke_off_it_is_known_whether_it_is_what_the_backend_began_to_send() {
    let body: Vec<u8> = b"{\"pad\":\"".iter().chain(BODY_FILLER.iter().cycle().take(990)).copied().collect();
    let foreign = [&body[..500], b"<h1>502</h1>"].concat();
    for (arrived, check) in [
        (&body[..500], BodyCheck::Prefix),
        (&body[..1], BodyCheck::Prefix),
        (&foreign[..], BodyCheck::Altered),
        (&body[1..200], BodyCheck::Altered),
        (&body[..0], BodyCheck::Unknown),
    ] {
        for (then, outcome) in [
            (Then::Fin, Outcome::EofInBody),
            (Then::Rst, Outcome::RstInBody),
            (Then::Stays, Outcome::ClientTimeout),
        ] {
            let exchange = broken_answer(arrived, then);
            assert_eq!((exchange.outcome, exchange.body), (outcome, check), "{} bytes", arrived.len());
            assert_eq!(exchange.body_hash, Some(body_hash(arrived)));
            assert_eq!(exchange.body_bytes, arrived.len() as u64);
        }
    }
}

#[test]
fn a_body_that_broke_off_and_says_nothing_of_itself_is_unknown_but_has_its_hash() {
    let exchange = exchange("GET", &format!("{LENGTH}0123"), Then::Fin);
    assert_eq!((exchange.body, exchange.body_hash), (BodyCheck::Unknown, Some(body_hash(b"0123"))));
}

#[test]
fn a_word_of_when_to_come_back_is_on_record() {
    let told = |field: &str| {
        let response = format!("HTTP/1.1 429 \r\ncontent-length: 0\r\n{field}\r\n");
        exchange("GET", &response, Then::Stays).retry_after
    };
    assert_eq!(told("Retry-After: 7\r\n"), Some(7));
    assert_eq!(told("retry-after: Thu, 01 Jan 2026 00:00:02 GMT\r\n"), Some(1_767_225_602));
    assert_eq!(told("retry-after: soon\r\n"), None);
    assert_eq!(told(""), None);
}

#[test]
fn the_hash_of_what_was_sent_is_on_record_with_and_without_a_body() {
    assert_eq!(exchange("GET", OK, Then::Stays).request_hash, Some(body_hash(b"")));
    let mut class = class(open(1.0, 1.0));
    class.method = "POST".into();
    class.body = Some(Body { content: BodyContent::Text("an order".into()), framing: Framing::Chunked });
    let exchanges = simulated(spec(class), |mut peer| async move {
        peer.request().await;
        peer.say(OK).await;
        peer.wait(10).await;
    });
    assert_eq!(exchanges[0].request_hash, Some(body_hash(b"an order")));
    assert_eq!(exchanges[0].body_hash, Some(body_hash(b"ok")));
}

#[test]
fn a_response_body_over_the_limit_is_beyond_brownouts_own_bounds_and_no_fault_of_the_gateway() {
    let mut spec = spec(class(open(1.0, 1.0)));
    spec.response_body_max = units::Size(1);
    let exchanges = simulated(spec, Peer::answer_all);
    assert_eq!(exchanges[0].outcome, Outcome::BeyondBounds);
}

#[test]
fn the_response_says_which_backend_answered_which_attempt_for_whom() {
    let words = |tag: &str| {
        format!(
            "HTTP/1.1 503 Sorry\r\n{tag}x-brownout-backend: 2\r\nx-brownout-attempt: 3\r\ncontent-length: 0\r\n\r\n"
        )
    };
    for (tag, echo) in [
        ("x-brownout-tag: 0000000000000007-0\r\n", TagEcho::Same),
        ("x-brownout-tag: 0000000000000007-1\r\n", TagEcho::Other),
        ("x-brownout-tag: 0000000000000007-0\r\nx-brownout-tag: 0000000000000007-1\r\n", TagEcho::Other),
        ("", TagEcho::Absent),
    ] {
        let exchange = exchange("GET", &words(tag), Then::Stays);
        assert_eq!((exchange.outcome, exchange.status, exchange.echo), (Outcome::Complete, 503, echo));
        assert_eq!((exchange.backend, exchange.attempt), (2, 3));
    }
    let silent = exchange("GET", OK, Then::Stays);
    assert_eq!((silent.backend, silent.attempt), (NO_BACKEND, 0));
}

#[test]
fn an_answer_before_the_request_body_was_read_is_complete() {
    let mut class = class(open(1.0, 1.0));
    class.method = "POST".into();
    class.body =
        Some(Body { content: BodyContent::Sized(units::Size(1 << 20)), framing: Framing::ContentLength });
    let exchanges = simulated(spec(class), |mut peer| async move {
        // Far less than the client has to say; then it closes, which resets the connection.
        tokio::io::AsyncReadExt::read_exact(&mut peer.stream, &mut [0; 100]).await.unwrap();
        peer.say("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n").await;
    });
    assert_eq!((exchanges[0].outcome, exchanges[0].status), (Outcome::Complete, 413));
}
