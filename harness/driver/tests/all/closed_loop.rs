//! Users who wait for their answers: as many as the spec says, when it says, and never more than its limit.

use std::time::Duration;

use crate::common::{Peer, all_parts, class, most_open, open, recorded, seconds, simulated, spec};
use brownout_driver::{Mode, Think};
use evidence::Outcome;
use tokio_util::sync::CancellationToken;
use units::Timespan;

#[test]
fn a_closed_loop_user_asks_again_only_after_its_answer() {
    let mode = Mode::Closed { users: 3, during: vec![seconds(0.0, 1.0), seconds(2.0, 3.0)], think: None };
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
    let mut spec = spec(class(Mode::Closed { users: 2, during: vec![seconds(0.0, 10.0)], think: None }));
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
            let spec = spec(class(Mode::Closed { users: 2, during: vec![seconds(0.0, 1.0)], think: None }));
            all_parts(&world, &spec, recorder, CancellationToken::new()).await
        })
    });
    assert_eq!(exchanges.len(), 200);
    assert!(exchanges.iter().all(|exchange| exchange.outcome == Outcome::ConnectRefused));
}

#[test]
fn a_user_thinks_between_an_answer_and_the_next_request_and_leaves_at_the_end() {
    let think = Some(Think::Fixed(Timespan::from_millis(190)));
    let (most, exchanges) =
        most_open(spec(class(Mode::Closed { users: 3, during: vec![seconds(0.0, 1.0)], think })), 10);
    assert_eq!(most, 3);
    // One request each 10 + 190 ms, from 0 s on.
    assert_eq!(exchanges.len(), 3 * 5);
    for (turn, together) in exchanges.chunks(3).enumerate() {
        let due = turn as f64 * 0.2;
        assert!(together.iter().all(|one| (one.due.seconds() - due).abs() < 0.01), "{turn}: {together:?}");
    }
}

#[test]
fn think_times_are_drawn_from_seed_and_tag_and_hold_from_done_to_due() {
    let think = Think::Uniform { from: Timespan::from_millis(20), to: Timespan::from_millis(120) };
    let run = || {
        let mode = Mode::Closed { users: 1, during: vec![seconds(0.0, 20.0)], think: Some(think) };
        let (_, exchanges) = most_open(spec(class(mode)), 10);
        exchanges.windows(2).map(|pair| pair[1].due.since(pair[0].done)).collect::<Vec<_>>()
    };
    let pauses = run();
    assert_eq!(pauses, run());
    assert!((220..280).contains(&pauses.len()), "some 80 ms each in 20 s: {}", pauses.len());
    let inside = Duration::from_millis(20)..Duration::from_millis(121);
    assert!(pauses.iter().all(|pause| inside.contains(pause)), "{pauses:?}");
    assert!(pauses.iter().max() > Some(&Duration::from_millis(110)), "{pauses:?}");
}

#[test]
fn a_user_who_would_think_beyond_the_end_does_not_hold_the_run_up() {
    let think = Some(Think::Fixed(Timespan::from_secs(3000)));
    let ended = std::cell::Cell::new(0.0);
    recorded(|recorder| {
        let (totals, at) = net::simulate(|world| async move {
            let mut spec = spec(class(Mode::Closed { users: 2, during: vec![seconds(0.0, 1.0)], think }));
            spec.target = crate::common::serve(&world, Peer::answer_all);
            spec.classes[0].deadline = Duration::from_mins(10);
            world.set_epoch_in(Duration::ZERO);
            let totals = all_parts(&world, &spec, recorder, CancellationToken::new()).await;
            (totals, world.now().seconds())
        });
        ended.set(at);
        totals
    });
    assert!(ended.get() < 2.0, "it ended at {} s", ended.get());
}
