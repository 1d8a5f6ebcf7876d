//! Users who wait for their answers: as many as the spec says, when it says, and never more than its limit.

use std::time::Duration;

use brownout_driver::Mode;
use common::{Peer, all_parts, class, most_open, open, recorded, seconds, simulated, spec};
use evidence::Outcome;
use tokio_util::sync::CancellationToken;

mod common;

#[test]
fn a_closed_loop_user_asks_again_only_after_its_answer() {
    let mode = Mode::Closed { users: 3, during: vec![seconds(0.0, 1.0), seconds(2.0, 3.0)] };
    let (most, exchanges) = most_open(spec(class(mode)), 10);
    assert_eq!(most, 3);
    assert_eq!(exchanges.len(), 3 * 100 * 2);
    assert!(exchanges.iter().all(|exchange| exchange.sent == exchange.due));
    assert!(exchanges.iter().zip(0..).all(|(exchange, number)| exchange.tag.0 == number));
    let rest = seconds(1.0, 2.0);
    assert!(exchanges.iter().all(|exchange| !rest.contains(exchange.due)));
}

#[test]
fn closed_loop_exchanges_end_at_their_limit_and_time_passes_even_if_answers_take_none() {
    let mut spec = spec(class(Mode::Closed { users: 2, during: vec![seconds(0.0, 10.0)] }));
    spec.classes.push(class(open(100.0, 1.0)));
    spec.exchanges_max = 500;
    let exchanges = simulated(spec, Peer::answer_all);
    assert_eq!(exchanges.len(), 600);
    assert!(exchanges.iter().all(|exchange| (exchange.class == 1) == (exchange.tag.0 < 100)));
    assert_eq!(exchanges.last().unwrap().tag.0, 599);
}

#[test]
fn closed_loop_users_do_not_hammer_a_gateway_that_refuses() {
    let exchanges = recorded(|recorder| {
        net::simulate(|world| async move {
            world.set_epoch_in(Duration::ZERO);
            let spec = spec(class(Mode::Closed { users: 2, during: vec![seconds(0.0, 1.0)] }));
            all_parts(&world, &spec, recorder, CancellationToken::new()).await
        })
    });
    assert_eq!(exchanges.len(), 200);
    assert!(exchanges.iter().all(|exchange| exchange.outcome == Outcome::ConnectRefused));
}
