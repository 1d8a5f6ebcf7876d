//! What is under way between the two ends of connections, in the order in which it arrives.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::hourglass::Hourglass;
use super::link::{Link, Segment, Side};
use super::listener::Queue;
use super::stream::Stream;

/// All that is under way in one simulated network.
pub(crate) struct Deliveries {
    hourglass: Arc<Hourglass>,
    under_way: Mutex<UnderWay>,
    /// Rung when something was sent that arrives before all that was under way.
    sooner: Notify,
}

#[derive(Default)]
struct UnderWay {
    queue: BinaryHeap<Flight>,
    /// Numbers what is sent, so that what arrives at the same moment arrives in the order of sending.
    sent: u64,
}

/// What arrives.
pub(crate) enum Cargo {
    /// A segment, at one side of a connection.
    Segment(Arc<Link>, Side, Segment),
    /// The end of a handshake, at a listener.
    Connection(Arc<Queue>, Stream),
}

struct Flight {
    at: i64,
    number: u64,
    cargo: Cargo,
}

impl Deliveries {
    pub(crate) fn new(hourglass: Arc<Hourglass>) -> Self {
        Deliveries { hourglass, under_way: Mutex::default(), sooner: Notify::new() }
    }

    /// Nanoseconds of the simulated clock.
    pub(crate) fn now(&self) -> i64 {
        self.hourglass.now()
    }

    /// Has `cargo` arrive at a moment to come, in nanoseconds of the clock.
    pub(crate) fn send(&self, at: i64, cargo: Cargo) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.sent += 1;
        let number = under_way.sent;
        let sooner = under_way.queue.peek().is_none_or(|next| at < next.at);
        under_way.queue.push(Flight { at, number, cargo });
        if sooner {
            self.sooner.notify_one();
        }
    }

    /// Waits until a moment of the clock.
    pub(crate) async fn wait_until(&self, at: i64) {
        let nanos = at.saturating_sub(self.now());
        if nanos > 0 {
            self.hourglass.sleep(nanos).await;
        }
    }

    /// Delivers for as long as it is polled.
    pub(crate) async fn deliver(self: Arc<Self>) {
        loop {
            match self.next() {
                Ok(cargo) => self.arrive(cargo),
                Err(None) => self.sooner.notified().await,
                Err(Some(at)) => tokio::select! {
                    biased;
                    () = self.wait_until(at) => {}
                    () = self.sooner.notified() => {}
                },
            }
        }
    }

    /// What has arrived by now; else when the next thing does, if anything is under way.
    fn next(&self) -> Result<Cargo, Option<i64>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let at = under_way.queue.peek().ok_or(None)?.at;
        if at > self.now() {
            return Err(Some(at));
        }
        under_way.queue.pop().map(|flight| flight.cargo).ok_or(None)
    }

    fn arrive(&self, cargo: Cargo) {
        match cargo {
            Cargo::Segment(link, side, segment) => link.arrive(self, side, segment),
            Cargo::Connection(queue, stream) => queue.push(stream),
        }
    }
}

impl Ord for Flight {
    /// The heap's greatest is what arrives first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Flight {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Flight {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Flight {}
