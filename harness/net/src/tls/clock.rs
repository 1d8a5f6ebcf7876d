//! The time at which certificates are checked: that of the world.

use std::time::UNIX_EPOCH;

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

use crate::World;

/// The wall clock of a world.
pub(super) struct WallClock(pub(super) World);

impl std::fmt::Debug for WallClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WallClock")
    }
}

impl TimeProvider for WallClock {
    fn current_time(&self) -> Option<UnixTime> {
        self.0.wall_clock().duration_since(UNIX_EPOCH).ok().map(UnixTime::since_unix_epoch)
    }
}
