//! What takes time in the simulated world, and what the other side knows meanwhile.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use units::Moment;

use super::simulate_with_transit;
use crate::{Stream, World};

/// The least and the most that one direction takes.
const LEAST: Duration = Duration::from_micros(50);
const MOST: Duration = Duration::from_millis(1);

fn in_many_worlds<F: Future<Output = ()>>(part: impl Fn(World) -> F) {
    (0..50).for_each(|seed| simulate_with_transit(seed, &part));
}

async fn connected(world: &World) -> (Stream, Stream) {
    let listener = world.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(world.connect(address), listener.accept());
    (near.unwrap(), far.unwrap())
}

#[track_caller]
fn took(world: &World, since: Moment, directions: u32) {
    let length = world.now().since(since);
    assert!((LEAST * directions..=MOST * directions).contains(&length), "{length:?}");
}

#[test]
fn connecting_takes_a_round_trip_and_the_listener_has_it_half_a_round_trip_later() {
    in_many_worlds(|world| async move {
        let listener = world.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let begun = world.now();
        let near = world.connect(listener.local_addr().unwrap()).await.unwrap();
        took(&world, begun, 2);
        let connected = world.now();
        let _far = listener.accept().await.unwrap();
        took(&world, connected, 1);
        drop(near);
    });
}

#[test]
fn being_refused_takes_a_round_trip() {
    in_many_worlds(|world| async move {
        let begun = world.now();
        let error = world.connect("127.0.0.1:9".parse().unwrap()).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        took(&world, begun, 2);
    });
}

#[test]
fn bytes_fin_and_rst_take_their_time() {
    in_many_worlds(|world| async move {
        let (mut near, mut far) = connected(&world).await;
        let sent = world.now();
        near.write_all(b"ask").await.unwrap();
        assert_eq!(world.now(), sent, "handing bytes over takes no time");
        far.read_exact(&mut [0; 3]).await.unwrap();
        took(&world, sent, 1);

        let sent = world.now();
        near.shutdown().await.unwrap();
        assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        took(&world, sent, 1);

        let sent = world.now();
        far.reset();
        assert_eq!(near.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        took(&world, sent, 1);
    });
}

#[test]
fn who_writes_to_an_end_that_is_closed_learns_of_it_a_round_trip_later() {
    in_many_worlds(|world| async move {
        let (mut near, far) = connected(&world).await;
        drop(far);
        let sent = world.now();
        near.write_all(b"too late").await.unwrap();
        assert_eq!(near.read(&mut [0]).await.unwrap(), 0, "the FIN was on its way");
        while near.write_all(b"still there?").await.is_ok() {
            world.timer().sleep(Duration::from_micros(10)).await;
        }
        assert!(world.now().since(sent) <= MOST * 2 + Duration::from_micros(10));
        assert_eq!(near.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_writer_that_waits_for_room_is_woken_by_the_reset() {
    in_many_worlds(|world| async move {
        let (mut near, far) = connected(&world).await;
        let timer = world.timer();
        let reset = async {
            timer.sleep(Duration::from_millis(20)).await;
            far.reset();
        };
        let much = vec![7; 1 << 20];
        let (written, ()) = tokio::join!(near.write_all(&much), reset);
        assert_eq!(written.unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_connection_whose_listener_closes_meanwhile_is_reset() {
    in_many_worlds(|world| async move {
        let listener = world.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut near = world.connect(listener.local_addr().unwrap()).await.unwrap();
        drop(listener);
        assert_eq!(near.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_seed_has_its_own_transit_times_every_time() {
    let arrivals = |seed| {
        simulate_with_transit(seed, |world| async move {
            let (mut near, mut far) = connected(&world).await;
            let mut arrivals = Vec::new();
            for _ in 0..20 {
                near.write_all(b"x").await.unwrap();
                far.read_u8().await.unwrap();
                arrivals.push(world.now());
            }
            arrivals
        })
    };
    assert_eq!(arrivals(1), arrivals(1));
    assert_ne!(arrivals(1), arrivals(2));
}
