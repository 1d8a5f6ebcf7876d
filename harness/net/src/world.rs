//! A world: where connections are made and what time it is.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use units::Moment;

use crate::clock::{Clock, had_epoch};
use crate::listener::AnyListener;
use crate::own_limit::is_own_limit;
use crate::plain::Plain;
use crate::real::Fillers;
use crate::simulated::{Deliveries, Hourglass, Network};
use crate::{Listener, Stream, Timer, real};

/// From 1970 to 2026.
const NEW_YEAR_2026: Duration = Duration::from_hours(490_896);

/// The sockets and the clock that a part of the harness uses. Cheap to clone; all clones share the epoch.
#[derive(Clone)]
pub struct World {
    pub(crate) clock: Arc<Clock>,
    /// Present in the simulated world.
    network: Option<Arc<Network>>,
    /// Times that a part ran short of descriptors.
    shortages: Arc<AtomicU64>,
}

impl World {
    /// The real world: tokio's sockets and `CLOCK_MONOTONIC`.
    pub fn real() -> Self {
        World { clock: Arc::new(Clock::real()), network: None, shortages: Arc::default() }
    }

    /// A simulated world, and what has to be polled for anything to arrive in it.
    pub(crate) fn simulated(seed: Option<u64>, hourglass: Arc<Hourglass>) -> (Self, Arc<Deliveries>) {
        let network = Network::new(hourglass.clone(), seed);
        let clock = Arc::new(Clock::simulated(hourglass));
        let deliveries = network.deliveries();
        (World { clock, network: Some(Arc::new(network)), shortages: Arc::default() }, deliveries)
    }

    /// True if sockets and time are simulated.
    pub fn is_simulated(&self) -> bool {
        self.network.is_some()
    }

    /// The time since the epoch; negative as long as the epoch has not come.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// True once the epoch was set, whether or not it has come.
    pub fn epoch_is_set(&self) -> bool {
        self.clock.epoch_is_set()
    }

    /// True if the epoch was set when `moment` was taken from [`World::now`]. If not, its distance to the epoch is not known.
    pub fn had_epoch(moment: Moment) -> bool {
        had_epoch(moment)
    }

    /// The wall-clock time, for dates that a peer is told or tells, and for no length of time. In the simulated world the run begins with
    /// the year 2026.
    #[expect(clippy::disallowed_methods, reason = "this is the place that the ban points to")]
    pub fn wall_clock(&self) -> SystemTime {
        if self.is_simulated() {
            let run = Duration::from_nanos(self.now().0.max(0).cast_unsigned());
            return SystemTime::UNIX_EPOCH + NEW_YEAR_2026 + run;
        }
        SystemTime::now()
    }

    /// Sets the epoch to `length` from now.
    pub fn set_epoch_in(&self, length: Duration) {
        self.clock.set_epoch_in(length.as_nanos() as i64);
    }

    /// A timer for tasks of the current runtime. Each part makes one and clones it: waking up is then a matter of
    /// one kernel timer for the whole part.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn timer(&self) -> Timer {
        Timer::new(self)
    }

    /// Notes that a backend or the gateway inside of this process could not accept or make a connection, if it is for want
    /// of descriptors: what comes of that is not the doing of the gateway under test.
    pub fn note_shortage(&self, error: &io::Error) {
        if is_own_limit(error) {
            self.shortages.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often that was.
    pub fn shortages(&self) -> u64 {
        self.shortages.load(Ordering::Relaxed)
    }

    /// Listens on `address`; port 0 picks a free one.
    pub fn bind(&self, address: SocketAddr) -> io::Result<Listener> {
        match &self.network {
            None => {
                real::bind(address).map(|listener| Listener(AnyListener::Real(listener, Fillers::default())))
            }
            Some(network) => network.bind(address).map(|listener| Listener(AnyListener::Simulated(listener))),
        }
    }

    /// Connects to `address`. Waits as long as the system does: callers bound it with a timer.
    pub async fn connect(&self, address: SocketAddr) -> io::Result<Stream> {
        match &self.network {
            None => real::connect(address).await.map(|stream| Stream::new(Plain::Real(stream))),
            Some(network) => {
                network.connect(address).await.map(|stream| Stream::new(Plain::Simulated(stream)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::testing::{ANY, connected, in_both_worlds};

    #[test]
    fn bytes_arrive_in_order_and_a_drop_is_an_orderly_end() {
        in_both_worlds(|world| async move {
            let (mut near, mut far) = connected(&world).await;
            near.write_all(b"one two").await.unwrap();
            drop(near);
            let mut text = String::new();
            far.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "one two");
        });
    }

    #[test]
    fn a_reset_is_seen_as_a_reset() {
        in_both_worlds(|world| async move {
            let (near, mut far) = connected(&world).await;
            near.reset();
            let error = far.read_u8().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        });
    }

    #[test]
    fn closing_with_unread_bytes_is_a_reset() {
        in_both_worlds(|world| async move {
            let (mut near, far) = connected(&world).await;
            near.write_all(b"never read").await.unwrap();
            // The real kernel needs a moment to move the bytes across.
            world.timer().sleep(Duration::from_millis(20)).await;
            drop(far);
            let error = near.read_u8().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        });
    }

    #[test]
    fn a_listener_that_is_blocked_answers_no_connect_until_it_is_unblocked() {
        in_both_worlds(|world| async move {
            let listener = world.bind(ANY.parse().unwrap()).unwrap();
            let address = listener.local_addr().unwrap();
            listener.block().unwrap();
            let timer = world.timer();
            // What the kernel had room for may connect; whoever comes then does not.
            let soon = || timer.now() + Duration::from_millis(30);
            let mut waiting = Vec::new();
            for _ in 0..3 {
                waiting.extend(timer.until(soon(), world.connect(address)).await);
            }
            assert!(timer.until(soon(), world.connect(address)).await.is_none(), "a connect was answered");
            listener.unblock().unwrap();
            // TCP sends a SYN again after a second.
            let later = timer.now() + Duration::from_secs(5);
            let (near, far) = tokio::join!(
                timer.until(later, world.connect(address)),
                timer.until(later, listener.accept())
            );
            let (mut near, mut far) = (near.unwrap().unwrap(), far.unwrap().unwrap());
            if waiting.is_empty() {
                near.write_all(b"x").await.unwrap();
                assert_eq!(far.read_u8().await.unwrap(), b'x', "an own connection was accepted");
            }
        });
    }

    #[test]
    fn a_port_that_nobody_listens_on_refuses() {
        in_both_worlds(|world| async move {
            let listener = world.bind(ANY.parse().unwrap()).unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            let error = world.connect(address).await.err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        });
    }

    #[test]
    fn a_port_in_use_is_refused_to_a_second_listener() {
        in_both_worlds(|world| async move {
            let listener = world.bind(ANY.parse().unwrap()).unwrap();
            let error = world.bind(listener.local_addr().unwrap()).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        });
    }

    #[test]
    fn a_writer_waits_while_nobody_reads() {
        in_both_worlds(|world| async move {
            let (mut near, mut far) = connected(&world).await;
            let timer = world.timer();
            let much = vec![7; 32 << 20];
            let soon = timer.now() + Duration::from_millis(100);
            assert!(timer.until(soon, near.write_all(&much)).await.is_none(), "a buffer without a bound");
            let mut byte = [0];
            far.read_exact(&mut byte).await.unwrap();
            assert_eq!(byte, [7]);
        });
    }

    #[test]
    fn moments_are_negative_until_the_epoch_comes() {
        in_both_worlds(|world| async move {
            assert!(!world.now().is_in_run());
            world.set_epoch_in(Duration::from_millis(20));
            assert!(!world.now().is_in_run());
            world.timer().sleep_until(Moment::EPOCH).await;
            assert!(world.now().is_in_run());
        });
    }

    #[test]
    fn simulated_sleeps_are_exact_to_the_microsecond_and_cost_no_time() {
        crate::simulate(|world| async move {
            world.set_epoch_in(Duration::ZERO);
            let timer = world.timer();
            for length in [Duration::from_micros(1), Duration::from_millis(7), Duration::from_hours(1)] {
                let before = timer.now();
                timer.sleep(length).await;
                assert_eq!(timer.now().since(before), length);
            }
        });
    }

    #[test]
    fn sleepers_wake_in_the_order_of_their_deadlines() {
        in_both_worlds(|world| async move {
            let timer = world.timer();
            let woken = std::cell::RefCell::new(Vec::new());
            let sleep = async |millis: u64| {
                timer.sleep(Duration::from_millis(millis)).await;
                woken.borrow_mut().push(millis);
            };
            tokio::join!(sleep(30), sleep(10), sleep(20));
            assert_eq!(*woken.borrow(), [10, 20, 30]);
        });
    }
}
