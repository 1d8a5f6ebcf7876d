//! Bodies and headers on their way through.

use net::simulate;
use serde_json::json;

use super::backend::{ok, raw, raw_reset, status_with};
use super::client;
use super::rig::with;

/// An answer of chunks that ends too early.
const CHUNKS: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";

/// An answer that is shorter than it says.
const SHORT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello";

#[test]
fn a_truncated_body_is_passed_on_as_truncated() {
    for act in [raw(SHORT), raw_reset(SHORT), raw(CHUNKS), raw_reset(CHUNKS)] {
        simulate(|world| async move {
            let rig = with(json!({})).one(world, move |_| act.clone()).await;
            let got = rig.get().await;
            assert_eq!((got.status, got.whole), (200, false), "{got:?}");
            assert!(got.body.contains("hello"), "what did come is passed on: {got:?}");
        });
    }
}

#[test]
fn a_truncated_body_counts_as_a_failure_of_the_backend() {
    simulate(|world| async move {
        let policy = json!({ "breaker": { "trip": { "consecutive": 2 }, "open_for": "1s" } });
        let rig = with(policy).one(world, |_| raw(SHORT)).await;
        assert_eq!(rig.gets(3).await, [200, 200, 503]);
    });
}

#[test]
fn whole_bodies_of_every_framing_are_passed_on_whole() {
    let chunks = format!("{CHUNKS}0\r\n\r\n");
    let until_close = "HTTP/1.1 200 OK\r\n\r\nhello".to_owned();
    for text in [SHORT.replace("10", "5"), chunks, until_close] {
        simulate(|world| async move {
            let rig = with(json!({})).one(world, move |_| raw(&text)).await;
            let got = rig.get().await;
            assert_eq!((got.status, got.whole), (200, true), "{got:?}");
            assert!(got.body.contains("hello"), "{got:?}");
        });
    }
}

#[test]
fn an_answer_to_head_keeps_its_length_and_has_no_body() {
    simulate(|world| async move {
        let rig = with(json!({})).one(world, |_| raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n")).await;
        let got = client::ask(&rig.world, rig.gateway.address, "HEAD", "/orders", "").await;
        assert_eq!((got.status, got.body.as_str()), (200, ""));
        assert!(got.head.contains("content-length: 10"), "{}", got.head);
    });
}

#[test]
fn headers_are_passed_on_but_for_those_of_one_connection() {
    simulate(|world| async move {
        let headers = "X-Brownout-Tag: 00000001-7\r\nx-brownout-attempt: 1\r\nkeep-alive: timeout=5\r\n";
        let rig = with(json!({})).one(world, move |_| status_with(201, headers)).await;
        let request = "PUT http://shop/orders?n=1 HTTP/1.1\r\nhost: shop\r\nconnection: close, x-hop\r\nx-hop: 1\r\n\
                       x-brownout-tag: 00000001-7\r\nte: trailers\r\nexpect: 100-continue\r\n\
                       transfer-encoding: chunked\r\n\r\n5\r\norder\r\n0\r\n\r\n";
        let got = client::raw(&rig.world, rig.gateway.address, request).await;
        assert!(!got.head.contains("keep-alive"), "{}", got.head);
        let arrival = &rig.backends[0].arrivals()[0];
        assert_eq!(arrival.body, b"order");
        insta::assert_snapshot!(arrival.head.replace('\r', "").trim_end(), @r"
        PUT /orders?n=1 HTTP/1.1
        host: shop
        x-brownout-tag: 00000001-7
        x-forwarded-for: 127.0.0.1
        via: 1.1 brownout
        content-length: 5
        ");
    });
}

#[test]
fn a_request_body_past_the_bound_is_refused_and_never_forwarded() {
    simulate(|world| async move {
        let rig = with(json!({})).one(world, |_| ok()).await;
        let announced = "POST /orders HTTP/1.1\r\nhost: shop\r\ncontent-length: 1048577\r\n\r\n";
        assert_eq!(client::raw(&rig.world, rig.gateway.address, announced).await.status, 413);
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(17);
        let chunked =
            format!("POST /orders HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
        assert_eq!(client::raw(&rig.world, rig.gateway.address, &chunked).await.status, 413);
        let whole = rig.post(&"x".repeat(1_048_576)).await;
        assert_eq!((whole.status, rig.backends[0].count()), (200, 1));
        assert_eq!(rig.backends[0].arrivals()[0].body.len(), 1_048_576);
    });
}

#[test]
fn hostile_requests_are_answered_or_dropped_and_the_gateway_lives_on() {
    simulate(|world| async move {
        let rig = with(json!({})).one(world, |_| ok()).await;
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000));
        for text in ["\0\0\0\0\r\n\r\n", "GET", "CONNECT shop:443 HTTP/1.1\r\nhost: shop\r\n\r\n", &long] {
            let timer = rig.world.timer();
            let asked = client::raw(&rig.world, rig.gateway.address, text);
            let got = timer.until(timer.now() + std::time::Duration::from_secs(200), asked).await;
            assert_ne!(got.expect("no client is kept for ever").status, 200, "{text:.40}");
        }
        assert_eq!(rig.gets(1).await, [200]);
    });
}

#[test]
fn a_response_that_is_cut_right_after_its_head_still_reaches_the_client_as_far_as_it_came() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nx-brownout-attempt: 1\r\n\r\n";
    for act in [raw(head), raw_reset(head)] {
        simulate(|world| async move {
            let rig = with(json!({})).one(world, move |_| act.clone()).await;
            let got = rig.get().await;
            assert_eq!((got.status, got.whole), (200, false), "{got:?}");
            assert!(got.head.contains("x-brownout-attempt: 1"), "{got:?}");
        });
    }
}
