//! The simulated world: a network in memory and a clock of its own, on one thread.
//!
//! What is modelled is what gateways react to: transit times that differ from connection to connection and from
//! segment to segment, refused connections, FIN, RST, bounded buffers, and unread bytes that turn a close into a
//! reset. Segments of a direction arrive in order and none is lost: what TCP makes of losses is in its jitter.
//! turmoil-net was considered for it: it has no linger option, so that a reset can't be placed, and it moves packets
//! in steps of a millisecond a hop.

mod awake;
mod deliveries;
mod hourglass;
mod link;
mod listener;
mod network;
mod pipe;
mod stream;
mod transit;

#[cfg(test)]
mod tests;

pub(crate) use deliveries::Deliveries;
pub(crate) use hourglass::Hourglass;
pub(crate) use listener::Listener;
pub(crate) use network::Network;
pub(crate) use stream::Stream;

use std::sync::Arc;

use awake::WhenWoken;

use crate::World;

/// Runs `part` in a simulated world of its own to its end: time passes only while every task waits.
///
/// Nothing takes time to travel, so that a test can ask a single part for exact moments. Whole runs are simulated
/// [with transit times](simulate_with_transit).
///
/// # Panics
/// If the runtime can't be built, or inside of another runtime.
pub fn simulate<P, F>(part: P) -> F::Output
where
    P: FnOnce(World) -> F,
    F: Future,
{
    simulated(None, part)
}

/// The same with transit times: each direction of each connection takes 0.05 to 1 ms, of which a part is its own and
/// another is drawn for each segment, all from `seed`. So requests are under way when a breaker opens, and cross the
/// edges of phases. Connecting takes a round trip. Two runs of a seed are the same.
///
/// # Panics
/// If the runtime can't be built, or inside of another runtime.
pub fn simulate_with_transit<P, F>(seed: u64, part: P) -> F::Output
where
    P: FnOnce(World) -> F,
    F: Future,
{
    simulated(Some(seed), part)
}

fn simulated<P, F>(seed: Option<u64>, part: P) -> F::Output
where
    P: FnOnce(World) -> F,
    F: Future,
{
    let hourglass = Arc::new(Hourglass::default());
    let passing = hourglass.clone();
    // The thread is parked when no task has anything to do.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .on_thread_park(move || passing.turn())
        .build()
        .expect("a current-thread runtime without drivers needs no resource that could be missing");
    let local = tokio::task::LocalSet::new();
    local.block_on(
        &runtime,
        WhenWoken::new(async {
            let (world, deliveries) = World::simulated(seed, hourglass);
            tokio::task::spawn_local(deliveries.deliver());
            part(world).await
        }),
    )
}
