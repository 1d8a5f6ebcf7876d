//! Headers on record: what the client sent, and what reached it.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{class, open, serve, spec};
use brownout_driver::{Live, drive, prepare};
use evidence::{Evidence, Kept, Losses, Message, RecordedHeader, RecordedHeaders, TARGET};
use tokio_util::sync::CancellationToken;

/// Two exchanges that are recorded, with whatever the peer answers.
fn recorded(answer: &'static str) -> Evidence {
    let header = |name: &str, secret| RecordedHeader { name: name.into(), secret };
    let mut class = class(open(2.0, 1.0));
    class.path = "/orders/{n}?again={n}".into();
    class.headers = vec![("Authorization".into(), "Bearer {n}".into())];
    let mut spec = spec(class);
    let headers = vec![header("authorization", true), header("set-cookie", true), header("via", false)];
    spec.record = Some(RecordedHeaders { headers, ..RecordedHeaders::default() });
    let kept = Kept::default();
    let recorder = kept.recorder();
    net::simulate(|world| async move {
        spec.target = serve(&world, move |mut peer| async move {
            while peer.request().await.is_some() {
                peer.say(answer).await;
            }
        });
        world.set_epoch_in(Duration::ZERO);
        let (part, live) = (prepare(&spec).unwrap().part(0), Arc::<Live>::default());
        drive(world.clone(), part, recorder, live, CancellationToken::new()).await;
    });
    kept.finish(units::Moment::EPOCH, None, Losses::default())
}

#[test]
fn what_was_sent_and_what_came_is_on_record_for_each_request() {
    let evidence = recorded(
        "HTTP/1.1 103 Early\r\nvia: early\r\n\r\n\
         HTTP/1.1 200 OK\r\nvia: 1.1 a\r\nVia: 1.1 b\r\nset-cookie: s=1\r\ncontent-length: 0\r\n\r\n",
    );
    assert_eq!(evidence.exchanges.len(), 2);
    let of = |tag, message, header| {
        let mut rows = evidence.headers.iter().filter(move |row| {
            (row.tag.0, row.message, row.header, row.attempt) == (tag, message, header, 0)
        });
        let row = rows.next().expect("it is on record");
        assert!(rows.next().is_none(), "once");
        row
    };
    assert_eq!(of(1, Message::ClientSent, TARGET).text.as_deref(), Some("/orders/1?again=1"));
    let (first, second) = (of(0, Message::ClientSent, 0), of(1, Message::ClientSent, 0));
    assert!(first.is_there() && first.text.is_none() && !first.is_same(second));
    let via = of(0, Message::ClientReceived, 2);
    assert_eq!((via.lines, via.text.as_deref()), (2, Some("1.1 a, 1.1 b")), "of the final answer");
    assert!(of(0, Message::ClientReceived, 1).is_same(of(1, Message::ClientReceived, 1)));
    assert!(!of(0, Message::ClientReceived, 0).is_there());
}

#[test]
fn without_an_answer_only_the_request_is_on_record() {
    let evidence = recorded("not HTTP\r\n\r\n");
    let received = evidence.headers.iter().filter(|row| row.message == Message::ClientReceived);
    assert_eq!((received.count(), evidence.headers.len()), (0, 8));
}
