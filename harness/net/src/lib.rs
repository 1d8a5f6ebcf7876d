//! Sockets and time behind one small world: real or simulated.
//!
//! Driver, fake backends and the reference gateway reach the network and the clock through a [`World`] only, so
//! that the same code runs on real sockets, and in a simulation where an hour takes seconds and two runs of a seed
//! are the same, byte for byte. The room knows nothing of HTTP, faults or evidence.

mod clock;
mod descriptors;
mod own_limit;
mod real;
mod simulated;
mod stream;
mod timer;
mod world;

pub use descriptors::{descriptor_limit, raise_descriptor_limit};
pub use own_limit::is_own_limit;
pub use simulated::{simulate, simulate_with_transit};
pub use stream::{Listener, Stream};
pub use timer::Timer;
pub use world::World;
