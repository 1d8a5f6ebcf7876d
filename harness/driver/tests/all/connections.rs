//! Connections stay within their limits and are used again as the spec says.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::common::{OK, Peer, all_parts, class, most_open, open, recorded, serve, simulated, spec};
use brownout_driver::{PrepareError, prepare};
use evidence::Outcome;
use tokio_util::sync::CancellationToken;

#[test]
fn connections_stay_within_their_limit_and_requests_wait_for_one() {
    let mut spec = spec(class(open(100.0, 1.0)));
    spec.connections_max = 3;
    let (most, exchanges) = most_open(spec, 50);
    assert_eq!(most, 3);
    assert!(
        exchanges.iter().all(|exchange| exchange.outcome == Outcome::Complete && exchange.connection <= 3)
    );
    // 3 connections carry 60 of the 100 requests a second: the last one waits for two thirds of a second.
    let last = exchanges.last().unwrap();
    assert!(
        (Duration::from_millis(600)..Duration::from_millis(720)).contains(&last.lag()),
        "{:?}",
        last.lag()
    );
    assert_eq!(last.service_time().as_millis(), 50);
}

#[test]
fn the_connection_used_last_is_used_first() {
    let (_, exchanges) = most_open(spec(class(open(10.0, 2.0))), 10);
    assert!(exchanges.iter().all(|exchange| exchange.connection == 1));
    assert!(exchanges.iter().zip(1..).all(|(exchange, nth)| exchange.nth == nth));
}

#[test]
fn without_keep_alive_every_request_has_a_connection_of_its_own() {
    let mut class = class(open(50.0, 1.0));
    class.keep_alive = false;
    let requests = Rc::new(RefCell::new(Vec::new()));
    let heard = requests.clone();
    let exchanges = simulated(spec(class), move |mut peer| {
        let heard = heard.clone();
        async move {
            while let Some(request) = peer.request().await {
                heard.borrow_mut().push((peer.number, request.contains("\r\nconnection: close")));
                peer.say(OK).await;
            }
        }
    });
    assert!(exchanges.iter().all(|exchange| exchange.outcome == Outcome::Complete && exchange.nth == 1));
    assert!(exchanges.iter().zip(1..).all(|(exchange, number)| exchange.connection == number));
    assert!(requests.borrow().iter().zip(0..).all(|(request, number)| *request == (number, true)));
}

#[test]
fn a_fresh_connection_takes_the_place_of_an_idle_one_at_the_limit() {
    let mut fresh = class(open(10.0, 1.0));
    fresh.keep_alive = false;
    let mut spec = spec(class(open(10.0, 1.0)));
    spec.classes.push(fresh);
    spec.connections_max = 1;
    let (most, exchanges) = most_open(spec, 1);
    assert_eq!(most, 1);
    assert_eq!(exchanges.len(), 20);
    assert!(exchanges.iter().all(|exchange| exchange.outcome == Outcome::Complete));
    assert!(exchanges.iter().filter(|exchange| exchange.class == 1).all(|exchange| exchange.nth == 1));
}

#[test]
fn a_connection_that_the_gateway_closed_while_idle_is_not_used() {
    let exchanges = simulated(spec(class(open(10.0, 1.0))), |mut peer| async move {
        peer.request().await;
        peer.say(OK).await;
        peer.wait(10).await;
    });
    assert!(exchanges.iter().all(|exchange| exchange.outcome == Outcome::Complete && exchange.nth == 1));
}

#[test]
fn a_connection_that_the_gateway_closes_on_the_second_request_is_recorded_and_nothing_is_tried_again() {
    let exchanges = simulated(spec(class(open(10.0, 1.0))), |mut peer| async move {
        peer.request().await;
        peer.say(OK).await;
        peer.request().await;
    });
    let outcomes: Vec<_> = exchanges.iter().map(|exchange| (exchange.outcome, exchange.nth)).collect();
    assert_eq!(outcomes, [(Outcome::Complete, 1), (Outcome::EofNoStatus, 2)].repeat(5));
}

/// A server that answers all requests, and notes each with its name and the number of its connection.
async fn noting(name: &'static str, mut peer: Peer, heard: Rc<RefCell<Vec<(&'static str, String)>>>) {
    while let Some(request) = peer.request().await {
        let path = request.split(' ').nth(1).unwrap_or_default();
        heard.borrow_mut().push((name, path.to_owned()));
        peer.wait(5).await;
        peer.say(OK).await;
    }
}

#[test]
fn a_class_with_an_address_of_its_own_has_its_requests_there_and_only_there() {
    for connections_max in [1, 2, 64] {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let noted = heard.clone();
        let exchanges = recorded(|recorder| {
            net::simulate(|world| async move {
                let mut spec = spec(class(open(50.0, 1.0)));
                let mut admin = class(open(50.0, 1.0));
                (admin.path, admin.target) = ("/admin".into(), Some(0));
                spec.classes.push(admin);
                spec.connections_max = connections_max;
                let first = noted.clone();
                spec.target = serve(&world, move |peer| noting("first", peer, first.clone()));
                spec.further_targets = vec![serve(&world, move |peer| noting("admin", peer, noted.clone()))];
                world.set_epoch_in(Duration::ZERO);
                all_parts(&world, &spec, recorder, CancellationToken::new()).await
            })
        });
        assert_eq!(exchanges.len(), 100);
        assert!(exchanges.iter().all(|exchange| exchange.outcome == Outcome::Complete));
        let heard = heard.borrow();
        assert_eq!(heard.iter().filter(|(name, path)| *name == "first" && path == "/").count(), 50);
        assert_eq!(heard.iter().filter(|(name, path)| *name == "admin" && path == "/admin").count(), 50);
        // Where there is room for both, a connection to each is used again and again.
        let connections = exchanges.iter().map(|exchange| exchange.connection).max();
        assert!(connections_max == 1 || connections <= Some(4), "{connections:?} of {connections_max}");
    }
}

#[test]
fn an_address_that_the_gateway_does_not_have_is_refused() {
    let mut lost = class(open(1.0, 1.0));
    lost.target = Some(0);
    assert!(matches!(prepare(&spec(lost)), Err(PrepareError::Target { .. })));
}
