//! What the tests of the room share: both worlds, and two ends of a connection.

use crate::{Stream, World};

/// Any free port.
pub(crate) const ANY: &str = "127.0.0.1:0";

/// Both worlds must show a part the same thing.
pub(crate) fn in_both_worlds<F: Future<Output = ()>>(part: impl Fn(World) -> F) {
    crate::simulate(&part);
    (0..20).for_each(|seed| crate::simulate_with_transit(seed, &part));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, part(World::real()));
}

/// The end that connected, and the one that accepted.
pub(crate) async fn connected(world: &World) -> (Stream, Stream) {
    let listener = world.bind(ANY.parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(world.connect(address), listener.accept());
    (near.unwrap(), far.unwrap())
}
