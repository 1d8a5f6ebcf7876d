//! Headers on record: what reached a backend, and what it sent.

use crate::common::{always, get, serve, spec};
use evidence::{Message, RecordedHeader, RecordedHeaders, TARGET};
use fake_backends::PoolSpec;
use net::simulate;

fn recording(mut spec: PoolSpec) -> PoolSpec {
    let header = |name: &str, secret| RecordedHeader { name: name.into(), secret };
    let headers = vec![header("authorization", true), header("x-cache", false)];
    spec.record = Some(RecordedHeaders { headers, ..RecordedHeaders::default() });
    spec.backends[0].headers = vec![("X-Cache".into(), "hit".into())];
    spec
}

#[test]
fn what_reached_a_backend_and_what_it_sent_is_on_record_attempt_by_attempt() {
    simulate(|world| async move {
        let served = serve(&world, recording(spec(1, Vec::new())));
        served.ask(0, &get(1)).await;
        let second =
            get(1).replace("/orders", "/orders?x=1").replace("host", "Authorization: s3cret\r\nhost");
        let answer = served.ask(0, &second).await;
        assert_eq!(answer.header("x-cache"), Some("hit"));
        served.ask(0, "GET /health HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let (_, evidence) = served.end().await;
        let of = |message, attempt, header| {
            let mut rows = evidence.headers.iter().filter(|row| {
                (row.tag.0, row.message, row.attempt, row.header) == (1, message, attempt, header)
            });
            let row = rows.next().expect("it is on record");
            assert!(rows.next().is_none(), "once");
            (row.lines, row.text.as_deref())
        };
        let arrived = Message::BackendReceived;
        assert_eq!(of(arrived, 1, TARGET), (1, Some("/orders")));
        assert_eq!(of(arrived, 2, TARGET), (1, Some("/orders?x=1")));
        assert_eq!((of(arrived, 1, 0), of(arrived, 2, 0)), ((0, None), (1, None)));
        assert_eq!(of(Message::BackendSent, 2, 1), (1, Some("hit")));
        assert_eq!(evidence.headers.len(), 10, "nothing of what is no attempt");
    });
}

#[test]
fn an_answer_is_on_record_if_its_head_was_sent_and_not_otherwise() {
    for (fault, sent) in [
        ("slow_body = { over = \"50ms\" }", true),
        ("status = { code = 503 }", true),
        ("cut = { at = \"headers\" }", false),
        ("cut = { at = \"request\" }", false),
    ] {
        simulate(move |world| async move {
            let served = serve(&world, recording(spec(1, always(fault))));
            let mut client = served.connect(0).await;
            client.send(&get(1)).await;
            let _ = client.answer().await;
            let (_, evidence) = served.end().await;
            let answers = evidence.headers.iter().filter(|row| row.message == Message::BackendSent).count();
            assert_eq!(answers, if sent { 2 } else { 0 });
            assert!(evidence.headers.iter().any(|row| row.message == Message::BackendReceived));
        });
    }
}

#[test]
fn nothing_is_on_record_where_nothing_is_listed() {
    simulate(|world| async move {
        let served = serve(&world, spec(1, Vec::new()));
        served.ask(0, &get(1)).await;
        assert!(served.end().await.1.headers.is_empty());
    });
}
