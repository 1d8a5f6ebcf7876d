//! Sockets and time behind one small world: real or simulated.
//!
//! Driver, fake backends and the reference gateway reach the network and the clock through a [`World`] only, so
//! that the same code runs on real sockets, and in a simulation where an hour takes seconds and two runs of a seed
//! are the same, byte for byte. [TLS](tls) lies over the connections of
//! either. The room knows nothing of HTTP, faults or evidence.

mod clock;
mod descriptors;
mod listener;
mod own_limit;
mod plain;
mod real;
mod simulated;
mod stream;
#[cfg(test)]
mod testing;
mod timer;
pub mod tls;
mod world;

pub use descriptors::{descriptor_limit, raise_descriptor_limit};
pub use listener::Listener;
pub use own_limit::is_own_limit;
pub use real::is_of_this_machine;
pub use simulated::{simulate, simulate_with_transit};
pub use stream::Stream;
pub use timer::Timer;
pub use world::World;
