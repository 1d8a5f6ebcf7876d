//! The load keeps its schedule whatever the gateway does, and its limits whatever the schedule says.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::common::{OK, Peer, all_parts, class, open, recorded, seconds, serve, simulated, spec};
use brownout_driver::{Arrivals, Mode, Segment, prepare};
use evidence::{Exchange, Outcome};
use tokio_util::sync::CancellationToken;
use units::{Moment, Rate};

fn percentile(exchanges: &[Exchange], share: f64, time: fn(&Exchange) -> Duration) -> Duration {
    let mut times: Vec<Duration> = exchanges.iter().map(time).collect();
    times.sort_unstable();
    times[(times.len() as f64 * share) as usize]
}

/// Answers at once but for one second from 4 s on, in which it does nothing.
async fn frozen_from_4_to_5(mut peer: Peer) {
    while peer.request().await.is_some() {
        if seconds(4.0, 5.0).contains(peer.world.now()) {
            peer.world.timer().sleep_until(Moment(5_000_000_000)).await;
        }
        peer.say(OK).await;
    }
}

#[test]
fn a_frozen_second_shows_in_the_response_times_of_all_who_were_due_in_it() {
    let mut class = class(open(2000.0, 10.0));
    class.deadline = Duration::from_secs(5);
    let exchanges = simulated(spec(class), frozen_from_4_to_5);
    assert_eq!(exchanges.len(), 20_000);
    assert!(exchanges.iter().all(|exchange| exchange.outcome == Outcome::Complete));
    // A tenth of all were due in the frozen second, evenly: so the slowest hundredth waited 0.9 s or longer.
    let p99 = percentile(&exchanges, 0.99, Exchange::response_time);
    assert!((Duration::from_millis(895)..Duration::from_millis(905)).contains(&p99), "{p99:?}");
    // Only 64 were sent before all connections were busy; the others were late, and that is on record too.
    let late = exchanges.iter().filter(|exchange| exchange.lag() > Duration::from_millis(1)).count();
    assert!((1900..2000).contains(&late), "{late}");
    assert!(percentile(&exchanges, 0.99, Exchange::service_time) < Duration::from_millis(1));
}

#[test]
fn a_request_past_the_limit_in_flight_is_skipped_and_never_sent() {
    let mut spec = spec(class(open(100.0, 1.0)));
    (spec.in_flight_max, spec.connections_max) = (10, 4);
    let arrived = Rc::new(Cell::new(0));
    let seen = arrived.clone();
    let exchanges = simulated(spec, move |mut peer| {
        let seen = seen.clone();
        async move {
            while peer.request().await.is_some() {
                seen.set(seen.get() + 1);
                peer.wait(10_000).await;
            }
        }
    });
    let of = |outcome| exchanges.iter().filter(|exchange| exchange.outcome == outcome).count();
    assert_eq!(exchanges.len(), 100);
    assert_eq!(of(Outcome::Skipped), 90);
    // Four are sent at once and time out after a second, four more then; the end comes before these time out.
    assert_eq!((of(Outcome::ClientTimeout), of(Outcome::Unfinished), arrived.get()), (4, 6, 8));
    let first_skipped = exchanges.iter().position(|exchange| exchange.outcome == Outcome::Skipped);
    assert_eq!(first_skipped, Some(10));
    let skipped = exchanges.iter().find(|exchange| exchange.outcome == Outcome::Skipped).unwrap();
    assert_eq!((skipped.sent, skipped.done, skipped.connection), (skipped.due, skipped.due, 0));
}

#[test]
fn the_deadline_counts_from_sending_and_ends_the_connection() {
    let mut class = class(open(10.0, 1.0));
    class.deadline = Duration::from_millis(30);
    let exchanges = simulated(spec(class), |mut peer| async move {
        peer.request().await;
        assert!(peer.request().await.is_none(), "the connection is closed");
    });
    assert_eq!(exchanges.len(), 10);
    for exchange in &exchanges {
        assert_eq!((exchange.outcome, exchange.nth), (Outcome::ClientTimeout, 1));
        assert_eq!(exchange.service_time().as_micros() / 100, 300);
    }
}

#[test]
fn each_class_has_its_own_deadline_on_a_shared_connection() {
    let (mut patient, mut hasty) = (class(open(10.0, 1.0)), class(open(10.0, 1.0)));
    (patient.deadline, hasty.deadline) = (Duration::from_secs(2), Duration::from_millis(20));
    (patient.path, hasty.path) = ("/slow".into(), "/fast".into());
    let mut spec = spec(patient);
    spec.classes.push(hasty);
    let exchanges = simulated(spec, |mut peer| async move {
        while peer.request().await.is_some() {
            peer.wait(30).await;
            peer.say(OK).await;
        }
    });
    let wanted = [Outcome::Complete, Outcome::ClientTimeout];
    assert!(exchanges.iter().all(|exchange| exchange.outcome == wanted[usize::from(exchange.class)]));
}

#[test]
fn what_is_under_way_at_the_end_is_unfinished() {
    let exchanges = recorded(|recorder| {
        net::simulate(|world| async move {
            let mut spec = spec(class(open(10.0, 1.0)));
            (spec.connections_max, spec.classes[0].deadline) = (4, Duration::from_mins(1));
            spec.target = serve(&world, |mut peer| async move {
                peer.request().await;
                peer.wait(60_000).await;
            });
            world.set_epoch_in(Duration::ZERO);
            let load = prepare(&spec).unwrap().ending_at(Moment(3_000_000_000));
            let stop = CancellationToken::new();
            let totals = brownout_driver::drive(
                world.clone(),
                load.part(0),
                recorder,
                std::sync::Arc::default(),
                stop,
            )
            .await;
            assert_eq!(world.now().seconds().round() as i64, 3);
            totals
        })
    });
    assert_eq!(exchanges.len(), 10);
    assert!(exchanges.iter().all(|exchange| exchange.outcome == Outcome::Unfinished));
    assert_eq!(exchanges.iter().filter(|exchange| exchange.connection != 0).count(), 4);
    assert!(exchanges[4..].iter().all(|exchange| exchange.sent == exchange.due));
}

#[test]
fn after_a_stop_only_what_was_due_is_on_record() {
    let exchanges = recorded(|recorder| {
        net::simulate(|world| async move {
            let mut spec = spec(class(open(10.0, 10.0)));
            spec.target = serve(&world, |mut peer| async move {
                peer.request().await;
                peer.wait(200).await;
                peer.answer_all().await;
            });
            world.set_epoch_in(Duration::ZERO);
            let stop = CancellationToken::new();
            let (timer, token) = (world.timer(), stop.clone());
            tokio::task::spawn_local(async move {
                timer.sleep_until(Moment(1_000_000_000)).await;
                token.cancel();
            });
            all_parts(&world, &spec, recorder, stop).await
        })
    });
    assert_eq!(exchanges.len(), 10);
    assert!(exchanges.iter().any(|exchange| exchange.outcome == Outcome::Unfinished));
}

#[test]
fn several_parts_send_the_whole_schedule_with_dense_tags_and_their_own_connections() {
    let mut spec = spec(class(open(100.0, 1.0)));
    spec.classes.push(class(Mode::Closed { users: 5, during: vec![seconds(0.0, 1.0)], think: None }));
    (spec.threads, spec.exchanges_max) = (3, 30);
    let exchanges = simulated(spec, Peer::answer_all);
    assert!(exchanges.iter().zip(0..).all(|(exchange, number)| exchange.tag.0 == number));
    assert_eq!(exchanges.len(), 130);
    let firsts: Vec<u32> =
        exchanges.iter().filter(|exchange| exchange.nth == 1).map(|e| e.connection).collect();
    let mut distinct = firsts.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(firsts.len(), distinct.len(), "no two connections have the same number");
}

#[test]
fn two_simulated_runs_of_a_seed_are_the_same() {
    let run = || {
        let mut reads = class(Mode::Open(vec![Segment {
            during: seconds(0.0, 3.0),
            from: Rate::per_second(100.0),
            to: Rate::per_second(900.0),
            arrivals: Arrivals::Poisson,
        }]));
        reads.path = "/orders/{n}".into();
        let mut fresh = class(open(70.0, 3.0));
        fresh.keep_alive = false;
        let mut spec = spec(reads);
        spec.classes.push(fresh);
        spec.classes.push(class(Mode::Closed { users: 4, during: vec![seconds(0.5, 2.5)], think: None }));
        (spec.connections_max, spec.threads, spec.in_flight_max) = (12, 2, 40);
        simulated(spec, |mut peer| async move {
            while let Some(request) = peer.request().await {
                peer.wait(5 + request.len() as u64 % 7 + peer.number as u64 % 11).await;
                peer.say(OK).await;
                if peer.number % 5 == 4 {
                    return;
                }
            }
        })
    };
    let (one, other) = (run(), run());
    assert!(one.len() > 1500);
    assert!(one == other);
}
