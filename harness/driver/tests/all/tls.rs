//! The driver against a server that speaks TLS, in both worlds: answers, ends of connections, handshakes that fail.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::{OK, Peer, class, drive_all, open, recorded, serve, spec};
use brownout_driver::{DriverSpec, prepare};
use evidence::{Exchange, Outcome};
use net::World;
use net::tls::{Authority, ClientTls, ServerTls, Trust, hello};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

const NAME: &str = "gateway.test";
const HOUR: Duration = Duration::from_hours(1);
const UNTIL_CLOSE: &str = "HTTP/1.1 200 OK\r\n\r\nall of it";

fn server(world: &World, name: &str) -> (ServerTls, Trust) {
    let now = world.wall_clock();
    let authority = Authority::new("test", now).unwrap();
    let issued = authority.issue(&[name.to_owned()], now - HOUR, now + HOUR).unwrap();
    let trust = Trust::Authorities(authority.certificate_pem().into_bytes());
    (ServerTls::new(world, issued).unwrap(), trust)
}

/// Drives `spec` over TLS against a server whose certificate has `name`, in both worlds; the exchanges must be as told.
fn over_tls<F: Future<Output = ()> + 'static>(
    spec: &DriverSpec,
    name: &'static str,
    peer: fn(Peer) -> F,
    expect: fn(&[Exchange]),
) {
    let drive = async |world: World, recorder| {
        let (server, trust) = server(&world, name);
        let address = serve(&world, move |mut accepted| {
            let server = server.clone();
            async move {
                let shaken = async { hello(&mut accepted.stream).await?.accept(&server).await }.await;
                if shaken.is_ok() {
                    peer(accepted).await;
                }
            }
        });
        let spec = DriverSpec { target: address, ..spec.clone() };
        let tls = ClientTls::new(&world, NAME, trust, None).unwrap();
        world.set_epoch_in(Duration::ZERO);
        let load = prepare(&spec).unwrap().over_tls(vec![Some(tls)]);
        drive_all(&world, &load, recorder, CancellationToken::new()).await
    };
    expect(&recorded(|recorder| net::simulate(|world| drive(world, recorder))));
    expect(&recorded(|recorder| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, drive(World::real(), recorder))
    }));
}

fn outcomes(exchanges: &[Exchange]) -> BTreeMap<&'static str, usize> {
    exchanges.iter().fold(BTreeMap::new(), |mut counts, exchange| {
        *counts.entry(exchange.outcome.word()).or_default() += 1;
        counts
    })
}

#[test]
fn requests_are_answered_on_connections_that_are_kept() {
    over_tls(&spec(class(open(200.0, 1.0))), NAME, Peer::answer_all, |exchanges| {
        assert_eq!(outcomes(exchanges), [("complete", 200)].into());
        assert!(exchanges.iter().any(|exchange| exchange.nth > 1));
    });
}

/// Takes a large body, and answers with one.
async fn answer_largely(mut peer: Peer) {
    while let Some(request) = peer.request().await {
        assert!(request.len() > 1 << 20);
        let body = "x".repeat(1 << 20);
        peer.say(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    }
}

#[test]
fn a_large_body_is_sent_and_received_whole() {
    let mut class = class(open(20.0, 1.0));
    class.method = "POST".into();
    class.body = Some(brownout_driver::Body {
        content: brownout_driver::BodyContent::Sized(units::Size(1 << 20)),
        framing: brownout_driver::Framing::ContentLength,
    });
    over_tls(&spec(class), NAME, answer_largely, |exchanges| {
        assert_eq!(outcomes(exchanges), [("complete", 20)].into());
        assert!(exchanges.iter().all(|exchange| exchange.body_bytes == 1 << 20));
    });
}

/// Ends each connection in one of three ways.
async fn end_in_turn(mut peer: Peer) {
    peer.request().await;
    peer.say(UNTIL_CLOSE).await;
    // A reset may overtake what was sent.
    peer.wait(20).await;
    match peer.number % 3 {
        0 => drop(peer.stream.shutdown().await),
        1 => drop(peer.stream),
        _ => peer.stream.reset(),
    }
}

#[test]
fn an_end_that_was_announced_is_told_from_one_that_was_not_and_from_a_reset() {
    over_tls(&spec(class(open(90.0, 1.0))), NAME, end_in_turn, |exchanges| {
        assert_eq!(
            outcomes(exchanges),
            [("close_delimited", 30), ("eof_in_body", 30), ("rst_in_body", 30)].into()
        );
    });
}

#[test]
fn a_certificate_for_another_name_fails_the_handshake_of_every_request() {
    over_tls(&spec(class(open(50.0, 1.0))), "other.test", Peer::answer_all, |exchanges| {
        assert_eq!(outcomes(exchanges), [("tls_failed", 50)].into());
        assert!(exchanges.iter().all(|exchange| exchange.status == 0 && exchange.connection == 0));
    });
}

#[test]
fn a_handshake_that_is_never_answered_ends_with_the_deadline() {
    let mut spec = spec(class(open(20.0, 0.5)));
    spec.classes[0].deadline = Duration::from_millis(200);
    let exchanges = recorded(|recorder| {
        net::simulate(|world| async move {
            let (_, trust) = server(&world, NAME);
            let silent = serve(&world, |peer| async move { peer.wait(60_000).await });
            let spec = DriverSpec { target: silent, ..spec };
            let tls = ClientTls::new(&world, NAME, trust, None).unwrap();
            world.set_epoch_in(Duration::ZERO);
            let load = prepare(&spec).unwrap().over_tls(vec![Some(tls)]);
            drive_all(&world, &load, recorder, CancellationToken::new()).await
        })
    });
    assert_eq!(outcomes(&exchanges), [("tls_failed", 10)].into());
    assert!(exchanges.iter().all(|exchange| exchange.response_time() == Duration::from_millis(200)));
}

#[test]
fn a_server_without_tls_fails_the_handshake() {
    let exchanges = recorded(|recorder| {
        net::simulate(|world| async move {
            let (_, trust) = server(&world, NAME);
            let plain = serve(&world, |mut peer| async move {
                peer.wait(1).await;
                peer.say(OK).await;
            });
            let spec = DriverSpec { target: plain, ..spec(class(open(20.0, 0.5))) };
            let tls = ClientTls::new(&world, NAME, trust, None).unwrap();
            world.set_epoch_in(Duration::ZERO);
            let load = prepare(&spec).unwrap().over_tls(vec![Some(tls)]);
            drive_all(&world, &load, recorder, CancellationToken::new()).await
        })
    });
    assert!(exchanges.iter().all(|exchange| exchange.outcome == Outcome::TlsFailed));
}
