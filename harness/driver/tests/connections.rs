//! Connections stay within their limits and are used again as the spec says.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use common::{OK, class, most_open, open, simulated, spec};
use evidence::Outcome;

mod common;

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
