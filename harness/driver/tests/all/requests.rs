//! What goes over the wire is what the spec says.

use std::cell::RefCell;
use std::rc::Rc;

use crate::common::{OK, class, open, simulated, spec};
use brownout_driver::{Body, BodyContent, Class, Framing, PrepareError, prepare};
use evidence::{Outcome, Tag};
use units::Size;

/// The requests of two exchanges, as they arrived.
fn requests(change: impl FnOnce(&mut Class)) -> Vec<String> {
    let mut class = class(open(2.0, 1.0));
    change(&mut class);
    let heard = Rc::new(RefCell::new(Vec::new()));
    let hearing = heard.clone();
    let exchanges = simulated(spec(class), move |mut peer| {
        let hearing = hearing.clone();
        async move {
            while let Some(request) = peer.request().await {
                hearing.borrow_mut().push(request);
                peer.say(OK).await;
            }
        }
    });
    assert!(exchanges.iter().all(|exchange| exchange.outcome == Outcome::Complete));
    heard.take()
}

#[test]
fn a_request_carries_host_tag_and_the_given_headers() {
    let requests = requests(|class| {
        class.path = "/orders/{n}?again={n}".into();
        class.headers = vec![("accept".into(), "a/b".into()), ("Accept".into(), "c/d".into())];
    });
    assert_eq!(
        requests[1],
        "GET /orders/1?again=1 HTTP/1.1\r\nhost: gateway.test\r\nx-brownout-tag: 0000000000000007-1\r\n\
         accept: a/b\r\naccept: c/d\r\n\
         traceparent: 00-00000000000000070000000000000001-d5bfc4234ce30113-01\r\n\r\n"
    );
}

#[test]
fn a_spec_knows_the_url_that_a_request_was_sent_to() {
    let mut with = None;
    let requests = requests(|class| {
        class.path = "/orders/{n}?again={n}&id={uuid}".into();
        class.host = Some("orders-{n}.test".into());
        with = Some(class.clone());
    });
    let url = spec(class(open(1.0, 1.0))).url_of(&with.unwrap(), Tag(1));
    let path = requests[1].split(' ').nth(1).unwrap();
    assert_eq!(url, format!("http://orders-1.test{path}"));
}

#[test]
fn a_given_host_takes_the_place_of_the_usual_one() {
    let requests = requests(|class| class.headers = vec![("Host".into(), "other.test".into())]);
    assert!(
        requests[0]
            .starts_with("GET / HTTP/1.1\r\nhost: other.test\r\nx-brownout-tag: 0000000000000007-0\r\n")
    );
    assert!(!requests[0].contains("gateway.test"));
}

#[test]
fn a_class_has_a_host_of_its_own() {
    let requests = requests(|class| class.host = Some("tenant-{n}.test".into()));
    assert!(requests[1].starts_with("GET / HTTP/1.1\r\nhost: tenant-1.test\r\n"), "{}", requests[1]);
}

#[test]
fn a_given_trace_context_takes_the_place_of_the_usual_one() {
    let requests = requests(|class| class.headers = vec![("Traceparent".into(), "00-a-b-00".into())]);
    assert_eq!(requests[0].matches("traceparent: ").count(), 1);
    assert!(requests[0].contains("\r\ntraceparent: 00-a-b-00\r\n"));
}

#[test]
fn placeholders_are_filled_the_same_in_path_headers_and_body() {
    let requests = requests(|class| {
        class.method = "POST".into();
        class.path = "/orders/{uuid}?n={n}".into();
        class.headers = vec![("idempotency-key".into(), "{uuid}".into())];
        let text = "{\"id\":\"{uuid}\",\"n\":{n}}".to_owned();
        class.body = Some(Body { content: BodyContent::Text(text), framing: Framing::ContentLength });
    });
    let uuid = |request: &str| request["POST /orders/".len()..][..36].to_owned();
    assert_ne!(uuid(&requests[0]), uuid(&requests[1]));
    for (number, request) in requests.iter().enumerate() {
        let uuid = uuid(request);
        assert!(request.contains(&format!("?n={number} HTTP/1.1\r\n")), "{request}");
        assert!(request.contains(&format!("\r\nidempotency-key: {uuid}\r\n")), "{request}");
        let body = format!("{{\"id\":\"{uuid}\",\"n\":{number}}}");
        assert!(request.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{request}");
        assert!(request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
    }
}

#[test]
fn the_hash_of_a_body_with_placeholders_is_that_of_the_bytes_that_were_sent() {
    let mut class = class(open(2.0, 1.0));
    class.method = "POST".into();
    class.body = Some(Body { content: BodyContent::Text("order {n}".into()), framing: Framing::Chunked });
    let exchanges = simulated(spec(class), |mut peer| async move {
        while peer.request().await.is_some() {
            peer.say(OK).await;
        }
    });
    for exchange in exchanges {
        let body = format!("order {}", exchange.tag.0);
        assert_eq!(exchange.request_hash, Some(evidence::body_hash(body.as_bytes())));
        assert_eq!(exchange.request_bytes, body.len() as u64);
    }
}

#[test]
fn a_body_with_a_length_arrives_as_it_was_given() {
    let requests = requests(|class| {
        class.method = "POST".into();
        class.body =
            Some(Body { content: BodyContent::Text("{\"a\":1}".into()), framing: Framing::ContentLength });
    });
    assert!(requests[0].contains("\r\ncontent-length: 7\r\n"), "{}", requests[0]);
    assert!(requests[0].ends_with("\r\n\r\n{\"a\":1}"));
}

#[test]
fn a_post_without_a_body_says_so() {
    let requests = requests(|class| class.method = "POST".into());
    assert!(requests[0].contains("\r\ncontent-length: 0\r\n"), "{}", requests[0]);
}

#[test]
fn a_sized_body_has_its_size_and_is_the_same_every_time() {
    let requests = requests(|class| {
        class.method = "PUT".into();
        class.body = Some(Body { content: BodyContent::Sized(Size(2048)), framing: Framing::ContentLength });
    });
    let bodies: Vec<&str> =
        requests.iter().map(|request| request.split_once("\r\n\r\n").unwrap().1).collect();
    assert_eq!(bodies[0].len(), 2048);
    assert_eq!(bodies[0], bodies[1]);
}

#[test]
fn a_chunked_body_comes_in_chunks_and_with_its_last_one_and_its_trailers() {
    let mut class = class(open(1.0, 1.0));
    class.method = "POST".into();
    class.body = Some(Body { content: BodyContent::Sized(Size(20_000)), framing: Framing::Chunked });
    class.trailers = vec![("X-Sum".into(), "of {n}".into())];
    let heard = Rc::new(RefCell::new(String::new()));
    let hearing = heard.clone();
    let exchanges = simulated(spec(class), move |mut peer| {
        let hearing = hearing.clone();
        async move {
            let mut text = Vec::new();
            while !text.ends_with(b"\r\n\r\n") || text.len() < 20_000 {
                let mut buffer = [0; 4096];
                let count = tokio::io::AsyncReadExt::read(&mut peer.stream, &mut buffer).await.unwrap();
                text.extend_from_slice(&buffer[..count]);
            }
            hearing.replace(String::from_utf8(text).unwrap());
            peer.say(OK).await;
            peer.wait(10).await;
        }
    });
    assert_eq!((exchanges[0].outcome, exchanges[0].request_bytes), (Outcome::Complete, 20_000));
    let text = heard.take();
    assert!(text.contains("\r\ntransfer-encoding: chunked\r\n") && !text.contains("content-length"));
    assert!(text.contains("\r\n\r\n4000\r\n"), "the first chunk has 16 KiB");
    assert!(text.contains("\r\nE20\r\n"), "the second one the rest");
    assert!(text.ends_with("\r\n0\r\nx-sum: of {n}\r\n\r\n"), "trailers have no placeholders");
}

/// The message for a class that can't be prepared.
fn refusal(change: impl FnOnce(&mut Class)) -> PrepareError {
    let mut class = class(open(1.0, 1.0));
    change(&mut class);
    prepare(&spec(class)).err().expect("it is refused")
}

#[test]
fn what_can_not_be_sent_is_refused_with_its_name() {
    for path in ["orders", "", "/a b", "/a#b", "/\n", "http://x/"] {
        let error = refusal(|class| class.path = path.into());
        assert!(matches!(&error, PrepareError::Path { path: told, .. } if told == path), "{path:?}: {error}");
    }
    for method in ["", "GE T", "CONNECT"] {
        assert!(
            matches!(refusal(|class| class.method = method.into()), PrepareError::Method { .. }),
            "{method:?}"
        );
    }
    for (name, value) in [("a b", "c"), ("", "c"), ("a", "b\r\nc: d")] {
        let error = refusal(|class| class.headers = vec![(name.into(), value.into())]);
        assert!(matches!(error, PrepareError::Header { .. }), "{name:?}");
        assert!(!error.to_string().contains("c: d"), "a value may be a secret");
    }
    for name in ["Content-Length", "transfer-encoding", "X-Brownout-Tag"] {
        let error = refusal(|class| class.headers = vec![(name.into(), "1".into())]);
        assert!(matches!(error, PrepareError::ReservedHeader { .. }), "{name:?}");
    }
    let huge = Body { content: BodyContent::Sized(Size(u64::MAX)), framing: Framing::ContentLength };
    assert!(matches!(refusal(|class| class.body = Some(huge)), PrepareError::Body { .. }));
    for (name, framing) in
        [("x", Framing::ContentLength), ("host", Framing::Chunked), ("te", Framing::Chunked)]
    {
        let error = refusal(|class| {
            class.body = Some(Body { content: BodyContent::Sized(Size(9)), framing });
            class.trailers = vec![(name.into(), "1".into())];
        });
        let in_chunks = framing == Framing::Chunked;
        let expected = if in_chunks { "is made by the driver" } else { "in chunks only" };
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(matches!(refusal(|class| class.host = Some("a\nb".into())), PrepareError::Host(_)));
    let mut spec = spec(class(open(1.0, 1.0)));
    spec.host = "a\nb".into();
    assert!(matches!(prepare(&spec), Err(PrepareError::Host(_))));
}
