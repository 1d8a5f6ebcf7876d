//! What the faults are on real sockets: RST, FIN, and a refused connection.

use std::io::ErrorKind;
use std::time::Duration;

use crate::common::{Ended, always, get, inject, serve, spec};
use evidence::{ConnectionEnd, End};
use fake_backends::{BindError, bind};
use net::World;

fn real<P, F>(part: P) -> F::Output
where
    P: FnOnce(World) -> F,
    F: Future,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async { part(World::real()).await })
}

#[test]
fn a_reset_is_an_rst_and_a_close_is_a_fin_at_every_place() {
    real(|world| async move {
        for at in ["accept", "request", "headers", "body', after = '10B"] {
            for fault in ["reset", "close"] {
                let served = serve(&world, spec(1, always(&format!("{fault} = {{ at = '{at}' }}"))));
                let mut client = served.connect(0).await;
                if at != "accept" {
                    client.send(&get(1)).await;
                }
                let ended = client.answer().await.unwrap_err();
                let (is_reset, seen) = match ended {
                    Ended::Rst(seen) => (true, seen),
                    Ended::Fin(seen) => (false, seen),
                };
                assert_eq!(is_reset, fault == "reset", "{fault} at {at}");
                assert_eq!(
                    seen.starts_with("HTTP/1.1 200 OK"),
                    at != "accept" && at != "request",
                    "{fault} at {at}: {seen}"
                );
                drop(client);
                served.end().await;
            }
        }
    });
}

#[test]
fn a_refused_port_answers_with_a_refusal_and_opens_again() {
    real(|world| async move {
        let served = serve(&world, spec(1, vec![inject("refuse = {}", &[0], 100, 300)]));
        let mut idle = served.connect(0).await;
        idle.send(&get(1)).await;
        idle.answer().await.unwrap();
        assert_eq!(idle.answer().await, Err(Ended::Fin(String::new())));
        let refused = world.connect(served.addresses[0]).await.err().expect("the port is closed");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let deadline = world.now() + Duration::from_secs(20);
        let reopened = served.timer.until(deadline, async {
            while world.connect(served.addresses[0]).await.is_err() {
                served.sleep(5).await;
            }
        });
        reopened.await.expect("the port opens again");
        assert_eq!(served.ask(0, &get(2)).await.status, 200);
        let (_, evidence) = served.end().await;
        assert!(evidence.firings[0].from.0 >= 100_000_000 && evidence.firings[0].to.0 >= 300_000_000);
    });
}

#[test]
fn a_gateway_that_leaves_is_seen_at_once() {
    real(|world| async move {
        let served = serve(&world, spec(1, always("hang = {}")));
        let mut closing = served.connect(0).await;
        closing.send(&get(1)).await;
        let mut resetting = served.connect(0).await;
        resetting.send(&get(2)).await;
        served.sleep(50).await;
        drop(closing);
        resetting.stream.reset();
        served.sleep(200).await;
        let (_, mut evidence) = served.end().await;
        evidence.attempts.sort_by_key(|attempt| attempt.tag);
        let ends: Vec<_> = evidence.attempts.iter().map(|attempt| attempt.end).collect();
        assert_eq!(ends, [End::AbandonedFin, End::AbandonedRst]);
        assert!(evidence.connections.iter().all(|connection| connection.end != ConnectionEnd::OpenAtEnd));
    });
}

#[test]
fn a_large_answer_arrives_whole() {
    real(|world| async move {
        let mut spec = spec(1, Vec::new());
        spec.backends[0].body.0 = 8 << 20;
        let served = serve(&world, spec);
        let answer = served.ask(0, &get(1)).await;
        let hash = format!("{:016x}", evidence::body_hash(&answer.body));
        assert_eq!(answer.header("x-brownout-body-hash"), Some(hash.as_str()));
    });
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    real(|world| async move {
        let mut spec = spec(1, Vec::new());
        let taken = bind(&world, &spec).unwrap();
        spec.backends[0].listen = taken.addresses()[0];
        let error = bind(&world, &spec).err().expect("the port is taken");
        assert!(matches!(error, BindError::InUse { .. }));
        let text = error.to_string().replace(&taken.addresses()[0].port().to_string(), "PORT");
        insta::assert_snapshot!(text, @"backend `orders-0`: 127.0.0.1:PORT is in use already: stop what listens there, or give the backend another `listen` (port 0 picks a free port)");
    });
}
