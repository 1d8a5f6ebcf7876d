//! The simulated world: a network in memory and a paused clock, on one thread.
//!
//! Segments arrive at once and in order; what is modelled is what gateways react to: refused connections, FIN, RST,
//! bounded buffers, and unread bytes that turn a close into a reset. turmoil-net was considered for it: it has no
//! linger option, so that a reset can't be placed, and it moves packets in steps of a millisecond a hop.

mod listener;
mod network;
mod pipe;
mod stream;

pub(crate) use listener::Listener;
pub(crate) use network::Network;
pub(crate) use stream::Stream;

use crate::World;

/// Runs `part` in a simulated world of its own to its end: time passes only while every task waits.
///
/// # Panics
/// If the runtime can't be built, or inside of another runtime.
pub fn simulate<P, F>(part: P) -> F::Output
where
    P: FnOnce(World) -> F,
    F: Future,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a current-thread runtime with time only needs no resource that could be missing");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async { part(World::simulated(Network::default())).await })
}
